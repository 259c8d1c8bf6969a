"""The CoRIM itself and the tags in it (draft-ietf-rats-corim-11 §4.1, §6).

::

    tagged-unsigned-corim-map = 501({ 0 id, 1 tags: [ + tag ], ? 2 dependent-rims, ? 3 profile, ? 4 rim-validity, ? 5 entities })
    tag            = 505(bytes .cbor CoSWID) / 506(bytes .cbor CoMID) / 508(bytes .cbor concise-tl-tag)
    concise-tl-tag = { 0 tag-identity, 1 tags-list: [ + tag-identity-map ], 2 tl-validity }
    locator-map    = { 0 href: uri / [ + uri ], ? 1 thumbprint: digest / [ + digest ] }

Older drafts that occur and are read: no tag 501; tags as byte strings around 506(map); an array of profiles; tag 500 around all.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeAlias

from trueware.cose.foreign_cbor import Tagged, Value, decode, encode
from trueware.errors import InputError, LimitExceeded, MalformedInput
from trueware.exchange.corim.codec import (
    BYTES,
    TEXT,
    Array,
    Choice,
    Codec,
    Extensions,
    Members,
    Notes,
    OneOrMore,
    kind_of,
    read,
    refuse,
)
from trueware.exchange.corim.comid import CONCISE_MID_TAG, ConciseMidTag
from trueware.exchange.corim.common import (
    DIGEST,
    OID,
    TAG_ID,
    TAG_IDENTITY,
    URI,
    URI_TYPE,
    VALIDITY,
    Digest,
    Entity,
    TagIdentity,
    Validity,
    entity,
)
from trueware.exchange.corim.coswid import CONCISE_SWID_TAG, ConciseSwidTag

NAME = "corim"
MAX_BYTES = 1 << 25
"""Of one document; a list of a hundred thousand files has some 10 MB."""

RESERVED, UNSIGNED, COSWID, COMID, COTS, COTL = 500, 501, 505, 506, 507, 508
MANIFEST_CREATOR, MANIFEST_SIGNER = 1, 2
"""Roles of entities."""


@dataclass(frozen=True, slots=True)
class ConciseTlTag:
    """``concise-tl-tag``: which tags are to be used, all of them or none."""

    tag_identity: TagIdentity
    tags_list: tuple[TagIdentity, ...]
    tl_validity: Validity


Content: TypeAlias = ConciseMidTag | ConciseSwidTag | ConciseTlTag


@dataclass(frozen=True, slots=True)
class Tag:
    """One of the tags of a manifest."""

    number: int
    """Its CBOR tag: 505, 506, 508, or another."""

    content: Content | None
    """None where nobody here reads it; then `raw` is what is in the tag."""

    raw: Value = None
    wrapped: bool = False
    """Whether it is in a byte string together with its tag, as older drafts had it."""


@dataclass(frozen=True, slots=True)
class Locator:
    """``corim-locator-map``: where something lies that this depends on."""

    href: "Value | tuple[Value, ...]"
    thumbprint: Digest | tuple[Digest, ...] | None = None
    extensions: Extensions = ()


@dataclass(frozen=True, slots=True)
class Corim:
    """``corim-map``."""

    id: str | bytes
    tags: tuple[Tag, ...]
    dependent_rims: tuple[Locator, ...] | None = None
    profile: Value = None
    """`Tagged` 32 URI or 111 OID."""

    rim_validity: Validity | None = None
    entities: tuple[Entity, ...] | None = None
    extensions: Extensions = ()
    tagged: bool = True
    """Whether tag 501 is around it, as it must."""


CONCISE_TL_TAG: Codec[ConciseTlTag] = Members(
    ConciseTlTag,
    "concise-tl-tag",
    {0: ("tag_identity", TAG_IDENTITY), 1: ("tags_list", Array(TAG_IDENTITY)), 2: ("tl_validity", VALIDITY)},
)


class _Tags:
    """``$concise-tag-type-choice``."""

    _codecs: ClassVar[dict[int, Codec[Any]]] = {COSWID: CONCISE_SWID_TAG, COMID: CONCISE_MID_TAG, COTL: CONCISE_TL_TAG}

    def decode(self, value: Value, notes: Notes) -> Tag:
        """See `Codec`."""
        if isinstance(value, bytes):
            notes.add("tags: byte strings around tag and content (an older draft)")
            inner = _unpack(value, notes)
            if not isinstance(inner, Tagged):
                refuse(f"a tag expected in the byte string, found {kind_of(inner)}")
            codec = self._codecs.get(inner.tag)
            if codec is None:
                notes.add(f"tags: tag {inner.tag} is kept unread")
                return Tag(inner.tag, None, inner.value, wrapped=True)
            return Tag(inner.tag, codec.decode(inner.value, notes), wrapped=True)
        if not isinstance(value, Tagged):
            refuse(f"a tag expected, found {kind_of(value)}")
        codec = self._codecs.get(value.tag)
        if codec is None:
            notes.add(f"tags: tag {value.tag} is kept unread")
            return Tag(value.tag, None, value.value)
        return Tag(value.tag, codec.decode(_unpack(BYTES.decode(value.value, notes), notes), notes))

    def encode(self, value: Tag) -> Value:
        """See `Codec`."""
        content = value.raw if value.content is None else self._codecs[value.number].encode(value.content)
        if value.wrapped:
            return encode(Tagged(value.number, content))
        return Tagged(value.number, content if value.content is None else encode(content))


def _unpack(data: bytes, notes: Notes) -> Value:
    try:
        return decode(data, "tag", notes.budget)
    except LimitExceeded:
        raise
    except InputError as error:
        refuse(str(error))


class _Profile:
    """``$profile-type-choice``; older drafts had an array of them."""

    _one = Choice("profile", {URI: TEXT, OID: BYTES})

    def decode(self, value: Value, notes: Notes) -> Value:
        """See `Codec`."""
        if isinstance(value, tuple):
            notes.add("profile: an array of profiles (an older draft)")
            return tuple([self._one.decode(each, notes) for each in value])
        return self._one.decode(value, notes)

    def encode(self, value: Value) -> Value:
        """See `Codec`."""
        return value


class _Thumbprint:
    """A digest, which is an array, or an array of digests."""

    _several = Array(DIGEST)

    def decode(self, value: Value, notes: Notes) -> Digest | tuple[Digest, ...]:
        """See `Codec`."""
        if isinstance(value, tuple) and value and isinstance(value[0], tuple):
            return self._several.decode(value, notes)
        return DIGEST.decode(value, notes)

    def encode(self, value: Digest | tuple[Digest, ...]) -> Value:
        """See `Codec`."""
        return DIGEST.encode(value) if isinstance(value, Digest) else self._several.encode(value)


_LOCATOR: Codec[Locator] = Members(
    Locator, "corim-locator-map", {0: ("href", OneOrMore(URI_TYPE)), 1: ("thumbprint", _Thumbprint())}
)
_CORIM: Codec[Corim] = Members(
    Corim,
    "corim-map",
    {
        0: ("id", TAG_ID),
        1: ("tags", Array(_Tags())),
        2: ("dependent_rims", Array(_LOCATOR)),
        3: ("profile", _Profile()),
        4: ("rim_validity", VALIDITY),
        5: ("entities", Array(entity("corim-entity-map", (MANIFEST_CREATOR, MANIFEST_SIGNER)))),
    },
)


def parse(data: bytes, notes: Notes) -> Corim:
    """Return an unsigned manifest.

    Raises:
        MalformedInput: it is none.
        LimitExceeded: it is too long or too deep, or too much is in it.
    """
    if len(data) > MAX_BYTES:
        raise LimitExceeded("bytes of a CoRIM", MAX_BYTES, f"{len(data)} bytes")
    value = decode(data, NAME, notes.budget)
    if isinstance(value, Tagged) and value.tag == RESERVED:
        notes.add("tag 500 around all (an older draft)")
        value = value.value
    tagged = isinstance(value, Tagged)
    if isinstance(value, Tagged):
        if value.tag != UNSIGNED:
            raise MalformedInput(NAME, 0, f"tag {value.tag}, {UNSIGNED} expected")
        value = value.value
    else:
        notes.add("no tag 501 around the manifest (an older draft)")
    found = read(_CORIM, value, NAME, notes)
    signers = [each for each in found.entities or () if MANIFEST_SIGNER in each.role]
    if len(signers) > 1:
        notes.add("entities: more than one manifest-signer")
    return found if tagged else replace(found, tagged=False)


def build(corim: Corim) -> bytes:
    """Return a manifest in the deterministic encoding."""
    value = _CORIM.encode(corim)
    return encode(Tagged(UNSIGNED, value) if corim.tagged else value)


def parse_comid(data: bytes, notes: Notes) -> ConciseMidTag:
    """Return a CoMID by itself: bare, or with tag 506 around its map or its bytes.

    Raises:
        MalformedInput: it is none.
        LimitExceeded: it is too deep, or too much is in it.
    """
    value = decode(data, "comid", notes.budget)
    if isinstance(value, Tagged) and value.tag == COMID:
        value = decode(value.value, "comid", notes.budget) if isinstance(value.value, bytes) else value.value
    return read(CONCISE_MID_TAG, value, "comid", notes)


def parse_cotl(data: bytes, notes: Notes) -> ConciseTlTag:
    """Return a CoTL by itself, bare.

    Raises:
        MalformedInput: it is none.
        LimitExceeded: it is too deep, or too much is in it.
    """
    return read(CONCISE_TL_TAG, decode(data, "cotl", notes.budget), "cotl", notes)


def identity_of(content: Content) -> TagIdentity:
    """Return how a tag is called."""
    if isinstance(content, ConciseSwidTag):
        return TagIdentity(content.tag_id, content.tag_version)
    return content.tag_identity
