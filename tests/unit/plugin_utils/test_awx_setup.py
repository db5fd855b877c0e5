# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of AWX that jobs need, what is refused, and the words for what AWX's modules say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError, RefusedError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._awx import judged
from ansible_collections.latchkey.tokens.plugins.plugin_utils._awx.files import as_file, placeholder
from ansible_collections.latchkey.tokens.plugins.plugin_utils._awx.settings import (
    check_needed,
    credential_types,
    given_values,
    missing_values,
    settings_of,
    without_terminal,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._awx.wanted import MARK, WantedObject, wanted

ROOT = Path(__file__).resolve().parents[3]
DATA = yaml.safe_load((ROOT / "playbooks" / "vars" / "awx_setup.yml").read_text())
TEMPLATES = {one["name"]: one for one in DATA["awx_setup__job_templates"]}
OPTIONS = {
    "organization": "Latchkey", "image": "ee:1", "project_url": "https://git.example.com/keys.git", "project_branch": "main",
    "inventory_file": "inventory.yml", "platforms": ["qumulo", "rubrik_cdm"], "variables": {"sweep": {"sweep_account": "local:svc"}},
    "schedules": {}, "notification": {"type": "webhook", "configuration": {"url": "https://chat.example.com", "password": "canary"}},
    "adopt": [], "job_templates": DATA["awx_setup__job_templates"],
}  # fmt: skip


def read(path: str):
    return yaml.safe_load((ROOT / "docs" / "awx" / "credential_types" / path).read_text())


TYPES = credential_types(DATA["awx_setup__credential_types"], OPTIONS["platforms"], read)
ENVIRONMENT = {"QUMULO_ENDPOINT": "qumulo.example.com", "QUMULO_PASSWORD": "canary", "QUMULO_CA_PATH": "ca.pem"}


def objects(**changes) -> list[WantedObject]:
    options = {**OPTIONS, **changes}
    values = {key: {name: f"value of {name}" for name in kind.secrets} for key, kind in TYPES.items()}
    return wanted(settings_of(options, TYPES, values, {"qumulo": {"password": {"source": "Vault", "metadata": {"path": "x"}}}}))


# -- the objects


def test_each_object_comes_after_those_that_it_needs() -> None:
    seen: set[tuple[str, str]] = set()
    for one in objects():
        assert set(one.needs) <= seen, one.title
        assert one.key not in seen
        assert one.module_arguments()["description"].endswith(MARK)
        seen.add(one.key)
    assert {kind for kind, _name in seen} == set(judged.KINDS)


def test_an_empty_schedule_is_none_and_no_notification_is_attached_without_one() -> None:
    schedules = [one.name for one in objects(schedules={"rotate": "", "sweep": "DTSTART:20270101T000000Z RRULE:FREQ=DAILY"})]
    assert "Latchkey sweep" in schedules
    assert "Latchkey rotate" not in schedules
    quiet = objects(notification={})
    assert not any("notification_templates_error" in one.arguments or one.kind == "notification_template" for one in quiet)


def test_the_surveys_are_those_of_the_guide_and_ask_for_variables_of_the_playbooks() -> None:
    survey = json.loads((ROOT / "docs" / "awx" / "survey.json").read_text())
    assert TEMPLATES["rotate"]["survey"] == survey["spec"]
    for name in ("report", "sweep", "leaked"):
        head = (ROOT / "playbooks" / f"{name}.yml").read_text().partition("\n- ")[0]
        for question in TEMPLATES[name]["survey"]:
            assert f"# {question['variable']} " in head


def test_a_survey_does_not_ask_for_what_is_set_for_good() -> None:
    found = {one.name: one.arguments for one in objects() if one.kind == "job_template"}
    assert [one["variable"] for one in found["sweep"]["survey_spec"]["spec"]] == ["sweep_hours"]
    assert (found["account"]["survey_enabled"], "survey_spec" in found["account"]) == (False, False)


def test_as_a_file_it_has_a_variable_for_each_secret_and_nothing_that_ansible_would_template() -> None:
    values = {key: {name: placeholder(kind, name) for name in kind.secrets} for key, kind in TYPES.items()}
    text = as_file(wanted(settings_of(OPTIONS, TYPES, values, {})))
    assert "canary" not in text

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!unsafe", lambda loader, node: f"unsafe {loader.construct_scalar(node)}")
    found = yaml.load(text, Loader)  # noqa: S506
    assert found["controller_credentials"][0]["inputs"]["password"] == "{{ latchkey_qumulo_password }}"
    injected = found["controller_credential_types"][0]["injectors"]["env"]
    assert all(value.startswith("unsafe {{") for value in injected.values())
    assert len(found["controller_templates"]) == len(TEMPLATES)
    configuration = found["controller_notifications"][0]["notification_configuration"]
    assert configuration == {"url": "https://chat.example.com", "password": "{{ latchkey_notification_password }}"}
    assert found["aap_organizations"][0]["name"] == "Latchkey"


# -- values


def test_values_come_from_the_user_then_the_environment_then_the_prompt() -> None:
    kind = TYPES["qumulo"]
    values, lookups = given_values(kind, {"username": "admin"}, ENVIRONMENT, lambda path: f"text of {path}")
    assert values == {
        "username": "admin", "endpoint": "qumulo.example.com", "password": "canary", "ca_certificate": "text of ca.pem",
    }  # fmt: skip
    assert (lookups, missing_values(kind, values, lookups)) == ({}, [])
    assert missing_values(kind, {}, {}) == ["endpoint", "username", "password"]
    source = {"source": "Vault", "metadata": {"secret_path": "kv/x"}}
    assert given_values(kind, {"token": source}, {}, str)[1] == {"token": source}
    assert missing_values(kind, {"endpoint": "x"}, {"token": source}) == []


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (lambda: check_needed({**OPTIONS, "image": None}), "awx_setup_image is missing"),
        (lambda: credential_types(DATA["awx_setup__credential_types"], ["git"], read), "awx_setup_platforms: 'git' is not known"),
        (lambda: given_values(TYPES["git"], {"password": "x"}, {}, str), "'password' is no input of the credential git"),
        (lambda: given_values(TYPES["git"], {"token": {"path": "x"}}, {}, str), "git.token is a dictionary, and not one of source"),
        (lambda: objects(schedules={"look": ""}), "awx_setup_schedules: 'look' is no job template"),
        (lambda: objects(notification={"url": "x"}), "awx_setup_notification: its type is missing"),
    ],
)
def test_what_is_wrong_is_named(what, said) -> None:
    with pytest.raises(OptionError, match=said):
        what()


