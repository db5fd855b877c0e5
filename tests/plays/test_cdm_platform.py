# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no public source tells of Rubrik CDM: the platform must do its work whichever way a cluster turns out to behave.

The platform is driven directly, and the simulated cluster is in this process, so that a whole life can be lived under every setting.
"""

from __future__ import annotations

import contextlib
import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    AuthenticationError,
    LatchkeyError,
    OptionError,
    RefusedError,
    RequestError,
    UnsupportedError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account, AccountState, Credential, Minted
from ansible_collections.latchkey.tokens.plugins.module_utils._common.steps import apply_steps
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import resolve_connection
from ansible_collections.latchkey.tokens.plugins.module_utils._http import client as http_layer
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.base import Platform
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.jwt import jwt_claims
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.rubrik_cdm.platform import RubrikCdm
from tests.simulator._clock import Clock
from tests.simulator._faults import Faults
from tests.simulator._journal import Journal
from tests.simulator._platform import Context
from tests.simulator._settings import COMMON_SETTINGS, Settings
from tests.simulator._state import StateFile
from tests.simulator.rubrik_cdm import RUBRIK_CDM
from tests.simulator.rubrik_cdm._settings import SETTINGS
from tests.unit.module_utils.wire import Response

VALUES = {
    "rsc_sync_seconds": ("3600",),
    "max_sessions": ("3",),
    "session_idle_minutes": ("1",),
    "totp_window": ("0",),
    "tag_limit": ("19",),
    "session_type_api_token": ("Web2",),
    "session_type_account": ("Web", "API"),
    "rotate_field": ("other",),
}
# Who is there, not how the cluster behaves.
NOT_BEHAVIOUR = {"admin_password", "totp_secret", "service_account", "service_account_secret", "rsc_account_secret"}
CHOICES = [
    (name, choice)
    for name, setting in SETTINGS.items()
    if name not in NOT_BEHAVIOUR
    for choice in VALUES.get(name, setting.choices)
    if choice != setting.default
]
# Where the settings count.
VERSIONS = {"session_list": "9.4.0", "user_me": "9.4.0", "expired_login": "9.4.0", "service_accounts_since": "6.0.2"}
SECOND_STEP = ("challenge_status", "challenge_session", "wrong_code", "code_reuse", "totp_window")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_layer, "time", SimpleNamespace(sleep=lambda _pause: None, monotonic=lambda: 0.0))


class Cluster:
    """A simulated cluster in this process."""

    def __init__(self, version: str | None = None, **settings: str) -> None:
        values = Settings({**COMMON_SETTINGS, **SETTINGS}, settings)
        context = Context(version or RUBRIK_CDM.default_version, values, Clock(), StateFile(None), Journal(None), Faults(), 0.0)
        self.simulated = RUBRIK_CDM.start(context, None)
        self.admin = self.simulated.admin()
        self.service_account = self.simulated.service_account()
        self.sent: list[str] = []

    def request(self, method: str, url: str, *, params: Any, json: Any, headers: Any, auth: Any, **_how: Any) -> Response:
        """Answer in place of requests.Session.request."""
        path = urlsplit(url).path
        self.sent.append(f"{method} {path}")
        sent = auth(SimpleNamespace(headers=dict(headers))).headers
        client = self.simulated.app.test_client(use_cookies=False)  # so that it sends those that are in the headers
        answer = client.open(path, method=method, query_string=params, json=json, headers=sent)
        return Response(answer.status_code, dict(answer.headers), answer.data)


def platform(cluster: Cluster, **who: Any) -> RubrikCdm:
    """Return the platform as somebody; as the administrator unless told otherwise."""
    administrator = {key: value for key, value in cluster.admin.items() if key != "id"}
    one = RubrikCdm(resolve_connection({"platform": "rubrik_cdm", "endpoint": "cdm.example.com", **(who or administrator)}, {}))
    session: Any = one.http._session
    session.request = cluster.request
    return one


def account_of(cluster: Cluster, prefix: str = "") -> dict[str, str]:
    """Return the client id and secret of the service account, or with rsc_ of the one that RSC manages."""
    return {key: cluster.service_account[prefix + key] for key in ("client_id", "client_secret")}


def minted(cluster: Cluster, **who: str) -> Minted:
    """Open a session that outlives its task."""
    with platform(cluster, **who) as one:
        return one.mint_token(None, None)


def live(cluster: Cluster) -> set[str]:
    """Return the ids of all live sessions and API tokens, as the cluster has them."""
    return {one["id"] for one in cluster.simulated.credentials() if one["state"] == "live"}


def message(failure: BaseException) -> str:
    """Return a failure's message after checking what holds for all of them."""
    text = str(failure)
    assert text.endswith((".", "?", "!")), text
    assert "eyJ" not in text, text
    return text


