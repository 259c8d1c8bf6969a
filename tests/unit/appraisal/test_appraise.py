"""The verdict: every branch of the checklist, and that nothing added to an artefact ever improves it."""

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.appraisal.parts import container, device, file, folder, image, link, part, region, root_files

from trueware.appraisal.appraise import appraise, appraise_exact
from trueware.appraisal.reference import Evidence, Reference, References
from trueware.model.claim import Claim
from trueware.model.finding import Finding
from trueware.model.part import Kind, Part
from trueware.model.policy import Policy
from trueware.model.release import Entitlement, Publisher, Release
from trueware.model.result import Result
from trueware.model.rules import RULES
from trueware.model.verdict import Authority, Tier, Verdict

STRICT = Policy("strict", "nothing may change", ())
ROUTER = Policy("router", "settings may change", ("etc/config/**",))
ACME = Publisher("Acme", entitlements=(Entitlement("vendor", "tp-link*"),))


def claims(version: str = "1.0", product: str = "Router") -> tuple[Claim, ...]:
    return (
        Claim("product", product, "os-release", "rootfs!/etc/os-release"),
        Claim("version", version, "os-release", "rootfs!/etc/os-release"),
    )


def release(
    manifest: Part, version: str = "1.0", *, said: tuple[Claim, ...] | None = None, **fields: object
) -> Release:
    made = Release(
        version,
        "Acme",
        "Router",
        version,
        Authority.GOLDEN_SAMPLE,
        manifest.sha256 or manifest.tree,
        manifest.tree,
        claims=claims(version) if said is None else said,
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def reference(manifest: Part, version: str = "1.0", policy: Policy = ROUTER, **fields: object) -> Reference:
    return Reference(release(manifest, version, **fields), manifest, policy)  # type: ignore[arg-type]


GENUINE = image()


def found(rule: str, path: str = "") -> Finding:
    return Finding(rule, path, "as told", RULES[rule].severity)


def judge(
    suspect: Part,
    *references: Reference,
    said: tuple[Claim, ...] | None = None,
    findings: tuple[Finding, ...] = (),
    publishers: tuple[Publisher, ...] = (),
) -> Result:
    evidence = Evidence(suspect, claims() if said is None else said, findings)
    return appraise("suspect.bin", evidence, References(references, publishers=publishers))


def with_root(*children: Part, facts: tuple[tuple[str, str], ...] = (), certain: bool = True) -> Part:
    root = container("rootfs", "squashfs", *children, kind=Kind.REGION, facts=facts, certain=certain)
    return image(root=root)


def rules(result: Result) -> set[str]:
    return {finding.rule for finding in result.findings}


# --- GENUINE ----------------------------------------------------------------------------------------------------------


def test_known_bytes_are_genuine_on_the_strongest_word() -> None:
    """Of several releases with these bytes, one that stands and has the strongest authority is named."""
    sample, signed = release(GENUINE), release(GENUINE, authority=Authority.PUBLISHER)
    withdrawn = replace(signed, withdrawn="a flaw")
    result = appraise_exact("a", 1, b"d", (sample, withdrawn, signed))

    assert (result.verdict, result.tier, result.authority) == (Verdict.GENUINE, Tier.AFFIRMING, Authority.PUBLISHER)
    assert result.match is not None
    assert (result.match.release, result.match.similarity) == (signed, 1.0)


def test_a_withdrawn_release_is_genuine_with_a_warning() -> None:
    """The bytes are genuine and nobody should run them; both are said."""
    withdrawn = release(GENUINE, withdrawn="a flaw")
    exact = appraise_exact("a", 1, b"d", (withdrawn,))
    measured = judge(GENUINE, reference(GENUINE, withdrawn="a flaw"))

    for result in (exact, measured):
        assert (result.verdict, result.tier, result.vector.executables) == (Verdict.GENUINE, Tier.WARNING, 32)
        assert "release-withdrawn" in rules(result)


def test_the_same_content_packed_differently_is_genuine() -> None:
    """Another codec or order is reported, and changes nothing."""
    repacked = GENUINE._replace(sha256=sha256(b"other").digest())
    result = judge(repacked, reference(GENUINE))

    assert (result.verdict, result.changes) == (Verdict.GENUINE, ())
    assert "container-rebuilt" in rules(result)


def test_changed_settings_are_genuine() -> None:
    """What the release's policy lets a device change is listed, and does not count."""
    result = judge(with_root(*root_files(config=b"config wan\n")), reference(GENUINE))

    assert (result.verdict, [change.mutable for change in result.changes]) == (Verdict.GENUINE, [True])
    assert "mutable-changed" in rules(result)


def test_a_part_of_a_release_is_genuine_as_that_part() -> None:
    """A dump of the root file system equals that of the release; that the rest was not seen is said."""
    result = judge(container("dump", "squashfs", *root_files()), reference(GENUINE))

    assert (result.verdict, result.match and result.match.part) == (Verdict.GENUINE, "rootfs")
    assert "part-of-release" in rules(result)


def test_the_policy_is_the_release_s() -> None:
    """The same change is excused by the one release and not by the other: whoever vouches says what may change."""
    used = with_root(*root_files(config=b"config wan\n"))

    assert judge(used, reference(GENUINE, policy=ROUTER)).verdict is Verdict.GENUINE
    assert judge(used, reference(GENUINE, policy=STRICT)).verdict is Verdict.TAMPERED


# --- TAMPERED ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suspect", "paths"),
    [
        (with_root(*root_files(passwd=b"root::0:0::/:/bin/sh\n")), ["rootfs!/etc/passwd"]),
        (with_root(*root_files(file("backdoor", b"x", 0o755))), ["rootfs!/backdoor"]),
        (
            with_root(*root_files()[:2]),
            ["rootfs!/lib", *(f"rootfs!/lib/lib{name}.so" for name in ("c", "ubox", "uci"))],
        ),
        (image(kernel=b"other kernel" * 60), ["kernel"]),
        (image(part("gap-0", Kind.GAP, b"hidden")), ["gap-0"]),
        (with_root(*root_files(), facts=(("root", "0777 0:0"),)), ["rootfs"]),
    ],
)
def test_what_comes_from_a_release_and_differs_is_tampered(suspect: Part, paths: list[str]) -> None:
    """A file changed, added or removed, another kernel, hidden bytes, another header: each is named, and nothing else."""
    result = judge(suspect, reference(GENUINE))

    assert (result.verdict, result.tier) == (Verdict.TAMPERED, Tier.CONTRAINDICATED)
    assert [change.path for change in result.changes] == paths


