# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments that do not fit are refused in words that never hold a value: it may be a secret in the wrong place."""

from __future__ import annotations

import pytest
from ansible.module_utils.basic import AnsibleModule

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._module import run_module
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import Operation
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action import arguments as checking
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action import hidden
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.arguments import checked_arguments

SPEC = {
    "choice": {"type": "str", "choices": ["one", "two"]},
    "flag": {"type": "bool"},
    "count": {"type": "int"},
    "seconds": {"type": "float"},
    "mapping": {"type": "dict"},
    "secret": {"type": "str", "no_log": True},
    "parts": {"type": "list", "elements": "dict", "options": {"kind": {"choices": ["a"]}, "numbers": {"type": "list", "elements": "int"}}},
}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"choice": "CANARY"}, "value of choice must be one of: one, two, got: ********"),
        ({"flag": "CANARY"}, "The value '********' is not a valid boolean"),
        ({"count": "CANARY"}, "convert to int"),
        ({"seconds": "CANARY"}, "convert to float"),
        ({"mapping": "CANARY"}, "mapping: it is not a mapping, and one is expected."),
        ({"parts": "CANARY"}, "parts: one of them is not a mapping, and one is expected."),
        ({"parts": [{"kind": "CANARY"}]}, "value of kind must be one of: a, got: ********"),
        ({"parts": [{"numbers": ["CANARY"]}]}, "convert to int"),
        ({"unknown": "CANARY"}, "Unsupported parameters for (latchkey.tokens.x) module: unknown."),
        ({"CANARY": 1, "secret": "CANARY"}, "Unsupported parameters"),
    ],
)
def test_what_does_not_fit(arguments, words):
    with pytest.raises(OptionError) as refused:
        checked_arguments("latchkey.tokens.x", arguments, SPEC, {})
    assert words in str(refused.value)
    assert "CANARY" not in str(refused.value)


def test_what_fits():
    assert checked_arguments("latchkey.tokens.x", {"flag": "yes", "count": "7"}, SPEC, {})["flag"] is True


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"secret": "CANARY", "flag": True}, ["CANARY"]),
        ({"secret": "abc"}, []),  # masked everywhere, it would shred words
        ({"secret": "admin", "choice": "one", "name": "admin"}, []),  # nor may a name be masked
        ({"secret": "CANARY", "mapping": {"body": "CANARY"}}, ["CANARY"]),
        ({"auth": {"user": "admin", "password": "admin"}}, []),
        ({"auth": {"user": "admin", "password": "CANARY"}}, ["CANARY"]),
    ],
)
def test_what_ansible_is_told_to_mask(given, told, monkeypatch):
    """From ansible-core 2.22 on. It would itself register the values of all options with no_log, so it does not learn which these are."""
    registered, seen = [], []
    monkeypatch.setattr(hidden, "MASKS_REGISTERED", True)
    monkeypatch.setattr(hidden, "register_secrets", registered.extend, raising=False)
    real = checking.ArgumentSpecValidator
    monkeypatch.setattr(checking, "ArgumentSpecValidator", lambda spec, **rules: seen.append(spec) or real(spec, **rules))
    auth = {"type": "dict", "options": {"user": {"type": "str"}, "password": {"type": "str", "no_log": True}}}
    checked_arguments("latchkey.tokens.x", given, {**SPEC, "name": {"type": "str"}, "auth": auth}, {})
    assert registered == told
    assert "no_log" not in str(seen)
    assert auth["options"]["password"]["no_log"] is True


