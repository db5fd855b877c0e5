# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Play tokens: one mint per identity and run, where options come from, renewal, refusal, check mode, and where no secret may be."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.plays._ansible import ROOT, Ansible
from tests.plays._play_token_rig import LOOKUP, MODULE, SOON, Rig, wait_until
from tests.plays._vaulted import PASSWORDS, inline
from tests.simulator.launch import Simulator, launch

FILTERS = str(ROOT / "tests" / "plays" / "filter")
USE = {"name": "Use", MODULE: {}}
FINGERPRINT = {"name": "Fingerprint", "ansible.builtin.debug": {"msg": "{{ " + LOOKUP + " | hash('sha256') }}"}}


@pytest.fixture
def rig(ansible: Ansible, cdm: Simulator) -> Rig:
    return Rig(ansible, cdm)


def _one_mint(rig: Rig, hosts: int) -> None:
    """Ten uses for each host: in variables, defaults of modules, arguments, loops and conditions."""
    inventory = rig.ansible.folder / "hosts"
    inventory.write_text(f"[many]\nmany[1:{hosts}] ansible_connection=local\n")
    loop = {"name": "Loop", "ansible.builtin.debug": {"msg": "{{ (item ~ " + LOOKUP + ") | length }}"}, "loop": [1, 2, 3, 4]}
    tasks: list[dict[str, object]] = [
        {**USE, "when": f"{LOOKUP} | length > 20"},
        {**loop, "when": f"{LOOKUP} | length > 20"},
    ]
    before = rig.live()
    run = rig.run(
        rig.play(*tasks, hosts="many", name="Token of {{ (" + LOOKUP + ") | length }} characters"),
        arguments=["-i", str(inventory), "--forks", "20"],
    ).assert_ok()
    assert run.output.count("ok=2 ") == hosts
    rig.assert_as_before(before)


def test_one_mint_for_many_hosts(rig: Rig) -> None:
    _one_mint(rig, 200)


def test_one_mint_on_each_core(each_core: Ansible, cdm: Simulator) -> None:
    _one_mint(Rig(each_core, cdm), 20)


@pytest.mark.chaos
def test_one_mint_for_many_hosts_on_each_core(each_core: Ansible, cdm: Simulator) -> None:
    _one_mint(Rig(each_core, cdm), 200)


def test_identities_are_not_mixed_up(rig: Rig) -> None:
    """Two accounts and an option that differs: three tokens, each always the same."""
    other = {"client_id": "rsc_client_id", "client_secret": "rsc_client_secret"}
    call = ", ".join(f"{name}='{rig.simulator.service_account[value]}'" for name, value in other.items())
    lookups = [f"lookup('latchkey.tokens.play_token'{more})" for more in ("", f", {call}", ", validate_certs=false")]
    hosts = rig.ansible.folder / "hosts"
    hosts.write_text("[many]\nmany[1:6] ansible_connection=local\n")
    before = rig.live()
    task = {"name": "Who", "ansible.builtin.debug": {"msg": "{{ [" + ", ".join(f"{one} | hash('sha256')" for one in lookups) + "] }}"}}
    check = {"name": "Account", MODULE: {"token": "{{ " + lookups[1] + " }}"}, "run_once": True}
    run = rig.run(rig.play(task, check, hosts="many"), arguments=["-i", str(hosts), "--forks", "6"]).assert_ok()
    seen = {tuple(one.result["msg"]) for one in run.tasks if one.task == "Who"}
    assert len(seen) == 1
    assert len(set(seen.pop())) == 3
    assert run["Account"]["account"] in (rig.simulator.service_account["rsc_client_id"], rig.simulator.service_account["rsc_name"])
    rig.assert_as_before(before, 3)


