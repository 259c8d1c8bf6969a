"""Draws what a fleet agrees on: a bar for each group, and a field of devices by paths that shows who differs where.

One SVG that stands alone, and a page around it. Neither runs a script or loads anything; shapes tell what colours tell, and words
(`title`, `desc`, a table on the page) tell it again. Names come from devices and are hostile: made printable, then escaped.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape

from trueware.agreeing import Fleet
from trueware.appraisal.nearness import counted
from trueware.cli.fleet_text import WORDS, count_of, counts, fleet_lines, guarantee
from trueware.cli.printable import printable
from trueware.consensus.told import Consensus, Contested, Standing, Told
from trueware.model.varying import MEMBERS

_WIDTH, _LEFT, _RIGHT = 1180, 330, 30
_CELL, _BAR, _FOOT = 18, 22, 84
_UNDER = 40
"""Height of the words under a bar."""

_LABELS = 210
"""Height of the names of the paths, which stand on end."""

_MOST_ROWS, _MOST_PATHS, _MOST_OTHERS = 60, 30, 12
_MOST_GROUPS = 6
_NAME, _PATH, _WORDS = 26, 34, 120

_INK = {
    Standing.AGREES: "#7fb59a",
    Standing.OTHER_VERSION: "#8fb3d9",
    Standing.NOT_READ: "#c9c9c9",
    Standing.NO_MAJORITY: "#e3b34c",
    Standing.OUTLIER: "#b23a2e",
}

_FIRST = (Standing.OUTLIER, Standing.NO_MAJORITY, Standing.NOT_READ, Standing.OTHER_VERSION, Standing.AGREES)
"""Standings by how much they stand out."""

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#111;background:#fff;max-width:1240px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0 0 .5rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}p{margin:.3rem 0;overflow-wrap:anywhere}
svg{width:100%;height:auto;display:block}.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}
th{text-align:left;color:#555}td,th{padding:.25rem .6rem .25rem 0;border-bottom:1px solid #ddd;vertical-align:top}
code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}pre{font:13px/1.45 ui-monospace,monospace;white-space:pre-wrap;
overflow-wrap:anywhere}footer{color:#555;margin-top:2rem;font-size:13px}
"""


def fleet_picture(fleet: Fleet) -> str:
    """Return the picture as SVG."""
    return "".join(_Picture(fleet).svg())


def fleet_page(fleet: Fleet) -> str:
    """Return a page with the picture and everything that is told, as HTML."""
    return "".join(_page(fleet))


@dataclass(frozen=True, slots=True)
class _Column:
    """One path of the field."""

    path: str
    contested: bool = False
    varies: bool = False


