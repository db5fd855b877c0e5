# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files from which vendors' own clients read one credential, as text that is read and written. Private to this collection. No files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._common.errors import RefusedError
from .._common.model import Handed
from .._http.strict_json import StrangeJsonError, strict_json

_MARK = "\ufeff"  # which editors on Windows put before the text


@dataclass(frozen=True)
class ClientFile:
    """The form of a vendor's file: a JSON object, of which some keys are the credential.

    Attributes:
        read_by: what reads it, for people.
        value_key: the key of the secret.
        id_key: the key of the id that it goes with; empty where the file has none.
        name_key: the key of the account's name; empty where the file has none.
        uri_key, uri_path: the key of where tokens are had, and the path of that behind the endpoint; empty where the file has none.
        fixed: keys whose value is always the same.
        indent: how the vendor indents it; None for one line.
    """

    read_by: str
    value_key: str
    id_key: str = ""
    name_key: str = ""
    uri_key: str = ""
    uri_path: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    indent: int | None = None

    def parsed(self, data: bytes | None, where: str) -> dict[str, Any]:
        """Return what a file holds; empty where there is none, or nothing is in it.

        Raises:
            RefusedError: it is another file, which must not be written over.
        """
        if data is None or not data.strip():
            return {}
        try:
            content = strict_json(data.decode("utf-8").removeprefix(_MARK))
        except (StrangeJsonError, UnicodeDecodeError):
            content = None
        is_one = isinstance(content, dict) and all(content.get(key) == value for key, value in self.fixed.items())
        if not is_one or not isinstance(content.get(self.value_key), str):
            raise RefusedError(
                f"{where} is not a file that {self.read_by} reads, so it is not written over.",
                "Name that file, or one that is not there yet.",
            )
        found: dict[str, Any] = content
        return found

    def holds(self, content: Mapping[str, Any], credential: Handed) -> bool:
        """Tell whether a content is this credential."""
        same_id = not self.id_key or not credential.id or content.get(self.id_key) == credential.id
        return same_id and content.get(self.value_key) == credential.value

    def rendered(self, content: Mapping[str, Any], credential: Handed, endpoint_url: str) -> bytes:
        """Return the file with a credential: what else is in it stays, and what a vendor's client misses is added.

        Args:
            content: what the file holds.
            credential: the one that it will hold.
            endpoint_url: where the platform's API is, without a slash at the end.
        """
        ours = {
            self.id_key: credential.id,
            self.value_key: credential.value,
            self.name_key: credential.account or content.get(self.name_key),
            self.uri_key: content.get(self.uri_key) or f"{endpoint_url}{self.uri_path}",
        }
        kept = {**self.fixed, **content}
        whole = {**kept, **{key: value for key, value in ours.items() if key and value}}
        return (json.dumps(whole, indent=self.indent) + "\n").encode()
