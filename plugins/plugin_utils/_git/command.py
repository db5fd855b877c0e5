# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run git without a terminal, a secret in its arguments, or an end that nobody waits for. Private to this collection.

Knows nothing of vars files. What git's configuration says (identity, signing, hooks, ssh) stays in force.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.secrets import redact

# Of the repository that Ansible may have been started from, by a hook for example; traces, which could show what is sent; and the token.
_NOT_OURS = re.compile(
    r"LATCHKEY_GIT_.*|GIT_(DIR|WORK_TREE|INDEX_FILE|INDEX_VERSION|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES"
    r"|COMMON_DIR|NAMESPACE|PREFIX|TRACE.*|CURL_VERBOSE)"
)
# Git hands this to a shell of its own: the secret comes from the environment and is written by a builtin, so no process is started with it.
_HELPER = '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$LATCHKEY_GIT_USERNAME" "$LATCHKEY_GIT_TOKEN"; }; f'
_LONGEST = 400  # of what git said


class GitError(LatchkeyError):
    """Git could not do what it was asked to; the text ends with its own words.

    Args:
        in_doubt: True when it may have been done all the same.
    """

    def __init__(self, message: str, hint: str = "", *, in_doubt: bool = False) -> None:
        super().__init__(message, hint, in_doubt=in_doubt)
        self.in_doubt = in_doubt


@dataclass(frozen=True)
class GitAccess:
    """How to prove who we are to a remote; without any of it, git does as it is configured.

    Args:
        username, token: for https.
        ssh_key_file, ssh_known_hosts_file: for ssh.
        timeout: seconds for each command.
    """

    username: str = ""
    token: str = field(default="", repr=False)
    ssh_key_file: str = ""
    ssh_known_hosts_file: str = ""
    timeout: float = 60.0


@dataclass(frozen=True)
class Done:
    """A command that has ended; code is None when it was stopped because it took too long."""

    code: int | None
    output: bytes
    words: str

    @property
    def text(self) -> str:
        """What it printed, without the line's end."""
        return self.output.decode("utf-8", "replace").strip()


