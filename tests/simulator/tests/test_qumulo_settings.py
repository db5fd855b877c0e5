# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each switch of the simulated cluster, and what its versions lack, without a server around it."""

from __future__ import annotations

import hashlib
import threading
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.simulator._clock import Clock
from tests.simulator._faults import Faults
from tests.simulator._journal import Journal
from tests.simulator._platform import Context
from tests.simulator._settings import COMMON_SETTINGS, Settings
from tests.simulator._state import StateFile
from tests.simulator.qumulo import QUMULO
from tests.simulator.qumulo._privileges import PRIVILEGES

TOKENS = "/v1/auth/access-tokens/"
PASSWORD = "Correct-horse-7"
JANE = {"name": "jane", "primary_group": "513", "password": PASSWORD}
FUTURE = "2040-01-01T00:00:00.123456789+01:00"


class Cluster:
    """A cluster in this process; calls answer (status, JSON)."""

    def __init__(self, version: str = "7.10.2.1", **settings: str) -> None:
        values = Settings({**COMMON_SETTINGS, **QUMULO.settings}, settings)
        context = Context(version, values, Clock(), StateFile(None), Journal(None), Faults(), 0.0, threading.Event())
        self.platform = QUMULO.start(context, None)
        self.clock = context.clock
        self.service: dict[str, Any] = self.platform.service_account()
        self.admin = self.log_in(**self.platform.admin())[1]["bearer_token"]

    def log_in(self, username: str, password: str) -> tuple[int, Any]:
        return self.call("POST", "/v1/session/login", {"username": username, "password": password}, "")

    def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
        """Send a request, as the administrator unless a token is given."""
        headers = {"Authorization": f"Bearer {self.admin if token is None else token}"}
        answer = self.platform.app.test_client().open(path, method=method, json=body, headers=headers)
        return answer.status_code, answer.get_json(silent=True)

    def add_user(self, name: str = "jane") -> str:
        user_id: str = self.call("POST", "/v1/users/", {**JANE, "name": name})[1]["id"]
        return user_id

    def add_token(self, user_id: str, **fields: Any) -> dict[str, str]:
        status, token = self.call("POST", TOKENS, {"user": {"auth_id": user_id}, **fields})
        assert status == 200, token
        return dict(token)


def test_defaults_are_choices() -> None:
    for name, setting in QUMULO.settings.items():
        assert setting.accepts(setting.default) or setting.choices == ("<text>",), name


@pytest.mark.parametrize("status", [409, 400, 422, 403, 429, 500])
def test_limit_status(status: int) -> None:
    cluster = Cluster(limit_status=str(status))
    cluster.add_token(cluster.service["id"])
    assert cluster.call("POST", TOKENS, {"user": {"auth_id": cluster.service["id"]}})[0] == status


@pytest.mark.parametrize(("counts", "status"), [("all", 409), ("live", 200)])
def test_limit_counts(counts: str, status: int) -> None:
    cluster = Cluster(limit_counts=counts)
    token = cluster.add_token(cluster.service["id"])
    cluster.call("PATCH", TOKENS + token["id"], {"enabled": False})
    assert cluster.call("POST", TOKENS, {"user": {"auth_id": cluster.service["id"]}})[0] == status


@pytest.mark.parametrize(("never", "shown"), [("null", {"expiration_time": None}), ("empty", {"expiration_time": ""}), ("omitted", {})])
def test_never_expires(never: str, shown: dict[str, Any]) -> None:
    cluster = Cluster(never_expires=never)
    described = cluster.call("GET", TOKENS + cluster.service["token_id"])[1]
    assert {key: value for key, value in described.items() if key == "expiration_time"} == shown


@pytest.mark.parametrize(("switch", "value"), [("expiration_null", None), ("expiration_empty", "")])
@pytest.mark.parametrize(("meaning", "status", "never"), [("clears", 200, True), ("rejected", 400, False), ("ignored", 200, False)])
def test_clearing_an_expiration(switch: str, value: Any, meaning: str, status: int, never: bool) -> None:
    cluster = Cluster(**{switch: meaning})
    token = cluster.add_token(cluster.add_user(), expiration_time=FUTURE)
    assert cluster.call("PATCH", TOKENS + token["id"], {"expiration_time": value})[0] == status
    assert (cluster.call("GET", TOKENS + token["id"])[1]["expiration_time"] is None) == never


