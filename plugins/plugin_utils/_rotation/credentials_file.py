# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file from which a vendor's own client reads the credential, as a sink of a rotation. Private to this collection.

Unlike a vars file it holds the credential in clear, so only its owner may read it from the first byte on.
"""

from __future__ import annotations

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Handed
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.client_file import ClientFile
from ansible_collections.latchkey.tokens.plugins.plugin_utils._files.atomic import ChangedError, LockedFile, is_writable, locked
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import ChangedMeanwhileError, SinkContent

_PRIVATE = 0o600


class CredentialsFile:
    """Such a file; see ports.Sink.

    Args:
        path: the file.
        form: what it looks like.
        account: the account's name, for a file that is new and a rotation that does not tell it.
        endpoint_url: where the platform's API is.
        lock_timeout: seconds to wait for another writer.
    """

    tells, in_doubt = True, False

    def __init__(self, path: str, form: ClientFile, account: str, endpoint_url: str, lock_timeout: float) -> None:
        self.where = f"the credentials file {path}"
        self._path = path
        self._form = form
        self._account = account
        self._endpoint_url = endpoint_url
        self._lock_timeout = lock_timeout

    def read(self) -> SinkContent:
        """See ports.Sink."""
        with locked(self._path, self._lock_timeout) as file:
            content = _content_of(file)
        self._form.parsed(content.data, self._path)
        if not is_writable(self._path):
            raise VarsFileError(f"{self._path} cannot be written.", "Check its permissions and those of its directory.")
        return content

    def holds(self, content: SinkContent, credential: Handed) -> bool:
        """See ports.Sink."""
        return self._form.holds(self._form.parsed(content.data, self._path), credential)

    def write(self, credential: Handed, expected: SinkContent) -> bool:
        """See ports.Sink."""
        with locked(self._path, self._lock_timeout) as file:
            now = _content_of(file)
            if self.holds(now, credential) and now.mode == _PRIVATE:
                return False
            self._refuse_changed(now, expected)
            content = self._form.parsed(now.data, self._path)
            named = Handed(credential.value, credential.id, credential.account or ("" if content else self._account))
            self._replace(file, self._form.rendered(content, named, self._endpoint_url), _PRIVATE)
        return True

    def restore(self, content: SinkContent, expected: SinkContent) -> None:
        """See ports.Sink."""
        with locked(self._path, self._lock_timeout) as file:
            self._refuse_changed(_content_of(file), expected)
            if content.data is not None:
                self._replace(file, content.data, content.mode)
            elif file.exists:
                try:
                    file.remove()
                except ChangedError:
                    raise self._changed() from None

    def _replace(self, file: LockedFile, data: bytes, mode: int | None) -> None:
        """Put a content in place, which keeps the mode of the file that it takes the place of."""
        try:
            if file.exists and file.mode != _PRIVATE:
                file.set_mode(_PRIVATE)
            file.replace(data, _PRIVATE)
            if mode not in (None, _PRIVATE):
                file.set_mode(mode)
        except ChangedError:
            raise self._changed() from None

    def _refuse_changed(self, now: SinkContent, expected: SinkContent) -> None:
        if now.data != expected.data:
            raise self._changed()

    def _changed(self) -> ChangedMeanwhileError:
        return ChangedMeanwhileError(
            f"{self._path} was changed meanwhile, so it was not written.", "Look which program writes it, and run again."
        )


def _content_of(file: LockedFile) -> SinkContent:
    return SinkContent(file.read(), file.mode)
