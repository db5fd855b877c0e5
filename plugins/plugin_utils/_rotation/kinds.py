# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of credentials that can be rotated, by name. Private.

Each looks, asks, creates and revokes through operations and platforms, on a platform that is open; nothing in them decides when. A run
imports the kind that it rotates.
"""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.kinds_base import WantedCredential
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.on_demand import OnDemand
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Clock, Credentials
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.rotator import Rotator

KINDS: dict[str, OnDemand[[Rotator, WantedCredential, Clock, Callable[[str], None]], Credentials]] = {
    "access_token": OnDemand("plugin_utils._rotation.kinds_tokens", "AccessTokens"),
    "api_token": OnDemand("plugin_utils._rotation.kinds_tokens", "ApiTokens"),
    "in_place": OnDemand("plugin_utils._rotation.kinds_account_secrets", "SecretInPlace"),
    "replace": OnDemand("plugin_utils._rotation.kinds_account_secrets", "Accounts"),
    "s3_access_key": OnDemand("plugin_utils._rotation.kinds_s3_access_keys", "S3AccessKeys"),
    "alternate": OnDemand("plugin_utils._rotation.kinds_account_secrets", "AccountsInTurn"),
}
