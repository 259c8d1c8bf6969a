"""What the headers of routers' images claim."""

import pytest

from trueware.identifying import identify
from trueware.model.part import Kind, Part

CASES = {
    "netgear-chk": (
        {"board": "U12H319T00_NETGEAR", "region": "1", "version": "1.0.0.22_1.0.17"},
        (("board", "U12H319T00_NETGEAR"), ("version", "1.0.0.22_1.0.17")),
    ),
    "netgear-dni": (
        {"device": "BR500", "version": "V1.0.2.52", "region": "", "hd_id": "29764958+0+128"},
        (("product", "BR500"), ("hardware", "29764958+0+128"), ("version", "1.0.2.52")),
    ),
    "seama": ({"signature": "wrgac65_dlink.2015_dir842"}, (("board", "wrgac65_dlink.2015_dir842"),)),
    "tplink-v2": (
        {"hardware": "0x00c20001", "version": "ver. 1.0", "firmware-version": "3.16.0-1.0"},
        (("hardware", "0x00c20001"), ("build", "ver. 1.0"), ("version", "3.16.0-1.0")),
    ),
    "tplink-safeloader": (
        {"vendor-text": "CPE210(TP-LINK|UN|N300-2):3.0\r\n", "products": "CPE210 CPE220", "soft-version": "2.2.3 2020-01-02 r9"},
        (("hardware", "CPE210(TP-LINK|UN|N300-2):3.0"), ("product", "CPE210"), ("product", "CPE220"), ("version", "2.2.3")),
    ),
    "ubnt": (
        {"version": "XM.ar7240.v5.6.2.27929.150716.1201"},
        (("build", "XM.ar7240.v5.6.2.27929.150716.1201"), ("board", "XM.ar7240"), ("version", "5.6.2.27929.150716.1201")),
    ),
    "npk": (
        {"name": "routeros", "version": "6.41.4", "architecture": "mipsbe"},
        (("package", "routeros"), ("version", "6.41.4"), ("architecture", "mipsbe")),
    ),
    "hwnp": ({"products": "494|4B4|;COMMON|CMCC|"}, (("hardware", "494|4B4|;COMMON|CMCC|"),)),
    "bcm63xx": (
        {"board": "96358VW", "chip": "6358", "signature": "Vector Networks"},
        (("board", "96358VW"), ("hardware", "6358"), ("vendor", "Vector Networks")),
    ),
    "senao": (
        {"vendor-id": "0x101", "product-id": "0x5f", "version": "3.0", "firmware-version": "3.0.1", "model": "ENS620EXT"},
        (("product", "ENS620EXT"), ("hardware", "0x101 0x5f"), ("version", "3.0.1")),
    ),
    "linksys-trailer": (
        {"model": "EA6350v3", "version": "01000409", "key": "K0000000F0246434"},
        (("product", "EA6350v3"), ("build", "01000409")),
    ),
    "cybertan": ({"pattern": "W54G", "version": "4.30.14"}, (("board", "W54G"), ("version", "4.30.14"))),
    "trx": (
        {"product": "RT-AC68U", "asus-version": "3.0.0.4", "version": "1"},
        (("product", "RT-AC68U"), ("version", "3.0.0.4")),
    ),
    "edimax": ({"model": "RN68", "start": "0x01100000"}, (("product", "RN68"),)),
    "dlink-encimg": ({"device": "DIR-842 C1"}, (("product", "DIR-842 C1"),)),
    "econet-trx": (
        {"board": "EX3301-T0", "chip": "en7516", "customer-version": "V1.0", "version": "7.3.136.4"},
        (("board", "EX3301-T0"), ("hardware", "en7516"), ("version", "V1.0"), ("build", "7.3.136.4")),
    ),
    "jboot": ({"device": "DLK6E2414001", "family": "0x6e61"}, (("hardware", "DLK6E2414001"),)),
    "dlink-fpkg": ({"model": "DFL-860E", "kind": "FPKG"}, (("product", "DFL-860E"),)),
    "moxa-frm": ({"device": "NPort 5110"}, (("product", "NPort 5110"),)),
    "program-store": (
        {"file": "ecram_sto.bin", "revision": "5.0"},
        (("build", "ecram_sto.bin"), ("version", "5.0")),
    ),
    "gemtek": ({"product": "0x03040001", "version": "1007"}, (("hardware", "0x03040001"), ("build", "1007"))),
    "h3c": ({"product": "0x3000", "device": "0x20"}, (("hardware", "0x3000"),)),
    "iptime": ({"model": "nas1", "version": "0.0.00"}, (("product", "nas1"), ("version", "0.0.00"))),
    "jcg": ({"version": "3.7", "text": "jcgmips9"}, (("version", "3.7"), ("build", "jcgmips9"))),
    "luxul": ({"board": "XWR-3150", "release": "6.4.0.2"}, (("board", "XWR-3150"), ("version", "6.4.0.2"))),
    "qnap": (
        {"device": "TS-X31P", "version": "5.1.0", "date": "20230718"},
        (("product", "TS-X31P"), ("version", "5.1.0"), ("build", "20230718")),
    ),
    "ruckus": ({"product": "zf7752", "version": "200.7.10"}, (("product", "zf7752"), ("version", "200.7.10"))),
    "sercomm": ({"hardware": "CHJ", "software": "00000012"}, (("hardware", "CHJ"), ("build", "00000012"))),
    "wrgg": (
        {"signature": "wapac02_dkbs_dap2695", "model": "DAP-2695", "version": "v1.20", "build": "r301"},
        (("board", "wapac02_dkbs_dap2695"), ("product", "DAP-2695"), ("version", "v1.20"), ("build", "r301")),
    ),
    "zyfwinfo": ({"product": "EX3320-T0", "version": "V5.70"}, (("product", "EX3320-T0"), ("version", "V5.70"))),
    "zyxel-ras": ({"model": "NBG6617", "version": "V1.00"}, (("product", "NBG6617"), ("version", "V1.00"))),
    "zyxel-trx": (
        {"board": "NR7101", "chip": "MT7621A", "version": "1.00"},
        (("board", "NR7101"), ("hardware", "MT7621A"), ("version", "1.00")),
    ),
    "zyxel-zld": ({"model": "NWA512X-FAT", "models": "0x1234"}, (("product", "NWA512X-FAT"), ("hardware", "0x1234"))),
    "adb": (
        {"schema": "package", "name": "dropbear", "version": "2022.83-r2", "arch": "aarch64"},
        (("package", "dropbear"), ("version", "2022.83-r2"), ("architecture", "aarch64")),
    ),
    "rauc": (
        {"format": "verity", "compatible": "Example Board", "version": "2023.11-1", "build": "20231114"},
        (("hardware", "Example Board"), ("version", "2023.11-1"), ("build", "20231114")),
    ),
    "cisco-phone": ({"file": "VECTOR01.loads", "signer": "CN=signer"}, (("build", "VECTOR01.loads"),)),
    "rpm": (
        {"name": "vector", "epoch": "2", "version": "1.4.2", "release": "7", "arch": "noarch", "vendor": "Example"},
        (("package", "vector"), ("version", "1.4.2-7"), ("architecture", "noarch"), ("vendor", "Example")),
    ),
    "xiaomi-hdr": ({"device": "RA70", "region": "EU"}, (("hardware", "RA70"),)),
    "zynos": ({"version": "V4.50", "type": "boot-extension"}, (("build", "V4.50"),)),
    "rkfw": ({"version": "8.1.2", "chip": "0x33333043"}, (("build", "8.1.2"), ("hardware", "0x33333043"))),
    "rkaf": ({"model": "RK3328", "manufacturer": "RK"}, (("product", "RK3328"),)),
    "imagewty": ({"hardware": "0x100", "firmware": "0x200"}, (("hardware", "0x100"), ("build", "0x200"))),
    "dz": ({"device": "g3", "version": "LGD855AT-00-V10e"}, (("product", "g3"), ("version", "LGD855AT-00-V10e"))),
    "pac": ({"product": "s9863a1h10", "release": "MOCOR_1"}, (("product", "s9863a1h10"), ("version", "MOCOR_1"))),
    "nfi": ({"kind": "NFI2", "machine": "dm7020hd"}, (("product", "dm7020hd"),)),
    "odin-tar": ({"name": "AP_T000.tar"}, (("build", "AP_T000.tar"),)),
    "samsung-signer": (
        {"signer": "SignerVer02", "build": "T000XXU1", "product": "SM-T000_EUR_XX_MKEY0"},
        (("product", "SM-T000_EUR_XX_MKEY0"), ("build", "T000XXU1")),
    ),
}  # fmt: skip


