# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of credentials that can be rotated, by name. Private.

Each looks, asks, creates and revokes through operations and platforms, on a platform that is open; nothing in them decides when.
"""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.kinds_account_secrets import Accounts, AccountsInTurn, SecretInPlace
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.kinds_base import Wanted
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.kinds_s3_access_keys import S3AccessKeys
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.kinds_tokens import AccessTokens, ApiTokens
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Clock, Credentials
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.rotator import Rotator

KINDS: dict[str, Callable[[Rotator, Wanted, Clock, Callable[[str], None]], Credentials]] = {
    "access_token": AccessTokens,
    "api_token": ApiTokens,
    "in_place": SecretInPlace,
    "replace": Accounts,
    "s3_access_key": S3AccessKeys,
    "alternate": AccountsInTurn,
}
