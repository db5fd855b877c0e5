# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The body of an answer, piece by piece: as it comes in, and unpacked. Private to this collection. For client.py only."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Iterator
from typing import Any

with contextlib.suppress(ImportError):  # client.py says so
    import requests
    from urllib3.exceptions import HTTPError, ReadTimeoutError


def unpacker(encoding: str | None) -> Callable[[bytes, int], bytes]:
    """Return what unpacks the pieces of a body, and of each no more than so many bytes: a small answer may hold a huge one."""
    name = (encoding or "").strip().lower()
    if name in ("", "identity"):
        return lambda piece, _most: piece
    if name not in ("gzip", "x-gzip"):
        raise requests.exceptions.ContentDecodingError("an encoding that was not asked for")
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)

    def unpack(piece: bytes, most: int) -> bytes:
        try:
            return unpacking.decompress(piece, most)
        except zlib.error:
            raise requests.exceptions.ContentDecodingError from None

    return unpack


def packed_pieces(response: Any) -> Iterator[bytes]:
    """Yield the body as it comes in, packed. The way of requests waits until a piece is full, however slowly it trickles."""
    read1 = getattr(response.raw, "read1", None)
    try:
        if read1 is None:  # urllib3 1.26 and the first of 2.x
            yield from response.raw.stream(1024, decode_content=False)
            return
        while piece := read1(65536, decode_content=False):
            yield piece
    except ReadTimeoutError:
        raise requests.ReadTimeout from None
    except HTTPError as failure:
        raise requests.ConnectionError(failure) from failure
