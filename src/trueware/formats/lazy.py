"""Formats that are imported when they are met: of more than a hundred, one artefact meets a few.

What is needed to meet one, its name and magics, stands in `announced.py`, which `docs/generate.py` makes from the formats
themselves. A format that is not in there yet is imported at once; everything works, only later.
"""

from importlib import import_module
from typing import Any, cast

from trueware.formats.announced import ANNOUNCED
from trueware.formats.contract import Format, Magic

PACKAGE = "trueware.formats"


class Announced:
    """Stands for a format: has its name and magics, and fetches from its class whatever else is asked for."""

    def __init__(self, path: str, name: str, magics: tuple[Magic, ...]) -> None:
        """`path` is the module below this package, a colon, and the class."""
        module, _, self._class = path.partition(":")
        self.__module__ = f"{PACKAGE}.{module}"
        self.name, self.magics = name, magics

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        value = getattr(load(f"{self.__module__.removeprefix(f'{PACKAGE}.')}:{self._class}"), attribute)
        setattr(self, attribute, value)  # the next one to ask finds it here
        return value

    def __repr__(self) -> str:
        return f"<format {self.name}>"


def load(path: str) -> type[Format]:
    """Return the class of a format."""
    module, _, name = path.partition(":")
    return cast("type[Format]", getattr(import_module(f"{PACKAGE}.{module}"), name))


def announce(path: str) -> type[Format]:
    """Return what stands for the format at `path` until it is met."""
    known = ANNOUNCED.get(path)
    if known is None:
        return load(path)
    name, magics = known
    return cast("type[Format]", Announced(path, name, tuple(Magic(offset, value) for offset, value in magics)))
