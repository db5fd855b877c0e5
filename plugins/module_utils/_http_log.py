# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the HTTP library's log silent while we send: it quotes headers and URLs. Private to this collection. For _http.py only."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOGGER = logging.getLogger("urllib3")
_LOCK = threading.Lock()


class _State:
    """How many are sending, and what was set before the first of them began."""

    def __init__(self) -> None:
        self.sending = 0
        self.before: dict[logging.Logger, bool] = {}


_STATE = _State()


@contextmanager
def silent_log() -> Iterator[None]:
    """Have urllib3 log nothing as long as the block lasts, in all threads; other users of it log as before and after."""
    with _LOCK:
        if _STATE.sending == 0:
            children = [one for name, one in _LOGGER.manager.loggerDict.items() if name.startswith("urllib3.")]
            _STATE.before = {one: one.disabled for one in (_LOGGER, *children) if isinstance(one, logging.Logger)}
            for one in _STATE.before:
                one.disabled = True
        _STATE.sending += 1
    try:
        yield
    finally:
        with _LOCK:
            _STATE.sending -= 1
            if _STATE.sending == 0:
                for one, disabled in _STATE.before.items():
                    one.disabled = disabled
