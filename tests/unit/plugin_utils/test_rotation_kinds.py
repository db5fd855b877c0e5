# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of credentials on a platform that is stubbed: what belongs to a rotation, which refusals mean a dead secret, what is ended."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    AuthenticationError,
    CheckFailedError,
    ForbiddenError,
    OptionError,
    RefusedError,
    RequestError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account, Credential
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.base import Platform
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.kinds import KINDS
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.kinds_account_secrets import Accounts, SecretInPlace
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.kinds_base import WantedCredential, retries_within
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.kinds_tokens import ApiTokens
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import NothingRotatedError, Owner
from tests.unit.plugin_utils.rotation_facts import DAY, NOW

SVC = Account("1002", "svc")


class Stub:
    """A platform that has these tokens and service accounts; its lists may be cut off."""

    title, session_limit, dead_secret_statuses, token_limit = "Appliance", None, (401, 422), None
    not_yet_statuses = Platform.not_yet_statuses

    def __init__(self, tokens=(), accounts=(), cut_off=False, **more):
        self.listed, self.accounts, self.cut_off, self.incomplete = list(tokens), list(accounts), cut_off, False
        for name, value in more.items():
            setattr(self, name, value)

    def now(self):
        return NOW

    def find_account(self, name):
        return SVC

    def refuse_other_case(self, name, there):
        if name.upper() in there:
            raise OptionError("differs in case only.")

    def _list(self, found):
        self.incomplete |= self.cut_off
        if isinstance(found, Exception):
            raise found
        return found

    def api_tokens(self, account):
        return self._list(self.listed)

    def tokens(self, account):
        return self._list(self.sessions)

    def service_accounts(self, name=None):
        listed = [
            SimpleNamespace(account=one, as_result=lambda one=one: {"account_id": one.id, "account": one.name}) for one in self.accounts
        ]
        return self._list(listed)


class Clock:
    def __init__(self):
        self.slept = []

    def sleep(self, seconds):
        self.slept.append(seconds)


def of_kind(kind, platform, **wanted):
    wanted = WantedCredential(**({"account": "svc", "var": "token", "tag": "ours"} | wanted))
    return KINDS[kind](SimpleNamespace(platform=platform), wanted, Clock(), lambda _words: None)


@pytest.mark.parametrize("kind", [one for one in KINDS if one != "s3_access_key"])  # test_rotate_s3.py has that one
def test_a_stored_credential_loses_its_line_break(kind):
    """`echo ... | ansible-vault encrypt_string` brings one along, and the platform would refuse it, as if it were dead."""
    auth = of_kind(kind, Stub())._auth("s3cret\n", "client|1")
    assert "s3cret" in (auth.token, auth.client_secret)


# -- what belongs to a rotation


def api_token(token_id, tag="ours"):
    return Credential(token_id, SVC, NOW - DAY, NOW + DAY, tag=tag)


@pytest.mark.parametrize(("stored", "ids"), [("", ["1"]), ("2", ["1", "2"]), ("4", ["1"])])
def test_api_tokens_of_another_tag_are_of_the_rotation_only_where_the_store_holds_them(stored, ids):
    tokens = of_kind("api_token", Stub([api_token("1"), api_token("2", "theirs"), api_token("3", None)]))
    assert isinstance(tokens, ApiTokens)
    tokens._own_ids = {stored}
    listing = tokens.look(["3"])
    assert ([one["token_id"] for one in listing.credentials], listing.account_id, listing.complete) == (ids, "1002", True)


ACCOUNTS = [Account("c1", "svc"), Account("c2", "svc-20270101T120000Z"), Account("c3", "svc-2"), Account("c4", "other")]


def test_accounts_are_of_the_rotation_by_their_names():
    listing = of_kind("replace", Stub(accounts=ACCOUNTS)).look(["c3"])
    assert ([one["token_id"] for one in listing.credentials], listing.account_id) == (["c1", "c2"], None)


