"""What signatures decide: each verdict they reach, and the ways in which they could be made to say more than they do."""

from dataclasses import replace
from hashlib import sha256

import pytest
from tests.unit.appraisal.parts import container, file, folder, part, region

from trueware.appraisal.appraise import appraise
from trueware.appraisal.reference import Evidence, Reference, References
from trueware.appraisal.trust import Trust
from trueware.appraisal.vouched import vouched
from trueware.model.anchor import Anchor, Distrusted
from trueware.model.claim import Claim
from trueware.model.finding import Finding
from trueware.model.part import Kind, Part
from trueware.model.policy import Policy
from trueware.model.release import Entitlement, Publisher, Release
from trueware.model.result import Result
from trueware.model.rules import RULES
from trueware.model.signature import Coverage, Outcome, Signature, Signer, Standing
from trueware.model.verdict import Authority, Tier, Verdict

ACME = Publisher("Acme", entitlements=(Entitlement("package", "com.acme.*"),))
KEY, SECOND, STRANGER = ("ecdsautils:01", "ecdsautils:02", "ecdsautils:ff")
ANCHOR = Anchor("Acme", KEY, "ecdsautils", bytes(32))
WHOLE = Coverage(whole=True)
PAYLOAD, README = file("firmware.bin", b"\x7fELF" * 100), file("README.txt", b"for people")


def sign(
    path: str = "", key: str = KEY, coverage: Coverage = WHOLE, outcome: Outcome = Outcome.VALID, **more: object
) -> Signature:
    return replace(Signature("test", path, outcome, "checked", Signer((key,)), coverage), **more)  # type: ignore[arg-type]


def result(
    root: Part,
    *signatures: Signature,
    anchors: tuple[Anchor, ...] = (ANCHOR,),
    never: str = "",
    says: str = "",
    releases: tuple[Reference, ...] = (),
    rules: tuple[str, ...] = (),
) -> Result:
    claims = (Claim("package", says, "manifest", ""),) if says else ()
    findings = tuple(Finding(rule, "", "so", RULES[rule].severity) for rule in rules)
    listed = {never: Distrusted(never, "leaked")} if never else {}
    references = References(releases, publishers=(ACME,), trust=Trust(anchors, listed), now=1)
    return appraise("artefact", Evidence(root, claims, findings, signatures), references)


def rules(given: Result) -> set[str]:
    return {finding.rule for finding in given.findings}


def reference(root: Part) -> Reference:
    release = Release("1", "Acme", "Router", "1", Authority.GOLDEN_SAMPLE, root.sha256 or root.tree, root.tree)
    return Reference(release, root, Policy("strict", "nothing may change", ()))


def test_signed_as_a_whole_by_who_may() -> None:
    """GENUINE without any registered release, and it says on what it rests."""
    given = result(PAYLOAD, sign())

    assert (given.verdict, given.tier, given.authority, given.match) == (
        Verdict.GENUINE,
        Tier.AFFIRMING,
        Authority.PUBLISHER,
        None,
    )
    assert "rests-on-signature" in rules(given)
    assert [each.standing for each in given.signatures] == [Standing.ENTITLED]


def test_a_stranger_proves_nothing() -> None:
    """UNKNOWN, with what would settle it, and neither better nor worse than unsigned."""
    given = result(PAYLOAD, sign(key=STRANGER))

    assert given.verdict is Verdict.UNKNOWN
    assert "signer-unknown" in rules(given)
    assert any(STRANGER in line for line in given.settle)


@pytest.mark.parametrize("outcome", [Outcome.BROKEN, Outcome.STRIPPED])
@pytest.mark.parametrize("key", [KEY, STRANGER])
def test_broken_is_tampered_whoever_signed(outcome: Outcome, key: str) -> None:
    """Somebody changed it after it was signed, and that needs no anchor."""
    given = result(PAYLOAD, sign(key=key, outcome=outcome))

    assert (given.verdict, given.tier) == (Verdict.TAMPERED, Tier.CONTRAINDICATED)


