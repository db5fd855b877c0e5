# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the secrets in a task's result out of output, logs, callbacks and events. Private to this collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._secrets import result_secrets

try:  # ansible-core 2.22 and later mask registered secrets wherever they would be shown
    from ansible.module_utils.secrets import register_secrets
except ImportError:
    register_secrets = None


def hide_secrets(result: dict[str, Any]) -> dict[str, Any]:
    """Return the result so that its secrets are usable when registered, but never shown.

    Before ansible-core 2.22 the whole result is hidden, as with no_log; only a result that carries a secret is.
    """
    found = result_secrets(result)
    if not found:
        return result
    if register_secrets is not None:
        register_secrets(found)
        return result
    return {**result, "_ansible_no_log": True}
