# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates that a change must pass, each a session; `make` and .ci/run call them. No session ignores or skips a finding.

`make gates GATES="style 'sanity(2.16)'"` runs some; tools/venv.sh makes the environments, in .cache/venvs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["style", "licences", "ansible_lint", "docs_lint", "changelog", "contracts"]

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv" / "bin"
ENVIRONMENTS = {
    "lint": ("-r", "tests/requirements-lint.txt"),
    "docs": ("-r", "docs/site/requirements.txt"),
    "galaxy": ("galaxy-importer",),  # apart from nox, with which it does not agree about attrs
}
CORES = subprocess.run([ROOT / "tools/cores.sh", "--list"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()


def environment(session: nox.Session, name: str) -> Path:
    """Make an environment unless it is there, and return the folder of its programs."""
    folder = f".cache/venvs/{name}"
    session.run("tools/venv.sh", folder, "3.10", *ENVIRONMENTS[name], external=True, silent=True)
    return ROOT / folder / "bin"


@nox.session
def environments(session: nox.Session) -> None:
    """Make every environment that the other sessions need."""
    for name in ENVIRONMENTS:
        environment(session, name)
    session.run("tools/cores.sh", external=True)


@nox.session
def style(session: nox.Session) -> None:
    """Python, YAML and shell: style and types."""
    session.run(VENV / "ruff", "check", ".")
    session.run(VENV / "ruff", "format", "--check", ".")
    session.run(VENV / "mypy")
    session.run(VENV / "mypy", "--python-executable", ROOT / ".cache/venvs/nox/bin/python", "noxfile.py")
    session.run(VENV / "yamllint", "--strict", ".")
    session.run(VENV / "shellcheck", ".ci/run", *map(str, sorted(ROOT.glob("tools/*.sh"))))


@nox.session
def licences(session: nox.Session) -> None:
    """Every file says its licence."""
    session.run(environment(session, "lint") / "reuse", "lint", "--quiet")


@nox.session
def ansible_lint(session: nox.Session) -> None:
    """Ansible content, by the strictest profile."""
    programs = environment(session, "lint")
    where = {"PATH": f"{programs}:{os.environ['PATH']}", "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache" / "collections")}
    session.run(programs / "ansible-lint", "--profile", "production", "--offline", env=where)


@nox.session
def docs_lint(session: nox.Session) -> None:
    """The plugins' documentation and the guides."""
    environment(session, "docs")
    session.run("tools/docs.sh", "lint", external=True)


@nox.session
def docs(session: nox.Session) -> None:
    """The site, without a warning."""
    environment(session, "docs")
    session.run("tools/docs.sh", "build", external=True)


@nox.session
def changelog(session: nox.Session) -> None:
    """Fragments and the changelog, and that CHANGELOG.md is made from it."""
    programs = environment(session, "docs")
    session.run(programs / "antsibull-changelog", "lint")
    session.run(programs / "antsibull-changelog", "lint-changelog-yaml", "changelogs/changelog.yaml")
    made = ROOT / "CHANGELOG.md"
    before = made.read_bytes()
    session.run(programs / "antsibull-changelog", "generate")
    if made.read_bytes() != before:
        session.error("CHANGELOG.md was not what is made from changelogs/changelog.yaml. Now it is.")


@nox.session
def contracts(session: nox.Session) -> None:
    """Action groups, the role's argument specs and the changelog agree with what there is; texts for users have plain words."""
    session.run(VENV / "python", "tools/contracts.py")
    session.run(VENV / "python", "tools/words.py")


@nox.session
def galaxy(session: nox.Session) -> None:
    """What a server does on import, required tags included."""
    programs = environment(session, "galaxy")
    artifact = build(session)
    settings = ROOT / ".cache" / "galaxy-importer.cfg"
    settings.write_text("[galaxy-importer]\nCHECK_REQUIRED_TAGS = True\nRUN_ANSIBLE_LINT = False\n", encoding="utf-8")
    where = {"GALAXY_IMPORTER_CONFIG": str(settings), "PATH": f"{programs}:{os.environ['PATH']}"}
    with session.chdir(ROOT / ".cache"):  # where it leaves its result
        session.run(programs / "python", "-m", "galaxy_importer.main", artifact, env=where)


@nox.session
def artifact(session: nox.Session) -> None:
    """The built artifact, cut down to meta, plugins, roles and playbooks in an empty folder, runs the integration targets."""
    folder = ROOT / ".cache" / "artifact" / "collections"
    shutil.rmtree(folder, ignore_errors=True)
    session.run(VENV / "ansible-galaxy", "collection", "install", "--force", "--offline", "--no-deps", "-p", folder, build(session))
    for item in (folder / "ansible_collections/latchkey/tokens").iterdir():
        if item.name not in ("meta", "plugins", "roles", "playbooks"):
            shutil.rmtree(item) if item.is_dir() else item.unlink()
    session.run(VENV / "python", "tools/ansible_test.py", "artifact", str(folder))


def build(session: nox.Session) -> Path:
    """Build the artifact and return its path."""
    folder = ROOT / ".cache" / "artifact"
    shutil.rmtree(folder, ignore_errors=True)
    session.run(VENV / "ansible-galaxy", "collection", "build", "--force", "--output-path", folder, ".", silent=True)
    [found] = folder.glob("*.tar.gz")
    return found


@nox.session
@nox.parametrize("core", CORES, ids=CORES)
def sanity(session: nox.Session, core: str) -> None:
    """Run ansible-test sanity."""
    ansible_test(session, core)


@nox.session
@nox.parametrize("core", CORES, ids=CORES)
def units(session: nox.Session, core: str) -> None:
    """Run ansible-test units."""
    ansible_test(session, core)


@nox.session
@nox.parametrize("core", CORES, ids=CORES)
def integration(session: nox.Session, core: str) -> None:
    """Run ansible-test integration, on simulated appliances."""
    ansible_test(session, core)


def ansible_test(session: nox.Session, core: str) -> None:
    """Run one kind of test, which the session is named after; where there is no Python for that ansible-core, say so."""
    session.run("tools/cores.sh", core, external=True)
    python = ROOT / ".cache" / "venvs" / f"core-{core}" / "bin" / "python"
    if not python.exists():
        session.skip(f"there is no Python here for ansible-core {core}")
    session.run(python, "tools/ansible_test.py", session.name.partition("(")[0], *session.posargs)
