# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of what tasks of this collection can do. Private to this collection."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes; one fragment for modules that change something, one for those that only read."""

    DOCUMENTATION = r"""
options: {}
requirements:
  - requests, where the task runs
attributes:
  check_mode:
    description: Whether the task can run in check mode and say what it would change.
    support: full
  diff_mode:
    description: Whether the task tells what it changes, without secrets, in diff mode.
    support: full
  action:
    description: >-
      Whether an action plugin goes with it. On a local connection the task runs inside the Ansible worker; with C(become), C(async),
      C(environment), on a remote connection, or where the controller's Python has no requests, it runs as an ordinary module, with the
      same result. C(async) is refused by modules that may return a new secret. A result that carries a secret is hidden from output and
      logs even without C(no_log), and can be registered.
    support: full
  action_group:
    description: Use C(group/latchkey.tokens.latchkey) in C(module_defaults) to set the shared options once.
    support: full
    membership:
      - latchkey.tokens.latchkey
"""

    INFO = r"""
options: {}
requirements:
  - requests, where the task runs
  - jmespath, where the task runs, for JMESPath expressions
attributes:
  check_mode:
    description: Whether the task can run in check mode. It changes nothing anyway.
    support: full
  diff_mode:
    description: Whether the task tells what it changes in diff mode. It changes nothing.
    support: N/A
  action:
    description: Whether an action plugin goes with it. See M(latchkey.tokens.access_token).
    support: full
  action_group:
    description: Use C(group/latchkey.tokens.latchkey) in C(module_defaults) to set the shared options once.
    support: full
    membership:
      - latchkey.tokens.latchkey
"""

    ROTATION = r"""
options: {}
requirements:
  - requests, on the controller
attributes:
  check_mode:
    description: Whether the task can run in check mode. It says all that would be done, and tries what can be tried.
    support: full
  diff_mode:
    description: Whether the task tells what it changes, by ids and without secrets, in diff mode.
    support: full
  action:
    description: It is an action plugin and always runs on the controller, whatever the connection, C(become) or C(delegate_to) say.
    support: full
"""

    LEAKED = r"""
options: {}
requirements:
  - requests, on the controller
attributes:
  check_mode:
    description: Whether the task can run in check mode. It finds out all that it would otherwise, and revokes nothing.
    support: full
  diff_mode:
    description: Whether the task tells what it changes in diff mode. It says so in its lines.
    support: none
  action:
    description: It is an action plugin and always runs on the controller, whatever the connection, C(become) or C(delegate_to) say.
    support: full
"""

    CONTROLLER_INFO = r"""
options: {}
attributes:
  check_mode:
    description: Whether the task can run in check mode. It changes nothing anyway.
    support: full
  diff_mode:
    description: Whether the task tells what it changes in diff mode. It changes nothing.
    support: N/A
  action:
    description: It is an action plugin and always runs on the controller, whatever the connection, C(become) or C(delegate_to) say.
    support: full
"""
