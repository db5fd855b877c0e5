# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rotation, and a look that finds nothing due, against the same written by hand: uri, ansible-vault encrypt_string, a text edit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.benchmark._measure import Row, summaries, take_turns
from tests.benchmark._rig import ACCOUNT, Bench
from tests.integration._rotation_harness import TOKENS

WHO = "/v1/session/who-am-i"


def rows(bench: Bench, runs: int) -> Iterator[Row]:
    """Measure whole runs of ansible-playbook, and, beside that, what they take above a play with one empty task."""
    by_hand, their_secret = bench.cluster.account_with_token(ACCOUNT + "-by-hand")
    _unused, secret = bench.cluster.account_with_token(ACCOUNT)
    bench.store("role", secret)
    [account] = [one["user"]["auth_id"] for one in bench.cluster.call("GET", TOKENS)["entries"] if one["id"] == by_hand]
    bench.store("hand", their_secret)
    ways = {
        "empty": bench.play("empty", [{"name": "Nothing", "ansible.builtin.debug": {"msg": "x"}}]),
        "rotation": bench.play("rotate", [_role(bench, force=True)]),
        "rotation by hand": bench.play("rotate_by_hand", _rotate_by_hand(bench, account)),
        "nothing due": bench.play("look", [_role(bench, force=False)]),
        "nothing due by hand": bench.play("look_by_hand", _look_by_hand(bench)),
    }
    times = take_turns(ways, runs)
    empty = times["empty"].median
    for what in ("rotation", "nothing due"):
        ours, theirs = times[what].median, times[f"{what} by hand"].median
        yield Row(
            "a whole rotation" if what == "rotation" else "a rotation run when nothing is due",
            "the same by hand with uri and ansible-vault",
            1 / 4,
            ours / theirs,
            why=f"the start of Ansible alone is {empty / theirs:.2f} of what it takes by hand; above that the ratio is "
            f"{(ours - empty) / (theirs - empty):.2f}",
            details=summaries(times) if what == "rotation" else {},
        )


def _role(bench: Bench, *, force: bool) -> dict[str, Any]:
    variables = {
        "rotate_platform": "qumulo",
        "rotate_endpoint": bench.options["endpoint"],
        "rotate_credential": "access_token",
        "rotate_account": f"local:{ACCOUNT}",
        "rotate_vars_file": "role.yml",
        "rotate_var": "qumulo_token",
        "rotate_auth": {key: bench.options[key] for key in ("token", "ca_path")},
        "rotate_force": force,
    }
    return {"name": "Rotate", "ansible.builtin.include_role": {"name": "latchkey.tokens.rotate"}, "vars": variables}


def _look_by_hand(bench: Bench) -> list[dict[str, Any]]:
    """List the tokens, read the stored one, ask whose it is."""
    return [
        {"name": "List", "ansible.builtin.uri": bench.uri(TOKENS), "register": "listed", "no_log": True},
        {"name": "Read", "ansible.builtin.include_vars": "hand.yml", "no_log": True},
        {
            "name": "Check",
            "ansible.builtin.uri": bench.uri(WHO, headers={"Authorization": "Bearer {{ qumulo_token }}"}),
            "register": "old",
            "no_log": True,
        },
    ]


def _rotate_by_hand(bench: Bench, account: str) -> list[dict[str, Any]]:
    """Make a token, encrypt it, put it into the file, read it back, prove it, delete the old one."""
    encrypt = ["ansible-vault", "encrypt_string", "--vault-id", "prod@prod-password", "--encrypt-vault-id", "prod", "--stdin-name"]
    mint = bench.uri(TOKENS, "POST", body_format="json", body={"user": {"auth_id": account}})
    return [
        *_look_by_hand(bench),
        {"name": "Make", "ansible.builtin.uri": mint, "register": "minted", "no_log": True},
        {
            "name": "Encrypt",
            "ansible.builtin.command": {
                "argv": [*encrypt, "qumulo_token"],
                "stdin": "{{ minted.json.bearer_token }}",
                "stdin_add_newline": False,
            },
            "register": "encrypted",
            "changed_when": False,
            "no_log": True,
        },
        {
            "name": "Edit",
            "ansible.builtin.replace": {
                "path": str(bench.folder / "hand.yml"),
                "regexp": r"^qumulo_token: !vault.*\n( +.*\n)+",
                "replace": "{{ encrypted.stdout }}\n",
            },
        },
        {"name": "Read back", "ansible.builtin.include_vars": "hand.yml", "no_log": True},
        {
            "name": "Prove",
            "ansible.builtin.uri": bench.uri(WHO, headers={"Authorization": "Bearer {{ qumulo_token }}"}),
            "register": "proof",
            "failed_when": "proof.json.access_token_id != minted.json.id",
            "no_log": True,
        },
        {
            "name": "Delete the old one",
            "ansible.builtin.uri": bench.uri(TOKENS + "{{ old.json.access_token_id }}", "DELETE", status_code=[200, 204]),
        },
    ]
