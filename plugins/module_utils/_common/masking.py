# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find secrets in a text that another program wrote, however they are encoded there. Private to this collection. Pure functions.

A text is looked through as it stands and as what it stands for: URL-quoting, JSON's and HTML's escapes are undone, white space is
left out. Each of these views knows where in the text each of its characters comes from, so that the text itself is masked. All of it
takes time in proportion to the text.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import quote, quote_plus

MASK = "********"
_SHORTEST = 4  # characters; masking shorter strings would shred ordinary words and hide nothing
_PIECE = 12  # characters that give a longer secret away when it is cut off
_SHORTEST_PIECE = 8  # characters; shorter secrets are masked as a whole only
_TOLERANT = 12  # characters of a secret that is also found with white space in it
_SENTENCE = 800  # characters
_LAYERS = 3  # encodings around one another that are undone
_ESCAPE = re.compile(
    r"%[0-9A-Fa-f]{2}"
    r"|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\[\"\\/'bfnrt]"
    r"|&\#[0-9]{1,7};?|&\#[xX][0-9A-Fa-f]{1,6};?|&[A-Za-z]{2,8};"
)
# What tokens are made of: Base64 in both alphabets, and the dots between the parts of a JWT. What follows "|" is an id: "client|...".
_WORD = re.compile(r"(?<![A-Za-z0-9+/_=.~|-])[A-Za-z0-9+/_=.~-]{20,}")
_SHORTEST_TOKEN = 20  # characters
_MIXED = 0.3  # changes between small letters, capitals and digits for each character; words and names have fewer
# What tells a token whatever its characters: a kind and a version before a colon, as in access-v1:..., and a JSON web token's three parts.
_WRITTEN_AS_TOKEN = re.compile(r"(?<![\w-])(?:(?P<kind>[a-z]+-v\d+:)[\w+/=-]{20,}|eyJ[\w-]+\.eyJ[\w-]+\.[\w-]*)")


@dataclass(frozen=True)
class _View:
    """A text as bytes, one to each character of a string, and where in the text each begins and ends."""

    data: str
    begins: list[int]
    ends: list[int]


@dataclass(frozen=True)
class _Sought:
    """What is looked for in a view, and whether white space may be in it.

    Attributes:
        short: what is masked as a whole only, and with its capitals.
        long: what is masked with other capitals too; in small letters.
        pieces: the same by how many characters of it give it away, in lines.
    """

    short: dict[str, bool]
    long: dict[str, bool]
    pieces: dict[tuple[int, bool], str]


def mask(text: str, secrets: Iterable[str]) -> str:
    """Return the text with every given secret masked: as it is, encoded in a common way, wrapped over lines, or cut off.

    Args:
        text: words that are about to be shown, usually a vendor's error body.
        secrets: the secrets in the clear; empty and very short ones are passed over.
    """
    wanted = [one for one in dict.fromkeys(secrets) if len(one) >= _SHORTEST]
    if not wanted or not text:
        return text
    # The exact forms first, which may be short, or have blanks in them.
    for form in sorted({form for one in wanted for form in _exact_forms(one)}, key=len, reverse=True):  # one may contain another
        text = text.replace(form, MASK)
    sought = _sought(wanted)
    spans: list[tuple[int, int]] = []
    view: _View | None = _view(text)
    for _layer in range(_LAYERS + 1):
        if view is None:
            break
        spans += _found(view, sought, text)
        view = _decoded(view)
    return _masked(text, spans)


def mask_token_shapes(text: str) -> str:
    """Return the text with every word masked that looks like a token, known or not: long, and of mixed letters and digits."""
    text = _WRITTEN_AS_TOKEN.sub(lambda match: f"{match['kind'] or ''}{MASK}", text)
    return _WORD.sub(lambda match: _judged(match.group()), text)


def looks_like_token(word: str) -> bool:
    """Tell whether a word is more likely a token than a name: written as one, or long, of small letters, capitals and digits well mixed."""
    if _WRITTEN_AS_TOKEN.fullmatch(word):
        return True
    kinds = [kind for kind in map(_kind, word) if kind]
    if len(word) < _SHORTEST_TOKEN or len(set(kinds)) < 3:
        return False
    # A capital before a small letter begins a word, which proves nothing.
    changes = sum(one != other and (one, other) != ("A", "a") for one, other in pairwise(kinds))
    return changes >= _MIXED * len(word)


def _kind(char: str) -> str:
    return "0" if char.isdigit() else "A" if char.isupper() else "a" if char.islower() else ""


def _judged(word: str) -> str:
    """Return a word masked if it is a token, or in a path the parts of it that are."""
    if word[0] not in "/.~" and looks_like_token(word):
        return MASK
    return "/".join(MASK if looks_like_token(part) else part for part in word.split("/"))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # an option of bytes that are no text has halves of characters in it


def _exact_forms(secret: str) -> set[str]:
    data = _bytes(secret)
    encoded = base64.b64encode(data).decode()
    return {secret, json.dumps(secret)[1:-1], quote(data), quote(data, safe=""), quote_plus(data), encoded, encoded.rstrip("=")}


