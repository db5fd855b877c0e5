# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What edits of single vars files look like, and every refusal with its sentence. Touches no files."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.document import (
    REMOVED,
    Quoted,
    Vaulted,
    YamlDocument,
    format_path,
    parse_path,
)
from tests.unit.plugin_utils.vars_documents import load

V = Vaulted("$ANSIBLE_VAULT;1.1;AES256\n6162\n6364")
W = Vaulted("$ANSIBLE_VAULT;1.1;AES256\n7777\n7878")
BODY = "$ANSIBLE_VAULT;1.1;AES256\n{0}6162\n{0}6364"


def body(indent: int) -> str:
    return " " * indent + BODY.format(" " * indent)


def other(indent: int) -> str:
    return body(indent).replace("6162", "7777").replace("6364", "7878")


def edit(text: str, changes: dict[str, Any]) -> str:
    return YamlDocument(text, "f.yml").edit({parse_path(name): value for name, value in changes.items()}).text


EDITS: list[tuple[str, str, dict[str, Any], str]] = [
    ("plain value and its comment", "a: 1\nb: 2   # c\n", {"b": "x"}, "a: 1\nb: x   # c\n"),
    ("plain to vaulted keeps the comment", "b: 2   # c\nz: 1\n", {"b": V}, f"b: !vault |   # c\n{body(2)}\nz: 1\n"),
    ("vaulted to plain", f"b: !vault | # c\n{body(4)}\n\n# d\n", {"b": 1}, "b: 1 # c\n\n# d\n"),
    ("indentation of the literal stays", f"b: !vault |\n{body(10)}\n", {"b": W}, f"b: !vault |\n{other(10)}\n"),
    ("new values look like the others", f"b: !vault |\n{body(6)}\n", {"c": V}, f"b: !vault |\n{body(6)}\nc: !vault |\n{body(6)}\n"),
    ("no final line break", "a: 1", {"c": V}, f"a: 1\nc: !vault |\n{body(2)}"),
    ("CRLF", "a: 1\r\nb: 2\r\n", {"a": V}, f"a: !vault |\n{body(2)}\nb: 2\n".replace("\n", "\r\n")),
    ("BOM", "\ufeffa: 1\n", {"b": 2, "a": 3}, "\ufeffa: 3\nb: 2\n"),
    ("empty", "", {"a.b": 1}, "a:\n  b: 1\n"),
    ("only a comment", "# c", {"a": 1}, "# c\na: 1"),
    ("only ---", "---\n", {"a": 1}, "---\na: 1\n"),
    ("--- and ...", "---\n# c\n...\n", {"a": V}, f"---\n# c\na: !vault |\n{body(2)}\n...\n"),
    ("top-level {}", "---\n{}\n", {"a": 1}, "---\na: 1\n"),
    ("{} is given keys", "a: {} # c\nb: 1\n", {"a.x": 1}, "a: # c\n  x: 1\nb: 1\n"),
    ("the last nested key leaves {}", "a: # c\n  x: 1 # d\n# e\nb: 1\n", {"a.x": REMOVED}, "a: {} # c\n# e\nb: 1\n"),
    ("the last key leaves an empty document", "---\n# c\na: 1\n", {"a": REMOVED}, "---\n# c\n"),
    ("all nested keys but a new one", "q:\n  a: 1\n  b: 2\n", {"q.a": REMOVED, "q.b": REMOVED, "q.z": 3}, "q:\n  z: 3\n"),
    ("removing and adding at the end", "a: 1\nb: 2\n", {"b": REMOVED, "c": 3}, "a: 1\nc: 3\n"),
    ("all top-level keys but a new one", "q: 1 # q\nr: 2", {"q": REMOVED, "r": REMOVED, "z": V, "w": 1}, f"z: !vault |\n{body(2)}\nw: 1"),
    ("several keys at the end", "q: 1\nr: 2\ns: 3\nt: 4", {"q": REMOVED, "s": REMOVED, "t": REMOVED}, "r: 2"),
    ("siblings' indentation", "a:\n     x: 1\n\nb: 2\n", {"a.w": 2}, "a:\n     x: 1\n     w: 2\n\nb: 2\n"),
    ("comments below the last key", "a:\n  x: 1\n  # still a\n# b's\nb: 2\n", {"a.w": 2}, "a:\n  x: 1\n  # still a\n  w: 2\n# b's\nb: 2\n"),
    ("a comment is not swallowed by a literal", "a: 1\n      # deep\nb: 2\n", {"a": V}, f"a: !vault |\n{body(7)}\n      # deep\nb: 2\n"),
    ("blanks are not swallowed by a literal", "a: 1\n    \nb: 2\n", {"a": V}, f"a: !vault |\n{body(4)}\n    \nb: 2\n"),
    ("blanks below a removed key go with it",
     f"a: !vault |\n{body(2)}\nb: 1\n    \nc: 3\n", {"b": REMOVED}, f"a: !vault |\n{body(2)}\nc: 3\n"),
    ("blanks below a removed key, text above", "a: |\n  t\nb: 1\n\n     \n\nc: 3\n", {"b": REMOVED}, "a: |\n  t\n\nc: 3\n"),
    ("blanks below a removed first key stay", "b: 1\n    \nc: 3\n", {"b": REMOVED}, "    \nc: 3\n"),
    ("blanks below a removed block",
     f"a: !vault |\n{body(2)}\nb:\n  x: 1\n    \nc: 3\n", {"b": REMOVED}, f"a: !vault |\n{body(2)}\nc: 3\n"),
    ("blanks behind the last of several removed keys", f"a: !vault |\n{body(2)}\nb: 1\nc: 2\n    \nd: 3\n", {"b": REMOVED, "c": REMOVED},
     f"a: !vault |\n{body(2)}\nd: 3\n"),
    ("blanks below the last key of a nested mapping", f"q:\n  a: !vault |\n{body(4)}\n  b: 1\n      \nc: 3\n", {"q.b": REMOVED},
     f"q:\n  a: !vault |\n{body(4)}\nc: 3\n"),
    ("text that drops its last line break", "a: |-\n  t", {"b": 1}, "a: |-\n  t\nb: 1"),
    ("folded text that drops its last line break", "q:\n  a: >2-\n    t", {"b": V}, f"q:\n  a: >2-\n    t\nb: !vault |\n{body(2)}"),
    ("below text that drops its last line break", "a: |-\n  t\nb: 1", {"b": REMOVED}, "a: |-\n  t"),
    ("below text that keeps its last line break", "a: |\n  t\nb: 1", {"b": REMOVED}, "a: |\n  t\n"),
    ("a key that is a number",
     "v:\n  10: # c\n    p: 1\n  11: 2\n", {"v.10.p": V, "v.11": REMOVED}, f"v:\n  10: # c\n    p: !vault |\n{body(6)}\n"),
    ("a new key is text", "v:\n  10: 1\n", {"v.11": 2}, "v:\n  10: 1\n  '11': 2\n"),
    ("beside a merge key",
     "c: &c\n  p: 1\ns:\n  <<: *c\n  t: 1\n", {"s.t": 2, "s.u": 3}, "c: &c\n  p: 1\ns:\n  <<: *c\n  t: 2\n  u: 3\n"),
    ("an own key beats a merged one",
     "c: &c {t: 0}\ns:\n  t: 1\n  <<: [*c, *c]\n", {"s.t": V, "s.u": 3},
     f"c: &c {{t: 0}}\ns:\n  t: !vault |\n{body(4)}\n  <<: [*c, *c]\n  u: 3\n"),
    ("removed beside a merge key",
     "c: &c\n  p: 1\ns:\n  <<: *c\n  t: 1\n  u: 2\n", {"s.t": REMOVED, "s.u": REMOVED}, "c: &c\n  p: 1\ns:\n  <<: *c\n"),
    ("a merge key at the top", "c: &c\n  p: 1\n<<: *c\n", {"t": 1}, "c: &c\n  p: 1\n<<: *c\nt: 1\n"),
    ("null is given keys", "# c\n---\nnull # d\n", {"a.b": 1}, "# c\n---\na:\n  b: 1 # d\n"),
    ("~ is given keys", "~", {"a": V}, f"a: !vault |\n{body(2)}"),
    ("nothing is removed from null", "---\n~\n", {"a": REMOVED}, "---\n~\n"),
    ("item of a list", "a:\n  - x: 1\n    y: 2\n  - z\n", {"a.0.y": V, "a.1": "q"}, f"a:\n  - x: 1\n    y: !vault |\n{body(6)}\n  - q\n"),
    ("first key of an item", "a:\n- x: 1\n  y: 2\n", {"a.0.x": REMOVED}, "a:\n- y: 2\n"),
    ("empty item", "a:\n-\n- 1\n", {"a.0": {"k": 1, "j": 2}}, "a:\n- k: 1\n  j: 2\n- 1\n"),
    ("list to mapping", "a:\n- 1\n- 2 # c\nb: 1\n", {"a": {"k": 1, "j": [1]}}, "a:\n  k: 1\n  j:\n    - 1\nb: 1\n"),
    ("block to scalar", "a: # c\n  # d\n  k: 1 # e\nb: 1\n", {"a": 1}, "a: 1 # c\n  # d\nb: 1\n"),
    ("flow value as a whole", "a: {x: 1,\n  y: 2} # c\nb: 1\n", {"a": {"x": 2}}, "a: # c\n  x: 2\nb: 1\n"),
    ("value on its own line", "a:\n  # c\n  old # d\nb: 1\n", {"a": {"x": 2, "w": 3}}, "a:\n  # c\n  x: 2 # d\n  w: 3\nb: 1\n"),
    ("quoted keys", "'a b': 1\n", {"a b": 2, "on": 3, "x: y": 4}, "'a b': 2\n'on': 3\n'x: y': 4\n"),
    ("other anchors", "a: &x 1\nb: *x\nc: 1\n", {"c": 2}, "a: &x 1\nb: *x\nc: 2\n"),
    ("anchors used only inside", "a:\n  p: &x 1\n  q: *x\nc: 1\n", {"a": 2}, "a: 2\nc: 1\n"),
    ("moved ciphertext keeps its indentation", f"x: !vault |\n{body(10)}\n", {"x": W, "r.p.v": V},
     f"x: !vault |\n{other(10)}\nr:\n  p:\n    v: !vault |\n{body(14)}\n"),
    ("an absent name is absent already", "a: 1\n", {"b": REMOVED, "c.d": REMOVED}, "a: 1\n"),
    ("a whole-file secret", "a: 1\n", {"a": Quoted("it's {{ x }}")}, "a: !unsafe 'it''s {{ x }}'\n"),
    ("keep-literals keep their lines", "q:\n  a: |+\n    t\n\n# c\n", {"q.x": 1}, "q:\n  a: |+\n    t\n\n  x: 1\n# c\n"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "changes", "expected"), [case[1:] for case in EDITS], ids=[case[0] for case in EDITS])
