"""Pairs of trees that the unit tests of detectors make, and hostile contents made from them: what every detector is attacked with.

The unit tests run once more, without pytest and with nothing asserted, and the trees that they give to `case` are kept: so a new
detector brings its own syntax along. Tests that want fixtures are left out.
"""

import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, partial
from importlib import import_module
from itertools import count, product
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tests.unit.explaining import cases
from tests.unit.explaining.cases import Tree
from trueware.explaining.contract import Case

_FOLDER = Path(cases.__file__).parent
Pair = tuple[Tree, Tree]
"""Genuine and suspect."""


@cache
def pairs() -> tuple[Pair, ...]:
    """Return the pairs that unit tests make, each once, in order."""
    trees: list[Tree] = []
    make = cases._tree

    def kept(files: Tree, into: Any) -> Any:
        trees.append(dict(files))
        return make(files, into)

    with patch.object(cases, "_tree", kept):
        for file in sorted(_FOLDER.glob("test_*.py")):
            if "cases import" in file.read_text("utf-8"):
                for run in _runs(file.stem):
                    with suppress(Exception, pytest.skip.Exception):  # whether it passes is asked elsewhere
                        run()
    told = zip(trees[::2], trees[1::2], strict=True)
    return tuple({repr((sorted(old.items()), sorted(new.items()))): (old, new) for old, new in told}.values())


def _runs(stem: str) -> Iterator[Callable[[], None]]:
    """Yield the tests of a module, each with its parameters; none where it needs what is not installed."""
    try:
        module = import_module(f"tests.unit.explaining.{stem}")
    except pytest.skip.Exception:
        return
    for name, test in sorted(vars(module).items()):
        if not name.startswith("test_") or hasattr(test, "hypothesis"):
            continue
        marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
        for given in product(*(list(_values(*mark.args)) for mark in marks)):
            arguments = {key: value for each in given for key, value in each.items()}
            if set(inspect.signature(test).parameters) == set(arguments):
                yield partial(test, **arguments)


def _values(names: str | tuple[str, ...], values: Any) -> Iterator[dict[str, Any]]:
    keys = [key.strip() for key in names.split(",")] if isinstance(names, str) else list(names)
    for value in values:
        several = value.values if hasattr(value, "marks") else value  # pytest.param or as it is
        yield dict(zip(keys, several if len(keys) > 1 or hasattr(value, "marks") else (value,), strict=True))


@cache
def cases_of_pairs() -> tuple[tuple[Pair, Case], ...]:
    """Return every pair with the case that it makes."""
    return tuple((pair, cases.case(*pair)) for pair in pairs())


def shapes(seed: bytes, size: int) -> Iterator[tuple[str, bytes]]:
    """Yield contents of about `size` bytes that are hard to read for whoever reads `seed`, by what they are."""
    head, _, _ = seed.partition(b"\n")
    head = head[:256] + b"\n"
    yield "repeated", _filled(seed + b"\n", size)
    lines = [line for line in seed.split(b"\n") if line.strip()][:64] or [b"a"]
    yield "first words differ", _numbered(lines, size, first=True)
    yield "last words differ", _numbered(lines, size, first=False)
    yield "one line", head + _filled(seed.replace(b"\n", b" ") or b"a", size)
    yield "not UTF-8", head + _filled(b"\xff\xfe\x80=\xc3\n", size)
    yield "zeros", seed[:64] + bytes(size)
    for token in dict.fromkeys(re.findall(rb"[^\w\r]", seed[:4096])):
        yield f"{token!r} again and again", head + _filled(token, size)
        yield f"a{token!r} again and again", _filled(b"a" + token, size)
    for line in sorted(lines, key=len)[-2:]:
        at = len(line) // 2
        yield "long word", line[:at] + b"a" * size + line[at:]
        yield "many blanks", line[:at] + b" " * size + line[at:]


def _filled(token: bytes, size: int) -> bytes:
    return (token * (size // len(token) + 1))[:size]


def _numbered(lines: list[bytes], size: int, *, first: bool) -> bytes:
    pattern = re.compile(rb"[A-Za-z]\w*" if first else rb"\w(?=\W*\Z)")
    made: list[bytes] = []
    length = 0
    for number in count():
        line = pattern.sub(rb"\g<0>%d" % number, lines[number % len(lines)], count=1)
        made.append(line)
        length += len(line) + 1
        if length >= size:
            return b"\n".join(made)
    raise AssertionError
