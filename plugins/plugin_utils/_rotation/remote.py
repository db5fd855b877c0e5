# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A branch of a git remote as the place where a rotation publishes its store. Private to this collection."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.latchkey.tokens.plugins.plugin_utils._git.command import GitAccess
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git.publish import Order, publish
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Publication
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import Vault


class GitRemote:
    """A branch of a git remote; see ports.Remote.

    Args:
        order: what to publish and where, without a state.
        state_var: the variable that holds the rotation's state.
        access: how to prove who we are.
        vault: the secrets of the run.
    """

    def __init__(self, order: Order, state_var: str, access: GitAccess, vault: Vault) -> None:
        self._order = order
        self._state_var = state_var
        self._access = access
        self._vault = vault

    def publish(
        self, state: Mapping[str, Any] | None, expect: Mapping[str, str] | None, *, message: str = "", try_only: bool = False
    ) -> Publication:
        """See ports.Remote."""
        subject = f"{self._order.message}: {message}" if message else self._order.message
        plain = {self._state_var: dict(state)} if state else {}
        order = replace(self._order, plain=plain, expect=dict(expect) if expect is not None else None, message=subject)
        done = publish(order, self._access, os.environ, self._vault, check_mode=try_only)
        return Publication(done.changed, done.commit, done.fingerprints, done.warnings)
