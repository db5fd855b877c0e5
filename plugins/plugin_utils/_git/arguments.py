# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of an argument spec that says where git's remote is and how to prove who asks; git_options() reads it. Private."""

from __future__ import annotations

from typing import Any

GIT_ARGUMENTS: dict[str, Any] = {
    "remote": {"type": "str"},
    "branch": {"type": "str"},
    "message": {"type": "str"},
    "author_name": {"type": "str"},
    "author_email": {"type": "str"},
    "username": {"type": "str"},
    "token": {"type": "str", "no_log": True},
    "ssh_key_file": {"type": "path"},
    "ssh_known_hosts_file": {"type": "path"},
    "timeout": {"type": "float"},
}
