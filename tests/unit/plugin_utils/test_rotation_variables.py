# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of the role: which of them are set, and what the others mean."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.variables import variables_set, with_defaults
from tests.unit.plugin_utils.test_rotation_options import OPTIONAL, options


@pytest.mark.parametrize("name", OPTIONAL)
def test_each_option_may_be_null(name):
    assert options(**{name: None}) == options()
    assert with_defaults({**options(), name: None}) == options()


def set_by(variables: dict[str, Any], *names: str) -> dict[str, Any]:
    return variables_set(names, variables, lambda value: value)


def test_options_are_the_variables_of_the_role():
    found = set_by({"rotate_var": "token", "rotate_other": 1, "var": "none"}, "var", "tag")
    assert found == {"var": "token"}


@pytest.mark.parametrize("empty", ["", None, [], {}, 0])
def test_an_empty_variable_is_not_set(empty):
    assert set_by({"rotate_tag": empty, "rotate_roles": empty}, "tag", "roles") == {}


@pytest.mark.parametrize("name", ["expires_in", "max_age", "retire_after", "sync_timeout", "endpoint", "vars_file", "var"])
def test_an_empty_text_that_says_something_is_set(name):
    assert set_by({f"rotate_{name}": ""}, name) == {name: ""}
    assert set_by({f"rotate_{name}": None}, name) == {}


def test_the_vars_file_is_loaded_again_unless_that_is_refused():
    variables = {"omit": "nothing", "rotate_reload_vars": "nothing"}
    for unset in (variables, {"rotate_reload_vars": None}, {}):
        assert options(**set_by(unset, "reload_vars"))["reload_vars"] is True
    for given, meant in ((True, True), ("yes", True), (False, False), ("no", False)):
        assert options(**set_by({"rotate_reload_vars": given}, "reload_vars"))["reload_vars"] is meant


def test_what_is_omitted_is_not_set():
    # Before ansible-core 2.19, omit is a text that is in no other place.
    variables = {"omit": "nothing", "rotate_tag": "nothing", "rotate_auth": {"token": "t", "password": "nothing"}}
    variables |= {"rotate_checks": [{"path": "/", "expect": "nothing"}]}
    assert set_by(variables, "tag", "auth", "checks") == {"auth": {"token": "t"}, "checks": [{"path": "/"}]}


def test_each_value_is_templated_once_and_together():
    seen: list[Any] = []
    variables_set(("var", "tag"), {"rotate_var": "{{ a }}", "rotate_tag": "b", "other": "{{ c }}"}, lambda value: seen.append(value) or {})
    assert seen == [{"var": "{{ a }}", "tag": "b"}]
