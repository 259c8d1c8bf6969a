"""Android Verified Boot, from what the readers tell; and over real structures, read whole."""

from struct import pack_into

import pytest
from tests.unit.explaining.cases import File, case, findings, rules

from trueware.explaining.detectors.verified_boot import VerifiedBoot
from trueware.formats.android.vbmeta import Vbmeta
from trueware.model.finding import Severity
from trueware.model.limits import Limits

FACTS = {
    "algorithm": "sha256-rsa4096",
    "flags": "none",
    "rollback-index": "5",
    "public-key": "sha256 aa",
    "hash/boot": "sha256 11, salt 00, 4096 bytes, flags none",
    "hashtree/system": "sha256 22, salt 00, 4096 bytes, flags none, tree …",
    "chain/vbmeta_system": "key 33, rollback index location 1, flags none",
    "release": "avbtool 1.2.0",
}


def _vbmeta(**changed: str | None) -> File:
    facts = {
        key: value for key, value in (FACTS | {k.replace("__", "/"): v for k, v in changed.items()}).items() if value
    }
    return File(b"vbmeta", format="vbmeta", facts=tuple(sorted(facts.items())))


def _found(**changed: str | None) -> list[str]:
    facts = {key.replace("_x_", "-"): value for key, value in changed.items()}
    return rules(VerifiedBoot, case({"vbmeta.img": _vbmeta()}, {"vbmeta.img": _vbmeta(**facts)}))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"flags": "verification-disabled"}, ["verified-boot-off"]),
        ({"flags": "hashtree-disabled"}, ["verified-boot-hashtree-off"]),
        ({"flags": "hashtree-disabled verification-disabled"}, ["verified-boot-hashtree-off", "verified-boot-off"]),
        ({"algorithm": "none", "public_x_key": None}, ["verified-boot-unsigned"]),
        ({"public_x_key": "sha256 bb"}, ["verified-boot-key-replaced"]),
        ({"rollback_x_index": "4"}, ["verified-boot-rollback"]),
        ({"hash__boot": None}, ["verified-boot-partition-dropped"]),
        (
            {"chain__vbmeta_system": "key 44, rollback index location 1, flags none"},
            ["verified-boot-chain-key-replaced"],
        ),
        ({"hash__boot": "sha256 99, salt 00, 4096 bytes, flags none"}, ["verified-boot-other-content"]),
        # near misses
        ({"rollback_x_index": "6"}, []),
        ({"release": "avbtool 1.3.0"}, []),
        ({"hash__boot": "sha256 11, salt 01, 4096 bytes, flags none"}, []),
        ({"hash__boot": None, "hashtree__boot": "sha256 11, salt 00"}, []),
        ({"hash__dtbo": "sha256 55, salt 00"}, []),
        ({"chain__vbmeta_system": "key 33, rollback index location 2, flags none"}, []),
    ],
)
def test_structures(changed: dict[str, str | None], expected: list[str]) -> None:
    assert _found(**changed) == expected


def test_flags_that_were_set_already_are_no_change() -> None:
    off = {"flags": "verification-disabled"}
    assert rules(VerifiedBoot, case({"v": _vbmeta(**off)}, {"v": _vbmeta(**off, release="x")})) == []


def test_a_blank_image_in_its_place() -> None:
    (found,) = findings(VerifiedBoot, case({"vbmeta.img": _vbmeta()}, {"vbmeta.img": bytes(4096)}))
    assert (found.rule, found.severity) == ("verified-boot-blank", Severity.HIGH)
    assert (found.evidence[0].expected, found.evidence[0].found) == ("a vbmeta structure", "4096 bytes without one")
    assert rules(VerifiedBoot, case({"vbmeta.img": _vbmeta()}, {})) == ["verified-boot-blank"]
    assert rules(VerifiedBoot, case({"other.img": b"x"}, {"other.img": bytes(4096)})) == []
    assert rules(VerifiedBoot, case({}, {"vbmeta.img": _vbmeta()})) == []


def test_the_first_verified_boot() -> None:
    def table(state: str, text: str = "1 a b") -> File:
        return File(b"t", format="verity-metadata", facts=(("state", state), ("table", text)))

    assert rules(VerifiedBoot, case({"t": table("on")}, {"t": table("off")})) == ["verified-boot-hashtree-off"]
    assert rules(VerifiedBoot, case({"t": table("on")}, {"t": table("on", "1 a c")})) == ["verified-boot-other-content"]
    assert rules(VerifiedBoot, case({"t": table("off")}, {"t": table("on")})) == []


def test_flags_written_into_a_real_structure_are_told_as_they_are_here() -> None:
    """The words of the facts above are those of the reader."""
    structure = bytearray(512)
    pack_into(">4sII", structure, 0, b"AVB0", 1, 0)
    pack_into(">I", structure, 120, 3)
    pack_into(">Q", structure, 112, 7)
    facts = Vbmeta.read(memoryview(bytes(structure)), Limits()).facts
    assert {key: facts[key] for key in ("flags", "algorithm", "rollback-index")} == {
        "flags": "hashtree-disabled verification-disabled",
        "algorithm": "none",
        "rollback-index": "7",
    }
