# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests and the demo rely on in the simulator itself: command line, files, TLS, faults, clock."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.simulator._journal import hide_secrets
from tests.simulator.launch import ROOT, Simulator, StartError, launch

WHO = "/v1/session/who-am-i"
TOKENS = "/v1/auth/access-tokens/"


class Api:
    """Requests to a simulator as the service account or with a given token."""

    def __init__(self, simulator: Simulator, token: str | None = None) -> None:
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = simulator.ca_file
        self.session.headers["Authorization"] = f"Bearer {token or simulator.service_account['token']}"
        self.url = simulator.url

    def __call__(self, method: str, path: str, body: Any = None, timeout: float = 20) -> requests.Response:
        return self.session.request(method, self.url + path, json=body, timeout=timeout)


def log_in(simulator: Simulator) -> Api:
    """Return requests as the administrator."""
    answer = Api(simulator, "none")("POST", "/v1/session/login", simulator.admin)
    return Api(simulator, answer.json()["bearer_token"])


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    command = [sys.executable, "-m", "tests.simulator", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def answers(port: int) -> bool:
    """Tell whether something listens on the port."""
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def gone(port: int, seconds: float = 10) -> bool:
    """Wait until nothing listens on the port; tell whether that came true in time."""
    deadline = time.monotonic() + seconds
    while answers(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """A simulator for tests that leave nothing behind."""
    with launch("qumulo", directory=tmp_path_factory.mktemp("shared"), settings={"slow_seconds": "0.3"}) as running:
        yield running


# Start and stop


def test_ready_file(simulator: Simulator) -> None:
    ready = json.loads(simulator.ready_file.read_text())
    assert set(ready) == {"platform", "url", "host", "port", "ca_file", "admin", "service_account", "s3_url"}
    assert set(ready["admin"]) == {"username", "password"}
    assert set(ready["service_account"]) == {"username", "password", "id", "token", "token_id"}
    assert simulator.ready_file.stat().st_mode & 0o777 == 0o600
    assert Api(simulator)("GET", WHO).json()["access_token_id"] == ready["service_account"]["token_id"]


def test_tls_is_verified_with_the_ca_file_only(simulator: Simulator) -> None:
    for host in ("127.0.0.1", "localhost"):
        url = f"https://{host}:{simulator.port}/v1/version"
        session = requests.Session()
        session.trust_env = False
        assert session.get(url, verify=simulator.ca_file, timeout=20).status_code == 200
        with pytest.raises(requests.exceptions.SSLError):
            session.get(url, timeout=20)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_it(tmp_path: Path, stop: signal.Signals) -> None:
    ready = tmp_path / "ready.json"
    process = subprocess.Popen([sys.executable, "-m", "tests.simulator", "qumulo", "--ready-file", str(ready)], cwd=ROOT)
    while not ready.exists():
        time.sleep(0.02)
    process.send_signal(stop)
    assert process.wait(10) == 0


def test_it_ends_with_a_killed_parent(tmp_path: Path) -> None:
    code = f"""
import os, pathlib, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from tests.simulator._journal import hide_secrets
from tests.simulator.launch import launch
with launch("qumulo", directory=pathlib.Path({str(tmp_path)!r})):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == -signal.SIGKILL
    assert gone(json.loads((tmp_path / "ready.json").read_text())["port"])


def test_given_password_and_version(tmp_path: Path) -> None:
    with launch("qumulo", version="6.0.0", settings={"admin_password": "Given-1"}, directory=tmp_path) as simulator:
        assert simulator.admin["password"] == "Given-1"
        assert log_in(simulator)("GET", "/v1/version").json()["revision_id"] == "Qumulo Core 6.0.0"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "colour=red"], "there are: ad_password, admin_password"),
        (["--set", "limit_status=200"], "choose from: 409, 400"),
        (["--set", "page_size=-1"], "choose from: <integer>"),
        (["--set", "limit_status"], "is not KEY=VALUE"),
        (["--fault", "GET:/v1/users/"], "is not METHOD:PATH_REGEX:STATUS[:TIMES]"),
        (["--fault", "GET:/v1/users/:99"], "is not METHOD:PATH_REGEX:STATUS[:TIMES]"),
        (["--fault", "GET:(:500"], "is not a regular expression"),
        (["--version", "newest"], "is not like 7.10.2.1"),
    ],
)
def test_usage_errors(arguments: list[str], message: str) -> None:
    result = run("qumulo", *arguments)
    assert result.returncode == 2
    assert message in result.stderr


def test_settings_are_listed() -> None:
    result = run("qumulo", "--list-settings")
    assert result.returncode == 0
    assert "limit_status             409* | 400" in result.stdout


def test_launch_says_why_it_did_not_start(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="unknown setting 'colour'"), launch("qumulo", settings={"colour": "red"}, directory=tmp_path):
        pass


# Files


def test_journal_has_every_request_and_no_secret(simulator: Simulator) -> None:
    admin = log_in(simulator)
    api = Api(simulator)
    secret = "Very-secret-1"
    # a token where it does not belong
    api("GET", TOKENS + simulator.service_account["token"])
    user = admin("POST", "/v1/users/", {"name": "jane", "primary_group": "513", "password": secret}).json()["id"]
    admin("POST", f"/v1/users/{user}/setpassword", {"new_password": secret})
    token = admin("POST", TOKENS, {"user": {"auth_id": user}}).json()
    admin("PATCH", TOKENS + token["id"], {"enabled": False})
    Api(simulator, token["bearer_token"])("GET", WHO + "?a=b")

    entries = simulator.journal()
    assert [(one["method"], one["status"]) for one in entries] == [
        ("POST", 200),
        ("GET", 404),
        ("POST", 200),
        ("POST", 200),
        ("POST", 200),
        ("PATCH", 200),
        ("GET", 401),
    ]
    assert [(one["auth"], one["account"]) for one in entries[:3]] == [("none", None), ("access_token", "svc-ansible"), ("session", "admin")]
    last = entries[-1]
    assert (last["auth"], last["account"], last["credential_id"]) == ("invalid", "jane", token["id"])
    assert (last["path"], last["query"]) == (WHO, "a=b")
    assert {"time", "method", "path", "query", "status", "auth", "account", "credential_id", "user_agent"} <= set(last)
    text = simulator.journal_file.read_text()
    state = json.loads((simulator.directory / "state.json").read_text())["data"]
    secrets = [secret, simulator.admin["password"], simulator.service_account["password"]]
    secrets += [one["secret"] for kind in ("tokens", "sessions") for one in state[kind].values()]
    assert len(secrets) == 6
    # the first characters are enough to notice a part of one
    assert not [one for one in secrets if one.rpartition(":")[2][:10] in text]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/v1/x/access-v1:ab/cd+ef==", "/v1/x/<hidden>"),
        ("user=session-v1%3Aab%2Fcd%3D&limit=1", "user=<hidden>&limit=1"),
        (
            [{"new_password": "x", "old_password": None}, {"token_id": "z"}],
            [{"new_password": "<hidden>", "old_password": None}, {"token_id": "z"}],
        ),
    ],
)
def test_secrets_are_hidden(text: Any, shown: Any) -> None:
    assert hide_secrets(text) == shown


def test_state_survives_a_restart(simulator: Simulator) -> None:
    admin = log_in(simulator)
    user = admin("POST", "/v1/users/", {"name": "jane", "primary_group": "513", "password": "Very-secret-1"}).json()["id"]
    token = admin("POST", TOKENS, {"user": {"auth_id": user}, "expiration_time": "2040-01-01T00:00:00Z"}).json()
    described = admin("GET", TOKENS + token["id"]).json()
    simulator.advance(3600)
    before = (simulator.admin, simulator.service_account, simulator.port, simulator.credentials())
    assert (simulator.directory / "state.json").stat().st_mode & 0o777 == 0o600

    simulator.restart()
    assert before == (simulator.admin, simulator.service_account, simulator.port, simulator.credentials())
    assert admin("GET", TOKENS + token["id"]).json() == described
    assert Api(simulator, token["bearer_token"])("GET", WHO).json()["name"] == "jane"
    # the clock stays ahead, so the session of before ends in time
    simulator.advance(9.5 * 3600)
    assert admin("GET", WHO).status_code == 401


# Clock and credentials


def test_clock(simulator: Simulator) -> None:
    admin = log_in(simulator)
    start = parsedate_to_datetime(admin("GET", WHO).headers["Date"])
    assert {(one["kind"], one["account"]) for one in simulator.credentials()} == {("access_token", "svc-ansible"), ("session", "admin")}
    simulator.advance(11 * 3600)
    answer = admin("GET", WHO)
    assert answer.status_code == 401
    assert 11 * 3600 <= (parsedate_to_datetime(answer.headers["Date"]) - start).total_seconds() < 11 * 3600 + 60
    assert simulator.journal()[-1]["time"][:16] == parsedate_to_datetime(answer.headers["Date"]).strftime("%Y-%m-%dT%H:%M")
    assert {one["kind"] for one in simulator.credentials()} == {"access_token"}


@pytest.mark.parametrize("platform", ["qumulo", "rubrik_cdm", "rubrik_rsc"])
def test_every_answer_has_the_date_of_the_simulated_clock(platform: str) -> None:
    faults = ["GET:/empty:empty", "GET:/html:html", "GET:/busy:503", "GET:/stall:stall"]
    with launch(platform, settings={"slow_seconds": "0.1"}, faults=faults) as simulator:
        api = Api(simulator, "none")
        for seconds in (0, -3600, 86400):
            simulator.advance(seconds)
            ahead = 86400 - 3600 if seconds > 0 else seconds
            for path in ("/v1/version", "/nothing", "/empty", "/html", "/busy", "/stall"):
                before = time.time()
                dates = api("GET", path).raw.headers.getlist("Date")
                assert len(dates) == 1, path
                assert before - 1 <= parsedate_to_datetime(dates[0]).timestamp() - ahead <= time.time(), path


def test_credentials(simulator: Simulator) -> None:
    admin, account = log_in(simulator), simulator.service_account
    assert simulator.credentials()[0] == {
        "id": account["token_id"],
        "kind": "access_token",
        "account": "svc-ansible",
        "account_id": account["id"],
        "created": simulator.credentials()[0]["created"],
        "expires": None,
        "enabled": True,
        "state": "live",
    }
    admin("PATCH", TOKENS + account["token_id"], {"enabled": False})
    assert [one["kind"] for one in simulator.credentials()] == ["session"]
    assert [one["state"] for one in simulator.credentials(everything=True)] == ["disabled", "live"]
    admin("DELETE", TOKENS + account["token_id"])
    assert [one["kind"] for one in simulator.credentials(everything=True)] == ["session"]


# Faults


@pytest.mark.parametrize(
    ("fault", "status", "mimetype", "body"),
    [
        ("503", 503, "application/json", '"error_class"'),
        ("401", 401, "text/html", ""),
        ("307", 307, "text/html", ""),
        ("html", 502, "text/html", "<html>"),
        ("text", 500, "text/plain", "Internal"),
        ("empty", 500, "text/html", ""),
        ("nonsense", 200, "application/json", '{"unexpected": tru'),
        ("strange", 200, "application/json", '[1, "x", null]'),
        ("retry-after", 429, "application/json", '"error_class"'),
    ],
)
def test_fault_answers_without_acting(shared: Simulator, fault: str, status: int, mimetype: str, body: str) -> None:
    api = Api(shared)
    before = shared.credentials()
    shared.fault(f"POST:^{TOKENS}$:{fault}:1")
    answer = api("POST", TOKENS, {"user": {"name": "svc-ansible"}})
    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (status, mimetype)
    assert body in answer.text
    assert bool(body) == bool(answer.text)
    assert answer.headers.get("Retry-After") == ("1" if fault == "retry-after" else None)
    entry = shared.journal()[-1]
    assert (entry["status"], entry["fault"], entry["auth"]) == (status, fault, "access_token")
    assert shared.credentials() == before
    # the connection goes on, and the fault was for one request
    assert api("GET", WHO).status_code == 200


@pytest.mark.parametrize(("fault", "acts"), [("close", False), ("drop", True), ("cut", True)])
def test_fault_breaks_the_connection(shared: Simulator, fault: str, acts: bool) -> None:
    api = Api(shared)
    before = len(shared.credentials())
    shared.fault(f"POST:{TOKENS}:{fault}:1")
    with pytest.raises((requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        api("POST", TOKENS, {"user": {"name": "svc-ansible"}})
    assert len(shared.credentials()) == before + acts
    assert shared.journal()[-1]["status"] == (200 if acts else None)
    for one in api("GET", f"{TOKENS}?user=auth_id:{shared.service_account['id']}").json()["entries"]:
        if one["id"] != shared.service_account["token_id"]:
            api("DELETE", TOKENS + one["id"])


def test_slow_fault(shared: Simulator) -> None:
    shared.fault(f"GET:{WHO}:slow:1")
    with pytest.raises(requests.exceptions.ReadTimeout):
        Api(shared)("GET", WHO, timeout=0.1)
    assert Api(shared)("GET", WHO).status_code == 200


def test_slow_fault_does_not_delay_the_end(tmp_path: Path) -> None:
    with launch("qumulo", directory=tmp_path, faults=["*:.*:slow"]) as simulator:
        with pytest.raises(requests.exceptions.ReadTimeout):
            Api(simulator)("GET", WHO, timeout=0.1)
        # it would be killed otherwise, long before the 60 s of the fault are over
        assert simulator.stop() == 0


def test_faults_come_and_go(shared: Simulator) -> None:
    api = Api(shared)
    shared.fault("*:/v1/(?:session|users):500:2")
    shared.fault("GET:/v1/version:404")
    assert shared.control("GET", "faults") == ["*:/v1/(?:session|users):500:2", "GET:/v1/version:404"]
    assert [api(method, WHO).status_code for method in ("GET", "PUT", "GET")] == [500, 500, 200]
    assert shared.control("GET", "faults") == ["GET:/v1/version:404"]
    assert [api("GET", "/v1/version").status_code for _unused in range(3)] == [404, 404, 404]
    shared.clear_faults()
    assert api("GET", "/v1/version").status_code == 200
    with pytest.raises(ValueError, match="is not METHOD"):
        shared.fault("GET")


def test_a_fault_lets_requests_pass_first(shared: Simulator) -> None:
    shared.fault("GET:.:503:1", after=2)
    assert [Api(shared)("GET", "/v1/version").status_code for _unused in range(4)] == [200, 200, 503, 200]
    assert shared.faults() == []


@pytest.mark.parametrize(("fault", "error"), [("expired", "certificate has expired"), ("changed", "CERTIFICATE_VERIFY_FAILED")])
@pytest.mark.parametrize("after", [0, 2])
def test_fault_of_the_next_handshake(shared: Simulator, fault: str, error: str, after: int) -> None:
    api = Api(shared)
    shared.fault(f"*:.:{fault}:1", after)
    # one connection, which is hung up after the last request that is let pass
    assert [api("GET", "/v1/version").status_code for _unused in range(after)] == [200] * after
    before = len(shared.journal())
    with pytest.raises(requests.exceptions.SSLError, match=error):
        api("POST", TOKENS, {"user": {"name": "svc-ansible"}})
    assert len(shared.journal()) == before
    assert shared.faults() == []
    assert api("GET", "/v1/version").status_code == 200


def test_fault_hangs_up_after_a_whole_answer(shared: Simulator) -> None:
    connection = http.client.HTTPSConnection("127.0.0.1", shared.port, context=tls(shared), timeout=20)
    shared.fault("*:.:hang-up:1", after=1)
    for last in (False, True):
        connection.request("GET", "/v1/version")
        answer = connection.getresponse()
        assert json.loads(answer.read())["revision_id"]
        assert answer.will_close is last


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_fault_stalls_in_the_middle(shared: Simulator, method: str) -> None:
    api = Api(shared)
    made = api("POST", TOKENS, {"user": {"name": "svc-ansible"}}).json()["id"]
    shared.fault(f"{method}:{TOKENS}{made}:stall:2")
    with pytest.raises((requests.exceptions.ReadTimeout, requests.exceptions.ConnectionError)):
        api(method, TOKENS + made, timeout=0.1)
    # who waits gets the whole answer
    assert api(method, TOKENS + made).status_code == (404 if method == "DELETE" else 200)
    api("DELETE", TOKENS + made)


def test_all_secrets_that_were_handed_out_are_remembered(shared: Simulator) -> None:
    api = Api(shared)
    made = api("POST", TOKENS, {"user": {"name": "svc-ansible"}}).json()
    assert made["bearer_token"] in shared.issued()
    api("DELETE", TOKENS + made["id"])
    assert made["bearer_token"] in shared.issued()
    assert made["id"] not in shared.issued()


def test_fault_garbles_the_answer_of_what_was_done(shared: Simulator) -> None:
    api = Api(shared)
    made = api("POST", TOKENS, {"user": {"name": "svc-ansible"}}).json()["id"]
    shared.fault("*:.:garbled:1")
    answer = api("DELETE", TOKENS + made)
    assert (answer.status_code, answer.text) == (200, '{"unexpected": tru')
    assert api("GET", TOKENS + made).status_code == 404


def test_control_is_neither_journaled_nor_faulted(shared: Simulator) -> None:
    before = len(shared.journal())
    shared.fault("*:.*:500")
    assert shared.credentials()
    shared.clear_faults()
    assert len(shared.journal()) == before


# HTTP


def tls(simulator: Simulator) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=simulator.ca_file)


def test_keep_alive_and_chunked_bodies(shared: Simulator) -> None:
    connection = http.client.HTTPSConnection("127.0.0.1", shared.port, context=tls(shared), timeout=20)
    headers = {"Authorization": f"Bearer {shared.service_account['token']}"}
    used = set()
    shared.fault("POST:/v1/identity/find:503:1")
    for status in (503, 200, 200):
        # an iterable without a length is sent in chunks
        connection.request("POST", "/v1/identity/find", iter([b'{"na', b'me":"admin"}']), headers, encode_chunked=True)
        used.add(connection.sock.getsockname())
        answer = connection.getresponse()
        answer.read()
        assert (answer.version, answer.status) == (11, status)
    assert len(used) == 1
    connection.close()


def test_unfinished_handshakes_block_nobody(shared: Simulator) -> None:
    idle = [socket.create_connection(("127.0.0.1", shared.port)) for _unused in range(8)]
    assert Api(shared)("GET", WHO).status_code == 200
    for connection in idle:
        connection.close()


def test_requests_run_in_parallel(tmp_path: Path) -> None:
    with launch("qumulo", directory=tmp_path, latency_ms=1000) as simulator, ThreadPoolExecutor(8) as pool:
        body = {"user": {"name": "svc-ansible"}}
        statuses = list(pool.map(lambda _: Api(simulator)("POST", TOKENS, body).status_code, range(8)))
        most = simulator.most_requests()
    # at once, and yet only one of them got the account's second slot
    assert sorted(statuses) == [200] + [409] * 7
    assert most > 1


def test_requests_in_progress_are_counted(tmp_path: Path) -> None:
    with launch("qumulo", directory=tmp_path, faults=["GET:.*/version:slow"], settings={"slow_seconds": "3"}) as simulator:
        assert simulator.most_requests() == 0
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda _unused: Api(simulator)("GET", "/v1/version"), range(3)))
        assert simulator.control("GET", "requests") == {"in_progress": 0, "most": 3}
        simulator.forget_requests()
        assert simulator.most_requests() == 0


def test_what_is_held_back_is_served_when_that_is_asked_for(tmp_path: Path) -> None:
    with launch("qumulo", directory=tmp_path, faults=["GET:.*/version:late"]) as simulator, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(lambda: Api(simulator)("GET", "/v1/version"))
        assert not wait([answer], 0.3).done
        simulator.serve_late()
        assert answer.result(30).status_code == 200


@pytest.mark.parametrize(
    "path", ["/v1/users", "/v1/auth/roles", "/v1/auth/access-tokens", "/v1/groups", "/v1/session/who-am-i/", "/v1//users/"]
)
def test_trailing_slashes_are_strict(shared: Simulator, path: str) -> None:
    answer = Api(shared)("GET", path)
    assert (answer.status_code, answer.json()["error_class"]) == (404, "http_not_found_error")
    assert set(answer.json()) == {"module", "error_class", "description", "stack", "user_visible"}
