"""SPDX SBOMs, 2.2 and 2.3 in JSON and tag-value, 3.0 in JSON-LD: packages with digests, and with lists of their files.

A verification code of SPDX 2 is held against the files listed. Documents are not signed: third-party authority at most.
"""

from collections.abc import Iterator

from trueware.exchange import spdx, spdx2, spdx3
from trueware.exchange.json_members import MAX_TEXT
from trueware.exchange.packages import references_of
from trueware.importing.contract import Context, Document, Importer
from trueware.registry.references import Reference, Refused

_BEFORE = b"\xef\xbb\xbf \t\r\n"


def _recognises(document: Document) -> bool:
    head = document.head.lstrip(_BEFORE)
    if head[:1] == b"{":
        marked = b'"spdxVersion"' in head or b"//spdx.org/rdf/3." in head
        return marked or document.path.casefold().endswith((".spdx.json", ".spdx.jsonld"))
    return any(line.startswith(b"SPDXVersion:") for line in head[:4096].splitlines())


def _read(document: Document, context: Context) -> Iterator[Reference | Refused]:
    data = document.mirror.read(document.path, MAX_TEXT) or b""
    if document.head.lstrip(_BEFORE)[:1] != b"{":
        graph = spdx2.read_tag_value(data)
    elif b"//spdx.org/rdf/3." in document.head:
        graph = spdx3.read(data)
    else:
        graph = spdx2.read_json(data)
    name = document.path.rpartition("/")[2]
    source = f"{name}, SPDX {graph.version}, not signed"
    for each in spdx.packages(graph, context.publisher, context.limits):
        yield from (Refused(*each),) if isinstance(each, tuple) else references_of(each, source)


IMPORTER = Importer(
    "spdx",
    "SPDX SBOMs: 2.2 and 2.3 in JSON and tag-value, 3.0 in JSON-LD",
    _recognises,
    _read,
    ("ISO/IEC 5962:2021", "SPDX 2.3 §7, §8", "SPDX 3.0.1"),
)