def test_all_settings_are_covered() -> None:
    assert {name for name, _choice in CHOICES} == SETTINGS.keys() - NOT_BEHAVIOUR


@pytest.mark.parametrize(("setting", "choice"), [("error_json", "full"), *CHOICES], ids=lambda value: value)
def test_life_under_every_setting(setting: str, choice: str) -> None:
    settings = {setting: choice} | ({"totp": "on"} if setting in SECOND_STEP else {})
    cluster = Cluster(VERSIONS.get(setting), **settings)
    with platform(cluster) as admin:
        own = admin.caller()
        assert own.account.id == cluster.admin["id"]
        assert own.token_id in live(cluster)
        assert admin.is_account("admin", own.account)
        assert "AdministratorRole" in (admin.caller_roles() or ())
        created, client = life_of_an_account(cluster, admin)
        life_of_sessions(cluster, admin, created, client, listed=choice != "gone_in_9_4")
        life_of_api_tokens(cluster, admin, listed=choice != "gone_in_9_4")
        admin.delete_account(created)
        assert admin.service_accounts("svc-one") == []
        admin.delete_account(created)
    assert own.token_id not in live(cluster)


def life_of_an_account(cluster: Cluster, admin: Platform) -> tuple[AccountState, dict[str, str]]:
    """Make a service account with one role, exchange the role for another, rotate its secret."""
    wish = admin.checked_account(AccountState(Account("", "svc-one"), frozenset(["ReadOnlyAdminRole"])), None)
    made, secret = admin.create_account(wish)
    assert secret is not None
    apply_steps([step for steps in admin.role_steps(made, wish) for step in steps])
    (state,) = admin.service_accounts("svc-one")
    assert (state.account.id, set(state.role_names.values())) == (made.account.id, {"ReadOnlyAdminRole"})

    wish = admin.checked_account(AccountState(state.account, frozenset(["AdministratorRole"])), state)
    apply_steps([step for steps in admin.role_steps(state, wish) for step in steps])
    (state,) = admin.service_accounts("svc-one")
    assert set(state.role_names.values()) == {"AdministratorRole"}
    assert admin.role_steps(state, admin.checked_account(state, state)) == ([], [])

    old = minted(cluster, client_id=secret.client_id, client_secret=secret.client_secret)
    new = admin.rotate_secret(state, expire_sessions=True)
    assert (new.client_id, new.client_secret != secret.client_secret) == (secret.client_id, True)
    if not any("sessions go on" in one for one in admin.warnings):
        assert old.credential.id not in live(cluster)
    return state, {"client_id": new.client_id, "client_secret": new.client_secret}


def life_of_sessions(cluster: Cluster, admin: Platform, state: AccountState, client: dict[str, str], *, listed: bool) -> None:
    """Open sessions, look at them, end them by every way there is."""
    one, two = minted(cluster, **client), minted(cluster, **client)
    for secret in (one.secret, two.secret):
        with platform(cluster, **client) as same:
            seen = same.inspect_token(secret)
        assert seen is not None
        assert same.is_account(client["client_id"], seen.account)
        assert seen.expires_at is not None
        assert abs(seen.expires_at - (one.credential.expires_at or seen.expires_at)) < timedelta(minutes=1)

    with platform(cluster, token=one.secret) as itself:
        assert itself.caller().token_id == one.credential.id
        assert itself.is_account("svc-one", itself.caller().account)
        try:
            own = itself.own_token()
        except RefusedError:
            assert not listed  # then it cannot be told from an API token
            own = Credential(one.credential.id, state.account)
        assert own is not None
        assert itself.end_own_token(own) is True
    assert one.credential.id not in live(cluster)
    assert platform(cluster, **client).inspect_token(one.secret) is None

    ids = [one.credential.id, two.credential.id]
    if listed:
        assert two.credential.id in [token.id for token in admin.tokens(admin.find_account("svc-one"))]
    apply_steps(admin.revoke_steps([Credential(id_, state.account) for id_ in ids] if listed else [two.credential]))
    assert not live(cluster) & set(ids)


