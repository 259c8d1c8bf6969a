"""``MANIFEST`` of OpenBMC, in the tar archive by which a server's management controller is updated.

Source: OpenBMC ``phosphor-bmc-code-mgmt`` (``manifest.cpp``) and ``meta-phosphor/classes/image_types_phosphor.bbclass``. Lines
``key=value``; ``purpose`` names what the image is for, by which such a manifest is known.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.identifying.contract import claim
from trueware.model.claim import Claim

_ENTRY = re.compile(r"^(purpose|version|ExtendedVersion|MachineName)=([^\n]*+)$", re.MULTILINE)
_PURPOSE = ".Software.Version.VersionPurpose."
_CLAIMS = {"version": "version", "ExtendedVersion": "build", "MachineName": "hardware"}


class OpenbmcManifest:
    """The manifest of an update."""

    name: ClassVar[str] = "openbmc-manifest"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"MANIFEST")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        fields = dict(_ENTRY.findall(content.decode("utf-8", "replace")))
        if _PURPOSE not in fields.get("purpose", ""):
            raise MalformedInput("openbmc-manifest", 0, "no purpose of a version of software")
        for field, name in _CLAIMS.items():
            yield from claim(name, fields.get(field, "").strip("\"'"), "openbmc-manifest", part)
