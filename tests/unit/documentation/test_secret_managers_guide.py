# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide to secret managers: the policies that it prints are what the code asks for, and the keys and labels those that it writes."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import aws_secretsmanager
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.names import Keys

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "docs" / "docsite" / "rst" / "secret_managers.rst").read_text()
PLUGINS = ROOT / "plugins" / "plugin_utils" / "_rotation"


def block(caption: str) -> str:
    """Return a code block of the guide by its caption."""
    found = re.search(rf":caption: {re.escape(caption)}\n\n((?:   .*\n|\n)+)", GUIDE)
    assert found
    return textwrap.dedent(found[1])


def rights(policy: str) -> set[tuple[str, str]]:
    """Return the capabilities and paths of a policy of Vault."""
    found = re.findall(r'path "(\S+)" \{\s*capabilities = \[(.*?)\]', policy)
    return {(capability, path) for path, listed in found for capability in re.findall(r'"(\w+)"', listed)}


def test_the_policy_of_vault_is_what_the_code_asks_for():
    source = (PLUGINS / "hashicorp_vault_client.py").read_text()
    kinds = set(re.findall(r"\{access\.mount\}/(\w+)/\{access\.path\}", source))
    printed = rights(block("rotator.hcl"))
    assert {path.split("/")[1] for _capability, path in printed} == kinds == {"data", "destroy"}
    assert {capability for capability, _path in printed} == {"read", "update"}


def test_the_policy_of_aws_has_each_action_and_no_more():
    source = (PLUGINS / "aws_secretsmanager_client.py").read_text()
    used = {"".join(word.title() for word in action.split("_")) for action in re.findall(r'self\._ask\("(\w+)"', source)}
    printed = json.loads(block("rotator.json"))["Statement"][0]["Action"]
    assert {one.removeprefix("secretsmanager:") for one in printed} == used


def test_the_keys_and_the_labels_are_named():
    keys = Keys("qumulo_token")
    assert all(f"``{one}``" in GUIDE for one in (keys.state, keys.old_value, aws_secretsmanager.PENDING, aws_secretsmanager.CURRENT))
    assert aws_secretsmanager.HEAD in GUIDE
