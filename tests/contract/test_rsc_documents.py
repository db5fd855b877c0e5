# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every GraphQL document that the collection can send, validated against the vendor's schema of several dates."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from graphql import FieldNode, OperationDefinitionNode, parse, validate

from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.rubrik_rsc import queries as rubrik_rsc_queries
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.rubrik_rsc.queries import DOCUMENTS, GraphqlDocument
from tests.simulator.rubrik_rsc import RUBRIK_RSC
from tests.simulator.rubrik_rsc._rights import needed
from tests.simulator.rubrik_rsc._schema import FIELDS, NAMES, NEWEST, schema_of

DATES = sorted(
    {NEWEST, *(date for date in RUBRIK_RSC.settings["schema"].choices if date != "version"), *(row[0] for row in (*FIELDS, *NAMES))}
)
# What older schemas lack; each must have a fallback that they know, except where they have nothing like it.
SINCE = {"ROTATE": "2026-06-15", "CALLER": "2023-04-13", "SWITCH_ORGANIZATION": "2023-04-13", "SECRET_SYNCS": "2024-01-01"}
WITHOUT_FALLBACK = {"SWITCH_ORGANIZATION", "SECRET_SYNCS"}


def document(name: str) -> GraphqlDocument:
    found = getattr(rubrik_rsc_queries, name)
    assert isinstance(found, GraphqlDocument)
    return found


@pytest.mark.parametrize("date", DATES)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_valid(name: str, date: str) -> None:
    problems = [problem.message for problem in validate(schema_of(date), parse(DOCUMENTS[name]))]
    if date >= SINCE.get(name, ""):
        assert problems == []
        return
    assert problems
    if name in WITHOUT_FALLBACK:
        return
    fallback = document(name).fallback
    assert fallback is not None
    assert validate(schema_of(date), parse(fallback.text)) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_one_root_field_that_the_operation_is_named_after(name: str) -> None:
    sent = document(name)
    (operation,) = parse(DOCUMENTS[name]).definitions
    assert isinstance(operation, OperationDefinitionNode)
    assert operation.name is not None
    *beside, root = operation.selection_set.selections
    assert [one.name.value for one in beside if isinstance(one, FieldNode)] == ["deploymentVersion"] * len(beside)
    assert len(beside) == (name == "SECRETS")
    assert isinstance(root, FieldNode)
    assert (operation.name.value, root.name.value, root.alias) == (sent.field, sent.field, None)
    assert sent.changes == (operation.operation.value == "mutation")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_right_is_the_one_that_the_account_asks_for(name: str) -> None:
    sent = document(name)
    old = needed(sent.field, "2022-09-01")
    new = needed(sent.field, NEWEST)
    assert sent.right.split(" ")[0] == (new or "")
    assert old == new or name == "ROTATE" or (old or "") in sent.right


@pytest.mark.parametrize("name", sorted(SINCE.keys() - WITHOUT_FALLBACK))
def test_a_fallback_asks_for_less_of_the_same(name: str) -> None:
    sent = document(name)
    fallback = sent.fallback
    assert fallback is not None
    assert (fallback.changes, fallback.fallback) == (sent.changes, None)
    assert fallback.field == sent.field or not sent.changes
    assert set(fallback.text.split()) - {fallback.field} < set(sent.text.split())


def test_no_document_is_anywhere_else() -> None:
    """Only the file of the documents may hold GraphQL."""
    folder = Path(rubrik_rsc_queries.__file__).parents[1]
    for path in folder.rglob("*.py"):
        if path == Path(rubrik_rsc_queries.__file__):
            continue
        texts = [node.value for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Constant)]
        assert not [text for text in texts if isinstance(text, str) and text.lstrip().startswith(("query ", "mutation ", "{ "))], path
