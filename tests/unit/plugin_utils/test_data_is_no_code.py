# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that could be a template is written, kept and published as !unsafe, and a template that the user wrote stays one."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.content import fingerprints
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import Vault
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.plan import plan_edit
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.request import Request
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.transfer import transfer
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.vars_file import read_file
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.document import YamlDocument, same

VAULT = Vault(VaultLib([("prod", VaultSecret(b"not a real one"))]))
HOSTILE = ["{{ lookup('pipe', 'touch x') }}", "a {% if 1 %}b", "{# c #}", "two\nlines {{ x }}", "'{{ \"q\" }}'"]


class Loader(yaml.SafeLoader):
    """Reads as Ansible does, and marks what it would not template."""


class Inert(str):
    """What Ansible would not template."""


Loader.add_constructor("!unsafe", lambda _loader, node: Inert(node.value))
Loader.add_constructor("!vault", lambda _loader, node: Inert(VAULT.open(node.value, "v").text))


def loaded(data: bytes) -> Any:
    if data.startswith(b"$ANSIBLE_VAULT"):
        data = VAULT.open(data.decode(), "v").text.encode()
    return yaml.load(data, Loader)  # noqa: S506  (a SafeLoader)


def templates(tree: Any) -> list[str]:
    """Every text that Ansible would template."""
    if isinstance(tree, dict):
        return [one for value in tree.values() for one in templates(value)]
    if isinstance(tree, list):
        return [one for value in tree for one in templates(value)]
    return [tree] if isinstance(tree, str) and not isinstance(tree, Inert) and "{" in tree else []


def edited(old: bytes | None, **request: Any) -> bytes:
    return plan_edit(old, Request(**{"create": True, "vault_id": "prod", **request}), VAULT, where="v.yml").data


@pytest.mark.parametrize("encrypt", ["value", "file"])
@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_asked_for(text: str, encrypt: Any) -> None:
    plain = {"a": text, "b": [text, {"c": text}], "d": {"e": text}, "f.g": text}
    new = edited(None, plain=plain, secrets={"s": text, "t": {"u": [text]}}, encrypt=encrypt)
    found = loaded(new)
    assert templates(found) == []
    assert found["b"] == [text, {"c": text}]
    assert found["s"] == found["f"]["g"] == text
    again = plan_edit(new, Request(secrets={"s": text, "t": {"u": [text]}}, plain=plain), VAULT, where="v.yml")
    assert not again.changed


@pytest.mark.parametrize("text", HOSTILE)
def test_a_template_that_is_there_becomes_text(text: str) -> None:
    old = yaml.safe_dump({"a": text, "b": text}, default_style='"').encode()
    assert len(templates(loaded(old))) == 2
    new = edited(old, plain={"a": text})
    assert templates(loaded(new)) == [text]
    assert loaded(new)["a"] == text


USERS = b"""\
a: !unsafe "{{ 1 }}"
b: ['x', !unsafe '{{ 2 }}']
c: {d: !unsafe '{% 3 %}', e: "{{ mine }}"}
f: "{{ mine }}"
g: !unsafe |
  two {{ 4 }}
  lines
h: !unsafe plain
"""


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(
    "target", [b"other: 1\n", b"a: old\nb: [old]\nc: {d: old}\nf: old\ng: old\nh: old\n", USERS.replace(b"!unsafe ", b"")]
)
def test_what_is_published(target: bytes, whole: bool) -> None:
    source = USERS
    if whole:
        seal = VAULT.seal("prod")
        source, target = (VAULT.encrypt(one.decode(), seal, "v").encode() for one in (source, target))
    new = transfer(source, target, list("abcfgh"), {"told": HOSTILE[0]}, VAULT, where=("here", "there"))
    found = loaded(new)
    assert templates(found) == ["{{ mine }}", "{{ mine }}"]
    assert {name: found[name] for name in "abcfgh"} == loaded(USERS)
    assert found["told"] == HOSTILE[0]
    assert transfer(source, new, list("abcfgh"), {"told": HOSTILE[0]}, VAULT, where=("here", "there")) == new


def test_an_edit_beside_keeps_them() -> None:
    old = yaml.safe_dump({"mine": "{{ mine }}"}).encode() + b"a:\n  b: !unsafe '{{ 1 }}'\n  c: '{{ mine }}'\n"
    assert templates(loaded(edited(old, plain={"a.d": 1, "e": "y"}))) == ["{{ mine }}", "{{ mine }}"]


def test_a_rival_that_makes_a_template_of_it_is_noticed() -> None:
    one, other = (fingerprints(text, ["a"], VAULT, "v")["a"] for text in (b"a: !unsafe '{{ 1 }}'", b"a: '{{ 1 }}'"))
    assert one != other
    one, other = (fingerprints(text, ["a"], VAULT, "v")["a"] for text in (b"a: !unsafe x", b"a: x"))
    assert one == other


def test_equality() -> None:
    trees = [YamlDocument(text, "v").find(("a",)) for text in ("a: !unsafe '{{ 1 }}'", "a: '{{ 1 }}'", "a: !unsafe x", "a: x")]
    unsafe, template, marked, plain = (one.tree for one in trees if one is not None)
    assert same(unsafe, unsafe)
    assert not same(unsafe, template)
    assert not same(template, unsafe)
    assert same(marked, plain)
    assert same(plain, marked)


def test_what_is_read_is_text(tmp_path: Any) -> None:
    path = tmp_path / "v.yml"
    path.write_bytes(USERS)
    found = read_file(str(path), ["a", "b", "c"], VAULT).values
    assert found["a"].__class__ is str
    assert [type(one) for one in found["b"]] == [str, str]  # type: ignore[attr-defined]
    assert found["a"] == "{{ 1 }}"
