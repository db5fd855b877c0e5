# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide to AWX shows the files of docs/awx as they are, and they fit each other and the role."""

from __future__ import annotations

import json
import re
import textwrap
from typing import Any

import yaml
from dateutil.rrule import rrulestr

from tests.plays._ansible import ROOT
from tests.plays._awx import DOCS, document

GUIDE = (ROOT / "docs" / "docsite" / "rst" / "awx.rst").read_text()
SHOWN = re.findall(r"^\.\. code-block:: \w+\n   :caption: docs/awx/(\S+)\n\n((?:   .*\n|\n(?=   ))+)", GUIDE, re.MULTILINE)
OPTIONS: dict[str, Any] = yaml.safe_load((ROOT / "roles" / "rotate" / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"][
    "options"
]


def test_every_file_is_shown_as_it_is() -> None:
    shown = {name: textwrap.dedent(text) for name, text in SHOWN}
    assert shown == {name: (DOCS / name).read_text() for name in shown}
    files = {str(one.relative_to(DOCS)) for one in DOCS.rglob("*") if one.is_file()}
    assert files - set(shown) == {
        "publish_awx_credential.yml",  # which belongs to the guide to publishing
        "aap_configuration.yml",  # which awx_setup writes
    }
    assert not any(one.is_symlink() for one in DOCS.rglob("*"))  # in the user's repository they would lead nowhere


def test_the_survey_asks_for_options_of_the_role() -> None:
    survey = json.loads((DOCS / "survey.json").read_text())
    assert set(survey) == {"name", "description", "spec"}
    for question in survey["spec"]:
        option = OPTIONS[question["variable"]]
        assert question["type"] == "multiplechoice"
        assert question["choices"] == option.get("choices", ["false", "true"])
        assert question["default"] == str(option["default"]).lower()


def rotation() -> dict[str, Any]:
    """Return the variables of the sample rotation, as the host has them."""
    group = document("project/inventory.yml")["rotate"]
    (host,) = group["hosts"].values()
    return {name: value for name, value in {**group["vars"], **host}.items() if name.startswith("rotate_")}


def test_the_rotation_uses_options_of_the_role() -> None:
    assert set(rotation()) <= set(OPTIONS)
    required = {name for name, option in OPTIONS.items() if option.get("required")}
    assert required <= set(rotation())
    (play,) = document("project/rotate.yml")
    assert (play["ansible.builtin.import_playbook"], play["vars"]) == ("latchkey.tokens.rotate", {"rotate_clone": True})
    assert rotation()["rotate_publish"] == "git"


def test_each_run_of_the_schedule_finds_the_token_due() -> None:
    start, rule = (DOCS / "schedule.txt").read_text().split()
    times = iter(rrulestr(f"{start.replace(';TZID=Europe/Berlin', '')}\n{rule}"))
    days = (-(next(times) - next(times))).days
    assert days > int(rotation()["rotate_max_age"].removesuffix("d"))
    assert int(rotation()["rotate_expires_in"].removesuffix("d")) > 3 * days
