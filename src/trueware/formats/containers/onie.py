"""ONIE's installer, as network operating systems for switches are handed on: a shell script with an archive behind it.

The script ends with the line ``exit_marker``; what follows is unpacked by it with tar. It states the SHA-1 of that, and SONiC's
also its length, behind which a signature may stand. Sources: opencomputeproject/onie ``contrib/.../sharch_body.sh``;
sonic-buildimage ``installer/sharch_body.sh``. No installer of a vendor was at hand.
"""

import re
from hashlib import sha1
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_SHELLS = (b"#!/bin/sh", b"#!/bin/bash")
_MARKER = b"\nexit_marker\n"
_SHA1 = re.compile(rb"^[ \t]*payload_sha1=[\"']?([0-9a-f]{40})\b", re.MULTILINE)
_LENGTH = re.compile(rb"^[ \t]*payload_image_size=[\"']?([0-9]{1,15})\b", re.MULTILINE)
_MOST = 1 << 16
"""Bytes of a script; genuine ones have some 5,000."""


class Onie:
    """An installer."""

    name: ClassVar[str] = "onie"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "ONIE installer", "Open Compute Project",
        ("opencomputeproject/onie sharch_body.sh", "sonic-buildimage installer/sharch_body.sh"),
        ("the signature is kept and not verified",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(0, shell) for shell in _SHELLS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _script(view) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (three regions)
        script = _script(view)
        if script is None:
            raise MalformedInput("onie", 0, "no script with a checksum and a marker")
        start, reading = len(script), Reading()
        stated = _SHA1.findall(script)
        length = _LENGTH.search(script)
        size = len(view) - start if length is None else int(length[1])
        payload = view[start : start + size]
        if len(payload) < size:
            reading.note_anomaly("truncated", f"{len(payload)} of {size} bytes of the payload are there", len(view))
        elif len(set(stated)) > 1:
            reading.note_anomaly("contradiction", f"{len(stated)} checksums in one script", 0)
        elif (found := sha1(payload, usedforsecurity=False).hexdigest()) != stated[0].decode("ascii"):
            detail = f"the SHA-1 of the payload is {found}, stated {stated[0].decode('ascii')}"
            reading.note_anomaly("checksum-mismatch", detail, start)
        entries = [Entry("script", Kind.REGION, Held(view[:start]), start, offset=0)]
        entries.append(Entry("payload", Kind.REGION, Held(payload), len(payload), offset=start))
        if rest := view[start + len(payload) :]:
            entries.append(Entry("signature", Kind.REGION, Held(rest), len(rest), offset=start + len(payload)))
        reading.entries = entries
        return reading


def _script(view: memoryview) -> bytes | None:
    """Return the script with its marker, None where there is none with a checksum."""
    head = bytes(view[:_MOST])
    if not head.startswith(_SHELLS):
        return None
    at = head.find(_MARKER)
    script = head[: at + len(_MARKER)]
    return script if at >= 0 and _SHA1.search(script) and len(view) > len(script) else None
