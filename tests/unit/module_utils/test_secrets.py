# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps secrets out of sight."""

from __future__ import annotations

import base64
import json
import random
import string
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, OptionError, RequestError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.failures import failures_as_result, masked_words
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account, Credential, Minted
from ansible_collections.latchkey.tokens.plugins.module_utils._common.secrets import (
    forget_all,
    quoted,
    redact,
    remember,
    result_secrets,
    secret_strings,
    throwaway_password,
)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=string.printable + "äß€", min_size=4, max_size=40), st.text(max_size=10), st.text(max_size=10))
def test_every_form_is_masked(secret, before, after):
    encoded = base64.b64encode(secret.encode()).decode()
    for form in (secret, json.dumps(secret)[1:-1], quote(secret), quote(secret, safe=""), quote_plus(secret), encoded, encoded.rstrip("=")):
        assert form not in redact(f"{before}{form}{after}", [secret]) or form in f"{before}********{after}"


def test_masking_leaves_the_rest():
    assert redact("token abcdef and abcdefgh", ["abcdef", "abcdefgh", "", "a"]) == "token ******** and ********"
    assert redact("nothing here", []) == "nothing here"


def test_secret_strings():
    assert secret_strings({"a": ["x", {"b": "y"}], "c": 1, "d": None, "e": ("z",)}) == ["x", "y", "z"]


def test_result_secrets():
    assert result_secrets({"token": "t", "client_secret": "s", "token_id": "1", "changed": True}) == ["t", "s"]
    assert result_secrets({"token": None}) == []


def test_throwaway_passwords():
    passwords = {throwaway_password() for _number in range(50)}
    assert len(passwords) == 50
    for password in passwords:
        assert len(password) == 40
        assert all(
            any(char in group for char in password) for group in (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.:+=")
        )


def test_repr_hides_the_secret():
    assert "CANARY" not in repr(Minted(Credential("1", Account("2", "x")), "CANARY"))


def test_what_is_of_the_wrong_form_is_quoted_when_it_is_short():
    assert [quoted(value) for value in ("soon", "30 days", 0.0, "a password, perhaps")] == ["'soon'", "'30 days'", "'0.0'", "it"]


def test_what_is_remembered_is_masked_everywhere():
    remember("first-secret", None, "", "second-secret")
    assert redact("first-secret and second-secret and third") == "******** and ******** and third"
    assert str(LatchkeyError("No first-secret.", "Ask second%2Dsecret.")) == "No ********. Ask ********."
    failure = RequestError("No.", operation="read first-secret")
    failure.add("Not first-secret.")
    assert (str(failure), failure.details["operation"]) == ("No. Not ********.", "read ********")
    forget_all()
    assert redact("first-secret") == "first-secret"


def test_what_is_learned_after_a_failure_was_made_is_masked_too():
    failure = LatchkeyError("It quotes late-secret.", hosts=["late-secret"], client_secret="late-secret")

    def run():
        remember("late-secret")
        raise failure

    result = failures_as_result(run)
    assert (result["msg"], result["hosts"], result["client_secret"]) == ("It quotes ********.", ["********"], "late-secret")


def test_the_latest_secrets_are_remembered():
    """A process that runs for days and gets tokens all the time does not grow."""
    values = [random.randbytes(12).hex() for _number in range(3000)]
    remember(*values, "s" * 10_000_000)
    assert redact(values[-1]) == "********"
    assert redact(values[0]) == values[0]
    assert "*" in redact("s" * 30_000)


@pytest.mark.parametrize("option", ["token_id", "user", "endpoint"])
def test_a_token_in_the_wrong_option_is_not_quoted(option):
    token = "access-v1:3Xq9Lw2Zt7Vb5Nc8Mk1Pj4Hg6Fd0Sa+/Qw=="
    for failure in (OptionError(f"{option}: there is no '{token}'."), OptionError("No.", f"Is {option}={token} right?")):
        assert "3Xq9Lw2Zt7" not in str(failure)


def test_the_words_of_a_result_are_masked_and_what_it_carries_is_not():
    failed = {"failed": True, "msg": "no one-secret", "warnings": ["one-secret"], "token": "one-secret", "ids": ["7"], "n": 1}
    assert masked_words(failed, ["one-secret"]) == {**failed, "msg": "no ********", "warnings": ["********"]}
    made = {"changed": True, "token": "one-secret", "account": "one-secret-account", "warnings": ["one-secret"]}
    assert masked_words(made, ["one-secret"]) == {**made, "warnings": ["********"]}
