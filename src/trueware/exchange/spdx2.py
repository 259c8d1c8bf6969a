"""SPDX 2.2 and 2.3 (ISO/IEC 5962:2021), in JSON and tag-value.

==============================  ======================================================================================
of a package (§7)               what is taken
==============================  ======================================================================================
name, versionInfo               product and version
supplier, originator            whose software it is: the supplier, else the originator
checksums                       SHA256; other algorithms are named where there is none
externalRefs                    ``purl``, ``cpe22Type``, ``cpe23Type``: claims
packageVerificationCode (§7.9)  checked against the files, see `trueware.exchange.spdx`
hasFiles, CONTAINS, CONTAINED_  the files (§8) in it; in tag-value also those that follow it, up to the next package
==============================  ======================================================================================

RDF/XML, YAML and spreadsheets are not read.
"""

import re
from collections.abc import Iterator
from typing import Any

from trueware.errors import MalformedInput
from trueware.exchange.json_members import decode_text, members
from trueware.exchange.packages import sha256_of, text_of
from trueware.exchange.spdx import NAME, Graph, Item, Listed, agent
from trueware.model.claim import LISTED, Claim

MAX_LINE = 1 << 20
"""Characters of one value in tag-value, over all its lines."""

_LISTS = frozenset({"packages", "files", "relationships"})
_SHA1 = re.compile(r"[0-9A-Fa-f]{40}")
_CLAIMS = {"purl": "purl", "cpe22Type": "cpe", "cpe23Type": "cpe"}
_DIGEST = re.compile(r"\s*([A-Za-z0-9-]+)\s*:\s*([0-9A-Fa-f]+)\s*")


def read_json(data: bytes) -> Graph:
    """Return the document.

    Raises:
        MalformedInput: it is no SPDX 2 in JSON.
        LimitExceeded: too long, or too many elements.
    """
    graph = Graph()
    for key, value in members(NAME, decode_text(NAME, data), _LISTS):
        if key == "spdxVersion":
            graph.version = text_of(value, 16).removeprefix("SPDX-")
        elif key == "documentDescribes":
            graph.subjects.update(each for each in _list(value) if isinstance(each, str))
        elif key in _LISTS:
            if not isinstance(value, dict):
                raise MalformedInput(NAME, 0, f"one of {key} that is no object")
            _ADDERS[key](graph, value)
    if not graph.version.startswith("2."):
        raise MalformedInput(NAME, 0, f"version {graph.version!r}, where 2.x was expected")
    return graph


def _package(graph: Graph, value: dict[str, Any]) -> None:
    item = Item(_id(value), text_of(value.get("name")), text_of(value.get("versionInfo")))
    item.publisher = agent(value.get("supplier")) or agent(value.get("originator"))
    digests = [(each.get("algorithm"), each.get("checksumValue")) for each in _objects(value.get("checksums"))]
    item.sha256, item.weak, _ = _checksums(digests)
    refs = [(each.get("referenceType"), each.get("referenceLocator")) for each in _objects(value.get("externalRefs"))]
    item.claims = _claims(refs)
    code = value.get("packageVerificationCode")
    if isinstance(code, dict):
        item.code = _sha1(code.get("packageVerificationCodeValue"))
        item.excluded = bool(code.get("packageVerificationCodeExcludedFiles"))
    graph.add_package(item)
    for each in _list(value.get("hasFiles")):
        if isinstance(each, str):
            graph.add_contained(item.id, each)


def _file(graph: Graph, value: dict[str, Any]) -> None:
    digests = [(each.get("algorithm"), each.get("checksumValue")) for each in _objects(value.get("checksums"))]
    sha256, _, sha1 = _checksums(digests)
    name = value.get("fileName")
    graph.add_file(_id(value), Listed(name if isinstance(name, str) else "", sha256, sha1))


def _relationship(graph: Graph, value: dict[str, Any]) -> None:
    _relate(graph, *(value.get(key) for key in ("spdxElementId", "relationshipType", "relatedSpdxElement")))


_ADDERS = {"packages": _package, "files": _file, "relationships": _relationship}


def _relate(graph: Graph, one: object, kind: object, other: object) -> None:
    if not isinstance(one, str) or not isinstance(other, str):
        return
    if kind == "CONTAINS":
        graph.add_contained(one, other)
    elif kind == "CONTAINED_BY":
        graph.add_contained(other, one)
    elif kind == "DESCRIBES":
        graph.subjects.add(other)
    elif kind == "DESCRIBED_BY":
        graph.subjects.add(one)


