# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's Python client for RSC, unmodified, against the simulated RSC account; and what is around that account."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import graphql
import pytest
import requests
from rsc import RSCClient, schema
from sgqlc.operation import Operation
from sgqlc.types import Enum, Input, Type

from tests.simulator.launch import Simulator, launch
from tests.simulator.rubrik_rsc._schema import NEWEST, schema_of

ADMINISTRATOR, READ_ONLY = "00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000017"
WHO = "{ currentUserLoginContext { accountName orgName user { id username domain roles { id name } } } deploymentVersion }"
LIST = """query ($first: Int, $after: String) { serviceAccounts(first: $first, after: $after, sortBy: NAME) {
  count nodes { clientId name description roles { id } } pageInfo { endCursor hasNextPage } } }"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory for the client, which keeps its tokens there, and none of the caller's settings."""
    for name in ("RSC_URL", "RSC_CLIENT_ID", "RSC_CLIENT_SECRET", "RSC_SERVICE_ACCOUNT_FILE", "RSC_CA_CERT_FILE", "RSC_INSECURE_HTTP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    path = tmp_path / "home"
    path.mkdir()
    monkeypatch.setenv("HOME", str(path))
    return path


@pytest.fixture
def simulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """An RSC account with the newest schema."""
    with running(tmp_path, monkeypatch) as started:
        yield started


@contextmanager
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **settings: str) -> Iterator[Simulator]:
    """Launch an RSC account with settings, whose certificate authority the client trusts."""
    with launch("rubrik_rsc", settings=settings, directory=tmp_path) as started:
        monkeypatch.setenv("RSC_CA_CERT_FILE", started.ca_file)
        yield started


def connect(account: dict[str, Any]) -> RSCClient:
    """Return the vendor's client for an account of the ready file."""
    return RSCClient(service_account_file=account["service_account_file"])


def mints(simulator: Simulator) -> int:
    return sum(one["path"] == "/api/client_token" for one in simulator.journal())


def accounts(client: RSCClient) -> dict[str, dict[str, Any]]:
    """Return the service accounts by name, from all pages."""
    return {one["name"]: one for one in client.execute(LIST, {"first": 100})["data"]["serviceAccounts"]["nodes"]}


def run(client: RSCClient, operation: Operation) -> Any:
    """Run a typed operation that must succeed; return its typed result."""
    result = client.execute(operation)
    assert "errors" not in result, result["errors"]
    return operation + result


def code(result: dict[str, Any]) -> int:
    """Return the code of a failed operation."""
    found: int = result["errors"][0]["extensions"]["code"]
    return found


# Logging in


