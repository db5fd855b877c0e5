# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the secrets in a task's result out of output, logs, callbacks and events. Private to this collection."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible import constants as C

from ansible_collections.latchkey.tokens.plugins.module_utils._common.credential_form import is_template
from ansible_collections.latchkey.tokens.plugins.module_utils._common.secrets import AUTH_KEYS, maskable, nested_secrets, secret_strings

try:  # ansible-core 2.22 and later mask registered secrets wherever they would be shown
    from ansible.module_utils.secrets import register_secrets
except ImportError:
    MASKS_REGISTERED = False
else:
    MASKS_REGISTERED = True


# Variables of all hosts, those of the host or of the one that the task is delegated to once more, and no results.
_OF_ALL = ("hostvars", "vars", "groups", "ansible_facts", "ansible_delegated_vars")
_TELLING = 8  # characters of a secret that is in a longer text, or has one in it


def register(secrets: Iterable[str], plain: Collection[str] = ()) -> bool:
    """Have Ansible mask these strings from now on, where it can.

    Args:
        secrets: the strings. Ansible masks each wherever it occurs, and for the whole run.
        plain: strings that are no secrets although a secret may be the same, such as a name that is also its own password.

    Returns:
        Whether all of them will be masked.
    """
    secrets = set(secrets)
    masked = maskable(secrets, plain)
    if MASKS_REGISTERED:
        register_secrets(sorted(masked))
    return MASKS_REGISTERED and masked == secrets


def hide_secrets(result: dict[str, Any], secrets: Sequence[str], always: bool = False, plain: Collection[str] = ()) -> dict[str, Any]:
    """Return the result so that its secrets are usable when registered, but never shown.

    The whole result is hidden, as with no_log, where Ansible cannot mask each of its secrets: before ansible-core 2.22, and where one
    is too short to be masked, or is also the name of something.

    Args:
        result: the task's result.
        secrets: the secrets in it; without any, the result is left as it is.
        always: True hides the whole result on every version, for one that is not worth reading.
        plain: what is not masked elsewhere, as for register.
    """
    are_masked = register(secrets, plain)
    if always or (secrets and not are_masked):
        return {**result, "_ansible_no_log": True}
    return result


def show_apart(result: Mapping[str, Any], show: Any) -> None:
    """Show what Ansible would hide together with the secret: warnings, and why the task failed. Neither ever holds a secret.

    Args:
        result: what hide_secrets returned.
        show: Ansible's Display.
    """
    if not result.get("_ansible_no_log"):
        return
    for warning in result.get("warnings") or ():
        event = getattr(warning, "event", None)  # ansible-core 2.19 and later wrap those of modules
        show.warning(event.msg if event else str(warning))
    if result.get("failed"):
        # Not show.error: before ansible-core 2.19 it breaks lines unless wrap_text is false, and that argument goes away.
        show.display(f"[ERROR]: {result.get('msg')}", color=C.COLOR_ERROR, stderr=True)


def loop_secrets(task_vars: Mapping[str, Any] | None, given: Sequence[str]) -> list[str]:
    """Return the secrets in the loop item that a task is run for, since Ansible shows the item with the task's result.

    Such an item is the result of an earlier task that minted in a loop, ``loop: "{{ minted.results }}"``, or holds what the task
    got in an option for secrets, ``loop: "{{ passwords | dict2items }}"``.

    Args:
        task_vars: the task's variables.
        given: the secrets among its arguments.
    """
    loop_var = (task_vars or {}).get("ansible_loop_var")
    item = (task_vars or {}).get(loop_var) if loop_var else None
    return [*nested_secrets(item), *(text for text in secret_strings(item) if any(_overlap(text, one) for one in given))]


def secrets_of_the_run(task_vars: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the secrets that earlier tasks of the host have registered, or that its variables hold under the names of our options.

    Args:
        task_vars: the task's variables. Only looked at when there is something to mask.
    """
    own = {name: value for name, value in (task_vars or {}).items() if name not in _OF_ALL and isinstance(value, (dict, list, tuple))}
    # A template is no secret: the names in it would be masked wherever they occur.
    yield from (one for one in nested_secrets(own, AUTH_KEYS) if len(one) >= _TELLING and not is_template(one))


def _overlap(text: str, secret: str) -> bool:
    """Tell whether one is in the other, and not just a word or a name that happens to be."""
    return text == secret or (min(len(text), len(secret)) >= _TELLING and (text in secret or secret in text))


def hide_loop(task: Any, result: Mapping[str, Any]) -> None:
    """Hide the results of a loop as a whole when one of them is hidden: ansible-core 2.16 hands them to callbacks together as well.

    Args:
        task: the action's own task; in a loop, Ansible takes its no_log over to the loop.
        result: what hide_secrets returned.
    """
    if result.get("_ansible_no_log"):
        task.no_log = True
