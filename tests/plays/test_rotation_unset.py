# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate with variables that are null, omit or empty: each means what leaving it out means, or is refused by its name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import yaml

from tests.plays._ansible import ROOT, Ansible, Run
from tests.plays._qumulo_rig import Rig
from tests.plays._role_rig import BEGIN, guarded, refusal
from tests.plays._rotation_kinds import Appliances, rig_of
from tests.plays._rubrik_rigs import CdmApiTokenRig, SecretRig
from tests.simulator.launch import launch

CHAOS = pytest.mark.chaos
OMIT = "{{ wanted | default(omit) }}"
UNSET = {"null": None, "omit": OMIT}
NAMES: dict[str, Any] = yaml.safe_load((ROOT / "roles" / "rotate" / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"][
    "options"
]
REQUIRED = [f"rotate_{one}" for one in ("platform", "endpoint", "credential", "account", "vars_file", "var")]
_OF_SECRETS = ("strategy", "client_id_var", "roles", "clusters", "sync_timeout", "rescue_file", "max_age")  # tried with one
EMPTY_ENDPOINT = "rotate_endpoint: it is empty. Set it to where the platform's API is, for example cluster.example.com:8000."
_TIME = re.compile(r"20\d\d-\d\d-\d\dT[\d:.]+Z")


@pytest.fixture(scope="module")
def appliances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliances]:
    with Appliances(tmp_path_factory) as found:
        yield found


def _told(run: Run) -> dict[str, tuple[Any, list[datetime]]]:
    """Return by the names of the uses of the role what each did or would do, without times, and the times."""
    found, would = {}, None
    for one in run.tasks:
        if one.task.endswith(BEGIN):
            would = one.result.get("would")
        if one.task.startswith("Result of "):
            result = {key: value for key, value in one.result["rotate_result"].items() if key != "steps"}
            text = json.dumps([result, would], sort_keys=True)
            times = [datetime.fromisoformat(time.replace("Z", "+00:00")) for time in _TIME.findall(text)]
            found[one.task.removeprefix("Result of ")] = (_TIME.sub("T", text), times)
    return found


def _is_checked(name: str, how: str, version: str) -> bool:
    """Tell whether this ansible-core compares a variable that is not set with its type in the role's argument spec, which refuses it."""
    option = NAMES[name]
    needed = option.get("required", False)
    by_type = option["type"] in ("bool", "dict") or "choices" in option
    if how == "null":
        return (needed or "default" in option) and (by_type or option["type"] == "list" or version == "2.16")
    # Before ansible-core 2.19, what omit stands for is a text of its own there.
    return by_type or option["type"] == "int" or option.get("elements") == "dict" if version == "2.16" else needed


