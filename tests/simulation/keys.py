# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The world of S3 access keys: as that of access tokens, but each is of use only with its id, which the store holds beside the secret."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from tests.simulation.world import ACCOUNT_ID, OTHER_ID, Issued, World

S3_ACCESS_KEY = "s3_access_key"


class KeyWorld(World):
    """A world whose credentials are called by their own ids where others are by their account's; the tag is the id of the account."""

    def issue(self, maker: str, *, account_id: str = ACCOUNT_ID, **more: Any) -> Issued:
        """Create a key."""
        one = super().issue(maker, **more)
        one = replace(one, account_id=one.id, tag=OTHER_ID if account_id == OTHER_ID else ACCOUNT_ID)
        self.issued[one.secret] = one
        return one

    def of_account(self, known: Collection[str] = ()) -> list[Issued]:
        """Return the keys of the account, in the order of creation."""
        return [one for one in self.issued.values() if one.listed and one.tag == ACCOUNT_ID]

    def fork(self) -> KeyWorld:
        """Return a copy that goes its own way."""
        twin = KeyWorld.__new__(KeyWorld)
        twin.__dict__.update(super().fork().__dict__)
        return twin