def test_broken_in_a_copy_that_is_cut_is_unknown() -> None:
    """What is missing at the end is no tampering."""
    assert result(PAYLOAD, sign(outcome=Outcome.BROKEN), rules=("truncated",)).verdict is Verdict.UNKNOWN


def test_broken_beside_valid_is_tampered() -> None:
    """A second, good signature does not heal the first."""
    assert result(PAYLOAD, sign(), sign(key=STRANGER, outcome=Outcome.BROKEN)).verdict is Verdict.TAMPERED


def test_a_broken_signature_deep_inside_is_told_and_decides_nothing() -> None:
    """A test file in an image may be badly signed; that is not about the image."""
    root = folder("", folder("a", folder("b", PAYLOAD), file("other", b"1")), file("another", b"2"))
    given = result(root, sign("a/b/firmware.bin", outcome=Outcome.BROKEN))

    assert given.verdict is Verdict.UNKNOWN
    assert "signature-broken" in rules(given)


def test_strange_key_over_what_only_acme_may_say() -> None:
    """COUNTERFEIT: Acme's keys are known, and this is none of them."""
    assert result(PAYLOAD, sign(key=STRANGER), says="com.acme.player").verdict is Verdict.COUNTERFEIT
    assert result(PAYLOAD, sign(key=STRANGER), says="com.acme.player", anchors=()).verdict is Verdict.UNKNOWN


def test_key_that_is_for_something_else() -> None:
    """COUNTERFEIT where the claim contradicts the key's scope; UNKNOWN where nothing is claimed."""
    scoped = (replace(ANCHOR, scope=(Entitlement("package", "com.acme.router"),)),)

    assert result(PAYLOAD, sign(), anchors=scoped, says="com.acme.router").verdict is Verdict.GENUINE
    assert result(PAYLOAD, sign(), anchors=scoped, says="com.acme.player").verdict is Verdict.COUNTERFEIT
    assert result(PAYLOAD, sign(), anchors=scoped).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("never", [KEY, "sha256:" + sha256(b"\x7fELF" * 100).hexdigest()])
def test_never_trust_bars_whatever_speaks_for_it(never: str) -> None:
    """Neither an anchor nor a registered release makes it GENUINE."""
    releases = (reference(PAYLOAD),)

    assert result(PAYLOAD, sign(), releases=releases).verdict is Verdict.GENUINE
    assert result(PAYLOAD, sign(), releases=releases, never=never).verdict is Verdict.UNKNOWN
    assert result(PAYLOAD, sign(), never=never).verdict is Verdict.UNKNOWN
    assert result(
        PAYLOAD, sign(), sign(key=SECOND), anchors=(ANCHOR, replace(ANCHOR, id=SECOND)), never=never
    ).verdict is (Verdict.UNKNOWN)


def test_revoked_key_bars() -> None:
    """What was signed with a key that was taken back is not GENUINE by it."""
    assert result(PAYLOAD, sign(), anchors=(replace(ANCHOR, revoked="lost"),)).verdict is Verdict.UNKNOWN


def test_out_of_time_is_unknown() -> None:
    """An expired key is no tampering."""
    given = result(PAYLOAD, sign(), anchors=(replace(ANCHOR, until=0),))

    assert given.verdict is Verdict.UNKNOWN
    assert "signer-out-of-time" in rules(given)


def test_threshold_of_keys() -> None:
    """Two keys must sign, and one twice is one."""
    two = (replace(ANCHOR, threshold=2), replace(ANCHOR, id=SECOND, threshold=2))

    assert result(PAYLOAD, sign(), anchors=two).verdict is Verdict.UNKNOWN
    assert result(PAYLOAD, sign(), sign(), anchors=two).verdict is Verdict.UNKNOWN
    assert result(PAYLOAD, sign(), sign(key=SECOND), anchors=two).verdict is Verdict.GENUINE


def test_platforms_that_are_not_covered_are_a_warning() -> None:
    """Signed for later systems only: genuine there, and it says so."""
    given = result(PAYLOAD, sign(platforms=(24, None)), sign(outcome=Outcome.UNCHECKABLE, platforms=(21, 23)))

    assert (given.verdict, given.tier) == (Verdict.GENUINE, Tier.WARNING)
    assert "Android API 21 to 23" in given.reason


