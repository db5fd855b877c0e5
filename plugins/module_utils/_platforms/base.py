# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a platform can do, in words that operations use. Private to this collection.

Each platform fills this in with its vendor's API, in a file or a directory beside this one. A method that a platform leaves out says so
when it is called. Every method may raise the errors of requests in _common/errors.py; what else it raises is said with it. How an
appliance is spoken to is in appliance.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, NoReturn

from .._common.endpoint import Endpoint
from .._common.errors import AnswerError, LatchkeyError, OptionError, RequestError, UnsupportedError
from .._common.inventory import Inventory
from .._common.model import Account, AccountState, Caller, ClientSecret, Credential, Minted, SecretSync
from .._common.steps import Step
from .._http.client import Answer
from .appliance import Appliance
from .client_file import ClientFile


@dataclass(frozen=True)
class Probed:
    """What a probe got: the HTTP status and the body's JSON value, or its text where it is not JSON."""

    status: int
    body: Any

    def means(self, failure: type[RequestError]) -> bool:
        """Tell whether another request would have failed in this way."""
        return self.status in failure.statuses

    @classmethod
    def of(cls, answer: Answer) -> Probed:
        """Return what an answer is to a probe."""
        try:
            return cls(answer.status, answer.json() if answer.text else None)
        except AnswerError:
            return cls(answer.status, answer.text)