def test_the_nearest_release_is_named() -> None:
    """Of two releases an artefact may come from, the one with the fewest differences is named."""
    older = with_root(*root_files(passwd=b"old"), file("motd", b"m" * 99))
    suspect = with_root(*root_files(file("backdoor", b"x", 0o755)))
    result = judge(suspect, reference(older, said=()), reference(GENUINE, said=()), said=())

    assert result.match is not None
    assert result.match.release.tree == GENUINE.tree


def test_an_artefact_that_dropped_its_claims_is_still_held_against_its_release() -> None:
    """Taking the version out of an image does not hide where it comes from."""
    assert judge(with_root(*root_files(passwd=b"x")), reference(GENUINE), said=()).verdict is Verdict.TAMPERED


# --- COUNTERFEIT ------------------------------------------------------------------------------------------------------

FOREIGN = container(
    "f", "trx", region("kernel", b"other" * 50), container("rootfs", "squashfs", folder("bin", file("x", b"y" * 60)))
)
CONTRADICTING = (
    Claim("vendor", "TP-LINK Technologies", "tplink-v1", ""),
    Claim("product", "DD-WRT", "os-release", "rootfs!/etc/os-release"),
)


def test_a_header_that_names_a_known_publisher_around_other_software_is_counterfeit() -> None:
    """The claim needs its publisher in the registry; without one, it is a finding and no verdict."""
    accused = judge(FOREIGN, said=CONTRADICTING, publishers=(ACME,))
    unknown = judge(FOREIGN, said=CONTRADICTING)

    assert (accused.verdict, unknown.verdict) == (Verdict.COUNTERFEIT, Verdict.UNKNOWN)
    assert "identity-contradiction" in rules(accused) & rules(unknown)


