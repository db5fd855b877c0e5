# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one task received is masked in the words of the next, which runs in a process of its own."""

from __future__ import annotations

import re
from typing import Any

from tests.plays._ansible import Ansible
from tests.plays._options import defaults
from tests.simulator.launch import Simulator

WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "token_id": ("access_token", {"token_id": "{{ minted.token }}", "state": "absent"}),
    "user": ("access_token", {"user": "{{ minted.token }}"}),
    "endpoint": ("access_check", {"endpoint": "{{ minted.token }}"}),
    "name": ("service_account", {"name": "{{ minted.token }}", "roles": ["No such role"]}),
    "probe": ("access_check", {"probes": [{"path": "/v1/{{ minted.token | urlencode }}"}]}),
    # Known to no rule by its looks, but registered under the name of a result.
    "plain": ("access_token", {"user": "{{ plain.token }}"}),
}


def test_a_token_in_the_wrong_option(each_core: Ansible, qumulo: Simulator) -> None:
    tasks: list[dict[str, Any]] = [
        {"name": "mint", "latchkey.tokens.access_token": {"user": "local:admin", "additional": True}, "register": "minted"},
        {"name": "keep", "ansible.builtin.set_fact": {"plain": {"token": "{{ 'plain-' ~ 'words' }}"}}, "no_log": True},
    ]
    for name, (module, options) in WRONG.items():
        tasks.append({"name": name, f"latchkey.tokens.{module}": options, "ignore_errors": True})
    run = each_core.play(tasks, module_defaults=defaults(qumulo), arguments=["-v"]).assert_ok()
    assert len(run.failures) == len(WRONG)
    for name in WRONG:
        message = run[name]["msg"]
        assert name in ("token_id", "endpoint", "name") or "********" in message, (name, message)
    assert "token_id: it holds a token, and not the id of one." in run["token_id"]["msg"]
    assert not re.search(r"access-v1(:|%3A)[A-Za-z0-9]", run.output)
    assert "plain-words" not in run.output
