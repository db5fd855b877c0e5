# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong, as types. Private to this collection.

Every failure that a user can meet is a LatchkeyError whose text is one complete sentence (what failed, where, the vendor's own
words) followed by what to do. None of them ever shows a secret: those that are known, and what looks like one, are masked as soon as
the failure is made. No Ansible, no HTTP here.
"""

from __future__ import annotations

from typing import Any, ClassVar

from .one_line import one_line
from .secrets import sayable


class LatchkeyError(Exception):
    """A failure that a user is told about.

    Args:
        message: one sentence that says what failed and where, ending with a full stop.
        hint: what to do about it, also a sentence; empty when there is nothing to add.
        details: more result keys for the failed task, such as ids and times; plain data, never a secret.
    """

    def __init__(self, message: str, hint: str = "", **details: Any) -> None:
        # Names and words in it may be a server's, which could hold line breaks or a terminal's commands.
        super().__init__(" ".join(sayable(one_line(part)) for part in (message, hint) if part))
        self.details: dict[str, Any] = details

    def add(self, sentence: str, **details: Any) -> None:
        """Add a sentence, where the caller knows more than the code that raised the failure."""
        self.args = (f"{self} {sayable(one_line(sentence))}",)
        self.details |= details

    def reword(self, words: str) -> None:
        """Replace the words, where the caller knows more than the code that raised the failure."""
        self.args = (sayable(one_line(words)),)


class OptionError(LatchkeyError):
    """Options are missing, malformed or contradict each other. Raised before any request.

    Args:
        message, hint: as for LatchkeyError.
        option: the one option that is wrong, with whose name the message then begins; empty where what raised it does not tell.
    """

    def __init__(self, message: str, hint: str = "", *, option: str = "") -> None:
        super().__init__(message, hint)
        self.option = option


class UnsupportedError(LatchkeyError):
    """The platform, or this version of it, cannot do what was asked."""


class RefusedError(LatchkeyError):
    """The collection will not do it, because it would lose a working credential or touch something that is not its own."""


class CheckFailedError(LatchkeyError):
    """An access check found something else than what was expected."""


class VarsFileError(LatchkeyError):
    """A vars file cannot be read, edited or written; the file is as it was."""


class ChangedVarsError(VarsFileError):
    """A value of a vars file is not what was expected of it: it was changed since it was read. The file is as it was."""


class RequestError(LatchkeyError):
    """An HTTP exchange failed.

    Args:
        message, hint: as for LatchkeyError.
        platform: the platform's name.
        endpoint: the base URL.
        operation: what was being done, in words ("list access tokens").
        status: the HTTP status, or None when there was no answer.
        may_have_acted: True when the server may have done what was asked although no usable answer came back. Only the HTTP layer
            tells, by what was sent and what came; no one else works it out from a status.

    Attributes:
        statuses: of the class; the HTTP statuses that it stands for, so that nothing above the HTTP layer has to know them.
        no_place: True when it was found that the account has as many credentials as it may have. Set by who looked.
        whose: of a refused credential, whose it is, as a sentence; empty where that is not found out.
    """

    statuses: ClassVar[tuple[int, ...]] = ()

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        platform: str = "",
        endpoint: str = "",
        operation: str = "",
        status: int | None = None,
        may_have_acted: bool = False,
    ) -> None:
        super().__init__(message, hint, platform=platform, endpoint=endpoint, operation=sayable(operation), status=status)
        self.status = status
        self.may_have_acted = may_have_acted
        self.no_place = False
        self.whose = ""

    @property
    def refused(self) -> bool:
        """Whether the server understood the request and refused it (4xx); otherwise nothing is known of what was asked."""
        return self.status is not None and 400 <= self.status < 500

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed later: no answer, a server that is busy, or a failure of its own."""
        return self.status is None or self.status == 429 or self.status >= 500


class ConnectionFailedError(RequestError):
    """No answer: DNS, TCP, TLS, a time-out, or a connection that broke."""


class AuthenticationError(RequestError):
    """HTTP 401: the credential is wrong, expired, disabled or revoked."""

    statuses = (401,)


class ForbiddenError(RequestError):
    """HTTP 403: the caller is known and lacks a right."""

    statuses = (403,)


class NotFoundError(RequestError):
    """HTTP 404: there is no such thing, or no such route in this version."""

    statuses = (404,)


class ConflictError(RequestError):
    """HTTP 409 or 412: it exists already, or changed in the meantime."""

    statuses = (409, 412)


class AnswerError(RequestError):
    """An answer that makes no sense: wrong JSON, a missing field, a body cut off, an unexpected redirect."""
