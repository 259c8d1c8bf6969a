"""Android's images that state much and hold little, and those of the corpus."""

import json
from collections import Counter
from hashlib import sha256
from itertools import chain
from pathlib import Path
from struct import pack

import pytest
from tests.conftest import Measure
from tests.promises.vectors import FOLDER, Vector

from trueware.errors import LimitExceeded, MalformedInput, UnsupportedInput
from trueware.formats.android.boot import Boot
from trueware.formats.android.dhtb import Dhtb
from trueware.formats.android.dtbo import Dtbo
from trueware.formats.android.payload import Payload
from trueware.formats.android.super import Super
from trueware.formats.android.vbmeta import Vbmeta
from trueware.formats.contract import Reading
from trueware.formats.protobuf import Message, Source
from trueware.model.limits import Limits

_WORDS = {"chain": "chain", "hash": "hash", "hashtree": "hashtree", "cmdline": "command-line"}
"""What the labels of the corpus call a descriptor, and how the fact begins that it becomes."""

_FIXED = {"libavb", "release", "algorithm", "flags", "rollback-index", "rollback-index-location", "public-key"}


def source(most: int = 100) -> Source:
    return Source("test", 0, Reading(), most)


def payload(manifest: bytes) -> memoryview:
    return memoryview(pack(">4sQQI", b"CrAU", 2, len(manifest), 0) + manifest)


def field(number: int, data: bytes) -> bytes:
    """Return a field of at most 127 bytes, or of one whose length takes two."""
    size = len(data)
    return bytes([number << 3 | 2]) + (bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])) + data


def test_message_is_taken_apart() -> None:
    """Numbers, bytes, both fixed widths; the last value of a field counts, and that there are two is reported."""
    data = b"\x08\x96\x01" + b"\x12\x03abc" + b"\x19" + bytes(8) + b"\x25" + bytes(4) + b"\x08\x07"
    message = Message.of(data, origin := source())

    assert message.number(1) == 7
    assert message.text(2) == "abc"
    assert message.data(3) == bytes(8)
    assert message.rest() == {"field-4": "[00000000]"}
    assert [anomaly.rule for anomaly in origin.reading.anomalies] == ["contradiction"]


@pytest.mark.parametrize("data", [b"\x08", b"\x08" + b"\x80" * 10, b"\x12\x05abc", b"\x19\0\0", b"\x80"])
def test_cut_messages_are_refused(data: bytes) -> None:
    """A number without end, and values longer than the message."""
    with pytest.raises(MalformedInput):
        Message.of(data, source())


def test_groups_are_not_read() -> None:
    """A wire type that protocol buffers gave up."""
    with pytest.raises(UnsupportedInput):
        Message.of(b"\x0b\x0c", source())


def test_fields_are_limited() -> None:
    """The fields of all messages together are bounded."""
    with pytest.raises(LimitExceeded):
        Message.of(b"\x08\x00" * 101, source())


def test_zeros_of_an_update_reach_a_limit(measure_bytes: Measure) -> None:
    """An operation that zeroes an exabyte is described in a few bytes; measuring it ends at a ceiling."""
    huge = b"\x80" * 7 + b"\x02"
    extent = field(6, b"\x10" + huge)
    manifest = field(13, field(1, b"z") + field(8, b"\x08\x06" + extent))
    measurement = measure_bytes(bytes(payload(manifest)))

    assert {finding.rule for finding in measurement.findings} == {"limit-reached"}


def test_operations_that_scatter_are_not_held() -> None:
    """What would have to be held to write it to several places is bounded before anything is unpacked."""
    extents = field(6, b"\x08\x00\x10\x80\x80\x04") + field(6, b"\x08\x80\x80\x08\x10\x01")
    manifest = field(13, field(1, b"z") + field(8, b"\x08\x08" + extents))
    reading = Payload.read(payload(manifest), Limits())

    assert [entry.path for entry in reading.entries] == ["z.delta"]
    assert [anomaly.rule for anomaly in reading.anomalies] == ["unsupported"]


def test_data_is_not_shared_without_end() -> None:
    """A thousand operations on the same data would read it a thousand times."""
    operation = field(8, b"\x08\x00\x18\x80\x08" + field(6, b"\x10\x01"))
    manifest = field(13, field(1, b"z") + operation * 9)

    with pytest.raises(MalformedInput, match="operations use"):
        Payload.read(payload(manifest * 100), Limits())