class _Picture:
    def __init__(self, fleet: Fleet) -> None:
        self.consensus = fleet.consensus
        self.rows, self.left_out = _rows(self.consensus)
        self.open = _open_folders(self.consensus)
        self.columns, self.more_paths = _columns(self.consensus, self.open)
        self.groups = self.consensus.groups[:_MOST_GROUPS]
        self.top = 96 + len(self.groups) * (_BAR + _UNDER) + (_LABELS if self.columns else 0)
        self.height = self.top + (len(self.rows) * _CELL + 24 if self.columns else 0) + _FOOT

    def svg(self) -> Iterator[str]:
        consensus = self.consensus
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {self.height}" width="{_WIDTH}" '
            f'height="{self.height}" role="img" aria-labelledby="title desc" font-family="system-ui, sans-serif" '
            'font-size="13" fill="#000">\n'
        )
        said = counts(consensus)
        yield f'<title id="title">A fleet of {len(consensus.devices)} devices: {escape(said)}</title>\n'
        yield f'<desc id="desc">{escape(_words(consensus))}</desc>\n'
        yield f'<rect width="{_WIDTH}" height="{self.height}" fill="#fff"/>\n'
        yield _text(20, 32, f"{len(consensus.devices)} devices: {said}", 'font-size="19" font-weight="bold"')
        rule = consensus.rule
        yield _text(
            20, 54, f"more than {rule.quorum} of the votes decide; at least {rule.min_devices} devices of one version"
        )
        yield from self._bars()
        if self.columns:
            yield from self._field()
        yield from self._legend()
        yield "</svg>\n"

    def _bars(self) -> Iterator[str]:
        """Draw the groups, each as long as it has devices, by what is said of them."""
        longest = max(len(group.devices) for group in self.groups)
        room = _WIDTH - _LEFT - _RIGHT - 60
        for number, group in enumerate(self.groups):
            y = 74 + number * (_BAR + _UNDER)
            yield _text(20, y + 16, f"group {number + 1}, {group.relation.value}", 'font-weight="bold"')
            x = float(_LEFT)
            for standing in Standing:
                count = sum(each.group == number and each.standing is standing for each in self.consensus.devices)
                wide = count / max(longest, 1) * room
                if count:
                    yield _mark(x, y, wide, _BAR, standing, count_of(standing, count))
                    x += wide
            yield _text(x + 8, y + 16, str(sum(each.group == number for each in self.consensus.devices)))
            told = guarantee(self.consensus.rule, group) if group.decided else f"no majority: {group.reason}"
            for line, words in enumerate(told.split("; ", 1)):
                yield _text(
                    _LEFT, y + _BAR + 14 + 13 * line, _short(printable(words), 140), 'font-size="11" fill="#444"'
                )

    def _field(self) -> Iterator[str]:
        bottom = self.top + len(self.rows) * _CELL
        for at, column in enumerate(self.columns):
            x = _LEFT + at * _CELL
            if column.contested or column.varies:
                fill = "#fbf1d9" if column.contested else "#f0f0f0"
                yield f'<rect x="{x}" y="{self.top}" width="{_CELL}" height="{bottom - self.top}" fill="{fill}"/>\n'
            label = _short_end(printable(column.path) or "(itself)", _PATH)
            style = ' font-weight="bold"' if column.contested else ' fill="#666"' if column.varies else ""
            yield (
                f'<text transform="translate({x + 13},{self.top - 8}) rotate(-90)" font-size="11"{style}>{escape(label)}'
                f"<title>{escape(printable(column.path))}</title></text>\n"
            )
        camps = _camps(self.consensus)
        for number, told in enumerate(self.rows):
            y = self.top + number * _CELL
            if number % 2 == 0:
                wide = _LEFT + len(self.columns) * _CELL
                yield f'<rect x="20" y="{y}" width="{wide - 20}" height="{_CELL}" fill="#000" fill-opacity=".035"/>\n'
            yield _mark(20, y + 3, 12, 12, told.standing, "")
            yield _text(40, y + 13, f"{told.group + 1}", 'font-size="11" fill="#444"')
            name = _short_end(printable(told.device), _NAME)
            yield _text(58, y + 13, name, 'font-size="12"')
            yield _text(_LEFT - 12, y + 13, WORDS[told.standing], 'font-size="11" text-anchor="end" fill="#444"')
            changed = {each.path for each in told.changes}
            allowed = {_place(each.path, self.open) for each in told.allowed}
            for at, column in enumerate(self.columns):
                yield from self._cell(_LEFT + at * _CELL, y, column, told, changed, allowed, camps)
        yield f'<path d="M{_LEFT} {self.top}H{_LEFT + len(self.columns) * _CELL}" stroke="#000"/>\n'
        notes = []
        if self.left_out:
            notes.append(f"{self.left_out} more devices are not drawn")
        if self.more_paths:
            notes.append(f"{self.more_paths} more paths are not drawn")
        if notes:
            yield _text(20, bottom + 18, "; ".join(notes), 'font-size="12" fill="#444"')

    def _cell(
        self,
        x: int,
        y: int,
        column: _Column,
        told: Told,
        changed: set[str],
        allowed: set[str],
        camps: dict[tuple[int, str], dict[str, int]],
    ) -> Iterator[str]:
        title = f"<title>{escape(printable(told.device))}: {escape(printable(column.path))}</title>"
        if column.path in changed:
            ink = _INK[Standing.OUTLIER]
            yield f'<rect x="{x + 3}" y="{y + 3}" width="12" height="12" fill="{ink}" stroke="#000">{title}</rect>\n'
        elif column.contested and (camp := camps.get((told.group, column.path), {}).get(told.device)) is not None:
            fill = ("#fff", "#e3b34c", "#7a5a10")[min(camp, 2)]
            yield f'<path d="M{x + 9} {y + 2}l7 7l-7 7l-7 -7z" fill="{fill}" stroke="#000">{title}</path>\n'
        elif column.path in allowed:
            yield f'<circle cx="{x + 9}" cy="{y + 9}" r="2.6" fill="#555">{title}</circle>\n'

    def _legend(self) -> Iterator[str]:
        y = self.height - 54
        x = 20.0
        for standing, word in WORDS.items():
            yield _mark(x, y, 12, 12, standing, "")
            yield _text(x + 18, y + 11, word, 'font-size="12"')
            x += 40 + 7 * len(word)
        if self.columns:
            ink, y = _INK[Standing.OUTLIER], y + 24
            yield f'<rect x="20" y="{y}" width="12" height="12" fill="{ink}" stroke="#000"/>\n'
            yield _text(38, y + 11, "differs from what most agree on", 'font-size="12"')
            yield f'<path d="M257 {y - 1}l7 7l-7 7l-7 -7z" fill="#e3b34c" stroke="#000"/>\n'
            yield _text(270, y + 11, "no majority there: one shade for each camp", 'font-size="12"')
            yield f'<circle cx="556" cy="{y + 6}" r="2.6" fill="#555"/>\n'
            yield _text(566, y + 11, "differs where devices may; not judged", 'font-size="12"')


