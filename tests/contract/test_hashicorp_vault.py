# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret of Vault as the store of a rotation: hvac, unmodified, against the stand-in.

Where a program of OpenBao or Vault is on the PATH, the tests that ask for ``kv`` run against that in dev mode, too; the others need a Vault
that fails on purpose.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import trustme

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, OptionError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.hashicorp_vault import VaultStore
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.hashicorp_vault_client import HvacClient, access_of
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.names import Keys
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import PARTS, Change, ChangedMeanwhileError, Written
from tests.stores import vault_program
from tests.stores.vault import ROOT, Answer, Vault, refused, running
from tests.stores.vault_program import PROGRAMS, Program
from tests.unit.plugin_utils.rotation_facts import minting, settled, stored

PATH = "latchkey/qumulo"
OLD, NEW = "canary-old-credential", "canary-new-credential"
SETTLED = {"stage": "current", "current": {"id": "2"}}
KEPT = {**SETTLED, "previous": {"id": "1"}}  # the old credential goes on working for a while
MAY_WRITE = f'path "secret/data/{PATH}" {{ capabilities = ["read", "update"] }}\n'
MAY_DESTROY = f'path "secret/destroy/{PATH}" {{ capabilities = ["update"] }}\n'
MAY_READ = MAY_WRITE.replace(', "update"', "")
NAMES = {"approle": ("VAULT_ROLE_ID", "VAULT_SECRET_ID"), "jwt": ("VAULT_AUTH_ROLE", "VAULT_ID_TOKEN")}
Served = Vault | Program


@pytest.fixture
def vault():
    with running() as found:
        found.put(PATH, token=OLD, id="c1", owner="storage team")
        yield found


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """A real one, in dev mode; None where there is no program."""
    path = vault_program.program()
    if path is None:
        yield None
        return
    with vault_program.running(path, tmp_path_factory.mktemp("vault")) as found:
        yield found


@pytest.fixture(params=["stand-in", "program"])
def kv(request, program):
    """The stand-in, and a real one where there is its program."""
    if request.param == "stand-in":
        with running() as found:
            found.put(PATH, token=OLD, id="c1", owner="storage team")
            yield found
        return
    if program is None:
        pytest.skip(f"neither {' nor '.join(PROGRAMS)} is on the PATH")
    program.put(PATH, token=OLD, id="c1", owner="storage team")
    yield program
    program.forget(PATH)


def store_of(vault: Served, environment: dict[str, str] | None = None, **options: object) -> VaultStore:
    env = {"VAULT_ADDR": vault.url, "VAULT_TOKEN": vault.root, "HOME": "/nowhere"} if environment is None else environment
    access = access_of({"path": PATH, **options}, env, str)
    return VaultStore(HvacClient(access), Keys("token", "id"), sleep=lambda _seconds: None)


def rotated(store: VaultStore) -> list[Written]:
    """Do what a rotation does, up to the proof."""
    intent = store.write(Change(minting()), store.read().as_expected())
    return [intent, store.write(Change(stored(), value=NEW, old_value=OLD, client_id="c2"), {"state": (intent.version["state"],)})]


# -- the port


def test_a_rotation_is_a_version_for_each_write_and_leaves_no_earlier_one(kv):
    store = store_of(kv)
    held = store.read()
    assert (held.value, held.client_id, held.state, held.old_value) == (OLD, "c1", {}, None)
    assert sorted(held.names) == ["id", "owner", "token"]
    _intent, put = rotated(store)
    assert kv.data(PATH)["token"] == NEW
    held = store.read()
    assert (held.value, held.client_id, held.state, held.old_value) == (NEW, "c2", stored(), OLD)
    assert held.version == put.version
    assert kv.readable(PATH) == [1, 2, 3]
    store.write(Change(KEPT), held.as_expected())
    assert kv.readable(PATH) == [2, 3, 4], "the ones that hold the old credential are kept while it stands"
    store.write(Change(SETTLED), store.read().as_expected())
    assert kv.readable(PATH) == [5]
    assert kv.data(PATH).keys() == {"token", "id", "owner", "token_rotation"}
    assert OLD not in kv.everything(PATH)


def test_an_undone_rotation_leaves_the_old_content_and_no_version_with_the_new_credential(kv):
    store = store_of(kv)
    intent, put = rotated(store)
    assert not store.restore(intent.before, intent.after, None), "another content is there"
    assert put.before == intent.after
    assert store.restore(intent.before, put.after, None)
    assert {**kv.data(PATH), "token_rotation": ""} == {"token": OLD, "id": "c1", "owner": "storage team", "token_rotation": ""}
    assert store.read().state == {}
    assert kv.readable(PATH) == [4]