def test_edit(text: str, changes: dict[str, Any], expected: str) -> None:
    assert edit(text, changes) == expected


REFUSALS: list[tuple[str, dict[str, Any], str]] = [
    ("a: 1\n---\nb: 2\n", {"a": 2}, "f.yml holds more than one YAML document, line 2, column 1. Split it"),
    ("- a\n", {"a": 2}, "The document in f.yml (line 1) cannot be handled: it is not a mapping."),
    ("text\n", {"a": 2}, "it is not a mapping"),
    ("a: 1\nb: 2\na: 3\n", {"b": 2}, "Variable 'a' in f.yml (line 3) cannot be handled: the key is there twice."),
    ("q:\n  a: 1\n  a: 2\n", {"q.b": 2}, "Variable 'q.a' in f.yml (line 3) cannot be handled: the key is there twice."),
    (
        "d: &d\n  x: 1\nq:\n  <<: *d\n  a: 1\n",
        {"q.x": 2},
        "Variable 'q.x' in f.yml (line 4) cannot be handled: it comes from a merge key (<<)",
    ),
    ("d: &d\n  x: 1\nq:\n  <<: *d\n  x: 1\n", {"q.x": REMOVED}, "a merge key (<<) holds it too, so it would still be there"),
    ("d: &d\n  x: 1\nq:\n  <<: *d\n  a: 1\n", {"q.<<": 2}, "its key is not a string"),
    ("d: &d 1\nq:\n  <<: *d\n  a: 1\n", {"q.x": 2}, "it comes from a merge key (<<)"),
    ("d: &d\n  x: 1\nq:\n  <<: *d\n", {"d.x": 2}, "it has an anchor (&) that is used elsewhere"),
    ("a: &x 1\nb: 2\n", {"a": 2}, "Variable 'a' in f.yml (line 1) cannot be handled: it has an anchor (&). Remove the anchor."),
    ("a: &x 1\nb: *x\n", {"b": 2}, "it is an alias (*) of another value"),
    ("a: &x {y: 1}\nb: *x\n", {"b.y": 2}, "it is an alias (*) of another value"),
    ("a:\n  p: &x 1\nb: *x\n", {"a": 2}, "it holds an anchor (&) that is used elsewhere"),
    ("a: {x: 1}\n", {"a.x": 2}, "Variable 'a' in f.yml (line 1) cannot be handled: it is written in flow style"),
    ("a: {x: 1}\n", {"a.y": 2}, "flow style"),
    ("{a: 1}\n", {"b": 2}, "The document in f.yml (line 1) cannot be handled: it is written in flow style"),
    ("--- {}\n", {"b": 2}, "its {} does not start a line"),
    ("? a\n: 1\n", {"a": 2}, "it has a key that is not a simple one"),
    ("? [a]\n: 1\nb: 1\n", {"b": 2}, "it has a key that is not a simple one"),
    ("a: 1\nb:\t- 2\n", {"a": 2}, "f.yml is not valid YAML, line 2"),
    ("a: 'x\n", {"a": 2}, "f.yml is not valid YAML, line"),
    ("a: \x01\n", {"a": 2}, "f.yml is not valid YAML"),
    ("a: 1\n", {"a.b": 2}, "it is a single value, and a mapping is needed"),
    ("a:\n", {"a.b": 2}, "it is a single value, and a mapping is needed"),
    ("a:\n  - 1\n", {"a.1": 2}, "the list has no such item"),
    ("a:\n  - 1\n", {"a.x": 2}, "the list has no such item"),
    ("a:\n  - 1\n", {"a.0": REMOVED}, "it is an item of a list"),
    ("b: 1\n", {"a.0.x": 2}, "items of a list that is not there cannot be set"),
    ("on: 1\n", {"on": 2}, "its key is not a string"),
    ("v:\n  0x0a: 1\n", {"v.0x0a": 2}, "its key is not a string"),
    (
        "v:\n  10: 1\n  '10': 2\n",
        {"v.10": 2},
        "Variable 'v.10' in f.yml (line 3) cannot be handled: the key is there as text and as a number",
    ),
    ("--- ~\n", {"b": 2}, "its ~ does not start a line"),
    ("a: !!map\n  b: 1\n", {"a.b": 2}, "it has a tag or an anchor"),
    ("a: |\n  text", {"b": 2}, "the file ends in its text without a line break"),
    ("a: &a-b >\n  text", {"b": 2}, "the file ends in its text without a line break"),
    ("a: " + "[" * 5000, {"b": 2}, "f.yml is not valid YAML"),
    ("a: " + "[" * 900 + "]" * 900, {"a.b": 2}, "f.yml"),
    ("a: 1\n", {"a": {"x": 1}, "a.x": 1}, "is written in the same edit"),
]