def test_an_account_whose_name_differs_in_case_only_is_not_overlooked():
    with pytest.raises(OptionError, match="case"):
        of_kind("replace", Stub(accounts=[Account("c1", "SVC")])).look()
    of_kind("replace", Stub(accounts=[Account("c1", "SVC"), Account("c2", "svc-20270101T120000Z")])).look()


@pytest.mark.parametrize("kind", ["api_token", "replace"])
@pytest.mark.parametrize("cut_off", [False, True])
def test_a_list_that_is_cut_off_says_so(kind, cut_off):
    assert of_kind(kind, Stub(cut_off=cut_off)).look().complete is not cut_off


def test_the_secret_in_place_is_that_of_each_account_of_the_name():
    secrets = of_kind("in_place", Stub(accounts=ACCOUNTS[:1]))
    assert isinstance(secrets, SecretInPlace)
    assert [one["token_id"] for one in secrets.look().credentials] == ["c1"]


# -- what is found and ended


def ended(accounts, monkeypatch):
    """Note which accounts are deleted."""
    found = []
    monkeypatch.setattr(accounts, "_operate", lambda **options: found.append((options["account_id"], options["state"])))
    return found


def test_accounts_that_are_listed_are_found_and_deleted(monkeypatch):
    accounts = of_kind("replace", Stub(accounts=ACCOUNTS))
    accounts.look()
    done = ended(accounts, monkeypatch)
    assert accounts.find(["c1", "c9"]) == ["c1"]
    accounts.revoke(["c2"])
    assert done == [("c2", "absent")]


@pytest.mark.parametrize("one", ["c3", "c4"])
def test_an_account_of_another_name_is_never_deleted_whatever_the_state_says(monkeypatch, one):
    accounts = of_kind("replace", Stub(accounts=ACCOUNTS))
    accounts.look()
    done = ended(accounts, monkeypatch)
    accounts.revoke([one])
    assert done == []


def test_an_account_is_deleted_in_a_phase_that_has_not_listed_any(monkeypatch):
    accounts = of_kind("replace", Stub(accounts=ACCOUNTS))
    done = ended(accounts, monkeypatch)
    accounts.revoke(["c1"])
    assert done == [("c1", "absent")]


def test_an_account_may_be_there_although_a_list_that_is_cut_off_has_it_not():
    assert of_kind("replace", Stub(cut_off=True)).find(["c1"]) == ["c1"]


def test_an_account_that_a_list_that_is_cut_off_has_not_is_not_said_to_be_deleted(monkeypatch):
    accounts = of_kind("replace", Stub(cut_off=True))
    accounts.look()
    ended(accounts, monkeypatch)
    with pytest.raises(RefusedError):
        accounts.revoke(["c1"])


@pytest.mark.parametrize("kind", ["in_place", "replace"])
def test_secrets_cannot_be_switched_off(kind):
    with pytest.raises(RefusedError, match="cannot be disabled"):
        of_kind(kind, Stub()).disable("c1")


def test_a_secret_in_place_is_not_revoked():
    with pytest.raises(RefusedError, match="only ended by a new one"):
        of_kind("in_place", Stub()).revoke(["c1"])


# -- which refusals mean that a secret is dead


def session(live=True):
    return Credential("s", SVC, NOW - DAY, NOW + (DAY if live else -DAY))


FORBIDDEN = RequestError("Not for you.", status=403)


def checked(kind, status, monkeypatch, patiently=False, platform=None, **wanted):
    credentials = of_kind(kind, platform or Stub(), **wanted)
    kind = {401: AuthenticationError, 403: ForbiddenError}.get(status, RequestError)
    monkeypatch.setattr(credentials, "_whose", raising([kind("No.", status=status)] * 100))
    return credentials.check("canary", "c1", patiently=patiently), credentials.clock.slept


def raising(answers):
    """Return a function that raises or returns one answer after the other."""
    left = list(answers)

    def act(*_unused):
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return act


