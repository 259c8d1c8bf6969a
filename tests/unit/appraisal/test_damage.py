"""Damage: what a reading that stumbled leaves as proof."""

import pytest

from trueware.appraisal.damage import Damage
from trueware.appraisal.reference import Evidence
from trueware.model.change import Change, ChangeKind
from trueware.model.finding import Finding, Severity
from trueware.model.part import Kind, Part
from trueware.model.signature import Outcome, Signature


@pytest.mark.parametrize(("as_signed", "proof"), [((("flags", "none"),), True), ((), False)], ids=["proved", "not"])
def test_a_state_that_a_signature_proves_is_no_damage(as_signed: tuple[tuple[str, str], ...], *, proof: bool) -> None:
    """Flags written into a signed structure break its checksum too; the signature over it without them tells the two apart."""
    found = Part("vbmeta", Kind.REGION, b"2", 10, b"2" * 32, format="vbmeta", facts=(("flags", "off"),), certain=False)
    expected = found._replace(tree=b"1", sha256=b"1" * 32, facts=(("flags", "none"),), certain=True)
    signature = Signature("avb", "vbmeta", Outcome.BROKEN, "", as_signed=as_signed)
    mismatch = Finding("checksum-mismatch", "vbmeta", "", Severity.MEDIUM)
    root = Part("image", Kind.FILE, b"", 10, b"", children=(found,))
    damage = Damage.of(Evidence(root, findings=(mismatch,), signatures=(signature,)), 10)

    change = Change(ChangeKind.CHANGED, "vbmeta", ("content", "facts"), expected, found)
    assert damage.leaves_proof(change) is proof
