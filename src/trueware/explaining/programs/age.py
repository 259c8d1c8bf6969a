"""Whether a changed program calls itself by an older version: ``OpenSSL 3.0.11`` where the genuine one says ``OpenSSL 3.0.15``.

Programs hold versions of many things. Counted are names that both sides hold with one version each; if any of these went down and
none went up, an older program was put back.
"""

from collections.abc import Iterator

from trueware.explaining.contract import Altered
from trueware.explaining.naming import listing
from trueware.explaining.patterns import regex
from trueware.explaining.portraits.elf_difference import How
from trueware.explaining.programs.pair import Pair
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity

DOWNGRADED = Rule(
    "program-downgraded",
    "A program calls itself by an older version than the genuine one",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="Faults that were mended since are back, and known to everybody who reads the notes of the newer version.",
    effect="downgraded",
)

RULES = (DOWNGRADED,)

_PARTS = regex(r"\d+|[a-z]")


def compare_age(altered: Altered, pair: Pair) -> Iterator[Finding]:
    """Yield that the program is an older one."""
    old, new = dict(pair.old.versions), dict(pair.new.versions)
    if pair.difference.how is How.SAME:
        return
    both = [(name, old[name], version) for name, version in new.items() if old.get(name, version) != version]
    down = [(name, was, version) for name, was, version in both if _key(version) < _key(was)]
    if down and len(down) == len(both):
        evidence = [Evidence(f"version of {name}", was, version) for name, was, version in down[:5]]
        detail = listing(f"{name} {version} instead of {was}" for name, was, version in down)
        yield altered.finding(DOWNGRADED, detail, *evidence)


def _key(version: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in _PARTS.findall(version))
