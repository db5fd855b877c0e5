# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options that every module shares to one checked description of where to connect and as whom.

Options win over the environment. Private to this collection. No Ansible object, no HTTP.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ._common.booleans import as_boolean
from ._common.endpoint import Endpoint
from ._common.errors import OptionError
from ._common.secrets import quoted

# Authentication method -> the options that belong to it, all of which it needs
_METHODS = {
    "token": ("token",),
    "password": ("username", "password"),
    "client": ("client_id", "client_secret"),
    "file": ("service_account_file",),
}
# Platform -> (its name for people, environment prefix, default port, authentication methods that its API knows)
_PLATFORMS: dict[str, tuple[str, str, int, tuple[str, ...]]] = {
    "qumulo": ("Qumulo Core", "QUMULO", 8000, ("token", "password")),
    "rubrik_cdm": ("Rubrik CDM", "RUBRIK_CDM", 443, ("token", "client", "file", "password")),
    "rubrik_rsc": ("Rubrik Security Cloud", "RUBRIK_RSC", 443, ("token", "client", "file")),
}
PLATFORMS = tuple(_PLATFORMS)
API_TOKEN_PLATFORMS = ("rubrik_cdm",)  # whose users have API tokens beside access tokens
# Platforms whose service account files say where the platform is: Rubrik's clients cut the last part off access_token_uri.
_NAMED_BY_FILE = ("rubrik_rsc",)
_STRIPPED = ("client_id", "client_secret")  # have no blanks around them; a password may have
# Belong to the password, and are never enough alone.
_SECOND_FACTORS = ("totp_code", "totp_secret")
_OPTIONS = {**_METHODS, "password": (*_METHODS["password"], *_SECOND_FACTORS)}  # all that belong to each way
_DEFAULT_TIMEOUT = 30


@dataclass(frozen=True)
class Auth:
    """How to prove who calls. Exactly one of token, username with password, client_id with client_secret is set."""

    token: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    totp_code: str | None = field(default=None, repr=False)
    totp_secret: str | None = field(default=None, repr=False)
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    token_uri: str | None = None  # where a service account file says that its tokens are had

    def secrets(self) -> list[str]:
        """Return what must never be shown."""
        return [value for value in (self.token, self.password, self.totp_code, self.totp_secret, self.client_secret) if value]

    def names(self) -> set[str]:
        """Return what is no secret, although a secret may be the same."""
        return {value for value in (self.username, self.client_id) if value}


@dataclass(frozen=True)
class Connection:
    """Where to connect, how, and as whom; timeout in seconds, and None for any number of requests at a time."""

    platform: str
    endpoint: Endpoint
    auth: Auth
    validate_certs: bool = True
    ca_path: str | None = None
    timeout: float = _DEFAULT_TIMEOUT
    max_parallel_requests: int | None = None
    organization_id: str | None = None