def test_every_variable_that_is_not_set(each_core: Ansible, appliances: Appliances) -> None:
    """Ansible names all that it refuses at once. The rest at once must mean, in check mode, what leaving it out means."""
    version = each_core.bin.parent.name.removeprefix("core-")
    tokens, secrets = rig_of("access_token-qumulo", each_core, appliances), rig_of("in_place-rsc", each_core, appliances)
    assert isinstance(tokens, Rig)
    assert isinstance(secrets, SecretRig)
    secrets.file = "secrets.yml"
    tokens.seed(6 * 86400)  # due by default
    secrets.appliance.rotate(secrets.seed())  # due, since what is stored is refused
    rigs = {"tokens": tokens, "secrets": secrets}
    plain = {
        kind: {name: value for name, value in rig.variables().items() if name in (*REQUIRED, "rotate_auth")} for kind, rig in rigs.items()
    }
    of_secrets = [f"rotate_{one}" for one in _OF_SECRETS]
    assert set(of_secrets) < set(NAMES)
    # The account and the vars file have something that may take their place, so the role's argument spec does not require them.
    assert [one for one in REQUIRED if not NAMES[one].get("required")] == ["rotate_account", "rotate_vars_file"]
    uses = {f"{kind} plain": variables for kind, variables in plain.items()}
    refused: dict[str, list[str]] = {}
    for how, value in UNSET.items():
        refused[f"all {how}"] = [one for one in NAMES if _is_checked(one, how, version)]
        uses[f"all {how}"] = dict.fromkeys(NAMES, value)
        passed = [one for one in NAMES if one not in refused[f"all {how}"]]
        of_tokens = [one for one in passed if one not in (*of_secrets, *REQUIRED)]
        for kind, names in {"tokens": of_tokens, "secrets": [one for one in of_secrets if one in passed]}.items():
            uses[f"{kind} {how}"] = {**plain[kind], **dict.fromkeys(names, value)}
        for one in (one for one in REQUIRED if one in passed):
            refused[f"{one} {how}"] = [one]
            uses[f"{one} {how}"] = {**plain["tokens"], one: value}
    for blank in ("", "  "):
        uses[f"blank{blank}"] = {**plain["tokens"], "rotate_endpoint": blank}
    env = {"QUMULO_TOKEN": tokens._admin["token"], "QUMULO_CA_PATH": tokens.simulator.ca_file}
    with tokens.nothing_changes(), secrets.nothing_changes():
        run = tokens.rotate(tasks=[guarded(*one) for one in uses.items()], check=True, env=env).assert_ok()
    secrets.assert_no_secret(run)
    for what, names in refused.items():
        assert set(re.findall(r"\brotate_\w+", refusal(run, what))) == set(names), what
    told = _told(run)
    for what in uses.keys() - refused.keys():
        assert refusal(run, what) == (EMPTY_ENDPOINT if what.startswith("blank") else ""), what
        if what.startswith("blank"):
            continue
        text, times = told[what]
        usual, usual_times = told[f"{what.split(' ')[0]} plain"]
        assert text == usual, what
        assert all(abs(one - other) < timedelta(minutes=5) for one, other in zip(times, usual_times, strict=True)), what
    assert "create a new access token that expires T" in told["tokens plain"][0]
    assert "create a new secret, which ends the present one" in told["secrets plain"][0]


def test_what_happens_to_the_old_token_where_variables_are_not_set(ansible: Ansible, appliances: Appliances) -> None:
    rig = rig_of("access_token-qumulo", ansible, appliances)
    old = rig.seed()
    texts = ("rotate_expires_in", "rotate_retire_after")  # of the rest, Ansible refuses null, and before ansible-core 2.19 omit as well
    names = {"null": texts, "omit": (*texts, "rotate_retire", "rotate_reload_vars")}
    uses = {how: rig.variables(rotate_force=True, **dict.fromkeys(names[how], value)) for how, value in UNSET.items()}
    with rig.rest_untouched():
        run = rig.rotate(tasks=[guarded(*one) for one in uses.items()]).assert_ok()
    for how in uses:
        assert refusal(run, how) == ""
        result = run[f"Result of {how}"]["rotate_result"]
        assert (result["old_token_id"], result["retired"], result["unretired"]) == (old, True, [])
        old = result["token_id"]
        lives = datetime.fromisoformat(result["expires_at"].replace("Z", "+00:00")) - datetime.now(timezone.utc)
        assert timedelta(days=89, hours=23) < lives < timedelta(days=90, hours=1)
    assert [one.status for one in run.tasks if one.task.endswith("Load the vars file again")] == ["ok", "ok"]
    assert rig.ids(everything=True) == [rig.assert_settled()]
    assert "previous" not in rig.state


@pytest.mark.parametrize("kind", ["api_token-cdm", pytest.param("in_place-cdm", marks=CHAOS)])
def test_null_beside_a_code_that_is_taken_once(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory, kind: str) -> None:
    with launch("rubrik_cdm", settings={"totp": "on", "code_reuse": "refused"}, directory=tmp_path_factory.mktemp("cdm")) as simulator:
        rig: CdmApiTokenRig | SecretRig
        if kind == "api_token-cdm":
            rig = CdmApiTokenRig(ansible, simulator)
            rig.write("other: 1\n")
        else:
            rig = SecretRig(ansible, simulator)
            rig.store(simulator.service_account["client_id"], simulator.service_account["client_secret"])
        auth = rig.variables()["rotate_auth"]
        assert set(auth) == {"username", "password", "totp_secret", "ca_path"}
        unset = dict.fromkeys(("token", "client_id", "client_secret", "service_account_file", "totp_code", "organization_id", "timeout"))
        since = len(simulator.journal())
        rig.result(rig.rotate(rotate_auth={**auth, **unset}, rotate_force=True))
        rig.assert_settled()
        codes = [one for one in simulator.journal()[since:] if "mfaParams" in (one["body"] or {})]
        assert [one["status"] for one in codes] == [200]
