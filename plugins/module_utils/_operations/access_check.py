# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operation access_check: prove that a credential works, whose it is, and what it may do. Private to this collection."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from .._common.errors import AuthenticationError, CheckFailedError, ForbiddenError, NotFoundError, OptionError
from .._common.model import Caller
from .._common.query import Query
from .._platforms.base import Platform, Probed
from .execute import Operation, Outcome, Task

_READING = ("GET", "HEAD")
_OTHER = "Check which credential the task authenticates with, and what is expected of it."


def mismatch(caller: Caller, named: bool, expected: str, expect_account_id: str | None, expect_token_id: str | None) -> str:
    """Return what about the caller is not as expected, as a sentence; empty when all is.

    Args:
        caller: whom the platform takes us for.
        named: whether the caller is the account that was expected by name.
        expected: that name.
        expect_account_id, expect_token_id: the ids expected; None means any.
    """
    if not named:
        return f"The credential is of {caller.account}, not of {expected}."
    if expect_account_id and expect_account_id != caller.account.id:
        return f"The credential is of {caller.account}, not of the account with id {expect_account_id}."
    if expect_token_id and expect_token_id != caller.token_id:
        told = f"it is {caller.token_id}" if caller.token_id else "the platform tells no id for it"
        return f"The credential is not the token {expect_token_id}: {told}."
    return ""


def judge(probe: dict[str, Any], expression: Query | None, probed: Probed) -> str:
    """Return what about a probe's answer is not as expected, as a sentence; empty when all is."""
    what = f"{probe['method']} {probe['path']}"
    wanted = probe["status"] or [200]
    if probed.status not in wanted:
        return f"{what} was answered with HTTP {probed.status} instead of {' or '.join(map(str, wanted))}."
    if expression and _is_nothing(expression.search(probed.body)):
        return f"{what}: what came back is not as expected by '{expression.expression}'."
    return ""


def _advice(probed: Probed) -> str:
    """Return what to do about a probe that was not answered as expected."""
    if probed.means(AuthenticationError):
        return "The credential is refused there: replace it, or check that the path takes credentials of this kind."
    if probed.means(ForbiddenError):
        return "Ask an administrator to give the account the right for that, or probe something that it may do."
    if probed.means(NotFoundError):
        return "Check the path of the probe, and that the platform's version has it."
    return "Check the probe's status and expect, and what the platform answers to it."


def _is_nothing(found: Any) -> bool:
    """Tell whether an expression found nothing, as JMESPath has it: a number is something, 0 too."""
    return found is None or found is False or (isinstance(found, (str, list, dict)) and not found)


def read_probes(probes: list[dict[str, Any]], option: str = "probes") -> list[Query | None]:
    """Return what is expected of each probe's answer. Raises OptionError, with the name of the option, where a probe is malformed."""
    for probe in probes:
        if probe.get("expect") is not None and not probe["expect"].strip():
            raise OptionError(f"{option}: expect is empty.", "Leave it out where only the status counts.")
        if not probe["path"].startswith("/") or probe["path"].startswith("//"):
            raise OptionError(
                f"{option}: path '{probe['path']}' does not begin with one slash.",
                "Begin it with one, without the host, for example /v1/version.",
            )
    return [Query(probe["expect"], f"{option}: expect") if probe.get("expect") else None for probe in probes]


def run(platform: Platform, task: Task) -> Outcome:
    """Check the credential that the task authenticates with; changes nothing.

    Raises:
        CheckFailedError: it is another account's, another token, or a probe was not answered as expected.
        OptionError: an option is empty or a probe is malformed; raised before any request.
    """
    options = task.options
    probes = options.get("probes") or []
    expressions = _checked_probes(platform, probes)
    caller = _checked_caller(platform, options.get("expect_account"), options.get("expect_account_id"), options.get("expect_token_id"))
    roles = platform.caller_roles()
    results = _send_probes(platform, caller, probes, expressions, task.check_mode)
    return Outcome(
        values={
            "account": caller.account.name,
            "account_id": caller.account.id,
            "token_id": caller.token_id,
            "roles": sorted(roles) if roles is not None else None,
            "privileges": list(caller.privileges) if caller.privileges is not None else None,
            "probes": results,
        }
    )