def _rows(consensus: Consensus) -> tuple[list[Told], int]:
    """Return the devices that are drawn, those that stand out first where there are too many, and how many are not."""
    order = {standing: number for number, standing in enumerate(_FIRST)}
    rows = sorted(consensus.devices, key=lambda told: (told.group, order[told.standing], told.device))
    if len(rows) > _MOST_ROWS:
        rows = sorted(rows, key=lambda told: (order[told.standing], told.group, told.device))[:_MOST_ROWS]
    return rows, len(consensus.devices) - len(rows)


def _open_folders(consensus: Consensus) -> frozenset[str]:
    """Return the folders in which each device has names of its own: one column for each, not for each name."""
    return frozenset(each.path for group in consensus.groups for each in group.varying if MEMBERS in each.aspects)


def _place(path: str, folders: frozenset[str]) -> str:
    """Return the folder of a path, where that is one in which each device has names of its own."""
    if folders:
        for at, letter in enumerate(path):
            if letter == "/" and path[:at].removesuffix("!") in folders:
                return f"{path[:at].removesuffix('!')}/*"
    return path


def _columns(consensus: Consensus, folders: frozenset[str]) -> tuple[list[_Column], int]:
    """Return the paths that are drawn: contested ones, those at which most devices stand out, and some that vary."""
    contested = list(dict.fromkeys(each.path for group in consensus.groups for each in group.contested))
    counts: dict[str, int] = {}
    for told in consensus.devices:
        for change in told.changes:
            counts[change.path] = counts.get(change.path, 0) + 1
    others: dict[str, int] = {}
    for told in consensus.devices:
        for change in told.allowed:
            place = _place(change.path, folders)
            others[place] = others.get(place, 0) + 1
    most = [path for path in sorted(counts, key=lambda path: (-counts[path], path)) if path not in contested]
    varying = [path for path in sorted(others, key=lambda path: (-others[path], path)) if path not in counts]
    columns = [_Column(path, contested=True) for path in contested[:_MOST_PATHS]]
    columns += [_Column(path) for path in most[: _MOST_PATHS - len(columns)]]
    drawn = len(columns)
    columns += [_Column(path, varies=True) for path in varying[:_MOST_OTHERS]]
    return columns, len(contested) + len(most) - drawn


