"""Telling formats by their magics."""

from typing import ClassVar

import pytest

from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.measuring.detect import Detector
from trueware.model.limits import Limits


class Named:
    """A format that says yes to everything."""

    name: ClassVar[str] = "named"
    doc: ClassVar[FormatDoc] = FormatDoc("test")
    magics: ClassVar[tuple[Magic, ...]] = ()

    @staticmethod
    def matches(view: memoryview) -> bool:  # noqa: ARG004
        return True

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004
        return Reading()


class Front(Named):
    """Two magics of two lengths at the front, one of them with what a pattern would take for its own."""

    name: ClassVar[str] = "front"
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, b"(.*"), Magic(0, b"AB"))


class Behind(Named):
    """A magic after some bytes, of which none may be taken for the end of a line."""

    name: ClassVar[str] = "behind"
    magics: ClassVar[tuple[Magic, ...]] = (Magic(300, b"AB"),)


class Tail(Named):
    """Magics that are read from the end."""

    name: ClassVar[str] = "tail"
    magics: ClassVar[tuple[Magic, ...]] = (Magic(-4, b"END"), Magic(-600, b"AB"))


DETECTOR = Detector((Behind, Front, Tail))


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b"", []),
        (b"A", []),
        (b"AB", ["front"]),
        (b"(.*", ["front"]),
        (b"(.)", []),
        (b"(.*END.", ["front", "tail"]),
        (b"END", []),
        (b"END.", ["tail"]),
        (b"\n" * 300 + b"AB", ["behind"]),
        (b"\n" * 299 + b"AB", []),
        (b"AB" * 151, ["behind", "front"]),
        (b"\n" * 50 + b"AB" + b"\n" * 598, ["tail"]),
        (b"\n" * 50 + b"AB" + b"\n" * 594 + b"END.", ["tail"]),
        (b"\n" * 50 + b"AB" + b"\n" * 599, []),
    ],
)
def test_magics_count_where_they_stand(data: bytes, names: list[str]) -> None:
    """Every format whose magic is at its place is asked, in the order of the list, and no other."""
    found = DETECTOR.all(memoryview(data))

    assert [format_.name for format_ in found] == names
    assert [format_.name for format_ in DETECTOR.front(memoryview(data))] == [name for name in names if name != "tail"]
    assert DETECTOR.may_have_tail(data) is ("tail" in names)


def test_no_formats() -> None:
    """Without formats nothing is found."""
    detector = Detector(())

    assert not detector.all(memoryview(b"PK\3\4"))
    assert not detector.may_have_tail(b"PK\5\6")