def test_service_account_file(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    account = simulator.service_account
    path = Path(account["service_account_file"])
    assert json.loads(path.read_text()) == {key: account[key] for key in ("client_id", "client_secret", "name", "access_token_uri")}
    assert path.stat().st_mode & 0o777 == 0o600
    answer = connect(account).execute(WHO)["data"]
    assert answer["deploymentVersion"] == "v20261012-1"
    context = answer["currentUserLoginContext"]
    assert (context["accountName"], context["orgName"]) == ("simulated", "Global")
    roles = [{"id": READ_ONLY, "name": "Read-only Administrator"}]
    assert context["user"] == {"id": account["client_id"], "username": "svc-ansible", "domain": "CLIENT", "roles": roles}
    assert "open permissions" not in capsys.readouterr().err
    assert [(one["auth"], one["account"], one["operation"]) for one in simulator.journal()] == [
        ("client_secret", "svc-ansible", None),
        ("session", "svc-ansible", ["currentUserLoginContext", "deploymentVersion"]),
    ]


@pytest.mark.parametrize("how", ["environment", "file in the environment", "configuration"])
def test_other_ways_to_configure(simulator: Simulator, home: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    account = simulator.admin
    values = {"url": simulator.url, "client_id": account["client_id"], "client_secret": account["client_secret"]}
    if how == "environment":
        for name, value in values.items():
            monkeypatch.setenv(f"RSC_{name.upper()}", value)
    elif how == "configuration":
        (home / ".rsc").mkdir()
        (home / ".rsc" / "config.json").write_text(json.dumps(values))
    else:
        monkeypatch.setenv("RSC_SERVICE_ACCOUNT_FILE", account["service_account_file"])
    assert RSCClient().execute(WHO)["data"]["currentUserLoginContext"]["user"]["username"] == "admin"


@pytest.mark.parametrize(
    ("wrong", "status", "message"),
    [
        ({"client_secret": "wrong"}, 401, "UNAUTHENTICATED: incorrect client secret"),
        ({"client_id": "client|x"}, 403, "PERMISSION_DENIED: "),
    ],
)
def test_refused(simulator: Simulator, tmp_path: Path, wrong: dict[str, str], status: int, message: str) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps({**json.loads(Path(simulator.admin["service_account_file"]).read_text()), **wrong}))
    path.chmod(0o600)
    with pytest.raises(requests.HTTPError) as error:
        RSCClient(service_account_file=path).execute(WHO)
    answer = error.value.response
    assert (answer.status_code, answer.json()["code"]) == (status, status)
    assert answer.json()["message"].startswith(message)
    assert simulator.journal()[-1]["auth"] == "invalid"


def test_personal_access_token_login(simulator: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "pat.json"
    path.write_text(json.dumps({"client_id": "x", "client_secret": "y", "access_token_uri": f"{simulator.url}/api/pat_login"}))
    with pytest.raises(PermissionError, match="Personal access token login was rejected"):
        RSCClient(service_account_file=path).execute(WHO)


# The client's cache of tokens


def test_one_token_for_all_calls(simulator: Simulator, home: Path) -> None:
    client = connect(simulator.admin)
    before = time.time()
    assert [client.execute(WHO)["data"]["deploymentVersion"] for _unused in range(2)] == ["v20261012-1"] * 2
    connect(simulator.admin).execute(WHO)
    assert mints(simulator) == 1
    (cache,) = (home / ".rsc").glob("token_cache_*.json")
    assert 43200 <= json.loads(cache.read_text())["expires_at"] - before < 43260
    connect(simulator.service_account).execute(WHO)
    assert mints(simulator) == 2
    assert {one["account"] for one in simulator.credentials() if one["kind"] == "session"} == {"admin", "svc-ansible"}


@pytest.mark.parametrize(("seconds", "number"), [("60", 3), ("90", 1)])
def test_leeway_of_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: str, number: int) -> None:
    with running(tmp_path, monkeypatch, token_seconds=seconds) as simulator:
        for _unused in range(3):
            assert "errors" not in connect(simulator.admin).execute(WHO)
        assert mints(simulator) == number


@pytest.mark.parametrize("end", ["expired", "revoked"])
def test_a_dead_token_is_kept_and_fails(simulator: Simulator, home: Path, end: str) -> None:
    client = connect(simulator.admin)
    client.execute(WHO)
    (cache,) = (home / ".rsc").glob("token_cache_*.json")
    if end == "expired":
        simulator.advance(43201)
    else:
        headers = {"Authorization": f"Bearer {json.loads(cache.read_text())['access_token']}"}
        url = f"{simulator.url}/api/session"
        answers = [requests.delete(url, headers=headers, verify=simulator.ca_file, timeout=20) for _unused in range(2)]
        assert [answer.status_code for answer in answers] == [204, 401]
    for _unused in range(2):
        error = client.execute(WHO)["errors"][0]
        assert (error["status"], "extensions" in error) == (401, False)
        body = json.loads(error["body"])
        assert body["code"] == 16
        assert ("TIME_CONSTRAINT_FAILURE" in body["message"]) == (end == "expired")
    assert mints(simulator) == 1
    cache.unlink()
    assert "errors" not in client.execute(WHO)


@pytest.mark.parametrize(("mode", "works"), [("kept", True), ("ended", False)])
def test_the_cached_token_after_a_rotation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path, mode: str, works: bool) -> None:
    with running(tmp_path, monkeypatch, rotate_tokens=mode) as simulator:
        admin, client = connect(simulator.admin), connect(simulator.service_account)
        client.execute(WHO)
        operation = Operation(schema.Mutation)
        operation.rotate_service_account_secret(input={"id": simulator.service_account["client_id"]}).client_secret()
        secret = run(admin, operation).rotate_service_account_secret.client_secret
        assert ("errors" not in client.execute(WHO)) == works
        for cache in (home / ".rsc").glob("token_cache_*.json"):
            cache.unlink()
        with pytest.raises(requests.HTTPError, match="401"):
            client.execute(WHO)
        path = Path(simulator.service_account["service_account_file"])
        path.write_text(json.dumps({**json.loads(path.read_text()), "client_secret": secret}))
        assert "errors" not in connect(simulator.service_account).execute(WHO)


