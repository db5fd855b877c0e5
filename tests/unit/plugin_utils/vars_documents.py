# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated vars files that know where each of their values stands, and a cheap vault. Touches nothing."""

from __future__ import annotations

import binascii
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import yaml
from ansible.errors import AnsibleError
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import VaultLib


class FakeSecret:
    """Stands for a VaultSecret."""

    def __init__(self, data: bytes) -> None:
        self.bytes = data


class FakeVaultLib:
    """VaultLib's interface with hex in place of encryption; no two envelopes of it are alike."""

    def __init__(self, *ids: str) -> None:
        self.secrets = [(vault_id, FakeSecret(b"secret of " + vault_id.encode())) for vault_id in ids]
        self.opened = 0
        self._salt = itertools.count(1)

    def encrypt(self, plaintext: str, secret: FakeSecret, vault_id: str = "default") -> bytes:
        body = b"%08d|" % next(self._salt) + secret.bytes + b"|" + plaintext.encode()
        version = "1.1;AES256" if vault_id == "default" else f"1.2;AES256;{vault_id}"
        digits = body.hex()
        return "\n".join([f"$ANSIBLE_VAULT;{version}", *(digits[at : at + 80] for at in range(0, len(digits), 80)), ""]).encode()

    def decrypt_and_get_vault_id(self, vaulttext: str) -> tuple[bytes, str, FakeSecret]:
        self.opened += 1
        header, *lines = vaulttext.encode().splitlines()
        if not header.startswith(b"$ANSIBLE_VAULT;"):
            raise AnsibleError("input is not vault encrypted data")
        try:
            _salt, owner, plain = binascii.unhexlify(b"".join(lines)).split(b"|", 2)
        except ValueError:
            raise AnsibleError("Vault format unhexlify error") from None
        for vault_id, secret in self.secrets:
            if secret.bytes == owner:
                return plain, vault_id, secret
        raise AnsibleError("Decryption failed (no vault secrets were found that could decrypt)")


class PlainLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """An independent reader: vaulted values become ("vault", ciphertext)."""


for _tag in ("!vault", "!vault-encrypted"):
    PlainLoader.add_constructor(_tag, lambda _loader, node: ("vault", "\n".join(line for line in node.value.split("\n") if line)))
PlainLoader.add_constructor("!unsafe", lambda _loader, node: node.value)


def load(text: str) -> Any:
    return yaml.load(text, Loader=PlainLoader)  # noqa: S506  a SafeLoader


@dataclass
class Entry:
    """One key of a generated document: its path, first line and the line after its last, and what may be done with it."""

    path: tuple[str, ...]
    first: int
    end: int
    kind: str
    secret: str | None = None
    label: str | None = None


@dataclass
class Document:
    """A generated document."""

    lines: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    text: str = ""


WORDS = [
    "alpha",
    "b",
    "c3",
    "user_name",
    "Zürich",
    "名前",
    "on",
    "no",
    "1",
    "0x1",
    "null",
    "a b",
    "x-y",
    "k" * 300,
    "a.b",
    "it's",
    "#x",
    "{{ j }}",
    "~",
    "",
]
SCALARS = [
    *(
        "plain",
        "two words",
        "12",
        "0o14",
        "1.50",
        "true",
        "~",
        "null",
        "2024-01-02",
        "a:b",
        "-1",
        "1e3",
        "12:30:45",
        "ünï ☃ 🎉",
        "http://x/y#z",
    ),
    *(
        "'single q'",
        "'it''s'",
        '"dou\\"ble \\u00e9"',
        "'{{ jinja }}'",
        "''",
        '"a\ttab"',
        "'a\ttab'",
        '"a: b"',
        "'#no comment'",
        "!unsafe '{{ x }}'",
        "!!str 5",
    ),
    *("[]", "{}", "[1, 'two', {three: 3}]", '{a: [b], "c": d}'),
]
COMMENTS = ["# a comment", "#\ttab\t", "#", "#: ü: !vault |", "# key: value", "#--- x"]
SOME_SECRETS = ["s3cret", "", " ", "{{ x }}", "line\nline\n", "ü☃🎉", "'\"", "null", "0", "a: b # c", "\t", "x" * 200, "\u2028\x85\x7f"]
SECRETS = st.one_of(
    st.sampled_from(SOME_SECRETS),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
).filter(lambda text: not text.startswith("$ANSIBLE_VAULT"))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=15)
ODD = [
    "---",
    "...",
    "- x",
    "? x",
    "a: b",
    "a #b",
    "x:",
    "=",
    "<<",
    "1_000",
    "+.inf",
    ".nan",
    "!x",
    "&x",
    "*x",
    "%x",
    "key: x",
    "? a",
    "- a",
]
PLAINS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(WORDS + SCALARS + ODD), TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(WORDS + ODD), TEXTS), inner, max_size=3),
    ),
    max_leaves=6,
)


