# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a run has got: one line for each host, whichever way its rotation goes."""

from __future__ import annotations

import pytest

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.progress import CHANGED, FAILED, OK, FleetProgress, Line

ROTATED = {"rotate_result": {"rotated": True, "message": "token 1 was replaced by 2"}}
KEPT = {"rotate_result": {"rotated": False, "message": "token 1 stays"}}
UNDONE = {"undone": True, "reason": "The check failed."}


def progress(total=12):
    seconds = iter(range(1000))
    return FleetProgress(total, lambda: float(next(seconds)))


@pytest.mark.parametrize(
    ("result", "check_mode", "line"),
    [
        (ROTATED, False, Line("[ 1 of 12, 11 left] rotated, 1.0 s: a: token 1 was replaced by 2", CHANGED)),
        (ROTATED, True, Line("[ 1 of 12, 11 left] would rotate, 1.0 s: a: token 1 was replaced by 2", CHANGED)),
        (KEPT, False, Line("[ 1 of 12, 11 left] not due, 1.0 s: a: token 1 stays", OK)),
        (UNDONE, False, Line("[ 1 of 12, 11 left, 1 failed] undone, 1.0 s: a: The check failed.", FAILED)),
        ({**UNDONE, "undone": False}, False, Line("[ 1 of 12, 11 left, 1 failed] failed, 1.0 s: a: The check failed.", FAILED)),
        ({**ROTATED, "ticket": "sealed"}, False, None),
        ({**UNDONE, "ticket": "sealed"}, False, None),
        ({}, False, None),
    ],
)
def test_the_line_of_a_host(result, check_mode, line):
    run = progress()
    run.start("a")
    assert run.after_phase("a", result, check_mode) == line


def test_a_host_has_one_line():
    run = progress(2)
    assert run.failed("a", "It\nfailed.") == Line("[1 of 2, 1 left, 1 failed] failed, 0.0 s: a: It failed.", FAILED)
    assert run.failed("a", "It failed again.") is None
    assert run.after_phase("a", UNDONE, False) is None
    assert run.after_phase("b", KEPT, False).text.startswith("[2 of 2, 0 left, 1 failed] not due")


def test_where_the_number_of_hosts_is_not_known():
    assert progress(0).after_phase("a", KEPT, False).text == "[1] not due, 0.0 s: a: token 1 stays"
