# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one rotation has to do, and all that it has to know beside what it finds. Private. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

# The kinds of credentials.
ACCESS_TOKEN, API_TOKEN, IN_PLACE, REPLACE, ALTERNATE = "access_token", "api_token", "in_place", "replace", "alternate"
SECRETS = (IN_PLACE, REPLACE, ALTERNATE)
S3_ACCESS_KEY = "s3_access_key"
# What gets the credential itself, and gives it back when a rotation is undone.
SINKS = CREDENTIALS_FILE, AWX_CREDENTIAL = "credentials_file", "awx_credential"


@dataclass(frozen=True)
class RotationPolicy:
    """When to rotate, how long a credential lives, and what becomes of the old one.

    Attributes:
        force: rotate now, due or not.
        when_remaining: due when the credential expires within this time.
        max_age: due when it is older; None for any age.
        expires_in: how long a new one lives; None for ever.
        orphans: ``fail``, ``revoke`` or ``ignore``.
        retire: ``delete`` or ``disable`` the old one.
        retire_after: how long the old one is kept; None for not at all (delete), or until the next rotation (disable).
        exact_expiry: whether the platform lets a credential expire at the very instant that was asked for, and not at a whole minute.
        successor_of: the account's name, where a new credential is an account of its own; else empty.
        shared: whether the store is published, so that a run on another machine may be at work on a copy of it.
        alternates: whether two accounts take turns: the old credential stays as it is until its account's next turn.
        called: what a credential is that is no account, for people.
    """

    force: bool = False
    when_remaining: timedelta = timedelta(0)
    max_age: timedelta | None = None
    expires_in: timedelta | None = None
    orphans: str = "fail"
    retire: str = "delete"
    retire_after: timedelta | None = None
    exact_expiry: bool = True
    successor_of: str = ""
    shared: bool = False
    alternates: bool = False
    called: str = "token"

    @property
    def noun(self) -> str:
        """What a credential is, for people."""
        return "account" if self.successor_of else self.called

    @property
    def owner(self) -> str:
        """What has these credentials, for people."""
        return "the rotation" if self.successor_of else "the account"

    @property
    def retires_at_once(self) -> bool:
        """Whether the old credential is deleted, or disabled, with the rotation itself."""
        return not self.alternates and (self.retire == "disable" or self.retire_after is None)


@dataclass(frozen=True)
class RotationSettings:
    """All that a rotation has to know beside what it finds.

    Attributes:
        kind: of the credential, see above.
        account, endpoint: as the user wrote them, for people.
        accounts: the two accounts that take turns; else empty.
        var, client_id_var: names of the variables, for people; the latter may be empty.
        policy: what the user wants.
        patience: how long a new secret may still be refused.
        roles: of a first account that will be replaced; empty takes those of the predecessor.
        has_hooks: whether tasks of the user come between the proof and the end.
        sinks, later_sinks: what gets the new credential, in order, before and after the tasks of the user; all before where there are none.
        publishes: whether the store is pushed.
        always_proves: whether the stored credential is proved with the user's checks also when nothing is due.
        accounts_elsewhere: where an account may be that the platform does not have, as a sentence.
    """

    kind: str = ACCESS_TOKEN
    account: str = ""
    accounts: tuple[str, ...] = ()
    endpoint: str = ""
    var: str = ""
    client_id_var: str = ""
    policy: RotationPolicy = field(default_factory=RotationPolicy)
    patience: timedelta = timedelta(0)
    roles: tuple[str, ...] = ()
    has_hooks: bool = False
    sinks: tuple[str, ...] = ()
    later_sinks: tuple[str, ...] = ()
    publishes: bool = False
    always_proves: bool = False
    accounts_elsewhere: str = ""

    @property
    def what(self) -> str:
        """What is rotated, for people."""
        return f"{self.account} on {self.endpoint}"

    @property
    def in_place(self) -> bool:
        """Whether the account has one secret, which is replaced in its place."""
        return self.kind == IN_PLACE

    @property
    def is_secret(self) -> bool:
        """Whether it is the secret of a service account, which goes with a client id."""
        return self.kind in SECRETS

    @property
    def changes_account(self) -> bool:
        """Whether the new credential is another account's, so that the client id in the store tells which one is stored."""
        return self.kind in (REPLACE, ALTERNATE)
