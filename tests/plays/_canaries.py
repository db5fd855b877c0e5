# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig that searches everything a run of Ansible leaves for secrets, in every form that they could have there.

Canaries are the secrets: those that a test hands in, and those that simulators hand out. A Scene runs Ansible with every channel open,
and with a witness loaded into each of its Pythons that notes what is not there any more when the run is over.
"""

from __future__ import annotations

import base64
import html
import json
import os
import re
import secrets
import stat
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from tests.plays._ansible import Ansible, Run
from tests.plays._in_process_simulator import data_of, secrets_in
from tests.simulator.launch import Simulator

_PIECE = 16  # characters of a secret that are a leak by themselves: words that were cut off show a beginning or an end
_ODD = "\"q'\\<i>&%2F+ä"  # what quoting, escaping and stripping could stumble over
_MARKS = re.compile(rb"(?:access|session)-v1:[A-Za-z0-9+/]{6}|eyJ[\w-]{6,}\.[\w-]{6}")
_LARGEST = 64 * 1024 * 1024
_ELSEWHERE = "file elsewhere: "
# How text is broken to fit a page: line ends as they are, escaped, and as YAML folds them.
_BREAKS = re.compile(rb"\\?[\r\n]+[ \t]*\\?|\\+[nrt]|[ \t]+")


def _forms(piece: str) -> set[bytes]:
    """Return a text as it looks in JSON, YAML, Python, HTML, URLs, shells, Base64 and hexadecimal digits."""
    in_json = json.dumps(piece)[1:-1]
    url = {quote(piece), quote(piece, safe=""), quote_plus(piece)}
    texts = {
        piece,
        in_json,
        json.dumps(piece, ensure_ascii=False)[1:-1],
        json.dumps(in_json)[1:-1],
        repr(piece)[1:-1],
        piece.replace("'", "''"),
        piece.replace("'", "'\"'\"'"),
        html.escape(piece),
        html.escape(piece, quote=False),
        *url,
        *(re.sub(r"%..", lambda found: found[0].lower(), one) for one in url),
    }
    found = {one.encode() for one in texts}
    data = piece.encode()
    found |= {data.hex().encode(), data.hex().upper().encode()}
    for shift in range(3):
        # Where it begins within three bytes decides how it looks; the characters that its neighbours have a part in do not count.
        encoded = base64.b64encode(b"\0" * shift + data)
        sure = encoded[(0, 2, 3)[shift] : (len(data) + shift) * 8 // 6]
        found |= {sure, sure.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


def _flat(data: bytes) -> bytes:
    return _BREAKS.sub(b"", data)


@dataclass
class Canaries:
    """Secrets by name, and the search for them."""

    _names: dict[str, str] = field(default_factory=dict)

    def new(self, name: str) -> str:
        """Make a secret that is nowhere else, with characters in it that are hard to mask."""
        return self.add(name, f"{secrets.token_urlsafe(12)}{_ODD}{secrets.token_urlsafe(12)}")

    def plain(self, name: str) -> str:
        """Make one that can be a bearer token, or go where odd characters may not."""
        return self.add(name, secrets.token_hex(16))

    def add(self, name: str, secret: str) -> str:
        """Search for this one, too."""
        self._names.setdefault(secret, name)
        return secret

    def add_all(self, simulator: Simulator) -> None:
        """Search for everything that a simulator ever had, was sent, or handed out. What is too short to be told from words is left out."""
        for secret in {*simulator.issued(), *secrets_in(data_of(simulator))}:
            if len(secret) >= 12:
                self.add(f"secret of {simulator.platform}", secret)

    def names(self) -> list[str]:
        """Return the names of all secrets."""
        return list(self._names.values())

    def _needles(self) -> dict[bytes, str]:
        needles: dict[bytes, str] = {}
        for secret, name in self._names.items():
            for piece in (secret, secret[:_PIECE], secret[-_PIECE:]):
                needles |= dict.fromkeys(_forms(piece), name)
        return needles

    def search(self, places: Iterable[tuple[str, bytes]]) -> dict[tuple[str, str], str]:
        """Return where a secret is, by place and name, and what stands around it."""
        needles = self._needles()
        flat = {_flat(one): name for one, name in needles.items()}
        found: dict[tuple[str, str], str] = {}
        for place, data in places:
            for haystack, sought in ((data, needles), (_flat(data), flat)):
                hits = [(name, haystack.find(one)) for one, name in sought.items() if one in haystack]
                if not place.startswith(_ELSEWHERE):  # where other tests may write at the same time
                    hits += [("a bearer token", mark.start()) for mark in _MARKS.finditer(haystack)]
                for name, at in hits:
                    found.setdefault((place, name), repr(haystack[max(0, at - 200) : at + 30]))
        return found


# Loaded by every Python that finds its folder on PYTHONPATH.
_WITNESS = '''
"""Notes each process that is started, with its arguments and environment, and what goes to the system's log; keeps removed files."""
import json
import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))
_count = 0


