# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Secrets Manager by the library boto3: one secret, its versions and labels, and what each refusal means. Private.

Sources: https://docs.aws.amazon.com/secretsmanager/latest/apireference/, the errors of each action;
https://boto3.amazonaws.com/v1/documentation/api/latest/guide/configuration.html, where boto3 has its configuration from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.endpoint import Endpoint
from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.aws_secretsmanager import DescribedSecret, SecretsManagerStore
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.dictionary_option import DictionaryOption
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.names import Keys
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_store import LostRaceError, StoreError

_OPTION = "rotate_aws_secretsmanager"
_TIMEOUT = 30.0
_ATTEMPTS = 4  # of one request, by botocore, with pauses between them
_ANY_PORT = 1  # where only the scheme and the host are looked at
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
_UNKNOWN = ("UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch")
_THROTTLED = ("ThrottlingException", "Throttling", "RequestLimitExceeded", "TooManyRequestsException")
_NOT_THERE = "ResourceNotFoundException"
_NOT_MOVED = ("InvalidParameterException", "InvalidRequestException", _NOT_THERE)


@dataclass(frozen=True)
class AwsAccess:
    """Which secret, and what boto3 does not find in the environment and the configuration of AWS; each but the name may be empty."""

    name: str
    region: str = ""
    profile: str = ""
    endpoint_url: str = ""
    ca_path: str = ""
    timeout: float = _TIMEOUT


def access_of(options: Mapping[str, Any], environment: Mapping[str, str], path: Callable[[str], str]) -> AwsAccess:
    """Return which secret, from an option's dictionary.

    Args:
        options: those of rotate_aws_secretsmanager.
        environment: environment variables; boto3 reads all but AWS_REGION by itself.
        path: makes a path on the controller of what was written.

    Raises:
        OptionError: one is missing or malformed.
    """
    option = DictionaryOption(_OPTION, options, environment, {"region": ("AWS_REGION",)})
    return AwsAccess(
        name=option.needed("name", "Set it to the name or the ARN of the secret."),
        region=option.texts.get("region", ""),
        profile=option.texts.get("profile", ""),
        endpoint_url=option.texts.get("endpoint_url", ""),
        ca_path=option.ca_path(path),
        timeout=option.timeout(_TIMEOUT),
    )


