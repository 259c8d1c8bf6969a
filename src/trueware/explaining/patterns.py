"""Regular expressions that are compiled when they are first used.

Compiling takes a quarter of a millisecond each. All detectors together have some 500, of which one change needs a few: what the
others cost would be a tenth of verifying an image that is known.
"""

import re
from typing import Any, AnyStr, cast

_METHODS = ("match", "fullmatch", "search", "finditer", "findall", "split", "sub")


class _Later:
    """Stands for a pattern until somebody uses it; from then on its methods are those of the pattern, and cost no more."""

    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self.pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        compiled = re.compile(self.pattern, self._flags)
        for each in _METHODS:
            setattr(self, each, getattr(compiled, each))
        return getattr(compiled, name)


def regex(regular_expression: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what `re.compile` returns, for all that its methods do; a wrong expression is told of when it is used.

    It is no `re.Pattern` to the functions of `re`: give these its `pattern`.
    """
    return cast("re.Pattern[AnyStr]", _Later(regular_expression, flags))
