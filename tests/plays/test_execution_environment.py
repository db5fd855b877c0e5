# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execution environment: ansible-builder finds what the collection needs, and takes the sample in docs/awx."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.plays._ansible import DEFAULT_BIN, ROOT
from tests.plays._awx import DOCS, document, image_environment

# What comes along with ansible-core, and with requests.
# Clients of secret managers, for those who keep a rotation's store there: their execution environment names one, the others need none.
OPTIONAL = {"hvac", "boto3", "botocore"}
BROUGHT = {"ansible", "ansible_collections", "cryptography", "jinja2", "yaml", "urllib3"}


def builder(*arguments: str, folder: Path) -> str:
    """Run ansible-builder and return its output."""
    done = subprocess.run(
        [str(DEFAULT_BIN / "ansible-builder"), *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_introspect(collections: Path, tmp_path: Path) -> None:
    """From the installed artifact, which must bring the files along."""
    pip, bindep = tmp_path / "pip", tmp_path / "bindep"
    builder("introspect", "--write-pip", str(pip), "--write-bindep", str(bindep), str(collections), folder=tmp_path)
    assert re.findall(r"^(\S+)", pip.read_text(), re.MULTILINE) == ["jmespath", "requests"]
    packages = re.findall(r"^(\S+) \[platform:(\w+)\]", bindep.read_text(), re.MULTILINE)
    assert sorted(packages) == [("git", "dpkg"), ("git", "rpm"), ("openssh-client", "dpkg"), ("openssh-clients", "rpm")]


def test_requirements_are_what_the_plugins_import() -> None:
    imported = set()
    for path in (ROOT / "plugins").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [str(node.module)]
            imported |= {name.partition(".")[0] for name in names}
    others = imported - set(sys.stdlib_module_names) - BROUGHT - OPTIONAL
    assert sorted(others) == (ROOT / "meta" / "ee-requirements.txt").read_text().split()


@pytest.mark.parametrize("definition", sorted(one.name for one in DOCS.glob("execution-environment*.yml")))
def test_create(definition: str, tmp_path: Path) -> None:
    builder("create", "--file", str(DOCS / definition), "--context", str(tmp_path / "context"), folder=tmp_path)
    collections = yaml.safe_load((tmp_path / "context" / "_build" / "requirements.yml").read_text())["collections"]
    assert collections == [{"name": "latchkey.tokens"}]
    (container_file,) = [one for one in (tmp_path / "context").iterdir() if one.name in ("Containerfile", "Dockerfile")]
    text = container_file.read_text()
    assert f'ARG EE_BASE_IMAGE="{document(definition)["images"]["base_image"]["name"]}"' in text.splitlines()
    final = text.rpartition("\nFROM ")[2]
    for name, value in image_environment().items():
        assert f"ENV {name}={value}" in final.splitlines()
    assert "ENV ANSIBLE_CALLBACKS_ENABLED=latchkey.tokens.revoke_play_tokens" in final.splitlines()
