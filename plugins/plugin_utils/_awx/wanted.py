# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of AWX that its jobs need, as data: from a few settings to a list in the order of their creation. No file, no request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# The end of the description of each object, by which a later run knows its own.
MARK = "Managed by latchkey.tokens.awx_setup."
PREFIX = "Latchkey"  # of names that AWX resolves without their organization
_LOCALHOST = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}


@dataclass(frozen=True)
class Kind:
    """A kind of object.

    Attributes:
        module: the module of awx.awx, and its name for people with spaces.
        endpoint: the name of its list in AWX's API.
        variable: its list for infra.aap_configuration.
        scope: the object that its name belongs to, as a filter of the list and the module's argument for it; empty where names are of
            all of AWX, or where AWX's modules look for them as if they were.
        right: what a token needs to create it.
        nested: it belongs to another object of ours, and is ours with that.
    """

    module: str
    endpoint: str
    variable: str
    scope: str = ""
    right: str = ""
    nested: bool = False

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.module.replace("_", " ")


_ADMIN = "system administrator"
KINDS = {
    one.module: one
    for one in (
        Kind("organization", "organizations", "aap_organizations", right=_ADMIN),
        Kind("credential_type", "credential_types", "controller_credential_types", right=_ADMIN),
        Kind("credential", "credentials", "controller_credentials", right="credential administrator of the organization"),
        Kind("credential_input_source", "credential_input_sources", "controller_credential_input_sources",
             "target_credential", "use of the credential that looks up", nested=True),
        Kind("execution_environment", "execution_environments", "controller_execution_environments",
             right="execution environment administrator of the organization"),
        Kind("notification_template", "notification_templates", "controller_notifications",
             right="notification administrator of the organization"),
        Kind("project", "projects", "controller_projects", "organization", "project administrator of the organization"),
        Kind("inventory", "inventories", "controller_inventories", right="inventory administrator of the organization"),
        Kind("host", "hosts", "controller_hosts", "inventory", "inventory administrator of the organization", nested=True),
        Kind("inventory_source", "inventory_sources", "controller_inventory_sources", "inventory",
             "inventory administrator of the organization", nested=True),
        Kind("job_template", "job_templates", "controller_templates", "organization", "job template administrator of the organization"),
        Kind("schedule", "schedules", "controller_schedules", "unified_job_template", "execute on the job template", nested=True),
    )
}  # fmt: skip


@dataclass(frozen=True)
class WantedObject:
    """An object as it should be.

    Attributes:
        kind: a name in KINDS.
        name: its name.
        arguments: of the module, without name and description.
        about: the description, without the mark.
        needs: kinds and names of those that must be there before it.
        adopted: one that is not ours is taken.
    """

    kind: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)
    about: str = ""
    needs: tuple[tuple[str, str], ...] = ()
    adopted: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others."""
        return (self.kind, self.name)

    @property
    def title(self) -> str:
        """What it is called in words."""
        return f"{self.kind.replace('_', ' ')} {self.name}"

    def module_arguments(self) -> dict[str, Any]:
        """Return all arguments of the module."""
        own = {} if self.kind == "credential_input_source" else {"name": self.name}
        return {**own, "description": f"{self.about} {MARK}".strip(), **self.arguments}

    def filters(self) -> dict[str, Any]:
        """Return the filters of AWX's list that find it."""
        scope = KINDS[self.kind].scope
        own = {"input_field_name": self.arguments["input_field_name"]} if self.kind == "credential_input_source" else {"name": self.name}
        return {**own, f"{scope}__name": self.arguments[scope]} if scope else own


@dataclass(frozen=True)
class CredentialType:
    """A credential type of docs/awx, and what is known of it besides."""

    key: str
    title: str
    inputs: Mapping[str, Any]
    injectors: Mapping[str, Any]
    prefix: str = ""
    from_files: Mapping[str, str] = field(default_factory=dict)
    asked: Sequence[str] = ()

    @property
    def name(self) -> str:
        """Its name in AWX, and that of the credential of this type."""
        return f"{PREFIX} {self.title}"

    @property
    def secrets(self) -> list[str]:
        """The inputs that are secret."""
        return [str(one["id"]) for one in self.inputs["fields"] if one.get("secret")]


