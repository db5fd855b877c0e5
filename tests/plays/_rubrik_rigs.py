# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigs to test the role rotate on Rubrik: secrets of service accounts on CDM and RSC, and API tokens of CDM.

What is at the appliance is read from the simulator's state file, so that looking changes nothing there.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.plays._ansible import Ansible
from tests.plays._options import administrator, where
from tests.plays._role_rig import RoleRig
from tests.plays._vaulted import AFTER, BEFORE, inline, vault_lib
from tests.simulator.launch import Simulator
from tests.simulator.tests._rsc_tenant import ASSIGN, CREATE, DELETE, READ_ONLY, ROTATE

_READING_FIELD = re.compile(r"serviceAccounts|current|deployment|getAllRoles|getRoles|userSession")
FAILING: list[dict[str, Any]] = [{"path": "/api/nowhere", "status": [200]}]  # a check that never passes


class _Appliance:
    """What people do at a Rubrik simulator behind the role's back."""

    def __init__(self, rig: RubrikRig) -> None:
        self.rig, self._bearer = rig, ""

    @property
    def simulator(self) -> Simulator:
        return self.rig.simulator

    @property
    def data(self) -> dict[str, Any]:
        """All that the simulator holds, secrets too."""
        found: dict[str, Any] = json.loads((self.simulator.directory / "state.json").read_text())["data"]
        return found

    def accounts(self) -> dict[str, dict[str, Any]]:
        """Return the service accounts by client id, each with its name, roles and secrets."""
        raise NotImplementedError

    def create(self, name: str) -> tuple[str, str]:
        """Make a service account; return its client id and secret."""
        raise NotImplementedError

    def rotate(self, client_id: str) -> str:
        """Give it a new secret."""
        raise NotImplementedError

    def delete(self, client_id: str) -> None:
        raise NotImplementedError

    def open_session(self, client_id: str, secret: str) -> str | None:
        """Log in as a service account and return the bearer token; None when it is refused."""
        raise NotImplementedError

    def end_session(self, bearer: str) -> None:
        raise NotImplementedError

    def works(self, client_id: str, secret: str) -> bool:
        """Tell whether a secret opens the account."""
        bearer = self.open_session(client_id, secret)
        if bearer:
            self.end_session(bearer)
        return bearer is not None


class RscAppliance(_Appliance):
    """An account of Rubrik Security Cloud."""

    def accounts(self) -> dict[str, dict[str, Any]]:
        return {str(key): {k: one[k] for k in ("name", "roles", "secrets", "description")} for key, one in self.data["accounts"].items()}

    def _ask(self, document: str, variables: dict[str, Any] | None = None, **given: Any) -> Any:
        if not self._bearer:
            admin = self.simulator.admin
            self._bearer = self.open_session(admin["client_id"], admin["client_secret"]) or ""
        body = {"query": document, "variables": variables or {"input": given}}
        status, answer = self.rig.send("POST", "/api/graphql", body, f"Bearer {self._bearer}")
        assert status == 200, answer
        assert "errors" not in answer, answer
        return next(iter(answer["data"].values()))

    def take_roles(self, client_id: str) -> None:
        """Take all roles from an account, so that it may not log in any more."""
        self._ask(ASSIGN, {"users": [client_id], "roles": []})

    def create(self, name: str) -> tuple[str, str]:
        made = self._ask(CREATE, name=name, roleIds=[self.rig.role_id or READ_ONLY], description="a robot")
        return made["clientId"], made["clientSecret"]

    def rotate(self, client_id: str) -> str:
        return str(self._ask(ROTATE, id=client_id)["clientSecret"])

    def delete(self, client_id: str) -> None:
        self._ask(DELETE, ids=[client_id])

    def open_session(self, client_id: str, secret: str) -> str | None:
        status, answer = self.rig.send("POST", "/api/client_token", {"client_id": client_id, "client_secret": secret})
        return str(answer["access_token"]) if status == 200 else None

    def end_session(self, bearer: str) -> None:
        self.rig.send("DELETE", "/api/session", None, f"Bearer {bearer}")


