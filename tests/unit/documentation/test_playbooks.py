# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page about the playbooks names all of them, and all of their variables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "docsite" / "rst" / "playbooks.rst").read_text()
SECTIONS = dict(re.findall(r"(?ms)^([a-z_]+)\n-+\n(.*?)(?=^[a-z_]+\n-+\n|\Z)", PAGE))
PARTS = ("demo_qumulo", "demo_rubrik_cdm", "demo_rubrik_rsc")  # of the playbook demo
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml") if path.stem not in PARTS)


def test_each_playbook_has_a_section() -> None:
    assert sorted(SECTIONS) == PLAYBOOKS


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_the_variables_are_those_of_the_playbook(name: str) -> None:
    head = (ROOT / "playbooks" / f"{name}.yml").read_text().partition("\n- ")[0]
    known = re.findall(rf"^# ({name}_\w+) ", head, re.MULTILINE)
    if name == "demo":
        known = re.findall(r"\b(demo_\w+(?:_endpoint|_file))\b", head)
    assert sorted(re.findall(r"^   \* - ``(\w+)``$", SECTIONS[name], re.MULTILINE)) == sorted(set(known))


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_the_command_names_the_playbook(name: str) -> None:
    assert f"$ ansible-playbook latchkey.tokens.{name} " in SECTIONS[name]
