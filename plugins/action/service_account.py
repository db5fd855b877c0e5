# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action of service_account: its operation inside the worker, secrets hidden."""

from __future__ import annotations

from ansible_collections.latchkey.tokens.plugins.module_utils._operations.service_account import SERVICE_ACCOUNT
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.in_process import OperationAction


class ActionModule(OperationAction):
    """Runs service_account."""

    operation = SERVICE_ACCOUNT
    mints = True
