"""Signed lists of checksums, OpenWrt's above all: ``sha256sums``, its signatures, ``profiles.json`` and the images beside it.

From the signature down to each file:

1. The signatures over the list that lie beside it: ``sha256sums.sig`` (usign), ``sha256sums.asc``, ``.gpg`` (OpenPGP). A broken one,
   or one by a key that must not be believed, and the list states nothing. Without one by a publisher's key that is at hand the
   list is somebody's word, and each reference says so.
2. ``profiles.json`` counts if the list names it and it has that digest. It says of which version the files are, for which devices
   an image is and what it was before its own signature was appended (``sha256_unsigned``), which is a reference too.
3. Each line is a reference. What both name has one digest, or is refused.
4. A file of the list that lies in the mirror is the one, by its digest; then it is measured.

No list says when it was made, and a mirror keeps older releases for good reason: an older list is no replay, and says nothing
about what is current.

Sources: OpenWrt ``scripts/json_overview_image_info.py`` and ``include/image-commands.mk`` (append-metadata, where
``sha256_unsigned`` is taken), coreutils' sha256sum.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from trueware.errors import MalformedInput
from trueware.formats.moments import written
from trueware.identifying.contract import claim
from trueware.importing.at_hand import completed
from trueware.importing.contract import Context, Document, Importer
from trueware.importing.lists import Listed, parse_index, split_name
from trueware.importing.places import Places
from trueware.importing.vouching import Word, signatures_beside, vouched
from trueware.model.claim import Claim
from trueware.registry.references import Reference, Refused

_NAME = "sums"
MAX_LIST = 1 << 26
"""Bytes of a list; OpenWrt's longest has some 200 KB."""

MAX_PROFILES = 1 << 26
"""Bytes of ``profiles.json``; OpenWrt's longest has half a megabyte."""

_MAX_PROFILES, _MAX_IMAGES, _MAX_DEVICES = 10_000, 256, 64
_SIGNATURES = (".sig", ".asc", ".gpg")
_PROFILES = "profiles.json"
_LIST = "sha256sums"


def _recognises(document: Document) -> bool:
    name = document.path.rpartition("/")[2]
    if name == _PROFILES:
        return b'"profiles"' in document.head or b'"metadata_version"' in document.head
    beside = document.path[: -len(name)]
    lies = document.mirror.size
    return _is_list(name) and (
        any(lies(document.path + each) is not None for each in _SIGNATURES) or lies(beside + _PROFILES) is not None
    )


def _is_list(name: str) -> bool:
    return name.lower().removesuffix(".txt") in (_LIST, "sha256sum")


@dataclass(frozen=True, slots=True)
class _Image:
    """An image as ``profiles.json`` has it."""

    sha256: bytes | None
    unsigned: bytes | None
    """SHA-256 of it without its signature."""

    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class _Profiles:
    """What ``profiles.json`` says."""

    version: str = ""
    claims: tuple[Claim, ...] = ()
    """Of all files of the target."""

    images: Mapping[str, _Image] | None = None
    """By name."""


def _read(document: Document, context: Context) -> Iterator[Reference | Refused]:
    places = Places(document.mirror)
    folder, slash, name = document.path.rpartition("/")
    before = folder + slash
    path = document.path if name != _PROFILES else before + _LIST
    listed: dict[str, Listed] = {}
    wrong: list[Refused] = []
    if (at := places.file(path)) is not None:
        text = places.hold(path, MAX_LIST).decode("utf-8", "surrogateescape")
        word = vouched(signatures_beside(at, _SIGNATURES, context), (), context)  # 1
        for each in parse_index(text):
            if isinstance(each, Refused):
                wrong.append(each)
            elif listed.setdefault(each.file, each) != each:
                wrong.append(Refused(each.file[:100], "it is listed with two digests"))
    else:
        word = Word(None, f"not signed: no {_LIST} lies beside it")
    yield from wrong
    profiles, refusal = _profiles(places, before, listed if at is not None else None, required=name == _PROFILES)  # 2
    if refusal is not None:
        yield refusal
    said = f"{path.rpartition('/')[2] if at is not None else _PROFILES}, {word.told}"
    if word.signed_at is not None:
        said += f" on {written(word.signed_at)[:10]}"
    for file, stated in _references(listed, profiles, word.whose(context, _NAME), said):  # 3
        if isinstance(stated, Reference) and file is not None:
            yield from completed(stated, before + file, document.mirror, context)  # 4
        else:
            yield stated


# --- profiles.json -----------------------------------------------------------------------------------------------------


