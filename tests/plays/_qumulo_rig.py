# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig to test the role rotate with the access tokens of Qumulo Core."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.plays._role_rig import RoleRig
from tests.plays._vaulted import AFTER, BEFORE, inline

TOKENS = "/v1/auth/access-tokens/"
WHO_AM_I = "/v1/session/who-am-i"
MINTED = f"answered POST {TOKENS}#1"  # the server has made the new token, and the run does not know it yet


@dataclass
class Rig(RoleRig):
    """One account of Qumulo Core with an access token."""

    name: str = "qumulo_token"
    _admin: dict[str, str] = field(default_factory=dict, repr=False)

    looks_secret = re.compile(r"(access|session)-v1:[A-Za-z0-9+/]{6,}")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self._admin:
            login = self.call("POST", "/v1/session/login", dict(self.simulator.admin), token=None)[1]["bearer_token"]
            made = self.call("POST", TOKENS, {"user": {"auth_id": "500"}}, token=login)[1]
            self._admin.update(token=made["bearer_token"], id=made["id"])

    def call(self, method: str, path: str, body: Any = None, *, token: str | None = "admin") -> tuple[int, Any]:
        """Send one request, as the administrator or with a token, and return status and JSON."""
        return self.send(method, path, body, token and f"Bearer {self._admin['token'] if token == 'admin' else token}")

    def who_is(self, token: str) -> dict[str, Any] | None:
        """Return what who-am-i answers to a token; None when it is refused."""
        status, value = self.call("GET", WHO_AM_I, token=token)
        assert status in (200, 401), status
        return value if status == 200 else None

    def works_as(self, value: str) -> tuple[str, str] | None:
        who = self.who_is(value)
        return None if who is None else (str(who["name"]), str(who["access_token_id"]))

    def is_writing(self, entry: Mapping[str, Any]) -> bool:
        reading = re.search(r"/v1/session/login$|/v1/(auth/)?identity/find$", entry["path"])
        return entry["method"] not in ("GET", "HEAD") and not reading

    def minted(self, since: int = 0) -> int:
        """Return how many requests for a new token there were."""
        return sum(one == f"POST {TOKENS}" for one in self.writing_requests(since))

    @property
    def account_id(self) -> str:
        """The account's auth_id."""
        return str(self.call("POST", "/v1/identity/find", {"name": self.account, "domain": "LOCAL"})[1]["auth_id"])

    def mint(self, expires_in: float | None = None) -> tuple[str, str]:
        """Make a token for the account behind the role's back; return its id and secret."""
        body: dict[str, Any] = {"user": {"auth_id": self.account_id}}
        if expires_in is not None:
            body["expiration_time"] = (datetime.now(timezone.utc) + timedelta(seconds=expires_in)).isoformat()
        status, made = self.call("POST", TOKENS, body)
        assert status == 200
        return made["id"], made["bearer_token"]

    def ids(self, everything: bool = False) -> list[str]:
        found = self.simulator.credentials(everything)
        return [one["id"] for one in found if one["account"] == self.account and one["kind"] == "access_token"]

    def revoke_all(self) -> None:
        """Take all tokens from the account."""
        for token_id in self.ids(everything=True):
            assert self.call("DELETE", TOKENS + token_id)[0] == 200

    def seed(self, expires_in: float | None = 80 * 86400, *, stored: bool = True, text: str | None = None) -> str:
        """Give the account one token and put that into a fresh vars file; return the token's id.

        Args:
            expires_in: its seconds to live; None for ever.
            stored: whether the token, or none at all, is in the file.
            text: the file, with {value} where the value goes; a usual one by default.
        """
        self.revoke_all()
        if not stored:
            self.write(text or BEFORE + AFTER)
            return ""
        token_id, secret = self.mint(expires_in)
        if text is None:
            parents = self.name.split(".")[:-1]
            text = BEFORE + "".join(" " * 2 * depth + f"{one}:\n" for depth, one in enumerate(parents)) + "{value}" + AFTER
        self.write(text.replace("{value}", inline(self.name.rpartition(".")[2], secret, self.labels[0], 2 * self.name.count("."))))
        return token_id

    def variables(self, **more: Any) -> dict[str, Any]:
        """Return the role's variables."""
        return {
            "rotate_platform": "qumulo",
            "rotate_endpoint": self.simulator.url,
            "rotate_credential": "access_token",
            "rotate_account": f"local:{self.account}",
            "rotate_vars_file": self.file,
            "rotate_var": self.name,
            "rotate_auth": {"token": self._admin["token"], "ca_path": self.simulator.ca_file},
            **self.more,
            **more,
        }