class Boto3Client:
    """One secret of AWS; see aws_secretsmanager.SecretsManagerClient."""

    def __init__(self, access: AwsAccess) -> None:
        try:
            import boto3
            import botocore.config
            import botocore.exceptions
        except ImportError:
            raise OptionError(
                "rotate_store: aws_secretsmanager needs the Python library boto3, which Ansible's Python does not have.",
                "Install it on the controller, or into the execution environment: pip install boto3.",
            ) from None
        self._errors = errors = botocore.exceptions
        self._name = access.name
        config = botocore.config.Config(
            connect_timeout=access.timeout,
            read_timeout=access.timeout,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        )
        try:
            session = boto3.session.Session(profile_name=access.profile or None, region_name=access.region or None)
            self._aws = session.client(
                "secretsmanager", config=config, endpoint_url=access.endpoint_url or None, verify=access.ca_path or None
            )
        except errors.NoRegionError:
            raise OptionError(f"{_OPTION}: no region is set.", "Set region, or AWS_REGION, or that of the profile.") from None
        except (errors.BotoCoreError, ValueError) as failure:
            raise OptionError(f"{_OPTION}: {_sentence(failure)}", "Check profile, region and endpoint_url.") from None
        Endpoint.parse(self._aws.meta.endpoint_url, _ANY_PORT, f"{_OPTION}: endpoint_url")
        self._region = self._aws.meta.region_name
        self.where = f"AWS secret {access.name} in {self._region}"

    # aws_secretsmanager.SecretsManagerClient

    def describe(self) -> DescribedSecret | None:
        """See SecretsManagerClient."""
        try:
            found = self._ask("describe_secret", {})
        except self._errors.ClientError:
            return None
        return DescribedSecret(found.get("VersionIdsToStages") or {}, bool(found.get("DeletedDate")), bool(found.get("RotationEnabled")))

    def get(self, version: str) -> str:
        """See SecretsManagerClient."""
        try:
            found = self._ask("get_secret_value", {"VersionId": version})
        except self._errors.ClientError:
            raise StoreError(f"Version {version} of the {self.where} is gone.", "Run again.") from None
        return str(found.get("SecretString") or "")

    def put(self, version: str, text: str, label: str) -> None:
        """See SecretsManagerClient."""
        try:
            self._ask("put_secret_value", {"ClientRequestToken": version, "SecretString": text, "VersionStages": [label]})
        except self._errors.ClientError:
            raise StoreError(f"There is no {self.where} any more, so it was not written.", "Create it again.") from None

    def move(self, label: str, to: str, away_from: str) -> None:
        """See SecretsManagerClient."""
        places = {"MoveToVersionId": to, "RemoveFromVersionId": away_from}
        given = {name: version for name, version in places.items() if version}
        try:
            self._ask("update_secret_version_stage", {"VersionStage": label, **given}, _NOT_MOVED)
        except self._errors.ClientError:
            raise LostRaceError from None

    def close(self) -> None:
        """See SecretsManagerClient."""
        self._aws.close()

    # Requests

    def _ask(self, action: str, arguments: Mapping[str, Any], codes: tuple[str, ...] = (_NOT_THERE,)) -> dict[str, Any]:
        """Send a request.

        Args:
            action: the method of boto3's client.
            arguments: of it.
            codes: errors that the caller understands.

        Raises:
            botocore's ClientError: one of those.
            StoreError: anything else that failed.
        """
        errors = self._errors
        acts = action not in ("describe_secret", "get_secret_value")
        done = f"so the {self.where} was not {'written' if acts else 'read'}"
        try:
            answer: dict[str, Any] = getattr(self._aws, action)(SecretId=self._name, **arguments)
            return answer
        except errors.ClientError as failure:
            told = failure.response.get("Error", {})
            if told.get("Code") in codes:
                raise
            raise self._refused(str(told.get("Code") or "no code"), str(told.get("Message") or ""), done, acts) from None
        except (errors.NoCredentialsError, errors.PartialCredentialsError, errors.CredentialRetrievalError) as failure:
            raise StoreError(
                f"boto3 found no credentials of AWS, {done}: {_sentence(failure)}",
                f"Set profile in {_OPTION}, or AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role.",
            ) from None
        except errors.SSLError:
            raise StoreError(
                f"The TLS certificate of {self._aws.meta.endpoint_url} is not trusted, {done}.",
                f"Set ca_path in {_OPTION}, or AWS_CA_BUNDLE, to the certificate of its CA.",
            ) from None
        except (errors.EndpointConnectionError, errors.ConnectTimeoutError, errors.ProxyConnectionError):
            raise StoreError(
                f"AWS Secrets Manager at {self._aws.meta.endpoint_url} cannot be reached, {done}.", "Check region and the network."
            ) from None
        except errors.BotoCoreError as failure:
            raise StoreError(
                f"AWS Secrets Manager gave no answer ({type(failure).__name__}), {done}.", "Run again.", may_have_acted=acts
            ) from None

    def _refused(self, code: str, words: str, done: str, acts: bool) -> StoreError:
        said = f"It said: {words.rstrip('.')}." if words else f"It said: {code}."
        if "AccessDenied" in code:
            return StoreError(f"AWS does not permit it, {done}. {said}", "Give the role or user this action in its policy.")
        if code in _EXPIRED:
            return StoreError(f"The credentials of AWS have expired, {done}.", "Renew them and run again.")
        if code in _UNKNOWN:
            return StoreError(f"AWS refused the credentials, {done}. {said}", "Check them, and the time of this machine.")
        if code in _THROTTLED:
            return StoreError(f"AWS throttles requests, {done}. {said}", "Run again later.", may_have_acted=False)
        if "cryptionFailure" in code or "KMS" in code:
            return StoreError(f"The KMS key of the secret could not be used, {done}. {said}", "Check the key and the rights on it.")
        if "LimitExceeded" in code:
            return StoreError(f"A quota of AWS is used up, {done}. {said}", "AWS keeps 100 versions of a day; run again tomorrow.")
        if code == "InternalServiceError":
            return StoreError(f"AWS Secrets Manager failed, {done}. {said}", "Run again later.", may_have_acted=acts)
        return StoreError(f"AWS Secrets Manager refused the request ({code}), {done}. {said}")


def _sentence(failure: Exception) -> str:
    return f"{str(failure).rstrip('.')}."


def secrets_manager_store(
    options: Mapping[str, Any], var: str, id_var: str, environment: Mapping[str, str], path: Callable[[str], str]
) -> SecretsManagerStore:
    """Return a secret as the store of a rotation, with what is missing of the options from the environment. See secret_managers."""
    return SecretsManagerStore(Boto3Client(access_of(options, environment, path)), Keys(var, id_var))
