# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vault envelopes opened and sealed with the secrets of the run, each under the label and the secret it had. No files."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ansible.errors import AnsibleError

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError

HEADER = "$ANSIBLE_VAULT;"
DEFAULT_ID = "default"


class VaultLib(Protocol):
    """What is used of ansible.parsing.vault.VaultLib: the same in all releases as long as arguments are positional."""

    secrets: Any

    def encrypt(self, plaintext: Any, secret: Any, vault_id: Any) -> bytes:
        """Return the plaintext under an envelope."""

    def decrypt_and_get_vault_id(self, vaulttext: Any) -> tuple[bytes, Any, Any]:
        """Return what is in an envelope, with the vault id and the secret that opened it."""


@dataclass(frozen=True)
class Seal:
    """Under which label a text is encrypted, None for a header without one (1.1), and with which secret."""

    label: str | None
    vault_id: str
    secret: Any = field(repr=False)

    def is_of(self, vault_id: str) -> bool:
        """Whether this is the seal of a vault id, in name and in secret."""
        return self.vault_id == vault_id and self.label in (None, vault_id)


_REMEMBERED, _REMEMBERED_SIZE = 32, 16_384  # envelopes that are not opened twice, and how long one of them may be, in characters


@dataclass(frozen=True)
class DecryptedText:
    """A decrypted text and how it was sealed."""

    text: str = field(repr=False)
    seal: Seal


def label_of(vaulttext: str) -> str | None:
    """The label in the header of an envelope; None when it has none."""
    parts = vaulttext.split("\n", 1)[0].strip().split(";")
    return (parts[3].strip() or None) if len(parts) > 3 else None


def _fits_header(vault_id: str) -> bool:
    """Whether a label that is written into a header is the same when it is read again, by Ansible too."""
    return vault_id.isascii() and vault_id.isprintable() and ";" not in vault_id and vault_id == vault_id.strip()


def _damage(vaulttext: str) -> tuple[str, str]:
    """What is wrong with an envelope that cannot be taken apart, and what to do."""
    header, *body = vaulttext.replace("\r", "").split("\n")
    if any(char.isspace() for line in (header.rstrip(), *body) for char in line) or not header:
        hint = "Ansible cannot read it either. Remove the white space: blanks in and behind its lines, a blank line above its header."
        return "is damaged: there is white space in it", hint
    return "is damaged", "The text was changed after it was encrypted; restore it from a backup."


