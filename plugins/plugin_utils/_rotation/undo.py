# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Undo a rotation that stands beside the old credential: the store, then what read it there, in reverse, then the new credential. Private.

So the store holds a working credential at every instant. What a run that is killed in the middle leaves, the next one goes on with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import state as states
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.context import Context, as_failure
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.delivery import Delivery
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.failures import RotationFailedError, TakenOverError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Change, Held
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.recognition import recognise
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.record import PUT_BACK, RESTORE, REVOKE, TASKS, whole_stack


class Undo:
    """The undo of one rotation, as far as its stack says."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._record = context.record
        self._ports = context.ports
        self._noun = context.ports.credentials.noun
        self._unknown = False  # whether what was created could not be found, and may still appear

    # The ways to undo

    def all(self) -> RotationFailedError:
        """Undo everything, and return what the user is told."""
        try:
            self._unwind()
        except TakenOverError as failure:
            return self.stop(failure)
        except Exception as failure:  # noqa: BLE001  (what is left to do must be told, whatever it was)
            return self.incomplete(as_failure(failure))
        return self._done()

    def up_to_the_hand_over(self) -> RotationFailedError:
        """Put the old credential back, so that the user's tasks can get it; all() must follow."""
        try:
            self._unwind(up_to_the_tasks=True)
        except TakenOverError as failure:
            return self.stop(failure)
        except Exception as failure:  # noqa: BLE001  (as above)
            return self.incomplete(as_failure(failure))
        return RotationFailedError(f"{self._context.what} is being undone.", needs_hand_over=True)

    def take_up(self) -> None:
        """Make what an earlier run left half-way the thing to undo."""
        self._record.failed_step, self._record.failure = "an earlier run", "it was interrupted."
        handed = states.stage_of(self._context.found.state) in (states.STORED, states.UNDOING)
        self._record.undo = whole_stack(self._context.settings, with_sinks=handed)
        if handed:
            Delivery(self._context).doubt()

    def earlier(self) -> None:
        """Undo what an earlier run left half-way. Raises RotationFailedError."""
        self.take_up()
        failure = self.all()
        if not failure.undone:
            raise failure

    def stop(self, failure: TakenOverError | LatchkeyError) -> RotationFailedError:
        """Leave all that another run made, or took over; what this run created itself, and is stored nowhere, is revoked."""
        self._ports.progress.shield()
        created = self._record.created_id
        words = unwritten = Delivery(self._context).follow()
        if created and self._context.settings.policy.alternates:
            words = f" The new secret of {created} that this run created is stored nowhere. Run again. {unwritten}".rstrip()
        elif unwritten:
            words = f" {unwritten}{' What this run created is not revoked.' if created else ''}"
        elif created:
            try:
                held = self._ports.store.read()
                # Where the store still names it, what took over may have handed it on, and ends it in its turn.
                is_theirs = states.stage_of(held.state) != states.CURRENT and states.id_of(held.state, "pending") == created
                if held.value != self._record.new_value and not is_theirs:
                    with self._context.step(f"Revoke the {self._noun} that this run created"):
                        self._ports.credentials.revoke([created])
                    words = f" The {self._noun} {created} that this run created is revoked."
            except Exception as left:  # noqa: BLE001  (what is left to do must be told, whatever it was)
                words = f" The {self._noun} {created} that this run created could not be revoked: {as_failure(left)}"
        elif self._record.in_doubt:
            words = f" Whether this run created a {self._noun} is not known."
        return self._context.fail_at(f"{failure}{words}")

    def incomplete(self, failure: LatchkeyError, step: str = "") -> RotationFailedError:
        """Return what the user is told where the undo itself failed."""
        record, context = self._record, self._context
        return context.fail(
            f"was not rotated, and not all of it could be undone yet. {context.where} still tells what is open, and the next run of this "
            "role finishes it; no working credential was lost. "
            f"What failed first: {record.failed_step}: {record.failure} "
            f"What failed while undoing: {step or self._now or 'a step'}: {failure}",
            names_step=True,
        )

    def _done(self) -> RotationFailedError:
        record, context = self._record, self._context
        holds = (
            "what was put there by hand meanwhile"
            if record.theirs
            else "the old credential"
            if context.found.value
            else "no credential yet"
        )
        failed = f"What failed: {record.failed_step}: {record.failure}{Delivery(context).doubts()}"
        # What an interrupted run wrote may come late too, but what there was before is what that run left.
        in_doubt = bool(record.late) and not record.plan.undo
        if context.settings.policy.alternates:
            late = " Whether the other account has a new secret is not known, so the next rotation waits an hour." if self._unknown else ""
            return context.fail(
                f"was not rotated: {context.where} holds {holds}, and a new secret of the other account, where there was one, is stored "
                f"nowhere.{late} {failed}",
                undone=not self._unknown and not in_doubt,
                names_step=True,
            )
        if self._unknown:
            return context.fail(
                f"was not rotated. Whether a new {self._noun} was created is not known: {context.where} holds {holds}, and notes that one "
                f"may still appear; the next runs look for it and revoke it. {failed}",
                names_step=True,
            )
        before = "" if in_doubt else ", and all is as it was before"
        return context.fail(
            f"was not rotated{before}: {context.where} holds {holds}, and the new one, where there was one, is revoked. {failed}",
            undone=not in_doubt,
            names_step=True,
        )

    # The stack

    def _unwind(self, *, up_to_the_tasks: bool = False) -> None:
        """Undo what the record's stack says, last in first out."""
        self._ports.progress.shield()
        undo = self._record.undo
        actions = {PUT_BACK: self._put_back, REVOKE: self._revoke, RESTORE: self._restore}
        if PUT_BACK not in undo:
            self._look()
        while undo and not (up_to_the_tasks and undo[-1] in (TASKS, REVOKE, RESTORE)):
            if undo[-1] in self._ports.sinks:
                self._give_back(undo[-1])
            elif undo[-1] != TASKS:  # those had their turn before
                actions[undo[-1]]()
            undo.pop()

    _now = ""

    def _look(self) -> Held:
        """Read how far the rotation got in the store; where that was deleted, make it again with its old content.

        A store that is gone tells nothing of another run, so what this run knew is put there, be it dead by now.
        """
        record, context = self._record, self._context
        self._now = "Read how far the rotation got"
        held = self._ports.store.read()
        if not held.exists and record.intent:
            self._now = f"Restore the deleted {context.store} with its old content"
            with context.step(self._now):
                self._ports.store.restore(record.intent.before, None, record.intent.mode)
            held = self._ports.store.read()
        context.refuse_taken_over(held)
        ours = {"", record.new_value, context.found.value, held.old_value or ""}
        record.theirs = record.theirs or held.value not in ours
        return held

    def _put_back(self) -> None:
        """Make the old credential the value again; where there was none, take the new one out."""
        context, held = self._context, self._look()
        if states.stage_of(held.state) != states.STORED or (self._record.theirs and self._may_work(held)):
            return
        old = held.old_value
        client_id = None
        if context.settings.client_id_var:
            client_id = states.id_of(held.state, "current") if old is not None else ""
        self._now = (
            f"Put the old credential back into the {context.store}"
            if old is not None
            else f"Take the new credential out of the {context.store} again"
        )
        with context.step(self._now):
            change = Change(states.undoing(held.state), value=old if old is not None else "", client_id=client_id)
            self._record.put_back = context.write(change, held.as_expected())

    def _give_back(self, name: str) -> None:
        """Give a sink the old credential back."""
        held = self._look()
        self._now = f"Give {self._ports.sinks[name].where} the old credential back"
        Delivery(self._context).put_back(name, held)

    def _may_work(self, held: Held) -> bool:
        """Tell whether another credential that was stored by hand works; one that cannot be asked about may."""
        try:
            return self._ports.credentials.check(held.value, held.client_id) is not None
        except LatchkeyError:
            return True

    def _revoke(self) -> None:
        """End the new credential: the one that was told, else what is recognised."""
        record, context = self._record, self._context
        held = self._look()
        if record.new_value and held.value == record.new_value:  # put in place again since it was taken out
            self._put_back()
            held = self._look()
        if context.settings.policy.alternates:  # its account keeps the new secret, which is stored nowhere, until its next turn
            self._unknown = record.in_doubt
            return
        lost = self._lost_state(held)
        ids: tuple[str, ...] = (record.created_id,) if record.created_id else ()
        if not ids and lost:
            self._now = f"Look for the new {self._noun} among what the account has now"
            listing = context.look()
            left = recognise(lost, listing.credentials, self._ports.clock.now())
            ids = left.proved
            # What is listed may lag behind, and a request that was not answered may still be served.
            self._unknown = not ids and (record.in_doubt or bool(record.plan.undo and not listing.complete))
        if held.value and ids and record.plan.undo:
            owner = self._ports.credentials.check(held.value, held.client_id)
            ids = tuple(one for one in ids if owner is None or one != owner.token_id)
        if ids:
            self._now = f"Revoke the new {self._noun}"
            with context.step(self._now):
                # An earlier run's credential that was being finished is the value that was found: it may be put in place again by hand.
                context.revoke(ids, record.new_value or (context.found.value if record.plan.finish else ""))

    def _lost_state(self, held: Held) -> Mapping[str, Any]:
        """Return the state that tells of the new credential: the store's, or what this run knows where the store tells nothing any more."""
        record = self._record
        if states.stage_of(held.state) != states.CURRENT:
            return held.state
        if record.new_value and held.value == record.new_value:
            return {}
        return record.plan.intent if record.plan.rotate else self._context.found.state if record.plan.finish else {}

    def _restore(self) -> None:
        """Give the store its old content back; where changes of others are in it, settle the state alone."""
        record, context = self._record, self._context
        late = bool(record.late)  # which must be noted
        if not self._unknown and not late and record.intent:
            self._now = f"Give the {context.store} its old content back"
            with context.step(self._now):
                if context.restore():
                    return
        held = self._ports.store.read()
        context.refuse_taken_over(held)
        if states.stage_of(held.state) == states.CURRENT and not self._unknown and not late:
            return
        self._now = "Settle the state of the rotation"
        with context.step(self._now):
            state = held.state
            if states.stage_of(state) == states.CURRENT:
                pending = states.part_of(record.plan.intent, "pending")
                state = states.minting(held.state, pending)
            now = self._ports.clock.now() if self._unknown else None
            state = states.without_pending(states.with_late_writes(state, record.late), now)
            context.write(Change(state), held.as_expected())
