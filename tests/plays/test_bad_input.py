# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users get wrong and what appliances do wrong: one clear sentence, no traceback, nothing lost, and the next run converges."""

from __future__ import annotations

import json
import socket
from typing import Any

import certifi
import pytest

from tests.plays._ansible import Ansible
from tests.plays._cases import checked_message, do, done, refused, tokens_of
from tests.plays._in_process_simulator import InProcess
from tests.plays._options import shared_options
from tests.simulator.launch import Simulator

CANARY = "canary-Pa55word"

# Options that cannot work, and what the error says. None unsets the option that the administrator's options bring.
OPTIONS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no credentials": ({"username": None, "password": None}, ["No credentials for Qumulo Core.", "token, username + pass", "QUMULO_TOKEN"]),
    "two ways": ({"token": "access-v1:x"}, ["2 authentication methods", "token and username + password", "Set exactly one."]),
    "no password": ({"password": None}, ["password is missing: it goes with username.", "QUMULO_PASSWORD"]),
    "no username": ({"username": None}, ["username is missing: it goes with password.", "QUMULO_USERNAME"]),
    "Rubrik's way": ({"client_id": "x", "client_secret": CANARY}, ["client_id: it is no authentication method of Qumulo Core."]),
    "second factor only": ({"username": None, "password": None, "totp_code": "123456"}, ["username is missing"]),
    "no endpoint": ({"endpoint": None}, ["endpoint is missing: where is the API of Qumulo Core?", "QUMULO_ENDPOINT"]),
    "plain http": ({"endpoint": "http://cluster.example.com"}, ["plain http to 'cluster.example.com'", "in the clear", "Use https"]),
    "password in the endpoint": ({"endpoint": f"https://admin:{CANARY}@cluster.example.com"}, ["endpoint: it is not a host"]),
    "other scheme": ({"endpoint": "ssh://cluster.example.com"}, ["'ssh' is not a scheme"]),
    "port of letters": ({"endpoint": "cluster.example.com:abc"}, ["'cluster.example.com:abc' is not a host, a host:port or a URL"]),
    "port too large": ({"endpoint": "cluster.example.com:70000"}, ["is not a host, a host:port or a URL"]),
    "blank in the endpoint": ({"endpoint": "my cluster"}, ["'my cluster' is not a host, a host:port or a URL"]),
    "query in the endpoint": ({"endpoint": "https://cluster.example.com/?a=b"}, ["is not a host, a host:port or a URL"]),
    "list of endpoints": ({"endpoint": "one.example.com, two.example.com"}, ["is not a host, a host:port or a URL"]),
    "unknown platform": ({"platform": "netapp"}, ["platform must be one of", "qumulo"]),
    "other platform's way": (
        {"platform": "rubrik_rsc", "username": "u", "password": CANARY},
        ["username: it is no authentication method of Rubrik Security Cloud.", "Use one of: token, client_id + client_secret, "],
    ),
    "token with a blank": ({"username": None, "password": None, "token": f"Bearer {CANARY}"}, ["token: it holds characters"]),
    "token still encrypted": ({"username": None, "password": None, "token": "$ANSIBLE_VAULT;1.1;AES256\n6162"}, ["is it still encrypted?"]),
    "empty token": ({"username": None, "password": None, "token": ""}, ["token: it is empty.", "QUMULO_TOKEN from the environment"]),
    "empty password": ({"password": ""}, ["password: it is empty."]),
    "empty endpoint": ({"endpoint": ""}, ["endpoint: it is empty."]),
    "no such ca_path": ({"ca_path": "/nowhere/ca.pem"}, ["ca_path: there is no '/nowhere/ca.pem'."]),
    "timeout zero": ({"timeout": 0}, ["timeout: '0.0' is not a number of seconds between 0 and 3600."]),
    "timeout of words": ({"timeout": "long"}, ["timeout", "unable to convert to float"]),
    "expectation of nothing": ({"probes": [{"path": "/v1/version", "expect": ""}]}, ["probes: expect is empty."]),
    "unknown option": ({"tokn": CANARY}, ["Unsupported parameters for (latchkey.tokens.access_check) module: tokn"]),
}