def test_an_artefact_that_claims_a_release_and_has_nothing_of_it_is_counterfeit() -> None:
    """Same product, same version, next to no content in common."""
    result = judge(FOREIGN, reference(GENUINE))

    assert (result.verdict, result.changes) == (Verdict.COUNTERFEIT, ())
    assert "claim-mismatch" in rules(result)


@pytest.mark.parametrize("rule", [rule.id for rule in RULES.values() if rule.unread])
def test_what_was_not_read_accuses_nobody(rule: str) -> None:
    """Where bytes may be missing from the reading, neither kind of counterfeit is concluded."""
    doubt = (found(rule),)

    assert judge(FOREIGN, reference(GENUINE), findings=doubt).verdict is Verdict.UNKNOWN
    assert judge(FOREIGN, said=CONTRADICTING, publishers=(ACME,), findings=doubt).verdict is Verdict.UNKNOWN


# --- UNKNOWN ----------------------------------------------------------------------------------------------------------


def test_an_empty_registry_knows_nothing() -> None:
    """The verdict says what would settle it."""
    result = judge(GENUINE)

    assert (result.verdict, result.tier, result.authority) == (Verdict.UNKNOWN, Tier.NONE, None)
    assert result.settle == ("a release of Router 1.0 published or learnt into the registry",)


def test_another_version_is_unknown() -> None:
    """An artefact that says it is another version of the product is no tampered copy of this one."""
    result = judge(with_root(*root_files(passwd=b"x")), reference(GENUINE), said=claims("1.1"))

    assert result.verdict is Verdict.UNKNOWN
    assert "nearest-release" in rules(result)


def test_an_artefact_that_only_says_it_is_another_version_is_told_how_near_it_is() -> None:
    """A new version may differ as little as a changed copy with a false claim; what is known of either is all said."""
    said = (*claims("1.1"), Claim("version", "1.0", "openwrt-release", "rootfs!/etc/openwrt_release"))
    there = (*claims("1.0"), Claim("version", "1.0", "openwrt-release", "rootfs!/etc/openwrt_release"))
    suspect = with_root(*root_files(file("backdoor", b"x", 0o755)))
    result = judge(suspect, reference(GENUINE, said=there), said=said)
    (near,) = (finding for finding in result.findings if finding.rule == "nearest-release")

    assert result.verdict is Verdict.UNKNOWN
    assert result.reason == (
        "claims to be another release, which is not registered; it holds 100 % of Router 1.0 of Acme and differs in 1 place"
    )
    assert near.detail == (
        "shares 100 % of the content of Router 1.0 of Acme; os-release says version '1.1', there '1.0'; "
        "the artefact's openwrt-release says version as there"
    )
    assert result.settle == (
        "a release of Router 1.1 published or learnt into the registry",
        "the word of Acme whether there is a Router 1.1: if not, this is Router 1.0 of Acme, changed in 1 place",
    )
    assert [change.path for change in result.changes] == ["rootfs!/backdoor"]


def test_an_unrelated_artefact_is_unknown() -> None:
    """Software of another product that shares nothing is compared with nothing."""
    result = judge(FOREIGN, reference(GENUINE), said=claims("1.0", "Camera"))

    assert (result.verdict, result.match, result.changes) == (Verdict.UNKNOWN, None, ())


def test_a_registered_publisher_without_this_release_is_named() -> None:
    """A claim that belongs to a publisher who registered no such release is a finding."""
    result = judge(FOREIGN, said=(Claim("vendor", "TP-LINK", "tplink-v1", ""),), publishers=(ACME,))

    assert (result.verdict, "claim-unregistered" in rules(result)) == (Verdict.UNKNOWN, True)


def test_a_doubtful_reading_of_equal_parts_is_unknown() -> None:
    """Equal parts in an image that programs may read differently prove neither the one nor the other."""
    doubtful = with_root(*root_files(), certain=False)
    doubtful = doubtful._replace(children=(doubtful.children[0], doubtful.children[1]._replace(sha256=b"\0" * 32)))
    result = judge(doubtful, reference(GENUINE), findings=(found("contradiction", "rootfs"),))

    assert result.verdict is Verdict.UNKNOWN


