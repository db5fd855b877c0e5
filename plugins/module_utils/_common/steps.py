# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do several things in order, and say how far it got when one fails. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .errors import LatchkeyError

Step = tuple[str, Callable[[], object]]


def apply_steps(steps: Sequence[Step]) -> list[Any]:
    """Call each step in turn, and return what each returned.

    Args:
        steps: what is true once the step is done ("role A assigned"), and what does it.

    Raises:
        LatchkeyError: whatever a step raised, with what was done before it and what was not done.
    """
    returned = []
    for index, (_words, act) in enumerate(steps):
        try:
            returned.append(act())
        except LatchkeyError as failure:
            done = [words for words, _act in steps[:index]]
            undone = [words for words, _act in steps[index:]]
            if len(steps) > 1:
                failure.add(
                    f"Done before it: {', '.join(done) or 'nothing'}. Not done: {', '.join(undone)}. Running again goes on from there.",
                    done=done,
                    not_done=undone,
                )
            raise
    return returned
