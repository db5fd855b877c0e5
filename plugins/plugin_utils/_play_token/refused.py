# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task does whose play token the platform refused. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import AuthenticationError, LatchkeyError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.secrets import result_secrets


def token_to_try_with(arguments: Mapping[str, Any], result: Mapping[str, Any], warn: Callable[[str], None]) -> str | None:
    """Return a new token for a task to be run once more; None where that would be of no use, or not safe.

    It is safe where the very first thing that the task tried to change was refused, so that nothing was done.

    Args:
        arguments: the task's.
        result: how it failed.
        warn: shows a warning.
    """
    token = arguments.get("token")
    is_refused = result.get("status") in AuthenticationError.statuses
    if not token or not is_refused or result.get("changed") or result.get("done") or result_secrets(dict(result)):
        return None
    from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.broker import replacement

    try:
        return replacement(str(token), warn)
    except LatchkeyError as failure:
        warn(f"The play token that was refused could not be replaced. {failure}")
        return None
