# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of tasks that name a simulated appliance and prove who one is there."""

from __future__ import annotations

from typing import Any

from tests.simulator.launch import Simulator


def where(simulator: Simulator) -> dict[str, Any]:
    """Return the options that say which appliance is meant."""
    return {"platform": simulator.platform, "endpoint": simulator.url, "ca_path": simulator.ca_file}


def administrator(simulator: Simulator) -> dict[str, Any]:
    """Return the options that prove the appliance's administrator."""
    names = ("client_id", "client_secret") if simulator.platform == "rubrik_rsc" else ("username", "password", "totp_secret")
    return {name: simulator.admin[name] for name in names if name in simulator.admin}


def client(simulator: Simulator, prefix: str = "") -> dict[str, Any]:
    """Return the options that prove its service account, or with ``rsc_`` the one that RSC manages on a cluster."""
    return {name: simulator.service_account[prefix + name] for name in ("client_id", "client_secret")}


def shared_options(simulator: Simulator, **more: Any) -> dict[str, Any]:
    """Return the options that all modules share, for the appliance's administrator."""
    return {**where(simulator), **administrator(simulator), **more}


def defaults(simulator: Simulator, **more: Any) -> dict[str, Any]:
    """Return them as module_defaults of a play."""
    return {"group/latchkey.tokens.latchkey": shared_options(simulator, **more)}