# AWX's own, which takes the place of a type of ours for the vault password.
VAULT = CredentialType(
    "vault",
    "vault password",
    {"fields": [{"id": "vault_password", "secret": True}, {"id": "vault_id"}], "required": ["vault_password"]},
    {},
    "ANSIBLE",
    {"vault_password": "ANSIBLE_VAULT_PASSWORD_FILE"},
    ("vault_password",),
)
_MANAGED = {"vault": "Vault"}


@dataclass(frozen=True)
class AwxSettings:
    """What the user says.

    Attributes:
        organization, image, project_url, project_branch, inventory_file: as the variables of the playbook.
        types: the credential types that are needed, with the vault's.
        platforms: those of them that are platforms'.
        values: by the key of a type, the inputs of its credential.
        lookups: by the key of a type and an input, the credential that looks it up, and its metadata.
        templates: the job templates, as in playbooks/vars/awx_setup.yml.
        variables, schedules: by job template.
        notification: the type and the configuration; empty for none.
        adopted: names of objects that are taken though they are not ours.
    """

    organization: str
    image: str
    project_url: str
    project_branch: str
    inventory_file: str
    types: Mapping[str, CredentialType]
    platforms: Sequence[str]
    values: Mapping[str, Mapping[str, Any]] = field(repr=False)
    lookups: Mapping[str, Mapping[str, Mapping[str, Any]]]
    templates: Sequence[Mapping[str, Any]]
    variables: Mapping[str, Mapping[str, Any]]
    schedules: Mapping[str, str]
    notification: Mapping[str, Any] = field(repr=False)
    adopted: frozenset[str] = frozenset()


def wanted(settings: AwxSettings) -> list[WantedObject]:
    """Return all objects, each after those that it needs."""
    return [*_base(settings), *_credentials(settings), *_surroundings(settings), *_templates(settings)]


def credential_name(settings: AwxSettings, key: str) -> str:
    """Return the name of the credential of a type."""
    return settings.types[key].name


def _object(
    settings: AwxSettings, what: str, name: str, about: str, needs: Sequence[tuple[str, str]] = (), /, **arguments: Any
) -> WantedObject:
    organization = {} if what in ("organization", "credential_type", "host", "inventory_source", "credential_input_source") else {
        "organization": settings.organization}  # fmt: skip
    before = (("organization", settings.organization),) if organization else ()
    return WantedObject(what, name, {**organization, **arguments}, about, (*before, *needs), name in settings.adopted)


def _base(settings: AwxSettings) -> Iterator[WantedObject]:
    yield _object(settings, "organization", settings.organization, "Machine credentials.")
    for one in settings.types.values():
        if one.key not in _MANAGED:
            yield _object(
                settings, "credential_type", one.name, f"{one.title}, for latchkey.tokens.",
                kind="cloud", inputs=dict(one.inputs), injectors=dict(one.injectors),
            )  # fmt: skip


def _credentials(settings: AwxSettings) -> Iterator[WantedObject]:
    for key, one in settings.types.items():
        needs = [] if key in _MANAGED else [("credential_type", one.name)]
        inputs = {"inputs": dict(settings.values[key])} if settings.values.get(key) else {}
        yield _object(
            settings, "credential", one.name, f"{one.title}.", needs, credential_type=_MANAGED.get(key, one.name), **inputs
        )  # fmt: skip
        for name, source in settings.lookups.get(key, {}).items():
            yield _object(
                settings, "credential_input_source", f"{one.name}: {name}", "", [("credential", one.name)],
                target_credential=one.name, input_field_name=name,
                source_credential=source["source"], metadata=dict(source.get("metadata") or {}),
            )  # fmt: skip
    if source_control(settings):
        yield _object(
            settings, "credential", _project_credential(settings), "Reads the project.",
            credential_type="Source Control", inputs=source_control(settings),
        )  # fmt: skip


