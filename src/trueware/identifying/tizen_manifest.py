"""``tizen-manifest.xml``, with which a native application of Tizen (``.tpk``) says what it is.

Source: Tizen "Tizen Native Application Package Manifest", docs.tizen.org.
"""

import re
from collections.abc import Iterator
from typing import ClassVar
from xml.etree.ElementTree import Element

from trueware.errors import MalformedInput
from trueware.identifying.contract import claim
from trueware.model.claim import Claim

_PACKAGES = "{http://tizen.org/ns/packages}"


class TizenManifest:
    """``tizen-manifest.xml`` at the top of a package."""

    name: ClassVar[str] = "tizen-manifest"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?:[^/]+/)?tizen-manifest\.xml")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        from defusedxml.ElementTree import ParseError, fromstring  # noqa: PLC0415 (slow to import, seldom needed)

        try:
            root = fromstring(content, forbid_dtd=True)
        except (ParseError, ValueError, LookupError) as error:
            # defusedxml's are ValueErrors, an unknown encoding a LookupError
            raise MalformedInput("tizen-manifest", 0, f"not XML that is read here ({type(error).__name__})") from error
        if not isinstance(root, Element) or root.tag != f"{_PACKAGES}manifest":
            raise MalformedInput("tizen-manifest", 0, "not a manifest")
        said = (
            ("package", root.get("package")),
            ("version", root.get("version")),
            ("product", root.findtext(f"{_PACKAGES}label")),
            ("vendor", root.findtext(f"{_PACKAGES}author")),
        )
        for name, value in said:
            yield from claim(name, value or "", "tizen-manifest", part)