def test_each_round_of_a_loop_has_its_own_variables(rig: Rig) -> None:
    """All rounds are one process, which keeps what it has settled."""
    account = rig.simulator.service_account
    of_round = {"latchkey_client_id": "{{ accounts[item].id }}", "latchkey_client_secret": "{{ accounts[item].secret }}"}
    accounts = [{"id": account[f"{kind}client_id"], "secret": account[f"{kind}client_secret"]} for kind in ("", "rsc_")]
    task = {"name": "Who", "ansible.builtin.debug": {"msg": "{{ " + LOOKUP + " | hash('sha256') }}"}, "loop": [0, 1, 0, 1, 1]}
    before = rig.live()
    run = rig.run(rig.play({**task, "vars": {"accounts": accounts, **of_round}})).assert_ok()
    first, second, *others = [one["msg"] for one in run["Who"]["results"]]
    assert first != second
    assert others == [first, second, second]
    rig.assert_as_before(before, 2)


def test_variables_that_are_no_options_are_not_looked_at(rig: Rig) -> None:
    """Whatever their names begin with, nor those of options that the call itself gives."""
    account = rig.simulator.service_account
    variables = {"latchkey_play_token": "{{ " + LOOKUP + " }}", "latchkey_note": "{{ nope }}", "latchkey_client_id": "{{ nope }}"}
    call = LOOKUP.replace(")", f", client_id='{account['client_id']}')")
    variables["latchkey_play_token"] = "{{ " + call + " }}"
    task = {"name": "Who", MODULE: {"token": "{{ latchkey_play_token }}"}, "vars": variables}
    before = rig.live()
    assert rig.run(rig.play(task)).assert_ok()["Who"]["account"]
    rig.assert_as_before(before, 1)


def test_an_option_that_needs_itself(rig: Rig) -> None:
    task = {**USE, "vars": {"latchkey_client_secret": "{{ " + LOOKUP + " }}"}}
    before = rig.live()
    run = rig.run(rig.play(task))
    assert run.returncode == 2
    assert "the variable latchkey_client_secret needs itself" in " ".join(run.output.split())
    rig.assert_as_before(before, 0)


def test_runs_side_by_side_do_not_disturb_each_other(rig: Rig) -> None:
    before = rig.live()
    processes = [rig.start([USE, USE]) for _unused in range(3)]
    for process in processes:
        output, _unused = process.communicate(timeout=60)
        assert process.returncode == 0, output
    rig.assert_as_before(before, 3)


@pytest.mark.parametrize("source", ["ini", "env", "vars", "templated vars", "vaulted vars", "product env"])
def test_options_come_from_everywhere(rig: Rig, source: str) -> None:
    options = {name.removeprefix("latchkey_"): value for name, value in rig.variables().items()}
    play = rig.play(FINGERPRINT)
    play["vars"] = {}
    env: dict[str, str] = {}
    arguments: list[str] = []
    if source == "ini":
        settings = rig.ansible.folder / "ansible.cfg"
        settings.write_text("[latchkey_tokens]\n" + "".join(f"{name} = {value}\n" for name, value in options.items()))
    elif source == "env":
        env = {f"LATCHKEY_{name.upper()}": value for name, value in options.items()}
    elif source == "product env":
        platform = {"platform": options.pop("platform")}
        env = {f"RUBRIK_CDM_{name.upper()}": value for name, value in options.items()}
        play["vars"] = {f"latchkey_{name}": value for name, value in platform.items()}
    elif source in ("vars", "templated vars"):
        indirect = source == "templated vars"
        play["vars"] = {f"latchkey_{name}": "{{ my_" + name + " }}" if indirect else value for name, value in options.items()}
        play["vars"].update({f"my_{name}": value for name, value in options.items()})
    elif source == "vaulted vars":
        secrets = rig.ansible.folder / "secrets.yml"
        secrets.write_text(inline("latchkey_client_secret", options.pop("client_secret")))
        password = rig.ansible.folder / "password"
        password.write_text(PASSWORDS["prod"])
        play["vars"] = {f"latchkey_{name}": value for name, value in options.items()}
        play["vars_files"] = [str(secrets)]
        arguments = ["--vault-id", f"prod@{password}"]
    before = rig.live()
    rig.run(play, env=env, arguments=arguments).assert_ok()
    rig.assert_as_before(before)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("client_secert='x'", "there is no option client_secert."),
        ("client_secret='wrong'", "Rubrik CDM at https://"),
        ("expires_in='1h'", "expires_in: Rubrik CDM"),
        ("endpoint='http://example.com'", "plain http to 'example.com'"),
        ("min_remaining='soon'", "min_remaining: 'soon' is not a duration."),
        ("platform='tape'", "platform: it must be one of qumulo, rubrik_cdm, rubrik_rsc."),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(rig: Rig, call: str, words: str) -> None:
    before = rig.live()
    run = rig.run(rig.play({"name": "Ask", "ansible.builtin.debug": {"msg": "{{ lookup('latchkey.tokens.play_token', " + call + ") }}"}}))
    assert run.returncode == 2
    assert words in " ".join(run.output.split()), run.output
    assert "Traceback" not in run.output
    assert rig.variables()["latchkey_client_secret"] not in run.output
    assert rig.live() == before