def life_of_api_tokens(cluster: Cluster, admin: Platform, *, listed: bool) -> None:
    """Make an API token, which may not do what only a log-in may; revoke it twice."""
    admin.check_api_token("nightly", timedelta(days=30))
    made = admin.mint_api_token("nightly", timedelta(days=30))
    if listed:
        (found,) = admin.api_tokens(None)
        assert (found.id, found.tag) == (made.credential.id, "nightly")
        assert found.id not in [one.id for one in admin.tokens(None)]
    with platform(cluster, token=made.secret) as itself:
        assert itself.caller().account.id == cluster.admin["id"]
        with pytest.raises(RefusedError) as caught:
            itself.own_token()
        assert "an API token; ending this session would delete it." in message(caught.value)
        with pytest.raises((RefusedError, RequestError)) as refused:  # noqa: PT012  (which of the two refuses depends on the cluster)
            itself.check_api_token("another", None)
            itself.mint_api_token("another", None)
        assert "A token cannot create tokens" in message(refused.value)
        with pytest.raises(RequestError) as forbidden:
            itself.create_account(AccountState(Account("", "svc-two")))
        assert "a token may not, whatever its roles." in message(forbidden.value)
    apply_steps(admin.revoke_steps(admin.find_tokens([made.credential.id])))
    assert made.credential.id not in live(cluster)
    with contextlib.suppress(RequestError):  # a cluster may answer 403 for what is not there, which proves nothing
        apply_steps(admin.revoke_steps(admin.find_tokens([made.credential.id])))


# -- what the life above leaves out


FULL = [choice for choice in SETTINGS["session_limit"].choices if choice not in ("401", "401_text")]


@pytest.mark.parametrize("choice", FULL)
def test_all_places_taken(choice: str) -> None:
    cluster = Cluster(session_limit=choice)
    client = account_of(cluster)
    open_ = [minted(cluster, **client) for _unused in range(10)]
    with platform(cluster, **client) as one:
        with pytest.raises(RequestError) as caught:
            one.mint_token(None, None)
        one.explain_refused_mint(caught.value, ["eyJdead", open_[0].secret])
    text = message(caught.value)
    assert "The account has 10 sessions: " in text
    assert all(each.credential.id in text for each in open_)
    assert f"account: '{client['client_id']}', older_than: 1h}}" in text
    assert len(caught.value.details["sessions"]) == 10
    assert open_[0].secret not in text
    with platform(cluster) as admin:
        apply_steps(admin.revoke_steps(admin.tokens(admin.find_account(client["client_id"]))))
    assert not live(cluster)
    minted(cluster, **client)


def test_an_account_of_rsc() -> None:
    cluster = Cluster("9.5.1")
    client = account_of(cluster, "rsc_")
    one = minted(cluster, **client)
    with platform(cluster, **client) as same:
        seen = same.inspect_token(one.secret)
        assert seen is not None
        assert (seen.account.id, seen.account) == (client["client_id"], one.credential.account)
        assert same.is_account(client["client_id"], same.caller().account)
        assert [each.id for each in same.tokens(None)]
        assert seen.id in [each.id for each in same.tokens(same.find_account(client["client_id"]))]
    with platform(cluster) as admin:
        state = next(iter(admin.service_accounts("svc-rsc")))
        for attempt in (lambda: admin.delete_account(state), lambda: admin.rotate_secret(state, False)):
            with pytest.raises(LatchkeyError, match="rubrik_rsc"):
                attempt()
        with pytest.raises(UnsupportedError, match="has no local API tokens any more"):
            admin.check_api_token("nightly", None)
        with pytest.raises(UnsupportedError, match="has no local service accounts any more"):
            admin.checked_account(AccountState(Account("", "svc-new")), None)
        apply_steps(admin.revoke_steps(admin.tokens(state.account)))
    assert not live(cluster)


@pytest.mark.parametrize(("version", "settings"), [("8.0.1", {}), ("9.3.0", {"nonadmin_logout": "refused"})])
def test_a_session_that_may_not_be_ended_only_warns(version: str, settings: dict[str, str]) -> None:
    cluster = Cluster(version, **settings)
    with platform(cluster, **account_of(cluster)) as one:
        one.caller()
    assert "keeps one of the account's ten slots" in " ".join(one.warnings)
    assert len(live(cluster)) == 1


