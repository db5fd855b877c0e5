# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Rubrik Security Cloud says no, and what to do about it. Private to this collection. Pure functions.

There are four shapes (vendor docs, vendor's Go client): the gateway's JSON with HTTP 401 and gRPC's code 16, a service's JSON
``{"code", "message"}``, GraphQL's ``errors`` at HTTP 200 with an integer ``extensions.code``, and the bare status of a proxy. A
document that fails validation is told by a service's JSON with code 400, at HTTP 400 or 200.
"""

from __future__ import annotations

import re
from typing import Any, TypeGuard

from ..._common.errors import AnswerError, RequestError
from ..._http.client import Answer
from .queries import GraphqlDocument

# The vendor's Go client repeats these. They are told before anything is done.
_FOR_NOW = (
    "Error checking account flags to determine access. Please try again.",
    "UNAVAILABLE: Connection closed while performing TLS negotiation",
)
_EXPIRED = "TIME_CONSTRAINT_FAILURE"
# What a refusal speaks of -> what to do. Only the words of the first and of the wrong secret are known.
_HINTS = (
    (
        "cannot process audit object",  # how a client of a Rubrik employee tells blocked addresses
        "The address that this runs from is not on the IP allow list of Rubrik Security Cloud: add it there, or run from one that is.",
    ),
    (
        r"(concurrent|too many|limit)[^.]*\bsessions?\b|\bsessions?\b[^.]*(limit|exceed|too many)",
        "The account has as many sessions as the tenant allows: end one with session_revoke and target=self, or raise the limit.",
    ),
)
_LOGIN_HINTS = (
    *_HINTS,
    ("incorrect client secret", "The client secret is wrong, or a rotation replaced it: use the newest one."),
    (
        "invalid client",
        "There is no such service account: check client_id, which begins with client|, and whether the account was deleted.",
    ),
    (r"\bdisabled\b", "Service accounts are disabled in this organisation: an administrator can enable them again."),
    (r"\broles?\b|insufficient permission", "The account has no role, and without one it cannot log in: give it one with service_account."),
    (r"\blocked\b", "Too many logins failed: wait until the account is unlocked, then use the newest client secret."),
)
_LOGIN_USUAL = (
    "Check client_id, which begins with client|, and client_secret. Logins are also refused to accounts without roles, from addresses "
    "that are not on the IP allow list, and where the organisation has disabled service accounts."
)


def vendor_words(value: Any) -> str:
    """Return the messages of an error body of any shape."""
    if not isinstance(value, dict):
        return ""
    errors = value.get("errors")
    told = [*(errors if isinstance(errors, list) else ()), value]
    return "; ".join(one["message"] for one in told if isinstance(one, dict) and isinstance(one.get("message"), str) and one["message"])


def told_code(value: Any) -> int | None:
    """Return the code of the refusal that a body tells whatever the HTTP status, 500 where it tells none; None for a success."""
    if not isinstance(value, dict):
        return None
    if value.get("errors"):
        return _error_code(value["errors"][0] if isinstance(value["errors"], list) else None, 500)
    code = value.get("code")
    return code if _is_code(code) and "data" not in value else None


def _error_code(error: Any, usual: int) -> int:
    """Return the code of one of GraphQL's errors, or the usual one where it tells none."""
    extensions = error.get("extensions") if isinstance(error, dict) else None
    code = extensions.get("code") if isinstance(extensions, dict) else None
    return code if _is_code(code) else usual


def _is_code(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def refusal_code(answer: Answer) -> int | None:
    """Return the HTTP status or the body's code of a refusal; None for a success. Raises AnswerError for a success without JSON."""
    return answer.status if answer.status >= 400 else told_code(answer.json_object())


def refused_for_now(answer: Answer, document: GraphqlDocument) -> bool:
    """Tell whether this refusal came before anything was done and passes when the request is repeated."""
    done = document.changes and root_value(answer, document) is not None
    return answer.words().startswith(_FOR_NOW) and not done and not _failed_inside(answer)


def root_value(answer: Answer, document: GraphqlDocument) -> Any:
    """Return what the body of a refusal tells of the document's root field; None where it tells nothing."""
    data = _body(answer).get("data")
    return data.get(document.field) if isinstance(data, dict) else None


def is_usable(value: Any, document: GraphqlDocument) -> bool:
    """Tell whether the value of the root field must be used although errors came with it: it has a secret that cannot be had again.

    An error below the root field leaves the rest of the reply as it is. Only what creates a secret is judged so: what was read can be
    read again.
    """
    secret = value.get(document.told_once) if document.told_once and isinstance(value, dict) else None
    return isinstance(secret, str) and bool(secret)


def may_have_acted(answer: Answer, code: int, document: GraphqlDocument) -> bool:
    """Tell whether a refused document may have changed what it was to change.

    Args:
        answer: what came.
        code: as refusal_code told it.
        document: what was sent.
    """
    if not document.changes:
        return False
    codes = [code, *(_error_code(error, answer.status if answer.status >= 400 else 500) for error in _errors(answer))]
    return max(codes) >= 500 or _failed_inside(answer) or root_value(answer, document) is not None


def _failed_inside(answer: Answer) -> bool:
    """Tell whether a field below the root field failed, so that what was asked for may have been done."""
    paths = [error.get("path") for error in _errors(answer) if isinstance(error, dict)]
    return any(isinstance(path, list) and len(path) > 1 for path in paths)


def _errors(answer: Answer) -> list[Any]:
    errors = _body(answer).get("errors")
    return errors if isinstance(errors, list) else []


def _body(answer: Answer) -> dict[str, Any]:
    """Return the JSON object that a body is; an empty one where it is none."""
    try:
        return answer.json_object()
    except AnswerError:
        return {}


def is_schema_gap(code: int, words: str) -> bool:
    """Tell whether a refusal says that the tenant's schema has not all that was asked for."""
    return code == 400 and ("[QueryAnalysisError]" in words or "does not pass validation" in words)


def call_refusal(answer: Answer, code: int, document: GraphqlDocument, hint: str) -> RequestError:
    """Return the error for a refused GraphQL request.

    Args:
        answer: what came.
        code: as refusal_code told it.
        document: what was sent.
        hint: what to do when none of the usual causes shows.
    """
    words = answer.words()
    advice: str | None = hint or None
    if is_schema_gap(code, words):
        advice = "The schema of this tenant is older or newer than what this collection knows: look for another release of the collection."
    elif words.startswith(_FOR_NOW):
        advice = "This passes: run again later."
    elif known := _hint(words, _HINTS):
        advice = known
    elif code == 401:
        ended = "has expired" if _EXPIRED in words else "was revoked, has ended, or is of another tenant"
        advice = f"The token {ended}: create a new one with access_token, or authenticate with client_id and client_secret."
    elif code == 403 and document.right:
        advice = f"The calling account needs a role with the right {document.right}."
    return answer.refusal(code, words, advice, may_have_acted=may_have_acted(answer, code, document))


def login_refusal(answer: Answer, code: int) -> RequestError:
    """Return the error for a refused login; code is as refusal_code told it."""
    words = answer.words()
    known = _hint(words, _LOGIN_HINTS)
    return answer.refusal(code, words, known or _LOGIN_USUAL, may_have_acted=code >= 500 and not known)


def _hint(words: str, hints: tuple[tuple[str, str], ...]) -> str | None:
    return next((hint for pattern, hint in hints if re.search(pattern, words, re.IGNORECASE)), None)
