# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service accounts that replace one another, seen as the credentials of one rotation. Private to this collection. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import format_instant

_STAMP = "%Y%m%dT%H%M%SZ"


def successor_name(base: str, now: datetime, taken: Collection[str] = ()) -> str:
    """Return the name of an account that is made now to take the place of an earlier one; no two rotations use the same.

    Args:
        base: the name that the rotation is for.
        now: the time.
        taken: the names that accounts have already, such as one that was made in the same second.
    """
    name = f"{base}-{now.astimezone(timezone.utc):{_STAMP}}"
    return successor_name(base, now + timedelta(seconds=1), taken) if name in taken else name


def as_credentials(base: str, accounts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return those accounts that belong to the rotation, in the form of tokens.

    Args:
        base: the name that the rotation is for: an account of this name, and those whose names successor_name made of it.
        accounts: as service_account_info returns them.
    """
    found = []
    for account in accounts:
        match = re.fullmatch(re.escape(base) + r"(?:-(\d{8}T\d{6}Z))?", str(account["account"]), re.ASCII)
        if match:
            made = _instant(match.group(1))
            found.append(
                {
                    "token_id": account["account_id"],
                    "name": account["account"],
                    "created_at": format_instant(made) if made else None,
                    "expires_at": None,
                    "live": True,
                }
            )
    return found


def _instant(stamp: str | None) -> datetime | None:
    try:
        return datetime.strptime(stamp, _STAMP).replace(tzinfo=timezone.utc) if stamp else None
    except ValueError:
        return None
