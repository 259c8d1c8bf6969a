"""CoSWID: a software identification tag in CBOR (RFC 9393): what software is made of, and who says so.

::

    concise-swid-tag = { 0 tag-id, 12 tag-version, ? 8 corpus, ? 9 patch, ? 11 supplemental, 1 software-name, ? 13 software-version,
                         ? 14 version-scheme, ? 10 media, ? 5 software-meta, 2 entity, ? 4 link, ? 6 payload / 3 evidence, ? 15 lang }
    payload-entry    = { ? 16 directory, ? 17 file, ? 18 process, ? 19 resource }         evidence: and 35 date, 36 device-id
    directory-entry  = { ? 22 key, ? 23 location, 24 fs-name, ? 25 root, ? 26 path-elements { ? 16 directory, ? 17 file } }
    file-entry       = { the same without path-elements, ? 20 size, ? 21 file-version, ? 7 hash [ alg, value ] }

Where the CDDL has ``one-or-more``, a field here is one, or a tuple (`trueware.exchange.corim.codec.each`). What a map has besides
(``global-attributes``, extensions) is in `extensions`. A tag by itself has tag 1398229316 or none; in a CoRIM 505 is around it.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from trueware.cose.foreign_cbor import Tagged, Value, decode, encode
from trueware.errors import MalformedInput
from trueware.exchange.corim.codec import (
    BOOL,
    INT,
    INT_OR_TEXT,
    TEXT,
    UINT,
    Choice,
    Codec,
    Extensions,
    Members,
    Notes,
    OneOrMore,
    Scalar,
    read,
    refuse,
)
from trueware.exchange.corim.common import DIGEST, TAG_ID, TIME, URI_TYPE, Digest

CBOR_TAG = 1398229316
"""Of a CoSWID by itself (RFC 9393 §7): ``SWID`` in ASCII."""

SEMVER = 16384
"""Of version schemes (§4.1)."""

TAG_CREATOR, SOFTWARE_CREATOR = 1, 2
"""Of roles (§4.2)."""

T = TypeVar("T")
Many: TypeAlias = T | tuple[T, ...]


@dataclass(frozen=True, slots=True)
class SwEntity:
    """``entity-entry``: an organisation, and what it did."""

    entity_name: str
    role: "Many[Value]"
    reg_id: Value = None
    thumbprint: Digest | None = None
    lang: str | None = None
    extensions: Extensions = ()


@dataclass(frozen=True, slots=True)
class Link:
    """``link-entry``."""

    href: Value
    rel: Value
    artifact: str | None = None
    media: str | None = None
    ownership: Value = None
    media_type: str | None = None
    use: Value = None
    lang: str | None = None
    extensions: Extensions = ()


@dataclass(frozen=True, slots=True)
class SoftwareMeta:
    """``software-meta-entry``."""

    activation_status: str | None = None
    channel_type: str | None = None
    colloquial_version: str | None = None
    description: str | None = None
    edition: str | None = None
    entitlement_data_required: bool | None = None
    entitlement_key: str | None = None
    generator: Value = None
    persistent_id: str | None = None
    product: str | None = None
    product_family: str | None = None
    revision: str | None = None
    summary: str | None = None
    unspsc_code: str | None = None
    unspsc_version: str | None = None
    lang: str | None = None
    extensions: Extensions = ()


@dataclass(frozen=True, slots=True)
class FileEntry:
    """``file-entry``."""

    fs_name: str
    size: int | None = None
    file_version: str | None = None
    hash: Digest | None = None
    key: bool | None = None
    location: str | None = None
    root: str | None = None
    lang: str | None = None
    extensions: Extensions = ()


@dataclass(frozen=True, slots=True)
class PathElements:
    """``path-elements``: what is in a folder."""

    directory: "Many[DirectoryEntry] | None" = None
    file: "Many[FileEntry] | None" = None
    extensions: Extensions = ()


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """``directory-entry``."""

    fs_name: str
    path_elements: PathElements | None = None
    key: bool | None = None
    location: str | None = None
    root: str | None = None
    lang: str | None = None
    extensions: Extensions = ()


@dataclass(frozen=True, slots=True)
class ProcessEntry:
    """``process-entry``."""

    process_name: str
    pid: int | None = None
    lang: str | None = None
    extensions: Extensions = ()


@dataclass(frozen=True, slots=True)
class ResourceEntry:
    """``resource-entry``."""

    type: str
    lang: str | None = None
    extensions: Extensions = ()


@dataclass(frozen=True, slots=True)
class Payload:
    """``payload-entry``: what may be installed."""

    directory: Many[DirectoryEntry] | None = None
    file: Many[FileEntry] | None = None
    process: Many[ProcessEntry] | None = None
    resource: Many[ResourceEntry] | None = None
    lang: str | None = None
    extensions: Extensions = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """``evidence-entry``: what was found on a device."""

    directory: Many[DirectoryEntry] | None = None
    file: Many[FileEntry] | None = None
    process: Many[ProcessEntry] | None = None
    resource: Many[ResourceEntry] | None = None
    date: int | float | None = None
    device_id: str | None = None
    location: str | None = None
    lang: str | None = None
    extensions: Extensions = ()


@dataclass(frozen=True, slots=True)
class ConciseSwidTag:
    """``concise-swid-tag``."""

    tag_id: str | bytes
    tag_version: int
    software_name: str
    entity: Many[SwEntity]
    corpus: bool | None = None
    patch: bool | None = None
    supplemental: bool | None = None
    software_version: str | None = None
    version_scheme: Value = None
    media: str | None = None
    software_meta: Many[SoftwareMeta] | None = None
    link: Many[Link] | None = None
    payload: Payload | None = None
    evidence: Evidence | None = None
    lang: str | None = None
    extensions: Extensions = ()

    def __post_init__(self) -> None:
        if self.payload is not None and self.evidence is not None:
            raise ValueError("a payload and evidence exclude each other (RFC 9393 §2.3)")


Table: TypeAlias = dict[int, tuple[str, Codec[Any]]]


class _Folder:
    """``directory-entry``, which holds itself."""

    def decode(self, value: Value, notes: Notes) -> DirectoryEntry:
        """See `Codec`."""
        return _DIRECTORY.decode(value, notes)

    def encode(self, value: DirectoryEntry) -> Value:
        """See `Codec`."""
        return _DIRECTORY.encode(value)


_LANG: Table = {15: ("lang", TEXT)}
_ITEM: Table = {22: ("key", BOOL), 23: ("location", TEXT), 24: ("fs_name", TEXT), 25: ("root", TEXT)}
_CODE = INT_OR_TEXT
_FILE: Codec[FileEntry] = Members(
    FileEntry,
    "file-entry",
    {**_ITEM, **_LANG, 20: ("size", UINT), 21: ("file_version", TEXT), 7: ("hash", DIGEST)},
)
_ELEMENTS: Table = {16: ("directory", OneOrMore(_Folder())), 17: ("file", OneOrMore(_FILE))}
_DIRECTORY: Codec[DirectoryEntry] = Members(
    DirectoryEntry,
    "directory-entry",
    {**_ITEM, **_LANG, 26: ("path_elements", Members(PathElements, "path-elements", _ELEMENTS))},
)
_PROCESS: Codec[ProcessEntry] = Members(
    ProcessEntry, "process-entry", {**_LANG, 27: ("process_name", TEXT), 28: ("pid", INT)}
)
_RESOURCE: Codec[ResourceEntry] = Members(ResourceEntry, "resource-entry", {**_LANG, 29: ("type", TEXT)})
_COLLECTION: Table = {
    **_ELEMENTS,
    **_LANG,
    18: ("process", OneOrMore(_PROCESS)),
    19: ("resource", OneOrMore(_RESOURCE)),
}
_PAYLOAD: Codec[Payload] = Members(Payload, "payload-entry", _COLLECTION)
EVIDENCE: Codec[Evidence] = Members(
    Evidence,
    "evidence-entry",
    {**_COLLECTION, 35: ("date", TIME), 36: ("device_id", TEXT), 23: ("location", TEXT)},
)
_ENTITY: Codec[SwEntity] = Members(
    SwEntity,
    "entity-entry",
    {
        **_LANG,
        31: ("entity_name", TEXT),
        32: ("reg_id", URI_TYPE),
        33: ("role", OneOrMore(_CODE)),
        34: ("thumbprint", DIGEST),
    },
)
_LINK: Codec[Link] = Members(
    Link,
    "link-entry",
    {
        **_LANG,
        10: ("media", TEXT),
        37: ("artifact", TEXT),
        38: ("href", URI_TYPE),
        39: ("ownership", _CODE),
        40: ("rel", _CODE),
        41: ("media_type", TEXT),
        42: ("use", _CODE),
    },
)
_META: Codec[SoftwareMeta] = Members(
    SoftwareMeta,
    "software-meta-entry",
    {
        **_LANG,
        43: ("activation_status", TEXT),
        44: ("channel_type", TEXT),
        45: ("colloquial_version", TEXT),
        46: ("description", TEXT),
        47: ("edition", TEXT),
        48: ("entitlement_data_required", BOOL),
        49: ("entitlement_key", TEXT),
        50: ("generator", Choice("generator", plain=(TEXT, Scalar(bytes, "16 bytes", 16, 16)))),
        51: ("persistent_id", TEXT),
        52: ("product", TEXT),
        53: ("product_family", TEXT),
        54: ("revision", TEXT),
        55: ("summary", TEXT),
        56: ("unspsc_code", TEXT),
        57: ("unspsc_version", TEXT),
    },
)


class _Tag:
    """``concise-swid-tag``, with what the CDDL says of two members at once."""

    _members: Codec[ConciseSwidTag] = Members(
        ConciseSwidTag,
        "concise-swid-tag",
        {
            **_LANG,
            0: ("tag_id", TAG_ID),
            1: ("software_name", TEXT),
            2: ("entity", OneOrMore(_ENTITY)),
            3: ("evidence", EVIDENCE),
            4: ("link", OneOrMore(_LINK)),
            5: ("software_meta", OneOrMore(_META)),
            6: ("payload", _PAYLOAD),
            8: ("corpus", BOOL),
            9: ("patch", BOOL),
            10: ("media", TEXT),
            11: ("supplemental", BOOL),
            12: ("tag_version", INT),
            13: ("software_version", TEXT),
            14: ("version_scheme", _CODE),
        },
    )

    def decode(self, value: Value, notes: Notes) -> ConciseSwidTag:
        """See `Codec`."""
        try:
            return self._members.decode(value, notes)
        except ValueError as error:
            refuse(str(error))

    def encode(self, value: ConciseSwidTag) -> Value:
        """See `Codec`."""
        return self._members.encode(value)


CONCISE_SWID_TAG: Codec[ConciseSwidTag] = _Tag()


def parse(data: bytes, notes: Notes) -> ConciseSwidTag:
    """Return a tag by itself, with its tag or without.

    Raises:
        MalformedInput: it is none.
        LimitExceeded: it is too deep, or too much is in it.
    """
    value = decode(data, "coswid", notes.budget)
    if isinstance(value, Tagged):
        if value.tag != CBOR_TAG:
            raise MalformedInput("coswid", 0, f"tag {value.tag}, {CBOR_TAG} expected")
        value = value.value
    return read(CONCISE_SWID_TAG, value, "coswid", notes)


def build(tag: ConciseSwidTag) -> bytes:
    """Return a tag by itself, with its tag."""
    return encode(Tagged(CBOR_TAG, CONCISE_SWID_TAG.encode(tag)))