def test_super_extents_are_counted_once() -> None:
    """Partitions that all claim the same extents are refused, so that reading stays in proportion to the tables."""
    data = Vector(FOLDER / "super/extents-twice").data

    with pytest.raises(MalformedInput, match="more extents are used"):
        Super.read(memoryview(data), Limits())


def test_many_slots_are_refused() -> None:
    """A geometry of a billion slots is not walked through."""
    head = pack("<II32xIII", 0x616C4467, 52, 512, 1 << 30, 512)
    head = head[:8] + sha256(head).digest() + head[40:]

    with pytest.raises(MalformedInput, match="slots"):
        Super.read(memoryview(bytes(4096) + head.ljust(4096, b"\0") * 2), Limits())


def test_boot_image_shorter_than_its_header_is_refused() -> None:
    """Every length below the longest header is refused, whatever the version says."""
    for version in range(5):
        head = b"ANDROID!" + bytes(28) + pack("<II", 2048, version)
        for size in (8, 44, 1580, 1632, 1648, 1659):
            with pytest.raises(MalformedInput):
                Boot.read(memoryview(head.ljust(size, b"\0")[:size]), Limits())


def test_table_of_trees_states_more_than_there_is() -> None:
    """Four billion entries are refused by arithmetic."""
    with pytest.raises(MalformedInput):
        Dtbo.read(memoryview(pack(">8I", 0xD7B7AB1E, 32, 32, 32, 0xFFFFFFFF, 32, 2048, 0)), Limits())


@pytest.mark.corpus
def test_vbmeta_images_of_the_wild(corpus: Path) -> None:
    """Algorithm, flags, rollback index, release, descriptors and the hash are those that AOSP's avbtool found."""
    (labels,) = corpus.rglob("avb-wild/open/labels.jsonl")
    labelled = [json.loads(line) for line in labels.read_text("utf-8").splitlines()]
    read = 0
    for label in labelled:
        stated, path = label["avb"], labels.parent / label["file"]
        if stated is None or not path.exists():
            continue
        data = memoryview(path.read_bytes())
        if Dhtb.matches(data):
            (image,) = Dhtb.read(data, Limits()).entries
            data = data[image.offset : (image.offset or 0) + image.size]
        reading = Vbmeta.read(data, Limits())
        facts = reading.facts
        flags = {
            0: "none",
            1: "hashtree-disabled",
            2: "verification-disabled",
            3: "hashtree-disabled verification-disabled",
        }
        kinds = Counter(name.partition("/")[0] for name in facts if "/" in name)
        properties = {name.partition("#")[0] for name in facts if "/" not in name} - _FIXED
        wrong = {"checksum-mismatch"} if stated["sig"].startswith("BAD") else set()
        read += 1

        assert facts["algorithm"] == stated["alg"].lower().replace("_", "-"), path.name
        assert facts["flags"] == flags[stated["flags"]], path.name
        assert (facts["rollback-index"], facts["release"]) == (str(stated["rollback"]), stated["release"]), path.name
        assert kinds == {_WORDS[kind]: count for kind, count in stated["desc"].items() if kind != "prop"}, path.name
        assert len(properties) <= stated["desc"].get("prop", 0), path.name
        assert {anomaly.rule for anomaly in reading.anomalies} == wrong, path.name
    assert read > 20


@pytest.mark.corpus
def test_overlays_of_a_phone(corpus: Path) -> None:
    """Motorola's table lists two trees, one after the other, and nothing is wrong with it."""
    (path,) = corpus.rglob("motorola-milan_g/dtbo.img")
    reading = Dtbo.read(memoryview(path.read_bytes()), Limits())
    places = [(entry.path, entry.offset, entry.size) for entry in reading.entries]

    assert places == [("dt-0", 0x60, 0x1982A), ("dt-1", 0x1988A, 0x19A76)]
    assert reading.end == 0x33300
    assert not reading.anomalies


@pytest.mark.corpus
def test_reads_all_android_images_of_the_corpus(corpus: Path, measure_bytes: Measure) -> None:
    """Every image of these formats is read as what it is, without doubt where nobody changed it."""
    (milan,) = corpus.rglob("open/motorola-milan_g")
    found = {
        path.name: measure_bytes(path.read_bytes()).root for path in chain(milan.glob("vbmeta*"), milan.glob("dtbo*"))
    }

    assert {name: (root.format, root.certain) for name, root in found.items()} == {
        "vbmeta.img": ("vbmeta", True),
        "vbmeta_system.img": ("vbmeta", True),
        "dtbo.img": ("dtbo", True),
    }
