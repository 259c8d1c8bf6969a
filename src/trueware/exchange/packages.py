"""A package as an SBOM, a tag or a hash library states it, and the reference that becomes of it.

What is common to those documents: a package has a name, a version, somebody whose software it is, perhaps a digest of its own
bytes, and perhaps a list of its files. A package with neither digest nor files that have one is refused: nothing can be compared.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from trueware.model.claim import LISTED, Claim
from trueware.model.limits import Limits
from trueware.model.listing import BadPath, Extent, ListedFile, Listing
from trueware.registry.references import Reference, Refused

UNKNOWN = "unknown"
"""Version of what has none; registry entries have one."""

_HEX = re.compile(r"[0-9A-Fa-f]{64}")
_NAMED = 20
"""Files of one package whose refusal is told one by one."""


@dataclass(slots=True)
class Files:
    """The files of one package while a document is read."""

    limits: Limits
    extent: Extent = Extent.OPEN
    listing: Listing = field(init=False)
    without: int = 0
    """How many have no SHA-256."""

    refused: list[tuple[str, str]] = field(default_factory=list)
    """Path and reason of the first that could not be taken."""

    refusals: int = 0

    def __post_init__(self) -> None:
        self.listing = Listing(self.limits.max_path_depth, self.limits.max_name, self.limits.max_entries)

    def add(self, path: str, sha256: bytes | None, size: int = 0) -> None:
        """Take in a file; one that cannot be leaves the list open: it is not all of the package any more."""
        try:
            self.listing.add(ListedFile(path, sha256, size))
        except BadPath as error:
            self.refusals += 1
            self.extent = Extent.OPEN
            if len(self.refused) < _NAMED:
                self.refused.append((path[:200], str(error)))
        else:
            self.without += sha256 is None

    @property
    def comparable(self) -> int:
        """How many files have a SHA-256."""
        return self.listing.count - self.without


@dataclass(frozen=True, slots=True)
class Package:
    """What a document says of one package."""

    publisher: str
    """Empty where nobody says."""

    product: str
    version: str
    sha256: bytes | None = None
    weak: tuple[str, ...] = ()
    """Names of the other digests it has."""

    size: int = 0
    claims: tuple[Claim, ...] = ()
    files: Files | None = None


def references_of(package: Package, source: str) -> Iterator[Reference | Refused]:
    """Yield the reference of a package, and what of it could not be taken.

    Args:
        package: what is said.
        source: which document says so, and how far it was verified.
    """
    where = f"{package.product[:100]} {package.version[:100]}".strip() or "a package"
    files = package.files
    if not package.publisher:
        yield Refused(where, "it does not say whose software it is (--publisher)")
        return
    if files is not None:
        yield from (Refused(f"{where}: {path}", reason) for path, reason in files.refused)
        if files.refusals > len(files.refused):
            yield Refused(where, f"{files.refusals - len(files.refused)} more files were refused")
        if files.without:
            yield Refused(where, f"{files.without} files without SHA-256 cannot be compared")
    manifest = None
    if files is not None and files.comparable:
        manifest = files.listing.manifest(package.product, files.extent)
    if package.sha256 is None and manifest is None:
        yield Refused(where, f"only {', '.join(package.weak)}, SHA-256 is needed" if package.weak else "no digest")
        return
    digest = package.sha256 if package.sha256 is not None else manifest.tree if manifest is not None else b""
    size = package.size or (manifest.size if manifest is not None and package.sha256 is None else 0)
    claims = (*claims_of(package.product, package.version), *package.claims)
    yield Reference(package.publisher, package.product, package.version, digest, size, claims, manifest, source=source)


def claims_of(name: str, version: str) -> tuple[Claim, ...]:
    """Return what a list calls a package, as claims."""
    said = [("package", name), *([("version", version)] if version != UNKNOWN else [])]
    return tuple(Claim(kind, value, LISTED, "") for kind, value in said if value)


def sha256_of(text: object) -> bytes | None:
    """Return the bytes of a SHA-256 in hexadecimal; None where it is none."""
    return bytes.fromhex(text) if isinstance(text, str) and _HEX.fullmatch(text) else None


def text_of(value: object, most: int = 512) -> str:
    """Return a text that can stand in a registry; empty for what is none, cut where it is too long."""
    return " ".join(value.split())[:most] if isinstance(value, str) else ""
