# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where figures are kept between a run and the page that shows them."""

from __future__ import annotations

from tests.integration._ansible import ROOT

REPORT = ROOT / ".cache" / "bench.json"
FLEET = ROOT / ".cache" / "fleet.json"