@pytest.mark.parametrize(
    ("precision", "shown"), [("echo", FUTURE), ("seconds", "2039-12-31T23:00:00Z"), ("micros", "2039-12-31T23:00:00.123456Z")]
)
def test_expiration_precision(precision: str, shown: str) -> None:
    cluster = Cluster(expiration_precision=precision)
    token = cluster.add_token(cluster.add_user(), expiration_time=FUTURE)
    assert cluster.call("GET", TOKENS + token["id"])[1]["expiration_time"] == shown


@pytest.mark.parametrize("text", ["2040-01-01", "2040-01-01T00:00:00", "2040-13-01T00:00:00Z", "9999-12-31T23:59:59-05:00", "soon", 5])
def test_bad_times(text: Any) -> None:
    cluster = Cluster()
    status, error = cluster.call("POST", TOKENS, {"user": {"auth_id": cluster.service["id"]}, "expiration_time": text})
    assert (status, error["error_class"]) == (400, "decode_error")


@pytest.mark.parametrize(("past", "status"), [("accepted", 200), ("rejected", 400)])
def test_past_expiration(past: str, status: int) -> None:
    cluster = Cluster(past_expiration=past)
    body = {"user": {"auth_id": cluster.service["id"]}, "expiration_time": "2020-01-01T00:00:00Z"}
    answer = cluster.call("POST", TOKENS, body)
    assert answer[0] == status
    if status == 200:
        assert cluster.call("GET", "/v1/session/who-am-i", token=answer[1]["bearer_token"])[0] == 401


@pytest.mark.parametrize("status", [404, 400, 403])
def test_unknown_token(status: int) -> None:
    cluster = Cluster(token_id_unknown=str(status))
    for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
        assert cluster.call(method, TOKENS + "1" * 22, body)[0] == status


@pytest.mark.parametrize(("mode", "status"), [("403", 403), ("404", 404)])
def test_foreign_token(mode: str, status: int) -> None:
    cluster = Cluster(foreign_token=mode, service_account_role="none")
    other = cluster.add_token(cluster.add_user())
    assert cluster.call("DELETE", TOKENS + other["id"], token=cluster.service["token"])[0] == status


@pytest.mark.parametrize(("mode", "expected"), [("forbidden", (403, None)), ("own", (200, 1))])
def test_unfiltered_list(mode: str, expected: tuple[int, int | None]) -> None:
    cluster = Cluster(unfiltered_list=mode, service_account_role="none")
    cluster.add_token(cluster.add_user())
    status, listed = cluster.call("GET", TOKENS, token=cluster.service["token"])
    assert (status, len(listed["entries"]) if status == 200 else None) == expected


@pytest.mark.parametrize(("mode", "expected"), [("refused", 400), ("accepted", 200)])
def test_user_with_limit(mode: str, expected: int) -> None:
    cluster = Cluster(user_with_limit=mode)
    cluster.add_token(cluster.service["id"])
    path = f"{TOKENS}?user=auth_id:{cluster.service['id']}&limit=1"
    status, first = cluster.call("GET", path)
    assert status == expected
    if status == 200:
        second = cluster.call("GET", first["paging"]["next"])[1]
        assert first["entries"][0]["id"] != second["entries"][0]["id"]
        assert second["paging"]["next"] is None


@pytest.mark.parametrize(("mode", "expected"), [("404", 404), ("400", 400), ("empty", 200)])
def test_unknown_user_in_list(mode: str, expected: int) -> None:
    status, listed = Cluster(user_unknown=mode).call("GET", TOKENS + "?user=nobody")
    assert status == expected
    assert status != 200 or listed["entries"] == []


@pytest.mark.parametrize(("mode", "expected"), [("auth_id", 200), ("name", 404)])
def test_bare_digits(mode: str, expected: int) -> None:
    assert Cluster(bare_digits=mode).call("GET", TOKENS + "?user=500")[0] == expected


@pytest.mark.parametrize("order", ["by_id", "by_creation"])
def test_pages_cover_a_list_that_changes(order: str) -> None:
    cluster = Cluster(page_size="2", list_order=order, paging_end="empty")
    for number in range(4):
        cluster.add_token(cluster.add_user(f"user{number}"))
    path, seen = TOKENS, []
    while path:
        page = cluster.call("GET", path)[1]
        seen += [entry["id"] for entry in page["entries"]]
        path = page["paging"]["next"]
        if len(seen) == 2:
            # the place where the next page starts is gone
            cluster.call("DELETE", TOKENS + seen[-1])
    assert len(set(seen)) == 5