def _project_credential(settings: AwxSettings) -> str:
    return f"{settings.types['git'].name}, to read"


def source_control(settings: AwxSettings) -> dict[str, Any]:
    """Return the inputs of AWX's own credential for a project, from those of the one that pushes; empty where it has no secret."""
    values = settings.values.get("git", {})
    if values.get("ssh_key"):
        return {"ssh_key_data": values["ssh_key"]}
    if values.get("token"):
        return {"username": values.get("username") or "x-access-token", "password": values["token"]}
    return {}


def _surroundings(settings: AwxSettings) -> Iterator[WantedObject]:
    environment = ("execution_environment", PREFIX)
    yield _object(settings, *environment, "Has latchkey.tokens.", image=settings.image, pull="missing")
    if settings.notification:
        yield _object(
            settings, "notification_template", PREFIX, "Of jobs that failed.",
            notification_type=settings.notification["type"],
            notification_configuration=dict(settings.notification.get("configuration") or {}),
        )  # fmt: skip
    reads = {"credential": _project_credential(settings)} if source_control(settings) else {}
    yield _object(
        settings, "project", PREFIX, "Playbooks, inventory and vars files.",
        [environment, *(("credential", name) for name in reads.values())],
        scm_type="git", scm_url=settings.project_url, scm_branch=settings.project_branch, scm_update_on_launch=True,
        default_environment=PREFIX, **reads,
    )  # fmt: skip
    inventory = ("inventory", f"{PREFIX} credentials")
    # An empty kind, since AWX has that where the module would send null and see a change in it.
    yield _object(settings, *inventory, "Each host is a credential.", kind="")
    yield _object(
        settings, "host", "localhost", "Where jobs run.", [inventory], inventory=inventory[1], enabled=True, variables=dict(_LOCALHOST)
    )  # fmt: skip
    yield _object(
        settings, "inventory_source", PREFIX, "The inventory in the project.", [inventory, ("project", PREFIX)], inventory=inventory[1],
        source="scm", source_project=PREFIX, source_path=settings.inventory_file, overwrite=True, update_on_launch=True,
    )  # fmt: skip


def _templates(settings: AwxSettings) -> Iterator[WantedObject]:
    notified = {"notification_templates_error": [PREFIX]} if settings.notification else {}
    for one in settings.templates:
        keys = [key for entry in one["credentials"] for key in (settings.platforms if entry == "platforms" else [entry])]
        names = [settings.types[key].name for key in keys if key in settings.types]
        needs = [("project", PREFIX), ("inventory", f"{PREFIX} credentials"), ("execution_environment", PREFIX)]
        needs += [("credential", name) for name in names]
        needs += [("notification_template", PREFIX)] if notified else []
        variables = dict(settings.variables.get(one["name"], {}))
        yield _object(
            settings, "job_template", one["name"], one["description"], needs,
            job_type="run", project=PREFIX, playbook=one["playbook"], inventory=f"{PREFIX} credentials",
            execution_environment=PREFIX, credentials=names, extra_vars=variables, allow_simultaneous=False,
            **_survey(one["survey"], variables), **{f"ask_{what}_on_launch": True for what in one["ask"]}, **notified,
        )  # fmt: skip
        rule = settings.schedules.get(one["name"], one["schedule"])
        if rule:
            yield _object(
                settings, "schedule", f"{PREFIX} {one['name']}", "", [("job_template", one["name"])],
                unified_job_template=one["name"], rrule=rule, enabled=True,
            )  # fmt: skip


def _survey(questions: Sequence[Mapping[str, Any]], variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return a survey without what the user has answered for good. AWX refuses one without questions."""
    asked = [dict(one) for one in questions if one["variable"] not in variables]
    spec = {"survey_spec": {"name": "", "description": "", "spec": asked}} if asked else {}
    return {"survey_enabled": bool(asked), **spec}
