"""JAR manifests: sections of ``Name: value`` lines, and where each section lies, for sections are digested as they stand.

Lines end with CR LF, LF or CR; a line that begins with a space goes on with the one before; an empty line ends a section, and
belongs to it. Source: Oracle, "JAR File Specification", Notes on Manifest and Signature Files.
"""

from binascii import Error, a2b_base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from trueware.signatures.refusal import uncheckable

DIGESTS = {"SHA-512": "sha512", "SHA-384": "sha384", "SHA-256": "sha256", "SHA1": "sha1", "SHA": "sha1"}
"""What attributes of digests begin with, strongest first, and what computes them. Before API 18 Android knows the last two."""

WEAK = ("SHA", "SHA1")


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its attributes by name in lower case, and its bytes."""

    attributes: Mapping[str, str]
    raw: bytes = field(repr=False)

    @property
    def name(self) -> str | None:
        """The member that it is about."""
        return self.attributes.get("name")

    def digests(self, ending: str, *, old: bool) -> dict[str, bytes]:
        """Return the digests of the attributes that end with ``-Digest`` and `ending`, by algorithm.

        These are the strongest, and for `old` Androids, which know no other, SHA-1 as well.
        """
        found: dict[str, bytes] = {}
        for name, algorithm in DIGESTS.items():
            value = self.attributes.get(f"{name}-Digest{ending}".lower())
            if value is None or (found and not (old and name in WEAK)):
                continue
            digest = _decoded(value)
            if found.setdefault(algorithm, digest) != digest:
                uncheckable("a section of the manifest has two digests of one kind")
        return found


def read_sections(content: bytes) -> tuple[Section, dict[str, Section]]:
    """Return the main section, and the others by the member they are about.

    Raises:
        Refusal: a section is about no member, or two are about one.
    """
    sections = _sections(content)
    main = next(sections, Section({}, b""))
    named: dict[str, Section] = {}
    for number, section in enumerate(sections, 1):
        if section.name is None:
            uncheckable(f"section {number} of a manifest is about no member")
        if section.name in named:
            uncheckable(f"two sections of a manifest are about {section.name!r}")
        named[section.name] = section
    return main, named


def _sections(content: bytes) -> Iterator[Section]:
    attributes: dict[str, str] = {}
    pending, start, at = b"", 0, 0
    for line in content.splitlines(keepends=True):
        end = at + len(line)
        text = line.rstrip(b"\r\n")
        if text[:1] == b" " and pending:
            pending += text[1:]
        else:
            _take(attributes, pending)
            pending = text
        if not text:
            if attributes:
                yield Section(attributes, content[start:end])
            attributes, start = {}, end
        at = end
    _take(attributes, pending)
    if attributes:
        yield Section(attributes, content[start:])


def _take(attributes: dict[str, str], line: bytes) -> None:
    if not line:
        return
    name, separator, value = line.partition(b": ")
    if not separator:
        name, separator, value = line.partition(b":")
    if not separator or b"\0" in line:
        uncheckable(f"a line of a manifest is no attribute: {line[:40]!r}")
    key = name.decode("utf-8", "surrogateescape").lower()
    if key in attributes:
        uncheckable(f"an attribute stands twice in a section of a manifest: {name[:40]!r}")
    attributes[key] = value.decode("utf-8", "surrogateescape")


def _decoded(value: str) -> bytes:
    try:
        return a2b_base64(value.strip().encode("ascii", "replace"), strict_mode=True)
    except (Error, ValueError):
        uncheckable("a digest of a manifest is no base64")
