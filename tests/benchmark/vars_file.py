# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One value changed in a vars file of up to 10,000, each encrypted or the file as a whole, against ansible-vault and ansible-vars."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import Vault
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.plan import plan_edit
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.request import Request
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.nodes import FastLoader
from tests.benchmark._measure import Curve, Row, Side, peak_memory, take_turns
from tests.benchmark._rig import VAULT, Bench
from tests.plays._ansible import ROOT
from tests.plays._vaulted import PASSWORDS

SIZES = (100, 1000, 10_000)
NAME = "in_the_middle"
SECRET = VaultSecret(PASSWORDS["prod"].encode())
LIB = VaultLib([("prod", SECRET)])
THEIRS = ".cache/venvs/ansible-vars"  # it needs Python 3.12, and brings its own Ansible


def rows(bench: Bench, runs: int) -> Iterator[Row | Curve]:
    """Measure by size; the rows are those of the largest."""
    unfit = _install_ansible_vars()
    commands, editing = Curve("One value of a vars file is changed: the whole command", "values"), Curve("The edit alone", "values")
    for size in SIZES:
        each, whole = _files(bench, size)
        pure = take_turns(_pure(each.read_bytes(), whole.read_bytes()), runs)
        editing.add(size, {name: side for name, side in pure.items() if name not in READ.values()})
        times = take_turns(_commands(bench, each, whole, with_ansible_vars=not unfit), runs)
        commands.add(size, times)
        if size == SIZES[-1]:
            yield from _of_times(times, pure, unfit)
            yield from _of_memory(bench, each, whole, unfit, runs)
    yield from (commands, editing)


def _of_times(times: dict[str, Side], pure: dict[str, Side], unfit: str) -> Iterator[Row]:
    start = times[START]

    def why(ours: str, theirs: str) -> str:
        return (
            f"The start of Ansible and an empty ad-hoc task take {start.shown()}, which is {start.median / times[theirs].median:.2f} of "
            f"what it is compared with; the edit itself {pure[ours].shown()}; to read such a file as YAML takes PyYAML "
            f"{pure[READ[ours]].shown()}."
        )

    yield Row(times[OURS_WHOLE], times[BY_HAND], 1 / 10, why(OURS_WHOLE, BY_HAND))
    if unfit:
        yield Row(times[OURS_EACH], why=unfit)
    else:
        yield Row(times[OURS_EACH], times[THEIRS_EACH], 1 / 10, why(OURS_EACH, THEIRS_EACH))
        yield Row(times[OURS_WHOLE], times[THEIRS_WHOLE], 1 / 10, why(OURS_WHOLE, THEIRS_WHOLE))
    for ours, read in READ.items():
        mine, theirs = (Side(f"{name}: the edit alone", pure[name].values) for name in (ours, BY_HAND))
        yield Row(mine, theirs, why=f"To read such a file as YAML, which the other way never does, takes PyYAML {pure[read].shown()}.")


def _of_memory(bench: Bench, each: Path, whole: Path, unfit: str, runs: int) -> Iterator[Row]:
    small_each, small_whole = _files(bench, 1)
    clear = Path(f"{whole}.clear")

    def peak(name: str, command: list[str]) -> Side:
        return peak_memory(command, f"peak memory of {name}", runs, **bench.how)

    pairs = [(OURS_WHOLE, _ours(bench, whole), "ansible-vault decrypt", _decrypt(bench, whole, clear), _decrypt(bench, small_whole, clear))]
    if not unfit:
        pairs.append((OURS_EACH, _ours(bench, each), THEIRS_EACH, _theirs(each), _theirs(small_each)))
    empty = peak(START, bench.empty_ad_hoc())
    for name, ours, other, theirs, least in pairs:
        mine, instead, with_one = peak(name, ours), peak(other, theirs), peak(f"{other}, one value", least)
        yield Row(mine, instead, 1 / 2, f"An empty ad-hoc task takes {empty.shown()}, {other} of a file with one value {with_one.shown()}.")
        yield Row(mine.less(empty, f"{mine.name}, less an empty task"), instead.less(with_one, f"{instead.name}, less one value"))


