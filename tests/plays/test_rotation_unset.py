# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate with variables that are null, omit or empty: each means what leaving it out means, or is refused by its name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import yaml

from tests.plays._ansible import CORE_VERSIONS, ROOT, Ansible, Run, core_bin
from tests.plays._qumulo_rig import Rig
from tests.plays._role_rig import BEGIN, failure, guarded, refusal
from tests.plays._rotation_kinds import AnyRig, Appliances, rig_of
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


@pytest.fixture(params=CORE_VERSIONS)
def core(request: pytest.FixtureRequest, ansible: Ansible) -> Ansible:
    if core_bin(request.param) is None:
        pytest.skip(f"ansible-core {request.param} is not installed here")
    return ansible.with_core(request.param)


def _uses(rig: AnyRig, names: Iterable[str]) -> list[dict[str, Any]]:
    """Return a use of the role with the required variables alone, and one for each of these variables and ways not to set it."""
    plain = {name: value for name, value in rig.variables().items() if name in (*REQUIRED, "rotate_auth")}
    return [
        guarded(f"{rig.name} plain", plain),
        *(guarded(f"{rig.name} {name} {how}", {**plain, name: value}) for name in names for how, value in UNSET.items()),
    ]


def test_every_variable_that_is_not_set(core: Ansible, appliances: Appliances) -> None:
    # In check mode: each must mean what leaving it out means, or be refused by its name.
    tokens, secrets = rig_of("access_token-qumulo", core, appliances), rig_of("in_place-rsc", core, appliances)
    assert isinstance(tokens, Rig)
    assert isinstance(secrets, SecretRig)
    secrets.file = "secrets.yml"
    tokens.seed(6 * 86400)  # due by default
    secrets.appliance.rotate(secrets.seed())  # due, since what is stored is refused
    of_secrets = [f"rotate_{one}" for one in _OF_SECRETS]
    assert set(of_secrets) < set(NAMES)
    tasks = [*_uses(tokens, [one for one in NAMES if one not in (*of_secrets, *REQUIRED)]), *_uses(secrets, of_secrets)]
    env = {"QUMULO_TOKEN": tokens._admin["token"], "QUMULO_CA_PATH": tokens.simulator.ca_file}
    with tokens.nothing_changes(), secrets.nothing_changes():
        run = tokens.rotate(tasks=tasks, check=True, env=env).assert_ok()
    secrets.assert_no_secret(run)
    told, wrong = _told(run), []
    for task in tasks:
        what = str(task["name"]).removeprefix("Guard ")
        rig_name, name, *_how = what.split(" ")
        said = refusal(run, what)
        if said:
            wrong += [f"{what}: {said}"] if name not in said else []
            continue
        text, times = told[what]
        usual, usual_times = told[f"{rig_name} plain"]
        near = [abs(one - other) < timedelta(minutes=5) for one, other in zip(times, usual_times, strict=False)]
        if text != usual or not all(near):
            wrong.append(f"{what}: {text} {times}")
    assert not wrong, "\n".join(wrong)
    assert "create a new access token that expires T" in told[f"{tokens.name} plain"][0]
    assert "create a new secret, which ends the present one" in told[f"{secrets.name} plain"][0]


@pytest.mark.parametrize(
    "version",
    [
        "2.16",
        "2.19",
        "2.21",
    ],
)
def test_a_required_variable_that_is_not_set(ansible: Ansible, appliances: Appliances, version: str) -> None:
    rig = rig_of("access_token-qumulo", ansible.with_core(version), appliances)
    rig.seed()
    # The account and the vars file have something that may take their place, so the role's argument spec does not require them.
    always = [name for name in REQUIRED if name not in ("rotate_account", "rotate_vars_file")]
    assert [name for name, option in NAMES.items() if option.get("required")] == always
    tasks = _uses(rig, REQUIRED)[1:]
    with rig.nothing_changes():
        run = rig.rotate(tasks=tasks).assert_ok()
    wrong = []
    for task in tasks:
        what = str(task["name"]).removeprefix("Guard ")
        said = refusal(run, what)
        wrong += [f"{what}: {said}"] if what.split(" ")[1] not in said else []
    assert not wrong, "\n".join(wrong)


def test_what_happens_to_the_old_token_where_variables_are_not_set(core: Ansible, appliances: Appliances) -> None:
    rig = rig_of("access_token-qumulo", core, appliances)
    old = rig.seed()
    uses = [f"{name} {how}" for name in ("rotate_retire", "rotate_expires_in", "rotate_retire_after") for how in UNSET]
    tasks = [guarded(one, rig.variables(**{one.split()[0]: UNSET[one.split()[1]], "rotate_force": True})) for one in uses]
    with rig.rest_untouched():
        run = rig.rotate(tasks=tasks).assert_ok()
    for one in uses:
        if said := refusal(run, one):
            assert one.split()[0] in said
            continue
        result = run[f"Result of {one}"]["rotate_result"]
        assert (result["old_token_id"], result["retired"], result["unretired"]) == (old, True, [])
        old = result["token_id"]
        lives = datetime.fromisoformat(result["expires_at"].replace("Z", "+00:00")) - datetime.now(timezone.utc)
        assert timedelta(days=89, hours=23) < lives < timedelta(days=90, hours=1)
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


@pytest.mark.parametrize("endpoint", ["", pytest.param("  ", marks=CHAOS)])
def test_an_empty_endpoint(ansible: Ansible, appliances: Appliances, endpoint: str) -> None:
    rig = rig_of("access_token-qumulo", ansible, appliances)
    rig.seed()
    with rig.nothing_changes():
        said = failure(rig.rotate(rotate_endpoint=endpoint))
    assert said == "rotate_endpoint: it is empty. Set it to where the platform's API is, for example cluster.example.com:8000."
