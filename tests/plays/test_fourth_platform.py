# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recipe for a new platform in CONTRIBUTING.md, followed for an invented appliance: the files it names are all that it takes."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.plays._ansible import ROOT, Ansible
from tests.plays._options import defaults
from tests.simulator import launch as launcher
from tests.simulator.launch import Simulator, launch

PARTS = Path(__file__).parent / "fourth_platform"
# New files -> what is put there
FILES = {
    "plugins/module_utils/_platforms/NAME.py": PARTS / "platform.py",
    "tests/simulator/NAME/__init__.py": PARTS / "simulator.py",
}
# Files that there are -> a line, and what follows it for the new platform
LINES = {
    "plugins/module_utils/_connection.py": (
        '    "rubrik_rsc": ("Rubrik Security Cloud", "RUBRIK_RSC", 443, ("token", "client", "file")),\n',
        '    "keycard": ("Keycard", "KEYCARD", 443, ("token",)),\n',
    ),
    "plugins/module_utils/_platforms/registry.py": (
        "        return RubrikRsc\n",
        '    if name == "keycard":\n        from .keycard import Keycard\n\n        return Keycard\n',
    ),
    "plugins/doc_fragments/_connection.py": (
        "    choices: [qumulo, rubrik_cdm, rubrik_rsc",
        ", keycard",
    ),
    "plugins/modules/rotation.py": ("    choices: [qumulo, rubrik_cdm, rubrik_rsc", ", keycard"),
    "roles/rotate/meta/argument_specs.yml": ("        choices: [qumulo, rubrik_cdm, rubrik_rsc", ", keycard"),
}


def test_the_recipe_names_the_files_that_this_test_touches() -> None:
    recipe = (ROOT / "CONTRIBUTING.md").read_text().partition("## Add a platform")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([^`]+)` \|", recipe, re.MULTILINE)) == {*FILES, *LINES}


@pytest.fixture(scope="module")
def with_keycard(collections: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the installed collection, and of the simulators, that the recipe was applied to."""
    folder = tmp_path_factory.mktemp("fourth")
    collection = shutil.copytree(collections, folder / "collections") / "ansible_collections" / "latchkey" / "tokens"
    shutil.copytree(ROOT / "tests" / "simulator", collection / "tests" / "simulator", ignore=shutil.ignore_patterns("__pycache__"))
    for name, source in FILES.items():
        target = collection / name.replace("NAME", "keycard")
        assert not target.exists()
        target.parent.mkdir(exist_ok=True)
        shutil.copy(source, target)
    for name, (before, new) in LINES.items():
        text = (collection / name).read_text()
        assert text.count(before) == 1, f"{name} has changed: say here where the new lines go"
        (collection / name).write_text(text.replace(before, before + new))
    return collection


@pytest.fixture
def keycard(with_keycard: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A simulated Keycard, from the copy."""
    monkeypatch.setattr(launcher, "ROOT", with_keycard)
    with launch("keycard", directory=tmp_path) as simulator:
        yield simulator


@pytest.fixture
def fourth(with_keycard: Path, tmp_path: Path) -> Ansible:
    """Real ansible-playbook, with the copy."""
    return Ansible(tmp_path, with_keycard.parents[2])


def options(simulator: Simulator) -> dict[str, dict[str, str]]:
    found = defaults(simulator)
    found["group/latchkey.tokens.latchkey"]["token"] = simulator.admin["token"]
    return found


def test_modules(fourth: Ansible, keycard: Simulator) -> None:
    account: dict[str, Any] = {"name": "An account", "latchkey.tokens.service_account": {"name": "robot"}}
    token: dict[str, Any] = {"name": "A token", "latchkey.tokens.access_token": {"user": "robot", "expires_in": "1d"}, "register": "minted"}
    own = {"token": "{{ minted.token }}", "expect_account": "robot", "expect_token_id": "{{ minted.token_id }}"}
    tasks: list[dict[str, Any]] = [
        account,
        {**account, "name": "Once more"},
        token,
        {**token, "name": "No second token", "register": "ignored"},
        {"name": "Whose is it?", "latchkey.tokens.access_check": {**own, "probes": [{"path": "/v1/holders"}]}},
        # With an environment of its own a task runs as an ordinary module, into which Ansible packs the platform.
        {"name": "Whose is it, told by a module?", "latchkey.tokens.access_check": own, "environment": {"ANY": "thing"}},
        {"name": "List", "latchkey.tokens.access_token_info": {"user": "robot"}},
        {"name": "It ends itself", "latchkey.tokens.session_revoke": {"target": "self", "token": "{{ minted.token }}"}},
        {"name": "Dead", "latchkey.tokens.access_check": own, "ignore_errors": True},
        {"name": "Other words", "latchkey.tokens.service_account": {"name": "robot", "roles": ["cook"]}, "ignore_errors": True},
        {"name": "No account", "latchkey.tokens.service_account": {"name": "robot", "state": "absent"}},
    ]
    run = fourth.play(tasks, module_defaults=options(keycard)).assert_ok()
    changes = [run[name]["changed"] for name in ("An account", "Once more", "No second token", "It ends itself", "No account")]
    assert changes == [True, False, False, True, True]
    assert [one["account"] for one in run["List"]["access_tokens"]] == ["robot"]
    refused, unknown = run.failures
    assert "Keycard" in refused
    assert "the door stays shut (401)" in refused
    assert unknown.startswith("roles: Keycard has nothing like it.")
    assert sorted(one["account"] for one in keycard.credentials()) == ["root", "svc"]


def test_a_play_token_and_a_rotation(fourth: Ansible, keycard: Simulator) -> None:
    (fourth.folder / "vault-password").write_text("not a real one\n")
    where = f"platform='keycard', endpoint='{keycard.url}', ca_path='{keycard.ca_file}', token=lookup('env', 'MINE'), expires_in='30m'"
    rotate = {
        "rotate_platform": "keycard",
        "rotate_endpoint": keycard.url,
        "rotate_auth": {"token": keycard.admin["token"], "ca_path": keycard.ca_file},
        "rotate_credential": "access_token",
        "rotate_account": "svc",
        "rotate_vars_file": "vault.yml",
        "rotate_var": "door_token",
        "rotate_force": True,
    }
    tasks = [
        {
            "name": "First",
            "ansible.builtin.include_role": {"name": "latchkey.tokens.rotate"},
            "vars": {**rotate, "rotate_orphans": "revoke"},
        },
        {"name": "Second", "ansible.builtin.include_role": {"name": "latchkey.tokens.rotate"}, "vars": rotate},
        {"name": "Read", "latchkey.tokens.vault_vars_info": {"path": "vault.yml", "names": ["door_token"]}, "register": "stored"},
        {"name": "Proof", "latchkey.tokens.access_check": {"token": "{{ stored.vars.door_token }}", "expect_account": "svc"}},
        {
            "name": "Play token",
            "latchkey.tokens.access_check": {
                "token": f"{{{{ lookup('latchkey.tokens.play_token', {where}) }}}}",
                "expect_account": "root",
            },
        },
    ]
    (fourth.folder / "vault.yml").touch()
    arguments, env = ["--vault-id", "prod@vault-password"], {"MINE": keycard.admin["token"]}
    run = fourth.play(tasks, module_defaults=options(keycard), arguments=arguments, env=env).assert_ok()
    assert run["Play token"]["account"] == "root"
    assert len([one for one in keycard.credentials() if one["account"] == "svc"]) == 1
    sent = [entry for entry in keycard.journal() if (entry["method"], entry["path"]) == ("POST", "/v1/cards")]
    assert len(sent) == 3
