# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run an operation as an ordinary module. Private to this collection."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ._common.errors import OptionError
from ._operations.execute import Operation, execute
from ._option_types import refuse_other_types


class _Module(AnsibleModule):
    """Keeps its options out of the system's log: a secret may be in any of them, such as the body of a probe."""

    params: dict[str, Any]
    _refused = ""  # why values are refused that AnsibleModule would convert

    def __init__(self, **spec: Any) -> None:
        super().__init__(**spec)
        if self._refused:
            self.fail_json(self._refused)

    def _log_invocation(self) -> None:
        pass

    def _load_params(self) -> None:
        """Look at the values before they are converted. What is wrong is said by fail_json(), which does not work yet."""
        super()._load_params()
        try:
            refuse_other_types(self.params, self.argument_spec)
        except OptionError as failure:
            self._refused = str(failure)
            self.params = {name: value for name, value in self.params.items() if name.startswith("_ansible_")}

    def fail_json(self, msg: str, **kwargs: Any) -> None:
        """Fail, and say first of all what is wrong with the type of a value."""
        super().fail_json(self._refused or msg, **kwargs)


def run_module(operation: Operation) -> None:
    """Do what a module's main() does: check the arguments, run, exit."""
    module = _Module(argument_spec=operation.full_argument_spec(), supports_check_mode=True, **operation.rules)
    result = execute(operation, module.params, module.check_mode)
    for warning in result.pop("warnings", []):  # not handed to exit_json or fail_json, which ansible-core 2.23 does not take any more
        module.warn(warning)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
