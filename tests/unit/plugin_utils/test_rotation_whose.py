# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A refused credential is named: the rotation's own, the stored one or the new one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import AuthenticationError, ForbiddenError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Created, Credentials
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.whose import Attributed

METHODS = [name for name in vars(Credentials) if not name.startswith("_") and callable(getattr(Credentials, name))]
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "look": ((),),
    "check": ("CANARY", None),
    "prove": ("CANARY", None, None, None),
    "create": ({}, {}),
    "try_create": ({}, {}),
}


def attributed(failure: Exception) -> Attributed:
    def act(*_arguments: Any, **_options: Any) -> None:
        raise failure

    refusing: Any = SimpleNamespace(noun="token", **dict.fromkeys(METHODS, act))
    return Attributed(refusing, "qumulo_token")


@pytest.mark.parametrize("method", METHODS)
def test_whose_credential_was_refused(method):
    failure = AuthenticationError("Q: cannot do it: HTTP 401.", status=401)
    with pytest.raises(AuthenticationError) as caught:
        getattr(attributed(failure), method)(*ARGUMENTS.get(method, (["1"],)))
    stored = "HTTP 401. The refused credential is the one stored in qumulo_token."
    own = "HTTP 401. The refused credential is the rotation's own: check rotate_auth, and the environment variables of the platform."
    assert str(caught.value).endswith(stored if method == "prove" else own)
    with pytest.raises(AuthenticationError) as again:  # the first that says it knows best
        attributed(failure).look()
    assert str(again.value).count("refused credential") == 1


def test_the_new_credential():
    credentials = attributed(AuthenticationError("HTTP 401.", status=401))
    credentials._credentials.create = lambda *_arguments: Created("1", "CANARY")  # type: ignore[method-assign]
    credentials.create({}, {})
    with pytest.raises(AuthenticationError, match="is the new one, which the rotation created just now") as caught:
        credentials.prove("CANARY", None, None, None)
    assert "CANARY" not in f"{caught.value} {caught.value.details}"


def test_what_is_no_refused_credential_says_nothing_of_one():
    with pytest.raises(ForbiddenError) as caught:
        attributed(ForbiddenError("HTTP 403.", status=403)).look()
    assert str(caught.value) == "HTTP 403."
