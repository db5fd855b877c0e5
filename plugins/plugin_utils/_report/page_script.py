# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the page of a report does in a browser: it makes the rows of the two large tables, a few at a time, and sorts and filters them.

Private to this collection. Words of a platform become text of the page and never markup.
"""

from __future__ import annotations

SCRIPT = """
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const STEP = 100;
  const word = (value) => (typeof value === "number" ? data.words[value] : value);
  const rank = (severity) => (severity === "" ? 9 : data.severities.indexOf(severity));
  const day = (seconds) => (seconds === null ? "" : new Date(seconds * 1000).toISOString().slice(0, 10));
  const make = (name, text, kind) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };
  const tag = (severity) => make("span", severity, "tag " + severity);

  const credentials = data.credentials.map((row) => {
    const [endpoint, kind, id, account, name, state, created, expires, known, used, admin, local, store, severity, codes] = row;
    return {
      endpoint: word(endpoint), kind: data.kinds[kind], id, account: word(account), name: word(name), state: data.states[state], created,
      expires, known, used, admin, local, store: word(store), severity: severity < 0 ? "" : data.severities[severity],
      titles: codes.map((code) => data.titles[code]),
    };
  });
  const findings = data.findings.map((row) => {
    const [severity, code, which, what, advice, endpoint, account] = row;
    const of = which < 0 ? null : credentials[which];
    return {
      severity: data.severities[severity], title: data.titles[code], what: word(what), advice: word(advice),
      endpoint: of ? of.endpoint : word(endpoint), account: of ? of.account : word(account), of,
    };
  });

  const says = (pick) => (cell, one) => { cell.textContent = pick(one); };
  const expiry = (one) => (one.expires !== null ? one.expires : one.known ? Infinity : NaN);
  const inDays = (one) => {
    if (one.expires === null) return one.known ? "never" : "not told";
    const days = Math.floor((one.expires - data.now) / 86400);
    return day(one.expires) + (days < 0 ? " (past)" : " (" + days + " d)");
  };
  const nameOf = (cell, one) => {
    cell.append(make("span", one.id, "id"));
    cell.append(make("small", one.kind + (one.name ? ", " + one.name : "")));
  };
  const TABLES = {
    findings: {
      rows: findings,
      columns: [
        {label: "Severity", key: (one) => rank(one.severity), fill: (cell, one) => cell.append(tag(one.severity))},
        {label: "Finding", key: (one) => one.title, fill: says((one) => one.title)},
        {label: "Endpoint", key: (one) => one.endpoint, kind: "place", fill: says((one) => one.endpoint)},
        {label: "Account", key: (one) => one.account, kind: "who", fill: says((one) => one.account)},
        {label: "Credential", key: (one) => (one.of ? one.of.id : ""), kind: "which", fill: (cell, one) => {
          if (one.of) nameOf(cell, one.of);
        }},
        {label: "What, and what to do", key: (one) => one.what, fill: (cell, one) => {
          cell.textContent = one.what;
          if (one.advice) cell.append(make("small", one.advice));
        }},
      ],
      filters: {severity: (one) => one.severity, finding: (one) => one.title, endpoint: (one) => one.endpoint},
      text: (one) => [one.severity, one.title, one.endpoint, one.account, one.of ? one.of.id : "", one.of ? one.of.name : "", one.what,
        one.advice],
    },
    credentials: {
      rows: credentials,
      columns: [
        {label: "Worst", key: (one) => rank(one.severity), fill: (cell, one) => {
          if (one.severity) cell.append(tag(one.severity));
          if (one.titles.length) cell.append(make("small", one.titles.join(", ")));
        }},
        {label: "Endpoint", key: (one) => one.endpoint, kind: "place", fill: says((one) => one.endpoint)},
        {label: "Account", key: (one) => one.account, kind: "who", fill: (cell, one) => {
          cell.textContent = one.account;
          if (one.admin) cell.append(make("small", "administrator"));
        }},
        {label: "Credential", key: (one) => one.id, kind: "which", fill: nameOf},
        {label: "State", key: (one) => one.state, kind: "nowrap", fill: says((one) => one.state)},
        {label: "Created", key: (one) => one.created, fill: says((one) => day(one.created)), kind: "nowrap"},
        {label: "Expires", key: expiry, fill: says((one) => inDays(one)), kind: "nowrap"},
        {label: "Last used", key: (one) => one.used, fill: says((one) => day(one.used)), kind: "nowrap"},
        {label: "Store", key: (one) => one.store, kind: "store", fill: says((one) => one.store || "none")},
      ],
      filters: {endpoint: (one) => one.endpoint, kind: (one) => one.kind, state: (one) => one.state,
        store: (one) => (one.store ? "in a store" : "in no store")},
      text: (one) => [one.endpoint, one.account, one.id, one.name, one.kind, one.state, one.store, ...one.titles],
    },
  };

  const isNothing = (value) => value === null || value === "" || Number.isNaN(value);
  const compare = (a, b) => {
    if (isNothing(a) || isNothing(b)) return isNothing(a) - isNothing(b);  // what is not told comes last
    return typeof a === "number" ? (a === b ? 0 : a - b) : String(a).localeCompare(String(b), undefined, {numeric: true});
  };

  for (const [id, table] of Object.entries(TABLES)) {
    const section = document.getElementById(id);
    const body = section.querySelector("tbody");
    const head = section.querySelector("thead tr");
    const caption = section.querySelector("caption");
    const more = section.querySelector(".more");
    const search = section.querySelector("input");
    const chosen = {};
    let sorted = null, down = false, found = table.rows, shown = 0;

    const rowOf = (one) => {
      const row = make("tr");
      for (const column of table.columns) {
        const cell = make("td", "", column.kind);
        cell.dataset.label = column.label;
        column.fill(cell, one);
        row.append(cell);
      }
      return row;
    };
    const grow = (count) => {
      const until = Math.min(found.length, shown + count);
      const rows = document.createDocumentFragment();
      for (; shown < until; shown++) rows.append(rowOf(found[shown]));
      body.append(rows);
      caption.textContent = found.length === table.rows.length ? found.length + " " + id + ", " + shown + " shown"
        : found.length + " of " + table.rows.length + " " + id + ", " + shown + " shown";
      more.hidden = shown === found.length;
    };
    const renew = () => {
      const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
      const isChosen = (one) => Object.entries(chosen).every(([name, value]) => !value || table.filters[name](one) === value);
      const isMeant = (one) => {
        one.searched ??= table.text(one).join(" ").toLowerCase();
        return words.every((each) => one.searched.includes(each));
      };
      found = table.rows.filter((one) => isChosen(one) && (!words.length || isMeant(one)));
      if (sorted) {
        const keyed = found.map((one) => [sorted.key(one), one]);
        keyed.sort(([a], [b]) => (down && !isNothing(a) && !isNothing(b) ? compare(b, a) : compare(a, b)));
        found = keyed.map(([, one]) => one);
      }
      body.replaceChildren();
      shown = 0;
      grow(STEP);
    };

    head.replaceChildren();
    for (const column of table.columns) {
      const cell = make("th");
      cell.scope = "col";
      cell.setAttribute("aria-sort", "none");
      const button = make("button", column.label);
      button.type = "button";
      button.addEventListener("click", () => {
        down = sorted === column && !down;
        sorted = column;
        for (const other of head.children) other.setAttribute("aria-sort", "none");
        cell.setAttribute("aria-sort", down ? "descending" : "ascending");
        renew();
      });
      cell.append(button);
      head.append(cell);
    }
    for (const select of section.querySelectorAll("select")) {
      const values = [...new Set(table.rows.map(table.filters[select.name]))].sort((a, b) => compare(rank(a), rank(b)) || compare(a, b));
      for (const value of values) {
        const option = make("option", value || "none");
        option.value = value;
        select.append(option);
      }
      select.addEventListener("change", () => { chosen[select.name] = select.value; renew(); });
    }
    let waiting = 0;
    search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(renew, 120); });
    const [next, all] = more.querySelectorAll("button");
    next.addEventListener("click", () => grow(STEP));
    all.addEventListener("click", () => grow(Infinity));
    window.addEventListener("beforeprint", () => grow(Infinity));
    for (const control of section.querySelectorAll(".controls")) control.hidden = false;
    renew();
  }
  for (const note of document.querySelectorAll(".without-script")) note.remove();
})();
"""
