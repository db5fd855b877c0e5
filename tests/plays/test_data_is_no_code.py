# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What came from elsewhere is text in every file and variable that it reaches, on every ansible-core."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.plays._ansible import Ansible
from tests.plays._cases import PREFIX
from tests.plays._publish_rig import Remote, git

STORE, READ, PUBLISH = (PREFIX + name for name in ("vault_vars", "vault_vars_info", "git_publish"))
FILES = ("values.yml", "whole.yml")


def test_it_is_never_templated(each_core: Ansible, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    mark, answer, password = (elsewhere / name for name in ("ran", "answer", "password"))
    answer.write_text("{{ lookup('pipe', 'touch " + str(mark) + "') }}")
    password.write_text("not a real one\n")
    remote = Remote(elsewhere / "remote.git")
    work, fresh = tmp_path / "work", tmp_path / "fresh"
    git(tmp_path, "clone", "--quiet", str(remote.path), str(work))
    git(work, "checkout", "--quiet", "-B", "main")
    for name in FILES:
        (work / name).write_text("text: old\nmine: !unsafe >-\n  " + answer.read_text() + "\nreference: '{{ 1 + 1 }}'\n")
    vault = ["--vault-id", f"prod@{password}"]
    encrypt = [str(each_core.bin / "ansible-vault"), "encrypt", *vault, str(work / "whole.yml")]
    subprocess.run(encrypt, check=True, capture_output=True, env=each_core.env(), timeout=60)
    git(work, "add", ".")
    git(work, "commit", "--quiet", "--message", "begin")
    git(work, "push", "--quiet", "--set-upstream", "origin", "main")
    (work / "values.yml").write_text((work / "values.yml").read_text().replace("mine:", "mine: !unsafe '{{ 2 }}'\nbefore:"))
    told = "{{ told.stdout }}"
    tasks: list[dict[str, object]] = [{"name": "Ask", "ansible.builtin.command": f"cat {answer}", "register": "told"}]
    for name in FILES:
        at = {"path": f"{work}/{name}"}
        plain = {"text": told, "nested": [told, {"inside": told}]}
        tasks += [
            {"name": f"Store in {name}", STORE: {**at, "plain_vars": plain, "vars": {"secret": told}, "vault_id": "prod"}},
            {"name": f"Read {name}", READ: {**at, "names": ["text", "nested", "secret"]}, "register": "read"},
            {"name": f"Copy {name}", "ansible.builtin.set_fact": {"copy": "{{ read.vars }}"}},
            {
                "name": f"What was read of {name}",
                "ansible.builtin.assert": {"that": ["copy.text == told.stdout", "copy.secret == told.stdout"]},
            },
            {
                "name": f"Publish {name}",
                PUBLISH: {**at, "names": ["text", "nested", "secret", "mine"], "plain_vars": {"more": told}, "message": told},
                "register": "published",
            },
            {"name": f"Tell of {name}", "ansible.builtin.debug": {"msg": "{{ published }}"}},
        ]
    tasks.append({"name": "Clone", "ansible.builtin.command": f"git clone --quiet {remote.path} {fresh}"})
    for folder in (work, fresh):
        for name in FILES:
            names = ["text", "nested[0]", "nested[1].inside", "secret", "more"]
            equal = [f"{one} == told.stdout" for one in names] + ["reference | int == 2", "mine is search('[{]')"]
            tasks += [
                {"name": f"Load {folder.name}/{name}", "ansible.builtin.include_vars": {"file": f"{folder}/{name}"}},
                {"name": f"Check {folder.name}/{name}", "ansible.builtin.assert": {"that": equal}},
                {"name": f"Show {folder.name}/{name}", "ansible.builtin.debug": {"msg": "{{ [text, nested, secret, more, mine] }}"}},
            ]
    run = each_core.play(tasks, arguments=vault)
    assert not mark.exists()
    run.assert_ok()
    assert git(remote.path, "log", "-1", "--format=%s", "main") == answer.read_text()
