# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check that what is declared in two places agrees.

Action groups and the changelog's lists with the modules' documentation, the role's variables with its spec.

Usage: .venv/bin/python tools/contracts.py
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.plugin_docs import read_docstring
from ansible.plugins.loader import fragment_loader, init_plugin_loader
from ansible.utils.plugin_docs import add_fragments

ROOT = Path(__file__).resolve().parent.parent
COLLECTION = "latchkey.tokens"
# Names that the role gives to those it includes, facts that it leaves, and names in a rescue file; not variables that somebody sets.
# Its own variables have two underscores.
LEFT_BY_THE_ROLE = re.compile(r"rotate_(result|undone|publish_(secret|id|expires_at|file|undo)|rescued_(secret|for)|reserved_room|secret)")


def load(path: str) -> Any:
    """Read a YAML file of the checkout."""
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def action_groups() -> list[str]:
    """A module is in an action group exactly when its documentation says so."""
    init_plugin_loader([str(ROOT / ".cache" / "collections")])
    declared = {(module, group) for group, modules in load("meta/runtime.yml")["action_groups"].items() for module in modules}
    documented = set()
    for path in sorted((ROOT / "plugins" / "modules").glob("*.py")):
        doc = read_docstring(str(path), verbose=False)["doc"]
        add_fragments(doc, str(path), fragment_loader, is_module=True)
        membership = doc.get("attributes", {}).get("action_group", {}).get("membership", [])
        documented |= {(path.stem, group.removeprefix(f"{COLLECTION}.")) for group in membership}
    return [
        *(
            f"meta/runtime.yml: {module} is in the group {group}, which its documentation does not say"
            for module, group in declared - documented
        ),
        *(f"plugins/modules/{module}.py: is not in the group {group} of meta/runtime.yml" for module, group in documented - declared),
    ]


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
    findings = action_groups() + changelog() + [finding for path in sorted((ROOT / "roles").iterdir()) for finding in role(path.name)]
    print("\n".join(findings) or "Action groups, argument specs and the changelog agree with what there is.")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
