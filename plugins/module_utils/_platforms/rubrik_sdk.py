# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that Rubrik's own clients read and leave behind. Private to this collection. No HTTP."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping

from .._common.model import ClientSecret
from .client_file import ClientFile

# The vendor's Go client takes the first; the second is its name before v1.6.0.
_PREFIXES = ("RUBRIK_", "RUBRIK_POLARIS_")
# What "Download As JSON" of Rubrik Security Cloud writes.
SERVICE_ACCOUNT_FILE = ClientFile(
    "Rubrik's clients",
    "client_secret",
    id_key="client_id",
    name_key="name",
    uri_key="access_token_uri",
    uri_path="/api/client_token",
    indent=2,
)


def client_file(secret: ClientSecret) -> str:
    """Return the JSON file of a service account, as Rubrik Security Cloud lets one download it and its clients read it.

    The vendor's Go client and Terraform provider refuse a file without a name.
    """
    content = {"client_id": secret.client_id, "client_secret": secret.client_secret, "name": secret.name}
    if secret.token_uri:
        content["access_token_uri"] = secret.token_uri
    return json.dumps(content, indent=2) + "\n"


def token_cache_files(name: str, client_id: str, folder: str | None, environment: Mapping[str, str]) -> list[str]:
    """Return where the vendor's Go client and Terraform provider may have cached a token of this service account.

    The name of such a file depends on the account, its key on the secret. After a rotation the clients can no longer decrypt the
    file, and from v1.1.12 on they fail until it is gone (seen with the vendor's Go client of 2026-08).

    Args:
        name, client_id: the service account's.
        folder: where the clients keep their cache; None for what the environment says, else the folder for temporary files.
        environment: environment variables.
    """

    def setting(what: str) -> str | None:
        return next((environment[prefix + what] for prefix in _PREFIXES if environment.get(prefix + what)), None)

    where = folder or setting("TOKEN_CACHE_DIR") or tempfile.gettempdir()
    materials = [name + client_id]
    secret = setting("TOKEN_CACHE_SECRET")
    if secret:
        materials.append(name + client_id + secret)
    return [os.path.join(where, f"token-{hashlib.sha256(material.encode()).hexdigest()}") for material in materials]
