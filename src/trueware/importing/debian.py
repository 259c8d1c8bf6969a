"""Debian's signed index of an archive, and of Ubuntu and others that have their archives like it: InRelease, Packages, packages.

A mirror folder holds ``dists/<suite>/InRelease`` (or ``Release`` with ``Release.gpg`` beside it), the indexes that this names,
and below ``pool/`` the packages that those name. From the signature down to each file:

1. A signature over the index holds, by a key of an enrolled publisher that may sign this; none of the signatures is broken. Whose
   key it is says whose packages they are. An index that nobody at hand signed states nothing.
2. It holds now: ``Date`` is past, ``Valid-Until`` is not; and it is not older than one of the same suite that was imported before,
   which would be a replay. To know that, each index is a release of its own, whose version is its date.
3. Each ``Packages`` of an architecture is the one that the index names, by size and SHA-256: in whatever packing lies there, under
   its own name or under that of its digest (``Acquire-By-Hash``). What it unpacks to is held to the index as well.
4. Each stanza is a reference: SHA-256 and size of a package, with its name, version and architecture.
5. A package that lies in the mirror is the one that the stanza names, by size and SHA-256, and says the same of itself. Then it is
   measured: its manifest is what lies in the package. One that the registry has measured before is not read again.

Only SHA-256 counts. An architecture or a component of which no index lies in the mirror is passed over.
"""

import re
import zlib
from calendar import timegm
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from lzma import FORMAT_XZ, LZMADecompressor, LZMAError

from trueware.errors import MalformedInput, UntrustedStatement
from trueware.formats.contract import Buffer
from trueware.identifying.stanzas import lines_of, stanzas
from trueware.importing.at_hand import completed
from trueware.importing.contract import Context, Document, Importer, Measured, Mirror
from trueware.model.claim import Claim
from trueware.model.signature import Judged, Outcome, Standing
from trueware.registry.references import Reference, Refused
from trueware.signatures.contract import Context as Verification
from trueware.signatures.contract import Keyring, Site

_NAME = "debian"

MAX_RELEASE = 1 << 24
"""Bytes of an InRelease; Debian's largest has a quarter of a megabyte."""

MAX_PACKED = 1 << 28
"""Bytes of a Packages file as it lies in the mirror; Debian's of main has 9 MB as .xz."""

MAX_UNPACKED = 1 << 30
"""Bytes of a Packages file; Debian's of main has 50 MB."""

MAX_AHEAD = 24 * 3600
"""Seconds by which an index may be dated after now: clocks differ; apt allows ten."""

_XZ_MEMORY = 1 << 28
_STEP = 1 << 20
_LONGEST_SIGNATURE = 1 << 16

