# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far one rotation has got: what the engine knows between two steps, and hands from one phase to the next. Private."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning import RotationPlan
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Created, Held, Owner, Rescued, SinkContent, Written
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.settings import RotationSettings

# The names of the undo stack, last in first out.
RESTORE, REVOKE, PUT_BACK, TASKS = "restore", "revoke", "put back", "tasks"  # and the names of sinks


def whole_stack(settings: RotationSettings, *, with_sinks: bool = True) -> list[str]:
    """Return the undo stack of a rotation that may have got as far as its last step.

    Args:
        settings: what the user wants.
        with_sinks: whether sinks, and the tasks of the user, may have the new credential.
    """
    handed = (*settings.sinks, TASKS, *settings.later_sinks) if with_sinks else ()
    return [RESTORE, REVOKE, *handed, PUT_BACK]


@dataclass
class Record:
    """How far a rotation has got.

    Attributes:
        found: what the store held at first.
        rescued: what the rescue file held at first.
        plan: what was decided.
        account_id: the account's id, as the platform told it.
        undo: what is to be undone if a step fails, by name, in the order in which it became necessary.
        intent, stored, put_back, noted: what each write of this rotation did.
        created: the new credential; its secret may be one that an earlier run rescued.
        created_id: its id; known also where its secret is not.
        in_doubt: whether a request to create one may have taken effect although no answer told so.
        owner: whose the stored credential is, by the proof; None before it.
        proved_at: when that was, so that all states that are written and pushed after it tell the same times.
        notes: whether the proof was about to be recorded, so that all before it went well.
        told: whether the user's tasks have the new credential.
        sinks: what each sink held at first, by name.
        handed: the sinks that this run has given the new credential, or may have.
        late: sinks that a write without an answer may still reach, and since when.
        publishable: what the remote held of the variables before.
        published: the commit that was pushed; None before a push.
        pushed: the store after the push, which may have brought it up to what was pushed; its version only.
        publish_in_doubt: whether a push may have been taken although no answer told so.
        retired: whether the old credential could be retired.
        unretired: ids of old credentials that should be gone and are not.
        failed_step: the step that failed first.
        failure: what failed first, in words.
        theirs: whether another credential than this rotation's was stored meanwhile.
        changed: whether anything was changed.
        undid: whether what an earlier run left half-way was undone first.
    """

    found: Held | None = None
    rescued: Rescued = field(default_factory=Rescued)
    plan: RotationPlan = field(default_factory=RotationPlan)
    account_id: str | None = None
    undo: list[str] = field(default_factory=list)
    intent: Written | None = None
    stored: Written | None = None
    put_back: Written | None = None
    noted: Written | None = None
    created: Created | None = None
    created_id: str = ""
    in_doubt: bool = False
    owner: Owner | None = None
    proved_at: str = ""
    notes: bool = False
    told: bool = False
    sinks: Mapping[str, SinkContent] = field(default_factory=dict)
    handed: list[str] = field(default_factory=list)
    late: dict[str, str] = field(default_factory=dict)
    publishable: Mapping[str, str] | None = None
    published: str | None = None
    pushed: Written | None = None
    publish_in_doubt: bool = False
    retired: bool = False
    unretired: list[str] = field(default_factory=list)
    failed_step: str = ""
    failure: str = ""
    theirs: bool = False
    changed: bool = False
    undid: bool = False

    @property
    def new_value(self) -> str:
        """The new credential; empty before it is created."""
        return self.created.secret if self.created else ""

    @property
    def secret(self) -> str:
        """The new secret of an account: one that this run created, or that an earlier one left in the rescue file; else empty."""
        return self.new_value or (self.rescued.secret if self.plan.rescue else "")

    @property
    def proved_value(self) -> str:
        """The credential that this rotation proves in the store."""
        return self.secret or (self.found.value if self.found else "")

    def undo_too(self, name: str) -> None:
        """Put something on the undo stack: it is undone once the store has the old credential again, and before the new one is ended."""
        place = len(self.undo) - 1 if self.undo and self.undo[-1] == PUT_BACK else len(self.undo)
        self.undo.insert(place, name)

    def secrets(self) -> list[str]:
        """Return every secret that is known so far."""
        held = [self.found.value, self.found.old_value, *self.found.secrets] if self.found else []
        return [one for one in (*held, self.rescued.secret, self.new_value) if one]

    def as_data(self) -> dict[str, Any]:
        """Return it as plain data, secrets and bytes in it."""
        return {one.name: _plain(getattr(self, one.name)) for one in fields(self)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Record:
        """Return what as_data was called on."""
        kinds: dict[str, Any] = {
            "found": Held,
            "rescued": Rescued,
            "plan": RotationPlan,
            "intent": Written,
            "stored": Written,
            "put_back": Written,
            "noted": Written,
            "pushed": Written,
            "created": Created,
            "owner": Owner,
        }
        values = dict(data)
        for name, kind in kinds.items():
            if values[name] is not None:
                values[name] = kind(**values[name])
        values["sinks"] = {name: SinkContent(**one) for name, one in values["sinks"].items()}
        plan = values["plan"]
        for name in ("revoke", "warnings"):
            object.__setattr__(plan, name, tuple(getattr(plan, name)))
        return cls(**values)


def _plain(value: Any) -> Any:
    if isinstance(value, (Held, Rescued, RotationPlan, Written, Created, Owner, SinkContent)):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
