# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of a list in pages is read. Private to this collection."""

from __future__ import annotations

from .._http.client import Answer

MOST_PAGES = 1000  # of one list; a server that always has another one is not followed for ever
LARGEST_LIST = 32 * 1024 * 1024  # characters of all pages together, as of one answer; what is read from them takes a few times that


class PageCount:
    """The pages of one list so far."""

    def __init__(self) -> None:
        self._pages = 0
        self._size = 0

    def add(self, answer: Answer) -> None:
        """Count a page. Raises AnswerError where there are too many, or they are too large together."""
        self._pages += 1
        self._size += len(answer.text)
        if self._pages > MOST_PAGES:
            raise answer.strange(f"after {MOST_PAGES} pages there is still another one")
        if self._size > LARGEST_LIST:
            raise answer.strange(f"the pages of the list are together larger than {LARGEST_LIST // 1024**2} MiB")
