# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that an appliance tells are data: never templates, never paths, never YAML, in whatever task they come by."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from tests.plays._ansible import Ansible
from tests.plays._options import shared_options
from tests.plays._qumulo_rig import Rig
from tests.plays._role_rig import role
from tests.simulator.launch import Simulator

MARK = "touched"  # a file that only a name which was taken for a template makes
PIPE = "{{ lookup('pipe', 'echo x >touched') }}"
NAMES = [
    PIPE,
    "{% set x = lookup('pipe', 'echo x >touched') %}",
    "../../escaped/{{ 7 * 7 }}",
    "!vault |",
    "!unsafe x",
    "svc: {a: [b\n- c: '\"&d *e # f",
    "\u202efdp.exe\u2066",
    "bell\x07 \x1b[31mred",
    "null",
    "\U0001f511 \u540d\u524d",
]
ROLES = ["{{lookup('pipe','>touched')}}", "../../../v1/users/500", "a?b#c%2e", "'\"{[&*"]  # Qumulo Core's have no white space


def files(folder: Path) -> set[str]:
    """Return what is in the folder of the run and in the one above it, apart from what Ansible keeps for itself."""
    ours = {".ansible", "__pycache__", "installed"}
    found = {str(one.relative_to(folder.parent)) for one in folder.parent.rglob("*") if not ours & set(one.parts)}
    return found - {f"{folder.name}/{name}" for name in ("playbook.yml", "inventory.yml", "record.jsonl")}


def make(rig: Rig, name: str, roles: Sequence[str] = ()) -> str:
    """Make a user of this name, with roles, and return its id."""
    status, user = rig.call("POST", "/v1/users/", {"name": name, "primary_group": "513", "uid": "", "password": "Not-a-real-1"})
    assert status == 200, name
    for one in roles:
        status, _body = rig.call("POST", "/v1/auth/roles/", {"name": one, "description": PIPE, "privileges": []})
        assert status in (200, 409)
    return str(user["id"])