class Vault:
    """The vault secrets of a run.

    Args:
        vaultlib: an ansible.parsing.vault.VaultLib with the loaded secrets.
        encrypt_id: the id that Ansible is configured to encrypt with (DEFAULT_VAULT_ENCRYPT_IDENTITY), if any.
    """

    def __init__(self, vaultlib: VaultLib, encrypt_id: str | None = None) -> None:
        self._lib = vaultlib
        self._encrypt_id = encrypt_id
        self._fingerprint_keys: dict[bytes, bytes] = {}
        # A key is derived for each envelope, which takes milliseconds, and a rotation reads often.
        self._opened: dict[str, DecryptedText] = {}

    @property
    def labels(self) -> tuple[str, ...]:
        """The ids of the loaded secrets, each once."""
        return tuple(dict.fromkeys(str(vault_id) for vault_id, _secret in self._lib.secrets or ()))

    def _loaded(self) -> str:
        names = [one if _fits_header(one) else repr(one) for one in self.labels]
        return f"loaded vault ids: {', '.join(names) or 'none'}"

    def open(self, vaulttext: str, what: str = "A vaulted text") -> DecryptedText:
        """Decrypt an envelope; what names it in error messages."""
        opened = self._opened.get(vaulttext) or self._open(vaulttext, what)
        if len(vaulttext) <= _REMEMBERED_SIZE and len(self._opened) < _REMEMBERED:
            self._opened[vaulttext] = opened
        return opened

    def _open(self, vaulttext: str, what: str) -> DecryptedText:
        label = label_of(vaulttext)
        if not self.labels:
            raise VarsFileError(f"{what} is encrypted and no vault secrets are loaded.", "Pass --vault-id or --vault-password-file.")
        problem = hint = ""
        data: bytes = b""
        secret: Any = None
        vault_id: Any = None
        try:
            # Unless vault_id_match is set, a label is a hint: the secret of its vault id is tried first, and then all others.
            data, vault_id, secret = self._lib.decrypt_and_get_vault_id(vaulttext)
        except AnsibleError as error:
            # Its text may quote the input; only whether secrets were tried is of use.
            if "Decryption failed" not in str(error):
                problem, hint = _damage(vaulttext)
            elif label is not None and label not in self.labels:
                problem, hint = f"is encrypted with vault id {label!r}, which is not loaded", "Pass its --vault-id."
            else:
                problem = "was not opened by the loaded secret"
                hint = "The password is wrong, or the text was changed after it was encrypted."
        except Exception:  # noqa: BLE001  tampered input makes the libraries below fail in many ways
            problem, hint = _damage(vaulttext)
        if problem:
            raise VarsFileError(f"{what} {problem} ({self._loaded()}).", hint)
        vault_id = str(vault_id)
        try:
            return DecryptedText(bytes(data).decode("utf-8"), Seal(label, vault_id, secret))
        except UnicodeDecodeError:
            pass
        raise VarsFileError(f"{what} does not decrypt to text.", "Only UTF-8 text can be handled.")

    def decrypt(self, vaulttext: str, what: str = "A vaulted text") -> tuple[str, str | None]:
        """The text in an envelope and its label."""
        opened = self.open(vaulttext, what)
        return opened.text, opened.seal.label

    def seal(self, vault_id: str) -> Seal:
        """How a new text is sealed under an id: with the first secret of that id, as ansible-vault does."""
        if vault_id in self.labels and not _fits_header(vault_id):
            problem = f"Vault id {vault_id!r} cannot be written into the header of a vault, so its label would be another one"
            raise VarsFileError(f"{problem}.", "Give it another name in --vault-id: ASCII, without semicolons and outer blanks.")
        for loaded, secret in self._lib.secrets or ():
            if str(loaded) == vault_id:
                return Seal(None if vault_id == DEFAULT_ID else vault_id, vault_id, secret)
        raise VarsFileError(f"Vault id {vault_id!r} is not loaded ({self._loaded()}).", "Pass its --vault-id or name a loaded one.")

    def seal_for_new(self, others: Sequence[str], what: str) -> Seal:
        """How a text is sealed that replaces none: as all other envelopes are, else with the only secret, else as Ansible is configured.

        Args:
            others: the envelopes that stand beside it.
            what: names it in error messages.

        Raises:
            VarsFileError: none of these says how, or it needs a secret that is not loaded.
        """
        labels = {label_of(envelope) for envelope in others}
        if len(labels) == 1 and None not in labels:
            label = str(labels.pop())
            if label not in self.labels:
                with contextlib.suppress(VarsFileError):
                    return self.open(others[0]).seal
            return self.seal(label)
        if len(self.labels) == 1:
            return self.seal(self.labels[0])
        if self._encrypt_id:
            return self.seal(self._encrypt_id)
        if not self.labels:
            raise VarsFileError(f"{what} cannot be encrypted: no vault secrets are loaded.", "Pass --vault-id or --vault-password-file.")
        hint = "Name one with vault_id, or with rotate_vault_id of the role."
        raise VarsFileError(f"{what} could be encrypted with several vault ids ({self._loaded()}).", hint)

    def encrypt(self, plaintext: str, seal: Seal | str, what: str = "A value") -> str:
        """An envelope with this text, its lines ended by line feeds."""
        if isinstance(seal, str):
            seal = self.seal(seal)
        if plaintext.startswith(HEADER[:-1]):
            raise VarsFileError(f"{what} is already encrypted.", "Pass the clear text.")
        problem = envelope = ""
        try:
            envelope = bytes(self._lib.encrypt(plaintext, seal.secret, seal.label or DEFAULT_ID)).decode("ascii")
        except AnsibleError as error:
            problem = type(error).__name__
        if problem:
            raise VarsFileError(f"{what} cannot be encrypted ({problem}).", "See that the vault secret is not empty.")
        if label_of(envelope) != seal.label:
            # Core writes the label "default" as none; the header had it, so it stays.
            envelope = f"{HEADER}1.2;AES256;{seal.label}\n" + envelope.split("\n", 1)[1]
        return envelope

    def keyed_digest(self, seal: Seal, text: str) -> str:
        """A digest of a clear text that says nothing to who lacks the vault secret, and costs as much to attack as the vault."""
        secret = bytes(seal.secret.bytes)
        key = self._fingerprint_keys.get(secret)
        if key is None:
            key = hashlib.pbkdf2_hmac("sha256", secret, b"latchkey.tokens fingerprint", 10_000)
            self._fingerprint_keys[secret] = key
        return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
