# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotate a credential beside the old one: tokens, and accounts that replace one another. Old and new work until the new one is proved.

Private. The order is what protects: intent before creation, value and state in one atomic write, proof before the old one goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, RequestError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Handed
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import format_instant
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import state as states
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.context import Context, as_failure, marks
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.failures import (
    Consequence,
    RotationFailedError,
    TakenOverError,
    consequence_of,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.flow import Flow, undo_of
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning import RotationPlan
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning_beside import settled_after
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import NEVER_WRITTEN, Change
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.record import PUT_BACK, RESTORE, REVOKE, whole_stack

_STORE = "Store the new credential"
_STORE_BOTH = "Store the new credential, and the old one beside it until the new one is proved"


class SideBySide(Flow):
    """One rotation whose new credential stands beside the old one."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._noun = context.ports.credentials.noun

    @property
    def _plan(self) -> RotationPlan:
        return self._record.plan

    # When a rotation is due, or one is to be finished

    def change(self) -> bool:
        """See Flow."""
        self._clear()
        if self._plan.rotate:
            self._write_intent()
        else:  # what an earlier run stored is undone like this run's own
            self._record.undo = whole_stack(self._context.settings)
            self._delivery.doubt()
        settings = self._context.settings
        with_hooks = settings.has_hooks
        try:
            if self._plan.rotate:
                self._create()
                self._store()
            self._prove()
            self._delivery.hand_over(settings.sinks, self._handed())
            if not with_hooks:
                self._settle()
        except Exception as failure:  # noqa: BLE001  (whatever it is, a new credential must not be left behind)
            raise self.failed(as_failure(failure)) from None
        if not with_hooks:
            self._finish()
        return with_hooks

    def complete(self) -> None:
        """Go on after the tasks of the user: the sinks behind them, publish, record the proof, retire the old credential."""
        try:
            self._delivery.hand_over(self._context.settings.later_sinks, self._handed())
            self._settle()
        except Exception as failure:  # noqa: BLE001  (as above)
            raise self.failed(as_failure(failure)) from None
        self._finish()

    def _clear(self) -> None:
        """Revoke and retire what has to go first; find out before that whether the rest can succeed."""
        plan, context = self._plan, self._context
        if plan.rotate or plan.revoke or plan.settle:
            with context.step(f"Check that the {context.store} can be written{' and the credential encrypted' if plan.rotate else ''}"):
                self._ports.store.try_write(self._dry_run(), context.found.as_expected())
        if context.settings.publishes and (plan.rotate or plan.revoke or plan.retire):
            self._publishing.check()
        if plan.changes or plan.revoke:
            self._delivery.check()
        if plan.revoke:
            self._delivery.level()
            with context.step(f"Revoke the {self._noun}s that no store knows"):
                context.revoke(plan.revoke)
        if plan.retire and not plan.finish:
            self._retire_earlier(plan.retire)
        if plan.disable:
            self._disable_earlier(plan.disable)

    def _disable_earlier(self, old_id: str) -> None:
        """Switch off an earlier credential that an earlier run could not switch off."""
        context = self._context
        try:
            with context.step(f"Disable the earlier {self._noun} {old_id}"):
                context.disable(old_id)
        except TakenOverError:
            raise
        except LatchkeyError as failure:
            context.go_on(f"The earlier credential {old_id} could not be disabled; the next run tries again. {failure}")
            self._record.unretired.append(old_id)

    def _dry_run(self) -> Change:
        if not self._plan.rotate:
            return Change(self._plan.settled)
        client_id = NEVER_WRITTEN if self._context.settings.client_id_var else None
        return Change(self._plan.intent, value=NEVER_WRITTEN, client_id=client_id)

    def _retire_earlier(self, old_id: str) -> None:
        """Delete an earlier credential whose time has come. Where a new one needs its slot, a failure stops the run."""
        context = self._context
        try:
            with context.step(f"Delete the earlier {self._noun} {old_id}"):
                context.revoke([old_id])
        except TakenOverError:
            raise
        except LatchkeyError as failure:
            if self._plan.rotate:
                raise context.fail(
                    f"was not rotated, and nothing was created: the earlier credential {old_id} could not be deleted to make room.", failure
                ) from None
            context.go_on(f"The earlier credential {old_id} could not be deleted; the next run tries again. {failure}")
            self._record.unretired.append(old_id)

    def _write_intent(self) -> None:
        with self._context.step(f"Note in the {self._context.store} that a new {self._noun} is about to be created"):
            change = Change(self._plan.intent)
            self._record.intent = self._context.write(change, self._context.found.as_expected())
            self._record.undo.append(RESTORE)

    def _create(self) -> None:
        record = self._record
        with self._context.step(f"Create the new {self._noun}"):
            self._context.check_fence()
            record.undo.append(REVOKE)
            pending = states.part_of(self._plan.intent, "pending")
            try:
                record.created = self._ports.credentials.create(pending, self._plan.current)
            except RequestError as failure:
                record.created_id = str(failure.details.get("client_id") or "")
                record.in_doubt = failure.may_have_acted and not record.created_id
                raise
            record.created_id, record.changed = record.created.id, True

    def _store(self) -> None:
        record, context = self._record, self._context
        if record.created is None:
            raise AssertionError("nothing was created")
        state = states.stored(self._plan.intent, record.created.id)
        client_id = record.created.id if context.settings.client_id_var else None
        change = Change(state, value=record.created.secret, old_value=context.found.value or None, client_id=client_id)
        with context.step(_STORE_BOTH if context.found.value else _STORE):
            record.undo.append(PUT_BACK)
            found = context.found
            expected = {
                "value": marks("value", found),
                "client_id": marks("client_id", found),
                "state": marks("state", record.intent),  # an older one may be what another run's credential was revoked for
            }
            record.stored = context.write(change, expected, record.intent)

    def _prove(self) -> None:
        record, context = self._record, self._context
        settings, current = context.settings, self.current()
        with context.step(f"Check access with what is in the {context.store}"):
            held = self._read_to_prove()
            account_id = str(current["id"]) if settings.is_secret else record.account_id
            token_id = None if settings.is_secret else str(current["id"])
            client_id = held.client_id or (str(current["id"]) if settings.is_secret else None)
            record.owner = self._ports.credentials.prove(held.value, client_id, account_id, token_id)
            record.proved_at = format_instant(self._ports.clock.now())

    def _handed(self) -> Handed:
        """Return the new credential as sinks get it."""
        record = self._record
        return Handed(record.proved_value, str(self.current().get("id") or ""), record.owner.account if record.owner else "")

    def current(self) -> Mapping[str, Any]:
        """See Flow."""
        record = self._record
        if record.created is None or record.stored is None:
            return self._plan.current
        since = states.part_of(self._plan.intent, "pending")["since"]
        minted_at = record.created.created_at or since
        return {"id": record.created.id, "minted_at": minted_at, "expires_at": record.created.expires_at}

    @property
    def old_id(self) -> str:
        """See Flow."""
        return self._plan.retire if self._plan.finish else str(self._plan.current.get("id") or "") if self._plan.rotate else ""

    def _after(self, *, retired: bool) -> dict[str, Any]:
        """Return the state once the new credential is proved."""
        base = states.with_late_writes(self._plan.intent or self._plan.settled, self._record.late)
        now = states.instant({"at": self._record.proved_at}, "at") or self._ports.clock.now()
        policy = self._context.settings.policy
        unconfirmed, late = base.get("unconfirmed") or (), states.late_writes(base)
        return settled_after(self.current(), self.old_id, policy, now, retired=retired, unconfirmed=unconfirmed, late=late)

    def _settle(self) -> None:
        """Publish, then record the proof: from there on no run may put the old credential back."""
        record, context = self._record, self._context
        if context.settings.publishes:
            self._publishing.push(self._after(retired=False), record.publishable)
        with context.step(f"Note in the {context.store} that the new {self._noun} is proved"):
            record.notes = True
            # An older content that was put in place has no new credential in it, and must keep its old one.
            expected = {part: marks(part, record.stored or context.found, record.pushed) for part in ("value", "client_id", "state")}
            record.noted = context.write(Change(self._after(retired=False)), expected, record.stored)
            self._ports.progress.shield()

    def _finish(self) -> None:
        """Retire the old credential, and record that."""
        record, context = self._record, self._context
        policy, old_id = context.settings.policy, self.old_id
        if old_id and policy.retires_at_once:
            record.retired = self._retire(old_id)
        if not record.retired:
            return
        try:
            with context.step(f"Note in the {context.store} that the old {self._noun} is retired"):
                self._note_retired()
        except TakenOverError as failure:
            raise context.fail_at(f"the rotation is done, and the old {self._noun} is retired.", failure) from None
        except LatchkeyError as failure:
            raise context.fail_at(
                f"the rotation is done, and the old {self._noun} is retired, but that could not be noted in {context.where}; the next run "
                "does.",
                failure,
            ) from None
        if context.settings.publishes:
            self._publishing.push_state(self._after(retired=True), "the old one is dealt with")

    def _retire(self, old_id: str) -> bool:
        context = self._context
        disable = context.settings.policy.retire == "disable"
        try:
            with context.step(f"{'Disable' if disable else 'Delete'} the old {self._noun} {old_id}"):
                old_value = context.found.old_value if self._plan.finish else context.found.value
                if disable:
                    context.disable(old_id, old_value, stored=True)
                else:
                    context.revoke([old_id], old_value, stored=True)
        except TakenOverError as failure:
            context.go_on(str(failure))
            self._record.unretired.append(old_id)
            return False
        except LatchkeyError as failure:
            context.go_on(
                f"The rotation is done, but the old credential {old_id} could not be retired; the next run tries again. {failure}"
            )
            self._record.unretired.append(old_id)
            return False
        return True

    def _note_retired(self) -> None:
        """Record it, with the credential once more: an older content that was put in place meanwhile holds one that is dead by now."""
        record, context = self._record, self._context
        value = record.proved_value
        client_id = str(self.current()["id"]) if context.settings.client_id_var else None
        change = Change(self._after(retired=True), value=value, client_id=client_id)
        found, held = context.found, record.stored or context.found
        values = (*marks("value", held, found), *marks("old_value", found), "")
        context.write(change, {"value": values, "state": (*marks("state", record.noted, found), "")}, record.noted)

    # When nothing is due

    def keep(self) -> None:
        """Clear away what earlier runs left, prove the stored credential where that is wanted, bring the state up to date."""
        plan, context, record = self._plan, self._context, self._record
        if plan.clears or plan.settle:
            self._clear()
        if context.settings.always_proves:
            self._prove()
        self._delivery.keep()
        waits = bool(record.unretired)
        if plan.settle and not waits:
            with context.step("Bring the state of the rotation up to date"):
                context.write(Change(plan.settled), context.found.as_expected())
        if context.settings.publishes:
            state = plan.settled if plan.settle and not waits else context.found.state
            self._publishing.push_when_not_due(state)

    # When something failed

    def standing(self, failure: LatchkeyError) -> str:
        """See Flow: from the intent on, failed() tells."""
        return "was not rotated."

    def failed(self, failure: LatchkeyError) -> RotationFailedError:
        """Do what a failure after the intent calls for, and return what the user is told."""
        record, context = self._record, self._context
        record.failure = record.failure or str(failure)
        consequence = consequence_of(failure, record, holds_proved=self._holds_proved())
        if consequence is Consequence.STOP:
            return undo_of(context).stop(failure)
        if consequence is Consequence.PROVE_AGAIN:
            return context.fail_at(
                f"{context.where} holds a credential that an earlier run created, and whether it works could not be found out; both it and "
                "the old one are kept. Run again.",
                failure,
            )
        if consequence is Consequence.PUBLISH_AGAIN:
            return context.fail_at(f"{context.where} holds a new credential that works, and the old one is kept too. Run again.", failure)
        if consequence is Consequence.NOTE_AGAIN:
            return context.fail_at(
                f"{context.where} holds the new credential, which works, but that could not be noted there; the old one is kept, and the "
                "next run retires it.",
                failure,
            )
        if consequence is Consequence.BOTH_STAY:
            return context.fail_at(
                f"the new credential works and was published, and the old one is kept too, but {context.where} does not hold the new one "
                "any more.",
                failure,
            )
        undo = undo_of(context)
        has_old = context.found.old_value if record.plan.finish else context.found.value
        return undo.up_to_the_hand_over() if record.told and has_old else undo.all()

    def _holds_proved(self) -> bool:
        record = self._record
        if not record.notes:
            return False
        try:
            held = self._ports.store.read()
        except LatchkeyError:
            return False
        return held.value == record.proved_value
