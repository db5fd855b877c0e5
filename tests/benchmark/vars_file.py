# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One value changed in a vars file of 10,000 encrypted ones, against decrypting, editing and encrypting the file as a whole."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ansible.parsing.vault import VaultLib, VaultSecret

from tests.benchmark._measure import Row, peak_memory, summaries, take_turns
from tests.benchmark._rig import Bench
from tests.integration._rotation_harness import PASSWORDS

SIZES = (100, 1000, 10_000)


def rows(bench: Bench, runs: int) -> Iterator[Row]:
    """Measure by size; the ratio is that of the largest."""
    found: dict[str, dict[str, object]] = {}
    ratio, memory = 0.0, 0.0
    for size in SIZES:
        ours, whole = _files(bench, size)
        command, by_hand = _ours(bench, ours), _by_hand(bench, whole)
        edit = partial(subprocess.run, command, check=True, **_how(bench))
        times = take_turns({"vault_vars": edit, "ansible-vault": by_hand}, runs)
        ratio = times["vault_vars"].median / times["ansible-vault"].median
        peaks = (
            peak_memory(command, cwd=bench.folder, env=bench.ansible.env()),
            peak_memory(_decrypt(bench, whole), cwd=bench.folder, env=bench.ansible.env()),
        )
        memory = peaks[0] / peaks[1]
        found[f"{size} values"] = {**summaries(times), "KiB": dict(zip(("vault_vars", "ansible-vault"), peaks, strict=True))}
    what = f"one value changed among {SIZES[-1]:,}"
    yield Row(what, "ansible-vault decrypt, edit, encrypt", 1 / 10, ratio, details=found)
    yield Row(f"{what}: peak memory", "ansible-vault decrypt", 1 / 2, memory)


def _files(bench: Bench, size: int) -> tuple[Path, Path]:
    """Write a vars file of so many values, each encrypted by itself, and one with the same that is encrypted as a whole."""
    lib = VaultLib([("prod", VaultSecret(PASSWORDS["prod"].encode()))])
    sealed = str(lib.encrypt("not a real one", VaultSecret(PASSWORDS["prod"].encode()), "prod").decode())
    literal = "".join(f"  {line}\n" for line in sealed.splitlines())
    ours, whole = bench.folder / f"each-{size}.yml", bench.folder / f"whole-{size}.yml"
    ours.write_text("---\n" + "".join(f"value_{number}: !vault |\n{literal}" for number in range(size)))
    clear = "---\n" + "".join(f"value_{number}: not a real one\n" for number in range(size))
    whole.write_text(lib.encrypt(clear, VaultSecret(PASSWORDS["prod"].encode()), "prod").decode())
    return ours, whole


def _how(bench: Bench) -> dict[str, Any]:
    return {"cwd": bench.folder, "env": bench.ansible.env(), "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def _ours(bench: Bench, path: Path) -> list[str]:
    number = int(path.stem.partition("-")[2]) // 2
    arguments = f'{{"path": "{path}", "vars": {{"value_{number}": "{{{{ 9999 | random }}}} is new"}}}}'
    return [
        str(bench.ansible.bin / "ansible"),
        "localhost",
        "-m",
        "latchkey.tokens.vault_vars",
        "-a",
        arguments,
        "--vault-id",
        "prod@prod-password",
    ]


def _decrypt(bench: Bench, path: Path) -> list[str]:
    program = str(bench.ansible.bin / "ansible-vault")
    return [program, "decrypt", "--vault-id", "prod@prod-password", "--output", str(path) + ".clear", str(path)]


def _by_hand(bench: Bench, path: Path) -> Callable[[], object]:
    """Return what decrypts the file, edits it and encrypts it again."""
    clear = Path(str(path) + ".clear")
    encrypt = [
        str(bench.ansible.bin / "ansible-vault"),
        "encrypt",
        "--vault-id",
        "prod@prod-password",
        "--encrypt-vault-id",
        "prod",
        str(clear),
    ]

    def change() -> None:
        subprocess.run(_decrypt(bench, path), check=True, **_how(bench))
        clear.write_text(re.sub(r"^(value_7: ).*", r"\1new", clear.read_text(), flags=re.MULTILINE))
        subprocess.run(encrypt, check=True, **_how(bench))
        shutil.move(clear, path)

    return change
