"""The parts every page of the dictionary is made of. Nothing in a page is loaded from anywhere but beside it."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

SECTIONS = (
    ("index.html", "总览", "Overview"), ("standards/index.html", "数据标准", "Standards"), ("feeds/index.html", "数据来源", "Feeds"),
    ("rules/index.html", "规则", "Rules"), ("codes/index.html", "代码表", "Code lists"), ("marts/index.html", "数据表", "Marts"),
)  # fmt: skip
# The page may run its own inline script and nothing from elsewhere, whatever is put into it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'self' 'unsafe-inline'; img-src data:"
STYLE = """
:root { color-scheme: light; font: 15px/1.6 "Noto Sans CJK SC", "Microsoft YaHei", "WenQuanYi Micro Hei", sans-serif; color: #1f2933 }
* { box-sizing: border-box } body { margin: 0; scroll-padding-top: 5rem } html { scroll-padding-top: 4.5rem }
header { position: sticky; top: 0; z-index: 2; background: #12385c; color: #fff; display: flex; gap: 1.2rem; align-items: center;
  padding: .55rem 1.5rem; flex-wrap: wrap }
header strong { font-size: 1.05rem; white-space: nowrap } header nav { display: flex; gap: .9rem; flex-wrap: wrap }
header a { color: #d6e6f5; text-decoration: none } header a.here { color: #fff; border-bottom: 2px solid #fff }
.search { position: relative; margin-left: auto; flex: 0 1 24rem } .search input { width: 100%; font: inherit; padding: .3rem .7rem; border: 0; border-radius: 5px }
.found { position: absolute; right: 0; left: 0; top: 2.3rem; background: #fff; color: #1f2933; border-radius: 5px; max-height: 70vh; overflow: auto;
  box-shadow: 0 6px 24px rgba(0,0,0,.25) } .found a { display: block; color: inherit; padding: .35rem .8rem; border-bottom: 1px solid #e4e7eb }
.found a:hover, .found a.on { background: #e8f1fa } .found small { color: #616e7c } .found p { margin: 0; padding: .5rem .8rem; color: #616e7c }
main { max-width: 1500px; margin: 1.2rem auto 4rem; padding: 0 1.5rem }
h1 { font-size: 1.5rem; margin: .4rem 0 } h1 small, h2 small { color: #616e7c; font-weight: 400; font-size: .75em } h2 { font-size: 1.15rem; margin-top: 2rem }
.about { color: #3e4c59; max-width: 75rem } .facts { display: flex; gap: .3rem 2rem; flex-wrap: wrap; margin: .6rem 0 } .facts b { color: #616e7c; font-weight: 400; margin-right: .4rem }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: .9rem } th, td { padding: .35rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid #e4e7eb; overflow-wrap: anywhere }
th { background: #f0f4f8; white-space: nowrap } tr:target td { background: #fff4d6 } td.name { white-space: nowrap } td:nth-child(2), td:nth-child(3) { min-width: 8em } td.name a.mark { visibility: hidden; color: #9fb3c8; text-decoration: none } tr:hover a.mark { visibility: visible }
code { font: .92em ui-monospace, "DejaVu Sans Mono", monospace } a { color: #0b5cab } .tag { border-radius: 4px; padding: 0 .45rem; white-space: nowrap; font-size: .85em; background: #e4e7eb }
.error, .personal { background: #fde8e8; color: #9b1c1c } .warning { background: #fff4d6; color: #7a5200 } .key { background: #e3f5e8; color: #0b5c2b } .none { color: #9aa5b1 }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: .8rem } .card { border: 1px solid #d9e2ec; border-radius: 8px; padding: .6rem .9rem }
.card a { font-weight: 600 } .card p { margin: .2rem 0 0; color: #52606d; font-size: .88rem } .filter { font: inherit; padding: .25rem .6rem; border: 1px solid #cbd2d9; border-radius: 5px; width: 20rem; margin: .4rem 0 }
@media print { header { position: static } .search { display: none } }
"""
# Words in any order; the shorter name first. Arrow keys and Enter choose.
SCRIPT = """
const box = document.querySelector('.search input'), list = document.querySelector('.found'), root = document.body.dataset.root;
let at = -1;
function look() {
  const words = box.value.trim().toLowerCase().split(/\\s+/).filter(Boolean);
  list.replaceChildren(); at = -1; list.hidden = !words.length; if (!words.length) return;
  const hits = ENTRIES.filter(e => words.every(w => (e[1] + ' ' + e[2] + ' ' + e[3]).toLowerCase().includes(w)));
  hits.sort((a, b) => (a[1].length + a[2].length) - (b[1].length + b[2].length));
  for (const e of hits.slice(0, 60)) {
    const a = document.createElement('a'); a.href = root + e[4];
    const n = document.createElement('code'); n.textContent = e[1]; const s = document.createElement('small'); s.textContent = e[0] + ' · ' + e[3];
    a.append(n, ' ' + e[2] + ' ', document.createElement('br'), s); list.append(a);
  }
  const p = document.createElement('p'); p.textContent = hits.length ? `${hits.length} 项` : '没有找到 · nothing found'; list.append(p);
}
box.addEventListener('input', look);
box.addEventListener('keydown', k => {
  const all = [...list.querySelectorAll('a')];
  if (k.key === 'ArrowDown' || k.key === 'ArrowUp') { k.preventDefault(); at = (at + (k.key === 'ArrowDown' ? 1 : -1) + all.length) % all.length; all.forEach((a, i) => a.classList.toggle('on', i === at)); all[at]?.scrollIntoView({block: 'nearest'}); }
  if (k.key === 'Enter' && all.length) location.href = all[Math.max(at, 0)].href;
  if (k.key === 'Escape') { box.value = ''; look(); }
});
document.addEventListener('keydown', k => { if (k.key === '/' && document.activeElement !== box) { k.preventDefault(); box.focus(); } });
document.addEventListener('click', e => { if (!e.target.closest('.search')) list.hidden = true; });
for (const f of document.querySelectorAll('.filter')) f.addEventListener('input', () => {
  const words = f.value.toLowerCase().split(/\\s+/).filter(Boolean);
  for (const tr of document.querySelectorAll('#' + f.dataset.table + ' tbody tr')) tr.hidden = !words.every(w => tr.textContent.toLowerCase().includes(w));
});
const asked = new URLSearchParams(location.search).get('q'); if (asked) { box.value = asked; look(); }
"""


class Entry(NamedTuple):
    """One thing the search box finds: what it is, its name, Chinese, English, address from the root of the site."""

    kind: str
    name: str
    zh: str
    en: str
    url: str


def esc(text: object) -> str:
    """Text as HTML; None is nothing."""
    return html.escape(str(text)) if text is not None else ""


def page(path: str, title: str, body: str) -> str:
    """A whole page at `path` below the root of the site."""
    root = "../" * path.count("/")
    section = path.split("/")[0] if "/" in path else "index.html"
    links = [
        f'<a href="{root}{url}"{" class=here" if url.split("/")[0] == section else ""}>{zh} {en}</a>'
        for url, zh, en in SECTIONS
    ]
    links.append(f'<a href="{root}dbt/index.html">dbt</a>')
    return (
        f'<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><title>{esc(title)}</title><style>{STYLE}</style></head>\n'
        f'<body data-root="{root}"><header><strong>京津冀应急数据字典</strong><nav>{"".join(links)}</nav>'
        f'<div class="search"><input type="search" placeholder="搜索列、代码、规则… / search  （按 / 键）" aria-label="search" autocomplete="off">'
        f'<div class="found" hidden></div></div></header>\n<main>{body}</main>\n'
        f'<script src="{root}search.js"></script><script>{SCRIPT}</script></body></html>\n'
    )


def search_script(entries: Iterable[Entry]) -> str:
    """`search.js`: a script and not JSON, because a page opened from a folder may load no other kind of file."""
    lines = ",\n".join(json.dumps(list(entry), ensure_ascii=False) for entry in entries)
    return f"const ENTRIES = [\n{lines}\n];\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], anchors: Sequence[str] = (), name: str = "") -> str:
    """A table of HTML cells; a row with an anchor can be linked to, by a mark in its first cell."""
    head = "".join(f"<th>{one}</th>" for one in heads)
    lines = []
    for at, cells in enumerate(rows):
        anchor = anchors[at] if anchors else ""
        first = (
            f'<td class="name">{cells[0]} <a class="mark" href="#{esc(anchor)}">¶</a></td>'
            if anchor
            else f"<td>{cells[0]}</td>"
        )
        rest = "".join(f"<td>{cell}</td>" for cell in cells[1:])
        lines.append(f"<tr{f' id={json.dumps(esc(anchor), ensure_ascii=False)}' if anchor else ''}>{first}{rest}</tr>")
    ident = f' id="{name}"' if name else ""
    return f'<div class="wide"><table{ident}><thead><tr>{head}</tr></thead><tbody>\n{chr(10).join(lines)}\n</tbody></table></div>'


def filtered(name: str) -> str:
    """A box that leaves only the rows of a table that hold what is written."""
    return f'<input class="filter" data-table="{name}" placeholder="筛选本表 / filter">'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Short facts in a line; those without a value are left out."""
    return '<div class="facts">' + "".join(f"<span><b>{k}</b>{v}</span>" for k, v in pairs if v) + "</div>"


def heading(zh: str, en: str = "", level: int = 1, anchor: str = "") -> str:
    """A heading in both languages."""
    ident = f' id="{anchor}"' if anchor else ""
    return f"<h{level}{ident}>{esc(zh)}{f' <small>{esc(en)}</small>' if en else ''}</h{level}>"


def code(text: object) -> str:
    return f"<code>{esc(text)}</code>" if text not in (None, "") else ""


def tag(text: str, kind: str = "") -> str:
    return f'<span class="tag {kind}">{esc(text)}</span>'


def link(url: str, text: str) -> str:
    return f'<a href="{esc(url)}">{text}</a>'


def cards(items: Iterable[tuple[str, str, str]]) -> str:
    """Boxes of (address, HTML title, text)."""
    boxes = [f'<div class="card">{link(url, title)}<p>{esc(text)}</p></div>' for url, title, text in items]
    return f'<div class="cards">{"".join(boxes)}</div>'
