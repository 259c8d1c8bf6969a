"""Renders an inspection as text: the tree of parts, each with its place, size, format and what is in it."""

from collections.abc import Iterator

from trueware.cli.printable import printable
from trueware.inspection import Block, Inspection
from trueware.measuring.opaque import Cell
from trueware.model.part import Kind

_CURVE = "▁▂▃▄▅▆▇█"
_WIDTH = 64
_PLURALS = {
    Kind.FILE: "files",
    Kind.DIRECTORY: "folders",
    Kind.SYMLINK: "links",
    Kind.CHARACTER: "character devices",
    Kind.BLOCK: "block devices",
    Kind.FIFO: "fifos",
    Kind.SOCKET: "sockets",
}
_SINGULARS = {kind: words.removesuffix("s") for kind, words in _PLURALS.items()}


def render_outline(inspection: Inspection) -> Iterator[str]:
    """Yield the lines."""
    root = inspection.measured.measurement.root
    digest = root.sha256 or root.tree
    yield f"{printable(root.name)}  {root.size:,} bytes, {'SHA-256' if root.sha256 else 'tree'} {digest.hex()}"
    if inspection.cells:
        yield f"bits a byte, 0 to 8, from the first byte to the last: {curve(inspection.cells)}"
    yield ""
    lasts = _lasts(inspection.blocks)
    for block, stems in zip(inspection.blocks, lasts, strict=True):
        yield f"{_place(block)}  {block.part.size:>13,}  {stems}{_title(block)}"
        rest = stems.replace("├─ ", "│  ").replace("└─ ", "   ")
        yield from (f"{'':29}{rest}  {line}" for line in details(block))
    findings = inspection.measured.measurement.findings
    if findings:
        yield ""
        yield from (
            f"{finding.severity.value:<7} {finding.rule}  {printable(finding.part)}: {printable(finding.detail)}"
            for finding in findings
        )


def details(block: Block, *, shown: int = 110) -> Iterator[str]:
    """Yield what there is to say of one block besides its name, size and place; of facts `shown` characters."""
    part = block.part
    if part.facts:
        yield _cut(", ".join(f"{printable(name)} {printable(value)}" for name, value in part.facts), shown)
    if block.counts:
        counted = ", ".join(
            f"{number:,} {(_SINGULARS if number == 1 else _PLURALS)[kind]}"
            for kind, number in sorted(block.counts.items(), key=lambda item: -item[1])
        )
        yield f"{counted}; {block.bytes_below:,} bytes"
    if block.looks:
        yield f"looks like {block.looks}" if not block.looks.startswith(("bytes", "almost")) else block.looks
    if block.hidden:
        yield f"… {block.hidden:,} more"


def curve(seen: tuple[Cell, ...]) -> str:
    """Return the entropy of the cells as a line of bars."""
    step = max(1, -(-len(seen) // _WIDTH))
    pieces = [seen[at : at + step] for at in range(0, len(seen), step)]
    means = [sum(cell.entropy for cell in piece) / len(piece) for piece in pieces]
    return "".join(_CURVE[min(7, int(mean))] for mean in means)


def _place(block: Block) -> str:
    return f"{block.start:#012x}" if block.start is not None else " " * 12


def _title(block: Block) -> str:
    part = block.part
    # the last step is enough: the tree shows the others
    name = printable(block.path.rpartition("!/")[2] or part.name)
    kind = (
        ""
        if part.kind in (Kind.REGION, Kind.FILE) or part.name.startswith(part.kind.value)
        else f" ({part.kind.value})"
    )
    doubt = "" if part.certain else "  (read with doubts)"
    return f"{name}{kind}" + (f"  [{part.format}]" if part.format else "") + doubt


def _lasts(blocks: tuple[Block, ...]) -> list[str]:
    """Return the stems that connect each block with its parent."""
    open_below: list[bool] = []
    stems = []
    for block in reversed(blocks):
        depth = block.depth
        del open_below[depth + 1 :]
        open_below += [False] * (depth + 1 - len(open_below))
        if depth:
            above = "".join("│  " if open_below[level] else "   " for level in range(1, depth))
            stems.append(above + ("├─ " if open_below[depth] else "└─ "))
        else:
            stems.append("")
        open_below[depth] = True
    stems.reverse()
    return stems


def _cut(text: str, shown: int) -> str:
    return text if len(text) <= shown else f"{text[:shown]}…"
