"""Metadata of LVFS and of whoever publishes firmware for fwupd: AppStream's XML, its Jcat signatures, and archives beside it.

::

    <components origin="lvfs"><component type="firmware">
      <id>com.acme.webcam.firmware</id> <name> <developer_name> <provides><firmware type="flashed">GUID</firmware></provides>
      <releases><release version="1.2.4" timestamp="…" urgency="high">
        <location>https://…/file.cab</location> <size type="download|installed">
        <checksum type="sha256" target="container|content|device" filename="…">
        <artifacts><artifact type="binary"><filename> <checksum type="sha256"></artifact></artifacts>
        <issues><issue type="cve">CVE-…</issue></issues>

1. The signatures over the file as it is packed, in ``….jcat`` beside it (`trueware.importing.jcat`), or in ``….asc`` as older ones
   had. A broken one, or one by a key that must not be believed, and it states nothing.
2. It was not signed before one of the same name that was imported: that would be a replay. To know that, the file is a release of
   its own. It does not say until when it holds.
3. Each SHA-256 of a release is a reference: of the archive (container) and of the firmware in it (content). The one who developed
   it is its publisher, by the word of whoever signed. What a device measures (``target="device"``: PCR 0 of UEFI's) is a claim.
4. An archive that lies beside is the one, by its digest; then it is measured.

AppStream has no word for firmware that was withdrawn: LVFS leaves it out. What a release mends (CVE) is told, not what others lack.
Sources: AppStream 1.0, firmware and releases; LVFS documentation, metainfo. LVFS' own metadata was not at hand: the layout is that of
fwupd's tests and of what LVFS documents.
"""

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha256
from xml.etree.ElementTree import Element  # the type: bytes are parsed by defusedxml

from trueware.errors import UntrustedStatement
from trueware.exchange.xml_elements import elements
from trueware.formats.moments import written
from trueware.identifying.contract import claim
from trueware.importing.at_hand import completed
from trueware.importing.contract import Context, Document, Importer
from trueware.importing.places import Place, Places
from trueware.importing.unpacked import gunzipped
from trueware.importing.vouching import Word, signatures_beside, vouched
from trueware.model.claim import Claim
from trueware.model.measured_boot import POLICY, Value, boot_claims, boot_manifest
from trueware.registry.references import Reference, Refused

_NAME = "lvfs"
MAX_PACKED = 1 << 27
MAX_UNPACKED = 1 << 28
"""Bytes; LVFS' metadata has some 2 MB packed, 30 MB unpacked."""

_COMPONENT = "components/component"
_HEAD = 1 << 13
_MOST, _MOST_RELEASES = 64, 4096
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_DIGITS = {"sha1": 40, "sha256": 64, "sha384": 96, "sha512": 128}
_DEVICE = re.compile(r"[0-9a-fA-F]{40,128}")
_MARK = re.compile(rb"<components\b[^>]*>\s*<component\b[^>]*\btype=[\"']firmware[\"']")
_ORIGIN = re.compile(rb"<components\b[^>]*\borigin=[\"']([\w .+-]{1,64})[\"']")


def _recognises(document: Document) -> bool:
    name = document.path.casefold()
    return name.endswith((".xml", ".xml.gz")) and _MARK.search(_beginning(document.head)) is not None


def _beginning(head: bytes) -> bytes:
    if not head.startswith(b"\x1f\x8b"):
        return head[:_HEAD]
    try:
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(head, _HEAD)
    except zlib.error:
        return b""


def _read(document: Document, context: Context) -> Iterator[Reference | Refused]:
    places = Places(document.mirror)
    data = places.hold(document.path, MAX_PACKED)
    place = Place(places, document.path, len(data))
    folder, slash, name = document.path.rpartition("/")
    word = _vouched(place, places, context)  # 1
    said = f"{name}, {word.told}"
    index: Reference | None = None
    if word.signed_at is not None and word.publisher is not None:  # 2
        signed_at = written(word.signed_at)
        said += f" on {signed_at[:10]}"
        origin = _ORIGIN.search(_beginning(data))
        product = f"index {name[:200]}" + (f" of {origin[1].decode()}" if origin else "")
        if (latest := max(context.versions(word.publisher, product), default="")) > signed_at:
            raise UntrustedStatement(f"it was signed on {signed_at}, and one of {latest} was imported before: a replay")
        index = Reference(word.publisher, product, signed_at, sha256(data).digest(), len(data), source=said)
    chunks: Iterable[bytes] = gunzipped([data], MAX_UNPACKED) if data.startswith(b"\x1f\x8b") else [data]
    for path, element in elements(_NAME, chunks, [_COMPONENT]):
        if path == _COMPONENT and element.get("type") == "firmware":
            for file, stated in _component(element, context, said):
                if isinstance(stated, Reference) and file:
                    yield from completed(stated, folder + slash + file, document.mirror, context)  # 4
                else:
                    yield stated
    if index is not None:
        yield index  # the last: an import that was broken off is no import


def _vouched(place: Place, places: Places, context: Context) -> Word:
    from trueware.importing.jcat import signatures_in_jcat  # noqa: PLC0415 (start-up time)

    found = signatures_beside(place, (".asc",), context)
    if places.file(f"{place.path}.jcat") is not None:
        found += signatures_in_jcat(places, f"{place.path}.jcat", place, context)
    return vouched(found, (), context)