def read_tag_value(data: bytes) -> Graph:
    """Return the document; lines that are no tag with a value are passed by, as are tags that say nothing here.

    Raises:
        MalformedInput: it is no SPDX 2 in tag-value.
        LimitExceeded: too long, or too many elements.
    """
    reader = _Tags(Graph())
    for tag, value in _tags(decode_text(NAME, data)):
        reader.take(tag, value)
    reader.end()
    if not reader.graph.version.startswith("2."):
        raise MalformedInput(NAME, 0, f"version {reader.graph.version!r}, where 2.x was expected")
    return reader.graph


class _Tags:
    """The packages and files of a tag-value document while it is read."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._package: Item | None = None
        self._refs: list[tuple[object, object]] = []
        self._digests: list[tuple[object, object]] = []
        self._file: tuple[str, str] | None = None
        self._within: str | None = None

    def take(self, tag: str, value: str) -> None:
        match tag:
            case "SPDXVersion":
                self.graph.version = value.removeprefix("SPDX-")[:16]
            case "PackageName":
                self.end()
                self._package, self._within = Item("", text_of(value)), None
            case "FileName":
                self.end()
                self._file = ("", value)
            case "SPDXID" if self._file is not None:
                self._file = (value, self._file[1])
            case "SPDXID" if self._package is not None:
                self._package.id = self._within = value
            case "FileChecksum" | "PackageChecksum" if match := _DIGEST.fullmatch(value):
                self._digests.append((match[1], match[2]))
            case "Relationship" if len(words := value.split()) == 3:
                _relate(self.graph, *words)
            case "SnippetSPDXID" | "SnippetSPDXIdentifier" | "LicenseID":
                self.end()
                self._within = None
            case _ if self._package is not None:
                self._take_of_package(self._package, tag, value)

    def _take_of_package(self, package: Item, tag: str, value: str) -> None:
        match tag:
            case "PackageVersion":
                package.version = text_of(value)
            case "PackageSupplier":
                package.publisher = agent(value) or package.publisher
            case "PackageOriginator":
                package.publisher = package.publisher or agent(value)
            case "PackageVerificationCode":
                code, _, rest = value.partition("(")
                package.code, package.excluded = _sha1(code.strip()), bool(rest)
            case "ExternalRef" if len(words := value.split()) == 3:
                self._refs.append((words[1], words[2]))

    def end(self) -> None:
        """Take in the package or file that was being read."""
        sha256, weak, sha1 = _checksums(self._digests)
        if self._file is not None:
            id, name = self._file  # noqa: A001 (the domain's noun)
            self.graph.add_file(id, Listed(name, sha256, sha1))
            if self._within is not None:
                self.graph.add_contained(self._within, id)
        elif self._package is not None:
            package = self._package
            package.sha256, package.weak, package.claims = sha256, weak, _claims(self._refs)
            self.graph.add_package(package)
        self._file, self._package, self._digests, self._refs = None, None, [], []


def _tags(text: str) -> Iterator[tuple[str, str]]:
    """Yield tags with their values, ``<text>`` over several lines included."""
    lines = iter(text.splitlines())
    for line in lines:
        tag, colon, value = line.partition(":")
        value = value.strip()
        if not colon or line.startswith("#"):
            continue
        if value.startswith("<text>"):  # what is in one says nothing here
            while "</text>" not in value:
                value = next(lines, "</text>")
            value = ""
        if len(value) <= MAX_LINE:
            yield tag.strip(), value


def _checksums(digests: list[tuple[object, object]]) -> tuple[bytes | None, tuple[str, ...], str]:
    """Return SHA-256, the names of other digests, and SHA-1; two different SHA-256 are none."""
    found = {digest for name, value in digests if name == "SHA256" and (digest := sha256_of(value)) is not None}
    weak = tuple(name[:32] for name, _ in digests if isinstance(name, str) and name != "SHA256")[:8]
    sha1 = next((value for name, value in digests if name == "SHA1"), "")
    return (found.pop() if len(found) == 1 else None), weak, _sha1(sha1)


def _claims(refs: list[tuple[object, object]]) -> tuple[Claim, ...]:
    said = [(_CLAIMS[kind], text_of(at, 1024)) for kind, at in refs[:64] if isinstance(kind, str) and kind in _CLAIMS]
    return tuple(Claim(kind, value, LISTED, "") for kind, value in said if value)


def _sha1(value: object) -> str:
    return value.lower() if isinstance(value, str) and _SHA1.fullmatch(value) else ""


def _id(value: dict[str, Any]) -> str:
    found = value.get("SPDXID")
    if not isinstance(found, str) or not found:
        raise MalformedInput(NAME, 0, "an element without SPDXID")
    return found


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(value: object) -> list[dict[str, Any]]:
    return [each for each in _list(value) if isinstance(each, dict)]