@pytest.mark.parametrize(("text", "changes", "sentence"), REFUSALS)
def test_refusal(text: str, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(VarsFileError) as caught:
        edit(text, changes)
    assert sentence in str(caught.value)
    assert str(caught.value).endswith(".")
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "text",
    [
        "pw: *hunter2\n",
        "pw: %hunter2\n",
        "pw: 'hunter2\n",
        "pw: &hunter2 &hunter2 x\n",
        "pw: !!hunter2! x: y\n",
        "hunter2\n",
        "pw: @hunter2\n",
    ],
)
def test_errors_do_not_quote_the_file(text: str) -> None:
    with pytest.raises(VarsFileError) as caught:
        edit(text, {"a": 1})
    assert "hunter2" not in str(caught.value)


def test_paths() -> None:
    assert parse_path("a.b.0.c") == ("a", "b", "0", "c")
    assert parse_path(r"a\.b.c\\.d") == ("a.b", "c\\", "d")
    assert format_path(("a.b", "c\\", "d")) == r"a\.b.c\\.d"
    for name in ("", ".", "a.", ".a", "a..b"):
        with pytest.raises(VarsFileError, match="has an empty part"):
            parse_path(name)


def test_find_reads_plain_trees() -> None:
    document = YamlDocument(f"a:\n  - !vault |\n{body(6)}\n  - 1\nb: !unsafe x\nc: !odd x\nd: &d {{q: 1}}\ne: *d\n", "f.yml")
    found = document.find(("a",))
    assert found is not None
    assert found.tree == [V, 1]
    assert "6162" not in repr(found) + repr(V)
    assert [getattr(document.find((name,)), "tree", None) for name in "bde"] == ["x", {"q": 1}, {"q": 1}]
    assert document.find(("z",)) is None
    assert document.find(("a", "5")) is None
    assert list(document.vaulted()) == [V]