def test_list_identity() -> None:
    cluster = Cluster(list_identity="auth_id_only")
    entry = cluster.call("GET", TOKENS)[1]["entries"][0]
    empty = dict.fromkeys(("domain", "uid", "gid", "sid", "name"))
    assert (entry["user"], entry["creator"]) == ({"auth_id": cluster.service["id"], **empty}, {"auth_id": "500", **empty})
    assert cluster.call("GET", TOKENS + entry["id"])[1]["user"]["name"] == "svc-ansible"


@pytest.mark.parametrize(("mode", "status"), [("accepted", 200), ("refused", 400)])
def test_self_change(mode: str, status: int) -> None:
    cluster = Cluster(self_change=mode)
    own = TOKENS + cluster.service["token_id"]
    assert cluster.call("PATCH", own, {"enabled": True}, cluster.service["token"])[0] == 200
    assert cluster.call("DELETE", own, token=cluster.service["token"])[0] == status


@pytest.mark.parametrize(("mode", "roles"), [("live", 200), ("at_creation", 403)])
def test_token_privileges(mode: str, roles: int) -> None:
    cluster = Cluster(token_privileges=mode)
    user_id = cluster.add_user()
    token = cluster.add_token(user_id)
    cluster.call("POST", "/v1/auth/roles/Observers/members", {"auth_id": user_id})
    assert cluster.call("GET", "/v1/auth/roles/", token=token["bearer_token"])[0] == roles


def test_whoami_token_id() -> None:
    cluster = Cluster(whoami_token_id="absent")
    assert "access_token_id" not in cluster.call("GET", "/v1/session/who-am-i", token=cluster.service["token"])[1]


@pytest.mark.parametrize(("mode", "status"), [("kept", 200), ("deleted", 404)])
def test_delete_user_tokens(mode: str, status: int) -> None:
    cluster = Cluster(delete_user_tokens=mode)
    user_id = cluster.add_user()
    token = cluster.add_token(user_id)
    cluster.call("DELETE", f"/v1/users/{user_id}")
    assert cluster.call("GET", TOKENS + token["id"])[0] == status
    assert cluster.call("GET", "/v1/session/who-am-i", token=token["bearer_token"])[0] == 401


@pytest.mark.parametrize(("mode", "status"), [("new", 200), ("removed", 400)])
def test_deleted_name(mode: str, status: int) -> None:
    cluster = Cluster(deleted_name=mode)
    cluster.call("DELETE", f"/v1/users/{cluster.add_user()}")
    again = cluster.add_user()
    answer = cluster.call("POST", TOKENS, {"user": {"domain": "LOCAL", "name": "jane"}})
    assert answer[0] == status
    assert status == 200 or answer[1]["error_class"] == "cred_invalid_local_user_error"
    cluster.add_token(again)
    assert cluster.log_in("jane", PASSWORD)[0] == 200


@pytest.mark.parametrize(
    ("mode", "session", "token"), [("nothing", 200, 200), ("sessions", 401, 200), ("tokens", 200, 401), ("both", 401, 401)]
)
@pytest.mark.parametrize("how", ["setpassword", "put", "change-password"])
def test_password_change_revokes(mode: str, session: int, token: int, how: str) -> None:
    cluster = Cluster(password_change_revokes=mode)
    user_id = cluster.add_user()
    tokens = [cluster.log_in("jane", PASSWORD)[1]["bearer_token"], cluster.add_token(user_id)["bearer_token"]]
    new = PASSWORD + "!"
    if how == "setpassword":
        answer = cluster.call("POST", f"/v1/users/{user_id}/setpassword", {"new_password": new})
    elif how == "put":
        answer = cluster.call("PUT", f"/v1/users/{user_id}", {**JANE, "password": new})
    else:
        answer = cluster.call("POST", "/v1/session/change-password", {"old_password": PASSWORD, "new_password": new}, tokens[0])
    assert answer[0] == 200
    assert [cluster.call("GET", "/v1/session/who-am-i", token=one)[0] for one in tokens] == [session, token]
    assert [cluster.log_in("jane", one)[0] for one in (PASSWORD, new)] == [401, 200]