def _component(component: Element, context: Context, said: str) -> Iterator[tuple[str, Reference | Refused]]:
    """Yield what a component states (3), each with the name of the file that it may lie in."""
    product = _line(component.findtext("id"))
    publisher = context.publisher or _line(component.findtext("developer_name"))
    if not publisher:
        publisher = _line(component.findtext("developer/name"))
    if not product or not publisher:
        yield "", Refused(product or "a component", "it does not say what it is, or who developed it")
        return
    common = list(claim("product", component.findtext("name") or "", _NAME, ""))
    for guid in component.findall("provides/firmware")[:_MOST]:
        if guid.get("type") == "flashed":
            common += claim("hardware", guid.text or "", _NAME, "")
    for number, release in enumerate(component.findall("releases/release")):
        if number >= _MOST_RELEASES:
            yield "", Refused(product, f"more than {_MOST_RELEASES} releases")
            return
        yield from _release(release, publisher, product, common, said)
        if _is_platform(component):
            stated = Reference(publisher, product, _line(release.get("version")), b"", 0, tuple(common), source=said)
            yield from _boot(release, stated)


def _is_platform(component: Element) -> bool:
    """Tell whether it is a platform's own firmware, the device checksums of which are what PCR 0 holds (fwupd, HSI)."""
    protocols = (each.text for each in component.findall("custom/value") if each.get("key") == "LVFS::UpdateProtocol")
    return component.get("type") == "firmware" and "org.uefi.capsule" in protocols


def _release(
    release: Element, publisher: str, product: str, common: list[Claim], said: str
) -> Iterator[tuple[str, Reference | Refused]]:
    version = _line(release.get("version"))
    stated = list(_checksums(release))
    if not version or not stated:
        reason = "no SHA-256 is stated" if version else "a release without a version"
        yield "", Refused(f"{product} {version}".strip(), reason)
        return
    claims = [
        *common,
        *claim("version", version, _NAME, ""),
        *claim("urgency", release.get("urgency") or "", _NAME, ""),
    ]
    for issue in release.findall("issues/issue")[:_MOST]:
        if issue.get("type") == "cve":
            claims += claim("mends", issue.text or "", _NAME, "")
    for each in release.findall("checksum")[:_MOST]:
        if each.get("target") == "device" and _DEVICE.fullmatch(text := (each.text or "").strip()):
            claims += claim("device-checksum", f"{each.get('type', '')}:{text.lower()}", _NAME, "")
    sizes = {each.get("type"): each.text or "" for each in release.findall("size")}
    unique: dict[bytes, tuple[str, str]] = {}
    for digest, of in stated:
        unique.setdefault(digest, of)
    for digest, (role, file) in unique.items():
        size = sizes.get({"container": "download", "content": "installed"}.get(role, ""), "").strip()
        length = int(size) if size.isascii() and size.isdecimal() and len(size) < 16 else 0
        source = f"{said}: {product} {version}, {role}" + (f" {file}" if file else "")
        yield (
            file if role == "container" else "",
            Reference(publisher, product, version, digest, length, tuple(claims), source=source),
        )


def _boot(release: Element, stated: Reference) -> Iterator[tuple[str, Reference]]:
    """Yield what the release leaves in PCR 0 of a device that runs it, where it states that, as a release of its own."""
    values: list[Value] = []
    for each in release.findall("checksum")[:_MOST]:
        text, kind = (each.text or "").strip().lower(), each.get("type") or ""
        if each.get("target") == "device" and _DIGITS.get(kind) == len(text) and re.fullmatch("[0-9a-f]+", text):
            values.append((kind, 0, bytes.fromhex(text)))
    if any(bank == "sha256" for bank, _, _ in values):
        manifest = boot_manifest(values)
        claims = (*stated.claims, *boot_claims(values, _NAME))
        source = f"{stated.source}: PCR 0 of {stated.product} {stated.version}"
        yield "", replace(stated, sha256=manifest.tree, claims=claims, manifest=manifest, policy=POLICY, source=source)


def _checksums(release: Element) -> Iterator[tuple[bytes, tuple[str, str]]]:
    """Yield the SHA-256 digests of a release, with what they are of and the name of that file."""
    location = _line(release.findtext("location")).rpartition("/")[2]
    for each in release.findall("checksum")[:_MOST]:
        role = each.get("target") or "content"
        if (
            each.get("type") == "sha256"
            and role in ("container", "content")
            and _SHA256.fullmatch(text := (each.text or "").strip())
        ):
            file = location if role == "container" and location else _line(each.get("filename")).rpartition("/")[2]
            yield bytes.fromhex(text), (role, file)
    for artifact in release.findall("artifacts/artifact")[:_MOST]:
        if artifact.get("type") != "binary":
            continue
        file = _line(artifact.findtext("filename")).rpartition("/")[2]
        for each in artifact.findall("checksum")[:_MOST]:
            if each.get("type") == "sha256" and _SHA256.fullmatch(text := (each.text or "").strip()):
                yield bytes.fromhex(text), ("container", file or location)


def _line(text: str | None) -> str:
    """Return a text on one printable line."""
    return next((each.value for each in claim("", text or "", "", "")), "")


IMPORTER = Importer(
    _NAME,
    "LVFS' firmware.xml.gz with its Jcat signatures (PKCS #7, OpenPGP), and the archives beside it",
    _recognises,
    _read,
    ("AppStream 1.0, firmware", "libjcat", "LVFS documentation"),
)
