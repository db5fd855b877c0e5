# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of generated vars files, in volume: what must hold of each, without what makes hypothesis slow.

The other properties (test_vars_text_properties, test_vault_file_properties) take the same documents and look for the smallest that
fails; of what fails here, the seed is named.
"""

from __future__ import annotations

from typing import Any

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import Vault
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.plan import plan_edit
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.request import Request
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.document import REMOVED, format_path
from tests.unit.examples import examples
from tests.unit.plugin_utils.test_vars_text_properties import is_editable, put, typed
from tests.unit.plugin_utils.test_vault_file_properties import stored
from tests.unit.plugin_utils.vars_documents import Document, Entry, FakeVaultLib, Seeded, document_of, load

IDS = ("dev", "prod", "default")
PER_TEST, TESTS = examples(500), 4
WITH_REAL_CIPHER = examples(30, thorough=1000)  # each costs several derivations of a key
REFUSALS = (
    "anchor",
    "alias",
    "item of a list",
    "comment stands",
    "without a line break",
    "could not be edited safely",
    "several vault ids",
)
PLAINS = [
    "text",
    "a: b # c",
    "{{ x }}",
    "null",
    0,
    1.5,
    True,
    None,
    [],
    {},
    ["a", {"b": [1]}],
    {"k": {"l": "m\nn"}},
    "\u2028",
    "2026-01-01",
]


class Real(VaultLib):
    """Ansible's own cipher, with the ids of the generated documents."""

    def __init__(self) -> None:
        super().__init__([(one, VaultSecret(b"password of " + one.encode())) for one in IDS])


class Case:
    """One document, and one edit of it."""

    def __init__(self, seed: int, real: bool) -> None:
        self.pick = Seeded(seed)
        lib = Real() if real else FakeVaultLib(*IDS)
        self.document: Document = document_of(self.pick, lib=lib)
        self.vault = Vault(lib)
        self.whole = self.pick.number(0, 7) == 0
        self.text = self.document.text
        self.entry: Entry | None = None
        self.path: tuple[str, ...] = ()

    def choose(self) -> dict[str, Any]:
        """Choose where and what; return the request's options."""
        kinds = [one for one in self.document.entries if all(one.path) and one.kind not in ("anchor", "alias")]
        if kinds and self.pick.number(0, 3):
            self.entry = self.pick.of(kinds)
            self.path = self.entry.path
        else:
            parents: list[tuple[str, ...]] = [(), *[one.path for one in self.document.entries if one.kind == "map" and all(one.path)]]
            new = [self.pick.of(["new", "new key", "\u043a\u043b\u044e\u0447", "yes", "0x", "x: y", "a.dot", "long" * 90])]
            self.path = (*self.pick.of(parents), *new, *["deep"] * self.pick.number(0, 2))
        name = format_path(self.path)
        what = self.pick.number(0, 5)
        if what == 0 and self.entry:
            self.value: Any = REMOVED
            return {"remove": [name]}
        if what == 1:
            self.value = self.pick.of(PLAINS)
            return {"plain": {name: self.value}}
        self.value = self.pick.secret()
        options: dict[str, Any] = {"secrets": {name: self.value}}
        if not self.whole and self.pick.flag():
            options["vault_id"] = self.pick.of(IDS)
        return options

    def run(self) -> bool:
        """Edit, and check all that must hold; False where the edit is refused, for a reason that is allowed."""
        options = self.choose()
        secret = "secrets" in options
        old = self.text.encode()
        if self.whole:
            old = self.vault.encrypt(self.text, self.pick.of(IDS)).encode()
        try:
            edit = plan_edit(old, Request(**options), self.vault)
        except VarsFileError as refused:
            if any(word in str(refused) for word in REFUSALS):
                return False
            raise
        again = plan_edit(edit.data, Request(**options), self.vault)
        assert (again.changed, again.data) == (False, edit.data)
        new = self.vault.decrypt(edit.data.decode())[0] if self.whole else edit.data.decode()
        before, after = load(self.text), load(new)
        wanted = self.value
        if secret:
            wanted = self._at(after)
            # in a file that is a vault as a whole, a value may be one as well
            assert self.value == (wanted if isinstance(wanted, str) else stored(new.encode(), format_path(self.path), self.vault)[0])
            assert self.whole or not isinstance(wanted, str)
        assert typed(after or {}) == typed(put(before, self.path, wanted) or {})
        self.check_bytes(new)
        return True

    def _at(self, tree: Any) -> Any:
        for part in self.path:
            tree = tree[int(part)] if isinstance(tree, list) else tree[part]
        return tree

    def check_bytes(self, new: str) -> None:
        """All bytes but those of the value are as they were."""
        old = self.text
        if self.entry is None:
            # what is new stands in one piece
            same = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
            added = len(new) - len(old)
            assert any(new[at + added :] == old[at:] for at in range(same, max(same - added, 0) - 1, -1))
        elif self.value is not REMOVED:
            old_lines, new_lines = old.splitlines(keepends=True), new.splitlines(keepends=True)
            assert new_lines[: self.entry.first] == old_lines[: self.entry.first]
            rest = old_lines[self.entry.end :]
            if rest and self.entry.kind != "keep":
                assert new_lines[-len(rest) :] == rest
        elif len(self.path) == 1:
            assert new.startswith("".join(old.splitlines(keepends=True)[: self.entry.first]).rstrip("\r\n"))


def edits(first_seed: int, count: int, real: bool) -> int:
    """Make so many edits that are not refused, from this seed on; return how many were refused."""
    refused = done = 0
    seed = first_seed
    while done < count:
        case = Case(seed, real)
        if is_editable(case.text):
            try:
                good = case.run()
            except Exception as failure:
                raise AssertionError(f"seed {seed}, path {case.path}, value {case.value!r}, file:\n{case.text}") from failure
            done, refused = done + good, refused + (not good)
        seed += 1
        assert seed - first_seed < 20 * count
    return refused


@pytest.mark.parametrize("number", range(TESTS))
def test_an_edit_changes_what_is_asked_for_and_nothing_else(number, record_property):
    refused = edits(number * 1_000_000, PER_TEST, real=False)
    assert refused < PER_TEST / 2
    record_property("vars file edits", PER_TEST)


def test_an_edit_with_ansibles_own_cipher(record_property):
    edits(77_000_000, WITH_REAL_CIPHER, real=True)
    record_property("vars file edits", WITH_REAL_CIPHER)


@pytest.mark.parametrize("number", range(200))
def test_several_documents_are_refused(number):
    first, second = (document_of(Seeded(2 * number + at)).text.strip("\ufeff") for at in (0, 1))
    text = f"a: 1\n{first if first.startswith('#') else ''}\n---\nb: 1\n{second if second.startswith('#') else ''}"
    with pytest.raises(VarsFileError, match=r"more than one YAML document|is not valid YAML"):
        plan_edit(text.encode(), Request(plain={"x": 1}), Vault(FakeVaultLib(*IDS)))