def _needles(secret: str) -> set[str]:
    """Return what stands for a secret in a view."""
    found = set()
    view: _View | None = _view(secret)
    for _layer in range(_LAYERS + 1):  # its own escapes are undone together with those of the text
        if view is None:
            break
        found.add(view.data)
        view = _decoded(view)
    data = _bytes(secret)
    if len(data) >= _SHORTEST_PIECE:
        found |= {data.hex()}
        for before in range(3):  # where it stands in a longer text that is in Base64
            encoded = base64.b64encode(b"\0" * before + data).decode()[(0, 2, 3)[before] :]
            whole = encoded.rstrip("=") if (before + len(data)) % 3 == 0 else encoded.rstrip("=")[:-1]
            found |= {whole, whole.replace("+", "-").replace("/", "_")}
    return {one for one in found if len(one) >= _SHORTEST}


def _view(text: str) -> _View:
    """Return a text without white space and what cannot be printed."""
    data, begins = [], []
    for place, char in enumerate(text):
        if _is_seen(char):
            piece = char if char.isascii() else _bytes(char).decode("latin-1")
            data.append(piece)
            begins += [place] * len(piece)
    return _View("".join(data), begins, [place + 1 for place in begins])


def _is_seen(char: str) -> bool:
    return char.isprintable() and not char.isspace()


def _decoded(view: _View) -> _View | None:
    """Return a view with one layer of escapes undone; None where there is none."""
    data: list[str] = []
    begins: list[int] = []
    ends: list[int] = []
    copied = 0
    for match in _ESCAPE.finditer(view.data):
        meant = _meant(match.group())
        if meant is None:
            continue
        first, end = match.span()
        data += [view.data[copied:first], meant]
        begins += view.begins[copied:first] + [view.begins[first]] * len(meant)
        ends += view.ends[copied:first] + [view.ends[end - 1]] * len(meant)
        copied = end
    if not copied:
        return None
    return _View("".join([*data, view.data[copied:]]), begins + view.begins[copied:], ends + view.ends[copied:])


def _meant(escape: str) -> str | None:
    """Return the bytes that an escape stands for; nothing for white space, None where it is none."""
    if escape[0] == "%":
        code = int(escape[1:], 16)
        return "" if code <= 0x20 or code == 0x7F else chr(code)
    if escape[0] == "&":
        char = html.unescape(escape)
        if char == escape:
            return None
    elif escape[1] in "ux":
        digits = escape[2:]
        char = chr(int(digits, 16))
    else:
        return "" if escape[1] in "bfnrt" else escape[1]
    return "".join(_bytes(one).decode("latin-1") for one in char if _is_seen(one))


def _sought(secrets: list[str]) -> _Sought:
    """Return what to look for in the views of a text."""
    short: dict[str, bool] = {}
    long: dict[str, bool] = {}
    pieces: dict[tuple[int, bool], list[str]] = {}
    for one in secrets:
        has_blank = any(char.isspace() for char in one)
        for needle in _needles(one):
            tolerant = has_blank or len(needle) >= _TOLERANT
            if len(needle) < _SHORTEST_PIECE:
                short[needle] = tolerant
            else:
                long[needle.lower()] = tolerant
                size = max(_SHORTEST_PIECE, min(_PIECE, -(-3 * len(needle) // 4)))
                pieces.setdefault((size, tolerant), []).append(needle.lower())
    return _Sought(short, long, {key: "\n".join(values) for key, values in pieces.items()})


def _found(view: _View, sought: _Sought, text: str) -> list[tuple[int, int]]:
    """Return where in the text there is what is sought, as a whole or in telling pieces."""
    spans: list[tuple[int, int]] = []
    for needle, tolerant in sought.short.items():
        spans += _occurrences(view, view.data, needle, tolerant, text)
    data = view.data.lower()  # bytes, so as long as before
    for needle, tolerant in sought.long.items():
        spans += _occurrences(view, data, needle, tolerant, text)
    for (size, tolerant), all_of_them in sought.pieces.items():
        for at in _places(data, all_of_them, size):
            span = (view.begins[at], view.ends[at + size - 1])
            if not _may_be_word(view.data[at : at + size]) and (tolerant or not _has_blank(text, span)):
                spans.append(span)
    return spans


def _places(data: str, all_of_them: str, size: int) -> list[int]:
    """Return where in a text there are pieces of so many characters of others, which stand in lines."""
    starts = range(len(data) - size + 1)
    if len(data) <= _SENTENCE:  # then searching all is faster than taking it to pieces
        return [at for at in starts if data[at : at + size] in all_of_them]
    pieces = {all_of_them[at : at + size] for at in range(len(all_of_them) - size + 1)}
    return [at for at in starts if data[at : at + size] in pieces]


def _may_be_word(piece: str) -> bool:
    """Tell whether a piece may as well be of a word or a name: only letters, with hardly a capital in the middle."""
    return piece.isalpha() and sum(one.islower() and other.isupper() for one, other in pairwise(piece)) < 2


def _occurrences(view: _View, data: str, needle: str, tolerant: bool, text: str) -> list[tuple[int, int]]:
    spans = []
    at = data.find(needle)
    while at >= 0:
        span = (view.begins[at], view.ends[at + len(needle) - 1])
        if tolerant or not _has_blank(text, span):
            spans.append(span)
        at = data.find(needle, at + 1)
    return spans


def _has_blank(text: str, span: tuple[int, int]) -> bool:
    return any(char.isspace() for char in text[span[0] : span[1]])


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    parts: list[str] = []
    done = 0
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    for begin, end in merged:
        parts += [text[done:begin], MASK]
        done = end
    return "".join([*parts, text[done:]])
