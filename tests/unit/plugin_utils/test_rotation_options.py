# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a rotation: what is left out means the role's default, and what does not fit is refused by name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.arguments import checked_arguments
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.options import Rotatable, kind_of, settings_of
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.settings import RotationPolicy, RotationSettings
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.variables import ARGUMENTS, with_defaults
from tests.unit.plugin_utils.rotation_facts import DAY, MINUTE


class Anything:
    """A platform that can rotate whatever there is."""

    title = "Qumulo Core"
    rotates = ("access_token", "api_token", "service_account_secret", "s3_access_key")
    disables = ("access_token",)
    longest_api_token = 365 * DAY
    accounts_elsewhere = ""
    client_files: ClassVar[dict[str, object]] = {"access_token": None, "service_account_secret": None}


KNOWN = Anything.rotates[:-1]  # what needs no further option
REQUIRED = {"credential": "access_token", "account": "svc", "vars_file": "vault.yml", "var": "token"}
SECRET = {**REQUIRED, "credential": "service_account_secret"}
REPLACE = {**SECRET, "strategy": "replace", "client_id_var": "client"}
OPTIONAL = sorted(ARGUMENTS.keys() - REQUIRED.keys() - {"lock_timeout"})
MINUTES_5 = 5 * MINUTE


def options(**given: Any) -> dict[str, Any]:
    """Return the options of a task. The role leaves out what is null and has choices, since Ansible takes null for none of these."""
    given = {name: value for name, value in {**REQUIRED, **given}.items() if value is not None or "choices" not in ARGUMENTS[name]}
    return with_defaults(checked_arguments("latchkey.tokens.rotation", given, ARGUMENTS, {}))


def settings(platform: type[Rotatable] = Anything, **given: Any) -> RotationSettings:
    return settings_of(options(**given), "qumulo.example.com", platform)


def refusal(**given: Any) -> str:
    with pytest.raises(OptionError) as caught:
        settings(**given)
    assert str(caught.value).endswith(".")
    return str(caught.value)


# -- left out, null, empty


def test_the_defaults_of_the_role():
    assert settings() == RotationSettings(
        kind="access_token",
        account="svc",
        endpoint="qumulo.example.com",
        var="token",
        policy=RotationPolicy(when_remaining=7 * DAY, expires_in=90 * DAY),
        patience=MINUTES_5,
    )


@pytest.mark.parametrize("credential", KNOWN)
def test_what_is_null_means_what_is_left_out(credential):
    left_out = options(credential=credential)
    assert options(credential=credential, **dict.fromkeys(OPTIONAL)) == left_out
    assert None not in [left_out[name] for name in OPTIONAL]
    assert settings(credential=credential, **dict.fromkeys(OPTIONAL)) == settings(credential=credential)


@pytest.mark.parametrize(
    ("given", "lives"),
    [
        ({}, 90 * DAY),
        ({"expires_in": None}, 90 * DAY),
        ({"expires_in": ""}, None),
        ({"expires_in": "60"}, MINUTE),
        ({"credential": "api_token", "expires_in": None}, 90 * DAY),
        ({"credential": "api_token", "expires_in": ""}, 365 * DAY),
        (SECRET, None),
        ({**SECRET, "expires_in": "1h"}, None),
        ({**REPLACE, "expires_in": "1s"}, None),
    ],
)
def test_only_what_is_empty_never_expires(given, lives):
    assert settings(**given).policy.expires_in == lives


@pytest.mark.parametrize(
    ("given", "kept_for", "at_once"),
    [
        ({}, None, True),
        ({"retire_after": ""}, None, True),
        ({"retire_after": None}, None, True),
        ({"retire_after": "1d"}, DAY, False),
        ({"retire_after": "0"}, timedelta(0), False),
        ({"retire": "disable", "retire_after": "1d"}, DAY, True),
    ],
)
def test_how_long_the_old_one_is_kept(given, kept_for, at_once):
    policy = settings(**given).policy
    assert (policy.retire_after, policy.retires_at_once) == (kept_for, at_once)


@pytest.mark.parametrize(("text", "age"), [("", None), (None, None), ("0", None), ("30d", 30 * DAY)])
def test_the_greatest_age(text, age):
    assert settings(max_age=text).policy.max_age == age


