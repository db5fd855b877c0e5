# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret is in anything that a run of the modules leaves, whatever fails in it, although nobody wrote no_log."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.plays._ansible import Ansible, Run
from tests.plays._canaries import Scene, control
from tests.plays._cases import PREFIX
from tests.plays._options import administrator, where
from tests.simulator.launch import Simulator, launch

PLATFORMS = ("qumulo", "rubrik_cdm", "rubrik_rsc")
ACCOUNT, ACCOUNTS, TOKEN, TOKENS, CHECK, REVOKE, API_TOKEN, API_TOKENS, STORE, READ, CREDENTIALS, S3_KEY = (
    PREFIX + name
    for name in (
        "service_account",
        "service_account_info",
        "access_token",
        "access_token_info",
        "access_check",
        "session_revoke",
        "api_token",
        "api_token_info",
        "vault_vars",
        "vault_vars_info",
        "credential_info",
        "s3_access_key",
    )
)
ROLES = {"qumulo": "Observers", "rubrik_cdm": "ReadOnlyAdminRole", "rubrik_rsc": "Backup Operator"}
NOBODY = dict.fromkeys(("username", "password", "totp_secret", "client_id", "client_secret", "token"), "{{ omit }}")
IGNORED: dict[str, Any] = {"ignore_errors": True}
MODES: dict[str, dict[str, Any]] = {"": {}, " as a module": {"environment": {"X": "y"}}}
# Of the everyday tasks, those that are also run as ordinary modules (others are over ssh), and those that are run on each ansible-core.
AS_MODULES = {"qumulo": ("Make", "Key"), "rubrik_cdm": ("Make", "Mint", "API token"), "rubrik_rsc": ("Make", "Rotate", "Use the file")}
ON_EACH_CORE = (
    *("Make", "Mint", "Mint in a loop", "Use", "Use in a loop", "Usable", "Retry", "Assert", "Rescued", "Wrong secret"),
    *("Mint, and call it failed", "Store", "Store each", "Change", "Keep what was", "Put back", "Read", "Stored as it was", "Other id"),
    *("In a loop that fails", "undefined", "no filter", "condition"),
)


