"""Every detector, now and to come, keeps what `trueware.explaining.contract` promises, whatever bytes it is given.

What they are attacked with comes from their own unit tests and patterns, see `explained_pairs`.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from operator import itemgetter
from pathlib import Path
from time import process_time
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.promises.explained_pairs import Pair, cases_of_pairs, shapes
from tests.unit.explaining.cases import File, Tree, case
from trueware.errors import InputError
from trueware.explaining import DETECTORS, load_detector
from trueware.explaining.contract import Case, Detector
from trueware.explaining.explain import RULES as ENGINE
from trueware.knowledge.effects import effect_ids
from trueware.model.finding import Confidence, Finding, Rule, Severity
from trueware.model.rules import RULES

_SWEEP = os.environ.get("TRUEWARE_SWEEP") == "all"
"""Try every pair and every shape: `make sweep`."""

_PAIRS, _SEEDS, _SHAPES, _SIZE, _EXAMPLES = (10_000, 60, 100, 1 << 20, 300) if _SWEEP else (12, 2, 1, 1 << 16, 6)
"""Pairs, files as seeds, shapes of each, bytes of each, and arbitrary contents that a detector is asked about."""

_QUICK = 0.3
"""Seconds of processor time for `_SIZE` bytes that are not looked into further."""

_GROWTH = 7
"""Times the processor time that four times as many bytes may take: four where it is linear, sixteen where it is quadratic."""

_SLOWEST = 12.0 if _SWEEP else 4.0
"""Seconds of processor time for `_SIZE` bytes, on a slow machine."""

_EXCERPT, _DETAIL = 200, 1_000
"""Characters of an excerpt and of a detail at most."""

_MANY = 2_000 if _SWEEP else 400
"""Times that the changes of a pair are there."""

_SMALL = 4_096
"""Characters of such a pair, written out."""

_TOGETHER = "(?!)"

_SECRET = re.compile(
    rb"""\$(?:1|2[abxy]|5|6|y|7)\$[./A-Za-z0-9$=,]{12,}
    |(?i:(?<!no)passwd|password|passphrase|secret|psk|privatekey|private_key)["']?\s*[=:]\s*["']?(?P<value>[^\s"'<>;$]{6,})
    |(?<=:)[./A-Za-z0-9]{13}(?=:)""",
    re.VERBOSE,
)
"""Hashes of passwords as crypt(3) has them, of DES too, and what stands behind words that name a secret."""

every_detector = pytest.mark.parametrize("where", DETECTORS, ids=lambda where: where.partition(":")[0])


def _asked(detector: type[Detector], made: Case) -> list[Finding]:
    """Return what a detector finds, as the engine asks it; that it cannot read something is an answer too."""
    found: list[Finding] = []
    for altered in made.altered:
        if detector.wants.fullmatch(altered.inner):
            with suppress(InputError):
                found.extend(detector.detect(altered, made))
    if (conclude := getattr(detector, "conclude", None)) is not None:
        with suppress(InputError):
            found.extend(conclude(made, tuple(found)))
    return found


@cache
def _pairs_of(where: str) -> tuple[Pair, ...]:
    """Return the pairs that a detector is asked about, or a sample, other ones for each; first some in which it finds something."""
    detector = load_detector(where)
    together = detector.wants.pattern == _TOGETHER
    asked = [
        (crc32(f"{where} {number}".encode()), pair, made)
        for number, (pair, made) in enumerate(cases_of_pairs())
        if together or any(made.matching(detector.wants))
    ]
    asked.sort(key=itemgetter(0))
    telling = {number for number, _, made in asked[: 20 * _PAIRS] if _asked(detector, made)}
    first = [pair for number, pair, _ in asked if number in telling][: _PAIRS // 2]
    return tuple([*first, *(pair for number, pair, _ in asked if number not in telling)][:_PAIRS])


@cache
def _seeds_of(where: str) -> list[tuple[str, bytes, Tree]]:
    """Return files that a detector looks at, those first that it finds something in: path, content, and what lies around."""
    detector = load_detector(where)
    seeds: dict[tuple[str, bytes], Tree] = {}
    for pair in _pairs_of(where):
        for altered in case(*pair).altered:
            given = pair[1].get(altered.path, pair[0].get(altered.path))
            content = given.content if isinstance(given, File) else given
            if content and len(content) < 1 << 16 and (detector.wants.fullmatch(altered.inner) or not seeds):
                seeds.setdefault((altered.path, content), pair[1])
    return [(path, content, around) for (path, content), around in list(seeds.items())[:_SEEDS]]


def _holds(detector: type[Detector], made: Case, found: list[Finding]) -> None:
    """Check what is promised of every finding."""
    rules = {rule.id: rule for rule in detector.rules}
    for finding in found:
        assert finding.effect == rules[finding.rule].effect
        assert finding.detail
        assert len(finding.detail) <= _DETAIL
        for evidence in finding.evidence:
            assert all(len(text or "") <= _EXCERPT for text in (evidence.where, evidence.expected, evidence.found))
        assert len(finding.evidence) <= 64
        assert len(finding.touches) == len(set(finding.touches))
        assert all(re.match(r"(permission|file|call|api|host|port|service):.", each) for each in finding.touches)
    assert _asked(detector, made) == found


RULES_FOUND = [(where, rule) for where in DETECTORS for rule in load_detector(where).rules]


def test_ids_are_of_one_rule_each() -> None:
    ids = [rule.id for _, rule in RULES_FOUND] + [rule.id for rule in ENGINE] + list(RULES)
    assert [id_ for id_, count in Counter(ids).items() if count > 1] == []


@pytest.mark.parametrize("rule", [rule for _, rule in RULES_FOUND], ids=[rule.id for _, rule in RULES_FOUND])
def test_rules_are_told(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.id)
    assert re.fullmatch(r"[A-Z0-9/].*[^.]", rule.title)
    assert ". " not in rule.title
    assert rule.help.endswith(".")
    assert rule.effect in effect_ids()
    assert (Path(__file__).parents[2] / "docs" / "reference" / "rules" / f"{rule.id}.md").exists()


@every_detector
def test_unit_tests_show_every_rule(where: str) -> None:
    """What a rule finds is shown by a test of its own, from which hostile contents are made too."""
    detector = load_detector(where)
    assert detector.subject
    assert detector.rules
    assert _pairs_of(where)


@every_detector
def test_findings_are_short_and_always_the_same(where: str) -> None:
    detector = load_detector(where)
    for pair in _pairs_of(where):
        made = case(*pair)
        _holds(detector, made, _asked(detector, made))


@every_detector
def test_equal_files_have_no_findings(where: str) -> None:
    """Neither where nothing changed, nor where something else did."""
    detector = load_detector(where)
    for _, suspect in _pairs_of(where):
        assert _asked(detector, case(suspect, suspect)) == []
        added = {**suspect, "usr/share/nothing/empty": b""}
        assert [each for each in _asked(detector, case(suspect, added)) if each.severity is not Severity.INFO] == []


def _sure(found: list[Finding]) -> Counter[str]:
    return Counter(each.rule for each in found if each.severity is Severity.HIGH and each.confidence is Confidence.HIGH)


@every_detector
def test_less_is_said_where_the_genuine_bytes_are_missing(where: str) -> None:
    """Of changed files; what was added and what attributes show is as sure as ever."""
    detector = load_detector(where)
    for pair in _pairs_of(where):
        found = _asked(detector, case(*pair, at_hand=False))
        _holds(detector, case(*pair, at_hand=False), found)
        assert not _sure(found) - _sure(_asked(detector, case(*pair)))


@every_detector
@settings(max_examples=_EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data())
def test_any_bytes_are_answered(where: str, data: st.DataObject) -> None:
    """Arbitrary bytes, and contents of its own syntax cut, joined and flipped, at any path that it wants."""
    detector = load_detector(where)
    seeds = [content for _, content, _ in _seeds_of(where)] or [b""]
    paths = st.sampled_from([path for path, _, _ in _seeds_of(where)] or ["etc/x"])
    if detector.wants.pattern != _TOGETHER:
        paths |= st.from_regex(re.compile(detector.wants.pattern, detector.wants.flags), fullmatch=True).filter(
            _is_path
        )
    contents = st.binary(max_size=256) | st.builds(
        _mangled, st.sampled_from(seeds), st.sampled_from(seeds), st.randoms()
    )
    path = data.draw(paths)
    sides: list[Tree] = [
        {} if content is None else {path: content} for content in data.draw(st.tuples(*[st.none() | contents] * 2))
    ]
    made = case(sides[0], sides[1], at_hand=data.draw(st.booleans()))
    _holds(detector, made, _asked(detector, made))


def _is_path(path: str) -> bool:
    return all(step not in ("", ".", "..") and not step.endswith("!") for step in path.split("/"))


def _mangled(seed: bytes, other: bytes, random) -> bytes:  # type: ignore[no-untyped-def]  # noqa: ANN001
    held = bytearray(seed)
    for _ in range(random.randrange(1, 8)):
        at, end = sorted(random.randrange(len(held) + 1) for _ in range(2))
        end = min(end, at + random.choice((0, 1, 4, 64, 4096)))
        start = random.randrange(len(other) + 1)
        piece = random.choice((b"", random.randbytes(1), held[at:end] * 3, other[start : start + 40], b"\xff" * 4))
        held[at:end] = piece
    return bytes(held[: 1 << 17])


def _seconds(detector: type[Detector], genuine: Tree, suspect: Tree) -> tuple[float, list[Finding]]:
    made = case(genuine, suspect)
    start = process_time()
    found = _asked(detector, made)
    return process_time() - start, found


def _large(where: str) -> Iterator[tuple[str, str, bytes, bytes, Tree]]:
    """Yield what takes long if something does: shape, path, a content of `_SIZE` and its quarter, and what lies around."""
    for path, seed, around in _seeds_of(where):
        made = list(zip(shapes(seed, _SIZE), shapes(seed, _SIZE // 4), strict=True))
        made.sort(key=lambda each: crc32(f"{where} {path} {each[0][0]}".encode()))
        for (name, large), (_, small) in made[:_SHAPES]:
            yield name, path, large, small, around


@pytest.mark.skipif(not _SWEEP, reason="only in the sweep: times are of little worth on a busy machine")
@every_detector
def test_time_is_linear(where: str) -> None:
    """Four times the bytes take four times as long, whatever is repeated in them."""
    detector = load_detector(where)
    for name, path, large, small, around in _large(where):
        for genuine in ({**around, path: b"x"}, {**around, path: large[1 : len(large) // 2]}):
            suspect = {**around, path: large}
            taken, found = _seconds(detector, genuine, suspect)
            assert taken < _SLOWEST, (name, path)
            assert sum(len(each.detail) for each in found) < len(large) + 100_000
            if taken > _QUICK:
                before = min(_seconds(detector, genuine, {**around, path: small})[0] for _ in range(2))
                taken = min(taken, _seconds(detector, genuine, suspect)[0])
                assert taken < _GROWTH * before, (name, path)


@pytest.mark.skipif(
    not _SWEEP, reason="only in the sweep: it takes minutes, and times are of little worth on a busy machine"
)
@every_detector
def test_time_is_linear_in_changes(where: str) -> None:
    """Four times the changes take four times as long, in one folder and in as many containers."""
    detector = load_detector(where)
    small = [pair for pair in _pairs_of(where) if len(repr(pair)) < _SMALL]
    for pair in small[:_SEEDS]:
        for spread in (_containers, _folders):
            many = tuple(spread(tree, _MANY) for tree in pair)
            taken, _ = _seconds(detector, *many)
            assert taken < _SLOWEST
            if taken > 4 * _QUICK:
                few = tuple(spread(tree, _MANY // 4) for tree in pair)
                before = min(_seconds(detector, *few)[0] for _ in range(2))
                assert min(taken, _seconds(detector, *many)[0]) < _GROWTH * before


def _containers(tree: Tree, count: int) -> Tree:
    return {f"{number}.bin!/{path}": file for number in range(count) for path, file in tree.items()}


def _folders(tree: Tree, count: int) -> Tree:
    made: dict[str, bytes | File] = dict(tree)
    for number in range(count):
        for path, file in tree.items():
            above, _, name = path.rpartition("/")
            stem, dot, ending = name.rpartition(".")
            name = f"{stem}{number}.{ending}" if dot else f"{name}{number}"
            made[f"{above}/{name}" if above else name] = file
    return made


@every_detector
def test_no_secret_is_told(where: str) -> None:
    """A result is sent around: neither a password nor its hash may be read from it, as a whole."""
    detector = load_detector(where)
    for pair in _pairs_of(where):
        held = {
            (found["value"] or found[0]).decode("latin-1")
            for tree in pair
            for file in tree.values()
            for found in _SECRET.finditer(file.content if isinstance(file, File) else file)
        }
        for finding in _asked(detector, case(*pair)) if held else ():
            texts = [finding.detail, *finding.touches]
            texts += [text or "" for each in finding.evidence for text in (each.where, each.expected, each.found)]
            assert [(finding.rule, secret) for secret in held for text in texts if secret in text] == []
