# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps secrets out of sight. Private to this collection. Pure functions; no Ansible object, no HTTP."""

from __future__ import annotations

import base64
import json
import secrets
import string
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

# The keys under which an operation's result may carry a secret.
_RESULT_KEYS = ("token", "client_secret")

_MASK = "********"
_LONGEST_SLIP = 12  # characters
_SHORTEST = 4  # masking shorter strings would shred ordinary words and hide nothing


def redact(text: str, secret_values: Iterable[str]) -> str:
    """Return the text with every given secret masked, also where it stands JSON-escaped, URL-quoted or base64-encoded.

    Args:
        text: words that are about to be shown, usually a vendor's error body.
        secret_values: the secrets in the clear; empty and very short ones are passed over.
    """
    forms: set[str] = set()
    for value in secret_values:
        if len(value) < _SHORTEST:
            continue
        data = value.encode("utf-8", "surrogatepass")  # an option of bytes that are no text has halves of characters in it
        encoded = base64.b64encode(data).decode()
        forms |= {value, json.dumps(value)[1:-1], quote(data), quote(data, safe=""), quote_plus(data), encoded, encoded.rstrip("=")}
    for form in sorted(forms, key=len, reverse=True):  # longest first: one form may contain another
        text = text.replace(form, _MASK)
    return text


def quoted(value: object) -> str:
    """Return a value of the wrong form in quotes, or "it" for a long one: more likely a secret in the wrong option than a slip."""
    return f"'{value}'" if len(str(value)) <= _LONGEST_SLIP else "it"


def throwaway_password(length: int = 40) -> str:
    """Return a random password with all four character classes, for an account that nobody shall log in to.

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


def result_secrets(result: dict[str, Any]) -> list[str]:
    """Return the secrets that an operation's result carries."""
    return [str(result[key]) for key in _RESULT_KEYS if result.get(key)]


def nested_secrets(value: Any) -> list[str]:
    """Return the secrets of all results of operations found in a value."""
    if isinstance(value, Mapping):
        own = [value[key] for key in _RESULT_KEYS if isinstance(value.get(key), str) and value[key]]
        return own + [secret for item in value.values() for secret in nested_secrets(item)]
    if isinstance(value, (list, tuple)):
        return [secret for item in value for secret in nested_secrets(item)]
    return []
