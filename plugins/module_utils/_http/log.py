# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the HTTP library's log silent while we send: it quotes headers and URLs. Private to this collection. For client.py only."""

from __future__ import annotations

import logging

from .deadline import is_sending

_LIBRARY = "urllib3"


class _NotOurs(logging.Filter):
    """Lets through what is logged while this thread sends no request of ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        """See logging.Filter."""
        return not is_sending()


_FILTER = _NotOurs()


def silence_library() -> None:
    """Have urllib3 log nothing of our requests; other users of it log as before. A filter is for one logger, without its children."""
    loggers = [one for name, one in logging.root.manager.loggerDict.items() if name.partition(".")[0] == _LIBRARY]
    for one in (logging.getLogger(_LIBRARY), *loggers):
        if isinstance(one, logging.Logger):
            one.addFilter(_FILTER)  # once, however often