def finds(text: str, name: str) -> Any:
    """What is there, "absent", or "refused"."""
    try:
        found = YamlDocument(text, "f.yml").find(parse_path(name))
    except VarsFileError:
        return "refused"
    return "absent" if found is None else found.tree


NUMBERED = "v:\n  {key}:\n    p: 1\n"


@pytest.mark.parametrize(
    ("key", "name", "there"),
    [
        *[(key, key, True) for key in ("10", "0", "-1")],
        *[(f"'{key}'", key, True) for key in ("10", "on", "~", "<<")],
        *[(key, key, None) for key in ("on", "~", "null", "1_0", "0x0a", "010", "+1", "2026-01-01", "<<")],
        ("1.5", "1\\.5", None),
        ("10", "11", False),
        ("0x0a", "10", False),
    ],
)
def test_a_key_that_is_no_text_is_found_alike_by_all_operations(key: str, name: str, there: bool | None) -> None:
    text = NUMBERED.format(key=key)
    found = finds(text, f"v.{name}.p")
    if there is None:
        assert found == "refused"
        for value in (2, REMOVED):
            with pytest.raises(VarsFileError):
                edit(text, {f"v.{name}.p": value})
        return
    assert found == (1 if there else "absent")
    changed = edit(text, {f"v.{name}.p": 2})
    assert changed == (text.replace("1\n", "2\n") if there else f"{text}  '{name}':\n    p: 2\n")
    assert edit(changed, {f"v.{name}": REMOVED}) == ("v: {}\n" if there else text)


