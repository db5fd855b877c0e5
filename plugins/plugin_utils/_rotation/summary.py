# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of the playbook rotate did, host by host: as data, and as a table. Pure functions. Private to this collection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.one_line import one_line
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import parse_instant, to_the_second

# Status -> its words, and those in check mode. What needs the user's attention comes last, where it is seen.
_WORDS = {
    "not_due": ("not due", "not due"),
    "rotated": ("rotated", "would rotate"),
    "undone": ("undone", "undone"),
    "failed": ("failed", "would fail"),
    "unfinished": ("unfinished", "unfinished"),
}
_ORDER = list(_WORDS)
_TROUBLES = ("undone", "failed", "unfinished")
_UNFINISHED = "The run ended before this host was done. Run again; no working credential was lost."
_KEPT = ("token_id", "expires_at", "old_token_id", "retired", "next_due", "next_due_reason")  # of rotate_result, beside the reason
ABOUT = ("platform", "endpoint", "account")  # what a credential is known by, beside its host
_NO_AGE = "the credential does not expire and rotate_max_age is not set"
_LISTED = 10  # hosts in a warning; the rest is a number


def outcome(result: Mapping[str, Any], failure: Mapping[str, Any]) -> dict[str, Any]:
    """Return what became of one host.

    Args:
        result: the role's rotate_result; empty when the role did not get that far.
        failure: why the host failed, in ``reason``, and whether all is as before, in ``undone``; empty when it did not fail.
    """
    if failure:
        undone = str(failure.get("undone")).lower() == "true"
        return {"status": "undone" if undone else "failed", "reason": _one_line(failure.get("reason"))}
    if "rotated" not in result:
        return {"status": "unfinished", "reason": _UNFINISHED}
    status = "rotated" if result["rotated"] else "not_due"
    reason = result.get("reason") if result["rotated"] else _not_due(result.get("expires_at"))
    unretired = [str(one) for one in result.get("unretired") or []]
    return {"status": status, "reason": _one_line(reason), **{key: result.get(key) for key in _KEPT}, "unretired": unretired}


def described(
    one: Mapping[str, Any], result: Mapping[str, Any], failure: Mapping[str, Any], about: Mapping[str, Any], *, run: str, now: datetime
) -> dict[str, Any]:
    """Return what became of one host with all that says which credential it is, so that it makes sense without the rest of the summary.

    Args:
        one: what became of it, as outcome() returns it.
        result, failure: as for outcome().
        about: where the result does not tell: platform, endpoint and account.
        run: which run of Ansible it is.
        now: the time.
    """
    created_at = result.get("created_at")
    age = int((now - parse_instant(str(created_at), "created_at")).total_seconds()) if created_at else None
    time = result.get("time") or failure.get("time")
    names = {name: _text(result.get(name) or about.get(name)) for name in ABOUT}
    return {**one, "run": run, "time": _text(time), **names, "created_at": created_at, "age": age}


def summarize(outcomes: Mapping[str, Mapping[str, Any]], *, run: str, check_mode: bool, finished: bool, written_at: str) -> dict[str, Any]:
    """Return the summary of a run.

    Args:
        outcomes: by host, as outcome() returns them.
        run: which run of Ansible it is.
        check_mode: whether the run only said what would be done.
        finished: whether every host is done.
        written_at: the time of the summary, as ISO 8601 in UTC.
    """
    counts = Counter(one["status"] for one in outcomes.values())
    due = [str(one["next_due"]) for one in outcomes.values() if one.get("next_due")]
    return {
        "run": run,
        "written_at": written_at,
        "finished": finished,
        "check_mode": check_mode,
        "counts": {status: counts[status] for status in _ORDER},
        "never_due": len(_never_due(outcomes)),
        "unretired": len(_unretired(outcomes)),
        "next_due": min(due, default=None),
        "hosts": {host: dict(one) for host, one in outcomes.items()},
    }


def table(summary: Mapping[str, Any]) -> list[str]:
    """Return a summary as lines of text with aligned columns, and a last line with the numbers."""
    check_mode = summary["check_mode"]
    hosts: Mapping[str, Mapping[str, Any]] = summary["hosts"]
    rows = [("host", "result", "next due", "why")]
    for status in _ORDER:
        of_status = [(host, one) for host, one in hosts.items() if one["status"] == status]
        rows += [(host, _word(status, check_mode), _next_due(one), _why(one)) for host, one in of_status]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]).rstrip() for row in rows]
    return [*lines, _numbers(summary)]


def warnings(summary: Mapping[str, Any]) -> list[str]:
    """Return what the user has to know of hosts that did not fail: one sentence for each kind."""
    hosts: Mapping[str, Mapping[str, Any]] = summary["hosts"]
    found = []
    why = {host: _why_never(hosts[host]) for host in _never_due(hosts)}
    for reason in dict.fromkeys(why.values()):
        never = [host for host, one in why.items() if one == reason]
        end = "rotate_max_age or an expiry of the credential" if "rotate_max_age" in reason else "one rotation with rotate_force"
        found.append(f"{_number(never)} never due, because {reason}: {_listed(never)}; {end} ends that.")
    if unretired := _unretired(hosts):
        found.append(
            f"{_number(unretired, 'has', 'have')} an old token that is not retired yet and may still work: {_listed(unretired)}; "
            "the next run tries again."
        )
    return found


