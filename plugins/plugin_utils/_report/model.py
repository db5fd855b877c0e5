# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report is made of, as plain values: policy, endpoints, stored credentials, findings. Private to this collection. Pure.

A credential is the dictionary that credential_info returns for it; every key is there, and null where the platform does not tell.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.inventory import (
    ACCESS_TOKEN,
    API_TOKEN,
    CLIENT_SECRET,
    S3_KEY,
    SESSION,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._common.one_line import one_line
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import parse_duration, parse_instant

NOUNS = {
    ACCESS_TOKEN: "access token",
    API_TOKEN: "API token",
    SESSION: "session",
    CLIENT_SECRET: "service account secret",
    S3_KEY: "S3 access key",
}
CRITICAL, WARNING, INFO = "critical", "warning", "info"
SEVERITIES = (CRITICAL, WARNING, INFO)  # the worst first
_LONGEST_PACKED = 1 << 28  # bytes


@dataclass(frozen=True)
class ReportPolicy:
    """What counts as a finding.

    Attributes:
        max_age: a credential that is older is too old.
        warn: one that expires within this time is about to expire.
        unused: one that was not used for so long is unused.
    """

    max_age: timedelta
    warn: timedelta
    unused: timedelta

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> ReportPolicy:
        """Read the options max_age, warn and unused. Raises OptionError where one is no duration."""
        return cls(*(parse_duration(options[name], f"report_{name}") for name in ("max_age", "warn", "unused")))


@dataclass(frozen=True)
class Look:
    """What one caller saw at one endpoint, or why it saw nothing.

    Attributes:
        host: the inventory host that stands for the endpoint.
        platform, title: its platform, as in the options, and for people.
        endpoint: its URL; as the user wrote it where that is no URL.
        version: of the platform; empty where it does not tell.
        as_of: the time by its clock, ISO 8601 in UTC; empty where it was not asked.
        credentials, accounts, not_told, not_permitted, not_listed: as credential_info returns them.
        failure: why it could not be asked, and what to do; empty where it was.
        local_advice: why its local credentials have to go, and what to do; empty where they may stay.
        is_part: whether a list was a part only.
        caller_id: of the credential that the caller came with; empty where it is not told, or the caller logged in with a password.
    """

    host: str
    platform: str = ""
    title: str = ""
    endpoint: str = ""
    version: str = ""
    as_of: str = ""
    credentials: Sequence[Mapping[str, Any]] = ()
    accounts: Sequence[Mapping[str, Any]] = ()
    not_told: Mapping[str, Sequence[str]] = field(default_factory=dict)
    not_permitted: Sequence[Mapping[str, Any]] = ()
    not_listed: Mapping[str, str] = field(default_factory=dict)
    failure: str = ""
    local_advice: str = ""
    is_part: bool = False
    caller_id: str = ""

    def lists(self, kind: str) -> bool:
        """Tell whether all credentials of a kind are in this look, so that one which is not is gone."""
        refused = {str(one.get("kind")) for one in self.not_permitted}
        return not self.failure and not self.is_part and kind not in refused and kind not in self.not_listed


@dataclass(frozen=True)
class Stored:
    """What a store knows of one credential; never its value.

    Attributes:
        host: the inventory host that names the store.
        platform, endpoint: where the credential works; as in Look.
        where, var: the store, and the variable in it.
        kind: of the credential.
        account: whose it is, as the user wrote it; empty where the user did not.
        id: of the credential; empty where neither the state of a rotation nor the platform tells it.
        created_at: when the rotation created it, or saw it first; empty where no rotation did.
        previous_id: of an old credential that a rotation keeps, or should have retired.
        is_overdue: whether it should have been retired by now.
        pending_id: of a new credential that a rotation was about to store.
        interrupted_at: when a rotation began that never ended; empty where none did.
        is_dead: whether the platform refused the value.
        problem: why the store could not be read, and what to do; empty where it was.
        others: accounts that take turns with the stored one, whose secrets are to be in no store.
    """

    host: str
    platform: str
    endpoint: str
    where: str
    var: str
    kind: str
    account: str = ""
    id: str = ""
    created_at: str = ""
    previous_id: str = ""
    is_overdue: bool = False
    pending_id: str = ""
    interrupted_at: str = ""
    is_dead: bool = False
    problem: str = ""
    others: Sequence[str] = ()

    @property
    def ids(self) -> frozenset[str]:
        """All credentials that the store knows."""
        return frozenset((self.id, self.previous_id, self.pending_id)) - {""}

    @property
    def place(self) -> str:
        """Where the value is, for people."""
        return f"{self.var} in {self.where}"


@dataclass(frozen=True)
class Finding:
    """One thing that an administrator should know.

    Attributes:
        code: a key of codes.CODES.
        severity: one of SEVERITIES.
        host, platform, endpoint: where.
        kind, account, id: the credential; empty where it is of none, or of a whole account.
        what: what was found, a sentence.
        advice: what to do, a sentence.
    """

    code: str
    severity: str
    host: str
    platform: str
    endpoint: str
    kind: str
    account: str
    id: str
    what: str
    advice: str

    @property
    def message(self) -> str:
        """All of it in words."""
        return f"{self.what} {self.advice}".strip()


def credential_name(credential: Mapping[str, Any]) -> str:
    """Return a credential for people: what it is, its id, what its creator called it, whose it is."""
    noun = NOUNS.get(str(credential["kind"]), str(credential["kind"]))
    name = f" ({text(credential['name'])})" if credential.get("name") else ""
    owner = (
        "" if credential["kind"] == CLIENT_SECRET and credential["account"] == credential["id"] else f" of {text(credential['account'])}"
    )
    return f"{noun[:1].upper()}{noun[1:]} {text(credential['id'])}{name}{owner}"


def text(value: Any) -> str:
    """Return a platform's word as one line, without what could mislead a reader; empty for None."""
    return "" if value is None else one_line(str(value))


def instant_of(value: Any) -> datetime | None:
    """Return a time as a datetime; None where there is none that can be read."""
    if not value:
        return None
    try:
        return parse_instant(str(value), "time")
    except OptionError:
        return None


def pack(look: Look | None, stores: Sequence[Stored]) -> str:
    """Return what one host contributes as letters and digits: short, and nothing that Ansible could take for a template."""
    data = {"look": asdict(look) if look else None, "stores": [asdict(one) for one in stores]}
    return base64.b64encode(zlib.compress(json.dumps(data, separators=(",", ":")).encode())).decode("ascii")


def unpack(packed: str) -> tuple[Look | None, list[Stored]]:
    """Return what pack was called with. Raises OptionError for any other text."""
    try:
        inflate = zlib.decompressobj()
        data = json.loads(inflate.decompress(base64.b64decode(packed, validate=True), _LONGEST_PACKED))
        if not inflate.eof:
            raise ValueError
        return (Look(**data["look"]) if data["look"] else None), [Stored(**one) for one in data["stores"]]
    except (ValueError, TypeError, KeyError, zlib.error):
        failure = OptionError("seen: it is not what an earlier task of this module returned.", "Hand over its result as it is.")
    raise failure
