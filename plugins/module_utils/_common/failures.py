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

from .errors import LatchkeyError
from .secrets import RESULT_KEYS, redact


def failures_as_result(run: Callable[[], dict[str, Any]], secrets: Iterable[str] = ()) -> dict[str, Any]:
    """Return what the function returns, or its failure as a result with ``failed``, ``msg`` and the facts of the failure.

    Args:
        run: the function.
        secrets: what the message must not show, also where it stood in an option that is not for secrets, and was quoted.
    """
    try:
        return run()
    except LatchkeyError as failure:
        return masked_words({**failure.details, "changed": False, "failed": True, "msg": str(failure)}, secrets)
    except Exception as failure:  # noqa: BLE001  (a bug of ours must not become a traceback, which could hold a secret)
        place = traceback.extract_tb(failure.__traceback__)[-1]
        return {
            "changed": False,
            "failed": True,
            "msg": "This is a bug in latchkey.tokens: "
            f"{type(failure).__name__} in {os.path.basename(place.filename)}, line {place.lineno}. "
            "Please report it with the task that led here, without its secrets.",
        }


def masked_words(result: dict[str, Any], secrets: Iterable[str]) -> dict[str, Any]:
    """Return a task's result without secrets in what is shown of it: all words of a failure, the warnings of a success.

    Args:
        result: the result. What it carries under the keys for secrets stays.
        secrets: what may have got into words, apart from what this process knows by itself.
    """
    shown = [key for key in result if key not in RESULT_KEYS and (result.get("failed") or key == "warnings")]
    if not shown:
        return result
    known = list(secrets)
    return {**result, **{key: _masked(result[key], known) for key in shown}}


def _masked(value: Any, secrets: Sequence[str]) -> Any:
    """Return a text or a list of texts with the secrets in it masked."""
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, (list, tuple)):
        return [_masked(one, secrets) for one in value]
    return value
