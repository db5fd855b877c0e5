# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an appliance issues as a credential, and what can be none."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.credential_form import is_bearer, is_secret
from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import AnswerError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account, ClientSecret, Credential, Minted
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.fields import bearer_field, secret_field

TEMPLATES = ["{{ lookup('pipe', 'touch x') }}", "{{1}}", "abc{%if 1%}", "abc{#", "access-v1:{{x}}"]


@pytest.mark.parametrize("text", [*TEMPLATES, "", "two\nlines", "tab\there"])
def test_neither(text: str) -> None:
    assert not is_bearer(text)
    assert not is_secret(text)


@pytest.mark.parametrize("text", ["access-v1:abc+/=", "eyJhbGciOi.e30.sig-_", "a{b}c", "{}"])
def test_both(text: str) -> None:
    assert is_bearer(text)
    assert is_secret(text)


def test_what_goes_into_no_header() -> None:
    assert is_secret("odd ä secret")
    assert not is_bearer("odd ä secret")


def answer() -> Any:
    hidden: list[str] = []
    return SimpleNamespace(where=SimpleNamespace(hide=hidden.append, hidden=hidden), strange=AnswerError)


@pytest.mark.parametrize("field", [bearer_field, secret_field])
@pytest.mark.parametrize("text", TEMPLATES)
def test_an_answer_with_a_template_for_a_credential_is_refused(field: Any, text: str) -> None:
    one = answer()
    with pytest.raises(AnswerError) as caught:
        field(one, {"secret": text}, "secret")
    assert text not in str(caught.value)
    assert one.where.hidden == [text]


@pytest.mark.parametrize("text", TEMPLATES)
def test_no_platform_can_hand_one_out(text: str) -> None:
    """Also one that reads its answers without the functions above."""
    for make in (
        lambda: Minted(Credential("7", Account("1", "x")), text),
        lambda: ClientSecret("id", text, "x"),
    ):
        with pytest.raises(AnswerError) as caught:
            make()
        assert caught.value.may_have_acted
        assert text not in json.dumps([str(caught.value), caught.value.details])
    assert Minted(Credential("7", Account("1", "x")), "fine").secret == "fine"