# Lists


@pytest.mark.parametrize("cursor", ["entry", "position"])
def test_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cursor: str) -> None:
    with running(tmp_path, monkeypatch, extra_accounts="7", page_size_max="4", cursor=cursor) as simulator:
        client = connect(simulator.admin)
        for first, requests_ in ((2, 5), (3, 3), (4, 3), (100, 3), (None, 3)):
            before = len(simulator.journal())
            listed = client.execute(LIST, {"first": first})["data"]["serviceAccounts"]
            names = ["admin", *(f"extra-{number:04}" for number in range(1, 8)), "svc-ansible"]
            assert [one["name"] for one in listed["nodes"]] == names
            assert (listed["count"], listed["pageInfo"]["hasNextPage"]) == (9, False)
            assert sum(one["operation"] == ["serviceAccounts"] for one in simulator.journal()[before:]) == requests_
        assert len(client.execute(LIST, {"first": 2}, max_records=3)["data"]["serviceAccounts"]["nodes"]) == 3


def test_a_query_that_does_not_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with running(tmp_path, monkeypatch, page_size="1") as simulator:
        query = "{ serviceAccounts { count nodes { name } pageInfo { endCursor hasNextPage } } }"
        listed = connect(simulator.admin).execute(query)["data"]["serviceAccounts"]
        assert (len(listed["nodes"]), listed["pageInfo"]["hasNextPage"]) == (1, True)
        assert "did not advance" in capsys.readouterr().err


def test_roles(simulator: Simulator) -> None:
    operation = Operation(schema.Query)
    roles = operation.get_all_roles_in_org_connection(first=50, name_filter="administrator", sort_by="Name", sort_order="DESC")
    roles.count()
    roles.nodes.__fields__("id", "name", "is_org_admin", "is_read_only")
    roles.page_info.__fields__()
    found = run(connect(simulator.admin), operation).get_all_roles_in_org_connection
    assert [(one.id, one.name) for one in found.nodes] == [(READ_ONLY, "Read-only Administrator"), (ADMINISTRATOR, "Administrator")]


# Typed mutations


def test_life_of_a_service_account(simulator: Simulator) -> None:
    admin = connect(simulator.admin)
    operation = Operation(schema.Mutation)
    given = schema.CreateServiceAccountInput(name="svc-new", description="a robot", role_ids=[READ_ONLY])
    operation.create_service_account(input=given).__fields__()
    created = run(admin, operation).create_service_account
    assert (created.name, created.access_token_uri) == ("svc-new", f"{simulator.url}/api/client_token")
    assert created.client_id.startswith("client|")

    operation = Operation(schema.Mutation)
    operation.update_service_account(input=schema.UpdateServiceAccountInput(id=created.client_id, description="it")).__fields__()
    updated = run(admin, operation).update_service_account
    assert (updated.client_id, updated.name, updated.description, updated.last_login) == (created.client_id, "svc-new", "it", None)

    operation = Operation(schema.Mutation)
    operation.update_role_assignments(user_ids=[created.client_id], role_ids=[ADMINISTRATOR])
    assert run(admin, operation).update_role_assignments is True
    operation = Operation(schema.Mutation)
    operation.add_role_assignments(user_ids=[created.client_id], role_ids=[READ_ONLY])
    assert run(admin, operation).add_role_assignments is True
    assert accounts(admin)["svc-new"]["roles"] == [{"id": ADMINISTRATOR}, {"id": READ_ONLY}]

    operation = Operation(schema.Mutation)
    operation.rotate_service_account_secret(input=schema.RotateServiceAccountSecretInput(id=created.client_id)).__fields__()
    rotated = run(admin, operation).rotate_service_account_secret
    assert (rotated.client_id, rotated.suspended_tpr_policy_ids) == (created.client_id, [])
    assert rotated.client_secret != created.client_secret

    operation = Operation(schema.Mutation)
    operation.delete_service_accounts_from_account(input=schema.DeleteServiceAccountsFromAccountInput(ids=[created.client_id]))
    assert run(admin, operation).delete_service_accounts_from_account is True
    assert sorted(accounts(admin)) == ["admin", "svc-ansible"]
    assert [one["operation"][0] for one in simulator.journal() if one["operation"]] == [
        "createServiceAccount",
        "updateServiceAccount",
        "updateRoleAssignments",
        "addRoleAssignments",
        "serviceAccounts",
        "rotateServiceAccountSecret",
        "deleteServiceAccountsFromAccount",
        "serviceAccounts",
    ]


