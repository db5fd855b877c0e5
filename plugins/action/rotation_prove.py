# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action rotation_prove: prove that what is in the vars file works, and is what was meant to be stored."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from ansible_collections.latchkey.tokens.plugins.module_utils._errors import CheckFailedError, VarsFileError
from ansible_collections.latchkey.tokens.plugins.module_utils._operations._access_check import ACCESS_CHECK
from ansible_collections.latchkey.tokens.plugins.module_utils._operations._execute import shared_arguments
from ansible_collections.latchkey.tokens.plugins.module_utils._times import parse_duration, utc_now
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import planning as rotation
from ansible_collections.latchkey.tokens.plugins.plugin_utils._hidden import MASKS_REGISTERED
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation_options import (
    CLUSTERS,
    KINDS,
    SETTLING_ARGUMENTS,
    is_secret,
    policy,
    where_is,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation_task import RotationAction


class ActionModule(RotationAction):
    """Runs rotation_prove."""

    name = "rotation_prove"
    argument_spec: ClassVar[dict[str, Any]] = {
        **shared_arguments(),
        **SETTLING_ARGUMENTS,
        "kind": {"type": "str", "choices": list(KINDS), "default": "access_token"},
        "account": {"type": "str", "default": ""},
        "path": {"type": "path", "required": True},
        "var": {"type": "str", "required": True},
        "client_id_var": {"type": "str", "default": ""},
        "expect_account_id": {"type": "str", "required": True},
        "expect_token_id": {"type": "str", "no_log": False},
        "probes": ACCESS_CHECK.argument_spec["probes"],
        "clusters": CLUSTERS,
        "sync_timeout": {"type": "str", "default": "5m"},
        "new": {"type": "dict"},
        "old_id": {"type": "str"},
    }

    def act(self, options: dict[str, Any], check_mode: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        var, id_var, secret = options["var"], options["client_id_var"], is_secret(options["kind"])
        names = [var, id_var] if secret and id_var else [var]
        stored = self.step("vault_vars_info", {"path": options["path"], "names": names, "hide": True})
        value = str(stored["vars"].get(var) or "")
        if not value:
            raise VarsFileError(f"{stored['path']} does not hold {var} any more; someone else changed it meanwhile.")
        # A secret that was made a moment ago may still be refused; a token is not.
        patience = parse_duration(options["sync_timeout"], "rotate_sync_timeout")
        expected = {"expect_account_id": options["expect_account_id"], "probes": options["probes"]}
        if secret:
            client_id = stored["vars"].get(id_var) or options["expect_account_id"]
            proof = self.check_patiently({**self.connection_as(client_id=client_id, client_secret=value), **expected}, patience)
            self._check_clusters(options["clusters"], proof["account_id"], value, patience)
        else:
            proof = self.check({**self.connection_as(token=value), **expected})
            if options["expect_token_id"] and proof["token_id"] not in (None, options["expect_token_id"]):
                raise CheckFailedError(f"The vars file holds token {proof['token_id']}, not {options['expect_token_id']}.")
        if str(proof["account_id"]) != options["expect_account_id"]:  # access_check saw to that; nothing is retired without it
            raise CheckFailedError(f"{stored['path']} holds a credential that was not proved, so the old one stays.")
        self.secrets = [value]
        self.hide_all = not MASKS_REGISTERED
        return {
            "changed": False,
            "account_id": proof["account_id"],
            "token_id": proof["token_id"],
            "path": stored["path"],
            "vars": stored["vars"],
            "fingerprints": stored["fingerprints"],
            **_settled(options),
        }

    def _check_clusters(self, clusters: list[dict[str, Any]], client_id: str, secret: str, patience: timedelta) -> None:
        """Check access at the clusters to which Rubrik Security Cloud carries the secret."""
        for cluster in clusters:
            options = self.connection_as(platform="rubrik_cdm", client_id=client_id, client_secret=secret)
            unset = dict.fromkeys(("endpoint", "ca_path", "validate_certs", "organization_id"))
            self.check_patiently({**options, **unset, **where_is(cluster)}, patience)


def _settled(options: dict[str, Any]) -> dict[str, Any]:
    """Return the state to keep, with the old credential still to be retired and after that; nothing where none was made."""
    if not options["new"]:
        return {}
    now = utc_now()
    wanted = policy(options, now)
    unretired, retired = (rotation.settled_state(options["new"], options["old_id"], wanted, now, retired=done) for done in (False, True))
    return {"state": unretired, "state_when_retired": retired, "next_due": rotation.next_due(options["new"], wanted)}
