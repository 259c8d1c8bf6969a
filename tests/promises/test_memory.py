"""No input takes more memory than is promised: what asks for much is answered in a process that has little."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.promises.under_ceiling import INPUTS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells and limits address space like this")

_MEMORY = 300
"""MB beside the interpreter."""

_SECONDS = 120
"""Until a process that does not end is ended."""

NAMES = [make.__name__.replace("_", "-") for make in INPUTS]


def answers(*arguments: str) -> dict[str, list[str]]:
    """Return the rules found in each input, or that there was no memory."""
    program = Path(__file__).with_name("under_ceiling.py")
    command = [sys.executable, str(program), str(_MEMORY), *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=_SECONDS)
    return dict(json.loads(line) for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
def found() -> dict[str, list[str]]:
    return answers("as-they-are")


@pytest.mark.parametrize("name", NAMES)
def test_input_is_answered_in_little_memory(name: str, found: dict[str, list[str]]) -> None:
    """An image of 200 MB is read without a finding; of each hostile input it is said which ceiling ended it."""
    assert ("limit-reached" in found[name]) == (name != "image-of-200-mb")
    assert "MemoryError" not in found[name]


@pytest.mark.parametrize("name", ["zeros-that-must-be-held", "many-names"])
def test_it_is_the_ceilings_that_hold(name: str) -> None:
    """With the ceilings raised there is not enough memory: the promise above is worth something."""
    assert answers("raised", name) == {name: ["MemoryError"]}
