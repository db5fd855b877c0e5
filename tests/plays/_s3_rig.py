# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig to test the role rotate with the S3 access keys of Qumulo Core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.plays._qumulo_rig import Rig
from tests.plays._vaulted import AFTER, BEFORE, inline
from tests.simulator.launch import Simulator

KEYS = "/v1/s3/access-keys/"
ID_VAR = "s3_access_key_id"


def s3_client(simulator: Simulator, access_key_id: str, secret_access_key: str) -> Any:
    """Return boto3's client, unmodified; it tries nothing twice."""
    return boto3.client(
        "s3",
        endpoint_url=simulator.s3_url,
        region_name="us-east-1",
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        verify=simulator.ca_file,
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )


@dataclass
class KeyRig(Rig):
    """One account of Qumulo Core with an S3 access key, whose secret and id are in a vars file."""

    name: str = "s3_secret_access_key"

    @property
    def own_names(self) -> list[str]:
        return [*super().own_names, ID_VAR]

    def works_as(self, value: str) -> tuple[str, str] | None:
        key_id = str(self.stored(ID_VAR))
        try:
            owner = s3_client(self.simulator, key_id, value).list_buckets()["Owner"]
        except ClientError:
            return None
        return owner["DisplayName"], key_id

    def ids(self, everything: bool = False) -> list[str]:
        found = self.simulator.credentials(everything)
        return [one["id"] for one in found if one["account"] == self.account and one["kind"] == "s3_access_key"]

    def is_writing(self, entry: Mapping[str, Any]) -> bool:
        return entry["auth"] != "s3_access_key" and super().is_writing(entry)

    def minted(self, since: int = 0) -> int:
        return sum(one == f"POST {KEYS}" for one in self.writing_requests(since))

    def mint(self, expires_in: float | None = None) -> tuple[str, str]:
        """Create a key for the account behind the role's back; return its id and secret."""
        status, made = self.call("POST", KEYS, {"user": {"auth_id": self.account_id}})
        assert status == 200
        return made["access_key_id"], made["secret_access_key"]

    def revoke_all(self) -> None:
        for key_id in self.ids(everything=True):
            assert self.call("DELETE", KEYS + key_id)[0] == 200

    def seed(self, expires_in: float | None = None, *, stored: bool = True, text: str | None = None) -> str:
        """Give the account one key and put that into a fresh vars file; return its id."""
        self.revoke_all()
        if not stored:
            self.write(text or BEFORE + AFTER)
            return ""
        key_id, secret = self.mint()
        value = inline(self.name, secret, self.labels[0]) + f'{ID_VAR}: "{key_id}"\n'
        self.write((text or BEFORE + "{value}" + AFTER).replace("{value}", value))
        return key_id

    def variables(self, **more: Any) -> dict[str, Any]:
        mine = {"rotate_credential": "s3_access_key", "rotate_id_var": ID_VAR, "rotate_s3_endpoint": self.simulator.s3_url}
        return super().variables(**{**mine, "rotate_max_age": "30d", "rotate_force": True, **self.more, **more})
