# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The session of a rotation: in the ledger as long as it lives, and never without anything that ends it."""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
import time
from types import SimpleNamespace

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.endpoint import Endpoint
from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    AuthenticationError,
    LatchkeyError,
    OptionError,
    RefusedError,
    RequestError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account, Credential, Minted
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import utc_now
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import Auth, Connection
from ansible_collections.latchkey.tokens.plugins.module_utils._operations import play_token as operation
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token import broker as play_tokens
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token import revoke as play_token_end
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token import watcher as play_token_watcher
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.ledger import Ledger, process_name
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.revoke import revoke_all_tokens, revoke_tokens
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import rotator
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import session as sessions
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.rotator import needs_session
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.session import Session, open_session

KEY = bytes(range(32))
FORK = multiprocessing.get_context("fork")
CLIENT = Auth(client_id="client", client_secret="canary-secret")


def connection(platform="rubrik_cdm", auth=CLIENT):
    return Connection(platform, Endpoint.parse("https://cdm.example.com", 443), auth)


def refuse(failure):
    """Raise a failure, where there is one."""
    if failure:
        raise failure


class Appliance:
    """A platform whose tokens are sessions."""

    tokens_are_sessions, token_limit = True, None

    def __init__(self):
        self.opened, self.live, self.warnings, self.explained = [], [], [], []
        self.failure = self.end_failure = None
        self.meanwhile = lambda: None

    def at(self, connection):
        self.connection = connection
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_unused):
        pass

    def now(self):
        return utc_now()

    def mint_token(self, account, expires_at):
        assert (account, expires_at) == (None, None)
        refuse(self.failure)
        self.meanwhile()
        secret = f"canary-{len(self.opened)}"
        self.opened.append(self.connection)
        self.live.append(secret)
        return Minted(Credential(secret.replace("canary", "id"), Account("client", "client"), kind="session"), secret)

    def explain_refused_mint(self, failure, bearers):
        self.explained.append(bearers)
        failure.add("The account has ten sessions.")

    def end_own_token(self, own):
        refuse(self.end_failure)
        if self.connection.auth.token not in self.live:
            raise AuthenticationError("It is gone.", status=401)
        self.live.remove(self.connection.auth.token)
        return True


@pytest.fixture
def appliance(tmp_path, monkeypatch):
    one = Appliance()
    path = str(tmp_path / "ledger")
    monkeypatch.setattr(play_tokens, "ledger_path", lambda: path)
    monkeypatch.setattr(play_tokens, "run_key", lambda: KEY)
    monkeypatch.setattr(play_token_watcher, "start_watcher", lambda *_unused: os.getpid())
    for module in (operation, rotator):
        monkeypatch.setattr(module, "open_platform", one.at)
    return one


@pytest.fixture
def ledger(appliance):
    with Ledger.open(play_tokens.ledger_path(), KEY) as opened:
        yield opened


def opened():
    return open_session(connection(), pytest.fail)


def test_it_is_entered_and_ended(appliance, ledger):
    session = opened()
    assert session.connection == connection(auth=Auth(token="canary-0"))
    ((name, entry),) = ledger.read(rotations=True).tokens.items()
    assert (name, entry.scope, entry.secret) == (session.entry, "rotation", "canary-0")
    assert "canary" not in repr(session)
    assert session.close() == []
    assert appliance.live == []
    assert ledger.read(rotations=True).tokens == {}
    assert session.close() == []  # gone already


def test_the_ledger_holds_no_other_credentials(appliance, ledger):
    session = opened()
    assert "canary-secret" not in json.dumps([session.as_data(), *(dict(one.grant) for one in ledger.read(rotations=True).tokens.values())])


def test_another_phase_goes_on_with_it(appliance, ledger):
    data = json.loads(json.dumps(opened().as_data()))
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=lambda: (Session.from_data(data), theirs.send(None), theirs.recv()))
    process.start()
    ours.recv()
    ours.send(None)
    (entry,) = ledger.read(rotations=True).tokens.values()
    assert entry.holder.startswith(f"{process.pid} ")
    process.join(10)
    assert not entry.is_held()
    session = Session.from_data(data)
    assert session == Session(operation.Grant.from_data(data["grant"]), data["entry"])
    (entry,) = ledger.read(rotations=True).tokens.values()
    assert entry.holder == process_name(os.getpid())
    assert session.close() == []
    assert ledger.read(rotations=True).tokens == {}