def test_the_same_content_has_the_same_marks_and_nothing_can_be_read_from_them(kv):
    store = store_of(kv)
    first = store.read()
    store.write(Change(settled(), value=NEW), first.as_expected())
    again = store.write(Change(settled(), value=OLD), store.read().as_expected())
    assert again.version["value"] == first.version["value"] != ""
    assert set(again.version) == set(PARTS)
    assert again.version["old_value"] == ""
    assert OLD not in json.dumps([first.version, again.version])
    assert OLD not in repr([first, again])


@pytest.mark.parametrize("key", ["owner", "token"])
def test_another_writer_between_read_and_write(vault, key):
    """A key that is none of the rotation's business is kept; the credential itself is not written over."""
    store = store_of(vault)
    held = store.read()

    def by_hand(_number: int) -> None:
        vault.on_write = lambda _number: None
        vault.put(PATH, **{**vault.data(PATH), key: "by hand"})

    vault.on_write = by_hand
    if key == "token":
        with pytest.raises(
            ChangedMeanwhileError, match=r"was not written, since token in it is not what it was when it was read\. Another"
        ):
            store.write(Change(minting()), held.as_expected())
        assert "token_rotation" not in vault.data(PATH)
    else:
        store.write(Change(minting()), held.as_expected())
        assert store.read().state == minting()
    assert vault.data(PATH)[key] == "by hand"


def test_a_write_that_took_effect_and_was_answered_with_a_failure_is_written_once(vault):
    store = store_of(vault)
    vault.after.append((f"POST secret/data/{PATH}", lambda _vault: refused(500, "context deadline exceeded")))
    store.write(Change(minting()), store.read().as_expected())
    assert vault.readable(PATH) == [1, 2]
    vault.faults.append((f"POST secret/data/{PATH}", lambda _vault: refused(500, "context deadline exceeded")))
    with pytest.raises(LatchkeyError, match=r"Vault at http://127\.0\.0\.1:\d+ failed: context deadline exceeded\. Run again later\."):
        store.write(Change(minting()), store.read().as_expected())
    assert vault.readable(PATH) == [1, 2]


def test_what_came_of_such_a_write_is_asked_again_where_a_standby_lags_behind(vault):
    store = store_of(vault)

    def fail_and_lag(found: Vault) -> Answer:
        found.stale = [1, 1]
        return refused(500, "context deadline exceeded")

    vault.after.append((f"POST secret/data/{PATH}", fail_and_lag))
    store.write(Change(minting()), store.read().as_expected())
    assert vault.readable(PATH) == [1, 2]
    assert store.read().state == minting()


def test_a_standby_that_lags_behind_is_asked_again(vault):
    store = store_of(vault)
    store.write(Change(minting()), store.read().as_expected())
    vault.stale = [1, 1]
    assert store.read().state == minting()
    vault.stale = [1] * 100
    with pytest.raises(LatchkeyError, match="is still told as it was before this run wrote it"):
        store.read()


def test_a_secret_that_is_deleted_meanwhile_is_told_as_gone_and_can_be_given_back(kv):
    store = store_of(kv)
    intent = store.write(Change(minting()), store.read().as_expected())
    kv.delete(PATH)
    assert not store.read().exists
    with pytest.raises(LatchkeyError, match=r"There is no Vault secret secret/latchkey/qumulo at .* any more"):
        store.write(Change(stored(), value=NEW), {})
    put = store.write(Change(stored(), value=NEW, old_value=OLD), {"state": (intent.version["state"],)}, intent)
    assert (put.before, kv.data(PATH)["token"]) == (None, NEW)
    kv.delete(PATH)
    assert store.restore(intent.before, None, None)
    assert kv.data(PATH)["token"] == OLD


def test_versions_that_cannot_be_destroyed_are_a_warning_and_the_next_rotations_work(kv):
    store = store_of(kv, token=kv.token_for(MAY_WRITE))
    rotated(store)
    done = store.write(Change(SETTLED), store.read().as_expected())
    assert done.warnings[0].startswith("Versions 1, 2, 3 of Vault secret secret/latchkey/qumulo at ")
    assert 'path "secret/destroy/latchkey/qumulo" { capabilities = ["update"] }' in done.warnings[0]
    store = store_of(kv)
    assert store.write(Change(SETTLED), store.read().as_expected()).warnings == ()
    assert kv.readable(PATH) == [5]


def test_what_a_hand_writes_between_two_rotations_does_not_keep_the_credential(kv):
    store = store_of(kv)
    rotated(store)
    store.write(Change(SETTLED), store.read().as_expected())
    for owner in ("backup team", "storage team"):
        kv.put(PATH, **{**kv.data(PATH), "owner": owner})
    assert kv.readable(PATH) == [4, 5, 6]
    store = store_of(kv)
    store.write(Change(SETTLED, value="canary-newer"), store.read().as_expected())
    assert kv.readable(PATH) == [7]


