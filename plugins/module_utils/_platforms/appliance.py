# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An appliance as one caller speaks to it: its HTTP client, its session, its warnings, and the errors that all platforms have. Private.

What it can be asked for is in base.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, ClassVar, TypeVar

from .._common.errors import LatchkeyError, OptionError, RequestError
from .._common.one_line import one_line
from .._connection import Connection
from .._http.client import HttpClient

_SHOWN = 50  # names that a failure lists
_Self = TypeVar("_Self", bound="Appliance")


class Appliance:
    """One appliance, spoken to as one caller. Used as a context manager; leaving it ends the session that it opened for itself.

    Attributes:
        name: as in the option ``platform``.
        title: for people.
        warnings: what the user should know although nothing failed.
        before_session: called before the platform opens a session for itself.
        on_session: called with the bearer and the id of each session that the platform opened for itself; the id may be empty.
    """

    name: str
    title: ClassVar[str]

    def __init__(self, connection: Connection, vendor_words: Any) -> None:
        self.connection = connection
        self.http = HttpClient(
            platform=self.name,
            name=self.title,
            endpoint=connection.endpoint,
            validate_certs=connection.validate_certs,
            ca_path=connection.ca_path,
            timeout=connection.timeout,
            vendor_words=vendor_words,
            max_parallel_requests=connection.max_parallel_requests,
        )
        self.http.hide(*connection.auth.secrets())
        self.warnings: list[str] = []
        self.before_session: Callable[[], None] = lambda: None
        self.on_session: Callable[[str, str], None] = lambda _bearer, _id: None

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(failure, LatchkeyError):
            failure.args = (self.http.without_secrets(str(failure)),)  # a name in it may be the server's, which knows them
        try:
            self.log_out()
        except RequestError as left:
            self.warn(f"The session that this task opened could not be ended; it ends by itself. {left}")
        finally:
            self.http.close()

    def warn(self, sentence: str) -> None:
        """Note what the user should know although nothing failed; the same sentence only once."""
        sentence = one_line(self.http.without_secrets(sentence))
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def now(self) -> datetime:
        """Return the time by the appliance's clock, in UTC, as far as its answers told it."""
        return self.http.now()

    def log_out(self) -> None:
        """End the session that this platform opened for itself, if any; never a token that the user brought."""

    # What is there, by name

    def _unknown(self, kind: str, which: str, existing: Iterable[str]) -> OptionError:
        """Return the error for something that is not there, with the names of what is."""
        names = sorted(set(existing), key=str.lower)
        listed = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
        place = f"{self.title} at {self.http.endpoint.url}"
        hint = self.http.without_secrets(f"There are: {listed}.") if names else "Check the name."
        return OptionError(f"{place}: there is no {kind} {which}.", hint)

    def _ambiguous(self, kind: str, name: str, ids: Sequence[str]) -> OptionError:
        """Return the error for a name that several have."""
        place = f"{self.title} at {self.http.endpoint.url}"
        return OptionError(f"{place}: {len(ids)} {kind} are called '{name}': {', '.join(ids)}.", "Name the one that is meant by its id.")

    def refuse_other_case(self, name: str, there: Iterable[str]) -> None:
        """Refuse a name that no account has, where one has a name that differs in case only.

        Whether those are names of one account is not published for any platform, so it is neither taken for the account's nor for
        one that is free.

        Args:
            name: as the user wrote it.
            there: names of the accounts that there are.

        Raises:
            OptionError: there is such a name, and not the one that the user wrote.
        """
        alike = sorted({one for one in there if one.casefold() == name.casefold()})
        if alike and name not in alike:
            listed = " and ".join(f"'{one}'" for one in alike)
            raise OptionError(
                f"{self.title} at {self.http.endpoint.url}: there is no account '{name}', but {listed}, which differs in case only.",
                "Write the name as it is there.",
            )

    def _named_roles(self, wanted: Collection[str], known: Mapping[str, str]) -> dict[str, str]:
        """Return roles that are wanted by name or id as names by id.

        Args:
            wanted: names or ids.
            known: names of the roles that there are, by id.

        Raises:
            OptionError: there is no such role, or several have the name.
        """
        found = {}
        for role in sorted(wanted):
            ids = [role] if role in known else sorted(id_ for id_, name in known.items() if name == role)
            if not ids:
                raise self._unknown("role", f"'{role}'", known.values())
            if len(ids) > 1:
                raise self._ambiguous("roles", role, ids)
            found[ids[0]] = known[ids[0]]
        return found