BOMBS = {
    "in braces": ("a0: &a0 [x]\n", "a{0}: &a{0} [*a{1}, *a{1}]\n"),
    "in blocks": ("a0: &a0\n  k: x\n", "a{0}: &a{0}\n  l: *a{1}\n  r: *a{1}\n"),
    "merged": ("a0: &a0\n  k: x\n", "a{0}: &a{0}\n  <<: [*a{1}, *a{1}]\n  n{0}: *a{1}\n"),
}


@pytest.mark.parametrize("form", BOMBS)
def test_work_does_not_grow_with_what_aliases_stand_for(form: str) -> None:
    """Forty lines stand for 2 to the power of forty values: what is not refused takes no time, or the test never ends."""
    first, then = BOMBS[form]
    text = first + "".join(then.format(number, number - 1) for number in range(1, 41)) + "all: [*a40, *a40]\ntoken: 1\nq:\n  r: 2\n"
    for name in ("a40", "all"):
        with pytest.raises(VarsFileError, match="stand for too many values"):
            YamlDocument(text, "f.yml").find((name,))
    assert finds(text, "token") == 1
    assert finds(text, "all.nothing") == "absent"
    assert finds(text, "a1.nothing") == "absent"
    assert edit(text, {"token": V, "new": W, "q.r": 3}).endswith(f"q:\n  r: 3\nnew: !vault |\n{other(2)}\n")
    assert edit(text, {"all": V}).endswith(f"all: !vault |\n{body(2)}\ntoken: 1\nq:\n  r: 2\n")
    assert edit(text, {"token": REMOVED}).endswith("*a40]\nq:\n  r: 2\n")
    assert list(YamlDocument(text, "f.yml").vaulted()) == []
    few = first + "".join(then.format(number, number - 1) for number in range(1, 6))
    assert finds(few, "a5") != "refused"