def test_messages_reach_the_user(ansible: Ansible, qumulo: Simulator) -> None:
    """Each failing task says so in one line and sends nothing, and its password is nowhere."""
    secrets = ansible.folder / "secrets.yml"  # not in the playbook, whose lines ansible-core shows around an error
    secrets.write_text(f"canary: {CANARY}\n")
    tasks: list[dict[str, Any]] = []
    for case, (changes, _words) in OPTIONS.items():
        options = {key: value for key, value in {**shared_options(qumulo), "password": CANARY, **changes}.items() if value is not None}
        tasks.append({"name": case, "latchkey.tokens.access_check": options, "ignore_errors": True})
    tasks.append({"name": "wrong password", "latchkey.tokens.access_check": shared_options(qumulo, password=CANARY), "ignore_errors": True})
    written = json.loads(json.dumps(tasks).replace(CANARY, "{{ canary }}"))
    run = ansible.play(written, arguments=["-vvv", "-e", f"@{secrets}"]).assert_ok()
    for case, (_changes, words) in OPTIONS.items():
        for word in words:
            assert word in run[case]["msg"], case
        checked_message(run[case]["msg"])
    assert "user name or the password is wrong" in run["wrong password"]["msg"]
    assert [one["path"] for one in qumulo.journal()] == ["/v1/session/login"]
    assert len(run.failures) == len(OPTIONS) + 1
    assert CANARY not in run.output
    assert CANARY not in json.dumps([one.result for one in run.tasks])
    assert "Traceback" not in run.output


@pytest.mark.parametrize("written", ["127.0.0.1:{port}", "https://127.0.0.1:{port}", "https://127.0.0.1:{port}/", " localhost:{port} "])
def test_endpoints_that_work(shared: Simulator, written: str) -> None:
    assert done(shared, "access_check", endpoint=written.format(port=shared.port))["account"] == "admin"


@pytest.mark.parametrize("ca_path", [None, certifi.where()], ids=["no authority", "other authorities"])
def test_certificate_that_is_not_trusted(shared: Simulator, ca_path: str | None) -> None:
    start = len(shared.journal())
    message = refused(shared, "access_check", ca_path=ca_path)
    for word in (f"Qumulo Core at {shared.url}: cannot log in: its TLS certificate is not trusted (", "Set ca_path", "self-signed"):
        assert word in message
    assert shared.journal()[start:] == []
    assert done(shared, "access_check", ca_path=None, validate_certs=False)["account"] == "admin"


def test_plain_http_to_a_port_that_speaks_tls(shared: Simulator) -> None:
    message = refused(shared, "access_check", endpoint=f"http://127.0.0.1:{shared.port}")
    assert f"Qumulo Core at http://127.0.0.1:{shared.port}: cannot log in: " in message


@pytest.mark.usefixtures("no_pauses")
def test_a_port_that_nothing_listens_at(shared: Simulator) -> None:
    with socket.socket() as taken:  # bound, but not listening
        taken.bind(("127.0.0.1", 0))
        endpoint = f"127.0.0.1:{taken.getsockname()[1]}"
        message = refused(shared, "access_check", endpoint=endpoint)
    assert f"Qumulo Core at https://{endpoint}: cannot log in: the connection was refused." in message
    assert "Check host and port" in message


@pytest.mark.usefixtures("no_pauses")
def test_host_that_does_not_exist(shared: Simulator) -> None:
    message = refused(shared, "access_check", endpoint="cluster.invalid")
    assert "Qumulo Core at https://cluster.invalid:8000: cannot log in: the host name cannot be resolved." in message


def test_plain_http_port(shared: Simulator) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        message = refused(shared, "access_check", endpoint=f"127.0.0.1:{server.getsockname()[1]}", timeout=0.2)
    assert "within 0.2 s" in message
    assert "timeout sets how long to wait" in message


# What an appliance does in the middle. Each kind of request, and a task that sends it.

