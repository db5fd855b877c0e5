# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand the new credential to the sinks: read before anything is created, written once it is proved, undone in reverse. Private.

A sink holds what the store holds. So an undo gives it what the store holds by then, and a run that finds another credential in a sink
when nothing is due writes that one over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, RefusedError, RequestError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Handed
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import format_instant
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import state as states
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.context import Context
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Change, Held, SinkContent


class Delivery:
    """The sinks of one rotation."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._record = context.record
        self._sinks = context.ports.sinks

    def doubt(self) -> None:
        """Keep of what an earlier, interrupted run wrote into sinks that it may reach them yet: a sink that tells is compared instead."""
        now = format_instant(self._context.ports.clock.now())
        self._record.late |= {name: now for name, sink in self._sinks.items() if not sink.tells}

    def doubts(self) -> str:
        """Say which sinks may get another credential than the stored one later; empty where there is none."""
        places = " and ".join(self._sinks[name].where for name in self._record.late if name in self._sinks)
        return f" A write to {places} may still be served, so the next runs write the stored credential there again." if places else ""

    def check(self) -> None:
        """Find out, before anything is created or revoked, whether each sink can be written, and what it holds. Raises LatchkeyError."""
        found: dict[str, SinkContent] = {}
        try:
            for name, sink in self._sinks.items():
                with self._step(f"Check that {sink.where} can be written"):
                    found[name] = sink.read()
        except LatchkeyError as failure:
            raise self._context.fail("was not rotated, and nothing was created.", failure) from None
        self._record.sinks = found

    def level(self) -> None:
        """Give what is stored to sinks that may hold what an earlier run created, before that is revoked. Raises RotationFailedError."""
        context, record = self._context, self._record
        is_settled = states.stage_of(context.found.state) == states.CURRENT
        if not context.found.value:
            return
        try:
            for name, sink in self._sinks.items():
                if not self._lacks(name, record.sinks[name]) and (sink.tells or is_settled):
                    continue
                with self._step(f"Put the stored credential into {sink.where}"):
                    context.check_fence()
                    self._write(name, self._stored(context.found), record.sinks[name])
                    record.sinks = {**record.sinks, name: sink.read()}
        except LatchkeyError as failure:
            self._note_doubts()
            raise context.fail("was not rotated, and nothing was revoked.", failure) from None

    def hand_over(self, names: Sequence[str], credential: Handed) -> None:
        """Write the new credential into these sinks. Raises LatchkeyError; what is written is on the undo stack by then."""
        record = self._record
        for name in names:
            sink = self._sinks[name]
            with self._step(f"Put the new credential into {sink.where}"):
                self._context.check_fence()
                if name not in record.undo:
                    record.undo_too(name)
                record.handed.append(name)
                self._write(name, credential, record.sinks[name])

    def would_write(self, changes: bool) -> list[str]:
        """Return the sinks that a run would write, for people. Raises LatchkeyError where one of them cannot be written."""
        found = list[str]()
        for name, sink in self._sinks.items():
            if not changes and not self._is_asked(name):
                continue
            with self._step(f"Check that {sink.where} could be written"):
                content = sink.read()
            if changes or self._lacks(name, content):
                found.append(sink.where)
        return found

    def keep(self) -> None:
        """Give the stored credential to sinks that hold another one, or none, when nothing is due. Raises RotationFailedError."""
        context = self._context
        try:
            for name, sink in self._sinks.items():
                if not self._is_asked(name):
                    continue
                with self._step(f"Look what {sink.where} holds"):
                    content = sink.read()
                if self._lacks(name, content):
                    with self._step(f"Put the stored credential into {sink.where}"):
                        context.check_fence()
                        self._write(name, self._stored(context.found), content)
        except LatchkeyError as failure:
            self._note_doubts()
            raise context.fail_at("the rotation was not due, but a step failed.", failure) from None

    def put_back(self, name: str, held: Held) -> None:
        """Give a sink what it held before this rotation, or what the store holds now; what is there by hand stays.

        Args:
            name: which.
            held: what the store holds now.

        Raises:
            LatchkeyError: the sink may still hold the new credential.
        """
        with self._step(f"Give {self._sinks[name].where} the old credential back"):
            self._put_back(name, self._stored(held), self._record.sinks.get(name))

    def follow(self) -> str:
        """Give what is stored to the sinks of a run that another one took over from; return what could not be done, in words."""
        left = list[str]()
        for name in reversed(self._record.handed):
            try:
                with self._step(f"Give {self._sinks[name].where} what is stored"):
                    self._put_back(name, self._stored(self._context.ports.store.read()), None)
            except LatchkeyError as failure:
                left.append(str(failure))
        return " ".join(left)

    def _put_back(self, name: str, old: Handed, before: SinkContent | None) -> None:
        sink, new = self._sinks[name], self._new()
        now = sink.read()
        if new and sink.tells and not sink.holds(now, new):
            return  # the new one never got there, or something else was put there by hand
        if new and sink.tells and before and not sink.holds(before, new):
            sink.restore(before, now)
        elif old.value:
            self._write(name, old, now)
        elif new:
            self._context.warn(f"{sink.where} may still hold a credential that is revoked by now, since there was none before it.")

    def _write(self, name: str, credential: Handed, expected: SinkContent) -> None:
        """Write into a sink; where that tells nothing of what it holds, keep of a write without an answer that it may reach it yet."""
        sink, record = self._sinks[name], self._record
        before = dict(record.late)
        if not sink.tells:
            record.late[name] = format_instant(self._context.ports.clock.now())
        try:
            record.changed |= sink.write(credential, expected)
        except (RequestError, RefusedError) as failure:
            if isinstance(failure, RefusedError) or not failure.may_have_acted:
                record.late = before
            raise
        if not sink.in_doubt:
            record.late = before

    def _note_doubts(self) -> None:
        """Note in the store of a write without an answer that it may reach its sink yet."""
        context, record = self._context, self._record
        if not record.late:
            return
        found = context.found
        state = states.with_late_writes(found.state, record.late)
        try:
            written = context.write(Change(state, old_value=found.old_value), found.as_expected())
        except LatchkeyError as failure:
            context.warn(f"{self.doubts().strip()} That could not be noted in {context.where}: {failure}")
        else:
            record.found = replace(found, state=state, version=written.version)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        """Do one step. What a sink's server does not answer tells nothing of the platform."""
        with self._context.step(name):
            try:
                yield
            except RequestError as failure:
                raise LatchkeyError(str(failure)) from None

    def _is_late(self, name: str) -> bool:
        """Tell whether the store notes a write to a sink that may have reached it since."""
        return name in states.late_writes(self._context.found.state)

    def _is_asked(self, name: str) -> bool:
        """Tell whether a sink is written when nothing is due, where it holds another credential, or may."""
        return self._sinks[name].tells or self._is_late(name)

    def _lacks(self, name: str, content: SinkContent) -> bool:
        """Tell whether a sink may hold something else than the store."""
        found, sink = self._context.found, self._sinks[name]
        return bool(found.value) and (self._is_late(name) or (sink.tells and not sink.holds(content, self._stored(found))))

    @staticmethod
    def _stored(held: Held) -> Handed:
        """Return what a store holds, as sinks get it."""
        return Handed(held.value, held.client_id or states.id_of(held.state, "current"))

    def _new(self) -> Handed | None:
        """Return the new credential of this rotation; None where an earlier run created it, so that the store may not hold it any more."""
        record = self._record
        value = record.secret or (self._context.found.value if record.plan.finish else "")
        return Handed(value) if value else None