def test_refused_credentials_are_not_tried_by_every_host(rig: Rig) -> None:
    """Accounts get locked: ten hosts that have the wrong secret send it once."""
    hosts = rig.ansible.folder / "hosts"
    hosts.write_text("[many]\nmany[1:10] ansible_connection=local\n")
    rig.simulator.fault("POST:/api/v1/service_account/session:401")
    run = rig.run(rig.play(USE, hosts="many"), arguments=["-i", str(hosts), "--forks", "10"])
    assert run.returncode == 2
    assert run.output.count("HTTP 401") >= 10
    assert len([one for one in rig.simulator.journal() if one["method"] == "POST"]) == 1


def test_ten_slots_are_named(rig: Rig) -> None:
    """An eleventh session is refused: the error names the ten, and how to free them."""
    tasks = []
    for number in range(11):  # each spelling of the endpoint is an identity of its own
        endpoint = rig.simulator.url + "/" * number
        tasks.append(
            {
                "name": f"Session {number}",
                "ansible.builtin.debug": {"msg": "{{ lookup('latchkey.tokens.play_token', endpoint='" + endpoint + "') | length }}"},
            }
        )
    before = rig.live()
    run = rig.run(rig.play(*tasks))
    assert run.returncode == 2
    words = " ".join(run.output.split())
    assert "The account has 10 sessions: " in words, words
    assert "latchkey.tokens.session_revoke" in words
    rig.assert_as_before(before, 10)


def test_a_full_qumulo_account_is_told_its_tokens(ansible: Ansible, qumulo: Simulator) -> None:
    rig = Rig(ansible, qumulo)
    login = {**qumulo.admin, "token": "{{ omit }}"}
    fill = {"name": "Fill", "latchkey.tokens.access_token": {"user": "local:admin", "additional": True, **login}, "loop": [1, 2]}
    run = rig.run(rig.play(fill, USE))
    assert run.returncode == 2
    words = " ".join(run.output.split())
    assert "The account has 2 access tokens already, and the platform allows 2: " in words, words


@pytest.mark.parametrize(("platform", "life"), [("qumulo", 3600), ("rubrik_cdm", 24 * 3600)])
def test_renewed_before_it_expires(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory, platform: str, life: int) -> None:
    """Both clocks move while a task runs; what comes after it gets a new token, no task fails, and both tokens are revoked."""
    with launch(platform, directory=tmp_path_factory.mktemp(platform)) as simulator:
        rig = Rig(ansible, simulator).with_clock()
        before = rig.live()
        with rig.in_the_middle(USE) as process:
            first = rig.live()
            rig.move_clock(life - 200)
            simulator.advance(life - 200)
            rig.let_go_on()
            output, _unused = process.communicate(timeout=60)
            assert process.returncode == 0, output
        assert first != before
        wait_until(lambda: rig.live() == before, "the tokens are revoked", SOON)
        wait_until(lambda: rig.revocations() == 2, "two revocations", SOON)
        assert rig.mints() == 2


