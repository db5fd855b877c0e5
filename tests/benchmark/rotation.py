# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rotation, and a look that finds nothing due, against the same written by hand: uri, ansible-vault encrypt_string, a text edit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.benchmark._measure import Row, take_turns
from tests.benchmark._rig import ACCOUNT, EMPTY, Bench
from tests.plays._qumulo_rig import TOKENS

WHO = "/v1/session/who-am-i"


def rows(bench: Bench, runs: int) -> Iterator[Row]:
    """Measure whole runs of ansible-playbook, and, beside that, what they take above a play with one empty task."""
    by_hand, their_secret = bench.cluster.account_with_token(ACCOUNT + "-by-hand")
    _unused, secret = bench.cluster.account_with_token(ACCOUNT)
    bench.store("role", secret)
    [account] = [one["user"]["auth_id"] for one in bench.cluster.call("GET", TOKENS)["entries"] if one["id"] == by_hand]
    bench.store("hand", their_secret)
    ways = {
        "a play with an empty task": bench.play("empty", [EMPTY]),
        "a whole rotation": bench.play("rotate", [_role(bench, force=True)]),
        "a rotation by hand": bench.play("rotate_by_hand", _rotate_by_hand(bench, account)),
        "a run with nothing due": bench.play("look", [_role(bench, force=False)]),
        "a look by hand": bench.play("look_by_hand", _look_by_hand(bench)),
    }
    counts = {name: "{} requests in {} tasks".format(*bench.counted(way)) for name, way in ways.items()}
    times = take_turns(ways, runs, warm=True)
    empty = times["a play with an empty task"]
    compared = (
        ("a whole rotation", "a rotation by hand", 0.25, 0.15),
        ("a run with nothing due", "a look by hand", 0.60, 0.35),
    )
    for what, instead, target, target_above in compared:
        ours, theirs = times[what], times[instead]
        least = empty.median / theirs.median
        above, instead_above = (one.less(empty, f"{one.name}, less an empty play") for one in (ours, theirs))
        yield Row(
            ours,
            theirs,
            target,
            f"The start of Ansible and an empty task take {empty.shown()}, which is {least:.2f} of what it takes by hand"
            f"{': no play can be below that' if least > target else ''}. {counts[what]} against {counts[instead]}.",
        )
        yield Row(above, instead_above, target_above)


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
