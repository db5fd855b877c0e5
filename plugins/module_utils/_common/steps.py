# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do several things in order, and say how far it got when one fails. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .errors import LatchkeyError, RequestError

Step = tuple[str, Callable[[], object]]


def apply_steps(steps: Sequence[Step]) -> list[Any]:
    """Call each step in turn, and return what each returned.

    Args:
        steps: what is true once the step is done ("role A assigned"), and what does it.

    Raises:
        LatchkeyError: whatever a step raised, with what was done before it, what may have been done, and what was not done.
    """
    returned = []
    for index, (_words, act) in enumerate(steps):
        try:
            returned.append(act())
        except LatchkeyError as failure:
            words = [one for one, _act in steps]
            in_doubt = index + 1 if isinstance(failure, RequestError) and failure.may_have_acted else index
            told = {"done": words[:index], "not_known": words[index:in_doubt], "not_done": words[in_doubt:]}
            if len(steps) > 1:
                failure.add(
                    f"Done before it: {', '.join(told['done']) or 'nothing'}. "
                    + "".join(f"Not known whether done: {one}. " for one in told["not_known"])
                    + (f"Not done: {', '.join(told['not_done'])}. " if told["not_done"] else "")
                    + "Running again goes on from there.",
                    **{name: value for name, value in told.items() if value or name != "not_known"},
                )
            raise
    return returned
