"""Packages of the corpus: AOSP's test files at each range of Android that its tests ask for, altered ones, and genuine ones."""

import os
from collections import Counter
from concurrent.futures import Executor
from pathlib import Path

import pytest
from tests.unit.signatures.apk_corpus import Case, cases, certificates, least, signatures_of, taken
from tests.unit.signatures.apk_corpus import verified as verified_of

from trueware.model.signature import Outcome, Signature

pytestmark = pytest.mark.corpus

_GIVEN = os.environ.get("TRUEWARE_CORPUS")
CASES = list(cases(Path(_GIVEN) / "mobile")) if _GIVEN and (Path(_GIVEN) / "mobile").exists() else []
ALTERED = [case for case in CASES if case.kind]


@pytest.fixture(autouse=True)
def _there(corpus: Path) -> None:
    if not (corpus / "mobile").exists():
        pytest.skip("the corpus has no packages")


def verified(case: Case, pool: Executor) -> list[Signature]:
    return verified_of(case.path.read_bytes(), pool)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_verdicts_are_those_that_are_known(case: Case, pool: Executor) -> None:
    signatures = verified(case, pool)
    first = least(case.path.read_bytes()) if case.first is None else case.first

    assert taken(case, signatures, first) is case.holds, signatures
    assert case.signers <= certificates(signatures)


def test_how_many_there_are() -> None:
    """So that a corpus with nothing in it is not taken for one in which all is right."""
    count = Counter((case.path.parent.parent.name, case.asserted) for case in CASES)

    assert count["apksig", True] >= 130
    assert count["apk-tampered", True] >= 50
    assert count["npm-apks", False] >= 25


OUTCOMES = {
    "genuine": {Outcome.VALID},
    "metainf-file-added": {Outcome.VALID},
    "unknown-pair-added": {Outcome.VALID},
    "repackaged-resigned": {Outcome.VALID},
    "sigblock-stripped": {Outcome.VALID, Outcome.STRIPPED},
    "sigblock-byteflip": {Outcome.VALID, Outcome.BROKEN},
    "entry-added-v1": {Outcome.BROKEN},
    "entry-modified-v1sig-kept": {Outcome.BROKEN},
    "janus-dex-prepended": {Outcome.BROKEN},
    "eocd-comment-added": {Outcome.VALID, Outcome.BROKEN},
    "unsigned": set(),
    "truncated": set(),
}
"""Of an altered package, some Androids may look at what was not altered: JAR signatures are not over the signing block."""


@pytest.mark.parametrize("case", ALTERED, ids=lambda case: case.id)
def test_altered_packages_are_named_rightly(case: Case, pool: Executor) -> None:
    found = {each.outcome for each in verified(case, pool)}

    assert found <= OUTCOMES[case.kind], found
    if not case.holds and OUTCOMES[case.kind]:
        assert found & {Outcome.BROKEN, Outcome.STRIPPED}


@pytest.mark.parametrize(
    "case", [case for case in ALTERED if case.kind == "repackaged-resigned"], ids=lambda case: case.id
)
def test_who_signed_again_is_another(case: Case, pool: Executor) -> None:
    """A package that was signed anew is valid, under a signer that the genuine ones do not have."""
    genuine = {
        each
        for other in ALTERED
        if other.kind == "genuine"
        for each in certificates(signatures_of(other.path.read_bytes(), pool))
    }

    assert certificates(verified(case, pool)).isdisjoint(genuine)


@pytest.mark.parametrize(
    "case", [case for case in ALTERED if case.kind == "unknown-pair-added"], ids=lambda case: case.id
)
def test_what_is_hidden_in_the_signing_block_is_told(case: Case, pool: Executor) -> None:
    newest = verified(case, pool)[-1]

    assert any("that no signature is over" in each for each in newest.coverage.excludes)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.path.parent.parent.name == "npm-apks"], ids=lambda case: case.id
)
def test_genuine_packages_are_not_called_altered(case: Case, pool: Executor) -> None:
    assert {each.outcome for each in verified(case, pool)} <= {Outcome.VALID}
    assert all(each.outcome is not Outcome.BROKEN for each in signatures_of(case.path.read_bytes(), pool))


def test_the_signer_is_that_of_the_block_that_counts(corpus: Path, pool: Executor) -> None:
    """F-Droid issue 1128: blocks with one id twice, and certificates of others beside the signature that counts."""
    home = corpus / "mobile" / "fdroidserver" / "open"
    twice = signatures_of((home / "2a98084d2b36.apk").read_bytes(), pool)
    beside = signatures_of((home / "7c95db1b6539.apk").read_bytes(), pool)

    assert certificates(twice) == {"1dbb8be0"}
    assert any("second value" in each for each in twice[0].coverage.excludes)
    assert certificates(beside) == {"09350d5f"}
