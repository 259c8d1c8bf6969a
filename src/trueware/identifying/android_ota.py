"""What an update package of Android says it makes of which device: ``META-INF/com/android/metadata``.

Source: AOSP ``build/make/tools/releasetools/ota_utils.py``, which writes it. A package for several devices has several values, with
``|`` between them. What was there before (``pre-build``) is no claim; only the name of the device is.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.identifying.assignments import properties
from trueware.identifying.contract import claim
from trueware.model.claim import Claim

_CLAIMS = {
    "post-build": "fingerprint",
    "pre-device": "board",
    "post-build-incremental": "build",
    "post-security-patch-level": "build",
}
_MOST = 16
"""Devices of one package that are told."""


class AndroidOta:
    """``metadata`` of an update package."""

    name: ClassVar[str] = "android-ota"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"META-INF/com/android/metadata")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        for key, value in properties(content):
            if (name := _CLAIMS.get(key)) is not None:
                for each in value.split("|", _MOST)[:_MOST]:
                    yield from claim(name, each, "android-ota", part)