def _camps(consensus: Consensus) -> dict[tuple[int, str], dict[str, int]]:
    """Return in which camp a device is, by group and contested path."""
    found: dict[tuple[int, str], dict[str, int]] = {}
    for number, group in enumerate(consensus.groups):
        for each in group.contested:
            found.setdefault((number, each.path), _camp_of(each))
    return found


def _camp_of(contested: Contested) -> dict[str, int]:
    return {device: number for number, camp in enumerate(contested.camps) for device in camp}


def _words(consensus: Consensus) -> str:
    told = [
        f"group {number} ({group.relation.value}) has {len(group.devices)} devices"
        for number, group in enumerate(consensus.groups[:_MOST_GROUPS], 1)
    ]
    apart = [printable(each.device) for each in consensus.of(Standing.OUTLIER)][:20]
    return f"{'; '.join(told)}. Outliers: {', '.join(apart) or 'none'}."


def _mark(x: float, y: float, wide: float, high: float, standing: Standing, label: str) -> str:
    """Return a rectangle for a standing, with a stroke through what stands out."""
    drawn = f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" fill="{_INK[standing]}" stroke="#000"/>\n'
    if standing is Standing.OUTLIER:
        drawn += f'<path d="M{x:.1f} {y + high:.1f}L{x + wide:.1f} {y:.1f}" stroke="#000"/>\n'
    if label and wide > 8 * len(label):
        colour = "#fff" if standing is Standing.OUTLIER else "#000"
        drawn += _text(x + 6, y + high / 2 + 5, label, f'font-size="12" fill="{colour}"')
    return drawn


def _page(fleet: Fleet) -> Iterator[str]:
    consensus = fleet.consensus
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Fleet consensus</title>\n'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
    yield f"<style>{_STYLE}</style></head><body>\n<h1>What {counted(len(consensus.devices), 'device')} agree on</h1>\n"
    yield f'<div class="scroll">{fleet_picture(fleet)}</div>\n'
    yield "<h2>What it is worth</h2>\n"
    for number, group in enumerate(consensus.groups[:_MOST_GROUPS], 1):
        worth = guarantee(consensus.rule, group) if group.decided else f"no majority: {group.reason}"
        told_apart = escape(printable(group.evidence))
        yield f"<p><b>Group {number}</b>, {counted(len(group.devices), 'device')}. {told_apart}. {escape(printable(worth))}.</p>\n"
    yield "<h2>Devices</h2>\n<div class=scroll><table><tr><th>device<th>group<th>says<th>why<th>differs at\n"
    for told in _rows(consensus)[0]:
        paths = "<br>".join(f"<code>{escape(printable(each.path))}</code>" for each in told.changes[:_MOST_OTHERS])
        yield f"<tr><td>{escape(printable(told.device))}<td>{told.group + 1}<td>{WORDS[told.standing]}"
        yield f"<td>{escape(printable(told.reason))}<td>{paths}\n"
    yield "</table></div>\n<h2>In words</h2>\n<pre>"
    yield from _escaped(fleet_lines(fleet))
    yield "</pre>\n<footer>Made by trueware consensus. A majority says what is usual, not what is genuine.</footer></body></html>\n"


def _escaped(lines: Iterable[str]) -> Iterator[str]:
    return (f"{escape(line)}\n" for line in lines)


def _short(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1]}…"


def _short_end(text: str, letters: int) -> str:
    """Return the end of a path, which says more than its beginning."""
    return text if len(text) <= letters else f"…{text[1 - letters :]}"


def _text(x: float, y: float, text: str, style: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" {style}>{escape(text)}</text>\n'.replace(" >", ">")
