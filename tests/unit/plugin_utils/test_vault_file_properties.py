# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What planning an edit must keep, over generated vars files with several vault ids. Touches no files."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import Vault
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.plan import plan_edit
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.request import Request
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.document import format_path
from tests.unit.examples import examples
from tests.unit.plugin_utils.vars_documents import SECRETS, Document, FakeVaultLib, documents, load

IDS = ("dev", "prod", "default")
FEWER = examples(30)  # where test_vars_files_in_volume looks at the same in thousands of cases


@st.composite
def cases(draw: Any, kinds: tuple[str, ...] = ("vault", "scalar", "multi", "literal", "flow", "map", "list")) -> tuple[Document, str, str]:
    document = draw(documents(IDS))
    entries = [entry for entry in document.entries if entry.kind in kinds and all(entry.path)]
    assume(entries)
    return document, format_path(draw(st.sampled_from(entries)).path), draw(SECRETS)


def stored(data: bytes, name: str, vault: Vault) -> tuple[str, str | None]:
    """The clear text and label at a name, read without the code under test."""
    from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.document import parse_path

    node = load(data.decode())
    for segment in parse_path(name):
        node = node[int(segment)] if isinstance(node, list) else node[segment]
    kind, ciphertext = node
    assert kind == "vault"
    return vault.decrypt(ciphertext)


def planned(data: bytes, vault: Vault, **options: Any) -> Any:
    try:
        return plan_edit(data, Request(**options), vault)
    except VarsFileError as error:
        assume("anchor" not in str(error) and "ends in its text without a line break" not in str(error))
        raise


@settings(max_examples=FEWER)
@given(cases(), st.sampled_from(IDS))
def test_a_secret_is_stored_once(case: tuple[Document, str, str], vault_id: str) -> None:
    document, name, secret = case
    lib = FakeVaultLib(*IDS)
    vault = Vault(lib)
    edit = planned(document.text.encode(), vault, secrets={name: secret}, vault_id=vault_id)
    label = None if vault_id == "default" else vault_id
    assert stored(edit.data, name, vault) == (secret, label)
    assert edit.vault_ids == {name: label}
    again = plan_edit(edit.data, Request(secrets={name: secret}, vault_id=vault_id), vault)
    assert (again.changed, again.data, again.changes, again.vault_ids) == (False, edit.data, (), edit.vault_ids)
    lib.opened = 0
    plan_edit(edit.data, Request(secrets={name: secret}), Vault(lib))
    assert lib.opened == 1


@settings(max_examples=examples(50))
@given(cases(("vault",)))
def test_a_rotation_keeps_the_label_and_can_be_undone_to_the_byte(case: tuple[Document, str, str]) -> None:
    document, name, secret = case
    entry = next(entry for entry in document.entries if format_path(entry.path) == name)
    old = document.text.encode()
    vault = Vault(FakeVaultLib(*IDS))
    # Where lines of one ciphertext end differently, that is all that is not kept.
    assume(secret != entry.secret and old.count(b"\r\n") in (0, old.count(b"\n")))
    state = f"{format_path((entry.path[0],))}_rotation"
    assume(all(format_path((other.path[0],)) != state for other in document.entries))
    plain = {state: {"stage": "pending", "at": "2026-01-01"}}
    edit = planned(old, vault, secrets={name: secret, f"{state}.previous.value": entry.secret}, plain=plain)
    assert stored(edit.data, name, vault) == (secret, entry.label)
    assert stored(edit.data, f"{state}.previous.value", vault) == (entry.secret, entry.label)
    # The old ciphertext has moved, it was not made again.
    assert load(edit.data.decode())[_top(state)]["previous"]["value"] == _at(load(document.text), entry.path)
    back = planned(edit.data, vault, secrets={name: entry.secret}, remove=[state])
    # A literal that keeps trailing blank lines apart from its text, or two spaces in front of it, is not rewritten either.
    assert back.data == old
    assert [change.action for change in back.changes] == ["changed", "removed"]
    assert {change.name: change.after for change in back.changes}[name] == {change.name: change.before for change in edit.changes}[name]


def _top(name: str) -> str:
    from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.document import parse_path

    return parse_path(name)[0]


def _at(tree: Any, path: tuple[str, ...]) -> Any:
    for segment in path:
        tree = tree[int(segment)] if isinstance(tree, list) else tree[segment]
    return tree


@settings(max_examples=FEWER)
@given(documents(IDS), SECRETS, st.sampled_from(IDS))
def test_a_whole_file_vault_stays_one(document: Document, secret: str, vault_id: str) -> None:
    vault = Vault(FakeVaultLib(*IDS))
    old = vault.encrypt(document.text, vault_id).encode()
    edit = planned(old, vault, secrets={"new.key": secret}, plain={"new.plain": [1]})
    text, label = vault.decrypt(edit.data.decode())
    assert load(text)["new"] == {"key": secret, "plain": [1]}
    assert label == (None if vault_id == "default" else vault_id)
    again = plan_edit(edit.data, Request(secrets={"new.key": secret}, plain={"new.plain": [1]}), vault)
    assert not again.changed
    assert again.data == edit.data
    back = plan_edit(edit.data, Request(remove=["new"]), vault)
    assert vault.decrypt(back.data.decode()) == (document.text, label)