def notice(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return what to tell people who were not watching: a subject, whether it needs them, and one line for each host that does.

    These are hosts that failed, were undone or not reached, that have an old token which is not retired yet, and that are never due.
    """
    hosts: Mapping[str, Mapping[str, Any]] = summary["hosts"]
    noted = [(host, one) for status in reversed(_ORDER) for host, one in hosts.items() if one["status"] == status and _needs_attention(one)]
    lines = [f"{_one_line(host)}: {_word(one['status'], summary['check_mode'])}: {_why(one)}{_never(one)}" for host, one in noted]
    return {"subject": f"Rotation of credentials: {_numbers(summary)}", "attention": bool(lines), "lines": lines}


def _needs_attention(one: Mapping[str, Any]) -> bool:
    return one["status"] in _TROUBLES or bool(one.get("unretired")) or _is_never_due(one)


def _never(one: Mapping[str, Any]) -> str:
    return "; its next rotation is never due" if _is_never_due(one) else ""


def unmatched(
    pattern: str,
    limit: str,
    hosts: Sequence[str],
    matched: Sequence[str],
    variable: str = "rotate_group",
    outcome: str = "nothing was rotated",
) -> tuple[str, str]:
    """Return why a run of a playbook has no host, and what to do; two empty texts when it has one.

    Args:
        pattern: the pattern of hosts, as the variables of a task have it.
        limit: what ``--limit`` says; empty without it.
        hosts: those in the inventory that match the pattern.
        matched: those that a play with the pattern has reached in this run of Ansible. One is enough, and it may be of an earlier play.
        variable: the playbook's variable for the pattern.
        outcome: what therefore happened.
    """
    if not set(hosts).isdisjoint(matched):
        return "", ""
    if not hosts:
        return (
            f"No host of the inventory matches {variable}={pattern}, so {outcome}.",
            f"Check the inventory (-i), and set {variable} to a group or a pattern that has hosts.",
        )
    if limit:
        return (
            f"--limit {limit} leaves no host of {variable}={pattern}, so {outcome}.",
            f"Use a --limit that leaves one, such as {hosts[0]}.",
        )
    return (
        f"{variable}={pattern} is set in the inventory, where the playbook cannot read it, so {outcome}.",
        "Set it with -e, or where the playbook is imported.",
    )


def _never_due(hosts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [host for host, one in hosts.items() if _is_never_due(one)]


def _is_never_due(one: Mapping[str, Any]) -> bool:
    """Tell whether only rotate_force brings another rotation of a host."""
    return one["status"] in ("rotated", "not_due") and not one.get("next_due")


def _why_never(one: Mapping[str, Any]) -> str:
    """Return why a host is never due. Before that was told, there was one reason only."""
    reason = _one_line(one.get("next_due_reason") or _NO_AGE)
    return reason.removeprefix("never: ").replace("does not expire, and", "does not expire and")


def _unretired(hosts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [host for host, one in hosts.items() if one.get("unretired")]


def _next_due(one: Mapping[str, Any]) -> str:
    return "never" if _is_never_due(one) else to_the_second(str(one.get("next_due") or "-"))


def _why(one: Mapping[str, Any]) -> str:
    """Return the reason of a host, and the old credentials that are left."""
    left = [_one_line(each) for each in one.get("unretired") or []]
    if not left:
        return str(one["reason"])
    tokens = f"old token {left[0]} is" if len(left) == 1 else f"old tokens {', '.join(left)} are"
    return f"{one['reason']}; {tokens} not retired yet; the next run tries again"


def _numbers(summary: Mapping[str, Any]) -> str:
    check_mode, never, unretired = summary["check_mode"], summary["never_due"], summary["unretired"]
    counts = ", ".join(f"{count} {_word(status, check_mode)}" for status, count in summary["counts"].items() if count)
    parts = [
        counts or "no hosts",
        f"the next one is due at {to_the_second(summary['next_due'])}" if summary["next_due"] else "",
        f"{never} {'is' if never == 1 else 'are'} never due" if never else "",
        f"{unretired} {'has' if unretired == 1 else 'have'} an old token that is not retired yet" if unretired else "",
    ]
    return "; ".join(part for part in parts if part)


def _number(hosts: Sequence[str], one: str = "is", many: str = "are") -> str:
    return f"1 host {one}" if len(hosts) == 1 else f"{len(hosts)} hosts {many}"


def _listed(hosts: Sequence[str]) -> str:
    """Return the first hosts by name, and the rest as a number."""
    names = ", ".join(_one_line(host) for host in hosts[:_LISTED])
    return f"{names} and {len(hosts) - _LISTED} more" if len(hosts) > _LISTED else names


def _not_due(expires_at: Any) -> str:
    return f"the stored credential works until {to_the_second(str(expires_at))}" if expires_at else "the stored credential works"


def _word(status: str, check_mode: bool) -> str:
    return _WORDS[status][check_mode]


def _text(value: Any) -> str | None:
    return _one_line(value) if value else None


def _one_line(text: Any) -> str:
    return one_line(str(text or "no reason was given"))
