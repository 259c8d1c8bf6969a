"""Paths from a signer's certificate to an anchor: what leads there, and what only looks like it."""

from datetime import UTC, datetime

import pytest
from tests.unit.signatures.certificates import Issued, issue

from trueware.signatures.x509 import certificate_id, certificate_ids, find_path, name_of, spki_id, weak_names

ROOT = issue("root", authority=True)
MIDDLE = issue("middle", ROOT, authority=True, years=(2021, 2030))
LEAF = issue("leaf", MIDDLE, years=(2019, 2035))
OTHER = issue("root", authority=True)


def year(number: int) -> int:
    return int(datetime(number, 1, 1, tzinfo=UTC).timestamp())


@pytest.mark.parametrize("order", [(LEAF, MIDDLE), (LEAF, OTHER, MIDDLE, ROOT), (LEAF, MIDDLE, MIDDLE, LEAF)])
def test_path_is_found_in_whatever_order(order: tuple[Issued, ...]) -> None:
    """The first certificate is the signer's; the others may be in any order, with strangers among them."""
    path = find_path([each.der for each in order], [OTHER.der, ROOT.der])

    assert path is not None
    assert path.anchor == ROOT.der
    assert (path.since, path.until) == (year(2021), year(2030))


def test_anchor_may_be_any_certificate_of_the_way() -> None:
    """An anchor that is not a root ends the way; nothing above it is asked for."""
    path = find_path([LEAF.der, MIDDLE.der, ROOT.der], [MIDDLE.der])

    assert path is not None
    assert path.anchor == MIDDLE.der
    assert (path.since, path.until) == (year(2019), year(2035))


NO_AUTHORITY = issue("no authority", ROOT)
SHORT = issue("short", authority=True, path_length=0)
BELOW_SHORT = issue("below short", SHORT, authority=True)
STRANGE = issue("strange", ROOT, authority=True, critical=True)
CASES = {
    "another root of that name": ([LEAF, MIDDLE], [OTHER]),
    "the one between is missing": ([LEAF], [ROOT]),
    "an issuer that is no authority": ([issue("leaf", NO_AUTHORITY), NO_AUTHORITY], [ROOT]),
    "more authorities below than allowed": ([issue("leaf", BELOW_SHORT), BELOW_SHORT], [SHORT]),
    "a critical extension nobody knows": ([issue("leaf", STRANGE), STRANGE], [ROOT]),
    "no anchor": ([LEAF, MIDDLE, ROOT], []),
    "no certificate": ([], [ROOT]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_leads_nowhere(case: str) -> None:
    """None of these is a path."""
    certificates, anchors = CASES[case]

    assert find_path([each.der for each in certificates], [each.der for each in anchors]) is None


def test_length_that_is_allowed_is_a_path() -> None:
    """What makes the case above fail is the length alone."""
    assert find_path([issue("leaf", SHORT).der], [SHORT.der]) is not None


def test_flipped_bytes_lead_nowhere() -> None:
    """No certificate with a byte changed is taken for one that the anchor issued."""
    for place in range(len(MIDDLE.der)):
        changed = bytearray(MIDDLE.der)
        changed[place] ^= 1
        assert find_path([LEAF.der, bytes(changed)], [ROOT.der]) is None, place


def test_names_of_a_certificate() -> None:
    """A certificate goes by its digest, its key's, and names others could give theirs; rubbish only by its digest."""
    assert certificate_ids(LEAF.der)[1] == certificate_id(LEAF.der)
    assert certificate_ids(LEAF.der)[0].startswith("spki-sha256:")
    assert "subject-cn:leaf" in weak_names(LEAF.der)
    assert name_of(LEAF.der) == "CN=leaf"
    assert certificate_ids(b"rubbish") == (certificate_id(b"rubbish"),)
    assert (weak_names(b"rubbish"), name_of(b"rubbish")) == ((), "")
    assert spki_id(b"") == "spki-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_many_certificates_take_no_time() -> None:
    """Authorities that all issued each other are looked at once each."""
    name = issue("loop", authority=True)
    crowd = [issue("loop", name, authority=True) for _ in range(31)]

    assert find_path([LEAF.der, *(each.der for each in crowd)], [ROOT.der]) is None
