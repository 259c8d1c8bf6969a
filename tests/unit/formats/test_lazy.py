"""Formats stand for themselves until they are met."""

import subprocess
import sys

import pytest

from trueware.formats import FORMATS, READERS
from trueware.formats.lazy import announce, load


@pytest.mark.parametrize("path", READERS)
def test_announcement_says_what_the_class_says(path: str) -> None:
    """Name, magics, module and form are those of the class; what it has not, its announcement has not."""
    announced, format_ = announce(path), load(path)

    assert (announced.name, announced.magics, announced.__module__) == (
        format_.name,
        format_.magics,
        format_.__module__,
    )
    assert (announced.doc, announced.matches, announced.read) == (format_.doc, format_.matches, format_.read)
    assert hasattr(announced, "read_stream") == hasattr(format_, "read_stream")


def test_a_format_that_nobody_announced_is_there_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new format works before its announcement is made."""
    monkeypatch.setattr("trueware.formats.lazy.ANNOUNCED", {})

    assert announce(READERS[0]) is load(READERS[0])


def test_names_are_unique() -> None:
    """Each format has a name of its own, and none is listed twice."""
    assert len({format_.name for format_ in FORMATS}) == len(FORMATS) == len(set(READERS))


def test_formats_nobody_meets_are_not_imported() -> None:
    """The list alone imports no reader."""
    program = "import sys, trueware.formats; print([m for m in sys.modules if m.startswith('trueware.formats.vendor')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
