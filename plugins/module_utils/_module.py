# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run an operation as an ordinary module. Private to this collection."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

from ._operations.execute import Operation, execute


class _Module(AnsibleModule):
    """Keeps its options out of the system's log: a secret may be in any of them, such as the body of a probe."""

    def _log_invocation(self) -> None:
        pass


def run_module(operation: Operation) -> None:
    """Do what a module's main() does: check the arguments, run, exit."""
    module = _Module(argument_spec=operation.full_argument_spec(), supports_check_mode=True, **operation.rules)
    result = execute(operation, module.params, module.check_mode)
    for warning in result.pop("warnings", []):  # not handed to exit_json or fail_json, which ansible-core 2.23 does not take any more
        module.warn(warning)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