def _note(**what):
    line = (json.dumps(what, default=repr, ensure_ascii=False) + "\\n").encode("utf-8", "surrogateescape")
    fd = os.open(os.path.join(_here, "notes"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(fd, line)
    finally:
        os.close(fd)


def _text(value):
    if isinstance(value, (list, tuple)):
        return [_text(one) for one in value]
    if isinstance(value, dict):
        return {str(_text(key)): _text(one) for key, one in value.items()}
    return os.fsdecode(value) if isinstance(value, (bytes, str, os.PathLike)) else value


def _keep(path, folder):
    global _count
    _count += 1
    path = os.fsdecode(path)
    if folder not in (None, -1):
        path = f"/proc/self/fd/{folder}/{path}"
    os.link(path, os.path.join(_here, "removed", f"{os.getpid()}-{_count}-{os.path.basename(path)}"), follow_symlinks=False)


def _watch(event, arguments):
    try:
        if event == "subprocess.Popen":
            _note(argv=_text(arguments[1]), environment=_text(arguments[3]))
        elif event in ("os.exec", "os.posix_spawn"):
            _note(argv=_text(arguments[1]), environment=_text(arguments[2]))
        elif event == "os.system":
            _note(argv=_text(arguments[0]))
        elif event == "syslog.syslog":
            _note(syslog=_text(arguments[1]))
        elif event == "os.remove":
            _keep(*arguments)
    except OSError:
        pass


def _own(name):
    with open(f"/proc/self/{name}", "rb") as file:
        return _text(file.read().split(b"\\0"))


_note(argv=_own("cmdline"), environment=_own("environ"))
sys.addaudithook(_watch)
'''
_FAKE_SUDO = """\
#!/bin/sh
# Becomes nobody else: there need be no sudo where tests run.
while [ $# -gt 0 ]; do
    case "$1" in
    -u) shift 2 ;;
    -*) shift ;;
    *) break ;;
    esac
done
exec "$@"
"""

_FAKE_SSH = """\
#!/bin/sh
# Runs the command here: there need be no server where tests run.
for last; do :; done
printf '%s\\n' '{ Welcome to the host }'
sh -c "$last" FILTER
code=$?
printf '%s\\n' 'Bye }'
exit $code
"""


@dataclass
class Scene:
    """Runs of Ansible in a folder, and all that they leave.

    Args:
        ansible: where to run; its folder is HOME, the working directory, and holds TMPDIR.
        evidence: a folder of the witness's own.
        handed_in: a folder for files with secrets that the user has, and that are not searched.
    """

    ansible: Ansible
    evidence: Path
    handed_in: Path
    canaries: Canaries = field(default_factory=Canaries)
    output: list[str] = field(default_factory=list)
    _began: float = field(default_factory=lambda: time.time() - 1)

    def __post_init__(self) -> None:
        for folder in (self.evidence / "removed", self.handed_in, self.ansible.folder / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        (self.evidence / "sitecustomize.py").write_text(_WITNESS)
        commands = {"sudo": _FAKE_SUDO, "ssh": _FAKE_SSH.replace(" FILTER", ""), "garbled": _FAKE_SSH.replace("FILTER", "| tr '}' x")}
        commands["refused"] = "#!/bin/sh\necho connection refused >&2\nexit 255\n"
        for name, script in commands.items():
            (self.evidence / name).write_text(script)
            (self.evidence / name).chmod(0o755)

    @property
    def become(self) -> dict[str, Any]:
        """Keywords of a task that is run as another user, who is the same one."""
        return {"become": True, "vars": {"ansible_become_exe": str(self.evidence / "sudo")}}

    def over_ssh(self, program: str = "ssh") -> dict[str, Any]:
        """Return the variables of a task that is run over ssh, by a stand-in with banners.

        Args:
            program: "garbled" changes what was printed so that it cannot be read, "refused" reaches no host.
        """
        return {"ansible_connection": "ssh", "ansible_ssh_executable": str(self.evidence / program), "ansible_host": "far.example"}

    def give(self, name: str, content: Any) -> str:
        """Put what the user has in a file, as text or as JSON, and return its path."""
        path = self.handed_in / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)

    def environment(self) -> dict[str, str]:
        """Return what opens every channel."""
        folder = self.ansible.folder
        return {
            "ANSIBLE_ASYNC_DIR": str(folder / "async"),
            "ANSIBLE_BECOME_ALLOW_SAME_USER": "1",
            "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "facts"),
            "ANSIBLE_CALLBACKS_ENABLED": "record,shadow,ansible.builtin.junit,ansible.builtin.tree",
            "ANSIBLE_CALLBACK_TREE_DIR": str(folder / "tree"),
            "ANSIBLE_DEPRECATION_WARNINGS": "0",
            "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "1",
            "ANSIBLE_DISPLAY_TRACEBACK": "always",
            "ANSIBLE_LOG_PATH": str(folder / "ansible.log"),
            "ANSIBLE_RETRY_FILES_ENABLED": "1",
            "ANSIBLE_RETRY_FILES_SAVE_PATH": str(folder / "retry"),
            "JUNIT_OUTPUT_DIR": str(folder / "junit"),
            "PYTHONPATH": str(self.evidence),
            "SHADOW_FILE": str(folder / "shadow.txt"),
            "TMPDIR": str(folder / "tmp"),
        }

    def play(
        self,
        tasks: Sequence[Mapping[str, Any]],
        *,
        arguments: Sequence[str] = ("-vvvv", "--diff"),
        env: Mapping[str, str] | None = None,
        **play: Any,
    ) -> Run:
        """Run tasks as one play, with every channel open."""
        run = self.ansible.play(tasks, arguments=arguments, env={**self.environment(), **(env or {})}, **play)
        self.output.append(run.output)
        return run

    def places(self, allowed: Sequence[str] = ()) -> Iterator[tuple[str, bytes]]:
        """Yield everything that was left, with where it was.

        Args:
            allowed: names of files in the run's folder that may hold secrets in clear.
        """
        for number, text in enumerate(self.output):
            yield f"output {number}", text.encode()
        notes = self.evidence / "notes"
        yield "processes and the system's log", notes.read_bytes() if notes.exists() else b""
        for path in sorted((self.evidence / "removed").iterdir()):
            yield f"removed file {path.name}", _content(path)
        for path in sorted(self.ansible.folder.rglob("*")):
            yield "names of files", str(path).encode()
            if path.name not in allowed:
                yield f"file {path.relative_to(self.ansible.folder)}", _content(path)
        for folder in (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm")):
            for path in _files_of_now(folder, self._began):
                yield f"{_ELSEWHERE}{path}", _content(path)

    def assert_clean(self, *simulators: Simulator, allowed: Sequence[str] = ()) -> None:
        """No secret is anywhere."""
        for simulator in simulators:
            self.canaries.add_all(simulator)
        found = self.canaries.search(self.places(allowed))
        told = [f"{place}: {name}: ...{around}" for (place, name), around in found.items()]
        assert not found, "\n".join([f"{len(found)} leaks", *told[:20]])

    def processes(self) -> list[dict[str, Any]]:
        """Return what the witness noted of processes."""
        return [one for line in (self.evidence / "notes").read_text().splitlines() if "argv" in (one := json.loads(line))]


def _content(path: Path) -> bytes:
    """Return a file's content; nothing of one that is gone or that is no file."""
    try:
        how = path.lstat()
        return path.read_bytes() if stat.S_ISREG(how.st_mode) and how.st_size <= _LARGEST else b""
    except OSError:
        return b""


def _files_of_now(folder: Path, since: float) -> Iterator[Path]:
    """Yield files of ours right in a folder, and in Ansible's own folders there, that were written since then."""
    for path in folder.iterdir() if folder.is_dir() else ():
        try:
            ours = path.lstat().st_uid == os.getuid() and path.lstat().st_mtime >= since
        except OSError:
            continue
        if ours and path.is_dir() and "ansible" in path.name:
            # os.walk takes no notice of what is gone by now: other tests have folders there, too.
            yield from (Path(where) / name for where, _folders, names in os.walk(path) for name in names)
        elif ours and path.is_file():
            yield path


def control(simulator: Simulator, name: str, fault: str | None) -> dict[str, Any]:
    """Return a task that adds a fault in the middle of a play, or removes all of them."""
    return {
        "name": name,
        "ansible.builtin.uri": {
            "url": f"{simulator.url}/_simulator/faults",
            "ca_path": simulator.ca_file,
            "method": "POST" if fault else "DELETE",
            "body_format": "json",
            **({"body": {"fault": fault}} if fault else {}),
        },
    }
