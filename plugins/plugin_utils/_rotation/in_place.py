# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotate the one secret that an account has. The old one may be dead once there is a new one, so nothing can be undone after that. Private.

The new secret goes into an encrypted rescue file before anything else is done with it, and every run first looks whether an earlier one
left one there. All that can be found out is found out before the secret is created.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, RequestError, VarsFileError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Handed
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import format_instant
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import state as states
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.context import Context, as_failure, marks
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.failures import RotationFailedError, TakenOverError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.flow import Flow
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import NEVER_WRITTEN, Change, ChangedMeanwhileError, Rescue


class InPlace(Flow):
    """One rotation of an account's secret in its place."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._is_taken = False  # whether another run's secret was in the rescue file

    @property
    def _rescue(self) -> Rescue:
        if self._ports.rescue is None:
            raise AssertionError("a secret in place has a rescue file")
        return self._ports.rescue

    @property
    def _secret(self) -> str:
        """The new secret: one that this run created, or that an earlier one left in the rescue file."""
        return self._record.secret

    @property
    def _created_at(self) -> str:
        """When the new secret was created, as far as that is known."""
        record = self._record
        created_at = record.created.created_at if record.created else record.rescued.created_at
        return created_at or str(states.part_of(record.plan.intent, "pending").get("since") or "")

    def _change(self, state: dict[str, Any], value: str | None) -> Change:
        client_id = self._record.account_id if self._context.settings.client_id_var else None
        return Change(state, value=value, client_id=client_id)

    # When a rotation is due, or one is to be finished

    def change(self) -> bool:
        """See Flow."""
        plan, context = self._record.plan, self._context
        if plan.rotate and context.settings.publishes:
            self._publishing.check()
        self._delivery.check()
        if plan.rotate:
            self._create()
        if plan.rotate or plan.rescue:
            self._store()
        else:
            self._delivery.doubt()
        self._prove()
        self._hand_over(context.settings.sinks)
        if context.settings.has_hooks:
            return True
        self.complete()
        return False

    def _create(self) -> None:
        record, context = self._record, self._context
        plan, found = record.plan, context.found
        with context.step(f"Check that the {context.store} can be written and the secret encrypted"):
            stored = states.stored(plan.intent, str(record.account_id))
            self._ports.store.try_write(self._change(stored, NEVER_WRITTEN), found.as_expected())
        with context.step("Check that the rescue file can be written"):
            self._rescue.try_write()
        with context.step(f"Note in the {context.store} that a new secret is about to be created"):
            record.intent = context.write(Change(plan.intent), found.as_expected())
        reserved = False
        try:
            with context.step("Reserve the room of the rescue file"):
                context.check_fence()
                reserved = self._rescue.reserve()
            with context.step("Create the new secret"):
                context.check_fence()
                try:
                    record.created = self._ports.credentials.create(states.part_of(plan.intent, "pending"), plan.current)
                except RequestError as failure:
                    record.in_doubt = failure.may_have_acted
                    raise
                created_at = record.created.created_at or format_instant(self._ports.clock.now())
                record.created = replace(record.created, created_at=created_at)
                record.created_id, record.changed = record.created.id, True
                self._ports.progress.shield()
        except Exception as failure:  # noqa: BLE001  (whatever it is, the store must not go on saying that a secret is being created)
            raise self._not_created(as_failure(failure), reserved) from None
        self._keep_in_rescue_file()

    def _not_created(self, failure: LatchkeyError, reserved: bool) -> RotationFailedError:
        """Undo the preparations where no secret was created for sure, and return what the user is told."""
        record, context = self._record, self._context
        self._ports.progress.shield()
        if isinstance(failure, TakenOverError):
            return context.fail_at(str(failure))
        if record.in_doubt:
            return context.fail(
                "was not rotated. Whether a secret was created is not known, so the next run creates another one; "
                f"{context.where} still holds the old one.",
                failure,
            )
        try:
            with context.step(f"Give the {context.store} its old content back"):
                restored = context.restore()
            if reserved:
                with context.step("Give the room of the rescue file back"):
                    self._rescue.remove()
        except Exception as left:  # noqa: BLE001  (what is left to do must be told, whatever it was)
            return context.fail(
                f"was not rotated, and no secret was created, but {context.where} could not be given its old content back; "
                f"the next run does. What failed first: {record.failed_step}: {failure} What failed while undoing: {as_failure(left)}",
                names_step=True,
            )
        held = "what it held" if restored else "what it held, with changes by hand since then"
        return context.fail(f"was not rotated. All is as it was before: {context.where} holds {held}.", failure, undone=True)

    def _keep_in_rescue_file(self) -> None:
        """Keep the new secret, encrypted, before it goes anywhere else. Where that fails, the store may still be writable."""
        context = self._context
        try:
            with context.step("Put the new secret into the rescue file, encrypted"):
                try:
                    context.check_fence()
                except TakenOverError as failure:
                    raise self._taken_over(failure) from None
                self._keep()
        except RotationFailedError:
            raise
        except Exception as failure:  # noqa: BLE001  (the store is still to be written, whatever it was)
            self._record.failure, self._record.failed_step = str(as_failure(failure)), ""

    def _taken_over(self, failure: TakenOverError) -> RotationFailedError:
        """Return what the user is told where another run took over while this one stood still with a new secret in hand.

        The secret is kept, unless the other run created its own later. It takes the place of one in the rescue file that is older or dead.
        """
        context = self._context
        held = self._ports.store.read()
        if held.value == self._secret:  # the other run found it in the rescue file
            return context.fail_at(str(failure))
        stage = states.stage_of(held.state)
        theirs = states.part_of(held.state, "current" if stage == states.CURRENT else "pending")
        # One that the other run is only about to create may never be created.
        made = None if stage == states.MINTING else states.instant(theirs, "minted_at") or states.instant(theirs, "since")
        mine = states.instant({"at": self._created_at}, "at")
        if made and mine and mine < made:
            return context.fail_at(f"{failure} The secret that this run created is older than that one, so it is stored nowhere.")
        kept = f"The secret that this run created is kept in {self._rescue.where}, encrypted; the next run stores it if it works."
        try:
            self._keep()
        except Exception as left:  # noqa: BLE001  (where the secret is must be told, whatever it was)
            kept = f"The secret that this run created could not be kept anywhere: {as_failure(left)}"
        return context.fail_at(f"{failure} {kept}")

    def _keep(self) -> None:
        """Put the new secret into the rescue file, also in the place of another run's that is older, or dead."""
        try:
            if self._is_taken:  # what was read once may be written over, so keep() would not tell again
                self._refuse_newer()
            self._rescue.keep(self._secret, self._created_at)
        except ChangedMeanwhileError:
            if self._is_taken:
                raise
            self._is_taken = True
            self._refuse_newer()
            self._rescue.keep(self._secret, self._created_at)

    def _refuse_newer(self) -> None:
        """Raise ChangedMeanwhileError where the rescue file holds another run's secret that works, and is not known to be older."""
        rescued = self._rescue.read()
        theirs, mine = (states.instant({"at": at}, "at") for at in (rescued.created_at, self._created_at))
        if not rescued.secret or rescued.secret == self._secret or (theirs is not None and mine is not None and theirs < mine):
            return
        if self._ports.credentials.check(rescued.secret, self._record.account_id) is not None:
            raise ChangedMeanwhileError(
                f"{self._rescue.where} holds another secret by now; it was left alone.", "Look which run is at work there."
            )

    def _store(self) -> None:
        record, context = self._record, self._context
        plan, found = record.plan, context.found
        state = states.stored(plan.intent, str(record.account_id), self._created_at)
        expected = {"value": marks("value", found), "state": marks("state", found, record.intent)}
        try:
            with context.step("Store the new secret"):
                record.stored = context.write(self._change(state, self._secret), expected, record.intent)
        except TakenOverError as failure:
            raise self._taken_over(failure) from None
        except Exception as failure:  # noqa: BLE001  (where the secret is must be told, whatever it was)
            raise self._not_stored(as_failure(failure)) from None
        self._ports.progress.shield(False)

    def _not_stored(self, failure: LatchkeyError) -> RotationFailedError:
        context = self._context
        try:
            kept = self._rescue.read().secret == self._secret
        except LatchkeyError:
            kept = False
        where = (
            f"The new one is in {self._rescue.where}, encrypted; once the cause is fixed, the next run stores it."
            if kept
            else "The new one could not be kept anywhere; once the cause is fixed, the next run creates another."
        )
        why = (
            "was changed meanwhile"
            if isinstance(failure, ChangedMeanwhileError)
            else "could not be written and still holds the old one, which may be dead"
        )
        return context.fail(f"has a new secret, but {context.where} {why}. {where}", failure)

    def _prove(self) -> None:
        record, context = self._record, self._context
        try:
            with context.step(f"Check access with what is in the {context.store}"):
                held = self._read_to_prove()
                if held.value != record.proved_value:
                    raise VarsFileError(f"{held.where} holds another secret by now, which was stored by hand meanwhile.", "Run again.")
                client_id = held.client_id or record.account_id
                record.owner = self._ports.credentials.prove(held.value, client_id, record.account_id, None)
        except Exception as failure:  # noqa: BLE001  (that there is no way back must be told, whatever it was)
            raise context.fail(
                f"has a new secret, and {context.where} holds it, but it could not be proved. Such a rotation cannot be undone, so the new "
                "secret stays; the next run proves it again.",
                as_failure(failure),
            ) from None

    # When the new secret is stored and proved

    def complete(self) -> None:
        """Publish the new secret, record the proof, and remove the rescue file."""
        record, context, found = self._record, self._context, self._context.found
        self._hand_over(context.settings.later_sinks)
        if context.settings.publishes:
            try:
                self._publishing.push(self._settled(), record.publishable)
            except Exception as failure:  # noqa: BLE001  (where the secret is must be told, whatever it was)
                raise self.not_published(as_failure(failure)) from None
        self._ports.progress.shield()
        with context.step(f"Note in the {context.store} that the new secret is proved"):
            # The secret too: an older content that was put in place meanwhile holds one that may be dead by now.
            value = record.proved_value
            expected = {part: (*marks(part, record.stored or found, found, record.pushed), "") for part in ("value", "state")}
            record.noted = context.write(self._change(self._settled(), value), expected, record.stored)
        self._remove_rescue_file(value)

    def _hand_over(self, sinks: Sequence[str]) -> None:
        """Put the new secret into these sinks."""
        record = self._record
        try:
            account = record.owner.account if record.owner else ""
            self._delivery.hand_over(sinks, Handed(record.proved_value, str(record.account_id), account))
        except Exception as failure:  # noqa: BLE001  (where the secret is must be told, whatever it was)
            raise self.not_published(as_failure(failure)) from None

    def _settled(self) -> dict[str, Any]:
        """Return the state once the new secret is proved, with when that was created."""
        settled = dict(self._record.plan.settled)
        if self._record.plan.changes and self._created_at:
            settled["current"] = {**settled["current"], "minted_at": self._created_at}
        return states.with_late_writes(settled, self._record.late)

    def _remove_rescue_file(self, value: str, step: str = "Remove the rescue file") -> None:
        """Remove the rescue file, unless its secret is not in the store any more, or is another run's: then it is the only one left.

        Two files cannot be changed at once: a hand that changes the store between the last look at it and the removal has the effect of
        one that does so after the removal.
        """
        context = self._context
        with context.step(step):
            if self._rescue.read().secret not in ("", value, self._record.rescued.secret):
                raise context.fail_at(
                    f"another run has created a secret since {context.where} was written, which is kept in {self._rescue.where}, "
                    "encrypted. Run again."
                )
            held = self._ports.store.read()
            if held.exists:
                context.refuse_taken_over(held)
            if held.value != value:
                # Read once more: another run may have removed it since.
                kept = f", which is kept in {self._rescue.where}, encrypted" if self._rescue.read().secret == value else ""
                raise context.fail_at(f"{context.where} was changed by hand, and does not hold the new secret any more{kept}. Run again.")
            self._rescue.remove()

    def not_published(self, failure: LatchkeyError) -> RotationFailedError:
        """Return what the user is told where the new secret could not be handed over."""
        context = self._context
        return context.fail(
            "has a new secret that works, but it could not be published. Such a rotation cannot be undone, so the new secret stays in "
            f"{context.where} and, encrypted, in {self._rescue.where}; the next run publishes it.",
            failure,
        )

    def current(self) -> Mapping[str, Any]:
        """See Flow."""
        return self._record.plan.current

    @property
    def old_id(self) -> str:
        """See Flow: the account stays, and the new secret has ended the old one."""
        return ""

    def standing(self, failure: LatchkeyError) -> str:
        """See Flow."""
        record, context = self._record, self._context
        if not (record.plan.changes and record.owner):
            return "was not rotated."
        if isinstance(failure, (TakenOverError, ChangedMeanwhileError)):
            return self._where_it_is()
        return f"has a new secret that works, and {context.where} holds it; the next run does what is left."

    def _where_it_is(self) -> str:
        """Say where the new secret is, once another run or a hand has changed the store: another run removes the rescue file, too."""
        value, where = self._record.proved_value, self._context.where
        try:
            if self._ports.store.read().value == value:
                return f"has a new secret that works, and {where} holds it."
            if self._rescue.read().secret == value:
                return f"has a new secret that works, which is kept in {self._rescue.where}, encrypted."
        except LatchkeyError:
            return f"has a new secret that works; it is in {where}, or in {self._rescue.where}."
        return f"had a new secret that worked, and neither {where} nor {self._rescue.where} holds it any more."

    def failed(self, failure: LatchkeyError) -> RotationFailedError:
        """See Flow."""
        return self.not_published(failure)

    # When nothing is due

    def keep(self) -> None:
        """Prove the stored secret where that is wanted, bring the state up to date, clear away a rescue file that is of no use."""
        context, record = self._context, self._record
        plan, found = record.plan, context.found
        if context.settings.always_proves:
            with context.step("Check access with the stored secret, which stays"):
                record.owner = self._ports.credentials.prove(found.value, found.client_id or record.account_id, record.account_id, None)
        self._delivery.keep()
        if plan.settle:
            with context.step("Bring the state of the rotation up to date"):
                record.noted = context.write(Change(plan.settled), found.as_expected())
        if record.rescued.exists:
            self._remove_rescue_file(found.value, "Remove a rescue file that is of no use")
            record.changed = True
        if context.settings.publishes:
            self._publishing.push_when_not_due(plan.settled)
