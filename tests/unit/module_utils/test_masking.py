# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in texts of others, however they are encoded there."""

from __future__ import annotations

import base64
import json
import string
import textwrap
import time
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._common.masking import looks_like_token, mask, mask_token_shapes

TOKEN = "access-v1:Zm9v+YmFy/cXV4Lg8PqT7wE2nV5sB1kH9dJ3rC6xM0yA=="
PASSWORD = "Aa1!x7_qLm-P0e"


@pytest.mark.parametrize("secret", [TOKEN, PASSWORD])
@pytest.mark.parametrize(
    ("name", "encode"),
    [
        ("as it is", str),
        ("cut off", lambda one: one[: -(len(one) // 4)]),
        ("its end", lambda one: "..." + one[len(one) // 4 :]),
        ("URL-quoted in small letters", lambda one: "".join(f"%{ord(char):02x}" if not char.isalnum() else char for char in one)),
        ("URL-quoted in capitals", lambda one: quote(one, safe="")),
        ("URL-quoted twice", lambda one: quote(quote(one, safe=""), safe="")),
        ("with HTML's numbers", lambda one: "".join(f"&#{ord(char)};" if not char.isalnum() else char for char in one)),
        ("with HTML's numbers in hexadecimals", lambda one: "".join(f"&#x{ord(char):X};" if not char.isalnum() else char for char in one)),
        (
            "with HTML's names",
            lambda one: one.replace(":", "&colon;").replace("=", "&equals;").replace("!", "&excl;").replace("+", "&plus;"),
        ),
        ("with JSON's escapes", lambda one: "".join(f"\\u{ord(char):04x}" if not char.isalnum() else char for char in one)),
        ("every character escaped", lambda one: "".join(f"\\u{ord(char):04X}" for char in one)),
        ("with escaped slashes", lambda one: one.replace("/", "\\/")),
        ("JSON in a URL", lambda one: quote("".join(f"\\u{ord(char):04x}" if not char.isalnum() else char for char in one), safe="")),
        ("in Base64", lambda one: base64.b64encode(one.encode()).decode()),
        ("in Base64 for URLs", lambda one: base64.urlsafe_b64encode(one.encode()).decode()),
        ("in Base64 behind a user's name", lambda one: base64.b64encode(b"admin:" + one.encode() + b";q=1").decode()),
        ("in Base64 behind another name", lambda one: base64.b64encode(b"roots:" + one.encode()).decode()),
        ("in Base64 behind a third name", lambda one: base64.b64encode(b"rooty5:" + one.encode()).decode()),
        ("in hexadecimals", lambda one: one.encode().hex()),
        ("wrapped over lines", lambda one: "\n    ".join(textwrap.wrap(one, 7))),
        ("in Base64, wrapped", lambda one: "\r\n ".join(textwrap.wrap(base64.b64encode(one.encode()).decode(), 9))),
        ("in small letters", str.lower),
    ],
)
def test_a_secret_is_known_in_every_form(secret, name, encode):
    form = encode(secret)
    shown = mask(f"the value {form} was refused", [secret])
    left = shown.replace("the value", "").replace("was refused", "").replace("********", "")
    assert "the value" in shown, name
    assert "was refused" in shown, name
    assert len("".join(left.split())) <= (13 if "behind" in name else 4), (name, shown)  # the name is left


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=string.printable, min_size=8, max_size=40).filter(lambda one: len("".join(one.split())) >= 8 and "**" not in one))
def test_what_is_encoded_twice_is_masked(secret):
    for form in (quote(json.dumps(secret)[1:-1], safe=""), escape(json.dumps(secret)[1:-1]), quote(escape(secret), safe="")):
        assert form not in mask(f"a {form} z", [secret])


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("The Administrator role is missing", "Administrator1!"),  # a word that is in a password
        ("a readonly volume", "readonly-volume-42"),
        ("the token of account 17", "abc"),  # too short to hide anything
        ("pass word", "password"),
        ("%zz &nosuch; &#xZ; \\q %", TOKEN),
        ("", TOKEN),
    ],
)
def test_what_is_no_secret_stays(text, secret):
    assert mask(text, [secret]) == text


def test_only_what_is_secret_goes():
    assert mask(f"user=admin&token={quote(TOKEN, safe='')}&x=1", [TOKEN]) == "user=admin&token=********&x=1"
    assert mask("abcd abcdefg", ["abcd", "", "abc"]) == "******** ********efg"


@pytest.mark.parametrize(
    "word",
    [
        TOKEN,
        "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJVc2VyOjo6MSIsImlhdCI6MX0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg",
        "0bTOcUaNYJpSbg7FuVl2PkSKWIS2eX9q",
        "xoxb-7Yt3Q9pLw2-aB4cD6eF8gH0jK2m",
    ],
)
def test_what_looks_like_a_token_is_masked_although_it_is_not_known(word):
    shown = mask_token_shapes(f"there is no token '{word}', nor /v1/tokens/{quote(word, safe='')}/x.")
    assert shown.startswith("there is no token '")
    for at in range(len(word) - 12):
        piece = word[at : at + 12]
        assert piece not in shown or not looks_like_token(word.partition(":")[2] or word), shown
    assert "********" in shown


@pytest.mark.parametrize("form", ["access-v1:{}", "session-v1:{}", "eyJ{0}.eyJ{0}.{0}"])
@pytest.mark.parametrize(
    "chars", ["9g/kQVyuN/amhDKrINaG+voXepnMCKUbV8L/jubt7KTkelIsgOK09PFPAZZSwgtZ", "NkHceoIcgDGCTdJLOecTMOW1FZYEHJpP6zMFfzlxVSCN", "a" * 40]
)
def test_what_is_written_as_a_token_is_one_however_its_characters_fell(form, chars):
    token = form.format(chars.replace("/", "-").replace("+", "_") if form.startswith("eyJ") else chars)
    assert looks_like_token(token)
    assert token not in mask_token_shapes(f"there is no token '{token}'.")


@pytest.mark.parametrize(
    "text",
    [
        "User:::f2a6b3c4-1d2e-4f5a-8b9c-0d1e2f3a4b5c",
        "client|cb3d1a2e4f5a6b7c8d9e0f1a2b3c4d5e",
        "client|0bTOcUaNYJpSbgzFuVlPkSKWIS2e",
        "F2A6B3C4-1D2E-4F5A-8B9C-0D1E2F3A4B5C",
        "2026-11-29T12:00:00.123456Z",
        "/home/Jane2/Playbooks/group_vars/All_Hosts-2026/vault_Tokens.yml",
        "https://Cluster01.Storage.Example.com:8000/api/v1/ServiceAccount",
        "OutOfMemoryErrorInNode12",
        "http_unauthorized_error: TIME_CONSTRAINT_FAILURE",
        "com.vendor.Cluster2Manager.SessionServiceV1",
        "3da541559918a808c2402bba5012f6c60b27661c",
        "svc-backup-cluster01-20261130T120000Z",
        "S-1-5-21-1234567890-1234567890-1234567890-1001",
    ],
)
def test_names_ids_times_and_paths_are_no_tokens(text):
    assert mask_token_shapes(text) == text


@pytest.mark.parametrize(
    "text",
    ["%25" * 30_000, "&#" * 40_000, "\\u005c" * 15_000, "&amp;" * 20_000, "aA1" * 30_000, "access-v1:" * 8_000, "/" * 80_000, " " * 80_000],
)
def test_it_takes_time_in_proportion_to_the_text(text):
    began = time.process_time()
    mask(text, [TOKEN, PASSWORD, text[:2000]])
    mask_token_shapes(text)
    assert time.process_time() - began < 3