def _is_text(value: str) -> bool:
    """Tell whether a string can be encoded; bytes of the environment that are no UTF-8 come as halves of surrogate pairs."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def resolve_connection(options: Mapping[str, Any], environment: Mapping[str, str]) -> Connection:
    """Check the shared options and fill the unset ones from the environment.

    Args:
        options: a module's options; those that are None or missing count as unset. An empty one of a way to authenticate counts as unset
            where others name another way, and never lets the environment in.
        environment: environment variables, such as ``QUMULO_ENDPOINT`` and ``RUBRIK_CDM_CLIENT_ID``; empty ones count as unset.

    Raises:
        OptionError: something is missing, empty, malformed or contradicts something else; raised before any request.
    """
    platform = options.get("platform")
    if platform not in _PLATFORMS:
        wrong = "it is missing" if platform is None else f"'{platform}' is not known"
        raise OptionError(f"platform: {wrong}.", f"Set it to one of {', '.join(PLATFORMS)}.", option="platform")
    title, prefix, port, methods = _PLATFORMS[platform]
    _refuse_empty(options, f"{prefix}_", methods)

    def setting(name: str) -> Any:
        value = options.get(name)
        if _is_blank(value) and name in _SECOND_FACTORS:
            return None  # set to nothing, which is not left to the environment
        if value is None or _is_blank(value):
            value = environment.get(f"{prefix}_{name.upper()}")
            value = None if _is_blank(value) else value
        if isinstance(value, str) and not _is_text(value):
            raise OptionError(
                f"{name}: it is not text that can be sent, since it has half a character in it.", "Write it in UTF-8.", option=name
            )
        return value

    endpoint = setting("endpoint")
    auth = _resolve_auth(title, options, setting, f"{prefix}_", methods)
    if endpoint is None and platform in _NAMED_BY_FILE and auth.token_uri:
        endpoint = auth.token_uri.rpartition("/")[0]
    if endpoint is None:
        raise OptionError(
            f"endpoint is missing: where is the API of {title}?",
            f"Set the option, or {prefix}_ENDPOINT in the environment.",
            option="endpoint",
        )
    return Connection(
        platform=platform,
        endpoint=Endpoint.parse(endpoint, port),
        auth=auth,
        validate_certs=_verifies(options, setting),
        ca_path=_expanded(setting("ca_path")),
        timeout=_seconds(setting("timeout")),
        max_parallel_requests=_count(setting("max_parallel_requests"), "max_parallel_requests"),
        organization_id=setting("organization_id"),
    )


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _refuse_empty(options: Mapping[str, Any], prefix: str, methods: tuple[str, ...]) -> None:
    """Refuse options that are set to nothing: a credential that is meant and not there must not become the environment's.

    Empty ones of a way to authenticate are let through where others name another way, and so are empty second factors beside a password.
    """
    if _is_blank(options.get("endpoint")):
        raise OptionError(
            "endpoint: it is empty.",
            "Set it to where the platform's API is, as a host, host:port or URL, for example cluster.example.com:8000; "
            f"or leave it out to take {prefix}ENDPOINT from the environment.",
            option="endpoint",
        )
    given = {method for method in methods if any(options.get(name) and not _is_blank(options[name]) for name in _METHODS[method])}
    for method, group in _OPTIONS.items():
        needed = [] if given - {method} else list(group) if not given else list(_METHODS[method])
        empty = next((name for name in needed if _is_blank(options.get(name))), None)
        if empty and method in methods:
            raise OptionError(
                f"{empty}: it is empty.",
                f"Give it a value, or leave it out to take {prefix}{empty.upper()} from the environment.",
                option=empty,
            )
        if empty:
            raise OptionError(f"{empty}: it is empty.", "Leave it out.", option=empty)


def _verifies(options: Mapping[str, Any], setting: Any) -> bool:
    """Tell whether to verify certificates: what the task says, and where it says only which ones to trust, it means to verify."""
    if options.get("validate_certs") is None and options.get("ca_path") and not _is_blank(options["ca_path"]):
        return True
    return _boolean(setting("validate_certs"), "validate_certs")


def _expanded(path: Any) -> Any:
    """Return a path with ~ and variables in it expanded, as Ansible does for options that are paths, and not for the environment."""
    return os.path.expanduser(os.path.expandvars(path)) if isinstance(path, str) else path


def _resolve_auth(title: str, options: Mapping[str, Any], setting: Any, prefix: str, methods: tuple[str, ...]) -> Auth:
    """Choose the one way that was asked for; options decide, and the environment is asked only for what they leave open."""
    names = {method: _METHODS[method] for method in methods}
    options = {name: value for name, value in options.items() if value is not None and not _is_blank(value)}
    foreign = [name for method, group in _OPTIONS.items() if method not in methods for name in group if options.get(name)]
    ways = ", ".join(" + ".join(group) for group in names.values())
    if foreign:
        raise OptionError(f"{foreign[0]}: it is no authentication method of {title}.", f"Use one of: {ways}.", option=foreign[0])
    by_options = [method for method, group in names.items() if any(options.get(name) for name in group)]
    if any(options.get(factor) for factor in _SECOND_FACTORS) and not by_options:
        by_options = ["password"]
    chosen = by_options or [method for method, group in names.items() if any(setting(name) for name in group)]
    origin = "The options" if by_options else "The environment variables"
    if len(chosen) > 1:
        given = " and ".join(" + ".join(names[method]) for method in chosen)
        raise OptionError(f"{origin} set {len(chosen)} authentication methods: {given}.", "Set exactly one.")
    if not chosen:
        raise OptionError(
            f"No credentials for {title}.",
            f"Set one of: {ways}; as options or in the environment ({prefix}{names[methods[0]][0].upper()}, ...).",
        )
    values: dict[str, Any] = {name: _without_line_break(name, setting(name)) for name in names[chosen[0]]}
    missing = [name for name, value in values.items() if not value]
    if missing:
        there = [name for name in (*values, *_SECOND_FACTORS) if values.get(name) or options.get(name)]
        raise OptionError(
            f"{missing[0]} is missing: it goes with {' and '.join(there)}.",
            f"Set the option, or {prefix}{missing[0].upper()} in the environment.",
            option=missing[0],
        )
    if "service_account_file" in values:
        values = _read_service_account_file(values["service_account_file"])
        values |= {name: _without_line_break(name, values[name]) for name in _STRIPPED}
    if chosen == ["password"]:
        values |= {factor: setting(factor) for factor in _SECOND_FACTORS}
        if values["totp_code"] and values["totp_secret"]:
            raise OptionError("totp_code and totp_secret are both set.", "Leave one.")
    if "token" in values:
        values["token"] = checked_token(str(values["token"]), "token")
    return Auth(**values)


def _without_line_break(name: str, value: Any) -> Any:
    """Return the value of an option without the line break that one read from a file, or encrypted from a pipe, often brings along."""
    if not isinstance(value, str):
        return value
    return value.strip() if name in _STRIPPED else value.rstrip("\r\n") if name in ("username", "password") else value


def checked_token(token: str, option: str) -> str:
    """Return a bearer token without the blanks around it. Raises OptionError, which does not quote it, when it can be none."""
    stripped = str(token).strip()  # a token read from a file often brings its line break along
    if not stripped or not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        raise OptionError(
            f"{option}: it holds characters that no bearer token has.",
            "Check where it comes from; is it still encrypted?",
            option=option,
        )
    return stripped


def _read_service_account_file(path: str) -> dict[str, str | None]:
    """Return client_id, client_secret and token_uri from the JSON file that Rubrik Security Cloud lets one download."""
    if "{" in path or "\n" in path:
        raise OptionError(
            "service_account_file: it is the content of a file, not its path.",
            "Write the file, and name it here.",
            option="service_account_file",
        )
    path = str(_expanded(path))
    try:
        with open(path, encoding="utf-8-sig") as file:  # editors on Windows write a byte order mark
            content = json.load(file)
    except OSError as failure:
        raise OptionError(f"service_account_file: '{path}' cannot be read: {failure.strerror}.", option="service_account_file") from None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or not all(isinstance(content.get(name), str) for name in ("client_id", "client_secret")):
        raise OptionError(
            f"service_account_file: '{path}' is not a service account file.",
            "It must be JSON with client_id and client_secret.",
            option="service_account_file",
        )
    token_uri = content.get("access_token_uri")
    return {
        "client_id": content["client_id"],
        "client_secret": content["client_secret"],
        "token_uri": token_uri if isinstance(token_uri, str) else None,
    }


def _boolean(value: Any, option: str) -> bool:
    """Return a boolean of the environment's or of an option; true where it is not set."""
    found = as_boolean(True if value is None else value)
    if found is None:
        raise OptionError(f"{option}: {quoted(value)} is neither true nor false.", option=option)
    return found


def _seconds(value: Any) -> float:
    try:
        seconds = float(_DEFAULT_TIMEOUT if value is None else value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise OptionError(f"timeout: {quoted(value)} is not a number of seconds between 0 and 3600.", option="timeout")
    return seconds


def _count(value: Any, option: str) -> int | None:
    if value is None:
        return None
    try:
        number = int(str(value))
    except ValueError:
        number = 0
    if number < 1:
        raise OptionError(f"{option}: {quoted(value)} is not a number from 1 on.", "Leave it out for any number.", option=option)
    return number