def test_missing_files_of_a_cut_image_are_no_removal() -> None:
    """What lies behind the end of an incomplete copy was not taken out of it."""
    cut = with_root(*root_files()[:2], certain=False)

    assert judge(cut, reference(GENUINE), findings=(found("truncated", "rootfs"),)).verdict is Verdict.UNKNOWN
    assert judge(with_root(*root_files()[:2]), reference(GENUINE)).verdict is Verdict.TAMPERED


def test_a_cut_image_with_a_changed_file_is_tampered() -> None:
    """A whole file that is there and is not the release's proves a change, however much is missing."""
    passwd = b"root:x:0:0::/root:/bin/ash\nsupport::0:0::/:/bin/ash\n"
    cut = with_root(*root_files(passwd=passwd)[:2], certain=False)

    assert judge(cut, reference(GENUINE), findings=(found("truncated", "rootfs"),)).verdict is Verdict.TAMPERED


def streamed(*files: Part) -> Part:
    return container("a.gz", "gzip", container("data", "tar", *files, kind=Kind.REGION), certain=False)


@pytest.mark.parametrize(("rule", "place"), [("checksum-mismatch", ""), ("malformed", "data")])
def test_a_stream_that_does_not_unpack_as_it_was_packed_proves_nothing(rule: str, place: str) -> None:
    """One wrong bit in a compressed stream garbles the files in it; whoever changes them packs anew, with a checksum that fits."""
    garbled = streamed(*root_files(passwd=b"garbled garbled garbled garbled"))
    genuine = reference(streamed(*root_files()))

    assert judge(garbled, genuine, findings=(found(rule, place),)).verdict is Verdict.UNKNOWN
    assert judge(garbled, genuine).verdict is Verdict.TAMPERED


def test_a_garbled_member_of_an_archive_proves_nothing() -> None:
    """A member whose own checksum does not fit is damaged; another one beside it that differs was changed."""
    one, both = (container("a.zip", "zip", *files, certain=False) for files in (
        root_files(passwd=b"garbled garbled garbled garbled"),
        root_files(file("backdoor", b"x", 0o755), passwd=b"garbled garbled garbled garbled"),
    ))  # fmt: skip
    genuine = reference(container("a.zip", "zip", *root_files()))
    damage = (found("checksum-mismatch", "etc/passwd"),)

    assert judge(one, genuine, findings=damage).verdict is Verdict.UNKNOWN
    assert judge(both, genuine, findings=damage).verdict is Verdict.TAMPERED


MARKED = container("router.bin", "trx", *GENUINE.children, region("end-mark", b"mark"), facts=(("end-mark", "0x100"),))


@pytest.mark.parametrize("data", [b"short", b"long" * 999])
def test_regions_and_facts_under_a_checksum_that_does_not_fit_prove_nothing(data: bytes) -> None:
    """A damaged copy, cut within its last mark or not, lacks the mark and what its header owes to it; nobody took them out."""
    damaged = container("router.bin", "trx", *GENUINE.children, data=data, certain=False)
    result = judge(damaged, reference(MARKED), findings=(found("checksum-mismatch"),))

    assert result.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("data", [b"short", b"long" * 999])
def test_a_region_taken_out_is_a_change(data: bytes) -> None:
    """Where the checksum was made anew, a region that is missing was removed."""
    result = judge(container("router.bin", "trx", *GENUINE.children, data=data), reference(MARKED))

    assert (result.verdict, "end-mark" in {change.path for change in result.changes}) == (Verdict.TAMPERED, True)


def test_a_file_removed_under_a_checksum_that_does_not_fit_is_tampered() -> None:
    """A careless removal is a removal: the file system itself was read to its end."""
    careless = with_root(*root_files()[:2])._replace(certain=False, size=GENUINE.size)
    result = judge(careless, reference(GENUINE), findings=(found("checksum-mismatch"),))

    assert result.verdict is Verdict.TAMPERED


