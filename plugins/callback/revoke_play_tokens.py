# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback revoke_play_tokens: when to revoke the tokens of the lookup play_token, in Ansible's main process."""

from __future__ import annotations

DOCUMENTATION = r"""
name: revoke_play_tokens
type: notification
short_description: Revoke play tokens as soon as they are not needed any more
version_added: 1.0.0
description:
  - Revokes the tokens that P(latchkey.tokens.play_token#lookup) created. Those with C(scope=play) when another play starts, all of them
    at the end of the last playbook on the command line, when Ansible exits, and when it is stopped with SIGTERM or SIGHUP.
  - Without this callback, and when Ansible is killed, a small process does it that the lookup starts and that waits for the end of
    Ansible. The callback does it sooner, tells when it fails, and is enough where no such process can be started.
requirements:
  - Enable it with C(callbacks_enabled = latchkey.tokens.revoke_play_tokens) in ansible.cfg, or with E(ANSIBLE_CALLBACKS_ENABLED).
  - requests, on the controller
author:
  - The latchkey.tokens authors (@latchkey)
"""

import atexit
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from ansible import context
from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import lookup_loader

from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token import broker as play_tokens
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.keys import run_key
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.ledger import Entry, Ledger, warm_up
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.revoke import revoke_tokens

_STOPS = (signal.SIGTERM, signal.SIGHUP)


class CallbackModule(CallbackBase):
    """Waits for the ends of plays, playbooks and the run."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "latchkey.tokens.revoke_play_tokens"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._main_process = os.getpid()
        self._play: str | None = None
        self._playbooks_done = 0
        self._before: dict[int, Any] = {}
        play_tokens.callback_is_enabled = True
        atexit.register(self._run_ends)
        if threading.current_thread() is threading.main_thread():
            for number in _STOPS:
                before = signal.getsignal(number)
                if before is not signal.SIG_IGN:  # nohup, for one, wants it ignored
                    self._before[number] = before
                    signal.signal(number, self._on_stop)

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Load here once what a use needs: the workers are forked from this process, and each would load it anew."""
        lookup_loader.get("latchkey.tokens.play_token")
        warm_up(run_key())

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """A play or a batch of it starts; the same play comes here once for each of its batches."""
        last, self._play = self._play, play._uuid
        if last not in (None, self._play):
            self._revoke(for_good=False, which=lambda entry: entry.scope == "play")

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """A playbook has ended; there may be more of them on the command line, and they may use the same tokens."""
        self._playbooks_done += 1
        playbooks = context.CLIARGS.get("args")
        if not isinstance(playbooks, (list, tuple)) or self._playbooks_done >= len(playbooks):
            self._revoke(for_good=False)

    def _run_ends(self) -> None:
        if os.getpid() == self._main_process:  # workers inherit this, too
            self._revoke(for_good=True)

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        """Revoke, then do what would have been done without us."""
        self._run_ends()
        before = self._before[number]
        if callable(before):
            before(number, frame)
        else:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    def _revoke(self, *, for_good: bool, which: Callable[[Entry], bool] = lambda _entry: True) -> None:
        path = play_tokens.ledger_path()
        if os.path.exists(path):
            with Ledger.open(path, run_key()) as ledger:
                for words in revoke_tokens(ledger, for_good=for_good, which=which):
                    self._display.warning(words)
