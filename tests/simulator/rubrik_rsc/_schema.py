# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The GraphQL schema of a given date, made from the newest one."""

from __future__ import annotations

import re
import uuid
from functools import cache
from pathlib import Path
from typing import Any

from graphql import GraphQLScalarType, GraphQLSchema, build_schema

NEWEST = "2026-10-12"
_FILE = Path(__file__).with_name("schema.graphql")

# (date, type, field): missing before that date
# The first ones' dates are in the vendor's schema changelog. The next ones were not there in 2022-09, and their date is a guess; the last
# ones are in the whole schema of 2023-04-13, and not in that of 2022-09-05.
FIELDS: tuple[tuple[str, str, str], ...] = (
    ("2026-06-15", "RotateServiceAccountSecretReply", "suspendedTprPolicyIds"),
    ("2026-06-15", "User", "patId"),
    ("2026-05-25", "ServiceAccountClient", "isSuspended"),
    ("2024-01-01", "Query", "allPendingActions"),
    ("2024-01-01", "ServiceAccount", "integrationId"),
    ("2024-01-01", "ServiceAccount", "integrationName"),
    ("2023-04-13", "Query", "currentUserLoginContext"),
    ("2023-04-13", "Mutation", "createOrgSwitchSession"),
)
# (date, new name, old name): other names before that date, which is a guess between 2022-09 and 2026-10
NAMES: tuple[tuple[str, str, str], ...] = (
    ("2024-01-01", "groupIds", "adGroupIds"),
    ("2024-01-01", "SortOrder", "SortOrderEnum"),
)


def _uuid(value: Any) -> str:
    return str(uuid.UUID(value))


def _long(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise ValueError("Long must be a whole number of 64 bits")
    return value


def sdl(date: str) -> str:
    """Return the schema's text as of a date, ISO 8601."""
    text = _FILE.read_text(encoding="utf-8")
    for since, type_name, field in FIELDS:
        if date < since:
            text, found = re.subn(rf"(?m)(^type {type_name} \{{[^}}]*?)^  {field}(?:\(.*\))?: .*\n", r"\1", text)
            assert found == 1, field
    for since, new, old in NAMES:
        if date < since:
            text = re.sub(rf"\b{new}\b", old, text)
    return text


@cache
def schema_of(date: str) -> GraphQLSchema:
    """Return the schema as of a date, its scalars checked as the server checks them."""
    schema = build_schema(sdl(date))
    for name, parse in (("UUID", _uuid), ("Long", _long)):
        scalar = schema.type_map[name]
        assert isinstance(scalar, GraphQLScalarType)
        scalar.parse_value = parse  # type: ignore[method-assign]
    return schema
