# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps secrets out of sight. Private to this collection. No Ansible object, no HTTP.

A secret is known to the whole process, not to one connection: one that came over one connection may be quoted by the answer to another
one. ``remember`` notes it, and ``redact`` masks it in whatever is shown.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from .masking import mask, mask_token_shapes

# The keys under which an operation's result may carry a secret.
RESULT_KEYS = ("token", "client_secret", "secret_access_key")
AUTH_KEYS = (*RESULT_KEYS, "password", "totp_secret")  # and those under which a dictionary of ways to authenticate may

_LONGEST_SLIP = 12  # characters
_SHORTEST = 4  # characters of what is masked wherever it occurs; masking shorter strings would shred ordinary words
_LONGEST = 8 * 1024  # characters
_MOST_CHARACTERS = 64 * 1024  # of all secrets that are remembered


class _Register:
    """The secrets that this process was given or has received, the latest so many of them."""

    def __init__(self) -> None:
        self._known: dict[str, None] = {}
        self._size = 0

    def add(self, values: Iterable[str | None]) -> None:
        for value in values:
            start = (value or "")[:_LONGEST]  # more than enough to know the whole by
            if start:
                self._size += 0 if start in self._known else len(start)
                self._known.pop(start, None)
                self._known[start] = None
        while self._size > _MOST_CHARACTERS:
            oldest = next(iter(self._known))
            del self._known[oldest]
            self._size -= len(oldest)

    def values(self) -> list[str]:
        return list(self._known)

    def clear(self) -> None:
        self._known.clear()
        self._size = 0


_REGISTER = _Register()


def remember(*secret_values: str | None) -> None:
    """Mask these strings from now on in every message of this process, whichever part of it shows the message."""
    _REGISTER.add(secret_values)


def forget_all() -> None:
    """Forget all secrets: one test's are not those of the next."""
    _REGISTER.clear()


def redact(text: str, secret_values: Iterable[str] = (), plain: Collection[str] = ()) -> str:
    """Return the text with these secrets masked, and with them all that this process was given or has received.

    Args:
        text: words that are about to be shown, usually a vendor's error body.
        secret_values: further secrets in the clear; empty and very short ones are passed over.
        plain: what is not masked although a secret is the same, such as a name that is also its own password.
    """
    return mask(text, [one for one in (*secret_values, *_REGISTER.values()) if one not in plain])


def sayable(text: str) -> str:
    """Return words of ours as they may be shown: one may be a secret that was given to the wrong option, and so was quoted."""
    return mask_token_shapes(redact(text))


def quoted(value: object) -> str:
    """Return a value of the wrong form in quotes, or "it" for a long one: more likely a secret in the wrong option than a slip."""
    return f"'{value}'" if len(str(value)) <= _LONGEST_SLIP else "it"


def throwaway_password(length: int = 40) -> str:
    """Return a random password with all four character classes, for an account that is not meant for log-ins.

    Three of the four classes are what Qumulo Core asks for (seen on Core 7.9).
    """
    classes = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.:+=")
    characters = [secrets.choice(one) for one in classes]
    characters += [secrets.choice("".join(classes)) for _unused in range(length - len(classes))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)


def secret_strings(value: Any) -> list[str]:
    """Return every string found in a value, for masking: the value itself, or all leaves of a mapping or list."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in secret_strings(item)]
    if isinstance(value, (list, tuple)):
        return [text for item in value for text in secret_strings(item)]
    return []


def option_secrets(arguments: Mapping[str, Any], argument_spec: Mapping[str, Any]) -> list[str]:
    """Return the secrets among a task's arguments: what is in options, and in options inside of options, that are for secrets."""
    found = []
    for option, spec in argument_spec.items():
        value = arguments.get(option)
        if spec.get("no_log"):
            found += secret_strings(value)
        elif isinstance(value, Mapping) and "options" in spec:
            found += option_secrets(value, spec["options"])
    return found


def option_names(arguments: Mapping[str, Any], argument_spec: Mapping[str, Any]) -> list[str]:
    """Return the texts among a task's arguments that are no secrets: names, places and words, in options that hold one text each."""
    found = []
    for option, spec in argument_spec.items():
        value = arguments.get(option)
        if isinstance(value, str) and not spec.get("no_log") and spec.get("type", "str") in ("str", "path"):
            found.append(value)
        elif isinstance(value, Mapping) and "options" in spec:
            found += option_names(value, spec["options"])
    return found


def maskable(secret_values: Iterable[str], plain: Collection[str]) -> set[str]:
    """Return those secrets that may be masked wherever they occur: not too short, and not a name as well, such as "admin"."""
    return {one for one in secret_values if len(one) >= _SHORTEST and one not in plain}


def result_secrets(result: dict[str, Any]) -> list[str]:
    """Return the secrets that an operation's result carries."""
    return [str(result[key]) for key in RESULT_KEYS if result.get(key)]


def nested_secrets(value: Any, keys: Sequence[str] = RESULT_KEYS) -> list[str]:
    """Return the secrets of all results of operations found in a value, or those under other keys."""
    if isinstance(value, Mapping):
        own = [value[key] for key in keys if isinstance(value.get(key), str) and value[key]]
        return own + [secret for item in value.values() for secret in nested_secrets(item, keys)]
    if isinstance(value, (list, tuple)):
        return [secret for item in value for secret in nested_secrets(item, keys)]
    return []