TYPES = {
    "text": {"type": "str"},
    "plain": {},
    "file": {"type": "path"},
    "count": {"type": "int"},
    "names": {"type": "list", "elements": "str"},
    "anything": {"type": "raw"},
    "inner": {"type": "dict", "options": {"name": {"type": "str"}, "names": {"type": "list", "elements": "str"}}},
    "parts": {"type": "list", "elements": "dict", "options": {"path": {"type": "str"}, "body": {"type": "dict"}}},
}
ONE, PAIRS = "a single value is expected. Write one value.", "one is expected. Write pairs of a name and a value."
OTHER_TYPES = [
    *(({name: ["CANARY"]}, f"{name}: it is a list, and {ONE}") for name in ("text", "plain", "file", "count")),
    *(({name: {"CANARY": 1}}, f"{name}: it is a mapping, and {ONE}") for name in ("text", "file", "count")),
    ({"text": ("CANARY",)}, f"text: it is a list, and {ONE}"),
    ({"names": {"CANARY": 1}}, "names: it is a mapping, and a list is expected. Write a list."),
    ({"names": ["a", ["CANARY"]]}, f"names: one of them is a list, and {ONE}"),
    ({"names": ["a", {"CANARY": 1}]}, f"names: one of them is a mapping, and {ONE}"),
    ({"names": ["CANARY", None]}, "names: one of them is null. Take what is null out of the list."),
    ({"inner": ["CANARY"]}, f"inner: it is not a mapping, and {PAIRS}"),
    ({"inner": 5}, f"inner: it is not a mapping, and {PAIRS}"),
    ({"inner": {"name": ["CANARY"]}}, f"inner: name: it is a list, and {ONE}"),
    ({"inner": '{"name": ["CANARY"]}'}, f"inner: name: it is a list, and {ONE}"),
    ({"inner": {"names": [["CANARY"]]}}, f"inner: names: one of them is a list, and {ONE}"),
    ({"parts": [{"path": {"CANARY": 1}}]}, f"parts: path: it is a mapping, and {ONE}"),
    ({"parts": "/v1/CANARY"}, f"parts: one of them is not a mapping, and {PAIRS}"),
    ({"parts": [{"path": "/", "body": "CANARY"}]}, f"parts: body: it is not a mapping, and {PAIRS}"),
]


@pytest.mark.parametrize(("arguments", "words"), OTHER_TYPES)
def test_a_value_of_another_type(arguments, words, monkeypatch):
    """It is refused in the same words in the worker and as an ordinary module."""
    with pytest.raises(OptionError) as refused:
        checked_arguments("latchkey.tokens.x", arguments, TYPES, {})
    assert str(refused.value) == words

    told = []

    def fail_json(_module, msg, **_more):
        told.append(msg)
        raise SystemExit

    monkeypatch.setattr(AnsibleModule, "_load_params", lambda module: setattr(module, "params", dict(arguments)))
    monkeypatch.setattr(AnsibleModule, "fail_json", fail_json)
    with pytest.raises(SystemExit):
        run_module(Operation("x", TYPES, lambda *_args: pytest.fail("ran")))
    assert told == [words]


@pytest.mark.parametrize(
    ("arguments", "name", "found"),
    [
        ({"text": 5}, "text", "5"),
        ({"text": True}, "text", "True"),
        ({"names": "a,b"}, "names", ["a", "b"]),
        ({"names": 5}, "names", ["5"]),
        ({"anything": ["x"]}, "anything", ["x"]),
        ({"inner": "name=x"}, "inner", {"name": "x", "names": None}),
        ({"parts": [{"path": "/", "body": {"a": ["x"]}}]}, "parts", [{"path": "/", "body": {"a": ["x"]}}]),
        ({"text": None, "names": None, "inner": None, "parts": None}, "parts", None),
    ],
)
def test_what_ansible_converts_as_documented(arguments, name, found):
    assert checked_arguments("latchkey.tokens.x", arguments, TYPES, {})[name] == found


def test_an_error_names_the_variable_that_an_option_is_from():
    called = {"count": "my_count", "text": "my_text"}
    for given, words in (({"count": "CANARY"}, "'my_count' is of type"), ({"text": ["CANARY"]}, "my_text: it is a list"), ({"x": 1}, "x.")):
        with pytest.raises(OptionError, match=words) as refused:
            checked_arguments("latchkey.tokens.x", given, TYPES, {}, called)
        assert "CANARY" not in str(refused.value)
    assert checked_arguments("latchkey.tokens.x", {"count": "7"}, TYPES, {}, called)["count"] == 7
