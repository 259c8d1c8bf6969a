"""What lists beside the partitions of phones, and the systems of receivers, claim."""

import pytest

from trueware.errors import MalformedInput
from trueware.identifying.contract import Source
from trueware.identifying.enigma import EnigmaInfo, EnigmaVersion
from trueware.identifying.flash_lists import MediatekScatter, MotorolaFlashfile, QualcommContents


def told(source: type[Source], content: bytes) -> list[tuple[str, str]]:
    claims = list(source.read(content, "a!/b"))
    assert all((claim.part, claim.source) == ("a!/b", source.name) for claim in claims)
    return [(claim.name, claim.value) for claim in claims]


def test_motorola_flashfile() -> None:
    """The header names phone and software; steps claim nothing."""
    content = b"""<?xml version="1.0" ?><flashing><header><phone_model model="milan_g"/>
    <software_version version="milan_g-user 12 S3RDES32.123-37-5-11 502d0 release-keys"/></header>
    <steps><step operation="flash" filename="lk.img" partition="lk_a"/></steps></flashing>"""

    assert told(MotorolaFlashfile, content) == [
        ("product", "milan_g"),
        ("version", "milan_g-user 12 S3RDES32.123-37-5-11 502d0 release-keys"),
    ]


def test_qualcomm_contents() -> None:
    """The product is the software of a chip."""
    content = b"""<contents><product_info><product_name>MDM9607.LE.1.0</product_name>
    <chipid cmm_var="CHIPID">MDM9607</chipid></product_info></contents>"""

    assert told(QualcommContents, content) == [("build", "MDM9607.LE.1.0"), ("hardware", "MDM9607")]


@pytest.mark.parametrize("content", [b"", b"<flashing", b"<other/>", b'<!DOCTYPE x [<!ENTITY a "b">]><flashing/>'])
@pytest.mark.parametrize("source", [MotorolaFlashfile, QualcommContents], ids=lambda source: source.name)
def test_other_xml_is_refused(source: type[Source], content: bytes) -> None:
    """What is no such list, and what defines entities, is none."""
    with pytest.raises(MalformedInput):
        list(source.read(content, ""))


def test_mediatek_scatter() -> None:
    """The first platform and project of a scatter file count."""
    content = b"""- general: MTK_PLATFORM_CFG
  info:
    - config_version: V1.1.2
      platform: MT6765
      project: k65v1_64_bsp
      storage: EMMC
- partition_index: SYS0
  partition_name: preloader
"""

    assert told(MediatekScatter, content) == [("hardware", "MT6765"), ("board", "k65v1_64_bsp")]
    assert told(MediatekScatter, b"platform of a station: none\n") == []


def test_enigma() -> None:
    """Receivers say who made the image, and for which of them."""
    info = b"brand='Vu+'\nmachinebuild='vusolo2'\nmodel='vusolo2'\ndistro=openatv\nimageversion='7.4'\nimagebuild='20240501'\n"
    version = b"version=0110202405011200\ncomment=openpli\nbox_type=dm920\nimageversion=9.0\ncreator=OpenPLi\n"

    assert told(EnigmaInfo, info) == [
        ("os", "openatv"),
        ("version", "7.4"),
        ("build", "20240501"),
        ("vendor", "Vu+"),
        ("product", "vusolo2"),
        ("board", "vusolo2"),
    ]
    assert told(EnigmaVersion, version) == [
        ("os", "OpenPLi"),
        ("version", "9.0"),
        ("build", "0110202405011200"),
        ("product", "dm920"),
    ]
