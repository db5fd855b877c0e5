# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One-time codes: the vectors of RFC 6238, and secrets as people paste them."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.totp import one_time_code
from tests.simulator.rubrik_cdm._tokens import totp

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238, appendix B, in Base32
VECTORS = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_vectors_of_the_standard(seconds, code):
    assert one_time_code(SECRET, datetime.fromtimestamp(seconds, timezone.utc)) == code


@pytest.mark.parametrize("written", ["JBSWY3DPEE======", "jbsw y3dp ee", "JBSWY3DPEE", " JBSW\tY3DP\nEE=\n"])
def test_as_people_paste_it(written):
    now = datetime(2027, 1, 1, tzinfo=timezone.utc)
    assert one_time_code(written, now) == totp("JBSWY3DPEE", int(now.timestamp()) // 30)


@pytest.mark.parametrize("bad", ["", " ", "====", "CANARY1", "canary-0", "A", "ABCCANARY89", "ÄÖÜCANARY"])
def test_what_is_no_secret_is_not_quoted(bad):
    with pytest.raises(OptionError, match=r"^totp_secret: it is not Base32") as caught:
        one_time_code(bad, datetime(2027, 1, 1, tzinfo=timezone.utc))
    assert "CANARY" not in str(caught.value).upper()