def _profiles(
    places: Places, before: str, listed: Mapping[str, Listed] | None, *, required: bool
) -> tuple[_Profiles, Refused | None]:
    """Return what ``profiles.json`` says; nothing where there is none that counts, and why. `listed`: None without a list.

    Raises:
        MalformedInput: it is required, and none.
    """
    path = before + _PROFILES
    if places.file(path) is None:
        return _Profiles(), None
    data = places.hold(path, MAX_PROFILES)
    if listed is not None:
        if (stated := listed.get(_PROFILES)) is None:
            return _Profiles(), Refused(path, f"the list does not name it: {_LEFT_OUT}")
        if (digest := sha256(data).digest()) != stated.sha256:
            detail = f"SHA-256 {digest.hex()} lies there, {stated.sha256.hex()} is listed: {_LEFT_OUT}"
            return _Profiles(), Refused(path, detail)
    try:
        return _parsed(data), None
    except MalformedInput as error:
        if required:
            raise
        return _Profiles(), Refused(path, error.reason)


_LEFT_OUT = "what it says is left out"


def _parsed(data: bytes) -> _Profiles:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MalformedInput(_PROFILES, 0, f"no JSON ({type(error).__name__})") from error
    profiles = value.get("profiles") if isinstance(value, dict) else None
    if not isinstance(profiles, dict) or len(profiles) > _MAX_PROFILES:
        raise MalformedInput(_PROFILES, 0, "no profiles, or too many")
    version = _text(value, "version_number")
    common = tuple(
        said
        for key, name in (
            ("version_number", "version"),
            ("version_code", "build"),
            ("target", "board"),
            ("arch_packages", "architecture"),
        )
        for said in claim(name, _text(value, key), _PROFILES, "")
    )
    images: dict[str, _Image] = {}
    for profile in profiles.values():
        if not isinstance(profile, dict):
            continue
        claims = (*common, *_devices(profile))
        for image in _items(profile, "images", _MAX_IMAGES):
            if isinstance(image, dict) and (name := _text(image, "name")) and name not in images:
                images[name] = _Image(_digest(image, "sha256"), _digest(image, "sha256_unsigned"), claims)
    return _Profiles(version, common, images)


def _devices(profile: Mapping[str, Any]) -> Iterator[Claim]:
    """Yield the devices of a profile: by their names for programs, as images themselves have them, and by those for people."""
    for device in _items(profile, "supported_devices", _MAX_DEVICES):
        if isinstance(device, str):
            yield from claim("product", device, _PROFILES, "")
    for title in _items(profile, "titles", _MAX_DEVICES):
        if isinstance(title, dict):
            words = [_text(title, key) for key in ("vendor", "model", "variant")]
            yield from claim("hardware", _text(title, "title") or " ".join(filter(None, words)), _PROFILES, "")


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _items(value: Mapping[str, Any], key: str, most: int) -> list[Any]:
    found = value.get(key)
    return found[:most] if isinstance(found, list) else []


def _digest(value: Mapping[str, Any], key: str) -> bytes | None:
    try:
        found = bytes.fromhex(_text(value, key))
    except ValueError:
        return None
    return found if len(found) == 32 else None


# --- references --------------------------------------------------------------------------------------------------------


def _references(
    listed: Mapping[str, Listed], profiles: _Profiles, publisher: str, said: str
) -> Iterator[tuple[str | None, Reference | Refused]]:
    """Yield what is stated, with the name of the file that it is of, where one may lie there."""
    images = profiles.images or {}
    for name in dict.fromkeys((*listed, *images)):
        line, image = listed.get(name), images.get(name)
        if line is not None and image is not None and image.sha256 not in (None, line.sha256):
            yield None, Refused(name[:100], f"the list and {_PROFILES} state different digests")
            continue
        digest = line.sha256 if line is not None else image.sha256 if image is not None else None
        if digest is None:
            yield None, Refused(name[:100], f"{_PROFILES} states no SHA-256")
            continue
        product, version = split_name(name)
        if version == "unknown" and profiles.version:
            version = profiles.version
        claims = image.claims if image is not None else profiles.claims
        stated = Reference(publisher, product, version, digest, 0, claims, source=f"{said}: {name}")
        yield name, stated
        unsigned = image.unsigned if image is not None else None
        if unsigned is not None and unsigned != digest:
            before = f"{said}, before its signature was appended: {name}"
            yield None, replace(stated, sha256=unsigned, source=before)


IMPORTER = Importer(
    _NAME,
    "sha256sums of OpenWrt and others with its signature (usign, OpenPGP), profiles.json, and the images beside it",
    _recognises,
    _read,
    ("OpenWrt scripts/json_overview_image_info.py", "OpenWrt include/image-commands.mk", "usign(1)", "RFC 9580"),
)
