"""``config.xml`` of a W3C widget, as Tizen TV applications carry it.

Source: W3C Packaged Web Apps (Widgets) §7; Tizen's ``tizen:application`` extension.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.identifying.contract import claim
from trueware.model.claim import Claim

_WIDGETS = "{http://www.w3.org/ns/widgets}"
_TIZEN = "{http://tizen.org/ns/widgets}"


class Widget:
    """``config.xml`` at the top of a widget package."""

    name: ClassVar[str] = "widget-config"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?:[^/]+/)?config\.xml")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        from defusedxml.ElementTree import ParseError, fromstring  # noqa: PLC0415 (slow to import, seldom needed)

        try:
            root = fromstring(content, forbid_dtd=True)
        except (
            ParseError,
            ValueError,
            LookupError,
        ) as error:  # defusedxml's are ValueErrors, an unknown encoding a LookupError
            raise MalformedInput("widget-config", 0, f"not XML that is read here ({type(error).__name__})") from error
        if root.tag != f"{_WIDGETS}widget":
            raise MalformedInput("widget-config", 0, "not a widget")
        application = root.find(f"{_TIZEN}application")
        said = (
            ("package", root.get("id")),
            ("package", None if application is None else application.get("package")),
            ("product", root.findtext(f"{_WIDGETS}name")),
            ("version", root.get("version")),
            ("vendor", root.findtext(f"{_WIDGETS}author")),
        )
        for name, value in said:
            yield from claim(name, value or "", "widget-config", part)