def test_refresh_replaces_a_dead_token_once(rig: Rig) -> None:
    """Somebody ends the session behind our back; six hosts ask with refresh, and one of them gets a new one for all."""
    hosts = rig.ansible.folder / "hosts"
    hosts.write_text("[many]\nmany[1:6] ansible_connection=local\n")
    fresh = "lookup('latchkey.tokens.play_token', refresh=true)"
    end = {"name": "End", "latchkey.tokens.session_revoke": {"target": "self"}, "run_once": True}
    use = {"name": "Use fresh", MODULE: {"token": "{{ " + fresh + " }}"}}
    before = rig.live()
    rig.run(rig.play(USE, end, use, USE, hosts="many"), arguments=["-i", str(hosts), "--forks", "6"]).assert_ok()
    wait_until(lambda: rig.live() == before, "the tokens are revoked", SOON)
    wait_until(lambda: not rig.watchers(), "the watcher ends", SOON)
    assert rig.mints() == 2


@pytest.mark.parametrize("platform", ["qumulo", "rubrik_cdm", "rubrik_rsc"])
@pytest.mark.parametrize("by_module", [False, True], ids=["in process", "as a module"])
def test_modules_replace_a_dead_token_by_themselves(
    ansible: Ansible, tmp_path_factory: pytest.TempPathFactory, platform: str, by_module: bool
) -> None:
    """The token is ended behind our back, between two tasks; six hosts go on with one new token."""
    with launch(platform, directory=tmp_path_factory.mktemp(platform)) as simulator:
        rig = Rig(ansible, simulator)
        hosts = ansible.folder / "hosts"
        hosts.write_text("[many]\nmany[1:6] ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'\n")
        end = {"name": "End", "latchkey.tokens.session_revoke": {"target": "self"}, "run_once": True}
        check = {"name": "Check", MODULE: {}, "environment": {"ANY": "1"} if by_module else {}}
        before = rig.live()
        run = rig.run(rig.play(USE, end, check, USE, hosts="many"), arguments=["-i", str(hosts), "--forks", "6"]).assert_ok()
        assert run.output.count("ok=") == 6
        wait_until(lambda: rig.live() == before, "the tokens are revoked", SOON)
        wait_until(lambda: not rig.watchers(), "the watcher ends", SOON)
        assert rig.mints() == 2


def test_appliance_that_refuses_everything(rig: Rig) -> None:
    """The token is alive, so another one would be refused, too: nothing is made for it, and the task fails as it would without."""
    rig.simulator.fault("GET:/api/v1/principal/role:401")
    before = rig.live()
    run = rig.run(rig.play(USE))
    assert run.returncode == 2
    assert "HTTP 401" in run.output
    rig.assert_as_before(before)


def test_check_mode(rig: Rig) -> None:
    before = rig.live()
    rig.run(rig.play(USE), arguments=["--check"]).assert_ok()
    rig.assert_as_before(before)
    without = {"latchkey_mint_in_check_mode": False}
    count = len(rig.simulator.journal())
    probe = {"name": "Probe", MODULE: {}, "environment": {"ANY": "1"}}
    run = rig.run(rig.play(USE, {**USE, "name": "Loop", "loop": [1, 2]}, probe, vars=without), arguments=["--check"]).assert_ok()
    left_out = [run.by_name[name] for name in ("Use", "Loop", "Probe")]
    assert {one.status for one in left_out} in ({"skipped"}, {"ok"})  # from ansible-core 2.22 on, the latter
    assert all("no play token in check mode" in str(one.result) for one in left_out)
    run = rig.run(rig.play({**USE, "check_mode": False}, vars=without), arguments=["--check"])
    assert "this task has check_mode: false. Take one of the two away." in run.failures[0]
    assert len(rig.simulator.journal()) == count
    rig.run(rig.play(USE, vars=without)).assert_ok()
    rig.assert_as_before(before, 2)


