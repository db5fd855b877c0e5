# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that say who calls. Private to this collection."""

from __future__ import annotations


class ModuleDocFragment:
    """How to prove who calls."""

    DOCUMENTATION = r"""
options:
  token:
    description:
      - A bearer token to authenticate with.
      - Exactly one way to authenticate is used, O(token), or O(username) with O(password), or O(client_id) with O(client_secret), or
        O(service_account_file). Setting options of two ways is an error.
      - When none of these options is set, the environment is asked, for example E(QUMULO_TOKEN), or E(QUMULO_USERNAME) with
        E(QUMULO_PASSWORD). Once an option is set, the environment only completes that way. An option
        that is set but empty is an error; a variable that is empty counts as unset.
    type: str
  username:
    description:
      - The user to log in as, with O(password).
      - When not set, E(QUMULO_USERNAME) or E(RUBRIK_CDM_USERNAME) is used.
    type: str
  password:
    description:
      - The password of O(username).
      - When not set, E(QUMULO_PASSWORD) or E(RUBRIK_CDM_PASSWORD) is used.
    type: str
  totp_code:
    description:
      - The six digits that the user's authenticator shows now. Rubrik CDM only, together with O(password).
    type: str
  totp_secret:
    description:
      - The Base32 secret from which an authenticator makes its codes. Rubrik CDM only, together with O(password).
    type: str
  client_id:
    description:
      - The id of a Rubrik service account, with O(client_secret).
    type: str
  client_secret:
    description:
      - The secret of a Rubrik service account.
    type: str
  service_account_file:
    description:
      - The JSON file that Rubrik Security Cloud gives out for a service account. In place of O(client_id) and O(client_secret).
    type: path
  organization_id:
    description:
      - The Rubrik organization to work in. Platforms without organizations take no notice of it.
    type: str
"""