def quote_key(key: str, style: int) -> str:
    if style == 0 and key.isascii() and key.replace("_", "").isalpha() and key not in ("on", "no", "null"):
        return key
    if style == 1:
        return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return "'" + key.replace("'", "''") + "'"


class Picker(Protocol):
    """What chooses how a document comes out."""

    def of(self, options: Sequence[Any]) -> Any:
        """One of these."""

    def several(self, options: Sequence[Any]) -> list[Any]:
        """One to four of these; one may come twice."""

    def different(self, options: Sequence[Any]) -> list[Any]:
        """One to four of these, none twice."""

    def number(self, low: int, high: int) -> int:
        """A number between these, or one of them."""

    def flag(self) -> bool:
        """Yes or no."""

    def secret(self) -> str:
        """A text that is to be encrypted."""


class Drawn:
    """Hypothesis chooses, and makes what fails small; that is most of what a case costs."""

    def __init__(self, draw: Any) -> None:
        self._draw = draw

    def of(self, options: Sequence[Any]) -> Any:
        return self._draw(st.sampled_from(options))

    def several(self, options: Sequence[Any]) -> list[Any]:
        return self._draw(st.lists(st.sampled_from(options), min_size=1, max_size=4))

    def different(self, options: Sequence[Any]) -> list[Any]:
        return self._draw(st.lists(st.sampled_from(options), min_size=1, max_size=4, unique=True))

    def number(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))

    def flag(self) -> bool:
        return self._draw(st.booleans())

    def secret(self) -> str:
        return self._draw(SECRETS)


