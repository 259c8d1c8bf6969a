"""YARA rules from files, compiled for use on what changed. Needs the package's extra ``yara`` (YARA-X, BSD-3-Clause).

A path is a file of rules, or a folder whose files named ``*.yar`` and ``*.yara`` are taken, with those of its folders. Each file has
a namespace of its own, so that two may have rules of one name. A file that does not compile is refused with its name and line: a rule
that is silently not looked for is worse than none. Rules cannot include other files, and have ceilings: seconds for each scan,
matches of each pattern.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from trueware.errors import SourceError
from trueware.model.watchlists import Matcher, Scanned, YaraMatch

if TYPE_CHECKING:
    import yara_x

_ENDINGS = (".yar", ".yara")
_LARGEST, _MOST = 1 << 24, 10_000
"""Bytes of a file of rules; files."""

_SECONDS = 10
"""For one scan of one file."""

_MATCHES = 64
"""Of one pattern; more are not looked for."""

_SHOWN = 4
_SHOWN_MATCHES = 64
_ABOUT = ("description", "desc", "info")
_SOURCE = ("reference", "source", "author")


class RuleFile(NamedTuple):
    """One file of rules."""

    name: str
    text: str


class CompiledRules:
    """Rules that compile. Goes to other processes as text, and is compiled there again."""

    def __init__(self, files: Iterable[RuleFile], seconds: int = _SECONDS) -> None:
        self._files, self._seconds = tuple(files), seconds
        self._scanner  # noqa: B018 (compiles, so that a mistake is told before anything is read)

    def __reduce__(self) -> tuple[type["CompiledRules"], tuple[tuple[RuleFile, ...], int]]:
        return CompiledRules, (self._files, self._seconds)

    @cached_property
    def _scanner(self) -> "yara_x.Scanner":
        import yara_x  # noqa: PLC0415 (an extra of the package, slow to import)

        compiler = yara_x.Compiler(includes_enabled=False)
        for file in self._files:
            compiler.new_namespace(file.name)
            # the error names the first place; all are asked for below
            with suppress(yara_x.CompileError):
                compiler.add_source(file.text, file.name)
        if errors := compiler.errors():
            raise SourceError("; ".join(_told(each) for each in errors[:_SHOWN]))
        scanner = yara_x.Scanner(compiler.build())
        scanner.set_timeout(self._seconds)
        scanner.max_matches_per_pattern(_MATCHES)
        return scanner

    def scan(self, data: bytes) -> Scanned:
        """See `Matcher`."""
        import yara_x  # noqa: PLC0415

        try:
            results = self._scanner.scan(data)
        except (yara_x.TimeoutError, yara_x.ScanError):
            return Scanned((), finished=False)
        return Scanned(tuple(_match(rule) for rule in results.matching_rules[:_SHOWN_MATCHES]), finished=True)


def load_yara_rules(paths: Iterable[str | os.PathLike[str]]) -> CompiledRules:
    """Return the rules of files and folders.

    Raises:
        SourceError: one cannot be read or does not compile, there are none, or the extra is not installed.
    """
    try:
        import yara_x  # noqa: F401, PLC0415
    except ImportError as error:
        raise SourceError("YARA rules need an extra of the package: pip install 'trueware[yara]'") from error
    files = [RuleFile(path, _read(path)) for given in paths for path in _files(os.fspath(given))]
    if not files:
        raise SourceError("no file of YARA rules (*.yar, *.yara) there")
    return CompiledRules(files)


def _files(path: str) -> Iterator[str]:
    if not os.path.isdir(path):
        yield path
        return
    count = 0
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            if name.lower().endswith(_ENDINGS):
                count += 1
                if count > _MOST:
                    raise SourceError(f"{path!r} has more than {_MOST} files of rules")
                yield os.path.join(folder, name)


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise SourceError(f"cannot read {path!r}: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise SourceError(f"{path!r} is too large for rules: at most {_LARGEST} bytes are expected")
    return data.decode("utf-8", "replace")


def _told(error: object) -> str:
    """Return where a rule does not compile, and why."""
    if not isinstance(error, dict):
        return str(error)
    labels = error.get("labels") or [{}]
    file = labels[0].get("code_origin") or "rules"
    return f"{file}:{error.get('line', 0)}: {error.get('title', 'does not compile')}"


def _match(rule: "yara_x.Rule") -> YaraMatch:
    about = {str(name).lower(): str(value) for name, value in rule.metadata}
    found = [(pattern.identifier, match.offset) for pattern in rule.patterns for match in pattern.matches[:1]]
    return YaraMatch(
        rule.identifier,
        os.path.basename(rule.namespace),
        next((about[key] for key in _ABOUT if key in about), ""),
        next((about[key] for key in _SOURCE if key in about), ""),
        tuple(found[:_SHOWN]),
    )


_: type[Matcher] = CompiledRules