def test_find_beside_a_merge_key() -> None:
    text = "c: &c\n  p: 1\n  <<: {deep: 1}\nd: &d {r: 1}\ns:\n  <<: [*c, *d]\n  t: 2\n"
    assert finds(text, "s.t") == 2
    assert [finds(text, f"s.{name}") for name in ("p", "r", "deep", "none", "none.deeper")] == ["refused"] * 3 + ["absent"] * 2
    assert finds("a: &a\n  <<: *a\n  b: 1\n", "a.none") == "absent"


@pytest.mark.parametrize("text", ["null\n", "~", "---\n# c\nNULL\n", "!!null ''\n"])
def test_a_document_that_is_null_has_no_variables(text: str) -> None:
    assert YamlDocument(text, "f.yml").names == []
    assert finds(text, "a.b") == "absent"
    assert load(edit(text, {"a.b": 1})) == {"a": {"b": 1}}


def test_a_document_that_contains_itself_is_refused() -> None:
    with pytest.raises(VarsFileError, match="contains itself"):
        YamlDocument("a: &a\n  b: *a\n", "f.yml").find(("a",))


def test_the_check_after_the_edit_catches_a_wrong_splice(monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml import document as vars_text

    for wrong in (
        "a: 1\nb: 2\n",
        "a: 2\nb: 3\n",
        "a: 2\n",
        "a: '2'\nb: 2\n",
        "a: 2\nb: 2\nc: 3\n",
        "b: 2\n",
        "a: [\n",
        "a: 2\nb: 2\nb: 2\n",
    ):
        monkeypatch.setattr(vars_text.Editor, "run", lambda _self, wrong=wrong: wrong)
        with pytest.raises(VarsFileError, match=r"could not be edited safely"):
            edit("a: 1\nb: 2\n", {"a": 2})
    monkeypatch.setattr(vars_text.Editor, "run", lambda _self: "a: 2\nb: 2\n")
    assert edit("a: 1\nb: 2\n", {"a": 2}) == "a: 2\nb: 2\n"


def test_without_the_c_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml import nodes as yaml_nodes
    from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml import source as vars_text

    monkeypatch.setattr(vars_text, "FastLoader", yaml.SafeLoader)
    monkeypatch.setattr(vars_text, "exact_loader", yaml_nodes.PureExactLoader)
    for _name, text, changes, expected in EDITS:
        assert edit(text, changes) == expected


def test_work_grows_with_the_size_of_the_file() -> None:
    """Counted in calls, which no other process can change; the seconds are measured in tests/benchmark."""

    def calls(count: int) -> int:
        text = "".join(f"k{number}: !vault |\n{body(2)}\n" for number in range(count))
        counted = 0

        def profile(_frame: object, event: str, _argument: object) -> None:
            nonlocal counted
            counted += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(profile)
        try:
            edited = edit(text, {f"k{count // 2}": 1, "new.key": W})
        finally:
            sys.setprofile(before)
        assert load(edited)["new"]["key"] == ("vault", W.text)
        return counted

    calls(10)
    assert calls(5000) < 11 * calls(500)
