"""Lists that stand beside the partitions of a phone and tell the maker's tool what to write where, and for which phone.

Sources: a ``flashfile.xml`` of Motorola and a ``contents.xml`` of Qualcomm as they are shipped; MediaTek's scatter files, as
SP Flash Tool reads them. Qualcomm's ``rawprogram0.xml`` names partitions and no product: it claims nothing.
"""

import re
from collections.abc import Iterator
from typing import ClassVar
from xml.etree.ElementTree import Element

from trueware.errors import MalformedInput
from trueware.identifying.contract import claim
from trueware.model.claim import Claim

_SCATTER = re.compile(r"^[ \t-]*+(platform|project)[ \t]*+:[ \t]*+([\w.+-]{1,128})[ \t\r]*+$", re.MULTILINE | re.ASCII)


class MotorolaFlashfile:
    """``flashfile.xml`` or ``servicefile.xml``; the version begins with the name of the phone and ends with the kind of keys."""

    name: ClassVar[str] = "motorola-flashfile"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?:[^/]+/)?(?:flashfile|servicefile)\.xml")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        header = _root(content, "motorola-flashfile", "flashing").find("header")
        if header is None:
            return
        for name, tag, attribute in (("product", "phone_model", "model"), ("version", "software_version", "version")):
            found = header.find(tag)
            if found is not None:
                yield from claim(name, found.get(attribute, ""), "motorola-flashfile", part)


class QualcommContents:
    """``contents.xml``, the parts a build of Qualcomm's is made of; its product is the software of a chip, not a device."""

    name: ClassVar[str] = "qualcomm-contents"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?:[^/]+/)?contents\.xml")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        product = _root(content, "qualcomm-contents", "contents").find("product_info")
        if product is not None:
            yield from claim("build", product.findtext("product_name") or "", "qualcomm-contents", part)
            yield from claim("hardware", product.findtext("chipid") or "", "qualcomm-contents", part)


class MediatekScatter:
    """``MT6765_Android_scatter.txt`` and the like: the chip, and the project, which is the board."""

    name: ClassVar[str] = "mediatek-scatter"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?:[^/]+/)?MT\w{1,64}_scatter\w{0,32}\.txt", re.ASCII)

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        said: dict[str, str] = {}
        for match in _SCATTER.finditer(content.decode("utf-8", "replace")):
            said.setdefault(match[1], match[2])
        yield from claim("hardware", said.get("platform", ""), "mediatek-scatter", part)
        yield from claim("board", said.get("project", ""), "mediatek-scatter", part)


def _root(content: bytes, source: str, tag: str) -> Element:
    from defusedxml.ElementTree import ParseError, fromstring  # noqa: PLC0415 (slow to import, seldom needed)

    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, ValueError, LookupError) as error:
        # defusedxml's are ValueErrors, an unknown encoding a LookupError
        raise MalformedInput(source, 0, f"not XML that is read here ({type(error).__name__})") from error
    if not isinstance(root, Element) or root.tag != tag:
        raise MalformedInput(source, 0, f"not a {tag}")
    return root