def check(
    platform: Platform,
    *,
    expected: str | None,
    account_id: str | None,
    token_id: str | None,
    probes: list[dict[str, Any]],
    check_mode: bool,
    token_id_may_be_hidden: bool = False,
    bearer: str | None = None,
) -> tuple[Caller, list[dict[str, Any]]]:
    """Check the credential that the platform is spoken to with, without its roles; return the caller and what came of each probe.

    Args:
        platform: opened with that credential.
        expected: the account's name or id as the user wrote it; None for any.
        account_id, token_id: the ids expected; None for any.
        probes: requests that must be answered as expected, each with all keys of the option of that name.
        check_mode: True sends only those probes that read.
        token_id_may_be_hidden: whether a caller is accepted whose platform tells no id for the token, whatever token_id says.
        bearer: another token to check in place of that credential; then there may be no probes.

    Raises:
        CheckFailedError: it is another account's, another token, or a probe was not answered as expected.
        OptionError: a probe is malformed; raised before any request.
    """
    expressions = _checked_probes(platform, probes)
    caller = _checked_caller(platform, expected, account_id, token_id, token_id_may_be_hidden, bearer)
    return caller, _send_probes(platform, caller, probes, expressions, check_mode)


def _checked_probes(platform: Platform, probes: list[dict[str, Any]]) -> list[Query | None]:
    """Return what is expected of each probe's answer. Raises OptionError where they are malformed, or would prove nothing."""
    expressions = read_probes(probes)
    if probes and all(urlsplit(probe["path"]).path.rstrip("/") in platform.public_paths for probe in probes):
        raise OptionError(
            f"probes: {' and '.join(probe['path'] for probe in probes)} may be answered without a credential, so that proves nothing.",
            "Add a probe of something that needs the right which the credential shall have, or leave probes out.",
        )
    return expressions


def _checked_caller(
    platform: Platform,
    expected: str | None,
    account_id: str | None,
    token_id: str | None,
    token_id_may_be_hidden: bool = False,
    bearer: str | None = None,
) -> Caller:
    """Return the caller. Raises CheckFailedError where it is not the one expected; the arguments are those of check."""
    caller = platform.caller(bearer)
    named = not expected or platform.is_account(expected, caller.account)
    hidden = token_id_may_be_hidden and not caller.token_id
    wrong = mismatch(caller, named, expected or "", account_id, None if hidden else token_id)
    if wrong:
        raise CheckFailedError(f"{platform.title} at {platform.http.endpoint.url}: access check failed. {wrong}", _OTHER)
    return caller


def _send_probes(
    platform: Platform, caller: Caller, probes: list[dict[str, Any]], expressions: list[Query | None], check_mode: bool
) -> list[dict[str, Any]]:
    """Send the probes; return what came of each. Raises CheckFailedError at the first that was not answered as expected."""
    results: list[dict[str, Any]] = []
    for probe, expression in zip(probes, expressions, strict=True):
        if check_mode and probe["method"] not in _READING:
            results.append({"method": probe["method"], "path": probe["path"], "skipped": True})
            continue
        probed = platform.probe(probe["method"], probe["path"], probe.get("body") if probe["method"] == "POST" else None)
        wrong = judge(probe, expression, probed)
        if wrong:
            place = f"{platform.title} at {platform.http.endpoint.url}"
            raise CheckFailedError(f"{place}: access check failed for {caller.account}. {wrong}", _advice(probed))
        results.append({"method": probe["method"], "path": probe["path"], "status": probed.status})
    return results


ACCESS_CHECK = Operation(
    name="access_check",
    argument_spec={
        "expect_account": {"type": "str"},
        "expect_account_id": {"type": "str"},
        "expect_token_id": {"type": "str", "no_log": False},
        "probes": {
            "type": "list",
            "elements": "dict",
            "options": {
                "path": {"type": "str", "required": True},
                "method": {"type": "str", "choices": ["GET", "HEAD", "POST"], "default": "GET"},
                "body": {"type": "dict"},
                "status": {"type": "list", "elements": "int"},
                "expect": {"type": "str"},
            },
        },
    },
    run=run,
)