def test_no_play_token_is_this_session(appliance, ledger):
    session = opened()
    another = opened()
    assert all(entry.current for entry in ledger.read(rotations=True).tokens.values())
    assert ledger.read().tokens == {}
    assert play_tokens.replacement("canary-0", print) is None
    session.close()
    assert play_tokens.replacement("canary-0", print) is None
    assert ledger.read().revoked == []
    another.close()


def test_the_end_of_a_play_leaves_it(appliance, ledger, monkeypatch):
    opened()
    monkeypatch.setattr(play_token_end.Entry, "is_held", lambda _entry: False)
    assert revoke_tokens(ledger, for_good=False, which=lambda entry: entry.scope == "play") == []
    assert appliance.live == ["canary-0"]
    assert revoke_tokens(ledger, for_good=False) == []
    assert appliance.live == []
    assert ledger.read(rotations=True).tokens == {}


def test_the_end_of_the_run_waits_for_who_works_with_it(appliance, ledger, monkeypatch):
    """Such as a worker that undoes its rotation after Ctrl-C, which Ansible's main process does not wait for."""
    monkeypatch.setattr(play_token_end, "_PAUSE", 0.01)
    ours, theirs = FORK.Pipe()
    worker = FORK.Process(target=lambda: (opened(), theirs.send(None), theirs.recv()))
    worker.start()
    ours.recv()
    appliance.live.append("canary-0")
    assert revoke_tokens(ledger, for_good=True) == []
    ended = threading.Thread(target=revoke_all_tokens, args=(ledger,))
    ended.start()
    time.sleep(0.1)
    assert appliance.live == ["canary-0"]
    ours.send(None)
    worker.join(10)
    ended.join(10)
    assert appliance.live == []
    assert ledger.read().closed


def test_a_process_that_never_ends_is_not_waited_for(appliance, ledger, monkeypatch):
    monkeypatch.setattr(play_token_end, "_PAUSE", 0.01)
    monkeypatch.setattr(play_token_end, "_PATIENCE", 0.05)
    opened()
    assert revoke_all_tokens(ledger) == []
    assert appliance.live == []


def test_it_cannot_be_ended(appliance, ledger):
    session = opened()
    appliance.end_failure = RequestError("The appliance is away.")
    (words,) = session.close()
    assert words == ("The session of a rotation as client could not be revoked. It stays until it ends by itself. The appliance is away.")
    assert list(ledger.read(rotations=True).tokens) == [session.entry]


def test_the_ledger_is_not_locked_meanwhile(appliance, ledger):
    opened()

    def look():
        with Ledger.open(play_tokens.ledger_path(), KEY) as another, another.locked():
            seen.append(True)

    seen = []
    appliance.meanwhile = look
    opened()
    assert seen == [True]


def test_a_run_that_has_ended_opens_none(appliance, ledger):
    ledger.close_for_good()
    with pytest.raises(RefusedError, match="No session is opened for the rotation: the run of Ansible that asks for it has ended"):
        opened()
    assert appliance.opened == []


def test_neither_does_an_orphan(appliance, monkeypatch):
    monkeypatch.setattr(sessions, "is_orphan", lambda: True)
    with pytest.raises(RefusedError):
        opened()
    assert appliance.opened == []


def test_a_run_that_ends_meanwhile_keeps_none(appliance, ledger):
    appliance.meanwhile = lambda: revoke_tokens(ledger, for_good=True)
    with pytest.raises(RefusedError):
        opened()
    assert (len(appliance.opened), appliance.live) == (1, [])
    assert ledger.read(rotations=True).tokens == {}


def test_one_that_is_entered_while_the_run_is_ended_is_seen(appliance, ledger, monkeypatch):
    """Between what the end has read and what it writes."""
    close = Ledger.close_for_good

    def close_late(one):
        opened()
        close(one)

    monkeypatch.setattr(Ledger, "close_for_good", close_late)
    monkeypatch.setattr(play_token_end.Entry, "is_held", lambda _entry: False)
    with Ledger.open(play_tokens.ledger_path(), KEY) as one:
        one.add_watcher(os.getpid())
    assert revoke_tokens(ledger, for_good=True) == []
    assert (len(appliance.opened), appliance.live) == (1, [])


