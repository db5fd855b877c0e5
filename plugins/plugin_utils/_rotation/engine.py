# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rotation engine: find out what there is, plan, do what the plan says, through the ports and nothing else. Private.

A rotation has up to four phases, since tasks of the user may come in between: begin (all of it where there are none), finish, undo and
undone. What one phase knows goes to the next as plain data, which the caller seals.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, VarsFileError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import format_instant
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import planning_beside, words
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import state as states
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.context import Context, Ports
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.delivery import Delivery
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.failures import RotationFailedError, name_step
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.flow import Flow, undo_of
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.on_demand import OnDemand
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning import Facts, RotationPlan
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import (
    NEVER_WRITTEN,
    Change,
    Held,
    Listing,
    NothingRotatedError,
    Owner,
    Rescued,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.record import TASKS, Record
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.settings import REPLACE, RotationPolicy, RotationSettings
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.side_by_side import SideBySide

__all__ = ["Ports", "Rotation", "RotationFailedError"]

if TYPE_CHECKING:
    from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.in_place import InPlace

# What few rotations need.
_in_place: OnDemand[[Context], InPlace] = OnDemand("plugin_utils._rotation.in_place", "InPlace")
_plan_in_place: OnDemand[[Facts, RotationPolicy, datetime, str], RotationPlan] = OnDemand(
    "plugin_utils._rotation.planning_in_place", "plan"
)

IsGone = Callable[[str], "bool | None"]
_UNDOES = "undoes"  # what the ticket is for: an earlier run's undo goes on after the hand-over


def choose(number: int) -> int:
    """Return a random number from 1 to this one."""
    return 1 + secrets.randbelow(number)


class Rotation:
    """One rotation of one credential.

    Args:
        settings: what the user wants.
        ports: the world.
        run: the name of this run, kept in the state so that others see who is at work.
        is_gone: tells of another run whether it has ended; None where that cannot be told.
        record: how far it has got; a new one by default.
        choose: returns a random number from 1 to the one it is given.
    """

    def __init__(
        self,
        settings: RotationSettings,
        ports: Ports,
        *,
        run: str,
        is_gone: IsGone,
        record: Record | None = None,
        choose: Callable[[int], int] = choose,
    ) -> None:
        self._settings = settings
        self._ports = ports
        self._is_gone = is_gone
        self._choose = choose
        self._context = Context(settings, ports, run, record or Record())
        self._flow = self._begin_flow()
        self._undoes = False

    @classmethod
    def resume(cls, settings: RotationSettings, ports: Ports, ticket_data: Mapping[str, Any], *, run: str, is_gone: IsGone) -> Rotation:
        """Return a rotation that goes on from what an earlier phase returned."""
        data = dict(ticket_data)
        undoes = bool(data.pop(_UNDOES))
        rotation = cls(settings, ports, run=run, is_gone=is_gone, record=Record.from_data(data))
        rotation._undoes = undoes
        ports.progress.hide(*rotation.record.secrets())
        return rotation

    @property
    def record(self) -> Record:
        """How far it has got."""
        return self._context.record

    # The phases

    def begin(self, check_mode: bool = False) -> dict[str, Any]:
        """Rotate, if it is due; with tasks of the user, up to them.

        Returns:
            The result; with ``ticket_data`` where tasks of the user come next and finish() must follow, and ``undoes`` in it where they
            get the old credential again since an earlier run was interrupted.

        Raises:
            RotationFailedError: it failed; what could be undone is undone.
            LatchkeyError: it was refused before anything was changed.
        """
        with self._named():
            return self._begin(check_mode)

    def _begin(self, check_mode: bool) -> dict[str, Any]:
        self._find_out()
        plan = self.record.plan
        if not check_mode and (plan.undo or plan.clears or plan.changes):
            self._context.claim()
        if plan.undo and not check_mode:
            if self._settings.has_hooks and self._context.found.old_value is not None:
                return self._undo_earlier_up_to_the_hand_over()
            self._undo_earlier()
        if check_mode:
            return self._preview()
        return self._go_on()

    def finish(self) -> dict[str, Any]:
        """Go on after the tasks of the user. Returns and raises what begin() does."""
        with self._named():
            return self._finish()

    def _finish(self) -> dict[str, Any]:
        if self._undoes:
            failure = undo_of(self._context).all()
            if not failure.undone:
                raise failure
            self._start_anew()
            return self._go_on()
        self.record.told = True
        if TASKS not in self.record.undo:
            self.record.undo_too(TASKS)
        self._flow.complete()
        return self._result()

    def undo(self, step: str, failure: str) -> RotationFailedError:
        """Begin to undo a rotation whose tasks of the user, or whose second half, failed.

        Args:
            step: what failed.
            failure: how, in words.

        Returns:
            What the user is told; with needs_hand_over set, the user's tasks must get the old credential first, and undone() must follow.
        """
        record = self.record
        record.failed_step, record.failure = record.failed_step or step, record.failure or failure
        if self._undoes:
            return undo_of(self._context).incomplete(LatchkeyError(failure), step)
        return self._flow.failed(LatchkeyError(failure))

    def undone(self, step: str = "", failure: str = "") -> RotationFailedError:
        """Undo the rest once the user's tasks have the old credential, or failed to take it.

        Args:
            step, failure: what of them failed, and how; empty when they did not.

        Returns:
            What the user is told.
        """
        undo = undo_of(self._context)
        return undo.incomplete(LatchkeyError(failure), step) if failure else undo.all()

    def ticket_data(self) -> dict[str, Any]:
        """Return what the next phase must know, as plain data with secrets and bytes in it."""
        return {**self.record.as_data(), _UNDOES: self._undoes}

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Give each failure its last form: with the account, the endpoint, the step that failed, and what is there now."""
        try:
            yield
        except LatchkeyError as failure:
            name_step(failure, self._context.what, self.record.failed_step, self._flow.standing(failure))
            raise

    # What there is, and what follows from it

    def _begin_flow(self) -> Flow:
        return _in_place(self._context) if self._settings.in_place else SideBySide(self._context)

    def _go_on(self) -> dict[str, Any]:
        plan = self.record.plan
        for warning in plan.warnings:
            self._context.warn(warning)
        if not plan.changes:
            self._flow.keep()
        elif self._flow.change():
            return self._suspended()
        return self._result()

    def _suspended(self) -> dict[str, Any]:
        """Return the result of a phase after which tasks of the user come: what the next one needs, and no last line yet."""
        result = self._result()
        del result["message"]
        return {**result, "ticket_data": self.ticket_data()}

    def _start_anew(self) -> None:
        """Forget what an earlier run's undo was about, but for that it was done, and look at what there is now."""
        self._undoes = False
        self._context.record = Record(changed=True, undid=True)
        self._flow = self._begin_flow()
        self._find_out()

    def _undo_earlier(self) -> None:
        undo_of(self._context).earlier()
        self._ports.progress.shield(False)
        self._start_anew()

    def _undo_earlier_up_to_the_hand_over(self) -> dict[str, Any]:
        undo = undo_of(self._context)
        undo.take_up()
        failure = undo.up_to_the_hand_over()
        if not failure.needs_hand_over:
            raise failure
        self._undoes = True
        return {**self._suspended(), "undoes": True}

    def _find_out(self) -> None:
        context, record = self._context, self.record
        with context.step(f"Read the {context.store}"):
            held = self._read()
        record.rescued = self._read_rescue(held)
        if self._settings.is_secret:
            listing = context.look()
            record.account_id = self._the_account(held, listing) if self._settings.in_place else None
            owner = self._whose(held, listing)
        else:
            owner = self._whose(held, None)
            listing = context.look(owner.token_id if owner else None)
            if owner and not owner.token_id and states.id_of(held.state, "current") not in _ids(listing):
                owner = self._whose(held, None)  # the only one that is listed is not taken for one that was revoked since it was checked
            record.account_id = listing.account_id
        record.plan = self._planned(held, listing, owner)
        if record.plan.problem:
            is_refused = held.value and owner is None and not self._settings.in_place
            refused = f"The stored credential was refused. {self._ports.credentials.refusal}" if is_refused else ""
            raise NothingRotatedError(f"{record.plan.problem} Nothing was rotated.", refused.strip())
        takes_roles_over = record.plan.rotate and self._settings.kind == REPLACE and not self._settings.roles
        if takes_roles_over and record.plan.current.get("id") not in _ids(listing):
            raise NothingRotatedError(
                "there is no account yet whose roles the new one could have. Nothing was rotated.", "Name its roles in rotate_roles."
            )

    def _whose(self, held: Held, listing: Listing | None) -> Owner | None:
        """Ask whose the stored credential is; None where there is none, or it is dead."""
        if not held.value or (self._settings.changes_account and listing and held.client_id not in _ids(listing)):
            return None  # the secret of an account that is gone is dead, and is not sent
        client_id = held.client_id or (self.record.account_id if self._settings.in_place else None)
        with self._context.step("Check the stored credential"):
            return self._ports.credentials.check(held.value, client_id)

    def _read(self) -> Held:
        held = self._ports.store.read()
        if not held.exists:
            raise NothingRotatedError(
                f"{held.where} does not exist, so nothing was rotated.", "Check rotate_vars_file, or create the file first."
            )
        if not held.writable:
            raise NothingRotatedError(
                f"{held.where} cannot be written, so nothing was rotated.", "Check its permissions and those of its directory."
            )
        if held.refusal:
            raise NothingRotatedError(f"{held.refusal} Nothing was rotated.", held.advice)
        if self._settings.changes_account and held.value and not held.client_id:
            raise VarsFileError(
                f"{held.where} holds a secret in {self._settings.var}, but no client id in {self._settings.client_id_var}.",
                "Put the id of the account that it belongs to there.",
            )
        self.record.found = held
        self._ports.progress.hide(*self.record.secrets())
        return held

    def _read_rescue(self, held: Held) -> Rescued:
        if self._ports.rescue is None:
            return Rescued()
        with self._context.step("Look for a secret that an earlier run could not store"):
            rescued = self._ports.rescue.read()
        self._ports.progress.hide(rescued.secret)
        return rescued

    def _the_account(self, held: Held, listing: Listing) -> str:
        """Return the id of the one account whose secret is rotated. Raises NothingRotatedError."""
        ids = sorted(_ids(listing))
        if not ids:
            raise NothingRotatedError(
                "there is no service account of this name. Nothing was rotated.",
                f"Check rotate_account. {self._settings.accounts_elsewhere}".rstrip(),
            )
        if len(ids) > 1:
            raise NothingRotatedError(
                f"there are several service accounts of this name, {' and '.join(ids)}. Nothing was rotated.",
                "Delete those that are not in use.",
            )
        if held.client_id not in (None, ids[0]):
            raise NothingRotatedError(
                f"{held.where} holds the client id {held.client_id} in {self._settings.client_id_var}, but {self._settings.account} is "
                f"{ids[0]}. Nothing was rotated.",
                "Check rotate_account.",
            )
        return ids[0]

    def _planned(self, held: Held, listing: Listing, owner: Owner | None) -> RotationPlan:
        settings, record = self._settings, self.record
        run, now = self._context.run, self._ports.clock.now()
        pending = states.part_of(held.state, "pending")
        facts = Facts(
            state=held.state,
            has_value=bool(held.value),
            works=owner is not None,
            value_id=self._value_id(held, owner),
            account_id=record.account_id or "",
            credentials=listing.credentials,
            complete=listing.complete,
            gone=self._gone(held, listing),
            limit=listing.limit,
            stranger=self._stranger(owner, listing),
            run_is_gone=self._is_gone(str(pending.get("run", ""))) if pending else True,
            has_rescue=record.rescued.exists,
            rescue_works=self._rescue_works(owner),
            rescue_in_doubt=owner is not None and not self._is_as_before(held),
            mark=held.version.get("value", ""),
            store=self._ports.store.noun,
            names=[name for name in held.names if name not in (settings.var, settings.client_id_var)],
            var=settings.var,
        )
        if settings.in_place:
            return _plan_in_place(facts, settings.policy, now, run)
        return planning_beside.plan(facts, settings.policy, now, run, self._choose)

    def _value_id(self, held: Held, owner: Owner | None) -> str | None:
        """Return the id of the stored credential, where that can be told."""
        if self._settings.changes_account:
            return held.client_id if held.value else None
        if owner and owner.token_id:
            return owner.token_id
        # The old credential was put back by hand: the state still tells which one that is.
        return states.id_of(held.state, "current") or None if owner and held.value == held.old_value else None

    def _stranger(self, owner: Owner | None, listing: Listing) -> str:
        """Return the account that the stored credential is of, where that is not the one to rotate."""
        if owner is None or self._settings.in_place:
            return ""
        owners = _ids(listing) if self._settings.changes_account else {listing.account_id}
        return "" if owner.account_id in owners else f"{owner.account} (id {owner.account_id})"

    def _gone(self, held: Held, listing: Listing) -> frozenset[str]:
        """Ask for what the state knows and the platform does not list: a list may be cut off, or stale."""
        parts = ("current", "previous", *(["pending"] if states.stage_of(held.state) == states.STORED else []))
        noted = {states.id_of(held.state, part) for part in parts} - {"", *_ids(listing)}
        if not noted or self._settings.in_place:
            return frozenset()
        with self._context.step(f"Ask for {' and '.join(sorted(noted))}, which the platform does not list"):
            return frozenset(noted - set(self._ports.credentials.find(sorted(noted))))

    def _is_as_before(self, held: Held) -> bool:
        """Tell whether the stored secret is the one that was there before an interrupted rotation, so that a rescued one is the newer.

        Where the platform takes an old secret for a while, two may work; then neither is ended by a guess, and a newer one is created.
        """
        mark = held.version.get("value", "")
        return states.stage_of(held.state) == states.MINTING and states.part_of(held.state, "pending").get("mark", mark) == mark

    def _rescue_works(self, owner: Owner | None) -> bool:
        """Tell whether the secret in the rescue file works, and is not known to be older than one that is stored and works."""
        rescued, found, account_id = self.record.rescued, self._context.found, self.record.account_id
        secret = rescued.secret
        if not secret or secret == found.value:  # stored already, so the file is of no use any more
            return False
        noted = states.secret_of(found.state)
        is_noted = owner is not None and noted.get("id") == account_id
        if is_noted and rescued.created_at and states.is_later_or_same(noted, rescued.created_at):
            return False
        with self._context.step("Check the secret in the rescue file"):
            return self._ports.credentials.check(secret, account_id, patiently=True) is not None

    # Check mode, and the result

    def _preview(self) -> dict[str, Any]:
        """Say all that would be done, and try what can be tried without changing anything."""
        context, record = self._context, self.record
        plan, settings = record.plan, self._settings
        for warning in plan.warnings:
            context.warn(warning)
        if plan.rotate or plan.rescue or plan.settle:
            with context.step(f"Check that the {context.store} could be written"):
                change = Change(plan.intent or plan.settled, value=NEVER_WRITTEN if plan.rotate or plan.rescue else None)
                self._ports.store.try_write(change, context.found.as_expected())
        if plan.rotate:
            with context.step(f"Check that a new {self._ports.credentials.noun} could be created"):
                self._ports.credentials.try_create(states.part_of(plan.intent, "pending"), plan.current)
        written = Delivery(context).would_write(plan.changes)
        pushes = False
        if settings.publishes and self._ports.remote:
            with context.step("Check that the vars file could be published"):
                state = plan.intent or plan.settled if plan.rotate or plan.settle else context.found.state or None
                pushes = self._ports.remote.publish(state, None, try_only=True).changed
        if not plan.changes and not plan.undo and settings.always_proves:
            with context.step("Check access with the stored credential"):
                self._ports.credentials.prove(context.found.value, context.found.client_id or record.account_id, None, None)
        if planning_beside.is_overdue(context.found.state, self._ports.clock.now()):
            record.unretired.append(states.id_of(context.found.state, "previous"))
        would = words.would_do(
            settings, plan, self._ports.credentials.noun, pushes=pushes, sinks=written, removes_rescue=record.rescued.exists
        )
        message = words.preview_line(settings, plan, would, self.record.unretired)
        return {**self._result(), "would": would, "message": message}

    def _result(self) -> dict[str, Any]:
        record, settings = self.record, self._settings
        plan, policy = record.plan, settings.policy
        current, old_id = self._flow.current(), self._flow.old_id
        judged = current
        if plan.rotate and not record.created_id:  # in check mode, by what the new one would be
            judged = {"expires_at": plan.expires_at, "minted_at": format_instant(self._ports.clock.now())}
        next_due, never = words.due_of(judged, policy)
        if never and not plan.undo:
            self._context.warn(f"The rotation of {settings.var} of {self._context.what} is never due. {words.never_due_hint(settings)}")
        return {
            "rotated": plan.changes,
            "reason": plan.reason,
            "account": settings.account,
            "endpoint": settings.endpoint,
            "token_id": current.get("id"),
            "created_at": current.get("minted_at"),
            "expires_at": current.get("expires_at"),
            "old_token_id": old_id if plan.changes and old_id and record.noted else None,
            "retired": record.retired,
            "unretired": list(dict.fromkeys(record.unretired)),
            "next_due": next_due,
            "next_due_reason": never or None,
            "diff": words.diff_of(settings, record, current, old_id),
            "message": words.last_line(settings, record, current, old_id, next_due, never),
            **({"published": record.published} if settings.publishes else {}),
        }


def _ids(listing: Listing) -> set[str]:
    return {str(one["token_id"]) for one in listing.credentials}