class Git:
    """Git in one directory.

    Args:
        directory: where it runs.
        access: how to prove who we are.
        environment: the environment to start from.

    Attributes:
        environment: what commands get; those that talk to a remote get the token besides.
    """

    def __init__(self, directory: str, access: GitAccess, environment: Mapping[str, str]) -> None:
        if re.search(r"[\r\n\0]", access.username + access.token):
            raise OptionError("token: neither it nor username may hold a line's end.")
        self._directory = directory
        self._access = access
        self._credentials: dict[str, str] = {}
        self.environment = _environment(access, environment)

    def configure(self, *settings: tuple[str, str]) -> None:
        """Put settings above those of the user."""
        _configure(self.environment, settings)

    def trust(self, urls: Sequence[str]) -> None:
        """Give the token to these remotes only: another server that one of them redirects to must not get it."""
        if not self._access.token:
            return
        settings = [("credential.helper", "")]  # git would hand a token that works to the helpers of the user, which may write it down
        for url in urls:
            parts = urlsplit(url)
            if parts.scheme == "http":
                raise OptionError("token: the remote is reached over http, where it could be read on the way.", "Use its https URL.")
            if parts.scheme == "https":
                settings.append((f"credential.https://{parts.netloc.rpartition('@')[2]}.helper", _HELPER))
        self.environment.pop("GIT_ASKPASS", None)
        self._credentials = {"LATCHKEY_GIT_USERNAME": self._access.username or "x-access-token", "LATCHKEY_GIT_TOKEN": self._access.token}
        self.configure(*settings)

    def try_run(
        self,
        *arguments: str,
        directory: str | None = None,
        environment: Mapping[str, str] | None = None,
        network: bool = False,
        given: bytes = b"",
    ) -> Done:
        """Run a command and return how it ended.

        Args:
            arguments: the command.
            directory: where; by default in the one of this object.
            environment: more environment variables.
            network: True for a command that talks to a remote. Only those get the token, since others may start hooks and filters.
            given: its standard input.
        """
        # Files and not pipes, which a process that git leaves behind, such as the master of an ssh connection, would keep open.
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as source:
            source.write(given)
            source.seek(0)
            try:
                process = subprocess.Popen(
                    ["git", *arguments],
                    cwd=directory or self._directory,
                    env={**self.environment, **(self._credentials if network else {}), **(environment or {})},
                    stdin=source if given else subprocess.DEVNULL,
                    stdout=output,
                    stderr=errors,
                    start_new_session=True,  # no terminal to ask at, and one group to stop
                )
            except FileNotFoundError:
                raise GitError("There is no git on the controller.", "Install it.") from None
            late = ""
            try:
                process.wait(self._access.timeout)
            except subprocess.TimeoutExpired:
                late = f"it took longer than {self._access.timeout:g} seconds"
            finally:
                if process.poll() is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            output.seek(0)
            errors.seek(0)
            return Done(None if late else process.returncode, output.read(), late or self._words(errors.read()))

    def run(self, *arguments: str, what: str, directory: str | None = None, network: bool = False, given: bytes = b"") -> Done:
        """Run a command that has to succeed; ``what`` says for people what it does not do otherwise."""
        done = self.try_run(*arguments, directory=directory, network=network, given=given)
        if done.code != 0:
            raise GitError(f"{what}: git says: {done.words}.")
        return done

    def scrub(self, text: str) -> str:
        """Return a text without the token, and without what stands before the @ of a URL."""
        return redact(re.sub(r"(?<=://)[^/@\s']+@", "", text), [self._access.token])

    def _words(self, errors: bytes) -> str:
        """Return what git said, as one line without advice."""
        lines = [re.sub(r"^(remote|error|fatal): *", "", line.strip()) for line in errors.decode("utf-8", "replace").splitlines()]
        told = [line for line in lines if line and not line.startswith(("hint:", "To ", "warning: redirecting"))]
        said = self.scrub("; ".join(" ".join(line.split()).rstrip(".") for line in told)) or "nothing"
        return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}..."


def refuse_password(remote: str) -> None:
    """Raise OptionError for a remote with a password in its URL, or one that is no URL at all."""
    try:
        password = urlsplit(remote).password
    except ValueError:
        raise OptionError("remote: it is no URL, no path and no name of a remote.") from None
    if password:
        raise OptionError("remote: there is a password in the URL, and it would be seen in the list of processes.", "Set token instead.")


def _environment(access: GitAccess, start: Mapping[str, str]) -> dict[str, str]:
    environment = {key: value for key, value in start.items() if not _NOT_OURS.fullmatch(key)}
    environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": ":", "LC_ALL": "C", "LANGUAGE": ""}
    if access.ssh_key_file or access.ssh_known_hosts_file:
        parts = ["ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]
        if access.ssh_key_file:
            parts += ["-i", access.ssh_key_file, "-o", "IdentitiesOnly=yes"]
        if access.ssh_known_hosts_file:
            parts += ["-o", f"UserKnownHostsFile={access.ssh_known_hosts_file}"]
        environment["GIT_SSH_COMMAND"] = shlex.join(parts)
    # Nothing that goes on in the background after the task.
    _configure(environment, [("gc.auto", "0"), ("maintenance.auto", "false"), ("core.fsmonitor", "false"), ("submodule.recurse", "false")])
    return environment


def _configure(environment: dict[str, str], settings: Sequence[tuple[str, str]]) -> None:
    """Add settings to those that the environment has for git already."""
    count = environment.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isdecimal() else 0
    for number, (key, value) in enumerate(settings, first):
        environment[f"GIT_CONFIG_KEY_{number}"], environment[f"GIT_CONFIG_VALUE_{number}"] = key, value
    environment["GIT_CONFIG_COUNT"] = str(first + len(settings))
