# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files in docs/awx as AWX takes them: credential types, which AWX's own code injects, and the guide that shows them all."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import yaml

from tests.plays._ansible import ROOT

DOCS = ROOT / "docs" / "awx"
CREDENTIAL_TYPES = sorted(one.name for one in (DOCS / "credential_types").iterdir())
# awx_plugins.interfaces, which has the code, wants Python 3.11, as AWX does.
needs_awx = pytest.mark.skipif(importlib.util.find_spec("awx_plugins") is None, reason="AWX's plugins are not installed here")


def document(path: str) -> Any:
    """Return a YAML file of docs/awx."""
    return yaml.safe_load((DOCS / path).read_text())


def image_environment() -> dict[str, str]:
    """Return the environment that the sample of an execution environment gives to its jobs."""
    steps = document("execution-environment.yml")["additional_build_steps"]["append_final"]
    return dict(step.removeprefix("ENV ").split("=", 1) for step in steps if step.startswith("ENV "))


@dataclass(frozen=True)
class Injected:
    """What a credential gives to a job.

    Attributes:
        env: environment variables.
        safe_env: the same as AWX shows and stores them.
        arguments: for the command line of ansible-playbook.
    """

    env: dict[str, Any] = field(default_factory=dict)
    safe_env: dict[str, Any] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class CredentialType:
    """A credential type, from the two files that an administrator of AWX enters."""

    name: str

    @property
    def inputs(self) -> dict[str, Any]:
        """Its input configuration."""
        return dict(document(f"credential_types/{self.name}/inputs.yml"))

    @property
    def injectors(self) -> dict[str, Any]:
        """Its injector configuration."""
        return dict(document(f"credential_types/{self.name}/injectors.yml"))

    def inject(self, values: Mapping[str, str], private_data_dir: Path, injected: Injected, seen_as: Path | None = None) -> None:
        """Inject a credential of this type with AWX's code.

        Args:
            values: what somebody entered.
            private_data_dir: the job's folder, which gets the files.
            injected: is completed.
            seen_as: where Ansible finds that folder; in AWX it is mounted at /runner.
        """
        from awx_plugins.interfaces import _temporary_private_api as api
        from awx_plugins.interfaces import _temporary_private_container_api as container_api
        from awx_plugins.interfaces import _temporary_private_inject_api as inject_api

        known = {one["id"] for one in self.inputs["fields"]}
        assert set(self.inputs.get("required", [])) <= set(values) <= known, f"AWX would not save this credential of the type {self.name}"
        kind = api.ManagedCredentialType("latchkey", self.name, "cloud", self.inputs, self.injectors)
        with mock.patch.object(container_api, "CONTAINER_ROOT", str(seen_as or private_data_dir)):
            inject_api.inject_credential(
                kind, api.Credential(dict(values)), injected.env, injected.safe_env, injected.arguments, str(private_data_dir)
            )
