# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HashiCorp Vault, or OpenBao, by the library hvac: one secret of KV version 2, the log-in, and what each refusal means. Private.

Sources: https://developer.hashicorp.com/vault/api-docs (KV version 2, AppRole, JWT, sys/capabilities-self, sys/internal/ui/mounts),
https://developer.hashicorp.com/vault/docs/commands#environment-variables
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.secrets import remember
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import parse_duration
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.dictionary_option import DictionaryOption
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.hashicorp_vault import Newest, VaultStore
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.names import Keys
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_store import LostRaceError, StoreError

_OPTION = "rotate_hashicorp_vault"
_PORT = 8200
_TIMEOUT = 30.0
_TOKEN_FILE = "~/.vault-token"  # noqa: S105  (where the command vault keeps it)
_FROM_ENVIRONMENT = {
    "url": ("VAULT_ADDR",),
    "namespace": ("VAULT_NAMESPACE",),
    "ca_path": ("VAULT_CACERT", "VAULT_CAPATH"),
}
# The ways to log in, with the options of each; the first of each decides.
_WAYS = {
    "token": {"token": "VAULT_TOKEN"},
    "approle": {"role_id": "VAULT_ROLE_ID", "secret_id": "VAULT_SECRET_ID"},
    "jwt": {"jwt": "VAULT_ID_TOKEN", "role": "VAULT_AUTH_ROLE"},
}


@dataclass(frozen=True)
class VaultAccess:
    """Where Vault is, which secret, and how to log in.

    Attributes:
        url, namespace: of Vault; the latter may be empty.
        ca_path: the certificates to trust in place of the system's; may be empty.
        timeout: seconds to wait for an answer.
        mount, path: of the secret.
        way: ``token``, ``approle`` or ``jwt``.
        auth_mount: where that way is mounted.
        credentials: what that way needs, by the names of the options.
    """

    url: str
    mount: str
    path: str
    way: str
    namespace: str = ""
    ca_path: str = ""
    timeout: float = _TIMEOUT
    auth_mount: str = ""
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def where(self) -> str:
        """The secret, for people."""
        space = f", namespace {self.namespace}" if self.namespace else ""
        return f"Vault secret {self.mount}/{self.path} at {self.url}{space}"


def access_of(options: Mapping[str, Any], environment: Mapping[str, str], path: Callable[[str], str]) -> VaultAccess:
    """Return where the secret is, from an option's dictionary and, for what is not in it, the environment.

    Args:
        options: those of rotate_hashicorp_vault.
        environment: environment variables.
        path: makes a path on the controller of what was written.

    Raises:
        OptionError: one is missing or malformed, or there is no way to log in.
    """
    option = DictionaryOption(_OPTION, options, environment, _FROM_ENVIRONMENT)
    secret = option.texts.get("path", "").strip("/")
    if not secret:
        raise option.error("path is not set.", "Set it to the path of the secret below the mount, for example latchkey/token.")
    url = option.endpoint("url", _PORT, "Set it, for example to https://vault.example.com:8200.").url
    ca_path = option.ca_path(path)
    way, credentials = _way(option.texts, environment)
    remember(credentials.get("token"), credentials.get("secret_id"), credentials.get("jwt"))
    return VaultAccess(
        url=url,
        namespace=option.texts.get("namespace", "").strip("/"),
        ca_path=ca_path,
        timeout=option.timeout(_usual_timeout(environment)),
        mount=option.texts.get("mount", "secret").strip("/"),
        path=secret,
        way=way,
        auth_mount=option.texts.get("auth_mount", way).strip("/"),
        credentials=credentials,
    )


