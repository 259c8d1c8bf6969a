"""Text as PostgreSQL can hold it, without loss: it refuses NUL, and UTF-8 has no lone surrogates (PostgreSQL 15, §8.3).

Those, and the character that marks them, are written as U+001A (SUBSTITUTE) and four hexadecimal digits; all other text stands as
it is, to be read in ``psql``. The order of the database is therefore not always that of the text: stores sort what they return.
"""

import re
from typing import Any

from sqlalchemy import Text
from sqlalchemy.types import TypeDecorator

from trueware.errors import StoreError

_MARK = "\x1a"
_UNHELD = re.compile("[\0\x1a\ud800-\udfff]")
_HELD = re.compile("\x1a([0-9a-f]{4})?")


def hold(text: str) -> str:
    """Return `text` as the database holds it."""
    return _UNHELD.sub(lambda found: f"{_MARK}{ord(found[0]):04x}", text)


def free(held: str) -> str:
    """Return the text that the database holds as `held`.

    Raises:
        StoreError: nothing is held so.
    """
    return _HELD.sub(_freed, held) if _MARK in held else held


def _freed(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16)) if found[1] else ""
    if not character or not _UNHELD.match(character):
        raise StoreError(f"a text is damaged: {found[0]!r} stands for no character")
    return character


class AnyText(TypeDecorator[str]):
    """A column of text that may hold any `str`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:  # noqa: ARG002 (SQLAlchemy's form)
        return None if value is None else hold(value)

    def process_result_value(self, value: Any, dialect: Any) -> str | None:  # noqa: ARG002 (SQLAlchemy's form)
        return None if value is None else free(value)