@pytest.mark.parametrize(("mode", "status"), [("error", 409), ("ok", 200)])
def test_duplicate_member(mode: str, status: int) -> None:
    cluster = Cluster(duplicate_member=mode)
    for path, body in (("/v1/auth/roles/Observers/members", {"auth_id": "500"}), ("/v1/groups/514/members/", {"member_id": "500"})):
        assert [cluster.call("POST", path, body)[0] for _unused in range(2)] == [200, status]


@pytest.mark.parametrize(("mode", "expected"), [("local", (200, "LOCAL")), ("ad", (200, "ACTIVE_DIRECTORY")), ("rejected", (400, None))])
def test_ambiguous_name(mode: str, expected: tuple[int, str | None]) -> None:
    cluster = Cluster(ambiguous_name=mode)
    cluster.add_user()
    status, found = cluster.call("POST", "/v1/identity/find", {"name": "jane"})
    assert (status, found.get("domain")) == expected


@pytest.mark.parametrize(("mode", "status"), [("insensitive", 409), ("sensitive", 200)])
def test_name_case(mode: str, status: int) -> None:
    cluster = Cluster(name_case=mode)
    cluster.add_user("joe")
    assert cluster.call("POST", "/v1/users/", {**JANE, "name": "Joe"})[0] == status


@pytest.mark.parametrize(
    ("switch", "status", "request_"),
    [
        ("duplicate_status", "400", ("POST", "/v1/users/", {**JANE, "name": "admin"})),
        ("weak_password_status", "422", ("POST", "/v1/users/", {**JANE, "password": "weak"})),
        ("built_in_status", "403", ("DELETE", "/v1/users/500", None)),
        ("built_in_status", "409", ("DELETE", "/v1/auth/roles/Observers", None)),
        ("identity_unknown", "400", ("POST", "/v1/identity/find", {"name": "nobody"})),
    ],
)
def test_error_statuses(switch: str, status: str, request_: tuple[str, str, Any]) -> None:
    assert Cluster(**{switch: status}).call(*request_)[0] == int(status)
    assert Cluster().call(*request_)[0] != int(status) or QUMULO.settings[switch].default == status


def test_authentication_statuses() -> None:
    cluster = Cluster(bad_login_status="400", dead_token_status="403", forbidden_status="404", service_account_role="none")
    assert cluster.log_in("admin", "wrong")[0] == 400
    assert cluster.call("GET", "/v1/session/who-am-i", token="access-v1:none")[0] == 403
    assert cluster.call("GET", "/v1/users/", token=cluster.service["token"])[0] == 404
    assert cluster.platform.app.test_client().get("/v1/users/").status_code == 401


def test_unauthorized_body() -> None:
    for mode, empty in (("json", False), ("empty", True)):
        answer = Cluster(unauthorized_body=mode).platform.app.test_client().get("/v1/users/")
        assert (answer.status_code, answer.data == b"") == (401, empty)


def test_password_min_length() -> None:
    assert Cluster(password_min_length="12").call("POST", "/v1/users/", {**JANE, "password": "Short-1"})[0] == 400
    assert Cluster().call("POST", "/v1/users/", {**JANE, "password": "Short-1"})[0] == 200


def test_unknown_field() -> None:
    for mode, status in (("ignored", 200), ("rejected", 400)):
        assert Cluster(unknown_field=mode).call("POST", "/v1/users/", {**JANE, "colour": "red"})[0] == status


def test_fields_of_an_identity_that_are_not_known_are_ignored() -> None:
    cluster = Cluster()
    found = cluster.call("POST", "/v1/identity/find", {"name": "admin", "role_name": "Observers"})
    assert (found[0], found[1]["name"]) == (200, "admin")
    assert cluster.call("POST", "/v1/auth/roles/Observers/members", {"name": "admin", "role_name": "Observers"})[0] == 200


@pytest.mark.parametrize("key", ["bare", "users", "entries"])
def test_user_list(key: str) -> None:
    listed = Cluster(user_list=key).call("GET", "/v1/users/")[1]
    assert "admin" in [one["name"] for one in (listed if key == "bare" else listed[key])]


def test_cluster_settings() -> None:
    for mode, status in (("privilege", 403), ("anyone", 200)):
        cluster = Cluster(cluster_settings=mode, service_account_role="none")
        assert cluster.call("GET", "/v1/cluster/settings", token=cluster.service["token"])[0] == status


