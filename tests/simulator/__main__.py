# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line: `python -m tests.simulator PLATFORM` serves one appliance until it is stopped."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from ._certificates import server_context
from ._clock import Clock
from ._control import add_control
from ._faults import FaultError, Faults
from ._journal import Journal
from ._platform import Context, Definition, Platform
from ._serve import HttpsServer
from ._settings import COMMON_SETTINGS, SettingError, Settings, describe, parse_assignments
from ._state import StateFile, write_atomically

PLATFORMS = sorted(folder.parent.name for folder in Path(__file__).parent.glob("*/__init__.py"))


def _definition(name: str) -> Definition:
    """Import a platform only when it is asked for: each brings its own libraries along."""
    definition: Definition = getattr(import_module(f".{name}", __package__), name.upper())
    return definition


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description="Serve one appliance over TLS on loopback.")
    parser.add_argument("platform", choices=PLATFORMS)
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--s3-port", type=int, default=0, help="the port of an S3 API, where the platform has one; 0 takes a free one")
    parser.add_argument("--ready-file", type=Path, help="JSON, written once it listens: how to reach it and who to log in as")
    parser.add_argument("--journal", type=Path, help="one JSON line per request is appended here")
    parser.add_argument("--state", type=Path, help="keep the data here, secrets included, across restarts")
    parser.add_argument("--cert-dir", type=Path, help="keep the certificate authority here across restarts")
    parser.add_argument("--host-name", action="append", default=[], help="a name that its certificate is good for, too; may be repeated")
    parser.add_argument("--version", help="the platform's version that it behaves as")
    parser.add_argument("--latency-ms", type=float, default=0, help="wait so long before each answer")
    parser.add_argument("--fault", action="append", default=[], metavar="METHOD:PATH_REGEX:STATUS[:TIMES]", help="may be repeated")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="may be repeated; see --list-settings")
    parser.add_argument("--list-settings", action="store_true", help="print the platform's settings and stop")
    parser.add_argument("--stop-with-stdin", action="store_true", help="also stop when standard input ends")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    definition = _definition(options.platform)
    definitions = {**COMMON_SETTINGS, **definition.settings}
    if options.list_settings:
        print(describe(definitions))
        return 0
    if options.ready_file:
        # one left from an earlier run would be taken for this one's
        options.ready_file.unlink(missing_ok=True)
    state = StateFile(options.state)
    saved = state.load()
    if saved and saved["platform"] != definition.name:
        parser.error(f"{options.state} is the state of another platform: {saved['platform']}")
    try:
        context = Context(
            version=options.version or definition.default_version,
            settings=Settings(definitions, parse_assignments(options.set)),
            clock=Clock(saved["clock_offset"] if saved else 0.0),
            state=state,
            journal=Journal(options.journal),
            faults=Faults(options.fault),
            latency=options.latency_ms / 1000,
        )
        platform = definition.start(context, saved["data"] if saved else None)
    except (SettingError, FaultError) as error:
        parser.error(str(error))
    platform.save()
    add_control(platform)

    with tempfile.TemporaryDirectory(prefix="simulator-") as temporary:
        stem = options.ready_file.absolute().with_suffix("") if options.ready_file else Path(temporary) / "simulator"
        _serve(platform, options, stem)
    return 0


def _serve(platform: Platform, options: argparse.Namespace, stem: Path) -> None:
    ca_file = stem.with_name(stem.name + ".ca.pem")
    tls = server_context(options.cert_dir, ca_file, platform.context.faults.take_handshake, options.host_name)
    beside = {name: HttpsServer(application, tls, options.s3_port) for name, application in platform.listeners().items()}
    server = HttpsServer(platform.app, tls, options.port)
    port = server.listen(platform.context.stop, options.stop_with_stdin)
    platform.context.url, platform.context.stem = f"https://127.0.0.1:{port}", stem
    ready = {
        "platform": platform.name,
        "url": platform.context.url,
        "host": "127.0.0.1",
        "port": port,
        "ca_file": str(ca_file),
        "admin": platform.admin(),
        "service_account": platform.service_account(),
        **{f"{name}_url": f"https://127.0.0.1:{one.start()}" for name, one in beside.items()},
    }
    if options.ready_file:
        write_atomically(options.ready_file, json.dumps(ready, indent=1))
    else:
        print(json.dumps(ready, indent=1), flush=True)
    server.serve()
    for one in beside.values():
        one.stop()


if __name__ == "__main__":
    sys.exit(main())