@pytest.mark.parametrize("format_", CASES)
def test_what_a_header_claims(format_: str) -> None:
    """Each fact that says who or what becomes the claim it is."""
    facts, claims = CASES[format_]
    part = Part("image", Kind.FILE, b"", format=format_, facts=tuple(sorted(facts.items())))

    told = [(claim.name, claim.value) for claim in identify(part, {})]
    assert told == list(claims)
    assert {claim.source for claim in identify(part, {})} == {format_}


def test_the_maker_of_the_chip_is_no_vendor() -> None:
    """Where a tag bears Broadcom's name, nobody says who made the device."""
    facts = (("board", "96358VW"), ("signature", "Broadcom Corporatio"))

    assert [claim.name for claim in identify(Part("a", Kind.FILE, b"", format="bcm63xx", facts=facts), {})] == ["board"]


def test_versions_in_texts() -> None:
    """A version is found in a text, and none where OpenWrt wrote zeros."""
    text = Part(
        "image", Kind.FILE, b"", format="tplink-safeloader", facts=(("soft-version", "soft_ver:2.0.0 Build 1"),)
    )
    zeros = Part("image", Kind.FILE, b"", format="tplink-v2", facts=(("firmware-version", "0.0.0-1.0"),))

    assert [(claim.name, claim.value) for claim in identify(text, {})] == [("version", "2.0.0")]
    assert identify(zeros, {}) == ()