def _way(given: Mapping[str, str], environment: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return how to log in: as the options say, else as the environment does."""
    first = {way: next(iter(names)) for way, names in _WAYS.items()}
    ways = [way for way, name in first.items() if name in given]
    if len(ways) > 1:
        raise OptionError(f"{_OPTION}: {' and '.join(first[way] for way in ways)} are several ways to log in.", "Set one.")
    for way in ways or _WAYS:
        found = {name: given.get(name) or environment.get(variable, "") for name, variable in _WAYS[way].items()}
        if found[first[way]]:
            if way == "jwt" and not found["role"]:
                raise OptionError(f"{_OPTION}: jwt needs role, the role of the JWT auth method.", "Set role, or VAULT_AUTH_ROLE.")
            return way, found
    token = _token_of_the_command(environment)
    if not token:
        raise OptionError(
            f"{_OPTION}: there is no way to log in to Vault.",
            "Set token, role_id with secret_id, or jwt with role; or VAULT_TOKEN, VAULT_ROLE_ID with VAULT_SECRET_ID, or VAULT_ID_TOKEN "
            "with VAULT_AUTH_ROLE.",
        )
    return "token", {"token": token}


def _token_of_the_command(environment: Mapping[str, str]) -> str:
    """Return the token that ``vault login`` keeps; empty where there is none."""
    file = _TOKEN_FILE.replace("~", environment.get("HOME", "~"), 1)
    try:
        with open(os.path.expanduser(file), encoding="utf-8") as opened:
            return opened.read().strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _usual_timeout(environment: Mapping[str, str]) -> float:
    """Return the time-out in seconds where none is written."""
    text = environment.get("VAULT_CLIENT_TIMEOUT", "")
    return parse_duration(text, "VAULT_CLIENT_TIMEOUT").total_seconds() if text else _TIMEOUT


class HvacClient:
    """One secret of Vault; see hashicorp_vault.VaultClient."""

    def __init__(self, access: VaultAccess) -> None:
        self.where = access.where
        self._access = access
        try:
            import hvac
            import requests
        except ImportError:
            raise OptionError(
                "rotate_store: hashicorp_vault needs the Python library hvac, which Ansible's Python does not have.",
                "Install it on the controller, or into the execution environment: pip install hvac.",
            ) from None
        self._errors = hvac.exceptions
        self._network = requests.exceptions
        self._vault = hvac.Client(
            url=access.url,
            token=access.credentials.get("token", ""),
            namespace=access.namespace or None,
            verify=access.ca_path or True,
            timeout=access.timeout,
            allow_redirects=False,  # a token goes to the server that the user named, and to no other
        )
        self._logged_in = access.way == "token"

    # hashicorp_vault.VaultClient

    def newest(self) -> Newest:
        """See VaultClient."""
        access = self._access

        def read() -> Any:
            try:
                return self._vault.secrets.kv.v2.read_secret_version(
                    path=access.path, mount_point=access.mount, raise_on_deleted_version=False
                )
            except self._errors.InvalidPath as failure:
                if _words(failure):
                    raise
                return None

        answer = self._ask("read", f"{access.mount}/data/{access.path}", read)
        if answer is None:
            self._refuse_other_engine()
            return Newest()
        found = answer.get("data")
        metadata = found.get("metadata") if isinstance(found, dict) else None
        if not isinstance(metadata, dict) or not isinstance(metadata.get("version"), int):
            self._refuse_other_engine()
            raise StoreError(f"Vault's answer about {self.where} is not one of KV version 2.", "Check mount and path.")
        data = found.get("data")
        return Newest(metadata["version"], data if isinstance(data, dict) else None)

    def put(self, data: Mapping[str, Any], cas: int) -> int:
        """See VaultClient."""
        access = self._access

        def write() -> Any:
            try:
                return self._vault.secrets.kv.v2.create_or_update_secret(
                    path=access.path, secret=dict(data), cas=cas, mount_point=access.mount
                )
            except self._errors.InvalidRequest as failure:
                if "check-and-set parameter did not match" in _words(failure):
                    raise LostRaceError from None
                raise

        capability = "update" if cas else "create"
        answer = self._ask(capability, f"{access.mount}/data/{access.path}", write, acts=True)
        version = answer["data"].get("version") if isinstance(answer.get("data"), dict) else None
        if not isinstance(version, int):
            raise StoreError(f"Vault's answer to the writing of {self.where} names no version.", may_have_acted=True)
        return version

    def destroy(self, versions: Sequence[int]) -> None:
        """See VaultClient."""
        access, kv = self._access, self._vault.secrets.kv.v2
        self._ask(
            "update",
            f"{access.mount}/destroy/{access.path}",
            lambda: kv.destroy_secret_versions(path=access.path, versions=list(versions), mount_point=access.mount),
            acts=True,
        )

    def check_rights(self) -> None:
        """See VaultClient. A token that may not ask for its own rights, which the policy "default" permits, is not refused for that."""
        access = self._access
        paths = {f"{access.mount}/data/{access.path}": "update", f"{access.mount}/destroy/{access.path}": "update"}
        try:
            answer = self._ask("update", "sys/capabilities-self", lambda: self._vault.sys.get_capabilities(list(paths)))
        except StoreError:
            return
        found = answer.get("data") if isinstance(answer.get("data"), dict) else answer
        for path, capability in paths.items():
            has = found.get(path)
            if isinstance(has, list) and not {"root", capability} & set(has):
                raise self._not_permitted(capability, path, "")

    def close(self) -> None:
        """See VaultClient. A token that cannot be revoked expires by itself."""
        if self._access.way == "token" or not self._logged_in:
            return
        with contextlib.suppress(self._errors.VaultError, self._network.RequestException):
            self._vault.auth.token.revoke_self()
        self._logged_in = False

    # Requests

    def _ask(self, capability: str, path: str, request: Callable[[], Any], *, acts: bool = False) -> Any:
        """Send a request, after a log-in where that is needed.

        Args:
            capability, path: what a policy must permit for it.
            request: sends it by hvac.
            acts: whether it changes anything.

        Raises:
            StoreError: it was refused, or not answered.
        """
        again = self._access.way != "token" and self._logged_in
        self._log_in()
        try:
            return self._answer(request, acts)
        except self._errors.Forbidden as failure:
            if not self._is_expired(failure):
                raise self._not_permitted(capability, path, _words(failure)) from None
        if again:  # a log-in whose token has expired since
            self._logged_in = False
            return self._ask(capability, path, request, acts=acts)
        raise StoreError(
            f"Vault at {self._access.url} refused the token: it has expired, is revoked, or is of another namespace; {self.where} was not "
            f"{'written' if acts else 'read'}.",
            "Renew it, or log in with role_id or jwt, which gives each run a token of its own.",
        )

    def _answer(self, request: Callable[[], Any], acts: bool) -> Any:
        """Send a request once. Raises hvac's Forbidden, and StoreError for all else that fails."""
        errors, network, access = self._errors, self._network, self._access
        vault = f"Vault at {access.url}"
        done = f"{self.where} was not {'written' if acts else 'read'}"
        try:
            answer = request()
        except errors.Forbidden:
            raise
        except errors.InvalidPath as failure:
            space = f" in the namespace {access.namespace}" if access.namespace else ""
            raise StoreError(
                f"{vault} has no secrets engine mounted at {access.mount}{space}, so {done}. It said: {_words(failure)}.",
                "Check mount and namespace.",
            ) from None
        except errors.RateLimitExceeded as failure:
            raise StoreError(f"{vault} throttles requests by a quota, so {done}. It said: {_words(failure)}.", "Run again later.") from None
        except errors.VaultNotInitialized:
            raise StoreError(f"{vault} is not initialized, so {done}.", "Initialize it.") from None
        except errors.VaultDown as failure:
            if "sealed" in _words(failure).lower():
                raise StoreError(f"{vault} is sealed, so {done}.", "Unseal it and run again.") from None
            raise StoreError(f"{vault} is not available: {_words(failure)}.", "Run again later.", may_have_acted=acts) from None
        except errors.InternalServerError as failure:
            if "not active" in _words(failure):
                raise StoreError(
                    f"{vault} is a standby node that knows of no active one, so {done}. It said: {_words(failure)}.", "Run again later."
                ) from None
            raise StoreError(f"{vault} failed: {_words(failure)}.", "Run again later.", may_have_acted=acts) from None
        except errors.InvalidRequest as failure:
            raise StoreError(f"{vault} refused the request, so {done}. It said: {_words(failure)}.") from None
        except errors.VaultError as failure:
            raise StoreError(f"{vault} failed: {_words(failure)}.", "Run again later.", may_have_acted=acts) from None
        except network.SSLError as failure:
            raise StoreError(
                f"The TLS certificate of {vault} is not trusted, so {done}: {_reason(failure)}.",
                f"Set ca_path in {_OPTION}, or VAULT_CACERT, to the certificate of its CA.",
            ) from None
        except network.ConnectTimeout:
            raise StoreError(f"{vault} did not answer within {access.timeout:g} s, so {done}.", "Check url and the network.") from None
        except network.ReadTimeout:
            raise StoreError(f"{vault} did not answer within {access.timeout:g} s.", "Run again.", may_have_acted=acts) from None
        except network.RequestException as failure:
            raise StoreError(f"{vault} cannot be reached: {_reason(failure)}.", "Check url and the network.", may_have_acted=acts) from None
        location = getattr(answer, "headers", {}).get("Location", "") if not isinstance(answer, dict) else ""
        if location:
            active = urlsplit(location)
            raise StoreError(
                f"{vault} is a standby node that forwards no requests, so {done}; the active node is {active.scheme}://{active.netloc}.",
                "Set url, or VAULT_ADDR, to the active node or to a load balancer in front of it.",
            )
        return answer if isinstance(answer, dict) or answer is None else {}

    def _log_in(self) -> None:
        """Log in, where that is not done yet. Raises StoreError."""
        if self._logged_in:
            return
        access, auth = self._access, self._vault.auth
        given = access.credentials
        self._vault.token = ""

        def log_in() -> Any:
            if access.way == "approle":
                secret_id = given["secret_id"] or None
                return auth.approle.login(role_id=given["role_id"], secret_id=secret_id, mount_point=access.auth_mount)
            return auth.jwt.jwt_login(role=given["role"], jwt=given["jwt"], path=access.auth_mount)

        def refusal(words: str) -> StoreError:
            return StoreError(
                f"Vault at {access.url} refused the log-in by {access.way} at auth/{access.auth_mount}. It said: {words}.",
                f"Check {' and '.join(_WAYS[access.way])} in {_OPTION}, and auth_mount.",
            )

        def asked() -> Any:
            try:
                return log_in()
            except (self._errors.InvalidRequest, self._errors.InvalidPath, self._errors.Unauthorized) as failure:
                raise refusal(_words(failure)) from None
            except (KeyError, TypeError):  # hvac found no token in the answer
                raise refusal("nothing that is a token") from None

        try:
            answer = self._answer(asked, False)
        except self._errors.Forbidden as failure:
            raise refusal(_words(failure)) from None
        remember((answer.get("auth") or {}).get("client_token"))
        self._logged_in = True

    def _is_expired(self, failure: Exception) -> bool:
        """Tell whether a refusal is about the token itself: some versions say so, and of the others the token can ask about itself."""
        if "invalid token" in _words(failure):
            return True
        try:
            self._answer(self._vault.auth.token.lookup_self, False)
        except self._errors.Forbidden:
            return True
        except LatchkeyError:
            return False
        return False

    def _not_permitted(self, capability: str, path: str, words: str) -> StoreError:
        said = f" It said: {words}." if words else ""
        return StoreError(
            f"Vault at {self._access.url} does not permit '{capability}' on {path} to this log-in.{said}",
            f'Give its policy: path "{path}" {{ capabilities = ["{capability}"] }}.',
        )

    def _refuse_other_engine(self) -> None:
        """Raise StoreError where the mount is no KV version 2, as far as the token may know."""
        access = self._access
        try:
            answer = self._answer(lambda: self._vault.adapter.get(f"/v1/sys/internal/ui/mounts/{access.mount}/{access.path}"), False)
        except (StoreError, self._errors.Forbidden):
            return
        mounted = answer.get("data")
        if not isinstance(mounted, dict) or not mounted.get("type"):
            return
        version = str((mounted.get("options") or {}).get("version") or "1")
        if mounted["type"] not in ("kv", "generic"):
            raise StoreError(f"The secrets engine at {access.mount} of Vault at {access.url} is {mounted['type']}, not kv.", "Check mount.")
        if version != "2":
            raise StoreError(
                f"The secrets engine at {access.mount} of Vault at {access.url} is KV version {version}, which has no versions and cannot "
                "compare before it writes, so two runs could overwrite each other's credential.",
                f"Use a mount of KV version 2, or upgrade this one: vault kv enable-versioning {access.mount}.",
            )


def _words(failure: Exception) -> str:
    """Return what Vault said, on one line and without its bullets and counts."""
    errors = getattr(failure, "errors", None)
    words = "; ".join(str(one) for one in errors) if errors else ""
    words = re.sub(r"\d+ errors? occurred:", "", words.replace("\n", " ").replace("* ", ""))
    return " ".join(words.split()).rstrip(".")


def _reason(failure: Exception) -> str:
    """Return the innermost reason of a failure of the network, without the request that it was about."""
    while isinstance(failure.args[0] if failure.args else None, Exception) or getattr(failure, "reason", None):
        inner = getattr(failure, "reason", None)
        failure = inner if isinstance(inner, Exception) else failure.args[0]
        if not isinstance(failure, Exception):
            break
    text = str(failure)
    return text.rpartition(": ")[2] if "HTTPSConnection" in text or "HTTPConnection" in text else text


def vault_store(
    options: Mapping[str, Any], var: str, id_var: str, environment: Mapping[str, str], path: Callable[[str], str]
) -> VaultStore:
    """Return a secret as the store of a rotation, with what is missing of the options from the environment. See secret_managers."""
    return VaultStore(HvacClient(access_of(options, environment, path)), Keys(var, id_var))
