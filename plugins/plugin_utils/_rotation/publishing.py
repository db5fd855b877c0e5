# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Publish the store in the course of a rotation: tried before anything is created, pushed once the new credential is proved. Private.

With the new credential goes the state that the store has after it, never the old credential. A push is never taken back, so it is the last
thing that can fail before the old credential goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import state as states
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.context import Context
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Publication, Remote, Written


class Publishing:
    """The pushes of one rotation."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._remote_holds: Mapping[str, str] | None = None  # by the last push

    @property
    def _remote(self) -> Remote:
        if self._context.ports.remote is None:
            raise AssertionError("what is published has a remote")
        return self._context.ports.remote

    def _publish(self, *arguments: Any, **more: Any) -> Publication:
        done = self._remote.publish(*arguments, **more)
        self._context.record.changed |= done.changed and not more.get("try_only")
        for warning in done.warnings:
            self._context.warn(warning)
        return done

    def check(self) -> None:
        """Find out, before anything is created or revoked, whether the store can be published, and that no other run was first."""
        context, record = self._context, self._context.record
        plan, found = record.plan, context.found
        try:
            # A credential that goes now may be the one that others find at the remote.
            if plan.retire and states.stage_of(found.state) == states.CURRENT:
                with context.step("Publish what an earlier run, or a run that did not publish, has stored"):
                    self._publish(found.state or None, None)
            with context.step("Check that the vars file can be published"):
                record.publishable = self._publish(plan.intent or plan.settled, None, try_only=True).fingerprints
        except LatchkeyError as failure:
            raise context.fail("was not rotated, and nothing was created.", failure) from None

    def push(self, state: Mapping[str, Any], expect: Mapping[str, str] | None) -> None:
        """Push the new credential with a state. Raises LatchkeyError, and notes where the remote may have taken it all the same."""
        context, record = self._context, self._context.record
        with context.step("Push the vars file, without the old credential"):
            try:
                done = self._publish(state, expect)
            except LatchkeyError as failure:
                record.publish_in_doubt = bool(failure.details.get("in_doubt"))
                raise
            record.published = done.commit
            self._remote_holds = done.fingerprints
            held = context.ports.store.read()  # the push may have brought it up to what the remote has
            if held.state == dict(state) and held.value == record.proved_value:
                record.pushed = Written(held.version)

    def push_state(self, state: Mapping[str, Any], what: str) -> None:
        """Push the state once the old credential is gone; a failure is told, and the next run pushes it."""
        context = self._context
        try:
            with context.step("Push the state of the rotation"):
                self._publish(state, self._remote_holds, message=what)
        except LatchkeyError as failure:
            context.go_on(
                "The rotation is done and the new credential is published, but that the old one is gone is not; the next run publishes it. "
                f"{failure}"
            )

    def push_when_not_due(self, state: Mapping[str, Any]) -> None:
        """Push a state, and a credential that is not published yet."""
        context, record = self._context, self._context.record
        try:
            with context.step("Push the vars file, where it is not published yet"):
                record.published = self._publish(state or None, None).commit or None
        except LatchkeyError as failure:
            raise context.fail_at("the rotation was not due, but a step failed.", failure) from None
