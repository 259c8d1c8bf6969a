"""The engine, on streams that pass."""

import gzip
import io
import tarfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from time import monotonic

import pytest
from tests.promises.vectors import FOLDER

from trueware.measuring import Measurement, measure
from trueware.model.limits import Limits
from trueware.model.part import Kind, Part

CONTENT = bytes(range(256)) * 300


def archive() -> bytes:
    """Return a tar archive that is too long to be held for a look at it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in ("a", "b"):
            member = tarfile.TarInfo(name)
            member.size = len(CONTENT)
            tar.addfile(member, io.BytesIO(CONTENT))
    return out.getvalue()


def measured(data: bytes, limits: Limits | None = None) -> Measurement:
    with ThreadPoolExecutor(1) as pool:
        return measure("x", memoryview(data), pool=pool, clock=monotonic, limits=limits or Limits())


def passed(measurement: Measurement) -> Part:
    """Return the part that stands for what the outer stream holds."""
    (part,) = measurement.root.children
    return part


def test_sound_stream_is_known_by_its_parts() -> None:
    """An archive that passes is not hashed as a whole: its members are."""
    data = archive()

    part = passed(measured(gzip.compress(data)))

    assert (part.format, part.certain, part.size, part.sha256) == ("tar", True, len(data), None)
    assert [child.sha256 for child in part.children[:2]] == [sha256(CONTENT).digest()] * 2


@pytest.mark.parametrize("spoil", ["member", "end", "behind"])
def test_doubtful_stream_is_hashed(spoil: str) -> None:
    """An archive that leaves a doubt has the digest of all its bytes, to stand for them."""
    data = archive()
    match spoil:
        case "member":
            at = data.rindex(b"ustar")
            data = data[:at] + b"x" + data[at + 1 :]
        case "end":
            data = data[: len(CONTENT) + 1500]
        case _:
            data = data.rstrip(b"\0")

    part = passed(measured(gzip.compress(data)))

    assert (part.format, part.certain, part.size) == ("tar", False, len(data))
    assert part.sha256 == sha256(data).digest()


def test_archive_in_an_archive_that_passes() -> None:
    """What cannot be had again is hashed as it passes."""
    inner = archive()
    spoilt = inner[: len(CONTENT) + 1500]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in (("sound.tar", inner * 8), ("spoilt.tar", spoilt + bytes(1 << 20))):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))

    part = passed(measured(gzip.compress(out.getvalue())))

    assert [child.sha256 for child in part.children[:2]] == [
        sha256(inner * 8).digest(),
        sha256(spoilt + bytes(1 << 20)).digest(),
    ]


def test_ceiling_holds_for_what_is_hashed_again() -> None:
    """A stream that was cut off by a ceiling is hashed as far as it passed, and no further."""
    limits = replace(Limits(), max_unpacked=100_000, ratio_free=100_000)

    part = passed(measured(gzip.compress(archive() + bytes(50 << 20)), limits))

    assert not part.certain
    assert part.size < 100_000 + (1 << 18)


def program() -> bytes:
    """Return a program of Android, which is recognised and not taken apart."""
    return (FOLDER / "dex/version-035/input.bin").read_bytes()


@pytest.mark.parametrize("wrap", [bytes, gzip.compress])
def test_what_is_not_taken_apart_is_known_by_its_bytes(wrap: Callable[[bytes], bytes]) -> None:
    """A part with a format and nothing in it keeps its digest, as a file and as a region."""
    measurement = measured(wrap(program()))
    part = measurement.root if wrap is bytes else passed(measurement)

    assert (part.format, part.children, part.sha256) == ("dex", (), sha256(program()).digest())
    assert not part.is_container


def test_filler_behind_it_changes_nothing() -> None:
    """Of a program with filler or more behind it the program counts too, not only what is behind it."""
    one, other = (measured(gzip.compress(data + bytes(512))) for data in (program(), stale_program()))

    assert passed(one).children[0].kind is Kind.PADDING
    assert one.root.tree != other.root.tree


def stale_program() -> bytes:
    return (FOLDER / "dex/stale/input.bin").read_bytes()
