# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GraphQL: every request is validated against the schema, then its root fields run one after the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLResolveInfo,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    execute_sync,
    parse,
    validate,
)

from . import _account_fields, _caller_fields, _role_fields
from ._errors import FieldError, ServiceError, graphql_error
from ._tenant import Caller, Tenant, tenant

views = Blueprint("graphql", __name__)
PATH = "/api/graphql"
FIELDS = {**_account_fields.FIELDS, **_role_fields.FIELDS, **_caller_fields.FIELDS}


def _body() -> dict[str, Any]:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    chosen = [one for one in operations if not name or (one.name is not None and one.name.value == name)]
    return chosen[0] if len(chosen) == 1 else None


def _names(document: DocumentNode, selection: SelectionSetNode, seen: frozenset[str]) -> list[str]:
    names: list[str] = []
    for node in selection.selections:
        if isinstance(node, FieldNode):
            names.append(node.name.value)
        elif isinstance(node, InlineFragmentNode):
            names += _names(document, node.selection_set, seen)
        elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
            for one in document.definitions:
                if isinstance(one, FragmentDefinitionNode) and one.name.value == node.name.value:
                    names += _names(document, one.selection_set, seen | {node.name.value})
    return names


def root_fields() -> list[str] | None:
    """Return the names of the fields that the current GraphQL request asks for at the top, or None when it cannot be read."""
    body = _body()
    try:
        document = parse(body.get("query") or "")
    except (GraphQLError, TypeError):
        return None
    operation = _operation(document, body.get("operationName"))
    return None if operation is None else _names(document, operation.selection_set, frozenset())


def _invalid(core: Tenant, problems: list[GraphQLError]) -> ServiceError:
    text = "; ".join(problem.message for problem in problems)
    message = f"[QueryAnalysisError] Query does not pass validation. Violations: {text}"
    return ServiceError(400, message, core.settings.integer("validation_status"))


def _root(core: Tenant, caller: Caller) -> dict[str, Callable[..., Any]]:
    """Return what resolves each root field: the right is checked, then the field's own function runs."""

    def resolver(name: str) -> Callable[..., Any]:
        def resolve(_info: GraphQLResolveInfo, **arguments: Any) -> Any:
            core.check_right(caller, name)
            return FIELDS[name](core, caller, arguments)

        return resolve

    return {name: resolver(name) for name in FIELDS}


def _failed(error: FieldError) -> ResponseReturnValue:
    return jsonify(data=None, errors=[graphql_error(GraphQLError(str(error), original_error=error))])


@views.post(PATH)
def graphql() -> ResponseReturnValue:
    core = tenant()
    try:
        caller = core.caller()
    except FieldError as error:
        return _failed(error)
    body = _body()
    query, variables, name = body.get("query"), body.get("variables"), body.get("operationName")
    if not isinstance(query, str) or not isinstance(variables, dict | None) or not isinstance(name, str | None):
        raise ServiceError(400, "[QueryAnalysisError] the body has no query that can be read", core.settings.integer("validation_status"))
    try:
        document = parse(query)
    except GraphQLError as error:
        raise _invalid(core, [error]) from error
    problems = validate(core.schema, document)
    if problems:
        raise _invalid(core, problems)
    if core.flag_errors > 0:
        core.flag_errors -= 1
        return _failed(FieldError(403, "Error checking account flags to determine access. Please try again."))
    result = execute_sync(core.schema, document, _root(core, caller), variable_values=variables, operation_name=name or None)
    return _answer(core, result)


def _answer(core: Tenant, result: ExecutionResult) -> ResponseReturnValue:
    errors = result.errors or []
    # without a path it is about the request: variables of a wrong type, no such operation
    early = [error for error in errors if error.path is None]
    if early:
        raise _invalid(core, early)
    if errors:
        return jsonify(data=result.data, errors=[graphql_error(error) for error in errors])
    return jsonify(data=result.data)
