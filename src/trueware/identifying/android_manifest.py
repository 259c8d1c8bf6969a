"""``AndroidManifest.xml`` of an app: its package name, its version for machines and for people, the Android it is made for.

Source: AOSP ``frameworks/base/core/res/res/values/public-final.xml`` (resource ids), developer.android.com, manifest element.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.android.axml import Element, read_elements
from trueware.identifying.contract import claim
from trueware.model.claim import Claim

_VERSION_CODE, _VERSION_CODE_MAJOR, _VERSION_NAME = 0x0101021B, 0x01010576, 0x0101021C
_MIN_SDK, _TARGET_SDK = 0x0101020C, 0x01010270


class AndroidManifest:
    """The manifest of an app."""

    name: ClassVar[str] = "android-manifest"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"AndroidManifest\.xml")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        manifest: Element | None = None
        sdk: Element | None = None
        for element in read_elements(content):
            if manifest is None:
                manifest = element
            elif sdk is None and element.depth == 1 and element.name == "uses-sdk":
                sdk = element
        if manifest is None or manifest.name != "manifest":
            raise MalformedInput("android-manifest", 0, "the root is no manifest")
        yield from claim("package", manifest.by_name("package") or "", "android-manifest", part)
        name = manifest.by_resource(_VERSION_NAME) or ""
        if not name.startswith("@0x"):  # a reference says nothing without the resource table
            yield from claim("version", name, "android-manifest", part)
        if code := _version_code(manifest):  # a source of its own: two versions, one for people and one for machines
            yield from claim("version", code, "android-version-code", part)
        if sdk is not None and (least := sdk.by_resource(_MIN_SDK)):
            target = sdk.by_resource(_TARGET_SDK) or least
            yield from claim("os", f"Android API {least}, made for {target}", "android-manifest", part)


def _version_code(manifest: Element) -> str | None:
    """Return the version code, the major one before it where there is one."""
    code, major = manifest.by_resource(_VERSION_CODE), manifest.by_resource(_VERSION_CODE_MAJOR)
    return f"{major}.{code}" if code and major not in (None, "0") else code
