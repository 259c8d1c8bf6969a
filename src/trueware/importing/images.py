"""Folders of a vendor's images: each file is a golden sample, measured, and nothing vouches for it but whoever handed the folder in.

1. The caller says whose software it is: a folder does not.
2. What lies beside an image with its name and ``.sha256`` (or ``.sha256sum``) states its digest. One that has another is refused.
   MD5 and SHA-1 can be forged: a file that has those that are stated is not surer for it, and one that has others is refused
   all the same.
3. Product and version are what the name tells; where it tells no version, what the image says of itself, else the name of a folder.
4. An image that the registry has measured before, whoever vouched for it, is not taken again.
"""

import re
from collections.abc import Iterator
from hashlib import new

from trueware.errors import InputError, WorldError
from trueware.importing.at_hand import MAX_MEASURED, with_manifest
from trueware.importing.contract import Context, Document, Importer, Measured, Mirror
from trueware.importing.lists import split_name
from trueware.importing.vouching import Word
from trueware.model.verdict import Authority
from trueware.registry.references import Reference, Refused

_NAME = "images"
_SURE = {".sha256": "sha256", ".sha256sum": "sha256"}
_WEAK = {".md5": "md5", ".md5sum": "md5", ".sha1": "sha1", ".sha1sum": "sha1"}
_OTHERS = (".sig", ".asc", ".gpg", ".sign", ".sha512", ".sha512sum")
_DOCUMENTS = frozenset(
    {"txt", "md", "pdf", "html", "htm", "doc", "docx", "rtf", "csv", "json", "xml", "jpg", "jpeg", "png", "gif", "log"}
)
_LONGEST_STATED = 4096
_DIGEST = re.compile(rb"\\?([0-9A-Fa-f]{32,128})\b|=[ \t]*([0-9A-Fa-f]{32,128})\s*\Z")
_UNKNOWN = "unknown"


def _recognises(document: Document) -> bool:
    return document.is_folder


def _read(document: Document, context: Context) -> Iterator[Reference | Refused]:
    publisher = Word(None, "not signed").whose(context, _NAME)
    mirror = document.mirror
    for path in mirror.names(document.path):
        name = path.rpartition("/")[2]
        if name.startswith(".") or _is_beside(path, mirror):
            continue
        if name.rpartition(".")[2].casefold() in _DOCUMENTS:
            yield Refused(path[:200], "a document, and no image")
            continue
        try:
            yield from _image(path, document, publisher, context)
        except (InputError, WorldError) as error:
            yield Refused(path[:200], str(error))


def _is_beside(path: str, mirror: Mirror) -> bool:
    """Tell whether a file is about another one: its digest or its signature."""
    for ending in (*_SURE, *_WEAK, *_OTHERS):
        if path.casefold().endswith(ending) and mirror.size(path[: -len(ending)]) is not None:
            return True
    return False


def _image(path: str, document: Document, publisher: str, context: Context) -> Iterator[Reference | Refused]:
    mirror, size = document.mirror, document.mirror.size(path) or 0
    if not size:
        yield Refused(path[:200], "it is empty")
        return
    stated = dict(_stated(path, mirror))
    held = mirror.read(path, size) or b"" if size <= MAX_MEASURED else None
    made = {algorithm: new(algorithm, usedforsecurity=False) for algorithm in dict.fromkeys(("sha256", *stated))}
    for chunk in (held,) if held is not None else mirror.chunks(path):
        for each in made.values():
            each.update(chunk)
    other = next((name for name, digest in stated.items() if made[name].digest() != digest), None)
    if other is not None:  # 2
        yield Refused(
            path[:200], f"{other.upper()} {made[other].hexdigest()}, and what lies beside it says {stated[other].hex()}"
        )
        return
    digest = made["sha256"].digest()
    if context.known(digest):  # 4
        return
    weak = [name for name in stated if name != "sha256"]
    if weak and "sha256" not in stated:
        yield Refused(path[:200], f"the {weak[0].upper()} beside it says nothing: it can be forged, SHA-256 is needed")
    surely = ", with the SHA-256 that lies beside it" if "sha256" in stated else ""
    source = f"golden sample{surely}: {path}"
    measured = context.measure(path.rpartition("/")[2], held) if context.measure is not None and held else None
    product, version = _named(path, measured)
    reference = Reference(publisher, product, version, digest, size, authority=Authority.GOLDEN_SAMPLE, source=source)
    yield with_manifest(reference, measured, size) if measured is not None else reference


def _stated(path: str, mirror: Mirror) -> Iterator[tuple[str, bytes]]:
    """Yield the digests that files beside an image state of it, by algorithm."""
    for ending, algorithm in (*_SURE.items(), *_WEAK.items()):
        size = mirror.size(path + ending)
        if size is None:
            continue
        text = mirror.read(path + ending, _LONGEST_STATED) if size <= _LONGEST_STATED else None
        found = _DIGEST.search(text.strip()) if text is not None else None
        digest = bytes.fromhex((found[1] or found[2]).decode()) if found and len(found[1] or found[2]) % 2 == 0 else b""
        if len(digest) != new(algorithm, usedforsecurity=False).digest_size:
            raise _unreadable(path + ending, algorithm)
        yield algorithm, digest


def _unreadable(path: str, algorithm: str) -> InputError:
    return InputError(f"{path} beside it states no {algorithm.upper()}")


def _named(path: str, measured: Measured | None) -> tuple[str, str]:
    """Return product and version (3)."""
    folder, _, name = path.rpartition("/")
    product, version = split_name(name)
    if version == _UNKNOWN and measured is not None:
        said = [each for each in measured.claims if each.name == "version"]
        if said:
            version = min(said, key=lambda each: each.part.count("/")).value
    if version == _UNKNOWN and folder:
        version = split_name(folder)[1]
    return product[:500], version[:500]


IMPORTER = Importer(
    _NAME,
    "a folder of images: golden samples, held to the digests beside them",
    _recognises,
    _read,
)