def test_session_settings(simulator: Simulator) -> None:
    admin = connect(simulator.admin)
    operation = Operation(schema.Query)
    operation.user_session_management_config().config.__fields__()
    config = run(admin, operation).user_session_management_config.config
    assert (config.client_session_timeout_in_seconds, config.client_session_timeout_in_seconds_max_limit) == (43200, 86400)
    names = [one for one in schema.SetUserSessionManagementConfigInput.__field_names__ if one != "client_session_timeout_in_seconds"]
    values = {name: getattr(config, name) for name in names}
    operation = Operation(schema.Mutation)
    given = schema.SetUserSessionManagementConfigInput(client_session_timeout_in_seconds=900, **values)
    operation.set_user_session_management_config(input=given).config.client_session_timeout_in_seconds()
    assert run(admin, operation).set_user_session_management_config.config.client_session_timeout_in_seconds == 900
    connect(simulator.service_account).execute(WHO)
    session = simulator.credentials()[-1]
    assert (session["account"], session["expires"][14:16]) == ("svc-ansible", f"{(int(session['created'][14:16]) + 15) % 60:02}")


def test_suspended_exemptions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(tmp_path, monkeypatch, tpr_policies="1") as simulator:
        operation = Operation(schema.Mutation)
        operation.rotate_service_account_secret(input={"id": simulator.service_account["client_id"]}).__fields__()
        assert run(connect(simulator.admin), operation).rotate_service_account_secret.suspended_tpr_policy_ids == ["policy-1"]


# Errors


def test_errors_of_fields(simulator: Simulator) -> None:
    operation = Operation(schema.Mutation)
    operation.rotate_service_account_secret(input={"id": "client|x"}).client_secret()
    assert code(connect(simulator.admin).execute(operation)) == 404
    assert code(connect(simulator.service_account).execute(operation)) == 403


@pytest.mark.parametrize("status", [400, 200])
def test_older_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    with running(tmp_path, monkeypatch, schema="2026-05-25", validation_status=str(status)) as simulator:
        admin = connect(simulator.admin)
        operation = Operation(schema.Mutation)
        # all fields that the client knows
        operation.rotate_service_account_secret(input={"id": simulator.service_account["client_id"]}).__fields__()
        result = admin.execute(operation)
        if status == 400:
            assert result["errors"][0]["status"] == 400
            result = json.loads(result["errors"][0]["body"])
        assert result["code"] == 400
        assert "suspendedTprPolicyIds" in result["message"]
        assert simulator.journal()[-1]["status"] == status
        operation = Operation(schema.Mutation)
        operation.rotate_service_account_secret(input={"id": simulator.service_account["client_id"]}).client_secret()
        assert run(admin, operation).rotate_service_account_secret.client_secret


def test_gateway_faults(simulator: Simulator) -> None:
    admin = connect(simulator.admin)
    admin.execute(WHO)
    for status in (429, 502, 503, 504):
        simulator.fault(f"POST:^/api/graphql$:{status}:1")
        error = admin.execute(WHO)["errors"][0]
        assert (error["status"], error["body"]) == (status, "")
        entry = simulator.journal()[-1]
        assert (entry["fault"], entry["account"], entry["operation"][0]) == (str(status), "admin", "currentUserLoginContext")
    assert "errors" not in admin.execute(WHO)


# The schema


def argument_types(arguments: Any) -> dict[str, str]:
    return {argument.graphql_name: str(argument.type) for argument in arguments.values()}


