# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the page of a report looks: on a screen, on a phone, in the dark and on paper. Private to this collection."""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1b1f24;--soft:#57606a;--line:#d5dae0;--accent:#0a5fb4;--bar:#4a7fb5;
--critical:#b3151d;--warning:#8a5300;--info:#0a5fb4;--critical-tint:#fdeaea;--warning-tint:#fdf1dc;--info-tint:#e6f0fb;--hover:#eef2f6}
@media (prefers-color-scheme:dark){:root{--page:#0f1419;--card:#171d24;--ink:#e4e8ec;--soft:#9aa5b1;--line:#2f3944;--accent:#74b3f2;
--bar:#5b93c9;--critical:#ff8d86;--warning:#f2b84b;--info:#86bdf5;--critical-tint:#3a1a1c;--warning-tint:#352812;--info-tint:#16293d;
--hover:#1f2831}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main,header,footer{max-width:1240px;margin:0 auto;padding:0 20px}
header{padding-top:28px}
h1{font-size:26px;line-height:1.2;margin:0 0 4px}
h2{font-size:19px;margin:0 0 4px}
p{margin:0 0 12px}
a{color:var(--accent)}
.soft{color:var(--soft)}
.skip{position:absolute;left:-9999px}
.skip:focus{left:20px;top:8px;background:var(--card);padding:6px 12px;border:2px solid var(--accent);border-radius:6px;z-index:1}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin:18px 0}
.totals{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:18px 0 0;padding:0;list-style:none}
.totals li{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 16px}
.totals b{display:block;font-size:28px;line-height:1.2;font-variant-numeric:tabular-nums}
.totals .critical b{color:var(--critical)}.totals .warning b{color:var(--warning)}.totals .info b{color:var(--info)}
.scroll{overflow-x:auto}
svg{display:block;width:100%;min-width:620px;max-width:1160px;height:auto}
svg text{fill:var(--soft);font-size:11px}
svg .end{text-anchor:end}svg .mid{text-anchor:middle;fill:var(--ink)}
.axis{stroke:var(--soft)}.grid{stroke:var(--line);stroke-dasharray:3 3}
.bar{fill:var(--bar)}.bar.soon{fill:var(--warning)}
summary{cursor:pointer;color:var(--accent)}
.controls{display:flex;flex-wrap:wrap;gap:10px;align-items:end;margin:10px 0}
.controls label{display:flex;flex-direction:column;font-size:13px;color:var(--soft);gap:2px}
.controls .wide{flex:1 1 220px}
input,select,button{font:inherit;color:var(--ink);background:var(--page);border:1px solid var(--line);border-radius:6px;padding:6px 10px;
min-height:36px;max-width:100%}
button{cursor:pointer}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);padding:0 0 6px}
th,td{text-align:left;vertical-align:top;padding:7px 10px;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
th{font-size:13px;color:var(--soft);white-space:nowrap;overflow-wrap:normal}
th button{background:none;border:0;padding:0;min-height:0;color:inherit;font-weight:600}
th[aria-sort] button::after{content:" \\2195";opacity:.45}
th[aria-sort=ascending] button::after{content:" \\2191";opacity:1}
th[aria-sort=descending] button::after{content:" \\2193";opacity:1}
tbody tr:hover{background:var(--hover)}
td.nowrap{white-space:nowrap}td.which{min-width:13.5em}td.place{min-width:11.5em}td.who{min-width:7.5em}td.store{min-width:9em}
.tag{display:inline-block;border-radius:5px;padding:0 7px;font-size:13px;font-weight:600;border:1px solid var(--line);white-space:nowrap}
.tag.critical{color:var(--critical);background:var(--critical-tint);border-color:var(--critical)}
.tag.warning{color:var(--warning);background:var(--warning-tint);border-color:var(--warning)}
.tag.info{color:var(--info);background:var(--info-tint);border-color:var(--info)}
.id{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:13px}
td small{display:block;color:var(--soft);font-size:13px}
.more{margin-top:12px;display:flex;flex-wrap:wrap;gap:10px;align-items:center}
[hidden]{display:none!important}
footer{padding-bottom:40px;color:var(--soft);font-size:13px}
@media (max-width:720px){
main,header,footer{padding:0 12px}header{padding-top:18px}section{padding:14px 12px}
.totals{grid-template-columns:repeat(2,1fr);gap:8px}.totals b{font-size:22px}
.cards,.cards thead,.cards tbody,.cards tbody tr,.cards td,.cards caption{display:block;width:100%}
.cards thead tr{display:flex;flex-wrap:wrap;gap:4px 14px;margin:0 0 10px}.cards th{border:0;padding:4px 0}
.cards.plain thead{display:none}
.cards tbody tr{border:1px solid var(--line);border-radius:8px;margin:0 0 10px;padding:6px 0}
.cards td{border:0;padding:3px 12px}
.cards td[data-label]::before{content:attr(data-label) ": ";color:var(--soft);font-size:13px}
.cards td:empty{display:none}
.controls label{flex:1 1 130px}td.which,td.place,td.who,td.store{min-width:0}
}
@media print{
:root{color-scheme:light;--page:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--accent:#000;--bar:#666;--critical:#900;--warning:#640;
--info:#024;--critical-tint:#fff;--warning-tint:#fff;--info-tint:#fff;--hover:#fff}
body{font-size:10.5px}main,header,footer{max-width:none;padding:0}
section{border:0;padding:0;margin:14px 0}
.controls,.more,.skip,details:not([open]){display:none}
thead{display:table-header-group}tr,.totals li,svg{break-inside:avoid}h2{break-after:avoid}
th,td{padding:3px 5px}.scroll{overflow:visible}svg{min-width:0}
th[aria-sort] button::after{content:""}.tag,.id,td small{font-size:inherit}
}
"""