def test_without_a_terminal_the_place_of_a_value_is_named() -> None:
    assert "Set ANSIBLE_VAULT_PASSWORD_FILE in the environment" in str(without_terminal(TYPES["vault"], "vault_password"))


# -- what AWX has, and says

PROJECT = WantedObject("project", "Latchkey", {"organization": "Latchkey", "scm_type": "git"})


def test_only_what_is_ours_or_adopted_is_changed() -> None:
    other = {"id": 7, "description": "Of another team."}
    mine = {"id": 8, "description": f"Playbooks. {MARK}"}
    assert judged.ours(PROJECT, []) is None
    assert judged.ours(PROJECT, [mine]) == mine
    adopted = WantedObject("project", "Latchkey", adopted=True)
    assert judged.ours(adopted, [other]) == other
    assert not judged.kept_as_found(adopted, other)
    assert judged.kept_as_found(WantedObject("organization", "Default", adopted=True), other)
    assert judged.ours(WantedObject("host", "localhost", {"inventory": "x"}), [other]) == other
    with pytest.raises(RefusedError, match=r"did not create it\. Rename it, or add 'Latchkey' to awx_setup_adopt"):
        judged.ours(PROJECT, [other])
    with pytest.raises(RefusedError, match="AWX has 2 objects project Latchkey"):
        judged.ours(PROJECT, [mine, other])


def test_hidden_secrets_are_no_change() -> None:
    credential = WantedObject("credential", "x", {"inputs": {"password": "new", "endpoint": "there"}})
    found = {"inputs": {"password": "$encrypted$", "username": "admin"}}
    given = judged.arguments(credential, found, update_secrets=False)
    assert given["inputs"] == {"password": "new", "endpoint": "there", "username": "admin"}
    assert given["update_secrets"] is False
    notification = WantedObject("notification_template", "x", {"notification_configuration": {"url": "u", "password": "new"}})
    same = {"notification_configuration": {"url": "u", "password": "$encrypted$"}}
    assert "notification_configuration" not in judged.arguments(notification, same, update_secrets=False)
    assert "notification_configuration" in judged.arguments(notification, same, update_secrets=True)
    assert "notification_configuration" in judged.arguments(notification, {"notification_configuration": {"url": "v"}}, False)


@pytest.mark.parametrize(
    ("message", "response", "said"),
    [
        (
            "You don't have permission to POST to /api/v2/projects/ (HTTP 403).",
            None,
            "at https://awx (HTTP 403). Its user needs this right in AWX: project administrator of the organization.",
        ),
        ("The requested object could not be found at /api/v2/projects/.", None, "AWX 17.1.0 at https://awx has no list of projects."),
        (
            "Unsupported parameters for (awx.awx.project) module: default_environment. Supported parameters include: name.",
            None,
            "awx.awx.project does not know default_environment, so the project Latchkey was not created. Install a newer awx.awx.",
        ),
        (
            "Unable to update project Latchkey, see response",
            {"status_code": 400, "json": {"scm_url": ["Invalid URL."]}},
            "could not be created or changed at https://awx: Unable to update project Latchkey, see response scm_url: Invalid URL.",
        ),
    ],
)  # fmt: skip
def test_a_failure_of_a_module_is_one_sentence(message, response, said) -> None:
    assert said in str(judged.failed(PROJECT, message, response, "https://awx", "17.1.0", "awx.awx"))


def test_fields_that_an_older_awx_lacks_are_named() -> None:
    given = {"name": "rotate", "organization": "x", "credentials": [], "ask_limit_on_launch": True, "ask_labels_on_launch": True}
    missing = judged.not_known(WantedObject("job_template", "rotate"), given, {"name": "rotate", "ask_limit_on_launch": True})
    assert missing == ["ask_labels_on_launch"]
    assert "AWX 20.0.1 does not know ask_labels_on_launch of a job template" in str(
        judged.too_old(WantedObject("job_template", "rotate"), missing, "20.0.1")
    )