def test_what_is_given_goes_before_the_defaults():
    policy = settings(
        force=True,
        when_remaining="1d",
        max_age="30d",
        expires_in="60d",
        orphans="revoke",
        retire="disable",
        retire_after="2d",
        publish="git",
    ).policy
    assert policy == RotationPolicy(True, DAY, 30 * DAY, 60 * DAY, "revoke", "disable", 2 * DAY, shared=True)


# -- the kinds


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (REQUIRED, "access_token"),
        ({**REQUIRED, "strategy": "replace"}, "access_token"),
        ({**REQUIRED, "credential": "api_token"}, "api_token"),
        (SECRET, "in_place"),
        (REPLACE, "replace"),
    ],
)
def test_kinds(given, kind):
    found = settings(**given)
    assert kind_of(options(**given)) == found.kind == kind
    assert found.in_place is (kind == "in_place")
    assert found.is_secret is (kind in ("in_place", "replace"))
    assert found.policy.exact_expiry is (kind != "api_token")
    assert found.policy.successor_of == ("svc" if kind == "replace" else "")
    assert (found.policy.noun, found.policy.owner) == (("account", "the rotation") if kind == "replace" else ("token", "the account"))
    assert found.what == "svc on qumulo.example.com"


def test_a_client_id_goes_with_secrets_only():
    assert settings(client_id_var="client").client_id_var == ""
    assert settings(credential="api_token", client_id_var="token").client_id_var == ""
    assert settings(**SECRET, client_id_var="client").client_id_var == "client"


@pytest.mark.parametrize(
    ("given", "always"),
    [
        ({}, False),
        ({"checks": [{"path": "/v1/x"}]}, True),
        ({"clusters": [{"endpoint": "cdm"}]}, False),
        ({**SECRET, "clusters": [{"endpoint": "cdm"}]}, True),
        ({**SECRET, "clusters": []}, False),
    ],
)
def test_what_is_proved_although_nothing_is_due(given, always):
    assert settings(**given).always_proves is always


@pytest.mark.parametrize(("tasks", "publish", "hooks", "publishes"), [("", "none", False, False), ("t.yml", "git", True, True)])
def test_what_comes_after_the_proof(tasks, publish, hooks, publishes):
    found = settings(publish_tasks=tasks, publish=publish)
    assert (found.has_hooks, found.publishes, found.policy.shared) == (hooks, publishes, publishes)


# -- what does not fit


@pytest.mark.parametrize("name", ["account", "var", "vars_file"])
@pytest.mark.parametrize("text", ["", " ", "\t\n"])
def test_what_may_not_be_empty_is_refused_by_name(name, text):
    assert refusal(**{name: text}).startswith(f"rotate_{name}: it is empty.")


@pytest.mark.parametrize("given", [{"tag": "x"}, {**REPLACE, "account": "x"}])
def test_a_token_is_no_name_of_what_is_created(given):
    token = "access-v1:3Xq9Lw2Zt7Vb5Nc8Mk1Pj4Hg6Fd0Sa+/QwR7tY2uI=="
    name = next(one for one, value in given.items() if value == "x")
    words = refusal(**{**given, name: token})
    assert words.startswith(f"rotate_{name}: it holds a token or another secret, and would be stored in clear.")
    assert "3Xq9Lw2Zt7" not in words
    assert settings(**given)


def test_what_the_platform_does_not_have():
    class Some(Anything):
        rotates = ("access_token", "x")

    words = "rotate_credential: 'api_token' is invalid for Qumulo Core. Set it to access_token or x."
    assert refusal(platform=Some, credential="api_token") == words


@pytest.mark.parametrize("given", [{"credential": "api_token"}, SECRET, REPLACE])
def test_only_access_tokens_can_be_switched_off(given):
    words = f"rotate_retire: on Qumulo Core, '{given['credential']}' cannot be disabled. Set it to delete, with rotate_retire_after for a"
    assert refusal(**{**given, "retire": "disable"}) == f"{words} delay."
    assert settings(retire="disable").policy.retire == "disable"