@pytest.fixture
def scene(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(ansible, tmp_path_factory.mktemp("evidence"), tmp_path_factory.mktemp("handed-in"))


def appliance(scene: Scene, platform: str, folder: Path, **more: str) -> Any:
    """Start a simulator whose secrets are canaries, with more settings where it has them."""
    canaries = scene.canaries
    settings = {
        "qumulo": lambda: {
            "admin_password": canaries.new("administrator's password"),
            "service_account_password": canaries.new("password"),
        },
        "rubrik_cdm": lambda: {
            "admin_password": canaries.new("administrator's password"),
            "totp": "on",
            "totp_secret": canaries.add("TOTP secret", base64.b32encode(secrets.token_bytes(20)).decode()),
            "service_account_secret": canaries.new("client secret"),
        },
        "rubrik_rsc": lambda: {
            "admin_client_secret": canaries.new("administrator's client secret"),
            "service_account_client_secret": canaries.new("client secret"),
        },
    }[platform]()
    settings |= {name: value for name, value in more.items() if name in settings}
    return launch(platform, settings=settings, directory=folder)


def play_of(scene: Scene, simulator: Simulator) -> dict[str, Any]:
    """Return a play's keywords and arguments: the administrator's credentials and other secrets are variables from a file."""
    login = administrator(simulator)
    handed = {name: value for name, value in login.items() if name not in ("username", "client_id")}
    names = {name: f"admin_{name}" for name in handed}
    canaries = scene.canaries
    given = {
        **{names[name]: value for name, value in handed.items()},
        "wrong": canaries.new("wrong secret"),
        "bogus": canaries.plain("bogus token"),
        "stored": canaries.new("stored value"),
        "many": {"first": canaries.new("first of many"), "second": canaries.new("second of many")},
        "lines": f"{canaries.new('first line')}\n{canaries.new('second line')}\n",
        "shaped": {"client_id": "client|x", "client_secret": canaries.new("secret of a file"), "name": "x"},
    }
    scene.give("shaped.json", given["shaped"])
    password = scene.give("vault-password", canaries.new("vault password") + "\n")
    options = {**login, **{name: "{{ " + names[name] + " }}" for name in handed}}
    return {
        "arguments": ["-vvvv", "--diff", "-e", f"@{scene.give('secrets.json', given)}", "--vault-id", f"prod@{password}"],
        "module_defaults": {"group/latchkey.tokens.latchkey": {**where(simulator), **options}},
        "vars": {"secret": "{{ stored }}"},
    }


def own_secret(simulator: Simulator) -> str:
    """Return the option that the administrator logs in with."""
    return "client_secret" if simulator.platform == "rubrik_rsc" else "password"


def everyday(simulator: Simulator, how: str = "") -> list[dict[str, Any]]:
    """Return tasks that make, use, list, change and end every kind of credential that a platform has; as a module, some of them."""
    platform, name = simulator.platform, f"svc{how.replace(' ', '-')}"
    me = {**NOBODY, "client_id": "{{ made.client_id }}", "client_secret": "{{ made.client_secret }}"}
    who = {"user": f"local:{name}"} if platform == "qumulo" else me
    items = [{"user": "local:guest"}, {"user": "local:admin"}] if platform == "qumulo" else "{{ [made, made] }}"
    of_item = (
        {"user": "{{ item.user }}", "additional": True} if platform == "qumulo" else {**me, "client_secret": "{{ item.client_secret }}"}
    )
    tasks: list[dict[str, Any]] = [
        {"name": "Make", ACCOUNT: {"name": name, "roles": [ROLES[platform]]}, "register": "made"},
        {"name": "Mint", TOKEN: who, "register": "minted"},
        {"name": "Mint in a loop", TOKEN: of_item, "loop": items, "register": "loop"},
        {"name": "Use", CHECK: {**NOBODY, "token": "{{ minted.token }}", "expect_account": name}},
        {"name": "Use in a loop", CHECK: {**NOBODY, "token": "{{ item.token }}"}, "loop": "{{ loop.results }}"},
        {"name": "Keep", TOKEN: {**(who if platform == "qumulo" else me), "current": "{{ minted.token }}"}},
        {"name": "List accounts", ACCOUNTS: {}, "register": "listed"},
        {"name": "Foretell", ACCOUNT: {"name": f"{name}-two", "roles": [ROLES[platform]]}, "check_mode": True},
        {"name": "Usable", "ansible.builtin.debug": {"msg": "{{ [minted.token is search('[.:]'), loop.results | length] }}"}},
        # What ends in failure with a new secret in it, or with one in its options
        {
            "name": "Retry",
            CHECK: {**NOBODY, "token": "{{ minted.token }}", "expect_account": "another-one"},
            "register": "retried",
            "until": "retried is not failed",
            "retries": 1,
            "delay": 0,
            **IGNORED,
        },
        {"name": "Assert", "ansible.builtin.assert": {"that": ["minted.token == 'x'"]}, **IGNORED},
        {
            "name": "Rescued",
            "block": [{"name": f"Fail{how}", CHECK: {**NOBODY, "token": "{{ bogus }}"}}],
            "rescue": [{"name": f"Show why{how}", "ansible.builtin.debug": {"var": "ansible_failed_result"}}],
        },
        {
            "name": "Wrong secret",
            CHECK: {own_secret(simulator): "{{ wrong }}"},
            **IGNORED,
        },
        {"name": "Two ways", CHECK: {"token": "{{ bogus }}"}, **IGNORED},
    ]
    if platform != "qumulo":
        path = f"robot{how}.json"
        rotate = {"name": name, "rotate_secret": True}
        tasks += [
            {"name": "Rotate", ACCOUNT: {**rotate, "credentials_file": path}, "register": "made"},
            {"name": "Use the file", CHECK: {**NOBODY, "service_account_file": path}},
            {
                "name": "Rotate until",
                ACCOUNT: rotate,
                "register": "made",
                "until": "made.attempts > 1",
                "retries": 2,
                "delay": 0,
            },
            {"name": "Rotate, and call it failed", ACCOUNT: rotate, "register": "made", "failed_when": True, **IGNORED},
        ]
    if platform != "rubrik_rsc":
        tasks.append({"name": "List tokens", TOKENS: {}})
    if platform == "qumulo":
        again = {"user": f"local:{name}", "additional": True}
        tasks += [
            {"name": "Mint, and call it failed", TOKEN: again, "register": "second", "failed_when": True, **IGNORED},
            {"name": "Third", TOKEN: again, **IGNORED},
            {"name": "Foretell a token", TOKEN: {"user": "ad:jane", "expires_in": "30d"}, "check_mode": True},
            {"name": "No change", TOKEN: {"user": "local:svc-ansible"}},
            {"name": "Key", S3_KEY: {"user": f"local:{name}"}, "register": "key"},
            {"name": "Assert a key", "ansible.builtin.assert": {"that": ["key.secret_access_key == 'x'"]}, **IGNORED},
            {"name": "Another key", S3_KEY: {"user": f"local:{name}", "additional": True}, "failed_when": True, **IGNORED},
            {"name": "Revoke by id", REVOKE: {"ids": ["{{ second.token_id }}"]}},
        ]
    if platform == "rubrik_cdm":
        tasks += [
            {"name": "API token", API_TOKEN: {"tag": f"t{len(how)}", "expires_in": "1d"}, "register": "api"},
            {"name": "API tokens", API_TOKENS: {}},
            {"name": "Use API token", CHECK: {**NOBODY, "token": "{{ api.token }}"}},
            {"name": "No API token any more", API_TOKEN: {"tag": f"t{len(how)}", "state": "absent"}},
            {"name": "Wrong code", CHECK: {"totp_secret": "{{ omit }}", "totp_code": "{{ bogus }}"}, **IGNORED},
        ]
    tasks += [
        {"name": "List credentials", CREDENTIALS: {}},
        {"name": "End", REVOKE: {**NOBODY, "token": "{{ minted.token }}", "target": "self"}},
        {"name": "Ended", CHECK: {**NOBODY, "token": "{{ minted.token }}"}, **IGNORED},
    ]
    return [{**task, "name": f"{task['name']}{how}", **MODES[how]} for task in tasks if not how or task["name"] in AS_MODULES[platform]]


FACTS = {"name": "Facts", "ansible.builtin.setup": {"gather_subset": ["!all"]}}


def assert_as_documented(run: Run, platform: str) -> None:
    """What carries a secret is hidden, in loops too, and usable; what carries none can be read, and says what is wrong."""
    assert run["Usable"]["msg"] == [True, 2]
    again = {"qumulo": ("Key",), "rubrik_cdm": ("Make", "Mint", "API token"), "rubrik_rsc": ("Make", "Rotate")}[platform]
    for name in ("Mint", *(("Another key",) if platform == "qumulo" else ()), *again, *(f"{one} as a module" for one in again)):
        assert run.by_name[name].hidden, name
    assert all(one.hidden for one in run.tasks if one.task == "Mint in a loop" and one.status == "item")
    assert [one.status for one in run.tasks if one.task == "Use in a loop"] == ["item", "item", "ok"]
    assert run["Use"]["account"] == "svc"
    assert run["Keep"]["changed"] is False
    assert not run.by_name["Foretell"].hidden
    assert "2 authentication methods" in run["Two ways"]["msg"]
    assert "401" in run["Show why"]["ansible_failed_result"]["msg"]
    assert "log in" in run["Wrong secret"]["msg"]
    assert "another-one" in run["Retry"]["msg"]
    if platform == "rubrik_cdm":
        assert [name for name in ("Make, far", "Rotate, far", "API token, far") if not run.by_name[name].hidden] == []
        assert run["Use the far secret"]["account"] == "far"
    if platform != "qumulo":
        assert run["Use the file"]["account"] == "svc"
    else:
        assert "2 access tokens already" in run["Third"]["msg"]
        assert run["Foretell a token"]["changed"] is True
        assert run["No change"]["token_id"]
        assert_stored(run)


def assert_stored(run: Run) -> None:
    """Vars files hold what was stored, and show nothing of it."""
    assert run["Stored as it was"]["msg"] == [True, True]
    for name in ("Keep what was", "Read"):
        assert run.by_name[name].hidden, name
    assert "dev" in run["Other id"]["msg"]


def rubrik_over_ssh(scene: Scene) -> list[dict[str, Any]]:
    """Return tasks with which modules on another machine print the secrets of accounts, and API tokens."""
    far: dict[str, Any] = {"vars": scene.over_ssh()}
    login = {"client_id": "{{ made.client_id }}", "client_secret": "{{ made.client_secret }}"}
    return [
        {"name": "Make, far", ACCOUNT: {"name": "far", "roles": [ROLES["rubrik_cdm"]]}, **far},
        {"name": "Rotate, far", ACCOUNT: {"name": "far", "rotate_secret": True}, "register": "made", **far},
        {"name": "API token, far", API_TOKEN: {"tag": "far", "expires_in": "1d"}, "register": "api", **far},
        {"name": "Use the far secret", CHECK: {**NOBODY, **login, "expect_account": "far"}},
        {"name": "Use the far token", CHECK: {**NOBODY, "token": "{{ api.token }}"}},
    ]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_modules(scene: Scene, tmp_path_factory: pytest.TempPathFactory, platform: str) -> None:
    with appliance(scene, platform, tmp_path_factory.mktemp(platform)) as simulator:
        tasks = [task for how in MODES for task in everyday(simulator, how)]
        tasks += {"qumulo": vars_file(), "rubrik_cdm": rubrik_over_ssh(scene)}.get(platform, [])
        run = scene.play([FACTS, *tasks], **play_of(scene, simulator)).assert_ok()
        scene.assert_clean(simulator, allowed=[f"robot{how}.json" for how in MODES])
        assert_as_documented(run, platform)


def over_ssh(scene: Scene) -> list[dict[str, Any]]:
    """Return tasks with what a module prints on another machine, with banners round it, whether it can be read or not."""
    far: dict[str, Any] = {"vars": scene.over_ssh()}
    garbled: dict[str, Any] = {"vars": scene.over_ssh("garbled")}
    return [
        {"name": "Make, far", ACCOUNT: {"name": "far", "roles": [ROLES["qumulo"]]}},
        {"name": "Mint, far", TOKEN: {"user": "local:far"}, "register": "minted", **far},
        {"name": "Use, far", CHECK: {**NOBODY, "token": "{{ minted.token }}", "expect_account": "far"}, **far},
        {"name": "Use a wrong one", CHECK: {**NOBODY, "token": "{{ bogus }}"}, **IGNORED, **far},
        {"name": "Mint in a loop, far", TOKEN: {"user": "{{ item }}"}, "loop": ["local:svc-ansible"], "register": "loop", **far},
        {"name": "Lose", TOKEN: {"user": "local:far", "additional": True}, **IGNORED, **garbled},
        {"name": "Lose what has no secret", TOKENS: {}, **IGNORED, **garbled},
        {"name": "Find", TOKENS: {"user": "local:far"}},
    ]


# A short name: ansible-core 2.20 and later put a socket into TMPDIR, and the kernel takes no more than 107 bytes for its path.
def test_each_core(each_core: Ansible, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Of Qumulo Core, of vars files, and over ssh."""
    scene = Scene(each_core, tmp_path_factory.mktemp("evidence"), tmp_path_factory.mktemp("handed-in"))
    with appliance(scene, "qumulo", tmp_path_factory.mktemp("qumulo")) as simulator:
        tasks = [one for one in (*everyday(simulator), *vars_file(), *bad_options()) if one["name"] in ON_EACH_CORE]
        run = scene.play([FACTS, *tasks, *over_ssh(scene)], **play_of(scene, simulator)).assert_ok()
        scene.assert_clean(simulator)
        for name in ("Mint", "Mint, far", "Mint, and call it failed"):
            assert run.by_name[name].hidden
        assert run["Usable"]["msg"] == [True, 2]
        assert [one.status for one in run.tasks if one.task == "Use in a loop"] == ["item", "item", "ok"]
        assert "401" in run["Show why"]["ansible_failed_result"]["msg"]
        assert_stored(run)
        assert run["Use, far"]["account"] == "far"
        assert "401" in run["Use a wrong one"]["msg"]
        lost = next(one for one in run["Find"]["access_tokens"] if one["token_id"] in run["Lose"]["msg"])
        assert lost["account"] == "far"
        assert "cannot be read" in run["Lose"]["msg"]
        assert run["Lose what has no secret"]["module_stdout"] == ""


def vars_file() -> list[dict[str, Any]]:
    """Return tasks that put secrets into a vars file, change them, read them, fail with them, and take them out again."""
    at = {"path": "vault.yml"}
    of_read = "{{ read.vars.a }}"
    return [
        {
            "name": "Store",
            STORE: {**at, "create": True, "vars": {"a": "{{ stored }}", "b": "{{ lines }}", "c": ["{{ bogus }}", "{{ many }}"]}},
        },
        {"name": "Store each", STORE: {**at, "vars": {"{{ item.key }}": "{{ item.value }}"}}, "loop": "{{ many | dict2items }}"},
        {"name": "Store each as it is", STORE: {**at, "vars": {"d": "{{ item }}"}}, "loop": ["{{ stored }}", "{{ wrong }}"]},
        {"name": "Store what is in a loop's text", STORE: {**at, "vars": {"d": "x{{ item }}"}}, "loop": ["{{ stored }}"]},
        {"name": "Foretell storing", STORE: {**at, "vars": {"a": "{{ wrong }}"}}, "check_mode": True},
        {"name": "Change", STORE: {**at, "vars": {"a": "{{ wrong }}"}, "backup": True}},
        {"name": "Keep what was", STORE: {**at, "vars": {"a": "{{ stored }}"}, "keep_previous": True}, "register": "kept"},
        {"name": "Put back", STORE: {**at, "restore": "{{ kept.previous }}", "if_checksum": "{{ kept.checksum }}"}},
        {"name": "Encrypt as a whole", STORE: {"path": "whole.yml", "create": True, "encrypt": "file", "vars": {"a": "{{ stored }}"}}},
        {"name": "Read", READ: {**at, "names": ["a", "b", "c"]}, "register": "read"},
        {"name": "Read the whole", READ: {"path": "whole.yml", "names": ["a"], "hide": True}},
        {"name": "Stored as it was", "ansible.builtin.debug": {"msg": "{{ [read.vars.a == wrong, read.vars.b == lines] }}"}},
        {"name": "Store what was read, in a loop", STORE: {**at, "vars": {"e": of_read}}, "loop": [1, 2]},
        {"name": "Load", "ansible.builtin.include_vars": {"file": "vault.yml"}, "no_log": True},
        {"name": "Other id", STORE: {**at, "vault_id": "dev", "vars": {"a": "{{ stored }}"}}, **IGNORED},
        {"name": "Not a mapping", STORE: {**at, "vars": "{{ stored }}"}, **IGNORED},
        {"name": "Not a mode", STORE: {**at, "vars": {"a": "{{ stored }}"}, "mode": "{{ stored }}"}, **IGNORED},
        {"name": "Unknown option", STORE: {**at, "values": {"a": "{{ stored }}"}}, **IGNORED},
        {"name": "No path", STORE: {"path": "no/such/folder.yml", "create": True, "vars": {"a": "{{ stored }}"}}, **IGNORED},
        {"name": "Inside a text", STORE: {**at, "vars": {"a.b": "{{ stored }}"}}, **IGNORED},
        {"name": "Nothing to restore", STORE: {**at, "restore": "{{ stored }}", "if_checksum": "x"}, **IGNORED},
        {
            "name": "In a loop that fails",
            STORE: {**at, "vault_id": "dev", "vars": {"a": "{{ item }}"}},
            "loop": ["{{ stored }}"],
            **IGNORED,
        },
        {"name": "Take out", STORE: {**at, "state": "absent", "vars": {"a": None, "c": None}}},
    ]


# A secret where it does not belong, in the options of a task that also knows it as one, and of one that does not.
MISPLACED: dict[str, Any] = {
    "timeout": "{{ secret }}",
    "validate_certs": "{{ secret }}",
    "platform": "{{ secret }}",
    "service_account_file": "{{ shaped | to_json }}",
    "probes": "{{ secret }}",
    "token": {"a": "{{ secret }}"},
    "password": ["{{ secret }}"],
    "passwd": "{{ secret }}",
    "expect_account": {"a": "{{ secret }}"},
}
KNOWN = {"endpoint": "{{ secret }}", "ca_path": "{{ secret }}", "service_account_file": "{{ secret }}", "expect_account": "{{ secret }}"}
UNSET = {"username": "{{ omit }}", "password": "{{ omit }}"}


def bad_options(how: str = "") -> list[dict[str, Any]]:
    """Return tasks that fail before anything is sent; as a module, one that is refused before it is one, and another."""
    cases = {f"{name} alone": {**UNSET, name: value} for name, value in MISPLACED.items()}
    cases |= {f"{name} beside": {**UNSET, "token": "{{ secret }}", name: value} for name, value in KNOWN.items()}
    tasks: list[dict[str, Any]] = [{"name": case, CHECK: options} for case, options in cases.items()]
    tasks += [
        {"name": "choice", TOKEN: {"state": "{{ secret }}", "user": "local:guest"}},
        {"name": "boolean", TOKEN: {"enabled": "{{ secret }}", "user": "local:guest"}},
        {"name": "duration", TOKEN: {"expires_in": "{{ secret }}", "user": "local:guest"}},
        {"name": "async", TOKEN: {"user": "local:guest"}, "async": 10},
        # of which Ansible itself tells, before the task is ours
        {"name": "undefined", CHECK: {"token": "{{ secret ~ no_such_variable }}"}},
        {"name": "no filter", CHECK: {"token": "{{ secret | no_such_filter }}"}},
        {"name": "not JSON", CHECK: {"token": "{{ (secret | from_json).x }}"}},
        {"name": "no attribute", CHECK: {"token": "{{ shaped.no_such_key }}"}},
        {"name": "arithmetic", CHECK: {"token": "{{ secret + 1 }}"}},
        {"name": "condition", CHECK: {"token": "{{ secret }}"}, "when": "secret > 1"},
    ]
    names = ("timeout alone", "service_account_file beside")
    return [{**one, "name": f"{one['name']}{how}", **IGNORED, **MODES[how]} for one in tasks if not how or one["name"] in names]


def test_bad_options(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> None:
    """And tasks that need another user, or run elsewhere."""
    with appliance(scene, "qumulo", tmp_path_factory.mktemp("qumulo")) as simulator:
        bad = [task for how in MODES for task in bad_options(how)]
        tasks = [
            *bad,
            {"name": "Elsewhere", CHECK: {}, "delegate_to": "elsewhere", "vars": {"ansible_connection": "local"}},
            {"name": "As another user", CHECK: {}, **scene.become},
            {"name": "Mint as another user", TOKEN: {"user": "local:guest"}, "register": "minted", **scene.become},
            {"name": "Fail as another user", CHECK: {"password": "{{ wrong }}"}, **IGNORED, **scene.become},
        ]
        run = scene.play(tasks, env={"ANSIBLE_PIPELINING": "1"}, **play_of(scene, simulator)).assert_ok()
        scene.assert_clean(simulator)
        assert [run.by_name[one["name"]].status for one in bad] == ["ignored"] * len(bad)


# What each platform's requests go to, apart from logging in.
BEYOND_THE_LOGIN = {
    "qumulo": "^/v1/(?!session/login)",
    "rubrik_cdm": "^/api/(?!internal/session$|v1/service_account/session$)",
    "rubrik_rsc": "^/api/(?!client_token)",
}


def failing(simulator: Simulator, why: str, names: Sequence[str] = (), how: str = "") -> list[dict[str, Any]]:
    """Return tasks that all fail when no request is answered as it should be: every way to log in, every kind of change, or these."""
    platform = simulator.platform
    me = {**NOBODY, "client_id": "client|x" if platform == "rubrik_rsc" else "User:::x", "client_secret": "{{ wrong }}"}
    tasks: list[dict[str, Any]] = [
        {"name": "log in", CHECK: {}},
        {"name": "token", CHECK: {**NOBODY, "token": "{{ bogus }}"}},
        {"name": "token in a loop", CHECK: {**NOBODY, "token": "{{ item }}"}, "loop": ["{{ bogus }}"]},
        {"name": "probe", CHECK: {"probes": [{"path": "/api/x", "method": "POST", "body": {"password": "{{ stored }}"}}]}},
        {"name": "account", ACCOUNT: {"name": "svc-new", "roles": [ROLES[platform]]}},
        {"name": "accounts", ACCOUNTS: {}},
        {"name": "sessions", REVOKE: {"account": "svc-ansible"}},
        {"name": "own session", REVOKE: {**NOBODY, "token": "{{ bogus }}", "target": "self"}},
    ]
    if platform == "qumulo":
        tasks += [
            {"name": "mint", TOKEN: {"user": "local:guest", "additional": True, "current": "{{ bogus }}"}},
            {"name": "admin token", TOKEN: {**NOBODY, "token": "{{ bogus }}", "admin_token": "{{ wrong }}", "user": "local:guest"}},
        ]
    else:
        tasks += [
            {"name": "client", TOKEN: me},
            {"name": "file", CHECK: {**NOBODY, "service_account_file": "shaped.json"}},
            {"name": "rotate", ACCOUNT: {"name": "svc-ansible", "rotate_secret": True}},
        ]
    if platform == "rubrik_cdm":
        tasks.append({"name": "API token", API_TOKEN: {"tag": "x"}})
    tasks.append({"name": "credentials", CREDENTIALS: {}})
    return [{**one, "name": f"{one['name']} {why}{how}", **IGNORED, **MODES[how]} for one in tasks if not names or one["name"] in names]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_echoes(scene: Scene, tmp_path_factory: pytest.TempPathFactory, platform: str) -> None:
    """An appliance, or what stands before it, that shows in its errors what it was sent; and connections that break."""
    with appliance(scene, platform, tmp_path_factory.mktemp(platform)) as simulator:
        play = play_of(scene, simulator)
        (scene.ansible.folder / "shaped.json").write_text(scene.handed_in.joinpath("shaped.json").read_text())

        def phase(name: str, fault: str, *tasks: dict[str, Any]) -> list[dict[str, Any]]:
            return [control(simulator, f"Well until {name}", None), control(simulator, name, fault), *tasks]

        log_ins = ("log in", "token", "client", "file", "admin token")
        tasks = [
            *phase("every answer", "*:.:echo", *failing(simulator, "with every answer", log_ins)),
            *phase(
                "answers after the log-in",
                f"*:{BEYOND_THE_LOGIN[platform]}:echo",
                *failing(simulator, "after"),
                *(failing(simulator, "after", ("probe", "own session"), " as a module") if platform == "qumulo" else []),
            ),
            # Some requests are sent again, after a while, so not all of them.
            *phase("no answer", "POST:.:drop", *failing(simulator, "with no answer", ("log in", "mint", "client", "file"))),
        ]
        run = scene.play(tasks, **play).assert_ok()
        scene.assert_clean(simulator, allowed=["shaped.json"])
        failed = [str(one.result.get("msg")) for one in run.tasks if one.status == "ignored"]
        assert sum("500 Internal Error" in one and "********" in one for one in failed) >= 10, failed
