# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that the role rotate's own modules share. Private to this collection."""

from __future__ import annotations


class ModuleDocFragment:
    """What is rotated, and what is wanted of it."""

    DOCUMENTATION = r"""
options:
  kind:
    description: What is rotated; V(in_place) and V(replace) are the two ways to rotate the secret of a service account.
    type: str
    choices: [access_token, api_token, in_place, replace]
    default: access_token
  account:
    description: Name of the account to rotate.
    type: str
    default: ""
  when_remaining:
    description: As O(latchkey.tokens.rotate#role:main:rotate_when_remaining).
    type: str
    default: 7d
  max_age:
    description: As O(latchkey.tokens.rotate#role:main:rotate_max_age).
    type: str
  retire:
    description: As O(latchkey.tokens.rotate#role:main:rotate_retire).
    type: str
    choices: [delete, disable]
    default: delete
  retire_after:
    description: As O(latchkey.tokens.rotate#role:main:rotate_retire_after).
    type: str
  sync_timeout:
    description: As O(latchkey.tokens.rotate#role:main:rotate_sync_timeout). Tokens are asked for once.
    type: str
    default: 5m
"""