class CdmAppliance(_Appliance):
    """A Rubrik CDM cluster."""

    def accounts(self) -> dict[str, dict[str, Any]]:
        roles = self.data["roles"].values()
        return {
            one["rsc_id"] or f"User:::{key}": {
                "name": one["name"],
                "roles": [role["id"] for role in roles if key in role["principals"]],
                "secrets": one["secrets"],
            }
            for key, one in self.data["accounts"].items()
        }

    def as_admin(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request with a session that the administrator logged in for."""
        if not self._bearer:
            self._bearer = self.log_in()["token"]
            self.simulator.advance(2)  # a session that is used later than at once is not taken for that of an interrupted log-in
        status, answer = self.rig.send(method, path, body, f"Bearer {self._bearer}")
        assert status < 300, (status, path)
        return answer

    def log_in(self, **init: Any) -> dict[str, Any]:
        """Open a session, or make an API token, with user name and password."""
        admin = self.simulator.admin
        basic = base64.b64encode(f"{admin['username']}:{admin['password']}".encode()).decode()
        status, answer = self.rig.send("POST", "/api/internal/session", {"initParams": init}, f"Basic {basic}")
        assert status == 200
        session: dict[str, Any] = answer["session"]
        return session

    def create(self, name: str) -> tuple[str, str]:
        role = next(one["id"] for one in self.data["roles"].values() if one["template"] == "ReadOnlyAdmin")
        made = self.as_admin("POST", "/api/v1/service_account", {"name": name, "roleIds": [role]})
        return made["id"], made["secret"]

    def rotate(self, client_id: str) -> str:
        return str(self.as_admin("POST", f"/api/v1/service_account/{client_id}/rotate")["secret"])

    def delete(self, client_id: str) -> None:
        self.as_admin("DELETE", f"/api/v1/service_account/{client_id}")

    def open_session(self, client_id: str, secret: str) -> str | None:
        status, answer = self.rig.send("POST", "/api/v1/service_account/session", {"serviceAccountId": client_id, "secret": secret})
        return str(answer["token"]) if status == 200 else None

    def end_session(self, bearer: str) -> None:
        self.rig.send("DELETE", "/api/v1/session/me", None, f"Bearer {bearer}")


@dataclass
class RubrikRig(RoleRig):
    """What the rigs of Rubrik have in common.

    Attributes:
        role_id: of accounts that the rig makes on RSC; empty for the read-only one.
        allow_ended, allow_left: whether a run may end sessions that were there before it, and leave its own behind.
    """

    role_id: str = ""
    allow_ended: bool = False
    allow_left: bool = False

    looks_secret = re.compile(r"eyJ[\w-]{6,}\.[\w-]{6,}")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.appliance: Any = (RscAppliance if self.simulator.platform == "rubrik_rsc" else CdmAppliance)(self)

    def is_writing(self, entry: Mapping[str, Any]) -> bool:
        if entry.get("operation"):
            return not all(_READING_FIELD.match(one) for one in entry["operation"])
        body = entry.get("body")
        opens = entry["method"] == "POST" and re.search(r"/(client_token|session)$", entry["path"])
        if opens and isinstance(body, dict) and "apiToken" in (body.get("initParams") or {}):
            return True
        ends = entry["method"] == "DELETE" and re.search(r"/session(/[^/]*)?$", entry["path"])
        return entry["method"] not in ("GET", "HEAD") and not opens and not ends

    def secrets(self) -> list[str]:
        values = [secret["value"] for one in self.appliance.accounts().values() for secret in one["secrets"]]
        admin = self.simulator.admin
        return [*super().secrets(), *values, *(admin[key] for key in ("client_secret", "totp_secret") if key in admin)]

    def sessions(self) -> set[str]:
        """Return the ids of all live sessions, of whomever; API tokens are none."""
        return {one["id"] for one in self.simulator.credentials() if one["kind"] in ("session", "service_account")}

    @abstractmethod
    def credential(self) -> dict[str, Any]:
        """Return those of the role's variables that say what is rotated."""

    def variables(self, **more: Any) -> dict[str, Any]:
        at = where(self.simulator)
        return {
            "rotate_platform": at["platform"],
            "rotate_endpoint": at["endpoint"],
            "rotate_account": self.account,
            "rotate_vars_file": self.file,
            "rotate_var": self.name,
            "rotate_auth": {**administrator(self.simulator), "ca_path": at["ca_path"]},
            **self.credential(),
            **self.more,
            **more,
        }

    @contextlib.contextmanager
    def around_run(self) -> Iterator[None]:
        """No session of the role is left at the appliance, and none of anybody else is ended."""
        before = self.sessions()
        yield
        after = self.sessions()
        assert self.allow_left or after <= before, "a session is left"
        assert self.allow_ended or before <= after, "a session of somebody else was ended"


@dataclass
class SecretRig(RubrikRig):
    """A service account on CDM or RSC whose secret, and client id, are in the vars file."""

    name: str = "robot_secret"
    id_name: str = "robot_id"
    strategy: str = "in_place"

    def credential(self) -> dict[str, Any]:
        return {
            "rotate_credential": "service_account_secret",
            "rotate_strategy": self.strategy,
            "rotate_client_id_var": self.id_name,
            "rotate_sync_timeout": "2s",
            "rotate_roles": ["Read-only Administrator" if self.simulator.platform == "rubrik_rsc" else "ReadOnlyAdminRole"],
        }

    @property
    def own_names(self) -> list[str]:
        return [self.name, self.id_name]

    def family(self) -> dict[str, dict[str, Any]]:
        """Return the account and those that replaced it, by client id."""
        pattern = re.compile(re.escape(self.account) + r"(-\d{8}T\d{6}Z)?")
        return {key: one for key, one in self.appliance.accounts().items() if pattern.fullmatch(one["name"])}

    def ids(self, everything: bool = False) -> list[str]:
        return list(self.family())

    def held(self) -> Any:
        return self.family()

    def foreign(self) -> Any:
        return {key: one for key, one in self.appliance.accounts().items() if key not in self.family()}

    def works_as(self, value: str) -> tuple[str, str] | None:
        client_id = str(self.stored(self.id_name))
        return (self.account, client_id) if self.appliance.works(client_id, value) else None

    def assert_current(self, live: Sequence[str] | None = None) -> str:
        client_id = super().assert_current(live)
        assert self.strategy == "replace" or self.family()[client_id]["name"] == self.account
        # There is no state where the very bytes of a file that never had one came back.
        assert self.state.get("current", {"id": client_id})["id"] == client_id
        return client_id

    def seed(self, *, stored: bool = True) -> str:
        """Leave one account of the family, or none, and put its secret into a fresh vars file; return its client id.

        Args:
            stored: whether its secret is in the file; without one, only a rotation in place has an account at all.
        """
        for path in self.ansible.folder.glob(f"{self.file}.*"):
            path.unlink()
        for client_id in self.family():
            self.appliance.delete(client_id)
        if not stored:
            self.write(BEFORE + AFTER)
            return "" if self.strategy == "replace" else str(self.appliance.create(self.account)[0])
        client_id, secret = self.appliance.create(self.account)
        self.store(client_id, secret)
        return str(client_id)

    def store(self, client_id: str, secret: str) -> None:
        """Write the vars file anew with this in it."""
        self.write(BEFORE + f"{self.id_name}: '{client_id}'\n" + inline(self.name, secret, self.labels[0]) + AFTER)

    @property
    def rescue(self) -> Path:
        """The rescue file."""
        return self.path.with_name(f"{self.path.name}.{self.name}.rescue.yml")

    def rescued(self) -> str | None:
        """Return the secret in the rescue file, decrypted; None when there is no such file, or only its room is reserved."""
        if not self.rescue.exists():
            return None
        assert self.rescue.stat().st_mode & 0o777 == 0o600
        text = self.rescue.read_text()
        if not text.startswith("$ANSIBLE_VAULT"):
            envelope = re.search(r"rotate_rescued_secret: !vault \|\n((?: +\S+\n?)+)", text)
            if envelope is None:
                assert "rotate_reserved_room" in text, text
                return None
            text = "".join(f"{line.strip()}\n" for line in envelope[1].splitlines())
            return vault_lib().decrypt(text).decode()
        return str(vault_lib().decrypt(text).decode().partition("rotate_rescued_secret:")[2].strip().strip("'\""))


@dataclass
class AlternateRig(SecretRig):
    """Two service accounts on CDM or RSC that take turns; the secret of one is in the vars file."""

    strategy: str = "alternate"

    @property
    def names(self) -> list[str]:
        return [self.account, f"{self.account}-b"]

    def variables(self, **more: Any) -> dict[str, Any]:
        given = super().variables(rotate_accounts=self.names)
        del given["rotate_account"]
        return {**given, **more}

    def family(self) -> dict[str, dict[str, Any]]:
        return {key: one for key, one in self.appliance.accounts().items() if one["name"] in self.names}

    def assert_current(self, live: Sequence[str] | None = None) -> str:
        return RubrikRig.assert_current(self, self.ids())

    def seed(self, *, stored: bool = True) -> str:
        """Leave the two accounts, and put the secret of the first into a fresh vars file; return the first one's client id."""
        client_id = super().seed()
        self.appliance.create(self.names[1])
        if not stored:
            self.write(BEFORE + AFTER)
        return client_id

    def other(self, client_id: str) -> str:
        """Return the client id of the other account."""
        return next(one for one in self.ids() if one != client_id)


@dataclass
class CdmApiTokenRig(RubrikRig):
    """An API token of the cluster's administrator."""

    name: str = "cdm_api_token"
    account: str = "admin"
    tag: str = "cdm_api_token"

    def credential(self) -> dict[str, Any]:
        return {"rotate_credential": "api_token"}

    def _tokens(self) -> list[dict[str, Any]]:
        return [one for one in self.simulator.credentials(everything=True) if one["kind"] == "api_token"]

    def ids(self, everything: bool = False) -> list[str]:
        return [one["id"] for one in self._tokens() if one["tag"] == self.tag and (everything or one["state"] == "live")]

    def foreign(self) -> Any:
        return [one for one in self._tokens() if one["tag"] != self.tag]

    def works_as(self, value: str) -> tuple[str, str] | None:
        status, _unused = self.send("GET", "/api/internal/user/me", None, f"Bearer {value}")
        if status != 200:
            return None
        claims = value.split(".")[1]
        return self.account, str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["jti"])

    def mint(self, days: float = 80, tag: str | None = None) -> tuple[str, str]:
        """Make a token behind the role's back; return its id and secret."""
        made = self.appliance.log_in(apiToken={"expiration": int(days * 1440), "tag": self.tag if tag is None else tag})
        return made["id"], made["token"]

    def revoke_all(self) -> None:
        """Take all tokens of this tag from the user."""
        for token_id in self.ids(everything=True):
            self.appliance.as_admin("DELETE", f"/api/v1/session/{token_id}")

    def seed(self, days: float = 80, *, stored: bool = True) -> str:
        """Leave one token of this tag, or none, and put it into a fresh vars file; return its id."""
        self.revoke_all()
        if not stored:
            self.write(BEFORE + AFTER)
            return ""
        token_id, secret = self.mint(days)
        self.write(BEFORE + inline(self.name, secret, self.labels[0]) + AFTER)
        return token_id


def rig_of(kind: str, ansible: Ansible, simulators: Mapping[str, Simulator]) -> CdmApiTokenRig | SecretRig:
    """Return the rig of a kind: api_token-cdm, or a strategy and a platform."""
    strategy, _unused, platform = kind.partition("-")
    if strategy == "api_token":
        return CdmApiTokenRig(ansible, simulators[platform])
    if strategy == "alternate":
        return AlternateRig(ansible, simulators[platform])
    return SecretRig(ansible, simulators[platform], strategy=strategy)


def each_secret(*kinds: str, chaos: tuple[str, ...] = ()) -> Any:
    """Run a test with the rigs of these kinds as ``rig``, and with those of ``chaos`` only with -m chaos."""
    marked = [pytest.param(one, marks=pytest.mark.chaos) for one in chaos]
    return pytest.mark.parametrize("rig", [*kinds, *marked], indirect=True)


def secret_rig_of(kind: str, ansible: Ansible, simulators: Mapping[str, Simulator]) -> SecretRig:
    """Return the rig of a kind that is a secret: a strategy and a platform."""
    rig = rig_of(kind, ansible, simulators)
    assert isinstance(rig, SecretRig)
    return rig
