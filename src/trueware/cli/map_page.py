"""Renders an inspection as one page that stands alone: a map of the bytes by offset and entropy, and the outline.

The page runs no script and loads nothing. Every name in it comes from the artefact and is hostile: it is made printable, then
escaped.
"""

from collections.abc import Iterator
from html import escape

from trueware.cli.outline import details
from trueware.cli.printable import printable
from trueware.inspection import Block, Inspection
from trueware.measuring.opaque import Cell
from trueware.model.part import Kind

_WIDTH, _CURVE, _ROW, _GAP = 1000, 120, 26, 3
_LEFT = 44
_DEEPEST = 8
"""Levels of containers within containers that are drawn; the outline has all."""

_LABELLED = 46
"""Pixels from which a name fits in a block."""

_LETTER = 6.4
"""Pixels a letter takes, about."""

_ALL_OF_IT = 4_000
"""Characters of a header's facts on the page."""

_CLASSES = (
    ("empty", "one byte repeated, or nearly"),
    ("plain", "code, text, tables"),
    ("even", "compressed or encrypted"),
)

_STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--page:#fff;--empty:#d8dee4;--plain:#2f81b7;
--even:#d9822b;--block:#e7f0f7;--edge:#2f6690;--pad:#f3f4f6;--gap:#fbe3d6;--gapedge:#bc4c00}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9198a1;--line:#3d444d;--page:#0d1117;--empty:#3d444d;
--plain:#58a6d6;--even:#e3a04f;--block:#1b2b3a;--edge:#6cb6e8;--pad:#161b22;--gap:#3b2213;--gapedge:#f0883e}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:1080px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0;overflow-wrap:anywhere}h2{font-size:1.1rem;margin:2rem 0 .5rem}
p.sum{color:var(--soft);margin:.2rem 0;overflow-wrap:anywhere}svg{width:100%;height:auto;display:block}
svg text{font:11px system-ui,sans-serif;fill:var(--ink)}svg .tick{fill:var(--soft)}
rect{shape-rendering:crispEdges}.empty{fill:var(--empty)}.plain{fill:var(--plain)}.even{fill:var(--even)}
.block rect{fill:var(--block);stroke:var(--edge)}.pad rect{fill:var(--pad);stroke:var(--line)}
.gap rect{fill:var(--gap);stroke:var(--gapedge)}.axis{stroke:var(--line)}
.key span{display:inline-block;width:.8em;height:.8em;margin:0 .3em 0 1em;vertical-align:-.05em}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}
th{text-align:left;color:var(--soft);font-weight:600}td,th{padding:.2rem .6rem .2rem 0;border-bottom:1px solid var(--line);
vertical-align:top}td.n{font-family:ui-monospace,monospace;text-align:right;white-space:nowrap}
td.s{color:var(--soft);overflow-wrap:anywhere}code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}
footer{color:var(--soft);margin-top:2rem;font-size:13px}
"""


def map_page(inspection: Inspection) -> str:
    """Return the page as HTML."""
    return "".join(_page(inspection))


def _page(inspection: Inspection) -> Iterator[str]:
    root = inspection.measured.measurement.root
    name = _told(root.name)
    yield f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{name} — inspection</title>\n'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
    yield f"<style>{_STYLE}</style></head><body>\n<h1>{name}</h1>\n"
    yield f'<p class="sum">{root.size:,} bytes'
    if root.sha256 is not None:
        yield f" · SHA-256 <code>{root.sha256.hex()}</code>"
    yield f'</p>\n<p class="sum">tree <code>{root.tree.hex()}</code></p>\n'
    if inspection.cells:
        yield "<h2>Map</h2>\n"
        yield from _key()
        yield from _map(inspection)
    yield "<h2>What is in it</h2>\n"
    yield from _table(inspection.blocks)
    claims = inspection.measured.claims
    if claims:
        yield "<h2>What it claims to be</h2>\n<div class=scroll><table><tr><th>claim<th>value<th>from\n"
        for claim in claims:
            source = _told(claim.part) or _told(claim.source)
            yield f"<tr><td>{_told(claim.name)}<td>{_told(claim.value)}<td class=s><code>{source}</code>\n"
        yield "</table></div>\n"
    findings = inspection.measured.measurement.findings
    if findings:
        yield "<h2>Findings</h2>\n<div class=scroll><table><tr><th>severity<th>rule<th>where<th>what\n"
        for finding in findings:
            at = f" at {finding.offset:#x}" if finding.offset is not None else ""
            yield f"<tr><td>{finding.severity.value}<td>{finding.rule}<td class=s><code>{_told(finding.part)}</code>{at}"
            yield f"<td>{_told(finding.detail)}\n"
        yield "</table></div>\n"
    yield "<footer>Made by trueware inspect. Measured bytes, no verdict: whether it is genuine is for <code>trueware verify</code>."
    yield "</footer></body></html>\n"


def _key() -> Iterator[str]:
    yield '<p class="sum key">'
    for name, words in _CLASSES:
        yield f'<span style="background:var(--{name})"></span>{words}'
    yield "</p>\n"


def _map(inspection: Inspection) -> Iterator[str]:
    size = inspection.cells[-1].end
    placed = [block for block in inspection.blocks if 0 < block.depth <= _DEEPEST and block.start is not None]
    rows = max((block.depth for block in placed), default=0)
    top = _CURVE + _GAP
    height = top + rows * (_ROW + _GAP) + 18
    yield f'<svg viewBox="0 0 {_WIDTH + _LEFT} {height}" role="img" aria-label="map of the bytes">\n'
    yield f'<text class="tick" x="0" y="10">8 bits</text><text class="tick" x="0" y="{_CURVE}">0</text>\n'
    yield f'<line class="axis" x1="{_LEFT}" y1="{_CURVE}" x2="{_WIDTH + _LEFT}" y2="{_CURVE}"/>\n'
    for first, last, tall, kind in _columns(inspection.cells):
        x, wide = _LEFT + first / size * _WIDTH, (last - first) / size * _WIDTH
        told = f"{first:#x} to {last:#x}: {tall:.1f} bits a byte"
        high = max(1.0, tall / 8 * (_CURVE - 12))
        yield f'<rect class="{kind}" x="{x:.1f}" y="{_CURVE - high:.1f}" width="{max(0.6, wide):.1f}" height="{high:.1f}">'
        yield f"<title>{told}</title></rect>\n"
    for block in placed:
        yield from _drawn(block, size, top + (block.depth - 1) * (_ROW + _GAP))
    yield from _ticks(size, height - 4)
    yield "</svg>\n"


def _columns(cells: tuple[Cell, ...]) -> Iterator[tuple[int, int, float, str]]:
    """Yield ranges with their entropy and class; neighbours that would look the same are one."""
    first, tall, kind = 0, -1.0, ""
    last = 0
    for cell in cells:
        its = "empty" if cell.entropy < 1 else "even" if cell.entropy >= 7.8 else "plain"
        step = round(cell.entropy * 10) / 10
        if (step, its) != (tall, kind):
            if kind:
                yield first, last, tall, kind
            first, tall, kind = cell.start, step, its
        last = cell.end
    yield first, last, tall, kind


def _drawn(block: Block, size: int, y: int) -> Iterator[str]:
    part, start = block.part, block.start or 0
    x, wide = _LEFT + start / size * _WIDTH, max(1.0, part.size / size * _WIDTH)
    kind = {Kind.PADDING: "pad", Kind.GAP: "gap"}.get(part.kind, "block")
    name = printable(part.name)
    format_ = f" [{part.format}]" if part.format else ""
    title = f"{printable(block.path)}{format_}: {start:#x} to {start + part.size:#x}, {part.size:,} bytes"
    yield f'<g class="{kind}"><rect x="{x:.1f}" y="{y}" width="{wide:.1f}" height="{_ROW}" rx="2"><title>{escape(title)}</title>'
    yield "</rect>"
    if wide >= _LABELLED:
        room = int((wide - 8) / _LETTER)
        label = name + format_
        label = label if len(label) <= room else name if len(name) <= room else f"{name[: max(1, room - 1)]}…"
        yield f'<text x="{x + 4:.1f}" y="{y + 17}" pointer-events="none">{escape(label)}</text>'
    yield "</g>\n"


def _ticks(size: int, y: int) -> Iterator[str]:
    for step in range(5):
        at = size * step // 4
        anchor = "start" if step == 0 else "end" if step == 4 else "middle"
        x = _LEFT + step * _WIDTH / 4
        yield f'<text class="tick" x="{x:.0f}" y="{y}" text-anchor="{anchor}">{at:#x}</text>\n'


def _table(blocks: tuple[Block, ...]) -> Iterator[str]:
    yield "<div class=scroll><table><tr><th>part<th>format<th>from<th>bytes<th>\n"
    for block in blocks:
        part = block.part
        name = _told(block.path.rpartition("!/")[2] or part.name)
        start = f"{block.start:#x}" if block.start is not None else "unpacked"
        doubt = "" if part.certain else " (read with doubts)"
        told = "<br>".join(escape(line) for line in details(block, shown=_ALL_OF_IT))
        indent = f' style="padding-left:{block.depth * 1.2:.1f}em"' if block.depth else ""
        yield f'<tr><td{indent} title="{_told(block.path)}"><code>{name}</code><td>{escape(part.format or "")}{doubt}'
        yield f"<td class=n>{start}<td class=n>{part.size:,}<td class=s>{told}\n"
    yield "</table></div>\n"


def _told(text: str) -> str:
    return escape(printable(text))