NEW: dict[str, Any] = {"name": "svc-new", "roles": ["Observers"], "privileges": ["PRIVILEGE_CLUSTER_READ"], "primary_group": "Guests"}
OLD: dict[str, Any] = {"name": "svc-old"}
ITS: dict[str, Any] = {"user": "local:svc-old"}
REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "log in": ("POST:/v1/session/login", "access_check", {}),
    "who am I": ("GET:/v1/session/who-am-i", "access_check", {}),
    "find identity": ("POST:/v1/identity/find", "access_token", {**ITS, "expires_in": "1d", "enabled": True}),
    "list tokens": ("GET:/v1/auth/access-tokens/$", "access_token", {**ITS, "additional": True}),
    "make a token": ("POST:/v1/auth/access-tokens/$", "access_token", {**ITS, "additional": True}),
    "change a token": ("PATCH:/v1/auth/access-tokens/", "access_token", {**ITS, "enabled": False}),
    "delete a token": ("DELETE:/v1/auth/access-tokens/", "access_token", {**ITS, "state": "absent"}),
    "read a token": ("GET:/v1/auth/access-tokens/[0-9]", "access_token_info", {"token_id": "1234567890123456789012"}),
    "list users": ("GET:/v1/users/$", "service_account", NEW),
    "list roles": ("GET:/v1/auth/roles/$", "service_account", NEW),
    "list privileges": ("GET:/v1/auth/privileges/", "service_account", NEW),
    "list groups": ("GET:/v1/groups/", "service_account", NEW),
    "list members": ("GET:/v1/auth/roles/Observers/members", "service_account", {**OLD, "roles": []}),
    "create a user": ("POST:/v1/users/", "service_account", NEW),
    "give a role": ("POST:/v1/auth/roles/Observers/members", "service_account", NEW),
    "read own role": ("GET:/v1/auth/roles/latchkey-svc-new$", "service_account", NEW),
    "create own role": ("POST:/v1/auth/roles/$", "service_account", NEW),
    "join own role": ("POST:/v1/auth/roles/latchkey-svc-new/members", "service_account", NEW),
    "read a user": ("GET:/v1/users/[0-9]", "service_account", {**OLD, "home_directory": "/home/a"}),
    "change a user": ("PUT:/v1/users/", "service_account", {**OLD, "home_directory": "/home/a"}),
    "take a role": ("DELETE:/v1/auth/roles/Observers/members/", "service_account", {**OLD, "roles": []}),
    "delete a user": ("DELETE:/v1/users/", "service_account", {**OLD, "state": "absent"}),
}
# Faults that are over at once (retries take time), and what the message says of each.
FAULTS = {
    "html": "502 Bad Gateway",
    "text": "HTTP 500: Internal server error",
    "empty": "HTTP 500 and no words",
    "nonsense": "the body is not JSON",
    "strange": "unexpected response",
    "302": "Redirects are not followed",
    "418": "HTTP 418",
}
# These are repeated where that does no harm, after a pause.
REPEATED = {"close": "the connection broke", "drop": "the connection broke", "cut": "the connection broke", "503": "HTTP 503"}
# Requests whose answers say nothing that is of use.
UNREAD = {"delete a token", "take a role", "delete a user", "give a role", "create own role", "join own role", "change a user"}


def is_once(request: str) -> bool:
    """Tell whether sending it twice could do harm."""
    return REQUESTS[request][0].startswith(("POST", "PUT")) and request != "find identity"


def prepare(simulator: Simulator) -> None:
    """Put things back to where every request of the list is sent: svc-old with a role and a token, no svc-new."""
    done(simulator, "service_account", **OLD, roles=["Observers"], home_directory="")
    if len(tokens_of(simulator, "svc-old")) != 1:
        done(simulator, "access_token", **ITS, state="absent")
        done(simulator, "access_token", **ITS)
    done(simulator, "access_token", **ITS, enabled=True)
    done(simulator, "service_account", name="svc-new", state="absent")


