# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Sphinx builds the site of the documentation: as the Ansible community's own site looks, and without a network."""

from __future__ import annotations

import json
import re
from typing import Any

from docutils import nodes

project = "latchkey.tokens"
copyright = "2026 the latchkey.tokens authors"
title = html_short_title = html_title = "latchkey.tokens"

extensions = ["sphinx_antsibull_ext", "sphinx_copybutton"]
# Of a console, commands are copied, and neither prompts nor what is printed.
copybutton_prompt_text = r"\$ "
copybutton_prompt_is_regexp = True
copybutton_line_continuation_character = "\\"
copybutton_exclude = ".linenos, .gp, .go"
highlight_language = "YAML+Jinja"
pygments_style = "ansible"
smartquotes = False  # what is quoted is copied

html_theme = "sphinx_ansible_theme"
html_theme_options = {"vcs_pageview_mode": "blob", "topbar_links": {}}
html_static_path = ["static"]
html_css_files = ["pages.css"]
html_js_files = [("search_numbers.js", {"priority": 100}), ("search_order.js", {"priority": 100})]
html_show_sphinx = False
html_show_sourcelink = False
html_copy_source = False
html_use_index = False

# What antsibull-docs and our pages refer to in Ansible's own documentation. Its inventory is on the network.
_ANSIBLE = "https://docs.ansible.com/projects/ansible/latest/"
_ANSIBLE_PAGES = {
    "action_plugins": "plugins/action.html",
    "ansible_collections.ansible.builtin.include_vars_module": "collections/ansible/builtin/include_vars_module.html",
    "ansible_collections.ansible.builtin.debug_module": "collections/ansible/builtin/debug_module.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "callback_plugins": "plugins/callback.html",
    "common_return_values": "reference_appendices/common_return_values.html",
    "ANSIBLE_CALLBACKS_ENABLED": "reference_appendices/config.html#envvar-ANSIBLE_CALLBACKS_ENABLED",
    "ANSIBLE_STDOUT_CALLBACK": "reference_appendices/config.html#envvar-ANSIBLE_STDOUT_CALLBACK",
}


def _link_to_ansible(_app: Any, _environment: Any, missing: Any, content: nodes.Node) -> nodes.Node | None:
    page = _ANSIBLE_PAGES.get(missing["reftarget"])
    return nodes.reference("", "", content, internal=False, refuri=_ANSIBLE + page) if page else None


def _let_names_break(_app: Any, _page: str, _template: str, context: dict[str, Any], _document: Any) -> None:
    """Let names in tables and titles break between their words: a phone has no room for rotate_max_parallel_requests in a table."""

    def broken(name: re.Match[str]) -> str:
        return name[1] + re.sub(r"(?<=[_/.])(?=\w)|(?<=[a-z])(?=[A-Z])", "<wbr>", name[2])

    def with_broken_names(table: re.Match[str]) -> str:
        return re.sub(r'(<span class="(?:pre|std std-ref)">)([^<]+)', broken, table[0])

    if "body" in context:
        body = re.sub(r"(?s)<table.*?</table>", with_broken_names, context["body"])
        context["body"] = re.sub(r"(<h1>)([^<]+)", broken, body)


_keywords: dict[str, list[str]] = {}


def _note_keywords(app: Any, document: nodes.document) -> None:
    """Note the keywords of a page, for search_order.js."""
    for meta in document.findall(nodes.meta):
        if meta.get("name") == "keywords":
            _keywords[app.env.docname] = [word.strip().lower() for word in meta["content"].split(",")]


def _give_keywords(app: Any, page: str, _template: str, _context: dict[str, Any], _document: Any) -> None:
    if page == "search":
        app.add_js_file(None, body=f"var PAGE_KEYWORDS = {json.dumps(_keywords)};", priority=100)


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("doctree-read", _note_keywords)
    app.connect("html-page-context", _give_keywords)
    app.connect("html-page-context", _let_names_break)
    app.connect("missing-reference", _link_to_ansible)