def test_content_beside_a_known_part_is_unknown() -> None:
    """A dump that holds a release beside content nobody vouches for is neither genuine nor a tampered release."""
    dump = container(
        "flash.bin",
        "carved",
        container("trx-0", "trx", *GENUINE.children, kind=Kind.REGION),
        region("boot", b"boot" * 99),
    )
    result = judge(dump, reference(GENUINE))

    assert (result.verdict, result.match is not None) == (Verdict.UNKNOWN, True)


def test_an_archive_that_records_less_than_the_image_is_unknown() -> None:
    """A tar may be what a device is given, so that what it has none of is neither let pass nor held to be removed."""
    image_files = (*root_files(), folder("dev", device("console")))
    tarred = container("root.tar", "tar", *root_files(), folder("dev"))
    unpacked = folder("root", *root_files(), folder("dev"))
    archive, copy = (judge(suspect, reference(with_root(*image_files))) for suspect in (tarred, unpacked))

    assert (archive.verdict, archive.changes) == (Verdict.UNKNOWN, ())
    assert archive.reason == "looks like Router 1.0 of Acme, but for what this archive does not record"
    assert (copy.verdict, copy.tier) == (Verdict.GENUINE, Tier.WARNING)
    assert "not-checkable" in rules(archive) & rules(copy)


def test_side_by_side_the_differences_are_always_told() -> None:
    """Two artefacts that the user compares are named with their differences, however little they share."""
    there = reference(GENUINE, authority=Authority.COMPARISON)
    result = judge(FOREIGN, there, said=())

    assert (result.verdict, bool(result.changes)) == (Verdict.UNKNOWN, True)


# --- what every verdict keeps -----------------------------------------------------------------------------------------

_RANK = {Verdict.GENUINE: 0, Verdict.UNKNOWN: 1, Verdict.TAMPERED: 2, Verdict.COUNTERFEIT: 3}
_ADDED = st.sampled_from(
    [
        file("new", b"new"),
        file("tool", b"tool", 0o4755),
        link("shell", "/bin/ash"),
        device("mem"),
        folder("more", file("x", b"y")),
        file("settings", b"z", uid=7),
    ]
)
_PLACES = st.sampled_from(["", "bin", "etc", "etc/config", "lib"])


def _put(parts: tuple[Part, ...], place: str, new: Part) -> tuple[Part, ...]:
    """Return the files with one more, none where the name is taken."""
    if not place:
        return parts if any(each.name == new.name for each in parts) else (*parts, new)
    head, _, rest = place.partition("/")
    return tuple(folder(each.name, *_put(each.children, rest, new)) if each.name == head else each for each in parts)


@given(st.lists(st.tuples(_PLACES, _ADDED), max_size=5), _PLACES, _ADDED)
def test_adding_a_difference_never_improves_the_verdict(before: list[tuple[str, Part]], place: str, more: Part) -> None:
    """Whatever an image already differs in, one more addition leaves the verdict as it is or makes it worse."""
    files = root_files()
    for where, new in before:
        files = _put(files, where, new)
    first = judge(with_root(*files), reference(GENUINE))
    second = judge(with_root(*_put(files, place, more)), reference(GENUINE))

    assert _RANK[second.verdict] >= _RANK[first.verdict]


@given(st.lists(st.sampled_from([rule.id for rule in RULES.values() if rule.uncertain]), max_size=3))
def test_findings_never_make_an_artefact_genuine(noticed: list[str]) -> None:
    """Nothing noticed while reading turns a changed image into a genuine one."""
    findings = tuple(found(rule, "rootfs") for rule in noticed)
    changed = with_root(*root_files(passwd=b"root::0:0::/:/bin/sh\n"))

    assert judge(changed, reference(GENUINE), findings=findings).verdict is not Verdict.GENUINE


@pytest.mark.parametrize("suspect", [GENUINE, with_root(*root_files(passwd=b"x")), FOREIGN])
def test_a_result_has_no_truth_value_and_a_vector_of_its_tier(suspect: Part) -> None:
    """No verdict passes for a pass by being a result, and the vector never says more than the tier."""
    result = judge(suspect, reference(GENUINE))

    with pytest.raises(TypeError):
        bool(result)
    assert result.vector.tier is result.tier
