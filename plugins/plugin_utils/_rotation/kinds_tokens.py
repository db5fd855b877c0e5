# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access tokens and API tokens, as the engine sees them: each is a bearer by itself. Private."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import RefusedError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Credential
from ansible_collections.latchkey.tokens.plugins.module_utils._common.steps import apply_steps
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import format_instant, parse_instant
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import Auth, checked_token
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.kinds_base import PlatformCredentials, WantedCredential
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Clock, Created, Listing, Owner
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.rotator import Rotator


class _Tokens(PlatformCredentials):
    """Tokens: each is a bearer by itself."""

    def _auth(self, value: str, client_id: str | None) -> Auth:
        return Auth(token=checked_token(value, self.wanted.var))

    def _whose(self, value: str, client_id: str | None) -> Owner:
        token = checked_token(value, self.wanted.var)
        return self._checked(self.platform, None, None, bearer=token)  # over the connection that there is

    def prove(self, value: str, client_id: str | None, account_id: str | None, token_id: str | None) -> Owner:
        """See ports.Credentials."""
        if self.wanted.checks:
            return super().prove(value, client_id, account_id, token_id)
        token = checked_token(value, self.wanted.var)
        return self._proved(self._checked(self.platform, account_id, token_id, bearer=token), account_id)

    def _find(self, ids: Sequence[str]) -> list[Credential]:
        """Return those that are there, and those that may be since the platform told a part only."""
        account = self._look_up()
        self.platform.incomplete = False
        found = self.platform.find_tokens([str(one) for one in dict.fromkeys(ids)], account)
        told = {one.id for one in found}
        return [*found, *(Credential(str(one), account) for one in dict.fromkeys(ids) if self.platform.incomplete and str(one) not in told)]

    def find(self, ids: Sequence[str]) -> list[str]:
        """See ports.Credentials."""
        return [one.id for one in self._find(ids)]

    def revoke(self, ids: Sequence[str]) -> None:
        """See ports.Credentials."""
        found = self._find(ids)
        if found:
            apply_steps(self.platform.revoke_steps(found))

    def disable(self, token_id: str) -> None:
        """See ports.Credentials."""
        if self.find([token_id]):
            self.platform.update_token(token_id, enabled=False)


class AccessTokens(_Tokens):
    """Access tokens of an account, of which it may have a few."""

    noun = "access token"

    def look(self, known: Collection[str] = ()) -> Listing:
        """See ports.Credentials."""
        account, now = self._look_up(), self.platform.now()
        self.platform.incomplete = False
        tokens = [one.as_result(now) for one in self.platform.tokens(account)]
        return Listing(account.id, tokens, self.platform.token_limit, not self.platform.incomplete)

    def try_create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> None:
        """See ports.Credentials."""

    def create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> Created:
        """See ports.Credentials."""
        expires_at = parse_instant(pending["expires_at"], "expires_at") if pending.get("expires_at") else None
        minted = self.platform.mint_token(self._look_up(), expires_at)
        made = minted.credential
        created_at = made.created_at or self.platform.now()
        expiry = format_instant(made.expires_at) if made.expires_at else None
        return Created(made.id, minted.secret, format_instant(created_at), expiry)


class ApiTokens(_Tokens):
    """API tokens of the calling user, told apart by their tag."""

    noun = "API token"

    def __init__(self, rotator: Rotator, wanted: WantedCredential, clock: Clock, warn: Callable[[str], None]) -> None:
        super().__init__(rotator, wanted, clock, warn)
        self._own_ids: set[str] = set()  # ids of tokens whose secret the store holds, or that this run created: ours whatever their tag

    def _whose(self, value: str, client_id: str | None) -> Owner:
        owner = super()._whose(value, client_id)
        self._own_ids |= {owner.token_id} if owner.token_id else set()
        return owner

    def revoke(self, ids: Sequence[str]) -> None:
        """See ports.Credentials. A token with another tag is left alone: a state may have been edited by hand."""
        found = self._find(ids)
        ours = [one for one in found if one.id in self._own_ids or one.tag in (None, self.wanted.tag, self.wanted.old_tag)]
        if ours:
            apply_steps(self.platform.revoke_steps(ours))
        if len(ours) < len(found):
            others = " and ".join(f"{one.id} (tag {one.tag})" for one in found if one not in ours)
            raise RefusedError(
                f"{self.platform.title}: {others} has not the tag {self.wanted.tag} of this rotation, so it was left alone.",
                "Revoke it with latchkey.tokens.api_token and token_ids, if it is of no use any more.",
            )

    def look(self, known: Collection[str] = ()) -> Listing:
        """See ports.Credentials."""
        account, now = self._look_up(), self.platform.now()
        self.platform.incomplete = False
        tokens = [one for one in self.platform.api_tokens(account) if one.tag == self.wanted.tag or one.id in self._own_ids]
        return Listing(account.id, [one.as_result(now) for one in tokens], None, not self.platform.incomplete)

    def try_create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> None:
        """See ports.Credentials."""
        self.platform.check_api_token(self.wanted.tag, timedelta(seconds=pending["lifetime"]))

    def create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> Created:
        """See ports.Credentials."""
        lifetime = timedelta(seconds=pending["lifetime"])
        self.platform.check_api_token(self.wanted.tag, lifetime)
        caller = self.platform.caller().account
        if not self.platform.is_account(self.wanted.account, caller):
            raise RefusedError(
                f"{self.platform.title}: every user creates API tokens for that user only, and this rotation is {caller}, not "
                f"{self.wanted.account}.",
                "Log in as that user, or set rotate_account.",
            )
        minted = self.platform.mint_api_token(self.wanted.tag, lifetime)
        made = minted.credential
        self._own_ids.add(made.id)
        created_at = made.created_at or self.platform.now()
        expires_at = made.expires_at or created_at + lifetime
        return Created(made.id, minted.secret, format_instant(created_at), format_instant(expires_at))
