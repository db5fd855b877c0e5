# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one operation from checked options to one plain result. Private to this collection.

Both ways of running a task come through here, so both give the same result: inside the worker, and as an ordinary module.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .._common.errors import LatchkeyError, OptionError
from .._common.failures import failures_as_result
from .._common.masking import looks_like_token
from .._common.one_line import one_line
from .._common.secrets import option_secrets, redact, remember
from .._connection import PLATFORMS, resolve_connection
from .._platforms.base import Platform
from .._platforms.registry import open_platform

_LONGER_THAN_IDS = 40  # characters; a UUID has 36


@dataclass(frozen=True)
class Task:
    """What one task asks for.

    Attributes:
        options: its options, unset ones as None.
        check_mode: whether it may change nothing.
        clock: tells the time by the platform's clock, as far as its answers told it: the platform dates credentials by that.
    """

    options: Mapping[str, Any]
    check_mode: bool
    clock: Callable[[], datetime]

    @property
    def now(self) -> datetime:
        """The time; it may differ after the first answer."""
        return self.clock()

    def given(self, *names: str) -> list[str]:
        """Return those of the named options that were set."""
        return [name for name in names if self.options.get(name) is not None]


@dataclass
class Outcome:
    """What an operation did, or would do in check mode.

    Attributes:
        changed: whether anything changed.
        values: result keys.
        before, after: the two sides of the diff, without secrets; None where a task has no diff.
        warnings: what the user should know although nothing failed.
    """

    changed: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    warnings: list[str] = field(default_factory=list)

    def as_result(self) -> dict[str, Any]:
        """Return it as a module result."""
        result: dict[str, Any] = {**self.values, "changed": self.changed}
        if self.before is not None and self.after is not None:
            result["diff"] = {"before": self.before, "after": self.after}
        if self.warnings:
            result["warnings"] = [redact(one_line(warning)) for warning in self.warnings]
        return result


@dataclass(frozen=True)
class Operation:
    """One thing that a task can ask for.

    Attributes:
        name: the module's name without its collection.
        argument_spec: the module's own options; the shared ones are added to them.
        run: does it.
        rules: mutually_exclusive, required_if and the like, as AnsibleModule takes them.
        may_be_empty: the options to which an empty string means something.
        stored: the options whose text the platform stores, and shows to every account that may read it.
    """

    name: str
    argument_spec: dict[str, Any]
    run: Callable[[Platform, Task], Outcome]
    rules: dict[str, Any] = field(default_factory=dict)
    may_be_empty: frozenset[str] = frozenset()
    stored: frozenset[str] = frozenset()

    def refuse_empty(self, options: Mapping[str, Any]) -> None:
        """Refuse the module's own options that are set to nothing, as a survey or ``default('')`` does: what is meant cannot be told.

        Raises:
            OptionError: one of them is an empty string, or a list that holds one.
        """
        for name in self.argument_spec:
            value = None if name in self.may_be_empty else options.get(name)
            if isinstance(value, str) and not value.strip():
                raise OptionError(
                    f"{name}: it is empty.", "Leave the option out if it shall not count, for example with default(omit, true)."
                )
            if isinstance(value, list) and any(isinstance(one, str) and not one.strip() for one in value):
                raise OptionError(f"{name}: one of them is empty.", "Take the empty ones out of the list.")

    def refuse_tokens(self, options: Mapping[str, Any]) -> None:
        """Refuse a token where its id is meant, or a text that the platform stores in clear.

        No token has that id, so an access token that shall go would seem to be gone.

        Raises:
            OptionError: an option for ids of tokens, or for such a text, holds what looks like a token or another secret.
        """
        for name in sorted(self.stored):
            refuse_secret_text(name, options.get(name))
        for name in self.argument_spec:
            value = options.get(name) if name.endswith(("token_id", "token_ids")) else None
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, str) and len(one) >= _LONGER_THAN_IDS and looks_like_token(one):
                    raise OptionError(
                        f"{name}: it holds a token, and not the id of one.",
                        "Take token_id of the result that the token is from, not token.",
                    )

    def full_argument_spec(self) -> dict[str, Any]:
        """Return the argument spec with the options that every module shares."""
        return {**shared_arguments(), **self.argument_spec}


def refuse_secret_text(name: str, text: Any) -> None:
    """Refuse a text, or a word or a part of a path in it, that looks like a token or another secret. Raises OptionError."""
    for word in str(text or "").split():
        is_place = word[0] in "/.~" or "://" in word
        if not any(len(one) >= _LONGER_THAN_IDS and looks_like_token(one) for one in (word.split("/") if is_place else [word])):
            continue
        raise OptionError(f"{name}: it holds a token or another secret, and would be stored in clear.", "Take it out of the text.")


def shared_arguments() -> dict[str, Any]:
    """Return the options that every module shares.

    Unset ones are looked up in the environment later, by platform; that is why none has a default here.
    """
    return {
        "platform": {"type": "str", "required": True, "choices": list(PLATFORMS)},
        "endpoint": {"type": "str"},
        "validate_certs": {"type": "bool"},
        "ca_path": {"type": "path"},
        "timeout": {"type": "float"},
        "max_parallel_requests": {"type": "int"},
        "token": {"type": "str", "no_log": True},
        "username": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "totp_code": {"type": "str", "no_log": True},
        "totp_secret": {"type": "str", "no_log": True},
        "client_id": {"type": "str"},
        "client_secret": {"type": "str", "no_log": True},
        "service_account_file": {"type": "path"},
        "organization_id": {"type": "str"},
    }


def auth_arguments() -> dict[str, Any]:
    """Return the shared options that say who calls, and how; those of a dictionary beside the place, as the role rotate takes it."""
    place = ("platform", "endpoint", "max_parallel_requests")
    return {name: spec for name, spec in shared_arguments().items() if name not in place}


def execute(operation: Operation, options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Run an operation and return its result; a failure is a result with ``failed`` and ``msg``, never an exception.

    Args:
        operation: what to run.
        options: validated options, unset ones as None.
        check_mode: True changes nothing.
    """
    remember(*option_secrets(options, operation.full_argument_spec()))
    return failures_as_result(lambda: _run(operation, options, check_mode))


def _run(operation: Operation, options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    operation.refuse_empty(options)
    operation.refuse_tokens(options)
    platform = open_platform(resolve_connection(options, os.environ))
    try:
        with platform:
            outcome = operation.run(platform, Task(options, check_mode, platform.now))
    except LatchkeyError as failure:
        if platform.warnings:
            failure.details["warnings"] = platform.warnings
        raise
    outcome.warnings = [*outcome.warnings, *platform.warnings]
    return outcome.as_result()
