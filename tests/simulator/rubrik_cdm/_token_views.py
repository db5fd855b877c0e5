# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""internal/session (5.0 and later): log-ins with a second factor, API tokens, and the list of both."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from ._cluster import API_TOKEN, COOKIE, LOGIN, TOKEN_KINDS, iso
from ._errors import UNCONFIRMED, forbidden, refusal
from ._model import Attempt, Session, User, new_id
from ._requests import (
    authenticate,
    authenticate_login,
    bad_body,
    bad_query,
    body,
    changed,
    checked,
    cluster,
    listing,
    need,
    no_route,
    required,
    unknown,
)
from ._session_views import check_realm, known_user_id, session_user_id
from ._tokens import csrf_token, totp_counter

views = Blueprint("tokens", __name__)
PATH = "/api/internal/session"
DEFAULT_MINUTES, MAX_MINUTES = 60, 525600  # vendor's client
DEFAULT_TAG = "API Token"
ATTEMPT_SECONDS = 300


@views.before_request
def need_version() -> None:
    need("5.0")


# two-step verification


class _Challenge(Exception):
    """The log-in needs a code; holds the reply that says so."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__()
        self.answer = answer


def _challenge(user: User) -> _Challenge:
    core = cluster()
    now = core.clock.now()
    for attempt in [one for one in core.data.attempts.values() if one.expires <= now]:
        del core.data.attempts[attempt.id]
    attempt = Attempt(new_id(), user.id, now + ATTEMPT_SECONDS)
    core.data.attempts[attempt.id] = attempt
    changed()
    answer: dict[str, Any] = {"mfaResponse": {"attemptId": attempt.id}}
    if core.settings["challenge_session"] == "tokenless":
        answer["session"] = {"id": "", "organizationId": "", "userId": user.id}
    return _Challenge(answer)


def _check_code(user: User, params: Any) -> None:
    core = cluster()
    given = checked(params, attemptId=str, challengeSetId=str, challengeId=str, credValue=str)
    attempt = core.data.attempts.get(required(given, "attemptId"))
    code = required(given, "credValue")
    if required(given, "challengeId") != "rubrik-totp-auth":
        raise bad_body("no such challenge")
    # the client's clock goes on as ever, whatever the simulated one does
    now = core.clock.now() - core.clock.offset
    counter = totp_counter(user.totp_secret, code, now, core.settings.integer("totp_window"))
    used = f"{user.id} {counter}"
    reused = used in core.data.used_codes and core.settings["code_reuse"] == "refused"
    if attempt is None or attempt.user != user.id or attempt.expires <= core.clock.now() or counter is None or reused:
        if core.settings["wrong_code"] == "challenge":
            raise _challenge(user)
        raise refusal(core.settings["wrong_code"], UNCONFIRMED + "the code is wrong")
    del core.data.attempts[attempt.id]
    core.data.used_codes = [*core.data.used_codes[-20:], used]
    changed()


def _who_opens(given: dict[str, Any], wants_token: bool) -> tuple[str, str | None]:
    """Return who logs in, or is logged in, and the organization that their present session is bound to."""
    core = cluster()
    presented = core.presented()
    if presented.kind == "basic":
        user = core.data.users[str(presented.user)]
        if core.has_totp(user):
            if "mfaParams" not in given:
                raise _challenge(user)
            _check_code(user, given["mfaParams"])
        return user.id, None
    accounts_too = wants_token and core.settings["account_makes_tokens"] == "accepted"
    caller = authenticate_login(admin=False, blocked=(API_TOKEN,) if accounts_too else TOKEN_KINDS)
    return caller.user, caller.organization


# API tokens


def _minutes(given: dict[str, Any]) -> int:
    minutes: int = given.get("expiration", DEFAULT_MINUTES)
    if 1 <= minutes <= MAX_MINUTES:
        return minutes
    mode = cluster().settings["expiration_out_of_range"]
    if mode == "clamped":
        return min(max(minutes, 1), MAX_MINUTES)
    raise refusal(mode, UNCONFIRMED + f"expiration must be between 1 and {MAX_MINUTES}")


def _tag(given: dict[str, Any]) -> str:
    tag: str = given.get("tag", DEFAULT_TAG)
    limit, mode = cluster().settings.integer("tag_limit"), cluster().settings["tag_too_long"]
    if len(tag) > limit and mode != "truncated":
        raise refusal(mode, UNCONFIRMED + f"tag must not be longer than {limit} characters")
    return tag[:limit]


@views.post(PATH)
def create() -> ResponseReturnValue:
    core = cluster()
    given = body(initParams=dict, mfaParams=dict)
    # a null organizationId is refused (vendor's client)
    init = checked(required(given, "initParams"), apiToken=dict, organizationId=str)
    token = checked(init["apiToken"], expiration=int, tag=str) if "apiToken" in init else None
    try:
        user, bound_to = _who_opens(given, token is not None)
    except _Challenge as challenge:
        return jsonify(challenge.answer), core.settings.integer("challenge_status")
    organization = core.organization_for(user, init.get("organizationId", bound_to))
    if token is None:
        session = core.open_session(user, LOGIN, core.idle_seconds(), organization)
        session.by_cookie = core.settings["csrf"] == "required"
    else:
        if core.since("9.5.1"):
            raise refusal(core.settings["removed"], UNCONFIRMED + "API tokens are no longer supported")
        minutes, tag = _minutes(token), _tag(token)
        session = core.open_session(user, API_TOKEN, 60.0 * minutes, organization, tag)
    described = {"id": session.id, "organizationId": organization, "token": session.token, "userId": session_user_id(session)}
    if token is not None and core.settings["token_reply"] == "full":
        described |= {"expirationTime": iso(session.expires), "tag": str(session.tag)}
    response = jsonify(session=described)
    if token is None and core.settings["csrf"] != "absent":
        response = jsonify(session=described | {"csrfToken": csrf_token(session.token)})
        response.set_cookie(COOKIE, session.token, secure=True, httponly=True)
    return response


@views.post(PATH + "/realm/<name>")
def create_in_realm(name: str) -> ResponseReturnValue:
    check_realm(name)
    return create()


# the list


def _json(session: Session) -> dict[str, Any]:
    settings = cluster().settings
    types = {LOGIN: "Web", API_TOKEN: settings["session_type_api_token"]}
    # A client reads the tag of every session.
    answer: dict[str, Any] = {"id": session.id, "userId": session_user_id(session), "organizationId": session.organization}
    answer["tag"] = session.tag
    if settings["list_keys"] == "minimal":
        return answer
    answer |= {
        "sessionType": types.get(session.kind, settings["session_type_account"]),
        "creationTime": iso(session.created),
        "expirationTime": iso(session.expires),
    }
    usage = settings["list_last_usage"]
    if session.last_used is not None or usage == "creation":
        answer["lastUsageTime"] = iso(session.last_used or session.created)
    elif usage == "null":
        answer["lastUsageTime"] = None
    return answer


@views.get(PATH)
def list_sessions() -> ResponseReturnValue:
    core = cluster()
    if core.settings["session_list"] == "gone_in_9_4" and core.since("9.4"):
        raise no_route()
    caller = authenticate()
    if not request.args.get("user_id"):
        raise bad_query("user_id")
    user = known_user_id(request.args["user_id"])
    if user != caller.user and not caller.is_admin:
        raise forbidden()
    known = user in core.data.users or user in core.data.accounts or user == ""
    if not known and core.settings["unknown_user_sessions"] == "404":
        raise unknown("user")
    kept = core.settings["list_expired"] == "kept"
    sessions = [one for one in core.data.sessions.values() if one.user == user and (kept or core.state_of(one) == "live")]
    return jsonify(listing(sessions, _json, paged=False))