def attempt(simulator: Simulator, request: str, fault: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Do what sends the request while it fails in this way; return the result and the journal's entries of what failed."""
    where, module, options = REQUESTS[request]
    simulator.fault(f"{where}:{fault}")
    start = len(simulator.journal())
    result = do(simulator, module, **options)
    simulator.clear_faults()
    return result, [entry for entry in simulator.journal()[start:] if "fault" in entry]


def assert_good_failure(simulator: Simulator, result: dict[str, Any], words: str) -> None:
    """The message names platform, endpoint and operation, says what came, and the result carries the facts."""
    message = checked_message(result["msg"])
    assert f"Qumulo Core at {simulator.url}: cannot {result['operation']}: " in message, message
    assert words in message, message
    assert result["platform"] == "qumulo"
    assert result["endpoint"] == simulator.url


@pytest.mark.parametrize("request_", REQUESTS)
def test_bad_answers(cluster: InProcess, request_: str) -> None:
    """Every kind of bad answer to one kind of request, one after the other; then the task converges."""
    prepare(cluster)
    for fault, words in FAULTS.items():
        if (fault in ("nonsense", "strange") and request_ in UNREAD) or (fault == "html" and not is_once(request_)):
            continue  # 502 is repeated where it does no harm
        said = "not a list of JSON objects" if (fault, request_) == ("strange", "list users") else words
        result, hit = attempt(cluster, request_, fault)
        assert result.get("failed"), (fault, result)
        assert_good_failure(cluster, result, said)
        assert len(hit) == 1, (fault, hit)
        assert result["status"] == {"html": 502, "302": 302, "418": 418, "nonsense": 200, "strange": 200}.get(fault, 500)
    converge(cluster, request_)


@pytest.mark.parametrize("request_", REQUESTS)
def test_broken_connections(cluster: InProcess, request_: str) -> None:
    meet_broken_connections(cluster, request_)


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("request_", ["make a token", "list tokens"])
def test_broken_connections_over_tls(qumulo: Simulator, request_: str) -> None:
    meet_broken_connections(qumulo, request_)


def meet_broken_connections(simulator: Simulator, request_: str) -> None:
    """What is only read, or does no harm twice, survives a failure. The rest is sent once, and says what is not known."""
    where, module, options = REQUESTS[request_]
    in_check_mode = not is_once(request_) and where.startswith(("GET", "POST")) and request_ not in ("read own role", "read a user")
    for fault, words in REPEATED.items():
        if not in_check_mode or fault == "close":
            prepare(simulator)
        if is_once(request_):
            result, hit = attempt(simulator, request_, fault)
            assert len(hit) == 1, (fault, hit)
            assert_good_failure(simulator, result, words)
            assert ("took effect is not known, so it was not sent again" in result["msg"]) is (fault != "503")
            if options.get("additional") and fault == "drop":
                assert len(tokens_of(simulator, "svc-old")) == 2
                assert "its secret is lost: find it with access_token_info" in result["msg"]
            converge(simulator, request_)
        else:
            simulator.fault(f"{where}:{fault}:1")
            done(simulator, module, check=in_check_mode, **options)
            assert simulator.control("GET", "faults") == []


def converge(simulator: Simulator, request: str) -> None:
    """After the trouble the same task works, and does nothing more when run again."""
    _where, module, options = REQUESTS[request]
    if options.get("additional"):
        return
    done(simulator, module, **options)
    assert done(simulator, module, **options)["changed"] is False


def test_busy_for_long(cluster: InProcess) -> None:
    """Four attempts at most, and then the appliance's own words."""
    prepare(cluster)
    result, hit = attempt(cluster, "list tokens", "503")
    assert len(hit) == 4
    assert "HTTP 503" in result["msg"]
    assert "busy or down; run again later" in result["msg"]
    result, hit = attempt(cluster, "list tokens", "close")
    assert len(hit) == 4
    assert "the connection broke before a complete answer came. Run again once the appliance can be reached." in result["msg"]


def test_a_server_that_is_gone_between_two_steps(cluster: InProcess) -> None:
    """What was done before is said, and the next run goes on from there."""
    cluster.fault("POST:/v1/auth/roles/$:close")
    message = refused(cluster, "service_account", **NEW)
    assert "took effect is not known" in message
    assert "Done before it: account svc-new" in message
    assert "role 'Observers' given. Not known whether done: privileges set. Running again goes on from there." in message
    cluster.clear_faults()
    assert done(cluster, "service_account", **NEW)["changed"] is True
    minted = done(cluster, "access_token", user="local:svc-new", expires_in="1d")
    assert done(cluster, "access_check", token=minted["token"])["account"] == "svc-new"


def test_cluster_restarts(qumulo: Simulator) -> None:
    minted = done(qumulo, "access_token", user="local:svc-ansible", additional=True)
    qumulo.restart()
    assert done(qumulo, "access_check", token=minted["token"])["token_id"] == minted["token_id"]


# The environment


TWO_WAYS = "The environment variables set 2 authentication methods: token and username + password."


def test_options_from_the_environment(ansible: Ansible, qumulo: Simulator) -> None:
    env = {"QUMULO_ENDPOINT": f"127.0.0.1:{qumulo.port}", "QUMULO_CA_PATH": qumulo.ca_file, "QUMULO_TIMEOUT": "20"}
    login = {"QUMULO_USERNAME": qumulo.admin["username"], "QUMULO_PASSWORD": qumulo.admin["password"]}
    check: dict[str, Any] = {"latchkey.tokens.access_check": {"platform": "qumulo"}, "ignore_errors": True}
    mine = {"platform": "qumulo", "token": qumulo.service_account["token"]}
    tasks: list[dict[str, Any]] = [
        {"name": "In the worker", **check},
        {"name": "As a module", **check, "environment": {"X": "y"}},
        {"name": "Option wins", "latchkey.tokens.access_check": mine},
        {"name": "Task's", **check, "environment": {"QUMULO_TOKEN": CANARY}},
        {"name": "Task's timeout", **check, "environment": {"QUMULO_TIMEOUT": "soon"}},
    ]
    run = ansible.play(tasks, env={**env, **login}).assert_ok()
    assert run["In the worker"]["account"] == run["As a module"]["account"] == "admin"
    assert run["Option wins"]["account"] == "svc-ansible"
    assert TWO_WAYS in run["Task's"]["msg"]
    assert "timeout: 'soon' is not a number of seconds" in run["Task's timeout"]["msg"]


def test_wrong_options_from_the_environment(cluster: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUMULO_ENDPOINT", cluster.url)
    monkeypatch.setenv("QUMULO_TOKEN", cluster.service_account["token"])
    unset = dict.fromkeys(("endpoint", "ca_path", "username", "password"))
    assert done(cluster, "access_check", **unset)["account"] == "svc-ansible"
    monkeypatch.setenv("QUMULO_TIMEOUT", "soon")
    assert "timeout: 'soon' is not a number of seconds" in refused(cluster, "access_check", **unset)
    for name in ("username", "password"):
        monkeypatch.setenv(f"QUMULO_{name.upper()}", cluster.admin[name])
    assert TWO_WAYS in refused(cluster, "access_check", **unset)
