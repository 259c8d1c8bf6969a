"""The configuration file of a cable modem (DOCSIS): settings, each with type and length, and a digest over them.

======  ====  ==========================================================================
offset  size  field
======  ====  ==========================================================================
0       1     type; 0: filler, 255: end of the settings, both without what follows
1       1     length of the value
2       ..    value; of types 4, 17, 22 to 26, 43 and others: settings again
======  ====  ==========================================================================

Type 6 is the MD5 of all settings before it but type 7 (CM MIC), type 7 a keyed digest that only the operator can check (CMTS MIC);
zeros fill up to a multiple of four. There is no magic: a file is one if its settings end as they should and the MD5 fits, so a
changed file is no longer recognised unless the MD5 was made anew. Types 9 and 21 name the firmware that the modem has to load.

Source: CableLabs CM-SP-MULPIv3.1, annexes C and D.
"""

from collections.abc import Iterator
from hashlib import md5
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.compressed import told
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_FORMAT = "docsis-config"
_FILLER, _END = 0, 255
_CM_MIC, _CMTS_MIC = 6, 7
_DIGEST = 16
_LEAST = _DIGEST + 3
_MOST = 1 << 16
"""Bytes; TFTP servers of operators hand out a few KB."""

_NAMES = {
    1: "downstream-frequency",
    2: "upstream-channel",
    3: "network-access",
    4: "class-of-service",
    _CMTS_MIC: "operator-digest",
    9: "software-file",
    10: "snmp-write-control",
    11: "snmp-object",
    17: "baseline-privacy",
    18: "most-devices",
    20: "tftp-server-time",
    21: "software-server",
    24: "upstream-service-flow",
    25: "downstream-service-flow",
    29: "privacy",
    32: "manufacturer-certificate",
    33: "co-signer-certificate",
    43: "vendor",
}


class DocsisConfig:
    """A cable modem's configuration."""

    name: ClassVar[str] = _FORMAT
    doc: ClassVar[FormatDoc] = FormatDoc(
        "configuration of a cable modem (DOCSIS)",
        references=("CableLabs CM-SP-MULPIv3.1 annexes C and D",),
        limitations=("the operator's digest needs its key", "recognised only where its MD5 fits"),
    )
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(-1 - filler, b"\xff" + bytes(filler)) for filler in range(4))

    @staticmethod
    def matches(view: memoryview) -> bool:
        if not _LEAST <= len(view) <= _MOST:
            return False
        try:
            return _stated(view) == _digest(view)
        except MalformedInput:
            return False

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (64 KiB at most)
        if len(view) > _MOST or _stated(view) != _digest(view):
            raise MalformedInput(_FORMAT, 0, "no settings whose MD5 fits")
        reading = Reading(end=len(view))
        reading.cover(0, len(view))
        order: list[str] = []
        end = 0
        for at, type_, value in _settings(view):
            end = at + 2 + len(value)
            if type_ == _CMTS_MIC:
                reading.note_anomaly("checksum-unchecked", "the operator's digest needs its key", at)
            if type_ != _CM_MIC:  # which only restates the others
                name = _NAMES.get(type_, f"type-{type_}")
                order.append(str(type_))
                number = order.count(order[-1])
                reading.facts[name if number == 1 else f"{name}-{number}"] = _text_of(value)
        reading.facts["order"] = told(order)
        # without their end they are no such file, or it would hold itself
        reading.entries = [Entry("settings", Kind.REGION, Held(view[:end]), end, offset=0)]
        return reading


def _settings(view: memoryview) -> Iterator[tuple[int, int, bytes]]:
    """Yield offset, type and value of each setting; only zeros may follow the end.

    Raises:
        MalformedInput: they do not end as they should.
    """
    at = 0
    while at < len(view):
        type_ = view[at]
        if type_ == _END:
            if any(view[at + 1 :]) or len(view) - at > 4:
                raise MalformedInput(_FORMAT, at, "more than filler behind the end")
            return
        if type_ == _FILLER:
            raise MalformedInput(_FORMAT, at, "filler among the settings")
        if at + 2 > len(view) or at + 2 + view[at + 1] > len(view):
            break
        yield at, type_, bytes(view[at + 2 : at + 2 + view[at + 1]])
        at += 2 + view[at + 1]
    raise MalformedInput(_FORMAT, at, "no end of the settings")


def _stated(view: memoryview) -> bytes:
    """Return the one MD5 in the settings."""
    found = [value for _, type_, value in _settings(view) if type_ == _CM_MIC]
    if len(found) != 1 or len(found[0]) != _DIGEST:
        raise MalformedInput(_FORMAT, 0, f"{len(found)} digests")
    return found[0]


def _digest(view: memoryview) -> bytes:
    digest = md5(usedforsecurity=False)
    for at, type_, value in _settings(view):
        if type_ == _CM_MIC:
            break
        if type_ != _CMTS_MIC:
            digest.update(view[at : at + 2 + len(value)])
    return digest.digest()


def _text_of(value: bytes) -> str:
    text = value.rstrip(b"\0")
    if len(text) > 4 and text.isascii() and (words := text.decode("ascii")).isprintable() and text == value:
        return words
    return value.hex()
