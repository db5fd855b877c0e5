# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The findings of a report: one of each is planted, and it is found and nothing else; what is not known is not called a finding."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError, VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.codes import CODES
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.join import join
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.model import ReportPolicy, pack, unpack
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.stored import entry_of, unread, with_state
from tests.unit.plugin_utils.report_facts import DAY, HOUR, NOW, POLICY, URL, ago, credential, found, look, stored

OTHER = {"host": "other", "platform": "rubrik_cdm", "title": "Rubrik CDM", "endpoint": "https://cdm.example.com:443", "not_told": {}}
FINE = (credential("fine"), stored("fine"))
PLACE = {"platform": OTHER["platform"], "endpoint": OTHER["endpoint"]}
CDM_SECRET = {"kind": "service_account_secret", "age": None, "expires": None, "live": None, "enabled": None}
PROBLEM = unread(stored(account="other"), VarsFileError("It cannot be decrypted.", "Give the vault id."))

# code -> looks and stores of a world in which it, with its severity, is all that there is to find
PLANTED = {
    ("unreachable", "critical"): ([look(failure="The connection was refused. Check the host.")], []),
    ("store_unreadable", "critical"): ([look()], [PROBLEM]),
    ("dead_in_store", "critical"): (
        [look(credential("2", account="other")), look(host="twin")],
        [stored("gone"), stored("2", account="other")],
    ),
    ("expires_soon", "critical"): ([look(credential("1", expires=HOUR))], [stored("1")]),
    ("expires_soon", "warning"): ([look(credential("1", expires=5 * DAY))], [stored("1")]),
    ("slots_nearly_full", "critical"): (
        [look(accounts=[{"account": "svc", "account_id": "1", "kind": "session", "used": 10, "limit": 10}])],
        [],
    ),
    ("slots_nearly_full", "warning"): (
        [look(accounts=[{"account": "svc", "account_id": "1", "kind": "access_token", "used": 2, "limit": 2}])],
        [],
    ),
    ("unretired", "warning"): (
        [look(credential("new"), credential("old"))],
        [stored("new", previous_id="old", is_overdue=True)],
    ),
    ("orphan", "warning"): ([look(FINE[0], credential("lost"))], [FINE[1]]),
    ("blocks_upgrade", "warning"): (
        [look(credential("1", kind="api_token", local=True, used=DAY), **OTHER, local_advice="It has to go.")],
        [],
    ),
    ("administrator", "warning"): ([look(credential("1", administrator=True))], []),
    ("never_expires", "warning"): ([look(credential("1", expires=None))], [stored("1")]),
    ("never_expires", "info"): ([look(credential("1", **CDM_SECRET), not_told={"service_account_secret": ["last_used_at"]})], []),
    ("too_old", "warning"): ([look(credential("1", age=400 * DAY))], [stored("1")]),
    ("unused", "warning"): ([look(credential("1", kind="api_token", age=200 * DAY, used=91 * DAY), **OTHER)], []),
    ("not_permitted", "warning"): (
        [look(not_permitted=[{"kind": "s3_access_key", "right": "PRIVILEGE_S3", "message": "HTTP 403: no."}])],
        [stored("1", kind="s3_access_key")],
    ),
    ("disabled", "info"): ([look(credential("1", enabled=False, live=False))], []),
}


@pytest.mark.parametrize(("planted", "world"), PLANTED.items(), ids=lambda one: "-".join(one) if isinstance(one[0], str) else "")
def test_what_is_planted_is_found_and_nothing_else(planted, world):
    findings = found(*world)
    assert [(one.code, one.severity) for one in findings] == [planted]
    assert findings[0].what.endswith((".", "!", "?"))
    assert findings[0].advice.endswith(".")


def test_every_kind_is_planted():
    assert {(code, severity) for code, about in CODES.items() for severity in about.severities} == set(PLANTED)


def test_all_of_them_in_one_fleet():
    """Each world is an endpoint of its own; none hides another, and the worst come first. What none of the stores knows is an orphan."""
    looks, stores, planted = [], [], {}
    for number, (code, (seen, known)) in enumerate(PLANTED.items()):
        url = f"https://cluster{number}.example.com"
        planted[url] = code
        looks += [replace(one, endpoint=url) for one in seen]
        stores += [replace(one, endpoint=url, where=f"/srv/{number}.yml") for one in known]
    findings = found(looks, stores)
    told = [(one.endpoint, (one.code, one.severity)) for one in findings if one.code != "orphan" or "lost" in one.what]
    assert sorted(told) == sorted(planted.items())
    assert all(one.id for one in findings if one.code == "orphan")
    ranks = [("critical", "warning", "info").index(one.severity) for one in findings]
    assert ranks == sorted(ranks)