class Platform(Appliance):
    """What one appliance can be asked for, and what is known of its kind.

    Attributes:
        options: what this platform can be asked for beyond what all can, by option name.
        instead: for options that it cannot heed, what to do in place of them, as a sentence.
        token_limit: how many tokens one account may have; None when there is no limit.
        tokens_are_sessions: True where an access token is a session of the calling account itself, made by logging in.
        lists_tokens: whether the tokens of an account can be listed at all.
        s3_key_limit: how many S3 access keys one account may have; None when there is no limit.
        has_secrets: whether its service accounts have client secrets.
        rotates: what the role rotate can rotate here, as in the variable rotate_credential.
        disables: what of that can be disabled instead of deleted.
        client_files: of what it rotates, the files from which the vendor's own clients read it.
        longest_api_token: how long an API token lives at most; None where there are none.
        longest_tag: how many characters of an API token's tag are kept for sure.
        accounts_elsewhere: where a service account may be that is not found here, and how to rotate its secret there, as a sentence.
        local_advice: why credentials that are managed here, and not by another product, have to go, and what to do, as sentences.
        dead_secret_statuses: of a refused log-in with a client secret, those which say that the secret is dead.
        not_yet_statuses: those which a secret may get that was created a moment ago, and is not known everywhere yet.
        session_life: after how long every session ends by itself; None where that is not known, or sessions are no tokens.
        session_limit: how many sessions a service account may have at once, where a refused log-in may mean that; else None.
        not_told: of each kind of credential that it can list, the keys of a result that it never tells.
        public_paths: paths that are answered to anybody, so that an answer proves nothing; without a slash at the end.
        incomplete: whether a list that was read since this was reset was a part only.
    """

    options: frozenset[str] = frozenset()
    instead: Mapping[str, str] = MappingProxyType({})
    token_limit: int | None = None
    tokens_are_sessions = False
    lists_tokens = True
    s3_key_limit: int | None = None
    has_secrets = False
    rotates: ClassVar[tuple[str, ...]] = ()
    disables: ClassVar[tuple[str, ...]] = ()
    client_files: ClassVar[Mapping[str, ClientFile]] = MappingProxyType({})
    longest_api_token: ClassVar[timedelta | None] = None
    longest_tag: ClassVar[int] = 19
    accounts_elsewhere: ClassVar[str] = ""
    local_advice: ClassVar[str] = ""
    dead_secret_statuses: tuple[int, ...] = (401,)
    not_yet_statuses: tuple[int, ...] = (400, 401, 403, 404, 422)  # which one it is, no vendor publishes
    session_life: timedelta | None = None
    session_limit: int | None = None
    not_told: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    public_paths: frozenset[str] = frozenset()
    incomplete: bool = False

    def require_options(self, given: Collection[str]) -> None:
        """Refuse options that this platform cannot heed.

        Args:
            given: names of options that were set and that not every platform knows.

        Raises:
            UnsupportedError: one of them is unknown here.
        """
        for name in sorted(set(given) - self.options):
            raise UnsupportedError(
                f"{name}: {self.title} has nothing like it.", self.instead.get(name, "Leave the option out for this platform.")
            )

    def _cannot(self, what: str, instead: str = "") -> NoReturn:
        raise UnsupportedError(f"{self.title} cannot {what}.", instead)

    # Who calls, and who else there is

    def caller(self, secret: str | None = None) -> Caller:
        """Return whom the platform takes us for; with a secret, whom it takes the bearer of that secret for."""
        self._cannot("identify the caller")

    def find_account(self, identity: str) -> Account:
        """Return the account that an identity string names. Raises OptionError when there is none."""
        self._cannot("look up accounts")

    def is_account(self, identity: str, account: Account) -> bool:
        """Tell whether an identity string names this account; asks the platform only where the string alone does not tell."""
        return identity in (account.name, account.id, *account.aliases)

    def caller_roles(self) -> tuple[str, ...] | None:
        """Return the names of the roles that the caller holds; None where the platform does not tell the caller."""
        return self.caller().roles

    def probe(self, method: str, path: str, body: Any = None) -> Probed:
        """Send any request of the user's and return what came, whatever its status."""
        self._cannot("be probed")

    # Credentials of all kinds

    def inventory(self, kinds: Collection[str], account: str | None) -> Inventory:
        """Return every credential of these kinds that the caller may see, but for a session of this task's own.

        A list that the caller may not have is noted there, and so is a kind that this version does not list.

        Args:
            kinds: some of inventory.KINDS; those that the platform does not know are passed over.
            account: the name or id of the one account to look at; None for all.

        Raises:
            OptionError: there is no such account.
        """
        self._cannot("list credentials of all kinds")

    # Tokens

    def tokens(self, account: Account | None) -> list[Credential]:
        """Return the tokens of one account, or of all; expired and disabled ones too."""
        self._cannot("list tokens")

    def token(self, token_id: str) -> Credential | None:
        """Return one token, or None when there is no such token."""
        self._cannot("read a token")

    def find_tokens(self, ids: Sequence[str], account: Account | None = None) -> list[Credential]:
        """Return those of these tokens that exist; those that may exist too, where the platform does not tell.

        Args:
            ids: their ids.
            account: whose they are; None when that is not known.
        """
        found = [one for one in map(self.token, ids) if one]
        return [one for one in found if account is None or one.account.id == account.id]

    def mint_token(self, account: Account | None, expires_at: datetime | None) -> Minted:
        """Make a new token; never repeated, since its secret is told only once.

        Args:
            account: whose; None for the calling account.
            expires_at: when it shall expire; None leaves that to the platform.
        """
        self._cannot("create tokens")

    def check_log_in(self) -> None:
        """Refuse, before anything is sent, a caller who cannot log in for a new session, which is what a token is here.

        Raises:
            OptionError: the task brings a token only.
        """
        if self.connection.auth.token:
            raise OptionError(
                "A token cannot create another one.", "Authenticate with client_id and client_secret, or service_account_file."
            )

    @classmethod
    def asks_for_session(cls, options: Mapping[str, Any]) -> bool:
        """Tell whether the options of a play token ask for a session where it would otherwise be a token that can be revoked."""
        return False

    def open_session(self) -> Minted:
        """Log in for the user, where sessions are no tokens and cannot be ended: it ends by itself."""
        self._cannot("open sessions that are not tokens")

    def inspect_token(self, secret: str) -> Credential | None:
        """Return what a bearer token is, asked with that token itself; None when it is dead. There is no log-in for it."""
        self._cannot("tell what a token is")

    def explain_refused_mint(self, failure: RequestError, bearers: Sequence[str]) -> None:
        """Add to the failure of a mint what can be found out about its cause.

        Args:
            failure: what mint_token raised.
            bearers: tokens that may be asked with, the likeliest first.
        """

    def update_token(self, token_id: str, *, enabled: bool | None = None, expires_at: datetime | None = None) -> Credential:
        """Switch a token on or off, or move its expiry; None leaves a setting as it is."""
        self._cannot("change tokens")

    def delete_token(self, token_id: str) -> bool:
        """Revoke a token; False when it was gone already."""
        self._cannot("delete tokens")

    def revoke_steps(self, credentials: Sequence[Credential]) -> list[Step]:
        """Return the steps that revoke these tokens, in as few requests as the platform allows.

        Each returns the list of those ids that it ended; one that turns out to be gone already is not among them.
        """
        return [(f"{one.id} revoked", partial(self._revoked, one.id)) for one in credentials]

    def _revoked(self, token_id: str) -> list[str]:
        return [token_id] if self.delete_token(token_id) else []

    def own_token(self) -> Credential | None:
        """Return the token that the user brought, so that it can be ended; None, and a warning why, where there is none to end.

        It need not be a token that works.

        Raises:
            OptionError, RefusedError: it cannot be told which it is, or is more than a session.
        """
        self._cannot("end the caller's own token")

    def end_own_token(self, own: Credential) -> bool:
        """End the token that the user brought; False, and a warning why, when that is not allowed.

        Raises:
            AuthenticationError: it is refused, so it is gone already.
        """
        return self.delete_token(own.id)

    # API tokens: long-lived ones that a user can make after a log-in, and for that user only

    def check_api_token(self, tag: str, lifetime: timedelta | None) -> None:
        """Refuse what no API token can be, and callers who cannot make any, before anything is sent.

        Args:
            tag: what it shall be called.
            lifetime: how long it shall live; None for the platform's own default.
        """
        self._cannot("create API tokens")

    def api_token_lifetime(self, lifetime: timedelta | None) -> timedelta:
        """Return how long an API token really lives that shall live so long; None asks for the platform's own default."""
        self._cannot("create API tokens")

    def api_tokens(self, account: Account | None) -> list[Credential]:
        """Return the API tokens of an account; None for the caller's own."""
        self._cannot("list API tokens")

    def mint_api_token(self, tag: str, lifetime: timedelta | None) -> Minted:
        """Make an API token for the caller; never repeated, since its secret is told only once."""
        self._cannot("create API tokens")

    # S3 access keys: pairs of an id and a secret that sign the requests of S3 clients

    def s3_keys(self, account: Account | None) -> list[Credential]:
        """Return the S3 access keys of one account, or of all that the caller may see."""
        self._cannot("list S3 access keys")

    def s3_keys_with(self, key_id: str) -> list[Credential]:
        """Return all S3 access keys of the account that has this one; empty when it is not among those that the caller may see."""
        self._cannot("list S3 access keys")

    def create_s3_key(self, account: Account) -> Minted:
        """Create an S3 access key; never repeated, since its secret is told only once."""
        self._cannot("create S3 access keys")

    def delete_s3_key(self, key: Credential) -> bool:
        """Delete an S3 access key; False when it was gone already."""
        self._cannot("delete S3 access keys")

    def s3_endpoint(self, text: str) -> Endpoint:
        """Return where the S3 API is; empty for where the platform has it. Raises OptionError where that is malformed."""
        self._cannot("prove S3 access keys")

    def takes_s3_key(self, key_id: str, secret: str, s3_endpoint: str) -> bool:
        """Send a signed request; False when the S3 API says that there is no such key, or that its secret is another one.

        Args:
            key_id, secret: the key.
            s3_endpoint: as for s3_endpoint().

        Raises:
            RequestError: it was not answered, or was refused in another way, which need not mean that the key is dead.
        """
        self._cannot("prove S3 access keys")

    # Service accounts

    def with_s3_keys(self, state: AccountState) -> AccountState:
        """Return an account with the ids of its S3 access keys, which delete_account deletes too; warns where they cannot be listed."""
        return state

    def secret_sync(self, account_id: str) -> SecretSync:
        """Return how far the newest secret of a service account has been carried to other systems.

        Nothing depends on it but how long one waits, so a refusal, or a question that this platform does not know, is no error.
        """
        return SecretSync()

    def service_accounts(self, name: str | None = None) -> list[AccountState]:
        """Return all service accounts, or those of exactly this name, with all that is known of them.

        Raises:
            OptionError: there is none of this name, and one whose name differs in case only.
        """
        self._cannot("list service accounts")

    def checked_account(self, wanted: AccountState, current: AccountState | None) -> AccountState:
        """Return the wanted account with roles by id and names as the platform writes them.

        Args:
            wanted: the account as it shall be, its roles by name or id.
            current: the account as it is; None when there is none.

        Raises:
            OptionError: a role, privilege or group is unknown here, or a role's name is not unique.
            UnsupportedError: this version cannot keep such an account.
        """
        return wanted

    def check_end_of_secret(self, *, deletes: bool) -> None:
        """Refuse, before anything changes, what would end an account's secret and is known to fail; checked_account sees the rest.

        Args:
            deletes: whether the account is to be deleted; else its secret is to be rotated.

        Raises:
            UnsupportedError: this caller or this version cannot do that.
        """

    def create_account(self, wanted: AccountState) -> tuple[AccountState, ClientSecret | None]:
        """Make the account, never twice; return it as it then is, perhaps without roles yet, and its secret where it has one."""
        self._cannot("create service accounts")

    def _created_id(self, answer: Answer, name: str, secret: str) -> str:
        """Return the id of an account that was just created, from the list: the reply tells its secret and not its id.

        Args:
            answer: that reply.
            name: the account's name, which no other account had.
            secret: what the reply tells, and nothing else ever will.

        Raises:
            AnswerError: the list does not tell it either; the secret is among the details.
        """
        try:
            ids = [one.account.id for one in self.service_accounts(name)]
        except LatchkeyError:
            ids = []
        if len(ids) == 1:
            return ids[0]
        failure = answer.strange("the new account's id is missing or is not an id")
        failure.add(
            f"The secret of the new account is in this result, and its id is not known: look for '{name}' with service_account_info.",
            client_secret=secret,
        )
        raise failure

    def rotate_secret(self, state: AccountState, expire_sessions: bool) -> ClientSecret:
        """Give the account a new secret, never twice.

        Args:
            state: the account as it is.
            expire_sessions: whether to end the sessions that it has.
        """
        self._cannot("rotate secrets")

    def update_account(self, state: AccountState, attributes: dict[str, str | None]) -> None:
        """Change attributes of the account that was read as this state."""
        self._cannot("change service accounts")

    def client_file(self, secret: ClientSecret) -> str:
        """Return the content of the file from which the vendor's own clients read a service account."""
        self._cannot("write files for its clients")

    def sdk_cache_files(self, name: str, account: Account, folder: str | None) -> list[str]:
        """Return where the vendor's own clients may have cached what a rotation makes useless.

        Args:
            name, account: the service account.
            folder: where they keep it; None for their default.
        """
        self._cannot("tell what its clients cache")

    def role_steps(self, state: AccountState, wanted: AccountState) -> tuple[list[Step], list[Step]]:
        """Return the steps that give the account roles, and those that take roles away; the former must come first.

        Args:
            state: the account as it is.
            wanted: the account as it shall be, as checked_account returned it.
        """
        self._cannot("assign roles")

    def set_privileges(self, state: AccountState, privileges: frozenset[str]) -> None:
        """Make the account's own role hold exactly these privileges; with none, remove that role."""
        self._cannot("keep privileges for one account")

    def delete_account(self, state: AccountState) -> None:
        """Delete the account after all that hangs on it: its tokens, its roles, its own role. A failure says how far it got."""
        self._cannot("delete service accounts")
