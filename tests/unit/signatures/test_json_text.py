"""JSON of signatures is text in UTF-8, and nothing else is guessed."""

import pytest

from trueware.signatures import json_text
from trueware.signatures.refusal import Refusal


def test_with_and_without_a_mark() -> None:
    assert json_text.parse('{"a": "ü"}'.encode()) == json_text.parse(memoryview('{"a": "ü"}'.encode("utf-8-sig")))


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "latin-1"]
)
def test_other_encodings_are_refused(encoding: str) -> None:
    with pytest.raises(Refusal):
        json_text.parse('{"a": "ü"}'.encode(encoding))
