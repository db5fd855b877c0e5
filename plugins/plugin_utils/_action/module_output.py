# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an ordinary module printed, among what else came over the connection: banners, messages of shells. Private to this collection.

Pure: text in, text out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable

from ansible_collections.latchkey.tokens.plugins.module_utils._common.secrets import maskable

# AnsibleModule prints a line break first, so its result begins a line, whatever a shell has printed before.
_BEGINNING = re.compile(r"^[ \t]*(?=\{)", re.MULTILINE)
_WITHIN = re.compile(r"(?=\{)")
_OF_A_MODULE = frozenset(("changed", "failed", "invocation", "ansible_job_id"))
_ADDED = frozenset(("changed", "invocation"))
_NEW_SECRETS = "_ansible_new_secrets"
_NAMES = re.compile(r'"(token_id|client_id|account|account_id)": *"([^"\\]{1,200})"')


def own_output(text: str) -> str | None:
    """Return the JSON object that a module printed, the last one where there are several; None where there is none that can be read.

    One that begins a line comes first. A connection may lose line breaks or put words before them, so one within a line is read, too,
    where it has what AnsibleModule adds to each.
    """
    begun = _last(text, _BEGINNING, lambda keys: not _OF_A_MODULE.isdisjoint(keys))
    return begun or _last(text, _WITHIN, _ADDED.issubset)


def _last(text: str, beginnings: re.Pattern[str], is_result: Callable[[Iterable[str]], bool]) -> str | None:
    found = None
    decoder = json.JSONDecoder()
    position = 0
    while beginning := beginnings.search(text, position):
        start = beginning.end()
        position = start + 1
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        position = end
        if isinstance(value, dict) and is_result(value):
            found = text[start:end]
    return found


def without_names_as_secrets(text: str, plain: Collection[str]) -> str:
    """Return a module's result without those of its new secrets that Ansible must not mask everywhere.

    AnsibleModule of ansible-core 2.22 reports the value of each option with no_log to the controller, also one that is "admin".

    Args:
        text: the JSON object.
        plain: what is no secret although one may be the same.
    """
    if _NEW_SECRETS not in text:
        return text
    result = json.loads(text)
    result[_NEW_SECRETS] = sorted(maskable(map(str, result[_NEW_SECRETS]), plain))
    return json.dumps(result)


def is_telling(text: str) -> bool:
    """Tell whether a text may hold a piece of a result, and so a secret: a message of a shell or an interpreter has none of its marks."""
    return any(mark in text for mark in '{}"')


def named_in(text: str) -> list[str]:
    """Return what identifies a credential in output that cannot be read as a whole, for people; never a secret.

    Of each name the first value: a result begins with what was created, and has other credentials in its diff.
    """
    found: dict[str, str] = {}
    for key, value in _NAMES.findall(text):
        found.setdefault(key, value)
    return [f"{key} {value}" for key, value in found.items()]
