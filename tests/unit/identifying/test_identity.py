"""What claims say together, and when two artefacts' claims conflict or agree."""

from trueware.identifying.identity import Difference, Identity
from trueware.model.claim import Claim


def identity(*said: str) -> Identity:
    """Return the identity of claims written ``source name value``."""
    return Identity.of(Claim(name, value, source, "x") for source, name, value in (each.split(" ", 2) for each in said))


def test_values_are_compared_without_case_and_spacing() -> None:
    """An identity holds normalised values by their source, and nothing of what it does not know."""
    mine = identity("deb vendor ACME  Inc", "deb build 7")

    assert mine == Identity(vendor=frozenset({("deb", "acme inc")}))


def test_the_same_product_and_version_agree() -> None:
    """Equal product and version claims of the same source are an agreement; vendor and build do not matter."""
    mine = identity("prop product X1", "prop version 2.0", "prop build 7", "prop vendor A")
    theirs = identity("prop product x1", "prop version 2.0", "prop build 8", "prop vendor B")

    assert mine.conflicts(theirs) == ()
    assert mine.agrees(theirs)


def test_a_version_alone_is_no_agreement() -> None:
    """Everybody has a version 1.0; only with product or package does it name a release."""
    mine = identity("file version 1.0", "file board b")

    assert not mine.agrees(mine)


def test_another_version_conflicts() -> None:
    """The same source with another version, product or hardware is a conflict, named by the claims concerned."""
    mine = identity("prop product X1", "prop version 2.0", "head hardware 0x1")
    theirs = identity("prop product X1", "prop version 2.1", "head hardware 0x2")

    assert mine.conflicts(theirs) == ("version", "hardware")
    assert not mine.agrees(theirs)


def test_different_sources_do_not_conflict() -> None:
    """A version of the system says nothing against a version of the image."""
    mine = identity("os-release version 12")
    theirs = identity("os-release-image version 4.2")

    assert mine.conflicts(theirs) == ()


def test_one_of_several_values_in_common_is_no_conflict() -> None:
    """A dump of one partition says a part of what the whole image says; each source is judged by itself."""
    whole = identity("prop fingerprint a", "prop fingerprint b", "control version 1")
    part = identity("prop fingerprint b", "control version 2")

    assert whole.conflicts(part) == ("version",)
    assert identity("prop fingerprint b").conflicts(whole) == ()


def test_login_banners_carry_no_weight() -> None:
    """What anybody may write into a greeting neither agrees nor conflicts, and is no version."""
    mine = identity("login-banner product DD-WRT", "login-banner version v3.0")

    assert mine == Identity()
    assert not mine.says_version
    assert identity("file version 1").says_version


def test_differences_are_told_source_by_source() -> None:
    """What each source says here and there, only where nothing it says is the same, and which sources say the same."""
    mine = identity("os-release version 1.1", "openwrt-release version 1.0", "prop board a", "prop board b")
    theirs = identity("os-release version 1.0", "openwrt-release version 1.0", "prop board b")

    assert mine.differences(theirs) == (Difference("version", "os-release", ("1.1",), ("1.0",)),)
    assert mine.repeats(theirs, "version") == ("openwrt-release",)
    assert mine.differences(mine) == ()
