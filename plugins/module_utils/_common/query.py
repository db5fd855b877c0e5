# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""JMESPath expressions over results. Private to this collection."""

from __future__ import annotations

import sys
from typing import Any

from .errors import LatchkeyError, OptionError

try:
    import jmespath
    from jmespath.exceptions import JMESPathError
except ImportError:
    HAS_JMESPATH = False
else:
    HAS_JMESPATH = True


# What jmespath lets through: a function that met an unexpected type, numbers that are too large, what is nested too deeply.
_LET_THROUGH = (TypeError, ValueError, ArithmeticError, AttributeError, RecursionError)


class Query:
    """A JMESPath expression, checked before anything is asked of an appliance.

    Args:
        expression: what the user wrote.
        option: the option's name, for the error.

    Raises:
        OptionError: it is not JMESPath.
        LatchkeyError: the Python library jmespath is not there.
    """

    def __init__(self, expression: str, option: str) -> None:
        if not HAS_JMESPATH:
            raise LatchkeyError(
                f"{option} needs the Python library jmespath, which is not installed for {sys.executable}.",
                "Install it there, for example with pip install jmespath.",
            )
        self.expression = expression
        self._option = option
        try:
            self._compiled = jmespath.compile(expression)
        except JMESPathError as failure:
            first = str(failure).splitlines()[0].rstrip(".:")
            raise OptionError(f"{option}: '{expression}' is not a JMESPath expression: {first}.") from None
        except _LET_THROUGH:
            raise OptionError(f"{option}: '{expression}' is not a JMESPath expression.") from None

    def search(self, value: Any) -> Any:
        """Return what the expression finds in a value.

        Raises:
            OptionError: it cannot be applied to this value, for example a function got the wrong type.
        """
        try:
            return self._compiled.search(value)
        except JMESPathError as failure:
            # Only which function failed: the rest of the text quotes the value.
            where = str(failure).partition(",")[0].strip()
            raise OptionError(f"{self._option}: '{self.expression}' cannot be applied to what came back: {where}.") from None
        except _LET_THROUGH:
            raise OptionError(f"{self._option}: '{self.expression}' cannot be applied to what came back.") from None
