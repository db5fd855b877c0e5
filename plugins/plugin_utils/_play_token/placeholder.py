# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands for a play token that is not made, in check mode. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible import errors

# No bearer token has blanks in it, so whatever checks tokens takes it for none.
PLACEHOLDER = "no play token: mint_in_check_mode is false"


def skipped_for_want_of_a_token(arguments: Mapping[str, Any], check_mode: bool) -> dict[str, Any] | None:
    """Return the result of a task that has the placeholder for a token; None for every other one."""
    if arguments.get("token") != PLACEHOLDER:
        return None
    if not check_mode:  # of a run in check mode, one that has to be done all the same
        return {
            "changed": False,
            "failed": True,
            "msg": "There is no play token in check mode, since mint_in_check_mode is false, but this task has check_mode: false. "
            "Take one of the two away.",
        }
    return {"changed": False, "skipped": True, "skip_reason": "There is no play token in check mode, since mint_in_check_mode is false."}


def not_in_check_mode(result: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a task that is left out in check mode, in the way that this ansible-core wants it said.

    Raises:
        AnsibleActionNoCheckMode: from ansible-core 2.22 on; 2.25 does not take ``skipped`` from an action any more.
    """
    said_so = getattr(errors, "AnsibleActionNoCheckMode", None)
    if said_so is not None and result.get("skipped"):
        raise said_so(result["skip_reason"])
    return result
