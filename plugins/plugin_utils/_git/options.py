# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options and the environment to where git pushes, and how it proves who we are. Private to this collection."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git.command import GitAccess

_FILES = ("ssh_key_file", "ssh_known_hosts_file")
_PLACE = ("remote", "branch", "author_name", "author_email")
_NAMES = (*_PLACE, "username", "token", *_FILES)
_TIMEOUT = 60.0


def _said(value: Any) -> str:
    """Return a text, empty where it is nothing but blanks."""
    return str(value) if value and str(value).strip() else ""


def git_options(options: Mapping[str, Any], environment: Mapping[str, str], path: Callable[[str], str]) -> tuple[dict[str, Any], GitAccess]:
    """Return remote, branch and author of an order, and the access.

    Args:
        options: those of GIT_ARGUMENTS; empty ones come from ``LATCHKEY_GIT_...``.
        environment: environment variables.
        path: makes a path on the controller of what was written.

    Raises:
        OptionError: the timeout is no number of seconds.
    """
    timeout = options.get("timeout")
    timeout = _TIMEOUT if timeout is None else timeout
    if not 0 < timeout < math.inf:
        raise OptionError(f"timeout: '{timeout:g}' is not a number of seconds.", "It must be more than 0.")
    given = {name: _said(options.get(name)) or environment.get(f"LATCHKEY_GIT_{name.upper()}", "") for name in _NAMES}
    files = {name: os.path.abspath(path(given[name])) if given[name] else "" for name in _FILES}
    access = GitAccess(username=given["username"], token=given["token"], timeout=timeout, **files)
    return {name: given[name] for name in _PLACE}, access