def test_qumulo_session(ansible: Ansible, qumulo: Simulator) -> None:
    """For a user who has two access tokens already: a session, which nobody can end."""
    rig = Rig(ansible, qumulo)
    before = rig.live()
    play = rig.play(USE, {**USE, "loop": [1, 2]}, vars={"latchkey_qumulo_kind": "session"})
    rig.run(play).assert_ok()
    assert rig.live() == before
    assert [one for one in rig.requests() if not one.startswith("GET ")] == ["POST /v1/session/login"]


def _contents(paths: Iterable[Path]) -> dict[Path, bytes]:
    """Return what is in these files, as far as they can be read."""
    found = {}
    for path in paths:
        with contextlib.suppress(OSError):
            if path.is_file() and not path.is_symlink():
                found[path] = path.read_bytes()
    return found


def _processes() -> dict[Path, bytes]:
    """Return the command lines and environments of all processes but this one."""
    return _contents(one / name for one in Path("/proc").iterdir() if one.name.isdecimal() for name in ("cmdline", "environ"))


def test_no_secret_is_left_in_clear(each_core: Ansible, cdm: Simulator, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Looked for while the play runs and afterwards: in files, arguments and environments, and in all output that there is."""
    notes = tmp_path_factory.mktemp("notes") / "secrets"
    rig = Rig(each_core, cdm).with_callback()
    log = each_core.folder / "ansible.log"
    rig.env |= {
        "ANSIBLE_FILTER_PLUGINS": FILTERS,
        "REMEMBER_FILE": str(notes),
        "ANSIBLE_LOG_PATH": str(log),
        "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(each_core.folder / "facts"),
        "ANSIBLE_LOCAL_TEMP": str(each_core.folder / "local"),
        "TMPDIR": str(each_core.folder),
    }
    remember = {"name": "Remember", "ansible.builtin.debug": {"msg": "{{ " + LOOKUP + " | remember }}"}}
    fact = {"name": "Fact", "ansible.builtin.set_fact": {"length": "{{ " + LOOKUP + " | length }}", "cacheable": True}}
    fail = {"name": "Fail", MODULE: {"expect_account": "somebody-else"}, "ignore_errors": True}
    with rig.in_the_middle(remember, fact, fail, arguments=["-vvvv"]) as process:
        (ledger,) = (each_core.folder / "local").rglob("latchkey_play_tokens")
        assert ledger.stat().st_mode & 0o777 == 0o600
        assert ledger.parent.stat().st_mode & 0o777 == 0o700
        environment = Path(f"/proc/{rig.watchers()[0]}/environ").read_bytes()
        assert rig.variables()["latchkey_client_secret"].encode() not in environment
        meanwhile = _contents(each_core.folder.rglob("*"))
        processes = _processes()
        rig.let_go_on()
        output, _unused = process.communicate(timeout=60)
        assert process.returncode == 0, output
    (secret,) = set(notes.read_text().split())
    token, client_secret = secret.encode(), rig.variables()["latchkey_client_secret"].encode()
    afterwards = _contents(each_core.folder.rglob("*"))
    for content in (meanwhile, processes, afterwards):
        assert len(content) > 5
        assert [path for path, text in content.items() if token in text] == []
        # The playbook itself has the client secret, and nothing else may.
        assert [path for path, text in content.items() if client_secret in text and not path.name.startswith("playbook-")] == []
    assert secret not in output
    assert client_secret.decode() not in output
    assert log.stat().st_size > 1000
    assert json.loads(next((each_core.folder / "facts").iterdir()).read_text())