@pytest.mark.parametrize("choice", SETTINGS["foreign_session"].choices)
def test_a_session_that_may_be_anybodys(choice: str) -> None:
    cluster = Cluster(foreign_session=choice)
    one = minted(cluster, **account_of(cluster))
    with platform(cluster) as admin:
        (found,) = admin.find_tokens([one.credential.id])
        assert found.account.id == ""
        with contextlib.suppress(RequestError):
            apply_steps(admin.revoke_steps([found]))
            assert one.credential.id not in live(cluster) or "it is another account's" in admin.warnings[0]
        apply_steps(admin.revoke_steps(admin.find_tokens([one.credential.id], admin.find_account("svc-ansible"))))
    assert not live(cluster)


@pytest.mark.parametrize("version", ["5.0.3", "5.1.2-8188", "5.2.0-9306", "5.3.1", "6.0.2", "7.0.3", "8.0.1-p1-22135", "9.4.0", "9.5.1"])
def test_versions(version: str) -> None:
    cluster = Cluster(version, totp="on")
    with platform(cluster) as admin:
        assert admin.caller().account.name == "admin"
        assert len(admin.tokens(admin.find_account("admin"))) == 1
        with pytest.raises(LatchkeyError, match="there is no account 'nobody'"):
            admin.find_account("nobody")
        with pytest.raises(UnsupportedError) if version == "9.5.1" else contextlib.nullcontext():
            admin.check_api_token("nightly", None)
            admin.mint_api_token("nightly", None)
        with pytest.raises(UnsupportedError) if version < "7" else contextlib.nullcontext():
            assert "admin" not in [state.account.name for state in admin.service_accounts()]
    assert bool(admin.warnings) is (version == "9.4.0"), admin.warnings


@pytest.mark.parametrize("choice", SETTINGS["wrong_code"].choices)
def test_a_wrong_code_says_what_to_do(choice: str) -> None:
    cluster = Cluster(totp="on", wrong_code=choice)
    login = {key: cluster.admin[key] for key in ("username", "password")}
    with pytest.raises(RequestError, match="A code works once, for 30 seconds") as caught:
        platform(cluster, **login, totp_code="00000").caller()
    assert login["password"] not in message(caught.value)
    with pytest.raises(AuthenticationError, match="two-step verification is on") as missing:
        platform(cluster, **login).caller()
    assert "Set totp_code or totp_secret" in message(missing.value)


@pytest.mark.parametrize("choice", SETTINGS["bad_secret"].choices)
def test_wrong_credentials(choice: str) -> None:
    cluster = Cluster(bad_secret=choice, bad_login=choice)
    for who in (
        {"client_id": cluster.service_account["client_id"], "client_secret": "canary"},
        {"username": "admin", "password": "canary"},
    ):
        with pytest.raises(RequestError) as caught:
            platform(cluster, **who).caller()
        assert "canary" not in message(caught.value)
        assert "Check " in str(caught.value)
    assert not live(cluster)


@pytest.mark.parametrize("version", ["9.3.0", "9.5.1"])
@pytest.mark.parametrize(
    ("ids", "in_lists", "named"),
    [
        ("subject", "listed", "client_id"),
        ("subject", "hidden", "client_id"),
        ("client", "listed", "client_id"),
        ("uuid", "listed", "name"),  # nothing that the cluster shows has the client id in it
    ],
)
def test_the_sessions_of_a_managed_account_are_ended_as_the_error_advises(version: str, ids: str, in_lists: str, named: str) -> None:
    cluster = Cluster(version, rsc_account_ids=ids, rsc_in_principals=in_lists)
    who = account_of(cluster, "rsc_")
    first, *_others = [minted(cluster, **who) for _unused in range(10)]
    with platform(cluster, **who) as one, pytest.raises(RequestError) as full:
        one.mint_token(None, None)
    one.explain_refused_mint(full.value, [first.secret])
    advised = re.search(r"account: '([^']+)', older_than", message(full.value))
    assert advised is not None
    assert advised.group(1) == who["client_id"]
    with platform(cluster) as admin:
        if named == "name":
            with pytest.raises(OptionError, match="may list an account of Rubrik Security Cloud under another name"):
                admin.find_account(who["client_id"])
        account = admin.find_account(who["client_id"] if named == "client_id" else "svc-rsc")
        sessions = admin.tokens(account)
        assert len(sessions) == 10
        apply_steps(admin.revoke_steps(sessions))
    with platform(cluster, token=minted(cluster, **who).secret) as managed:
        caller = managed.caller()
        assert cluster.simulated.admin()["id"] != caller.account.id
        assert managed.is_account(who["client_id"], caller.account)
        assert not managed.is_account(jwt_claims(managed.connection.auth.token or "")["iss"], caller.account)
        assert [one.id for one in managed.tokens(None)] == [caller.token_id]
