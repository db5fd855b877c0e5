# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a credential can look like. Private to this collection. Pure functions.

A new credential is stored in vars files, where Ansible templates text: what could be a template is no credential,
even when a platform issued it.
"""

from __future__ import annotations

import re

_TEMPLATE = re.compile(r"\{[{%#]")


def is_template(text: str) -> bool:
    """Tell whether Ansible would evaluate a text, on any version, where it trusts it."""
    return bool(_TEMPLATE.search(text))


def is_secret(text: str) -> bool:
    """Tell whether a text can be a client secret: characters on one line, not a template (RFC 6749, appendix A.2, allows no others)."""
    return bool(text) and text.isprintable() and not is_template(text)


def is_bearer(text: str) -> bool:
    """Tell whether a text can be a bearer token, which goes into a header."""
    return is_secret(text) and text.isascii() and " " not in text