class Seeded:
    """A seed chooses, so that there can be many cases."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def of(self, options: Sequence[Any]) -> Any:
        return self._random.choice(options)

    def several(self, options: Sequence[Any]) -> list[Any]:
        return self._random.choices(options, k=self.number(1, 4))

    def different(self, options: Sequence[Any]) -> list[Any]:
        return self._random.sample(options, k=self.number(1, 4))

    def number(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def flag(self) -> bool:
        return self._random.random() < 0.5

    def secret(self) -> str:
        if self.flag():
            return self.of(SOME_SECRETS)
        text = "".join(chr(self.of([self.number(0, 0x7F), self.number(0, 0x2FFF), 0x1F511])) for _unused in range(self.number(0, 30)))
        return "" if text.startswith("$ANSIBLE_VAULT") else text


@st.composite
def documents(draw: Any, vault_ids: tuple[str, ...] = ("dev", "prod", "default"), anchors: bool = True) -> Document:
    """Documents that hypothesis chooses."""
    return document_of(Drawn(draw), vault_ids, anchors)


def document_of(
    pick: Picker, vault_ids: tuple[str, ...] = ("dev", "prod", "default"), anchors: bool = True, lib: VaultLib | None = None
) -> Document:
    """Return a document with all that vars files have in them, its secrets encrypted by a vault library."""
    document = Document()
    lib = lib or FakeVaultLib(*vault_ids)
    lines = document.lines
    made: list[str] = []
    merged: list[str] = []  # those of them that can stand behind a merge key
    last = [""]  # the kind of what stands in the last lines

    def noise(column: int) -> None:
        in_text = last[0] in ("vault", "literal", "keep")  # blanks could become part of it
        for _unused in range(pick.of([0, 0, 0, 0, 1, 2])):
            indent = pick.of([column, column, column, 0])
            blank = "" if in_text else " " * pick.of([0, 0, indent, indent + 3])
            lines.append(pick.of(["", blank, *[" " * indent + text for text in COMMENTS]]))

    def tail() -> str:
        return pick.of(["", "", "", " # tail", "   #t: 1", " "])

    def value(column: int, opening: str, path: tuple[str, ...], depth: int, in_list: bool) -> None:
        """Lines of one value; opening is the text in front of it, with its colon or dash."""
        first = len(lines)
        kinds = ["scalar", "scalar", "vault", "vault", "literal", "multi", "flow", "empty"]
        if depth < 3:
            kinds += ["map", "map", "list"]
        if anchors:
            kinds += ["anchor", "alias"]
        kind = pick.of(kinds)
        entry = Entry(path, first, first, kind)
        if kind == "alias" and not made:
            kind = entry.kind = "empty"
        last[0] = kind
        if kind == "scalar":
            lines.append(f"{opening}{pick.of([' ', ' ', '   '])}{pick.of(SCALARS)}{tail()}")
        elif kind == "empty":
            lines.append(opening + tail())
        elif kind == "anchor":
            name = f"a{len(made)}"
            anchored = pick.of(["x", "[1, 2]", "{q: 1}"])
            lines.append(f"{opening} &{name} {anchored}{tail()}")
            made.append(name)
            if anchored == "{q: 1}":
                merged.append(name)
        elif kind == "alias":
            lines.append(f"{opening} *{pick.of(made)}{tail()}")
        elif kind == "flow":
            lines.extend([f"{opening} {{a: 1, # inner", " " * (column + 2) + "b: [x,", " " * (column + 3) + f"y]}}{tail()}"])
        elif kind == "multi":
            if pick.flag():
                lines.extend([f'{opening} "one', "", " " * (column + 1) + 'two # three" # c'])
            else:
                lines.extend([f"{opening} one", " " * (column + 3) + "two", " " * (column + 1) + f"three{tail()}"])
        elif kind == "literal":
            style = pick.of(["|", ">", "|-", ">-", "|+", "|2", ">+"])
            # The blank lines below such a literal are part of its value.
            entry.kind = "keep" if "+" in style else kind
            indent = column + (2 if "2" in style else pick.of([1, 2, 4, 7]))
            lines.append(f"{opening} {style}{pick.of(['', ' # head'])}")
            body = pick.several(["text", "  deeper", "", "# no comment", "key: value", "- item", "a\ttab"])
            body[0] = "text"
            lines.extend(" " * indent + line if line else "" for line in body)
        elif kind == "vault":
            entry.secret = pick.secret()
            vault_id, secret = pick.of(lib.secrets)
            entry.label = None if vault_id == "default" else vault_id
            indent = column + pick.of([2, 2, 4, 10, 1])
            head = pick.of(["!vault |", "!vault |", "!vault |-", "!vault  |", "!vault-encrypted |"])
            lines.append(f"{opening} {head}{pick.of(['', '', ' # head'])}")
            lines.extend(" " * indent + line for line in lib.encrypt(entry.secret, secret, vault_id).decode().split())
            if pick.number(0, 5) == 0:
                lines.append("")
                entry.end = -1
        elif kind == "map":
            step = pick.of([2, 2, 4, 1])
            if in_list and pick.flag():
                mapping(len(opening) + 1, path, depth + 1, f"{opening} ")
            else:
                lines.append(opening + tail())
                mapping(column + step, path, depth + 1)
        else:
            lines.append(opening + tail())
            dash = column + pick.of([2, 1] if in_list else [0, 2, 4])
            for number in range(pick.number(1, 3)):
                noise(dash)
                value(dash, f"{' ' * dash}-", (*path, str(number)), depth + 1, True)
        entry.end = len(lines) + entry.end if entry.end < 0 else len(lines)
        document.entries.append(entry)

    def mapping(column: int, path: tuple[str, ...], depth: int, opening: str = "") -> None:
        keys = pick.different(WORDS)
        for number, key in enumerate(keys):
            if number or not opening:
                noise(column)
            pad = opening if opening and not number else " " * column
            written = quote_key(key, pick.number(0, 2)) + pick.of(["", "", " "])
            if len(written) > 3 or written not in ("1", "~"):
                value(column, f"{pad}{written}:", (*path, key), depth, False)
        if merged and pick.flag():
            last[0] = "merge"
            lines.append(f"{' ' * column}<<: {pick.of([f'*{merged[-1]}', f'[*{merged[0]}, *{merged[-1]}]'])}{tail()}")

    if pick.flag():
        lines.extend(pick.of([["---"], ["# top", "---"], ["%YAML 1.1", "---"], ["--- # x"]]))
    noise(0)
    if pick.number(0, 9):
        mapping(0, (), 0)
    noise(0)
    ended = pick.number(0, 7) == 0 and bool(document.entries)
    if ended:
        lines.append("...")
    breaks = pick.of([["\n"], ["\n"], ["\r\n"], ["\n", "\r\n"]])
    pieces = [line + breaks[number % len(breaks)] for number, line in enumerate(lines)]
    if pieces and pick.flag():
        pieces[-1] = lines[-1]
    document.text = ("\ufeff" if pick.number(0, 9) == 0 else "") + "".join(pieces)
    if document.text.startswith("\ufeff%"):
        document.text = document.text[1:]
    return document