def test_schema_is_a_part_of_the_vendors() -> None:
    compared = 0
    for name, ours in schema_of(NEWEST).type_map.items():
        if name.startswith("__") or graphql.is_specified_scalar_type(ours):
            continue
        theirs = getattr(schema, name)
        compared += 1
        if isinstance(ours, graphql.GraphQLEnumType):
            assert issubclass(theirs, Enum)
            assert set(ours.values) == set(theirs.__choices__), name
        elif isinstance(ours, graphql.GraphQLInputObjectType):
            assert issubclass(theirs, Input)
            assert {key: str(field.type) for key, field in ours.fields.items()} == {
                field.graphql_name: str(field.type) for field in theirs
            }, name
        elif isinstance(ours, graphql.GraphQLObjectType):
            assert issubclass(theirs, Type)
            fields = {field.graphql_name: field for field in theirs}
            for key, field in ours.fields.items():
                assert str(field.type) == str(fields[key].type), f"{name}.{key}"
                assert {one: str(argument.type) for one, argument in field.args.items()} == argument_types(fields[key].args), (
                    f"{name}.{key}"
                )
    assert compared > 30


# What is around the account


def test_ready_file(simulator: Simulator) -> None:
    ready = json.loads(simulator.ready_file.read_text())
    assert set(ready) == {"platform", "url", "host", "port", "ca_file", "admin", "service_account"}
    common = {"client_id", "client_secret", "name", "access_token_uri", "service_account_file"}
    assert set(ready["admin"]) == common | {"username", "password"}
    assert set(ready["service_account"]) == common | {"cluster_uuid"}
    assert (ready["platform"], ready["admin"]["username"]) == ("rubrik_rsc", "admin")


def test_journal_has_no_secret(simulator: Simulator) -> None:
    connect(simulator.admin).execute(WHO)
    url = f"{simulator.url}/api/client_token"
    form = {"client_id": simulator.admin["client_id"], "client_secret": simulator.admin["client_secret"]}
    token = requests.post(url, data=form, verify=simulator.ca_file, timeout=20).json()["access_token"]
    # a token where it does not belong
    requests.get(f"{simulator.url}/{token}?x={token}", verify=simulator.ca_file, timeout=20)
    query = f'{{ serviceAccounts(searchText: "{token}") {{ count }} }}'
    assert connect(simulator.admin).execute(query)["data"]["serviceAccounts"]["count"] == 0
    entries = simulator.journal()
    assert [(one["auth"], one["account"]) for one in entries[2:4]] == [("client_secret", "admin"), ("none", None)]
    assert {"time", "method", "path", "query", "status", "auth", "account", "credential_id", "operation"} <= set(entries[0])
    text = simulator.journal_file.read_text()
    state = json.loads((simulator.directory / "state.json").read_text())["data"]
    secrets = [one["value"] for account in state["accounts"].values() for one in account["secrets"]]
    assert len(secrets) == 2
    assert not [one for one in [*secrets, *token.split(".")] if one[:12] in text]


def test_state_survives_a_restart(simulator: Simulator) -> None:
    admin = connect(simulator.admin)
    operation = Operation(schema.Mutation)
    operation.create_service_account(input={"name": "svc-new", "role_ids": [READ_ONLY]}).client_id()
    run(admin, operation)
    simulator.advance(3600)
    before = (simulator.admin, simulator.service_account, simulator.credentials(everything=True), accounts(admin))
    assert (simulator.directory / "state.json").stat().st_mode & 0o777 == 0o600
    simulator.restart()
    assert before == (simulator.admin, simulator.service_account, simulator.credentials(everything=True), accounts(admin))
    assert mints(simulator) == 1
    simulator.advance(11.5 * 3600)
    assert admin.execute(WHO)["errors"][0]["status"] == 401


def test_credentials(simulator: Simulator) -> None:
    connect(simulator.service_account).execute(WHO)
    secret, session = [one for one in simulator.credentials() if one["account"] == "svc-ansible"]
    assert (secret["kind"], secret["expires"], secret["state"]) == ("client_secret", None, "live")
    assert (session["kind"], session["account_id"], session["state"]) == ("session", simulator.service_account["client_id"], "live")
    assert [one["credential_id"] for one in simulator.journal()] == [secret["id"], session["id"]]
    operation = Operation(schema.Mutation)
    operation.rotate_service_account_secret(input={"id": secret["account_id"]}).client_id()
    run(connect(simulator.admin), operation)
    states = [one["state"] for one in simulator.credentials(everything=True) if one["account"] == "svc-ansible"]
    assert states == ["rotated", "live", "live"]