@pytest.mark.parametrize(
    ("kind", "status", "dead"),
    [
        *((kind, status, True) for kind in ("access_token", "api_token") for status in (401, 403)),
        *((kind, status, False) for kind in ("access_token", "api_token") for status in (400, 422, 429, 500, None)),
        *((kind, status, True) for kind in ("in_place", "replace") for status in (401, 422)),
        *((kind, status, False) for kind in ("in_place", "replace") for status in (403, 400, 500, None)),
    ],
)
def test_only_the_refusals_of_the_platform_mean_that_it_is_dead(kind, status, dead, monkeypatch):
    if dead:
        assert checked(kind, status, monkeypatch) == (None, [])
    else:
        with pytest.raises(RequestError, match="No"):
            checked(kind, status, monkeypatch)


@pytest.mark.parametrize(
    ("sessions", "force", "words"),
    [
        ([session()] * 10, True, r"has 10 sessions, so that may be why\. Nothing was rotated\. End old ones"),
        ([session()] * 11, False, "has 11 sessions, so that may be why"),
        (FORBIDDEN, False, r"may have ten sessions, and they cannot be counted: Not for you\. Nothing was rotated\. Set rotate_force"),
    ],
)
def test_a_refusal_that_may_be_one_for_too_many_sessions(sessions, force, words, monkeypatch):
    with pytest.raises(NothingRotatedError, match=words):
        checked("in_place", 422, monkeypatch, platform=Stub(session_limit=10, sessions=sessions), force=force)


@pytest.mark.parametrize(("sessions", "force"), [([session()] * 9 + [session(live=False)], False), (FORBIDDEN, True)])
def test_a_refusal_of_a_dead_secret(sessions, force, monkeypatch):
    assert checked("in_place", 422, monkeypatch, platform=Stub(session_limit=10, sessions=sessions), force=force)[0] is None


@pytest.mark.parametrize(("patience", "slept"), [(0, []), (20, [4.0] * 5), (305, [31.0] * 10)])
def test_a_secret_is_dead_once_the_patience_is_used_up(patience, slept, monkeypatch):
    assert checked("in_place", 401, monkeypatch, patiently=True, patience=timedelta(seconds=patience)) == (None, slept)


@pytest.mark.parametrize("status", Platform.not_yet_statuses)
def test_a_secret_may_be_taken_later(status, monkeypatch):
    credentials = of_kind("in_place", Stub(), patience=timedelta(seconds=20))
    monkeypatch.setattr(credentials, "_whose", raising([RequestError("Not yet.", status=status)] * 2 + [Owner("svc", "c1")]))
    assert credentials.check("canary", "c1", patiently=True) == Owner("svc", "c1")
    assert credentials.clock.slept == [4.0, 4.0]


def test_where_the_platform_is_down_no_one_waits(monkeypatch):
    with pytest.raises(RequestError):
        checked("in_place", 503, monkeypatch, patiently=True, patience=timedelta(minutes=5))


def test_a_proof_of_another_account_is_none():
    with pytest.raises(CheckFailedError, match=r"is of jane, and was not proved\. The old one stays\."):
        Accounts._proved(Owner("jane", "c9"), "c1")
    assert Accounts._proved(Owner("jane", "c9"), None).account == "jane"


# -- how long the platforms are asked again for a new secret that is not known everywhere yet


@pytest.mark.parametrize(
    ("seconds", "retries", "pause"),
    [(0, 0, 1), (1, 1, 1), (2, 2, 1), (5, 5, 1), (20, 5, 4), (50, 5, 10), (300, 10, 30), (305, 10, 31)],
)
def test_patience(seconds, retries, pause):
    assert retries_within(timedelta(seconds=seconds)) == (retries, pause)


@given(st.integers(1, 100_000))
def test_all_of_the_time_is_used_and_hardly_more(seconds):
    retries, pause = retries_within(timedelta(seconds=seconds))
    assert 1 <= retries <= 10, "refused log-ins may lock an account"
    assert 1 <= pause <= max(10, seconds / 10 + 1)
    assert seconds <= retries * pause < seconds + pause