# -- log-in


@pytest.mark.parametrize("way", NAMES)
def test_a_log_in_with_the_rights_of_the_guide_is_enough(kv, way):
    role, secret = (kv.app_role if way == "approle" else kv.jwt_role)(MAY_WRITE + MAY_DESTROY)
    env = {"VAULT_ADDR": kv.url, "HOME": "/nowhere", NAMES[way][0]: role}
    store = store_of(kv, {**env, NAMES[way][1]: secret})
    store.try_write(Change(minting()), store.read().as_expected())
    rotated(store)
    store.write(Change(SETTLED), store.read().as_expected())
    assert kv.readable(PATH) == [4]
    store.close()
    assert store.read().value == NEW, "it logs in again"
    store.close()
    with pytest.raises(LatchkeyError, match=rf"refused the log-in by {way} at auth/{way}\. It said: (invalid|error)") as failure:
        store_of(kv, {**env, NAMES[way][1]: "CANARY-x"}).read()
    assert "CANARY" not in str(failure.value)


@pytest.mark.parametrize("way", NAMES)
def test_a_log_in_gives_a_run_a_token_of_its_own_that_is_revoked_at_the_end(vault, way):
    vault.roles[way, "rotator"] = ("CANARY-secret-id", (".*",))
    role, secret = NAMES[way]
    store = store_of(vault, {"VAULT_ADDR": vault.url, role: "rotator", secret: "CANARY-secret-id"})
    rotated(store)
    assert vault.journal.count(f"POST auth/{way}/login") == 1
    expired = next(one for one in vault.tokens if one != ROOT)
    del vault.tokens[expired]
    assert store.read().value == NEW
    assert vault.journal.count(f"POST auth/{way}/login") == 2, "a token that has expired since is replaced"
    store.close()
    assert set(vault.tokens) == {ROOT}


@pytest.mark.parametrize(
    ("options", "environment", "message"),
    [
        ({}, {"VAULT_TOKEN": "x"}, r"url is not set, and neither is VAULT_ADDR"),
        ({"url": "https://v"}, {}, r"there is no way to log in to Vault\. Set token"),
        ({"url": "http://v", "token": "x"}, {}, r"url: plain http to 'v' would send credentials in the clear"),
        ({"url": "https://v", "token": "x", "role_id": "y"}, {}, r"token and role_id are several ways to log in"),
        ({"url": "https://v", "jwt": "x"}, {}, r"jwt needs role"),
        ({"url": "https://v", "token": "x", "path": "/"}, {}, r"path is not set"),
        ({"url": "https://v", "token": "x", "ca_path": "/no/ca"}, {}, r"there is no /no/ca with certificates to trust"),
        ({"url": "https://v", "token": "x", "timeout": -1}, {}, r"timeout -1 is not a number of seconds"),
    ],
)
def test_options_that_are_wrong_are_refused_by_name(options, environment, message):
    with pytest.raises(OptionError, match=f"^rotate_hashicorp_vault: {message}"):
        access_of({"path": PATH, **options}, {"HOME": "/nowhere", **environment}, str)


def test_options_come_before_the_environment_and_the_token_file_last(tmp_path: Path):
    (tmp_path / ".vault-token").write_text("from-file\n")
    env = {"HOME": str(tmp_path), "VAULT_ADDR": "https://v:1", "VAULT_NAMESPACE": "team/", "VAULT_CLIENT_TIMEOUT": "7"}
    access = access_of({"path": "/a/b", "mount": "kv/"}, env, str)
    assert (access.url, access.namespace, access.mount, access.path, access.timeout) == ("https://v:1", "team", "kv", "a/b", 7)
    assert access.credentials == {"token": "from-file"}
    assert access.where == "Vault secret kv/a/b at https://v:1, namespace team"
    access = access_of({"path": "a", "role_id": "r"}, {**env, "VAULT_TOKEN": "t", "VAULT_SECRET_ID": "s"}, str)
    assert (access.way, access.credentials) == ("approle", {"role_id": "r", "secret_id": "s"})
    assert "'s'" not in repr(access)


# -- every failure is a sentence


def _mark(**attributes: object):
    def apply(vault: Vault) -> None:
        for name, value in attributes.items():
            setattr(vault, name, value)

    return apply


