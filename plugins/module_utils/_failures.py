# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failure becomes a task's result, and never a traceback. Private to this collection.

Apart from what sends requests, so that a task which sends none does not load it.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ._errors import LatchkeyError
from ._secrets import RESULT_KEYS, redact


def failures_as_result(run: Callable[[], dict[str, Any]], secrets: Iterable[str] = ()) -> dict[str, Any]:
    """Return what the function returns, or its failure as a result with ``failed``, ``msg`` and the facts of the failure.

    Args:
        run: the function.
        secrets: what the message must not show, also where it stood in an option that is not for secrets, and was quoted.
    """
    try:
        return run()
    except LatchkeyError as failure:
        known = list(secrets)
        details = {key: value if key in RESULT_KEYS else _masked(value, known) for key, value in failure.details.items()}
        return {**details, "changed": False, "failed": True, "msg": redact(str(failure), known)}
    except Exception as failure:  # noqa: BLE001  (a bug of ours must not become a traceback, which could hold a secret)
        place = traceback.extract_tb(failure.__traceback__)[-1]
        return {
            "changed": False,
            "failed": True,
            "msg": "This is a bug in latchkey.tokens: "
            f"{type(failure).__name__} in {os.path.basename(place.filename)}, line {place.lineno}. "
            "Please report it with the task that led here, without its secrets.",
        }


def _masked(value: Any, secrets: Sequence[str]) -> Any:
    """Return a fact of a failure with the secrets in its words masked."""
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, (list, tuple)):
        return [_masked(one, secrets) for one in value]
    return value