LIST = file("SHA256SUMS", b"list")
SIGNATURE = file("SHA256SUMS.sig", b"signature")
SIGNED_LIST = sign(
    "SHA256SUMS.sig", coverage=Coverage(paths=("SHA256SUMS",), digests=frozenset({PAYLOAD.sha256 or b""}))
)


@pytest.mark.parametrize(
    ("extra", "verdict"),
    [
        ((), Verdict.GENUINE),
        ((README,), Verdict.GENUINE),
        ((file("other.bin", b"other"),), Verdict.UNKNOWN),
        ((file("empty.bin", b""),), Verdict.UNKNOWN),
        ((folder("more", file("run.sh", b"#!")),), Verdict.UNKNOWN),
        ((folder("more", PAYLOAD),), Verdict.GENUINE),
    ],
    ids=["alone", "for people", "other file", "empty file", "other folder", "same content"],
)
def test_signed_list_covers_what_it_names(extra: tuple[Part, ...], verdict: Verdict) -> None:
    """All that lies there must be on the list, the list itself and its signature apart."""
    given = result(folder("", LIST, SIGNATURE, PAYLOAD, *extra), SIGNED_LIST)

    assert given.verdict is verdict
    assert ("signature-partial" in rules(given)) == (verdict is Verdict.UNKNOWN)


def test_list_without_anything_on_it_vouches_for_itself_only() -> None:
    """A signed list of things that are elsewhere does not make the payload beside it genuine."""
    given = result(folder("", LIST, SIGNATURE, PAYLOAD), replace(SIGNED_LIST, coverage=Coverage(paths=("SHA256SUMS",))))

    assert given.verdict is Verdict.UNKNOWN


def test_two_parts_of_one_name_are_not_covered_by_a_path() -> None:
    """The signature is over one of them, and nobody knows which one a device takes."""
    twins = part("", Kind.FILE, b"zip", (PAYLOAD, file("firmware.bin", b"other")), form="zip")

    assert not vouched(twins, [sign("firmware.bin", coverage=Coverage(paths=("firmware.bin",)))]).complete
    assert vouched(
        part("", Kind.FILE, b"zip", (PAYLOAD,), form="zip"),
        [sign("firmware.bin", coverage=Coverage(paths=("firmware.bin",)))],
    ).complete


def test_container_that_says_something_is_not_covered_by_its_parts() -> None:
    """A header with a load address around a signed kernel is vouched for by nobody."""
    inner = region("data", b"kernel")
    by_digest = sign("x.sig", coverage=Coverage(digests=frozenset({sha256(b"kernel").digest()})))

    assert vouched(container("", "uimage", inner), [by_digest]).complete
    spoken = part("", Kind.FILE, b"image", (inner,), form="uimage", facts=(("load", "0x80000000"),))
    assert not vouched(spoken, [by_digest]).complete


def test_uncertain_container_is_not_covered_by_its_parts() -> None:
    """Where a reading leaves a doubt, what it did not show is not vouched for."""
    root = part("", Kind.FILE, b"zip", (PAYLOAD,), form="zip", certain=False)

    assert not vouched(root, [sign("firmware.bin", coverage=Coverage(paths=("firmware.bin",)))]).complete
    assert vouched(root, [sign()]).complete


@pytest.mark.parametrize(
    ("authority", "verdict"), [(Authority.PUBLISHER, Verdict.GENUINE), (Authority.GOLDEN_SAMPLE, Verdict.TAMPERED)]
)
def test_publishers_own_word_outweighs_a_broken_signature(authority: Authority, verdict: Verdict) -> None:
    """A sample that somebody learnt may have been tampered with before; what the publisher registered was not."""
    known = reference(PAYLOAD)
    known = replace(known, release=replace(known.release, authority=authority))
    given = result(PAYLOAD, sign(outcome=Outcome.BROKEN), releases=(known,))

    assert given.verdict is verdict
    assert "signature-broken" in rules(given)


def test_empty_artefact_is_not_vouched_for() -> None:
    """Nothing to cover is not all of it covered."""
    assert not vouched(folder(""), [sign("x", coverage=Coverage(paths=("y",)))]).complete