@pytest.mark.parametrize("credential", ["access_token", "api_token"])
@pytest.mark.parametrize("text", ["59s", "0", "59"])
def test_a_life_of_less_than_a_minute(credential, text):
    assert refusal(credential=credential, expires_in=text).startswith("rotate_expires_in: a credential must live at least a minute.")


@pytest.mark.parametrize("name", ["expires_in", "when_remaining", "max_age", "retire_after", "sync_timeout"])
def test_what_is_no_time(name):
    assert refusal(**{name: "soon"}).startswith(f"rotate_{name}: 'soon' is not a duration.")


@pytest.mark.parametrize("name", ["when_remaining", "sync_timeout"])
def test_a_time_that_may_not_be_empty(name):
    assert refusal(**{name: ""}).startswith(f"rotate_{name}: '' is not a duration.")


KEY = {"credential": "s3_access_key", "id_var": "key_id"}


def test_an_s3_access_key():
    found = settings(**KEY, expires_in="1d", max_age="90d")
    assert (found.kind, found.client_id_var, found.policy.noun) == ("s3_access_key", "key_id", "S3 access key")
    assert found.policy.expires_in is None, "it never expires"
    assert not found.is_secret
    assert "rotate_id_var must name the variable" in refusal(**{**KEY, "id_var": ""})
    assert refusal(**{**KEY, "id_var": "token"}).startswith("rotate_var and rotate_id_var name the same variable")
    assert "cannot be disabled" in refusal(**KEY, retire="disable")
    assert refusal(**KEY, checks=[{"path": "/v1/version"}]).startswith("rotate_checks: an S3 access key signs requests")


def test_the_variable_for_the_id_has_two_names():
    assert settings(**SECRET, id_var="client").client_id_var == "client"
    assert settings(**SECRET, id_var="client", client_id_var="client").client_id_var == "client"
    assert settings(credential="s3_access_key", client_id_var="key_id").client_id_var == "key_id"
    assert "two names of one variable" in refusal(**SECRET, id_var="client", client_id_var="another")


def test_a_replacement_needs_a_variable_for_the_id():
    assert refusal(**SECRET, strategy="replace").endswith("Set rotate_client_id_var.")
    assert refusal(**SECRET, strategy="replace", client_id_var=None).endswith("Set rotate_client_id_var.")


@pytest.mark.parametrize("strategy", ["in_place", "replace"])
@pytest.mark.parametrize(
    ("var", "id_var"),
    [
        ("token", "token"),
        ("token", "token_rotation"),
        ("token", "token_rotation.current"),
        ("token", "token.id"),
        ("all.token", "all.token"),
        ("all.token", "all.token_rotation"),
        ("all.token", "all"),
        ("all.these.token", "all"),
    ],
)
def test_names_that_overlap(strategy, var, id_var):
    words = refusal(**{**SECRET, "var": var}, strategy=strategy, client_id_var=id_var)
    assert words.startswith("rotate_var and rotate_client_id_var name the same variable, or one inside of the other or of its state.")


@pytest.mark.parametrize(("var", "id_var"), [("token", "token_id"), ("all.token", "all.id"), ("token", "tok"), ("a_rotation", "a")])
def test_names_that_do_not_overlap(var, id_var):
    assert settings(**{**SECRET, "var": var}, client_id_var=id_var).client_id_var == id_var


# -- two accounts that take turns


TURNS = {**SECRET, "account": None, "strategy": "alternate", "accounts": ["a", "b"], "client_id_var": "client"}


def test_two_accounts_take_turns():
    found = settings(**TURNS)
    assert (found.kind, found.accounts, found.what) == ("alternate", ("a", "b"), "a and b on qumulo.example.com")
    assert found.policy.alternates
    assert not found.policy.retires_at_once


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"accounts": []}, "rotate_accounts: rotate_strategy=alternate needs the names of two service accounts that take turns."),
        ({"accounts": ["a"]}, "rotate_accounts: rotate_strategy=alternate needs the names of two service accounts that take turns."),
        ({"accounts": ["a", " "]}, "rotate_accounts: rotate_strategy=alternate needs the names of two service accounts that take turns."),
        ({"accounts": ["a", "a"]}, "rotate_accounts: rotate_strategy=alternate needs the names of two service accounts that take turns."),
        ({"account": "c"}, "rotate_account: c is neither of rotate_accounts."),
        ({"client_id_var": ""}, "rotate_strategy=alternate stores the secret of another account each time"),
        ({"strategy": "replace"}, "rotate_accounts: it goes with rotate_strategy=alternate."),
    ],
)
def test_accounts_that_cannot_take_turns(given, words):
    assert refusal(**{**TURNS, **given}).startswith(words)