def test_one_that_cannot_be_entered_is_revoked(appliance, ledger, monkeypatch):
    def full(*_unused):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Ledger, "add_minted", full)
    with pytest.raises(LatchkeyError, match=r"cannot be written \(No space left on device\), so the token .* was revoked again"):
        opened()
    assert (len(appliance.opened), appliance.live) == (1, [])


def test_the_ledger_may_be_gone(appliance, tmp_path, monkeypatch):
    """Ansible removes its directory at the end of a run, while a worker may still undo a rotation."""
    session = opened()
    data = session.as_data()
    monkeypatch.setattr(play_tokens, "ledger_path", lambda: str(tmp_path / "gone" / "ledger"))
    assert Session.from_data(data).close() == []
    assert appliance.live == []


def test_a_refusal_is_explained(appliance, ledger):
    appliance.failure = RequestError("It was refused.", status=422)
    with pytest.raises(RequestError, match=r"It was refused\. The account has ten sessions\.") as caught:
        opened()
    assert caught.value.status == 422
    assert appliance.explained == [[]]
    contents = ledger.read(rotations=True)
    assert (contents.tokens, contents.refusals) == ({}, {})


def test_a_log_in_is_noted_before_it_is_sent(appliance, ledger):
    """So that the end of a run that is killed meanwhile finds the session."""
    seen = []
    appliance.meanwhile = lambda: seen.extend(ledger.read(rotations=True).intents.values())
    opened()
    (intent,) = seen
    assert intent.is_held()
    assert operation.Attempt.from_data(intent.attempt).connection == connection()
    assert ledger.read(rotations=True).intents == {}
    for failure, lost in ((RequestError("It was refused.", status=422), []), (RequestError("No answer.", may_have_acted=True), [True])):
        appliance.failure = failure
        with pytest.raises(RequestError):
            opened()
        assert [one.lost_at is not None for one in ledger.read(rotations=True).intents.values()] == lost


def test_so_is_one_that_a_platform_sends_for_itself(appliance, ledger):
    platform = SimpleNamespace(connection=connection(), before_session=None, on_session=None)
    with sessions.entered_sessions(platform, pytest.fail):
        platform.before_session()
        (intent,) = ledger.read(rotations=True).intents.values()
        assert intent.is_held()
        platform.on_session("canary-own", "id-own")
        contents = ledger.read(rotations=True)
        assert (contents.intents, [(one.secret, one.grant["id"]) for one in contents.tokens.values()]) == ({}, [("canary-own", "id-own")])
    assert ledger.read(rotations=True).tokens == {}

    def fail(failure):
        with sessions.entered_sessions(platform, pytest.fail):
            platform.before_session()
            raise failure

    for failure, lost in ((RequestError("It was refused.", status=422), []), (RequestError("No answer.", may_have_acted=True), [True])):
        with pytest.raises(RequestError):
            fail(failure)
        assert [one.lost_at is not None for one in ledger.read(rotations=True).intents.values()] == lost


def test_the_watcher_is_started_once(appliance, ledger, monkeypatch):
    started = []
    monkeypatch.setattr(play_token_watcher, "start_watcher", lambda *_unused: started.append(1) or os.getpid())
    opened()
    opened()
    assert (started, ledger.read().watcher) == ([1], process_name(os.getpid()))


def test_none_that_watches_is_told(appliance, monkeypatch):
    monkeypatch.setattr(play_token_watcher, "start_watcher", lambda *_unused: None)
    warnings = []
    open_session(connection(), warnings.append)
    assert len(warnings) == 1
    assert warnings[0].startswith("Nothing will revoke the session that the rotation is about to open: the callback ")


@pytest.mark.parametrize(
    ("platform", "auth", "needed"),
    [
        ("rubrik_cdm", CLIENT, True),
        ("rubrik_cdm", Auth(username="admin", password="canary"), True),
        ("rubrik_rsc", CLIENT, True),
        ("rubrik_rsc", Auth(token="canary"), False),
        ("rubrik_cdm", Auth(token="canary"), False),
        ("qumulo", Auth(username="admin", password="canary"), False),
        ("qumulo", Auth(token="canary"), False),
    ],
)
def test_who_needs_one(platform, auth, needed):
    assert needs_session(connection(platform, auth)) is needed


def test_a_token_opens_none(appliance, monkeypatch):
    monkeypatch.undo()
    with pytest.raises(OptionError):
        operation.log_in(connection(auth=Auth(token="canary")))
