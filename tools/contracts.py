# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check that what is declared in two places agrees.

Action groups and the changelog's lists with the modules' documentation, the options of actions with theirs, the role's variables with its
spec.

Usage: .venv/bin/python tools/contracts.py
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.plugin_docs import read_docstring
from ansible.plugins.loader import fragment_loader, init_plugin_loader
from ansible.utils.plugin_docs import add_fragments

ROOT = Path(__file__).resolve().parent.parent
COLLECTION = "latchkey.tokens"
UNSAID = {"type": "str", "default": None, "choices": None, "elements": None}  # of an option, where it is left out
# Names that the role gives to those it includes, facts that it leaves, and names in a rescue file; not variables that somebody sets.
# Its own variables have two underscores.
LEFT_BY_THE_ROLE = re.compile(r"rotate_(result|undone|publish_(secret|id|expires_at|file|undo)|rescued_(secret|for)|reserved_room|secret)")


def load(path: str) -> Any:
    """Read a YAML file of the checkout."""
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def documentation(path: Path) -> dict[str, Any]:
    """Return the documentation of a module's file, with what its fragments bring."""
    doc: dict[str, Any] = read_docstring(str(path), verbose=False)["doc"]
    add_fragments(doc, str(path), fragment_loader, is_module=True)
    return doc


def action_groups() -> list[str]:
    """A module is in an action group exactly when its documentation says so."""
    declared = {(module, group) for group, modules in load("meta/runtime.yml")["action_groups"].items() for module in modules}
    documented = set()
    for path in sorted((ROOT / "plugins" / "modules").glob("*.py")):
        membership = documentation(path).get("attributes", {}).get("action_group", {}).get("membership", [])
        documented |= {(path.stem, group.removeprefix(f"{COLLECTION}.")) for group in membership}
    return [
        *(
            f"meta/runtime.yml: {module} is in the group {group}, which its documentation does not say"
            for module, group in declared - documented
        ),
        *(f"plugins/modules/{module}.py: is not in the group {group} of meta/runtime.yml" for module, group in documented - declared),
    ]


def actions() -> list[str]:
    """Actions that are no modules take the options that their documentation says; validate-modules knows of modules only."""
    return [
        f"plugins/action/{path.stem}.py: {one}"
        for path in sorted((ROOT / "plugins" / "action").glob("*.py"))
        for action in [import_module(f"ansible_collections.{COLLECTION}.plugins.action.{path.stem}").ActionModule]
        if "argument_spec" in vars(action)
        for one in other_options(documentation(ROOT / "plugins" / "modules" / path.name)["options"], action.argument_spec)
    ]


def other_options(documented: Mapping[str, Any], spec: Mapping[str, Any], inside: str = "") -> Iterator[str]:
    """Yield what an argument spec has and its documentation has not, or has differently."""
    for name in sorted(documented.keys() ^ spec.keys()):
        yield f"{inside}{name} is {'documented, and no option' if name in documented else 'not documented'}"
    for name in sorted(documented.keys() & spec.keys()):
        told, taken = documented[name], spec[name]
        for key, unsaid in UNSAID.items():
            if told.get(key, unsaid) != taken.get(key, unsaid):
                yield f"{inside}{name}: {key} is {taken.get(key, unsaid)!r}, and documented as {told.get(key, unsaid)!r}"
        if taken.get("required") and not told.get("required"):  # the other way round, an action refuses in words of its own
            yield f"{inside}{name}: is required, which its documentation does not say"
        if sorted(told.get("aliases", ())) != sorted(taken.get("aliases", ())):
            yield f"{inside}{name}: other aliases are documented"
        yield from other_options(told.get("suboptions") or {}, taken.get("options") or {}, f"{inside}{name}.")


def removed_modules(releases: dict[str, Any]) -> set[str]:
    """Return the names that a release, or a fragment of the next one, lists among the removed features."""
    fragments = [load(str(path.relative_to(ROOT))) for path in sorted((ROOT / "changelogs" / "fragments").glob("*.yml"))]
    changes = [*fragments, *(release.get("changes", {}) for release in releases.values())]
    return {name for one in changes for words in one.get("removed_features", ()) for name in re.findall(r"``(\w+)``", words)}


def changelog() -> list[str]:
    """Each release lists the modules that its version has added, with their short descriptions; what is gone is said to be removed."""
    documented: dict[str, dict[str, str]] = {}
    for path in sorted((ROOT / "plugins" / "modules").glob("*.py")):
        doc = read_docstring(str(path), verbose=False)["doc"]
        documented.setdefault(str(doc["version_added"]), {})[path.stem] = f"{doc['short_description']}."
    released = load("changelogs/changelog.yaml")["releases"]
    gone = removed_modules(released) - {module for modules in documented.values() for module in modules}
    listed = {
        version: {one["name"]: one["description"] for one in release.get("modules", []) if one["name"] not in gone}
        for version, release in released.items()
    }
    return [
        f"changelogs/changelog.yaml: {version} has {listed[version].get(module)!r} for {module}, not {documented[version].get(module)!r}"
        for version in documented.keys() & listed.keys()
        for module in documented[version].keys() | listed[version].keys()
        if documented[version].get(module) != listed[version].get(module)
    ]


def role(name: str) -> list[str]:
    """Every default is an option with that default, every option that needs one has it, and every variable in use is an option."""
    options = load(f"roles/{name}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    defaults = load(f"roles/{name}/defaults/main.yml")
    found = [f"defaults: {key} is no option of the role" for key in defaults.keys() - options.keys()]
    found += [
        f"argument_specs: {key} has a default, and no line in defaults"
        for key in options
        if "default" in options[key] and key not in defaults
    ]
    found += [
        f"{key}: default {options[key].get('default')!r} in argument_specs, {value!r} in defaults"
        for key, value in defaults.items()
        if key in options and options[key].get("default") != value
    ]
    required = {key: (option.get("choices") or ["something"])[0] for key, option in options.items() if option.get("required")}
    found += ArgumentSpecValidator(options).validate({**defaults, **required}).error_messages
    words = set()
    for path in (ROOT / "roles" / name / "tasks").glob("*.yml"):
        words |= set(re.findall(rf"\b{name}_[a-z][a-z_]+\b", path.read_text(encoding="utf-8")))
    return [f"roles/{name}: {one}" for one in found] + [
        f"roles/{name}/tasks: {word} is no option" for word in sorted(words - options.keys()) if not LEFT_BY_THE_ROLE.fullmatch(word)
    ]


def main() -> int:
    init_plugin_loader([str(ROOT / ".cache" / "collections")])
    findings = (
        action_groups() + actions() + changelog() + [finding for path in sorted((ROOT / "roles").iterdir()) for finding in role(path.name)]
    )
    print("\n".join(findings) or "Action groups, options, argument specs and the changelog agree with what there is.")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