def test_active_directory_logins() -> None:
    for sso, status in (("no", 200), ("yes", 401)):
        cluster = Cluster(require_sso=sso, ad_password="Given-1")
        answers = [cluster.log_in(name, "Given-1") for name in (r"AD\jane", "jane@ad.example.com", "jane")]
        assert {answer[0] for answer in answers} == {status}
        assert sso == "no" or answers[0][1]["error_class"] == "auth_sso_required_error"
        assert cluster.log_in("admin", cluster.platform.admin()["password"])[0] == 200


def test_active_directory_users_are_not_local_users() -> None:
    cluster = Cluster()
    cluster.add_user()
    assert [user["name"] for user in cluster.call("GET", "/v1/users/")[1]] == ["admin", "guest", "svc-ansible", "jane"]


def test_service_account_settings() -> None:
    cluster = Cluster(service_account="robot", service_account_password="Given-1", service_account_role="Administrators")
    assert cluster.log_in("robot", "Given-1")[0] == 200
    assert cluster.call("GET", "/v1/session/roles", token=cluster.service["token"]) == (200, ["Administrators"])


# Versions


@pytest.mark.parametrize(
    ("version", "fields"),
    [
        ("5.3.0", set()),
        ("5.3.2", {"expiration_time"}),
        ("5.3.3.1", {"expiration_time", "enabled"}),
        ("7.10.2.1", {"expiration_time", "enabled"}),
    ],
)
def test_token_fields(version: str, fields: set[str]) -> None:
    cluster = Cluster(version)
    token = cluster.add_token(cluster.add_user(), expiration_time="2020-01-01T00:00:00Z")
    entry = next(one for one in cluster.call("GET", TOKENS)[1]["entries"] if one["id"] == token["id"])
    assert set(entry) == {"id", "user", "creator", "creation_time"} | fields
    # before 5.3.2 the cluster does not know the field: such a token never expires
    works = cluster.call("GET", "/v1/session/who-am-i", token=token["bearer_token"])[0] == 200
    assert works == (version == "5.3.0")


def test_paths_of_versions() -> None:
    assert Cluster("5.2.0").call("GET", TOKENS)[0] == 404
    assert Cluster("5.2.0").service["token"] is None
    old = Cluster("5.3.0")
    assert old.call("GET", TOKENS + old.service["token_id"])[0] == 404
    assert old.call("DELETE", TOKENS + old.service["token_id"])[0] == 200
    for version, status in (("6.2.0.1", 404), ("6.2.1", 200)):
        for operation, body in (("find", {"auth_id": "500"}), ("expand", {"id": {"auth_id": "500"}})):
            assert Cluster(version).call("POST", f"/v1/identity/{operation}", body)[0] == status
            assert Cluster(version).call("POST", f"/v1/auth/identity/{operation}", body)[0] == 200


def test_disabling_needs_5_3_3() -> None:
    cluster = Cluster("5.3.2")
    assert cluster.call("PATCH", TOKENS + cluster.service["token_id"], {"enabled": False})[0] == 200
    assert cluster.call("GET", "/v1/session/who-am-i", token=cluster.service["token"])[0] == 200


# Details


def test_creation_times_have_fractions_of_all_lengths() -> None:
    cluster = Cluster()
    lengths = set()
    for number in range(14):
        token = cluster.add_token(cluster.add_user(f"user{number}"))
        text = cluster.call("GET", TOKENS + token["id"])[1]["creation_time"]
        whole, _unused, fraction = text.removesuffix("Z").partition(".")
        assert text.endswith("Z")
        moment = datetime.fromisoformat(whole).replace(tzinfo=timezone.utc)
        assert abs(datetime.now(timezone.utc) - moment) < timedelta(seconds=60)
        lengths.add(len(fraction))
    assert 0 in lengths
    assert max(lengths) > 6


def test_byte_order_mark_is_rejected() -> None:
    cluster = Cluster()
    answer = cluster.platform.app.test_client().post(
        "/v1/identity/find", data=b'\xef\xbb\xbf{"name":"admin"}', headers={"Authorization": f"Bearer {cluster.admin}"}
    )
    assert (answer.status_code, answer.get_json()["error_class"]) == (400, "decode_error")