def test_another_signer_than_that_of_a_registered_release_is_a_finding() -> None:
    """A key that changed between releases of a package is told, and is no verdict."""
    known = reference(PAYLOAD)
    said = (Claim("package", "net.other", "manifest", ""), Claim("signer", SECOND, "test", ""))
    known = replace(known, release=replace(known.release, claims=said))
    other = file("firmware.bin", b"later release" * 100)
    changed, same = (
        result(other, sign(key=key), releases=(known,), says="net.other", anchors=()) for key in (STRANGER, SECOND)
    )

    assert (changed.verdict, same.verdict) == (Verdict.UNKNOWN, Verdict.UNKNOWN)
    assert "signer-changed" in rules(changed)
    assert "signer-changed" not in rules(same)


def test_damage_explains_a_broken_signature() -> None:
    """A checksum of a member that does not fit either is what a damaged copy has; one of the signature's own structure is not."""
    archive = part("", Kind.FILE, b"zip", (PAYLOAD,), form="zip")
    finding = Finding("checksum-mismatch", "firmware.bin", "CRC", RULES["checksum-mismatch"].severity)
    partition = part("", Kind.FILE, b"image", (region("image", b"system"),), form="avb-footer")
    broken = sign(outcome=Outcome.BROKEN)

    for root, path, verdict in (
        (archive, "firmware.bin", Verdict.UNKNOWN),
        (partition, "image", Verdict.TAMPERED),
        (partition, "", Verdict.TAMPERED),
    ):
        evidence = Evidence(root, (), (replace(finding, part=path),), (broken,))
        assert appraise("artefact", evidence, References()).verdict is verdict


def test_release_that_held_when_it_was_learnt_outweighs_a_broken_signature() -> None:
    """The same content packed anew, so that the signature over the packing is broken: genuine, and it is told."""
    known = reference(PAYLOAD)
    known = replace(known, release=replace(known.release, claims=(Claim("signer", KEY, "test", ""),)))
    given = result(PAYLOAD, sign(outcome=Outcome.BROKEN), releases=(known,))

    assert given.verdict is Verdict.GENUINE
    assert "signature-broken" in rules(given)


def test_what_no_device_minds_decides_nothing() -> None:
    """A source stamp that does not fit is told; Android installs the package all the same."""
    given = result(PAYLOAD, sign(), sign(key=STRANGER, outcome=Outcome.BROKEN, enforced=False))

    assert given.verdict is Verdict.GENUINE
    assert "signature-broken" in rules(given)


def test_keys_of_one_certificate_are_one_key() -> None:
    """Two subkeys of one OpenPGP certificate are in one hand: no two of the publisher's keys signed."""
    anchors = (replace(ANCHOR, threshold=2), replace(ANCHOR, id=SECOND, threshold=2))
    one, other = (sign() for _ in range(2))
    subkeys = [replace(each, signer=Signer((f"spki-sha256:{n}", KEY))) for n, each in enumerate((one, other))]

    assert result(PAYLOAD, *subkeys, anchors=anchors).verdict is Verdict.UNKNOWN
    assert result(PAYLOAD, one, sign(key=SECOND), anchors=anchors).verdict is Verdict.GENUINE


def test_keys_count_together_only_over_the_same() -> None:
    """One key for each of two configurations is no second key for either."""
    anchors = (replace(ANCHOR, threshold=2), replace(ANCHOR, id=SECOND, threshold=2))
    first = sign(statements=(("configuration", "conf-1"),))
    second = sign(key=SECOND, statements=(("configuration", "conf-2"),))

    assert result(PAYLOAD, first, second, anchors=anchors).verdict is Verdict.UNKNOWN


def test_what_a_signature_leaves_out_is_a_warning() -> None:
    """Signed as far as the scheme goes, and what it does not cover is named."""
    given = result(PAYLOAD, sign(coverage=Coverage(whole=True, excludes=("bytes behind the program",))))

    assert (given.verdict, given.tier) == (Verdict.GENUINE, Tier.WARNING)
    assert any("bytes behind the program" in finding.detail for finding in given.findings)
