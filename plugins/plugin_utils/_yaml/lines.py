# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lines of a text begin and end, and what stands below one. Private to this collection."""

from __future__ import annotations

import re

BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


class Lines:
    """The lines of a text, which does not change."""

    def __init__(self, text: str) -> None:
        self.text = text
        match = BREAK.search(text)
        self.first_break = match.group() if match else "\n"

    def line_start(self, position: int) -> int:
        """Return where the line begins that a position is in."""
        start = 0
        for match in BREAK.finditer(self.text, max(self.text.rfind("\n", 0, position), 0), position):
            start = match.end()
        return start

    def line_end(self, position: int) -> int:
        """Return where the line ends that a position is in, before its line break."""
        match = BREAK.search(self.text, position)
        return match.start() if match else len(self.text)

    def before_break(self, line_start: int) -> int:
        """The end of the line before."""
        return max(line_start - (2 if self.text[:line_start].endswith("\r\n") else 1), 0)

    def break_at(self, position: int) -> str:
        """Return the line break at a position, or the first one of the text where there is none."""
        match = BREAK.match(self.text, position)
        return match.group() if match else self.first_break

    def comments_below(self, line_end: int, column: int) -> int:
        """The end of the comment lines right below a line that are indented at least this much."""
        while match := BREAK.match(self.text, line_end):
            end = self.line_end(match.end())
            line = self.text[match.end() : end]
            if not line.lstrip(" ").startswith("#") or len(line) - len(line.lstrip(" ")) < column:
                break
            line_end = end
        return line_end

    def blanks_below(self, line_end: int) -> int:
        """The end of the last line of blanks right below a line, which could become part of a literal above it; empty ones could not."""
        last = line_end
        while match := BREAK.match(self.text, line_end):
            line_end = self.line_end(match.end())
            if self.text[match.end() : line_end].strip(" "):
                break
            last = line_end if line_end > match.end() else last
        return last

    def floor(self, line_end: int) -> int:
        """The least indentation at which a literal that ends here does not swallow the blank and comment lines that follow."""
        floor = 0
        while match := BREAK.match(self.text, line_end):
            line_end = self.line_end(match.end())
            line = self.text[match.end() : line_end]
            content = line.lstrip(" ")
            if content and not content.startswith("#"):
                break
            floor = max(floor, len(line) - len(content) + bool(content))
        return floor