@pytest.mark.parametrize(
    "body",
    [None, [], {}, {"name": None}, {"name": 5}, {"name": "x", "description": "", "privileges": [[]]}, {"name": "", "description": ""}],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/session/login"),
        ("POST", "/v1/session/change-password"),
        ("POST", TOKENS),
        ("POST", "/v1/users/"),
        ("PUT", "/v1/users/500"),
        ("POST", "/v1/users/500/setpassword"),
        ("POST", "/v1/groups/514/members/"),
        ("PUT", "/v1/groups/513"),
        ("POST", "/v1/auth/roles/"),
        ("POST", "/v1/auth/roles/Observers/members"),
        ("POST", "/v1/identity/expand"),
        ("PUT", "/v1/cluster/settings"),
    ],
)
def test_bad_bodies(shared: Cluster, method: str, path: str, body: Any) -> None:
    assert shared.call(method, path, body)[0] == 400


@pytest.fixture(scope="module")
def shared() -> Cluster:
    """A cluster for tests that change nothing."""
    return Cluster(unknown_field="rejected")


@pytest.mark.parametrize(
    "ident", [{"uid": -1}, {"uid": 2**40}, {"auth_id": "-1"}, {"auth_id": ""}, {"sid": ""}, {"name": ""}, {"auth_id": "9" * 40}]
)
def test_odd_identities(shared: Cluster, ident: dict[str, Any]) -> None:
    assert shared.call("POST", "/v1/identity/find", ident)[0] in (400, 404)
    assert shared.call("POST", TOKENS, {"user": ident})[0] in (400, 404)


@pytest.mark.parametrize("query", ["user=", "user=auth_id:x", "user=uid:x", "limit=0", "limit=x", "after=x", "user=gid:5&user=x"])
def test_odd_queries(shared: Cluster, query: str) -> None:
    status, answer = shared.call("GET", f"{TOKENS}?{query}")
    assert status in (400, 404) or answer["entries"] == []


def test_uid_denotes_the_local_user_who_has_it() -> None:
    cluster = Cluster()
    cluster.call("POST", "/v1/users/", {**JANE, "uid": "2000"})
    found = [cluster.call("POST", "/v1/identity/find", {"uid": 2000, **more})[1]["domain"] for more in ({}, {"domain": "POSIX_USER"})]
    assert found == ["LOCAL", "POSIX_USER"]


def test_role_through_a_group() -> None:
    cluster = Cluster(service_account_role="none")
    cluster.call("POST", "/v1/auth/roles/Observers/members", {"domain": "LOCAL", "name": "Users"})
    assert cluster.call("GET", "/v1/session/roles", token=cluster.service["token"]) == (200, ["Observers"])
    cluster.call("POST", "/v1/auth/roles/Data-Administrators/members", {"name": "Everyone"})
    assert cluster.call("GET", "/v1/session/roles", token=cluster.service["token"])[1] == ["Data-Administrators", "Observers"]


def test_put_user_without_password_keeps_it() -> None:
    cluster = Cluster()
    user_id = cluster.add_user()
    for body in ({"name": "jane", "primary_group": "0", "uid": "7"}, {"name": "jane", "primary_group": "513", "password": None}):
        status, user = cluster.call("PUT", f"/v1/users/{user_id}", body)
        assert (status, user["primary_group"]) == (200, "513")
    assert cluster.log_in("jane", PASSWORD)[0] == 200


def test_cluster_settings_precondition() -> None:
    cluster = Cluster()
    client = cluster.platform.app.test_client()
    headers = {"Authorization": f"Bearer {cluster.admin}"}
    tag = client.get("/v1/cluster/settings", headers=headers).headers["ETag"]
    statuses = [
        client.put("/v1/cluster/settings", json={"cluster_name": name}, headers={**headers, "If-Match": tag}).status_code
        for name in ("first", "second")
    ]
    assert statuses == [200, 412]


def test_restart_keeps_everything() -> None:
    cluster = Cluster()
    cluster.add_token(cluster.add_user(), expiration_time=FUTURE)
    dumped = cluster.platform.dump()
    again = QUMULO.start(cluster.platform.context, dumped)
    assert again.dump() == dumped
    assert again.credentials() == cluster.platform.credentials()


def test_all_privileges_that_are_published_are_known() -> None:
    """Of the names in the vendor's page (where _privileges.py says): how many, and the digest of all in alphabetical order."""
    names = sorted(PRIVILEGES)
    assert len(names) == 123
    assert hashlib.sha256("\n".join(names).encode()).hexdigest() == "d1bce24bddbc877ec4f1a968e874908d42a703848e3a17e79d4713284bccec3d"
    _status, told = Cluster().call("GET", "/v1/auth/privileges/")
    assert sorted(told) == names