@pytest.mark.parametrize(
    ("fault", "options", "message"),
    [
        (_mark(sealed=True), {}, r"Vault at \S+ is sealed, so Vault secret secret/latchkey/qumulo at \S+ was not read\. Unseal it"),
        (
            _mark(standby="https://active:8200"),
            {},
            r"is a standby node that forwards no requests, .*; the active node is https://active:8200",
        ),
        (_mark(standby="none"), {}, r"is a standby node that knows of no active one"),
        (_mark(throttled=True), {}, r"throttles requests by a quota, .* It said: request path \"secret/data/latchkey/qumulo\": rate limit"),
        (_mark(namespace="team"), {"namespace": "other"}, r"has no secrets engine mounted at secret in the namespace other, so"),
        (_mark(), {"mount": "kv"}, r"has no secrets engine mounted at kv, so .* no handler for route \"kv/data/latchkey/qumulo\""),
        (
            _mark(),
            {"mount": "old"},
            r"engine at old of Vault at \S+ is KV version 1, which has no versions .* vault kv enable-versioning old",
        ),
        (_mark(), {"path": "nothing"}, r"There is no Vault secret secret/nothing at \S+, so nothing was rotated\. Check rotate_hashi"),
        (
            _mark(tokens={ROOT: ("update .*",)}),
            {},
            r"not permit 'read' on secret/data/latchkey/qumulo to this log-in\. It said: permission denied\.",
        ),
        (
            _mark(tokens={}),
            {},
            r"refused the token: it has expired, is revoked, or is of another namespace; Vault secret .* was not read\.",
        ),
        (_mark(tokens={}, says_invalid=False), {}, r"refused the token: it has expired, is revoked, or is of another namespace"),
        (
            lambda vault: vault.faults.append(("GET secret/data/.*", lambda _vault: Answer(200, {"data": {}}))),
            {},
            r"Vault's answer about Vault secret secret/latchkey/qumulo at \S+ is not one of KV version 2",
        ),
        (lambda vault: vault.put(PATH, token={"x": 1}), {}, r"^holds no text in token, but more keys"),
        (lambda vault: vault.put(PATH, token="x", other_rotation="{}"), {}, r"^holds the state of another rotation, in other_rotation"),
        (lambda vault: vault.put(PATH, token=OLD, token_rotation="[]"), {}, r"The rotation's state in the store is not one"),
    ],
)
def test_every_failure_is_a_sentence_and_nothing_is_written(vault, fault, options, message):
    fault(vault)
    before = json.dumps(vault.secrets[PATH].versions)
    store = store_of(vault, **options)
    if message.startswith("^"):
        assert message[1:] in store.read().refusal
        assert store.read().advice
    else:
        with pytest.raises(LatchkeyError, match=message) as failure:
            store.read()
        assert ROOT not in str(failure.value)
        assert OLD not in str(failure.value)
    assert json.dumps(vault.secrets[PATH].versions) == before


@pytest.mark.parametrize(("path", "policy"), [("data", MAY_READ + MAY_DESTROY), ("destroy", MAY_WRITE)])
def test_a_right_that_is_missing_is_found_before_anything_is_created(kv, path, policy):
    store = store_of(kv, token=kv.token_for(policy))
    with pytest.raises(LatchkeyError, match=rf"does not permit 'update' on secret/{path}/latchkey/qumulo to this log-in\. Give its policy"):
        store.try_write(Change(minting()), store.read().as_expected())
    assert kv.readable(PATH) == [1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mount": "kv"}, r"has no secrets engine mounted at kv, so .* no handler for route"),
        ({"mount": "old"}, r"engine at old of Vault at \S+ is KV version 1, which has no versions"),
        ({"path": "nothing"}, r"There is no Vault secret secret/nothing at \S+, so nothing was rotated"),
        ({"token": "hvs.CANARY-expired"}, r"refused the token: it has expired, is revoked, or is of another namespace"),
        ({"policy": MAY_DESTROY}, r"not permit 'read' on secret/data/latchkey/qumulo to this log-in\. It said: permission denied\."),
    ],
)
def test_what_is_refused_is_a_sentence(kv, options, message):
    given = dict(options)
    if policy := given.pop("policy", ""):
        given["token"] = kv.token_for(policy)
    with pytest.raises(LatchkeyError, match=message) as failure:
        store_of(kv, **given).read()
    assert "CANARY" not in str(failure.value)


def test_a_certificate_is_verified(tmp_path: Path):
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1")
    leaf.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with running((tmp_path / "server.pem", tmp_path / "server.pem")) as vault:
        vault.put(PATH, token=OLD)
        env = {"VAULT_ADDR": vault.url, "VAULT_TOKEN": ROOT, "VAULT_SKIP_VERIFY": "true"}
        with pytest.raises(LatchkeyError, match=r"The TLS certificate of Vault at \S+ is not trusted, .* Set ca_path in rotate_hashicorp_"):
            store_of(vault, env).read()
        assert store_of(vault, {**env, "VAULT_CACERT": str(tmp_path / "ca.pem")}).read().value == OLD


def test_a_library_that_is_missing_is_named(vault, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "hvac", None)
    with pytest.raises(OptionError, match=r"needs the Python library hvac, .* pip install hvac\."):
        store_of(vault)
