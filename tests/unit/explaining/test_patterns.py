"""Regular expressions that are compiled when they are first used."""

import pkgutil
import re
from importlib import import_module

import pytest

import trueware.explaining
from trueware.explaining.patterns import _Later, regex


def test_it_is_compiled_once_and_then_is_the_pattern() -> None:
    made = regex(r"(?P<letter>A)b+", re.IGNORECASE)
    assert made.pattern == r"(?P<letter>A)b+"
    assert "fullmatch" not in vars(made)
    assert (found := made.fullmatch("aBB")) is not None
    assert found["letter"] == "a"
    assert made.fullmatch == re.compile(r"(?P<letter>A)b+", re.IGNORECASE).fullmatch
    assert made.flags & re.IGNORECASE
    assert made.sub("x", "ab ab") == "x x"
    assert regex(rb"\d").findall(b"1a2") == [b"1", b"2"]


def test_a_wrong_one_is_told_of() -> None:
    with pytest.raises(re.error):
        regex("(").match("(")


def test_all_are_right() -> None:
    checked = 0
    for found in pkgutil.walk_packages(trueware.explaining.__path__, f"{trueware.explaining.__name__}."):
        for name, value in vars(import_module(found.name)).items():
            if isinstance(value, _Later):
                assert value.flags >= 0, name
                checked += 1
    assert checked > 100