# -- a secret manager as the store

STORES = ("hashicorp_vault", "aws_secretsmanager")


@pytest.mark.parametrize("store", STORES)
def test_a_secret_manager_needs_no_vars_file(store):
    assert settings(store=store, vars_file=None) == settings()
    assert settings(store=store, **{**REPLACE, "vars_file": None}) == settings(**REPLACE)


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            SECRET,
            "rotate_strategy: in_place ends the stored secret before the new one can be stored, and consumers of a secret manager may",
        ),
        ({"publish": "git"}, "rotate_publish: it pushes a vars file, and with rotate_store="),
        ({"publish_tasks": "tasks.yml"}, "rotate_publish_tasks: it gets the credential from a vars file, and with rotate_store="),
        ({"var": "qumulo.token"}, "rotate_var: 'qumulo.token' is a path, and with rotate_store="),
        ({**REPLACE, "client_id_var": "a.b"}, "rotate_client_id_var: 'a.b' is a path, and with rotate_store="),
    ],
)
def test_what_a_secret_manager_cannot_have_is_refused_by_name(store, given, words):
    assert refusal(store=store, **given).startswith(words)


# -- what gets the credential beside the store

FILE = {"publish_credentials_file": {"path": "token.json"}}
TASKS = {"publish_tasks": "tasks.yml"}


@pytest.mark.parametrize(
    ("given", "sinks", "hooks", "later", "git"),
    [
        ({"publish": "none"}, (), False, (), False),
        ({"publish": []}, (), False, (), False),
        ({"publish": "git"}, (), False, (), True),
        ({"publish": "git", **TASKS}, (), True, (), True),
        ({"publish": ["tasks", "git"], **TASKS}, (), True, (), True),
        ({"publish": "credentials_file,git", **FILE}, ("credentials_file",), False, (), True),
        ({"publish": ["credentials_file", "tasks"], **FILE, **TASKS}, ("credentials_file",), True, (), False),
        ({"publish": ["tasks", "credentials_file", "git"], **FILE, **TASKS}, (), True, ("credentials_file",), True),
        ({"publish": ["credentials_file"], **FILE, **TASKS}, (), True, ("credentials_file",), False),
    ],
)
def test_what_is_published_is_in_order(given, sinks, hooks, later, git):
    found = settings(**given)
    assert (found.sinks, found.has_hooks, found.later_sinks, found.publishes) == (sinks, hooks, later, git)
    assert found.policy.shared == git


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"publish": ["none", "git"]}, "rotate_publish: none is in it, and something else"),
        ({"publish": ["git", "git"]}, "rotate_publish: git is in it twice"),
        ({"publish": ["git", "credentials_file"], **FILE}, "rotate_publish: credentials_file comes after git. A push is never taken back"),
        ({"publish": "tasks"}, "rotate_publish: tasks is in it, and rotate_publish_tasks is not set"),
        ({"publish": "credentials_file"}, "rotate_publish_credentials_file: path is not set"),
        ({"publish": "credentials_file", "publish_credentials_file": {"path": " "}}, "rotate_publish_credentials_file: path is not set"),
        ({"publish": "credentials_file", **FILE, "credential": "api_token"}, "there is no credentials file for 'api_token'"),
        ({"publish": "tasks", **TASKS, "store": "hashicorp_vault"}, "rotate_publish_tasks: it gets the credential from a vars file"),
    ],
)
def test_what_cannot_be_published_is_refused_by_name(given, words):
    assert words in refusal(**given)


def test_a_file_goes_with_a_secret_manager():
    found = settings(publish=["credentials_file"], **FILE, store="aws_secretsmanager", vars_file=None)
    assert found.sinks == ("credentials_file",)