def test_results_are_not_templates(each_core: Ansible, qumulo: Simulator) -> None:
    """Names go through registered results, loops, facts, conditions, other modules and a vars file, and come out as they were."""
    rig = Rig(each_core, qumulo)
    for name in NAMES:
        make(rig, name, ROLES)
    for name in ROLES:
        assert rig.call("POST", f"/v1/auth/roles/{quote(name, safe='')}/members", {"auth_id": "501"})[0] == 200
    (each_core.folder / "vault.yml").write_text("# kept\nother: [1,  2]\n")
    before = files(each_core.folder)
    account, store = "latchkey.tokens.service_account", "latchkey.tokens.vault_vars"
    tasks: list[dict[str, Any]] = [
        {"name": "List", f"{account}_info": {}, "register": "listed"},
        {"name": "As a module", f"{account}_info": {}, "environment": {"A": "b"}, "register": "listed_by_a_module"},
        {"name": "Fact", "ansible.builtin.set_fact": {"names": "{{ listed.service_accounts | map(attribute='account') | list }}"}},
        {
            "name": "Fact of a module",
            "ansible.builtin.set_fact": {"same": "{{ listed_by_a_module.service_accounts == listed.service_accounts }}"},
        },
        {"name": "Show", "ansible.builtin.debug": {"var": "names"}},
        {"name": "Show in text", "ansible.builtin.debug": {"msg": "They are {{ names | join(', ') }}"}},
        {
            "name": "Loop",
            "ansible.builtin.debug": {"msg": "{{ item }}"},
            "loop": "{{ names }}",
            "when": "item != 'admin' and item in names",
        },
        {
            "name": "Give roles",
            account: {
                "name": "{{ item }}",
                "roles": "{{ (listed.service_accounts | selectattr('account', 'equalto', 'guest') | first).roles }}",
            },
            "loop": "{{ names | difference(['admin', 'guest', 'svc-ansible']) }}",
        },
        {"name": "Unknown role", account: {"name": "admin", "roles": ["no-such-role"]}, "register": "refused", "ignore_errors": True},
        {"name": "Show why", "ansible.builtin.debug": {"msg": "{{ refused.msg }}"}},
        {
            "name": "List again",
            f"{account}_info": {"query": "[?contains(roles, 'a?b#c%2e')].{name: account, roles: roles}"},
            "register": "again",
        },
        {"name": "Store", store: {"path": "vault.yml", "plain_vars": {"found": "{{ names }}"}, "vars": {"first": "{{ names[3] }}"}}},
        {"name": "Store again", store: {"path": "vault.yml", "plain_vars": {"found": "{{ names }}"}, "vars": {"first": "{{ names[3] }}"}}},
        {"name": "Read", f"{store}_info": {"path": "vault.yml", "names": ["found"]}, "register": "read"},
        {"name": "Show what is read", "ansible.builtin.debug": {"msg": "{{ read.vars.found }}"}},
    ]
    defaults = {"group/latchkey.tokens.latchkey": shared_options(qumulo)}
    run = each_core.play(tasks, arguments=["-vv", "--diff", *rig.vault_arguments], module_defaults=defaults).assert_ok()
    assert not (each_core.folder / MARK).exists()
    assert files(each_core.folder) == before
    names = [one["account"] for one in run["List"]["service_accounts"]]
    assert set(NAMES) < set(names)
    assert run["Fact of a module"]["ansible_facts"]["same"] is True
    assert run["Fact"]["ansible_facts"]["names"] == names
    assert run["Show"]["names"] == names
    assert run["Show in text"]["msg"] == f"They are {', '.join(names)}"
    assert [one.result["msg"] for one in run.tasks if one.task == "Loop" and one.status == "item"] == [
        one for one in names if one != "admin"
    ]
    assert {one["name"]: set(one["roles"]) >= set(ROLES) for one in run["List again"]["service_accounts"]} == dict.fromkeys(
        [*NAMES, "guest"], True
    )
    assert run["Show why"]["msg"] == run["Unknown role"]["msg"]
    assert run["Show why"]["msg"].isprintable()
    assert ROLES[0] in run["Show why"]["msg"]
    assert run["Store again"]["changed"] is False
    assert run["Show what is read"]["msg"] == names
    text = (each_core.folder / "vault.yml").read_text()
    assert text.startswith("# kept\nother: [1,  2]\n")
    # ansible-core itself shows the item of a loop as it is
    assert "\x1b" not in run.output.replace("(item=bell\x07 \x1b[31mred)", "")
    assert "\x1b" not in text
    assert rig.stored("found") == names


def test_rotation(each_core: Ansible, qumulo: Simulator) -> None:
    """Rotate the tokens of accounts whose names come from the appliance; nothing but the vars files is written."""
    shared: dict[str, str] = {}
    rigs: list[Rig] = []
    tasks: list[dict[str, Any]] = [
        {"name": "List", "latchkey.tokens.service_account_info": shared_options(qumulo), "register": "listed"},
    ]
    for number, name in enumerate([f"{PIPE}/../../'x: {{", *NAMES[:7]]):
        rig = Rig(each_core, qumulo, account=name, file=f"vault-{number}.yml", _admin=shared)
        account_id = make(rig, name)
        rig.seed()
        rigs.append(rig)
        name_of = f"{{{{ (listed.service_accounts | selectattr('account_id', 'equalto', '{account_id}') | first).account }}}}"
        tasks += role({**rig.variables(rotate_force=True), "rotate_account": f"name:{name_of}"}, f"Rotate {number}")
    before, old = files(each_core.folder), [rig.ids() for rig in rigs]
    with contextlib.ExitStack() as untouched:
        for rig in rigs:
            untouched.enter_context(rig.rest_untouched())
        run = rigs[0].rotate(tasks=tasks)
    for number, rig in enumerate(rigs):
        assert rig.result(run, f"Rotate {number}")["rotated"] is True
        assert rig.assert_settled() not in old[number]
        state = yaml.safe_load(rig.text.replace("!vault", "!!str"))["qumulo_token_rotation"]
        assert set(state) <= {"stage", "current", "account", "account_id", "retiring", "last"}, state
    assert not (each_core.folder / MARK).exists()
    assert files(each_core.folder) == before
