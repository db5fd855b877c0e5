# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""S3 access keys of Qumulo Core, and the signed request that proves one. Private to this collection.

Paths and fields come from the vendor's client (qumulo_api 7.10, rest/s3.py), the rest from the vendor's guides "Creating and Managing S3
Access Keys" and "Configuring and Using the S3 API". Which codes the S3 API refuses with is not published; those are Amazon's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timezone
from typing import Any
from urllib.parse import urlsplit

from ..._common.endpoint import Endpoint
from ..._common.errors import ForbiddenError, NotFoundError, RequestError
from ..._common.model import Account, Credential, Minted
from ..._http.client import Answer, HttpClient
from ..fields import id_field, instant_field, quoted, secret_field, told_instant
from .accounts import QumuloAccounts
from .identity import account_of
from .signature import Signer, s3_headers

_KEYS = "/v1/s3/access-keys/"
_S3_PORT = 9000  # vendor docs: it is not possible to change it
_CODE = re.compile(r"<Code>\s*([A-Za-z]{1,64})\s*</Code>")
_DEAD_CODES = frozenset(("InvalidAccessKeyId", "SignatureDoesNotMatch"))  # of Amazon S3: no such key, another secret
_BUCKETS = "ListAllMyBucketsResult"
_HINTS = {
    "AccessDenied": "The key may be deleted, or its account may not list buckets.",
    "RequestTimeTooSkewed": "Set the clocks: those of the cluster and of what is in front of its S3 API differ by more than 15 minutes.",
}


class QumuloS3Keys(QumuloAccounts):
    """Lists, creates, deletes and proves S3 access keys."""

    def s3_keys(self, account: Account | None) -> list[Credential]:
        # Only auth_id is unambiguous, and user and limit exclude each other, as for access tokens.
        params = {"user": f"auth_id:{account.id}"} if account else None
        found = []
        try:
            for answer, page in self._pages("list S3 access keys", _KEYS, params):
                entries = page.get("entries")
                if not isinstance(entries, list):
                    raise answer.strange("it has no list of entries")
                found += [_key(answer, entry) for entry in entries]
        except NotFoundError as failure:
            failure.add("Old versions of Qumulo Core have no S3 access keys.")
            raise
        if account is None:
            return self._named(found)
        return [replace(one, account=account) for one in found if one.account.id == account.id]

    def _named(self, keys: list[Credential]) -> list[Credential]:
        """Return the keys with the names of their accounts, of which a list may tell no more than the auth_id (vendor docs)."""
        if all(one.account.name for one in keys):
            return keys
        names = self._local_names()
        return [
            replace(one, account=Account(one.account.id, names[one.account.id], "LOCAL"))
            if not one.account.name and one.account.id in names
            else one
            for one in keys
        ]

    def s3_keys_with(self, key_id: str) -> list[Credential]:
        try:
            keys = self.s3_keys(None)
        except ForbiddenError:  # it takes a right to list all, and none for one's own
            keys = self.s3_keys(self.caller().account)
            if all(one.id != key_id for one in keys):
                raise
        owners = [one.account.id for one in keys if one.id == key_id]
        return [one for one in keys if one.account.id in owners]

    def create_s3_key(self, account: Account) -> Minted:
        try:
            answer = self._call(f"create an S3 access key for {account}", "POST", _KEYS, body={"user": {"auth_id": account.id}})
            value = answer.json_object()
            secret = secret_field(answer, value, "secret_access_key")
            key = Credential(id_field(answer, value, "access_key_id"), account, told_instant(value, "creation_time"))
        except RequestError as failure:
            if failure.may_have_acted:
                failure.add(
                    "If a key was created, its secret is lost: find it with s3_access_key_info, and delete it with s3_access_key and its "
                    "access_key_id."
                )
            raise
        return Minted(key, secret)

    def delete_s3_key(self, key: Credential) -> bool:
        def is_gone() -> bool:
            return all(one.id != key.id for one in self.s3_keys(key.account))

        return self._delete("delete an S3 access key", _KEYS + quoted(key.id), is_gone)

    def s3_endpoint(self, text: str) -> Endpoint:
        return Endpoint.parse(text or str(urlsplit(self.connection.endpoint.url).hostname), _S3_PORT, "S3 endpoint")

    def takes_s3_key(self, key_id: str, secret: str, s3_endpoint: str) -> bool:
        self.http.hide(secret)
        endpoint, now = self.s3_endpoint(s3_endpoint), self.now().astimezone(timezone.utc)
        headers = s3_headers(endpoint.url, now)
        signature = Signer(key_id, secret).authorization("GET", "/", "", headers, now)
        self.http.hide(signature.rpartition("=")[2])  # all else of it is public
        answer = self._send_to_s3(endpoint, {**headers, "Authorization": signature})
        if answer.status == 200 and _BUCKETS in answer.text:
            return True
        if answer.status < 300:
            raise answer.strange("it is no list of buckets")
        found = _CODE.search(answer.text)
        code = found.group(1) if found else ""
        if code in _DEAD_CODES:
            return False
        raise answer.refusal(answer.status, answer.words(), _HINTS.get(code))

    def _send_to_s3(self, endpoint: Endpoint, headers: Mapping[str, str]) -> Answer:
        """Send a signed ListBuckets, which takes no right of the key's account."""
        connection = self.connection
        client = HttpClient(
            platform=self.name,
            name=f"The S3 API of {self.title}",
            endpoint=endpoint,
            validate_certs=connection.validate_certs,
            ca_path=connection.ca_path,
            timeout=connection.timeout,
            vendor_words=lambda _value: "",
            max_parallel_requests=connection.max_parallel_requests,
        )
        try:
            return client.request("list the S3 buckets", "GET", "/", headers=headers, authorization=None, accept=range(400, 500))
        except RequestError as failure:
            if failure.status is None:
                failure.add("The S3 API must be enabled on the cluster, and take HTTPS: qq s3_modify_settings --enable, and --secure.")
            raise
        finally:
            client.close()


def _key(answer: Answer, value: Any) -> Credential:
    if not isinstance(value, dict):
        raise answer.strange("an S3 access key is not a JSON object")
    owner = account_of(answer, value.get("owner"))
    return Credential(id_field(answer, value, "access_key_id"), owner, instant_field(answer, value, "creation_time"))