_ENTRY = re.compile(r"[ \t]*([0-9a-f]{64})[ \t]+(\d{1,15})[ \t]+([!-~]{1,500})")
_INDEX = re.compile(r"((?:[\w.+~-]+/)*)Packages(|\.xz|\.gz)", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}")
_NUMBER = re.compile(r"\d{1,15}")
_DATE = re.compile(
    r"(?:[A-Z][a-z]{2}, +)?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) +(?:UTC|GMT|\+0000|Z)"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WORD = re.compile(r"[!-~]{1,256}")
_PACKINGS = (".xz", ".gz", "")
"""In this order: the smallest first."""


@dataclass(frozen=True, slots=True)
class _Listed:
    """A file that the index names."""

    path: str
    sha256: bytes
    size: int


@dataclass(frozen=True, slots=True)
class _Index:
    """A signed index, verified."""

    publisher: str
    suite: str
    date: int
    stated: str
    """Its date as the version of a release, such that later is greater: ``2026-07-11T10:16:37Z``."""

    signer: str
    by_hash: bool
    files: Mapping[str, _Listed]
    """By path below the folder of the index."""

    sha256: bytes
    size: int

    @property
    def product(self) -> str:
        return f"index of {self.suite}"

    @property
    def source(self) -> str:
        return f"{self.suite} InRelease of {self.stated[:10]}, {self.signer}"


def _recognises(document: Document) -> bool:
    name = document.path.rpartition("/")[2]
    if name not in ("InRelease", "Release"):
        return False
    signed = document.head.startswith(b"-----BEGIN PGP SIGNED MESSAGE-----")
    return (
        signed == (name == "InRelease") and re.search(rb"(?m)^(?:Suite|Codename|Origin): ", document.head) is not None
    )


def _read(document: Document, context: Context) -> Iterator[Reference | Refused]:
    index = _verified(document, context)
    folder = document.path.rpartition("/")[0]
    within, dists, _ = document.path.rpartition("dists/")
    root = within if dists and (not within or within.endswith("/")) else f"{folder}/" if folder else ""
    bases = dict.fromkeys(match[1] for path in index.files if (match := _INDEX.fullmatch(path)))
    found = 0
    for base in bases:
        at = f"{folder}/{base}" if folder else base
        lying = _packages(document.mirror, index, base, at)
        if isinstance(lying, Refused):
            yield lying
        elif lying is not None:
            found += 1
            yield from _stanzas(lying, index, document.mirror, root, context)
    if not found:
        yield Refused(document.path, "no index of packages that it names lies in the mirror")
    else:  # the last: an import that was broken off is no import
        claims = (Claim("product", index.product, "index", ""), Claim("version", index.stated, "index", ""))
        yield Reference(
            index.publisher, index.product, index.stated, index.sha256, index.size, claims, source=index.source
        )


# --- the index itself --------------------------------------------------------------------------------------------------


def _verified(document: Document, context: Context) -> _Index:
    """Return the index, once its signature and its time are found to hold (checks 1 and 2).

    Raises:
        UntrustedStatement: nobody who is trusted signed it, or it does not hold now.
        MalformedInput: it is no such index.
    """
    from trueware.signatures.openpgp import signed_text  # noqa: PLC0415 (start-up time)

    data = document.mirror.read(document.path, MAX_RELEASE)
    if data is None:
        raise MalformedInput(_NAME, 0, "it is gone")
    text = signed_text(data) if document.path.endswith("InRelease") else data
    (_, fields), *more = stanzas(lines_of([text]), ("sha256",)) if text.strip() else [(0, {}), (0, {})]
    if more or "sha256" not in fields:
        raise MalformedInput(_NAME, 0, "not one stanza with a list of SHA-256 digests")
    suite = fields.get("codename") or fields.get("suite", "")
    if not _WORD.fullmatch(suite):
        raise MalformedInput(_NAME, 0, "it does not say which suite it is of")
    judged = _signed_by(document, data, (Claim("suite", suite, "index", ""),), context)
    date = _time(fields, "date")
    if date > context.now + MAX_AHEAD:
        raise UntrustedStatement(f"the index is dated {fields['date']}, which is not yet")
    if "valid-until" in fields and _time(fields, "valid-until") < context.now:
        raise UntrustedStatement(f"the index held until {fields['valid-until']}")
    key = judged.signature.signer
    index = _Index(
        context.publisher or judged.publisher,
        suite,
        date,
        _stated(fields["date"]),
        f"{judged.reason} ({key.name or key.ids[0]})" if key is not None else judged.reason,
        fields.get("acquire-by-hash", "").casefold() == "yes",
        _files(fields["sha256"]),
        sha256(data).digest(),
        len(data),
    )
    latest = max(context.versions(index.publisher, index.product), default="")
    if latest > index.stated:
        raise UntrustedStatement(f"the index is of {index.stated}, and one of {latest} was imported before: a replay")
    return index


def _signed_by(document: Document, data: bytes, claims: tuple[Claim, ...], context: Context) -> Judged:
    """Return whose signature over the index counts.

    Raises:
        UntrustedStatement: nobody's, or one is broken.
    """
    from trueware.signatures.openpgp import OpenPgp  # noqa: PLC0415 (start-up time)

    site = _Bytes(document.path.rpartition("/")[2], data)
    if document.path.endswith("/Release") or document.path == "Release":
        beside = document.mirror.read(f"{document.path}.gpg", _LONGEST_SIGNATURE)
        if beside is None:
            raise UntrustedStatement("no signature: no Release.gpg lies beside it")
        site = _Bytes(f"{site.name}.gpg", beside, site)
    verification = Verification(context.keyring or Keyring(), context.now, context.limits)
    signatures = tuple(OpenPgp.verify(site, verification))
    broken = next((each for each in signatures if each.outcome is Outcome.BROKEN), None)
    if broken is not None:
        raise UntrustedStatement(f"the signature over the index does not hold: {broken.detail}")
    judged = [context.judge(each, claims) for each in signatures] if context.judge is not None else []
    barred = next((each for each in judged if each.standing is Standing.NEVER_TRUST), None)
    if barred is not None:
        raise UntrustedStatement(barred.reason)
    entitled = next((each for each in judged if each.standing is Standing.ENTITLED), None)
    if entitled is None:
        told = "; ".join(dict.fromkeys(each.reason for each in judged)) or "it has no signature"
        raise UntrustedStatement(f"no publisher's key that is at hand signed the index: {told}")
    if entitled.threshold > len({each.key for each in judged if each.publisher == entitled.publisher}):
        raise UntrustedStatement(f"{entitled.threshold} keys of {entitled.publisher} must sign, and fewer do")
    return entitled


class _Bytes:
    """A document in memory as a place where a signature may be (`trueware.signatures.contract.Site`)."""

    format: str | None = None
    is_folder = False

    def __init__(self, name: str, data: bytes, subject: "_Bytes | None" = None) -> None:
        self.name = self.path = name
        self.size, self.sha256 = len(data), sha256(data).digest()
        self._data, self._subject = data, subject

    def view(self) -> memoryview:
        return memoryview(self._data)

    def chunks(self) -> Iterator[Buffer]:
        yield self._data

    def child(self, path: str) -> Site | None:  # noqa: ARG002
        return None

    def children(self) -> tuple[Site, ...]:
        return ()

    def beside(self, path: str) -> "_Bytes | None":
        return self._subject if self._subject is not None and path == self._subject.name else None

    def above(self) -> Site | None:
        return None


_: type[Site] = _Bytes


def _time(fields: Mapping[str, str], name: str) -> int:
    """Return seconds since 1970; ``Sat, 11 Jul 2026 10:16:37 UTC``, as all archives write it."""
    match = _DATE.fullmatch(fields.get(name, ""))
    if match is None or match[2] not in _MONTHS or not 1 <= int(match[1]) <= 31:
        raise MalformedInput(_NAME, 0, f"{name} is {fields.get(name, '')[:60]!r}, no time in UTC")
    day, month, year, *clock = match.groups()
    return timegm((int(year), _MONTHS.index(month) + 1, int(day), *map(int, clock)))


def _stated(date: str) -> str:
    match = _DATE.fullmatch(date)
    assert match is not None  # noqa: S101 (it was read before)
    day, month, year, *clock = match.groups()
    return f"{year}-{_MONTHS.index(month) + 1:02}-{int(day):02}T{':'.join(clock)}Z"


def _files(text: str) -> dict[str, _Listed]:
    files: dict[str, _Listed] = {}
    for line in text.split("\n"):
        if match := _ENTRY.fullmatch(line):
            digest, size, path = match.groups()
            files.setdefault(path, _Listed(path, bytes.fromhex(digest), int(size)))
    return files


# --- an index of packages ----------------------------------------------------------------------------------------------


def _packages(mirror: Mirror, index: _Index, base: str, at: str) -> Iterator[bytes] | Refused | None:
    """Return the text of the ``Packages`` in a folder, None where none lies there, or why none that does is the one (check 3)."""
    wrong: Refused | None = None
    for packing in _PACKINGS:
        listed = index.files.get(f"{base}Packages{packing}")
        if listed is None or listed.size > MAX_PACKED:
            continue
        names = [f"{at}by-hash/SHA256/{listed.sha256.hex()}"] if index.by_hash else []
        for path in (*names, f"{at}Packages{packing}"):
            if (size := mirror.size(path)) is None:
                continue
            if size != listed.size:
                wrong = Refused(path, f"{size} bytes, {listed.size} in the index")
                continue
            data = mirror.read(path, listed.size) or b""
            if (digest := sha256(data).digest()) != listed.sha256:
                wrong = Refused(path, f"SHA-256 {digest.hex()}, {listed.sha256.hex()} in the index")
                continue
            return _checked(_unpacked(data, packing), index.files.get(f"{base}Packages"), path)
    return wrong


def _unpacked(data: bytes, packing: str) -> Iterator[bytes]:
    try:
        if packing == ".xz":
            yield from _xz(data)
        elif packing == ".gz":
            yield from _gzip(data)
        else:
            yield from (data[at : at + _STEP] for at in range(0, len(data), _STEP))
    except (LZMAError, EOFError, zlib.error) as error:
        raise MalformedInput(_NAME, 0, f"a Packages{packing} that cannot be unpacked: {error}") from error


def _xz(data: bytes) -> Iterator[bytes]:
    while data:
        unpacker = LZMADecompressor(FORMAT_XZ, memlimit=_XZ_MEMORY)
        yield unpacker.decompress(data, _STEP)
        while not unpacker.eof:
            piece = unpacker.decompress(b"", _STEP)
            if not piece and unpacker.needs_input:
                raise EOFError("it ends early")
            yield piece
        data = unpacker.unused_data


def _gzip(data: bytes) -> Iterator[bytes]:
    while data:
        unpacker = zlib.decompressobj(31)
        while not unpacker.eof:
            piece = unpacker.decompress(data, _STEP)
            data = unpacker.unconsumed_tail
            if not piece and not data and not unpacker.eof:
                raise EOFError("it ends early")
            yield piece
        data = unpacker.unused_data


def _checked(chunks: Iterator[bytes], listed: _Listed | None, path: str) -> Iterator[bytes]:
    """Yield a text, held to what the index says of it: its length as it passes, its digest at its end."""
    most = listed.size if listed is not None else MAX_UNPACKED
    size, digest = 0, sha256()
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise MalformedInput(_NAME, 0, f"{path} unpacks to more than {most} bytes")
        digest.update(chunk)
        yield chunk
    if listed is not None and (size != listed.size or digest.digest() != listed.sha256):
        raise UntrustedStatement(f"{path} does not unpack to what the index names")


# --- packages ----------------------------------------------------------------------------------------------------------


def _stanzas(
    chunks: Iterator[bytes], index: _Index, mirror: Mirror, root: str, context: Context
) -> Iterator[Reference | Refused]:
    for line, fields in stanzas(lines_of(chunks)):
        name, version, architecture = (fields.get(key, "") for key in ("package", "version", "architecture"))
        digest, size, path = fields.get("sha256", ""), fields.get("size", ""), fields.get("filename", "")
        if not all(_WORD.fullmatch(word) for word in (name, version, architecture)):
            yield Refused(str(line), "a stanza without Package, Version or Architecture")
        elif not _HEX.fullmatch(digest) or not _NUMBER.fullmatch(size):
            yield Refused(str(line), f"{name} {version}: no SHA-256 and size")
        elif any(piece in ("", ".", "..") for piece in path.split("/")):
            yield Refused(str(line), f"{name} {version}: a Filename that leads out of the archive: {path[:100]!r}")
        else:
            claims = tuple(
                Claim(claim, word, "index", "")
                for claim, word in (("package", name), ("version", version), ("architecture", architecture))
            )
            stated = Reference(
                index.publisher,
                f"{name} ({architecture})",
                version,
                bytes.fromhex(digest),
                int(size),
                claims,
                policy="package",
                source=f"{index.source}: {path}",
            )
            yield from completed(stated, root + path, mirror, context, partial(_contradiction, stated))


def _contradiction(stated: Reference, measured: Measured) -> str | None:
    """Return how the control file of a package contradicts the index."""
    said: dict[str, str] = {}
    for claim in measured.claims:
        if claim.source == "package-control" and claim.part.startswith("control.tar"):
            said.setdefault(claim.name, claim.value)
    for claim in stated.claims:
        if said.get(claim.name) != claim.value:
            return f"it says {claim.name} {said.get(claim.name, '')!r}, and the index {claim.value!r}"
    return None


IMPORTER = Importer(
    "debian",
    "InRelease of Debian, Ubuntu and their like with what it names in a mirror folder, signatures and digests verified",
    _recognises,
    _read,
    ("Debian wiki, DebianRepository/Format", "apt-secure(8)", "Debian Policy §5.1", "RFC 9580 §7"),
)