QUIET = {
    "a credential that is in a store": ([look(FINE[0])], [FINE[1]]),
    "the token of a play": ([look(FINE[0], credential("play", age=HOUR, expires=5 * HOUR))], [FINE[1]]),
    "orphans where no store is named": ([look(credential("1"))], []),
    "sessions": ([look(FINE[0], credential("1", kind="session", age=400 * DAY, expires=None, administrator=True))], [FINE[1]]),
    "an account whose store cannot be read": ([look(credential("1", account="other"))], [replace(PROBLEM, problem="")]),
    "a value of which it is not known which it is": ([look(credential("1"))], [stored("", account="local:svc")]),
    "a dead one in a list that was refused": (
        [look(failure=""), look(not_permitted=[{"kind": "access_token", "right": "", "message": ""}], host="b")][1:],
        [],
    ),
    "an old one that is kept for a while": ([look(credential("new"), credential("old"))], [stored("new", previous_id="old")]),
    "an old one that is disabled for a while": (
        [look(credential("new"), credential("old", enabled=False, live=False))],
        [stored("new", previous_id="old")],
    ),
    "an old one that is gone already": ([look(credential("new"))], [stored("new", previous_id="old", is_overdue=True)]),
    "a rotation that is under way": (
        [look(credential("1"), credential("2"))],
        [stored("1", pending_id="2", interrupted_at=ago(timedelta(minutes=5)))],
    ),
    "a last use that the platform never tells": ([look(credential("1", age=200 * DAY))], []),
    "a young one that was not used yet": ([look(credential("1", kind="api_token"), **OTHER)], []),
    "an account that another product manages": ([look(FINE[0], credential("1", local=False))], [FINE[1]]),
    "the caller's own token": ([look(FINE[0], credential("mine"), caller_id="mine")], [FINE[1]]),
    "a few slots that are free": (
        [look(accounts=[{"account": "a", "account_id": "1", "kind": "session", "used": 7, "limit": 10},
                        {"account": "a", "account_id": "1", "kind": "api_token", "used": 70, "limit": None},
                        {"account": "a", "account_id": "1", "kind": "access_token", "used": 1, "limit": 2}])],
        [],
    ),
    "a store at an endpoint that is not in the report": ([look()], [stored("1", endpoint="https://elsewhere.example.com")]),
}  # fmt: skip


@pytest.mark.parametrize("world", QUIET.values(), ids=QUIET)
def test_what_is_fine_or_not_known_is_no_finding(world):
    assert [one for one in found(*world) if one.code != "not_permitted"] == []


def test_two_looks_at_an_endpoint_are_one():
    """What one caller may not list, another one may; the same credential is there once."""
    refused = look(not_permitted=[{"kind": "access_token", "right": "R", "message": "no."}], host="b")
    assert found([refused, look(FINE[0])], [FINE[1]]) == []
    joined = join([look(FINE[0]), look(FINE[0], host="b"), look(endpoint=URL.upper().replace("HTTPS", "https"), host="c")], [], NOW)
    assert (len(joined.endpoints), len(joined.held)) == (1, 1)
    assert [one.code for one in found([look(FINE[0]), look(host="b", failure="It is down.")], [FINE[1]])] == ["unreachable"]


def test_a_host_whose_variables_are_wrong():
    (finding,) = found([look(endpoint="", failure="'nowhere' is undefined")])
    assert finding.what == "The credentials of host cluster are not known. 'nowhere' is undefined."


def test_a_client_secret_is_known_wherever_it_is_listed():
    """Rubrik Security Cloud carries an account to its clusters, under the same client id."""
    secret = credential("client|1", **CDM_SECRET)
    known = stored(
        "client|1", kind="service_account_secret", platform="rubrik_rsc", endpoint="https://rsc.example.com", created_at=ago(DAY)
    )
    assert [one.code for one in found([look(secret, **OTHER)], [known])] == []
    named = stored(kind="service_account_secret", created_at=ago(DAY))
    assert [one.code for one in found([look(credential("7", **CDM_SECRET), not_told={})], [named])] == []


def test_accounts_that_take_turns():
    """The store has the secret of one; that of the other is in no store until its turn, and is no orphan."""
    secrets = [credential(f"client|{name}", account=name, **CDM_SECRET) for name in ("one", "two", "three")]
    turns = stored("client|one", kind="service_account_secret", others=["one", "two"], created_at=ago(DAY))
    orphans = [one.account for one in found([look(*secrets, **OTHER)], [replace(turns, **PLACE)]) if one.code == "orphan"]
    assert orphans == ["three"]


