# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulators of the appliances that latchkey.tokens manages, served over TLS on loopback."""
