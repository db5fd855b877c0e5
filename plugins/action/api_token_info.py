# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action of api_token_info: its operation inside the worker."""

from __future__ import annotations

from ansible_collections.latchkey.tokens.plugins.module_utils._operations.info import API_TOKEN_INFO
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.in_process import OperationAction


class ActionModule(OperationAction):
    """Runs api_token_info."""

    operation = API_TOKEN_INFO
