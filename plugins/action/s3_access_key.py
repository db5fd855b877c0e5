# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action of s3_access_key: its operation inside the worker, secrets hidden."""

from __future__ import annotations

from ansible_collections.latchkey.tokens.plugins.module_utils._operations.s3_access_key import S3_ACCESS_KEY
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.in_process import OperationAction


class ActionModule(OperationAction):
    """Runs s3_access_key."""

    operation = S3_ACCESS_KEY
    mints = True
