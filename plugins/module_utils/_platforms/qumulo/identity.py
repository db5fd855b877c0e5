# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Qumulo Core's identities: as its qq command reads them, and as its API tells them. Private to this collection. Pure functions."""

from __future__ import annotations

import re
from typing import Any

from ..._common.errors import OptionError
from ..._common.model import Account
from ..._http.client import Answer
from ..fields import id_field

_SID = re.compile(r"s-\d+(-\d+)+", re.IGNORECASE)
_DOMAINS = {"local": "LOCAL", "ad": "ACTIVE_DIRECTORY", "ldap_user": "POSIX_USER", "ldap_group": "POSIX_GROUP", "world": "WORLD"}
_NUMBERS = ("uid", "gid")


def parse_identity(text: str, option: str) -> dict[str, Any]:
    """Return the api_identity fragment that an identity string stands for.

    The grammar is that of the vendor's client (qumulo_api 5.2 to 7.10, identity_util): ``jane``, ``local:jane``, ``ad:jane``,
    ``AD\\jane``, ``jane@domain``, ``auth_id:1234``, ``uid:1001``, ``gid:100``, ``SID:S-1-5-...``, ``S-1-5-...``, ``name:anything``.
    A bare number is a name, not an id.

    Args:
        text: what the user wrote.
        option: the option's name, for the error.

    Raises:
        OptionError: it is empty, or has a prefix that is none of these.
    """
    written = str(text).strip()
    if not written:
        raise OptionError(f"{option}: it is empty.", "Name an account, for example local:svc-backup or auth_id:1002.")
    if _SID.fullmatch(written):
        return {"sid": f"S{written[1:]}"}
    prefix, colon, rest = written.partition(":")
    kind, value = prefix.strip().lower(), rest.strip()
    if not colon or "=" in prefix:  # a distinguished name such as CN=a:b,DC=x is a name as a whole
        return {"name": written}
    try:
        if kind == "name" and value:
            return {"name": value}
        if kind == "world" and value.lower() != "everyone":
            raise ValueError
        if kind in _DOMAINS and value:
            return {"domain": _DOMAINS[kind], "name": "Everyone" if kind == "world" else value}
        if kind == "auth_id":
            return {"auth_id": str(int(value, 0))}
        if kind in _NUMBERS:
            return {kind: int(value, 0)}
        if kind == "sid" and _SID.fullmatch(value):
            return {"sid": f"S{value[1:]}"}
    except ValueError:
        pass
    raise OptionError(
        f"{option}: '{written}' is not an identity of Qumulo Core.",
        "Write it as jane, local:jane, ad:jane, AD\\jane, ldap_user:jane, auth_id:1002, uid:1001, gid:100, or as a SID; "
        "name: in front takes the rest as it is.",
    )


def names_account(wanted: dict[str, Any], account: Account) -> bool:
    """Tell whether an identity names this account, as far as that can be told without asking."""
    if "auth_id" in wanted:
        return bool(wanted["auth_id"] == account.id)
    return wanted.get("name") == account.name and wanted.get("domain", "LOCAL") == "LOCAL"


def account_of(answer: Answer, value: Any) -> Account:
    """Return the account that an api_identity in an answer stands for."""
    if not isinstance(value, dict):
        raise answer.strange("an identity is not a JSON object")
    return Account(id_field(answer, value, "auth_id"), str(value.get("name") or ""), str(value.get("domain") or ""))