@pytest.mark.parametrize(
    ("known", "there", "words"),
    [
        (stored("1"), [], "is not on the platform any more"),
        (stored("1"), [credential("1", expires=-3 * DAY)], "expired 2026-12-29, 3 d ago"),
        (stored("1"), [credential("1", enabled=False, live=False)], "is disabled"),
        (stored(is_dead=True), [], "is refused by the platform"),
    ],
)
def test_how_a_stored_credential_is_dead(known, there, words):
    dead = [one for one in found([look(*there)], [known]) if one.code == "dead_in_store"]
    assert len(dead) == 1
    assert words in dead[0].what
    assert known.place in dead[0].what


def test_a_list_that_is_a_part_proves_nothing():
    assert found([look(is_part=True)], [stored("1")]) == []


STATES = {
    "settled": ({"stage": "current", "current": {"id": "1", "minted_at": ago(DAY)}}, {"id": "1", "created_at": ago(DAY)}),
    "with an old one that waits": (
        {"current": {"id": "2"}, "previous": {"id": "1", "delete_at": ago(-DAY)}},
        {"id": "2", "previous_id": "1"},
    ),
    "with one that is overdue": (
        {"current": {"id": "2"}, "previous": {"id": "1", "delete_at": ago(HOUR)}},
        {"id": "2", "previous_id": "1", "is_overdue": True},
    ),
    "minting": ({"stage": "minting", "current": {"id": "1"}, "pending": {"since": ago(HOUR)}}, {"id": "1", "interrupted_at": ago(HOUR)}),
    "stored": (
        {"stage": "stored", "current": {"id": "1"}, "pending": {"id": "2", "since": ago(HOUR)}},
        {"id": "2", "previous_id": "1", "interrupted_at": ago(HOUR)},
    ),
    "in place": (
        {"stage": "stored", "current": {"id": "1"}, "pending": {"id": "1", "since": ago(HOUR)}},
        {"id": "1", "interrupted_at": ago(HOUR)},
    ),
    "undoing": (
        {"stage": "undoing", "current": {"id": "1"}, "pending": {"id": "2", "since": ago(HOUR)}},
        {"id": "1", "pending_id": "2", "interrupted_at": ago(HOUR)},
    ),
    "none": ({}, {}),
}


@pytest.mark.parametrize(("state", "known"), STATES.values(), ids=STATES)
def test_what_the_state_of_a_rotation_tells(state, known):
    assert with_state(stored(), state, "", NOW) == replace(stored(), **known)


def test_an_interrupted_rotation_is_found():
    (finding,) = found([look(credential("1"))], [stored("1", interrupted_at=ago(HOUR))])
    assert (finding.code, "began at 2027-01-01 never ended" in finding.what) == ("unretired", True)


def test_the_client_id_beside_a_secret_says_which_it_is():
    secret = stored(kind="service_account_secret")
    assert with_state(secret, {}, "client|1", NOW).id == "client|1"
    assert with_state(stored(), {}, "client|1", NOW).id == ""


def test_entries_of_vars_files():
    kinds = ("api_token", "service_account_secret")
    assert entry_of({"vars_file": "v", "var": "t"}, str, kinds).kind == "api_token"
    assert entry_of({"vars_file": "v", "var": "t", "id_var": "i"}, str, kinds).kind == "service_account_secret"
    assert entry_of({"vars_file": "v", "var": "t", "credential": "s3_access_key"}, str, kinds).kind == "s3_access_key"
    for missing in ({"var": "t"}, {"vars_file": "v", "var": " "}):
        with pytest.raises(OptionError, match="of an entry is missing"):
            entry_of(missing, str, kinds)


def test_a_secret_manager_that_is_not_read():
    """That a rotation has its credential there is known, and so it is no orphan."""
    entry = entry_of({"account": "local:svc"}, str, ("access_token",), is_rotated=True)
    elsewhere = entry.stored("cluster", "qumulo", URL)
    assert elsewhere.place == "local:svc in a secret manager"
    assert [one.account for one in found([look(credential("1"), credential("2", account="b"))], [elsewhere])] == ["b"]


def test_what_hosts_hand_over():
    seen = look(credential("{{ 7 * 7 }}"))
    assert unpack(pack(seen, [stored("1")])) == (
        replace(seen, credentials=list(seen.credentials), accounts=[], not_permitted=[]),
        [stored("1", others=[])],
    )
    assert pack(seen, []).isascii()
    assert "{" not in pack(seen, [])
    for wrong in ("", "x", "eJw=", pack(seen, [])[:-8]):
        with pytest.raises(OptionError, match="is not what an earlier task"):
            unpack(wrong)


def test_durations_are_named_by_the_variables():
    assert ReportPolicy.of({"max_age": "365d", "warn": "7d", "unused": "90d"}) == POLICY
    with pytest.raises(OptionError, match="report_warn"):
        ReportPolicy.of({"max_age": "365d", "warn": "soon", "unused": "90d"})
