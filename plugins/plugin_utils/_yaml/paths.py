# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of values inside of others: with dots, as the user writes them. Private to this collection."""

from __future__ import annotations

import re

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.render import Path


def parse_path(name: str) -> Path:
    """Split a dotted name; a backslash before a dot or a backslash makes it an ordinary character."""
    segments = [re.sub(r"\\([.\\])", r"\1", part) for part in re.findall(r"(?:^|\.)((?:\\[.\\]|[^.])*)", name)]
    if not name or "" in segments:
        raise VarsFileError(f"The variable name {name!r} has an empty part.", "Write names as in: user.keys.0.token.")
    return tuple(segments)


def format_path(path: Path) -> str:
    """The dotted name of a path."""
    return ".".join(re.sub(r"\\(?=[.\\]|$)|\.", r"\\\g<0>", segment) for segment in path)
