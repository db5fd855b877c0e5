# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only some rotations need, imported when it is first called. Private to this collection.

Ansible compiles what a collection imports in every run. The tests of layers read the names of modules in the calls of OnDemand, so each is
a literal. Only for code on the controller: Ansible does not pack what is imported this way into an ordinary module.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from operator import attrgetter
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_PLUGINS = "ansible_collections.latchkey.tokens.plugins"


class OnDemand(Generic[P, T]):
    """A function or a class of another module of this collection, to be called like that.

    Args:
        module: the module's name below plugins, with dots.
        name: the function's or class's name, or the dotted one of a class method.
    """

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Import the module, where that has not been done yet, and call what is meant."""
        called: Callable[P, T] = attrgetter(self._name)(import_module(f"{_PLUGINS}.{self._module}"))
        return called(*args, **kwargs)
