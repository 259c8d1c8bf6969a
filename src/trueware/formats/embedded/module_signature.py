"""A kernel module of Linux with its signature appended.

======  ====  ==============================================================
offset  size  field, counted from the end
======  ====  ==============================================================
-28     28    "~Module signature appended~", line feed
-40     8     algorithm, hash, kind of key (2: PKCS 7), lengths of signer
              and key, unused (3)
-32     4     length of the signature, big-endian
..      ..    module, signer, key, signature
======  ====  ==============================================================

Source: Linux ``include/linux/module_signature.h``. Confirmed by modules of Debian. The signature is not verified here.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.model.limits import Limits

_MAGIC = b"~Module signature appended~\n"
_DESCRIPTION = Struct(">5B3sI")
_TRAILER = _DESCRIPTION.size + len(_MAGIC)


class ModuleSignature:
    """A module and its signature."""

    name: ClassVar[str] = "module-signature"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "signed kernel module", "", ("Linux include/linux/module_signature.h",), ("the signature is not verified here",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(-len(_MAGIC), _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return len(view) > _TRAILER and view[-len(_MAGIC) :] == _MAGIC

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (a handful of regions)
        if not ModuleSignature.matches(view):
            raise MalformedInput("module-signature", max(0, len(view) - len(_MAGIC)), "no signature appended")
        at = len(view) - _TRAILER
        algorithm, digest, kind, signer, key, unused, size = _DESCRIPTION.unpack_from(view, at)
        if signer + key + size >= at:
            raise MalformedInput("module-signature", at, f"a signature of {signer + key + size} bytes in {at}")
        reading = Reading(facts={"algorithm": str(algorithm), "hash": str(digest), "kind": str(kind)})
        if any(unused):
            reading.note_anomaly("reserved-bits", "unused bytes of the description are set", at + 5)
        reading.cover(at, len(view))
        start = at - size - key - signer
        entries = [region("module", view, 0, start, reading)]
        for name, length in (("signer", signer), ("key", key), ("signature", size)):
            if length:
                entries.append(region(name, view, start, length, reading))
            start += length
        reading.entries = entries
        return reading
