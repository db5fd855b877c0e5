# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data that only the processes of one run can read, as one line of text. Private to this collection."""

from __future__ import annotations

import base64
import os

_NONCE = 12  # bytes, as AES-GCM wants it


class Cipher:
    """AES-GCM with one key.

    Args:
        key: 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        # Here, so that the files that use this can be looked at without it; Ansible itself comes with it.
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._cipher = AESGCM(key)
        self._foreign = InvalidTag

    def seal(self, data: bytes) -> bytes:
        """Return data as a line of base64, without a line break."""
        nonce = os.urandom(_NONCE)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, data, None))

    def unseal(self, line: bytes) -> bytes:
        """Return what seal was called with. Raises ValueError for a line that was sealed with another key, or that was changed."""
        raw = base64.b64decode(line)
        try:
            return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], None)
        except self._foreign:
            raise ValueError("sealed with another key") from None