OURS_WHOLE, OURS_EACH = "vault_vars, whole file encrypted", "vault_vars, each value encrypted"
START = "an empty ad-hoc task"
BY_HAND = "ansible-vault decrypt, edit, encrypt"
READ_WHOLE, READ_EACH = "PyYAML reads the file", "PyYAML reads the file of encrypted values"
READ = {OURS_WHOLE: READ_WHOLE, OURS_EACH: READ_EACH}
THEIRS_EACH, THEIRS_WHOLE = "ansible-vars, each value encrypted", "ansible-vars, whole file encrypted"


def _install_ansible_vars() -> str:
    """Install it unless it is there, and return why not, if not."""
    command = ["tools/venv.sh", THEIRS, "3.12", "ansible-vars"]
    done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode == 0:
        return ""
    return "ansible-vars, which needs Python 3.12, was not installed: " + (done.stdout.splitlines() or ["pip said nothing"])[-1]


def _files(bench: Bench, size: int) -> tuple[Path, Path]:
    """Write a vars file of so many values, each encrypted by itself, and one with the same that is encrypted as a whole."""
    sealed = LIB.encrypt("not a real one", SECRET, "prod").decode()
    literal = "".join(f"  {line}\n" for line in sealed.splitlines())
    names = [NAME if number == size // 2 else f"other_{number}" for number in range(size)]
    each, whole = bench.folder / f"each-{size}.yml", bench.folder / f"whole-{size}.yml"
    each.write_text("---\n" + "".join(f"{name}: !vault |\n{literal}" for name in names))
    whole.write_text(LIB.encrypt("---\n" + "".join(f"{name}: not a real one\n" for name in names), SECRET, "prod").decode())
    return each, whole


def _commands(bench: Bench, each: Path, whole: Path, *, with_ansible_vars: bool) -> dict[str, Callable[[], object]]:
    """Return what changes the value, by the command line."""
    clear = Path(f"{whole}.clear")

    def by_hand() -> None:
        bench.run(_decrypt(bench, whole, clear))
        clear.write_text(_edited(clear.read_text()))
        bench.run([str(bench.ansible.bin / "ansible-vault"), "encrypt", *VAULT, "--encrypt-vault-id", "prod", str(clear)])
        shutil.move(clear, whole)

    ways: dict[str, Callable[[], object]] = {
        START: lambda: bench.run(bench.empty_ad_hoc()),
        OURS_WHOLE: lambda: bench.run(_ours(bench, whole)),
        BY_HAND: by_hand,
        OURS_EACH: lambda: bench.run(_ours(bench, each)),
    }
    if with_ansible_vars:
        ways[THEIRS_EACH] = lambda: bench.run(_theirs(each))
        ways[THEIRS_WHOLE] = lambda: bench.run(_theirs(whole))
    return ways


def _pure(each: bytes, whole: bytes) -> dict[str, Callable[[], object]]:
    """Return the same without processes and files."""
    vault, request, clear = Vault(LIB), Request(secrets={NAME: _new()}), LIB.decrypt(whole)
    return {
        OURS_WHOLE: lambda: plan_edit(whole, request, vault),
        BY_HAND: lambda: LIB.encrypt(_edited(LIB.decrypt(whole).decode()), SECRET, "prod"),
        OURS_EACH: lambda: plan_edit(each, request, vault),
        READ_WHOLE: lambda: yaml.compose(clear, FastLoader),
        READ_EACH: lambda: yaml.compose(each, FastLoader),
    }


_NUMBERS = itertools.count()


def _new() -> str:
    return f"is new {next(_NUMBERS)}"


def _edited(text: str) -> str:
    return re.sub(rf"^({NAME}: ).*", rf"\g<1>{_new()}", text, flags=re.MULTILINE)


def _ours(bench: Bench, path: Path) -> list[str]:
    return bench.ad_hoc("latchkey.tokens.vault_vars", {"path": str(path), "vars": {NAME: _new()}})


def _theirs(path: Path) -> list[str]:
    program = str(ROOT / THEIRS / "bin" / "ansible-vars")
    return [program, "-D", "-k", "prod", PASSWORDS["prod"], "-K", "prod", "set", "--encrypt", str(path), _new(), NAME]


def _decrypt(bench: Bench, path: Path, clear: Path) -> list[str]:
    return [str(bench.ansible.bin / "ansible-vault"), "decrypt", *VAULT, "--output", str(clear), str(path)]
