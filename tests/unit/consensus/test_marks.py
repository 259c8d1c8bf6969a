"""What varies by device, written on parts: heeded for a fleet's agreement alone, and only for data."""

import pytest
from tests.unit.appraisal.parts import container, file, folder

from trueware.appraisal.appraise import appraise, appraise_exact
from trueware.appraisal.compare import compare
from trueware.appraisal.reference import Evidence, Reference, References
from trueware.model.merkle import part_digest
from trueware.model.part import Kind, Part
from trueware.model.policy import Policy
from trueware.model.release import Release
from trueware.model.varying import ASPECTS, CONTENT, MEMBERS, PRESENCE, varying, with_mark, without_mark
from trueware.model.verdict import Authority, Tier, Verdict

STRICT = Policy("strict", "nothing may change", ())
PROGRAM = file("busybox", b"program", 0o755)


def marked(part: Part, *aspects: str) -> Part:
    """Return the part as a fleet's agreement has it where `aspects` vary."""
    facts = with_mark(part.facts, frozenset(aspects))
    content = None if CONTENT in aspects else part.sha256
    tree = part_digest(
        part.kind, part.children, content, part.mode, part.uid, part.gid, part.link, part.rdev, part.xattrs,
        part.format, facts, certain=part.certain,
    )  # fmt: skip
    return part._replace(facts=facts, sha256=content, tree=tree)


def root(*children: Part) -> Part:
    return folder("device", folder("bin", PROGRAM), *children)


def judged(expected: Part, found: Part, *, observed: bool = True) -> list[tuple[str, bool]]:
    return [(change.path, change.mutable) for change in compare(expected, found, STRICT, observed=observed).changes]


SERIAL = marked(file("serial"), CONTENT)


def test_mark_is_a_fact_and_comes_off() -> None:
    facts = with_mark((("board", "b"),), frozenset({CONTENT, PRESENCE}))
    assert facts == (("board", "b"), ("trueware:varies-by-device", "content presence"))
    assert without_mark(facts) == (("board", "b"),)
    assert varying(SERIAL) == {CONTENT}
    assert with_mark((), frozenset()) == ()
    assert "mode" not in ASPECTS
    with pytest.raises(ValueError, match="mode cannot vary"):
        with_mark((), frozenset({"mode"}))


@pytest.mark.parametrize(
    ("found", "mutable"),
    [
        (file("serial", b"SN1"), True),
        (file("serial", b"SN1", 0o755), False),
        (file("serial", b"SN1", 0o4644), False),
        (file("serial", b"SN1", uid=7), False),
        (file("serial", b"SN1", xattrs=(("security.capability", b"x"),)), False),
        (folder("serial"), False),
        (folder("serial", PROGRAM), False),
        (container("serial", "squashfs", PROGRAM, kind=Kind.FILE), False),
    ],
)
def test_content_may_differ_and_nothing_else(found: Part, mutable: bool) -> None:  # noqa: FBT001
    """A file for a serial number excuses a serial number."""
    assert [each[1] for each in judged(root(SERIAL), root(found))][:1] == [mutable]


def test_presence_and_members() -> None:
    """What comes and goes may be missing; where each has names of its own, data may be added, programs not."""
    comes, stays = marked(file("state"), PRESENCE), file("config")
    assert judged(root(comes, stays), root()) == [("config", False), ("state", True)]
    log = marked(folder("log"), MEMBERS)
    assert judged(root(log), root(folder("log", file("1", b"x")))) == [("log/1", True)]
    assert judged(root(log), root(folder("log", file("1", b"x", 0o755)))) == [("log/1", False)]
    assert judged(root(log), root(folder("log", folder("d", file("1", b"x", 0o4755))))) == [
        ("log/d", True),
        ("log/d/1", False),
    ]


def test_nobody_else_may_leave_something_open() -> None:
    """In a release that somebody published the mark is a fact that the artefact lacks: a difference, and no excuse."""
    assert judged(root(SERIAL), root(file("serial", b"SN1")), observed=False) == [("serial", False)]
    expected, found = root(SERIAL), root(file("serial", b"SN1"))
    for authority in Authority:
        release = Release("1", "A", "R", "1", authority, expected.tree, expected.tree)
        references = References((Reference(release, expected, STRICT),))
        verdict = appraise("device", Evidence(found), references).verdict
        assert (verdict is Verdict.GENUINE) is (authority is Authority.CONSENSUS)


def test_agreement_is_never_more_than_a_warning() -> None:
    """Also where the artefact is the very tree that was agreed on."""
    for authority in Authority:
        release = Release("1", "A", "R", "1", authority, root().tree, root().tree)
        expected = Tier.WARNING if authority is Authority.CONSENSUS else Tier.AFFIRMING
        result = appraise_exact("device", 0, root().tree, (release,))
        assert (result.verdict, result.tier) == (Verdict.GENUINE, expected)
        reference = Reference(release, root(), STRICT)
        result = appraise("device", Evidence(root()), References((reference,)))
        assert (result.verdict, result.tier) == (Verdict.GENUINE, expected)
