"""SPDX 3.0 in JSON-LD, with the context that the specification publishes (SPDX 3.0.1, "Model and serializations").

The document is an object with ``@context`` and ``@graph``, a list of elements told apart by ``type``:

=========================  ===========================================================================================
type                       what is taken
=========================  ===========================================================================================
software_Package           name, software_packageVersion, suppliedBy (else originatedBy), verifiedUsing,
                           software_packageUrl, externalIdentifier of type cpe22 and cpe23
software_File              name (the path), verifiedUsing
Organization, Person, …    name, where a package names one
Relationship               ``contains``, and its ``completeness``; ``describes``
SpdxDocument, software_    rootElement: what the document describes
Sbom, Bom
=========================  ===========================================================================================

JSON-LD lets anybody write the same with other names; a document with another context is refused, not expanded. Our reading of
the names is that of the published context; no document of another maker was at hand.
"""

import re
from typing import Any

from trueware.errors import MalformedInput
from trueware.exchange.json_members import decode_text, members
from trueware.exchange.packages import sha256_of, text_of
from trueware.exchange.spdx import NAME, Graph, Item, Listed
from trueware.model.claim import LISTED, Claim

_CONTEXT = re.compile(r"https?://spdx\.org/rdf/(3\.[0-9]+(?:\.[0-9]+)?)/spdx-context\.jsonld")
_GRAPH = frozenset({"@graph"})
_SHA1 = re.compile(r"[0-9A-Fa-f]{40}")
_CPE = frozenset({"cpe22", "cpe23"})
_COLLECTIONS = frozenset({"SpdxDocument", "software_Sbom", "Bom"})


def read(data: bytes) -> Graph:
    """Return the document.

    Raises:
        MalformedInput: it is no SPDX 3 in JSON-LD with the published context.
        LimitExceeded: too long, or too many elements.
    """
    graph = Graph()
    names: dict[str, str] = {}
    makers: dict[str, list[str]] = {}
    complete: dict[str, bool] = {}
    for key, value in members(NAME, decode_text(NAME, data), _GRAPH):
        if key == "@context":
            match = _CONTEXT.fullmatch(value) if isinstance(value, str) else None
            if match is None:
                raise MalformedInput(NAME, 0, "another @context than the one that SPDX publishes")
            graph.version = match[1]
        elif key == "@graph":
            if not isinstance(value, dict):
                raise MalformedInput(NAME, 0, "an element that is no object")
            _element(graph, value, names, makers, complete)
    if not graph.version:
        raise MalformedInput(NAME, 0, "no @context")
    for item in graph.packages.values():
        item.publisher = next((names[each] for each in makers.get(item.id, ()) if names.get(each)), "")
        item.complete = complete.get(item.id, False)
    return graph


def _element(
    graph: Graph, value: dict[str, Any], names: dict[str, str], makers: dict[str, list[str]], complete: dict[str, bool]
) -> None:
    kind, id = value.get("type"), value.get("spdxId", value.get("@id"))  # noqa: A001 (the domain's noun)
    if not isinstance(id, str) or not isinstance(kind, str):
        return  # creation info and the like
    if kind == "software_Package":
        item = Item(id, text_of(value.get("name")), text_of(value.get("software_packageVersion")))
        item.sha256, item.weak, _, item.code, item.excluded = _digests(value)
        item.claims = _claims(value)
        makers[id] = [*_ids(value.get("suppliedBy")), *_ids(value.get("originatedBy"))]
        graph.add_package(item)
    elif kind == "software_File":
        sha256, _, sha1, _, _ = _digests(value)
        name = value.get("name")
        graph.add_file(id, Listed(name if isinstance(name, str) else "", sha256, sha1))
    elif kind in _COLLECTIONS:
        graph.subjects.update(_ids(value.get("rootElement")))
    elif kind == "Relationship":
        source = value.get("from")
        if value.get("relationshipType") == "describes":
            graph.subjects.update(_ids(value.get("to")))
        elif value.get("relationshipType") == "contains" and isinstance(source, str):
            for each in _ids(value.get("to")):
                graph.add_contained(source, each)
            # several statements of what a package contains: each has to say that it is all
            stated = value.get("completeness") == "complete"
            complete[source] = complete.get(source, True) and stated
    elif name := text_of(value.get("name")):
        names[id] = name


def _digests(value: dict[str, Any]) -> tuple[bytes | None, tuple[str, ...], str, str, bool]:
    """Return SHA-256, the names of other digests, SHA-1, verification code, and whether files were left out of that."""
    found: set[bytes] = set()
    weak: list[str] = []
    sha1 = code = ""
    excluded = False
    methods = value.get("verifiedUsing")
    for each in methods if isinstance(methods, list) else [methods]:
        if not isinstance(each, dict):
            continue
        algorithm, digest = each.get("algorithm"), each.get("hashValue")
        if each.get("type") == "PackageVerificationCode":
            code = digest.lower() if algorithm == "sha1" and isinstance(digest, str) and _SHA1.fullmatch(digest) else ""
            excluded = bool(each.get("packageVerificationCodeExcludedFile"))
        elif algorithm == "sha256" and (value_ := sha256_of(digest)) is not None:
            found.add(value_)
        elif isinstance(algorithm, str):
            weak.append(algorithm[:32])
            if algorithm == "sha1" and isinstance(digest, str) and _SHA1.fullmatch(digest):
                sha1 = digest.lower()
    return (found.pop() if len(found) == 1 else None), tuple(weak[:8]), sha1, code, excluded


def _claims(value: dict[str, Any]) -> tuple[Claim, ...]:
    identifiers = value.get("externalIdentifier")
    others = [each for each in identifiers[:64] if isinstance(each, dict)] if isinstance(identifiers, list) else []
    cpes = [each.get("identifier") for each in others if each.get("externalIdentifierType") in _CPE]
    said = [("purl", text_of(value.get("software_packageUrl"), 1024)), *(("cpe", text_of(each, 1024)) for each in cpes)]
    return tuple(Claim(kind, text, LISTED, "") for kind, text in said if text)


def _ids(value: object) -> list[str]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]
