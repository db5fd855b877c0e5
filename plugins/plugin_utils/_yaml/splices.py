# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replacements of spans of a text: each one no more than a value, a key or a line. Private to this collection."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.lines import BREAK, Lines


@dataclass(frozen=True)
class Splice:
    """A text in place of what is from start to end."""

    start: int
    end: int
    text: str


class Splices:
    """Collects the splices of one edit.

    Args:
        lines: of the text that they change.
        overlap: what is raised where two of them change the same span.
    """

    def __init__(self, lines: Lines, overlap: VarsFileError) -> None:
        self._lines = lines
        self._overlap = overlap
        self._splices: list[Splice] = []

    def replace(self, start: int, end: int, text: str) -> None:
        """Put a text in place of a span."""
        if start != end or text:
            self._splices.append(Splice(start, end, text))

    def below(self, line_end: int, lines: list[str], end: int | None = None) -> None:
        """Write lines below the line that ends here, in place of the text up to end."""
        line_break = self._lines.break_at(line_end)
        self.replace(line_end, line_end if end is None else end, "".join(line_break + line for line in lines))

    def delete_lines(self, start: int, end: int, keep_break: bool = False) -> None:
        """Delete whole lines, with the break behind them or, at the end of the text, the one before."""
        match = BREAK.match(self._lines.text, end)
        if match:
            end = match.end()
        elif not keep_break:
            start = self._lines.before_break(start)
        self.replace(start, end, "")

    def applied(self) -> str:
        """Return the text with all replacements. Raises VarsFileError where two of them overlap."""
        text, pieces, done = self._lines.text, [], 0
        for splice in self._in_order():
            pieces += [text[done : splice.start], splice.text]
            done = splice.end
        return "".join([*pieces, text[done:]])

    def _in_order(self) -> list[Splice]:
        done: list[Splice] = []
        for splice in sorted(self._splices, key=lambda item: (item.start, item.end)):
            while done and splice.start < done[-1].end:
                before = done.pop()
                if before.text or splice.text:
                    raise self._overlap
                # Both want the break between them; at the end of the text the one before them goes instead.
                splice = Splice(self._lines.before_break(before.start), splice.end, "")
            done.append(splice)
        return done
