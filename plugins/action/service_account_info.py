# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action of service_account_info: its operation inside the worker, secrets hidden."""

from __future__ import annotations

from ansible_collections.latchkey.tokens.plugins.module_utils._operations.info import SERVICE_ACCOUNT_INFO
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.in_process import OperationAction


class ActionModule(OperationAction):
    """Runs service_account_info."""

    operation = SERVICE_ACCOUNT_INFO
