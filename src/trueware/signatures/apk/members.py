"""The members of a package, as Android and a JAR signature see them: by the directory, each once, with no doubt where they are."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from trueware.errors import InputError
from trueware.formats.contract import Buffer, Reading
from trueware.formats.packages.zip.content import DEFLATE, STORED, content
from trueware.formats.packages.zip.directory import Record, read_directory
from trueware.formats.packages.zip.member import LOCAL_MAGIC, Member, locate
from trueware.model.limits import Limits
from trueware.signatures.apk.archive import is_blank
from trueware.signatures.contract import Site
from trueware.signatures.refusal import broken, uncheckable

_LARGEST = 16 << 20
"""Bytes of a manifest, of a signature file; those of the largest apps have two."""

_DEX = b"dex\n"
_NO_DOUBT = ("other method than the directory", "is in an unknown character set")
"""How reports of the zip reader end that leave Android no doubt: it takes the method of the directory, and names as UTF-8."""


class Members:
    """The members of one package."""

    def __init__(self, site: Site, view: memoryview, directory: int, limits: Limits) -> None:
        """Take the package at `site`, whose directory begins at `directory`."""
        self._site, self._view, self._directory, self._limits = site, view, directory, limits
        self._left = limits.ratio_free + limits.max_ratio * len(view)

    @cached_property
    def all(self) -> tuple[Member, ...]:
        """All, in the order of the directory.

        Raises:
            Refusal: the package can be read in two ways.
        """
        reading = Reading()
        try:
            directory = read_directory(self._view, self._limits, reading)
            if directory.start != self._directory:
                uncheckable("there are two ways to read the directory of the package")
            _refuse_doubts(reading)
            members = tuple(locate(self._view, record, directory.start, reading) for record in directory.records)
        except InputError as error:
            uncheckable(str(error))
        _refuse_doubts(reading)
        end = 0
        for each in sorted(members, key=lambda each: (each.start, each.end)):
            if each.start < end:
                uncheckable(f"{each.path!r} shares bytes with another member")
            end = each.end
        return members

    @cached_property
    def by_name(self) -> dict[str, Member]:
        """The first of each name."""
        return {text(each): each for each in reversed(self.all)}

    def require_nothing_before(self) -> None:
        """Check that nothing that a program would run stands before the first member."""
        start = min((each.start for each in self.all), default=0)
        if bytes(self._view[:4]) == _DEX and start:
            broken("code of Android stands before the first member, where no signature is over it (CVE-2017-13156)")
        if (
            not is_blank(self._view[:start]) and bytes(self._view[:4]) != LOCAL_MAGIC
        ):  # tools put unused headers there to align
            uncheckable(f"{start} bytes stand before the first member, where no signature is over them")

    def between(self) -> int:
        """Return how many bytes stand between members."""
        at = found = 0
        for member in sorted(self.all, key=lambda each: each.start):
            found += max(0, member.start - at)
            at = max(at, member.end)
        return found

    def read(self, member: Member) -> bytes:
        """Return the content of a member that is not large."""
        if member.record.size > _LARGEST:
            uncheckable(f"{member.path!r} has {member.record.size} bytes")
        return b"".join(self.chunks(member))

    def chunks(self, member: Member) -> Iterator[Buffer]:
        """Yield the content of a member.

        Raises:
            Refusal: it cannot be had, or is not what its record says.
        """
        doubts: list[str] = []
        if member.broken:
            uncheckable(f"{member.path!r}: {member.broken}")
        if member.record.flags & 1:
            uncheckable(f"{member.path!r} is encrypted")
        try:
            found = content(
                _as_android(member.record),
                self._view,
                member.data,
                lambda rule, detail: doubts.append(f"{rule}: {detail}"),
            )
            for chunk in found.chunks():
                self._left -= len(chunk)
                if self._left < 0:
                    uncheckable(f"the package unpacks to more than {self._limits.max_ratio:g} times its size")
                yield chunk
        except InputError as error:
            uncheckable(f"{member.path!r}: {error}")
        if doubts:
            uncheckable(f"{member.path!r}: {doubts[0]}")

    def measured(self, member: Member) -> bytes | None:
        """Return the SHA-256 that measuring has of a member, where there is no doubt that it is of the same bytes.

        Where two members are placed alike (``./classes.dex``), it may be that of the other; whoever asks refuses them.
        """
        record = member.record
        if member.path.encode("utf-8", "surrogateescape") != record.name or member.broken:
            return None
        if record.method not in (STORED, DEFLATE):
            return None
        child = self._site.child(member.path)
        if child is None or child.is_folder or child.size != record.size:
            return None
        return child.sha256

    def path(self, member: Member) -> str:
        """Return the path of a member in the artefact."""
        child = self._site.child(member.path)
        return member.path if child is None else child.path


def _refuse_doubts(reading: Reading) -> None:
    for anomaly in reading.anomalies:
        if not anomaly.detail.endswith(_NO_DOUBT):
            uncheckable(f"the package can be read in two ways: {anomaly.path!r}: {anomaly.detail}")


def _as_android(record: Record) -> Record:
    """Return the record as Android takes it: what is not stored is deflated, whatever method is named."""
    return record if record.method == STORED else replace(record, method=DEFLATE)


def text(member: Member) -> str:
    """Return the name of a member as its record has it."""
    return member.record.name.decode("utf-8", "surrogateescape")
