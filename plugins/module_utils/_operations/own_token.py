# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spare the token that a task authenticates with. Private to this collection. Pure functions."""

from __future__ import annotations

from .._common.errors import RefusedError
from .._common.model import Caller, Credential


def guard_own_token(caller: Caller, tokens: list[Credential], what: str, name_it_with: str = "token_id") -> None:
    """Refuse to touch the token that the task itself authenticates with.

    Args:
        caller: who the task is.
        tokens: what it is about to touch.
        what: what would become of them, a participle.
        name_it_with: the option that names a token outright.

    Raises:
        RefusedError: it is among the tokens, or could be and the platform does not tell.
    """
    if caller.token_id and any(token.id == caller.token_id for token in tokens):
        raise RefusedError(
            f"Access token {caller.token_id} is the one that this task authenticates with, so it is not {what}; nothing was changed.",
            f"Name it with {name_it_with} if that is what you want.",
        )
    if caller.with_token and not caller.token_id and any(token.account.id == caller.account.id for token in tokens):
        raise RefusedError(
            "One of these access tokens may be the one that this task authenticates with, and the platform does not tell which; "
            f"none is {what}.",
            f"Name the token with {name_it_with}.",
        )


def without_own_session(caller: Caller, tokens: list[Credential]) -> list[Credential]:
    """Return the tokens without the session that the task opened for itself, which ends with the task anyway."""
    return tokens if caller.with_token else [token for token in tokens if token.id != caller.token_id]
