# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a leaked secret from the environment or from the terminal, and never from a variable. Private to this collection."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.latchkey.tokens.plugins.module_utils._common.credential_form import is_secret
from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError, RefusedError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._leaked.endpoint import Leak

VARIABLE = "LATCHKEY_LEAKED_SECRET"
_SHORTEST = 8  # characters; a shorter text could not be masked without masking words, and is no credential
_QUESTION = "The secret that leaked, which is not shown as it is typed:"
_CONFIRM = "Type yes to go on, anything else to stop:"


def take(environment: Mapping[str, str], prompt: Callable[..., bytes], client_id: str) -> Leak:
    """Return the secret that leaked.

    Args:
        environment: environment variables.
        prompt: Ansible's Display.prompt_until.
        client_id: the id of the account that it is of, as the user gave it; empty where it is not known.

    Raises:
        OptionError: there is none, or it cannot be a credential.
    """
    given = environment.get(VARIABLE, "").strip()
    if not given:
        given = _asked(prompt, _QUESTION, f"Set it in the environment variable {VARIABLE}.", private=True).strip()
    leak = _of_file(given) or Leak(given, client_id)
    if client_id and leak.client_id != client_id:
        raise OptionError(
            f"leaked_client_id is {client_id}, but the file that leaked is of {leak.client_id}.", "Leave leaked_client_id out."
        )
    if len(leak.secret) < _SHORTEST or not is_secret(leak.secret):
        raise OptionError(
            f"The secret cannot be a credential: it is shorter than {_SHORTEST} characters, or has characters that none has.",
            f"Give the whole secret, and nothing else, at the prompt or in {VARIABLE}.",
        )
    return leak


def confirm(prompt: Callable[..., bytes]) -> None:
    """Ask whether to go on. Raises RefusedError where the answer is not yes, or there is no terminal."""
    answer = _asked(prompt, _CONFIRM, "Set leaked_confirm: true to go on without a question.", private=False)
    if answer.strip().lower() != "yes":
        raise RefusedError("It was not confirmed, so nothing was revoked.", "The credential may still work: run again to revoke it.")


def _asked(prompt: Callable[..., bytes], question: str, otherwise: str, *, private: bool) -> str:
    try:
        return bytes(prompt(question, private=private)).decode("utf-8", "replace")
    except AnsibleError:  # no terminal, or Ctrl-C
        raise OptionError("There is no terminal to ask on, or the question was interrupted. Nothing was revoked.", otherwise) from None


def _of_file(text: str) -> Leak | None:
    """Return the client secret in the JSON file that a platform lets one download for a service account; None for anything else."""
    try:
        content: Any = json.loads(text) if text.startswith("{") else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        return None
    secret, client_id = (content.get(name) for name in ("client_secret", "client_id"))
    return Leak(secret.strip(), client_id.strip()) if isinstance(secret, str) and isinstance(client_id, str) else None
