# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a run: all tokens are revoked, whatever goes wrong with one of them."""

from __future__ import annotations

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import RequestError
from ansible_collections.latchkey.tokens.plugins.module_utils._operations import play_token
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.ledger import Ledger
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.revoke import revoke_tokens


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    """A ledger of three tokens, of which the second makes difficulties."""
    monkeypatch.setattr(play_token.Grant, "from_data", lambda data: data)
    with Ledger.open(str(tmp_path / "ledger"), bytes(32)) as opened:
        for number, scope in enumerate(("run", "play", "run")):
            grant = {"secret": f"canary-{number}", "good_for": 3600, "account": {"name": "svc"}}
            opened.add_minted(str(number), grant, scope)
        yield opened


@pytest.mark.parametrize("failure", [RequestError("The appliance is away."), ValueError("canary-1")])
def test_one_failure_does_not_keep_the_others(ledger, monkeypatch, failure):
    seen = []

    def revoke(grant):
        seen.append(grant["secret"])
        if grant["secret"] == "canary-1":
            raise failure
        return []

    monkeypatch.setattr(play_token, "revoke", revoke)
    (words,) = revoke_tokens(ledger, for_good=True)
    assert words.startswith("A play token of svc could not be revoked. It stays until it ends by itself. ")
    assert words.endswith(("The appliance is away.", "This is a bug in latchkey.tokens: ValueError."))
    assert seen == ["canary-0", "canary-1", "canary-2"]
    assert "canary" not in words
    contents = ledger.read()
    assert [one.secret for one in contents.tokens.values()] == ["canary-1"]
    assert contents.closed
    # Whoever comes next, the watcher after the callback, tries it once more, and only that one.
    revoke_tokens(ledger, for_good=True)
    assert seen[3:] == ["canary-1"]


def test_a_full_disk_keeps_none_of_them(ledger, monkeypatch):
    def full(*_unused, **_how):
        raise OSError(28, "No space left on device")

    seen = []
    monkeypatch.setattr(Ledger, "_append", full)
    monkeypatch.setattr(play_token, "revoke", lambda grant: seen.append(grant["secret"]) or [])
    assert revoke_tokens(ledger, for_good=True) == []
    assert seen == ["canary-0", "canary-1", "canary-2"]


def test_some_of_them(ledger, monkeypatch):
    monkeypatch.setattr(play_token, "revoke", lambda _grant: ["Something to know."])
    assert revoke_tokens(ledger, for_good=False, which=lambda entry: entry.scope == "play") == ["Something to know."]
    contents = ledger.read()
    assert [one.secret for one in contents.tokens.values()] == ["canary-0", "canary-2"]
    assert not contents.closed
