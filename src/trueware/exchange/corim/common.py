"""What CoRIM, CoMID and CoTL have in common (draft-ietf-rats-corim-11 §7, §5.1.1, §5.1.4.6).

::

    digest           = [ alg: int / text, val: bytes ]           alg: IANA Named Information (1 is SHA-256, 7 SHA-384)
    validity-map     = { ? 0 not-before: time, 1 not-after: time }           time: tag 1, seconds since 1970
    entity-map       = { 0 entity-name: text, ? 1 reg-id: uri, 2 role: [ + … ], * extension }
    tag-identity-map = { 0 tag-id: text / bytes .size 16, ? 1 tag-version: uint }
    crypto-key       = 554 / 555 / 556 (PEM), 557 / 559 / 561 (digest), 558 (COSE_Key), 560 (bytes), 562 (DER)
"""

from dataclasses import dataclass

from trueware.cose.foreign_cbor import Tagged, Value
from trueware.exchange.corim.codec import (
    ANYTHING,
    BYTES,
    INT_OR_TEXT,
    TEXT,
    UINT,
    Array,
    Choice,
    Codec,
    Extensions,
    Members,
    Notes,
    Record,
    Scalar,
    kind_of,
    refuse,
)

SHA256, SHA384, SHA512 = 1, 7, 8
"""Numbers of digests (IANA Named Information Hash Algorithm Registry)."""

ALGORITHMS: dict[int | str, str] = {
    SHA256: "sha-256",
    SHA384: "sha-384",
    SHA512: "sha-512",
    10: "sha3-256",
    11: "sha3-384",
    12: "sha3-512",
}
"""Their names in the same registry: both mean the same."""

LENGTHS: dict[int | str, int] = {
    SHA256: 32,
    2: 16,
    3: 15,
    4: 12,
    5: 8,
    6: 4,
    SHA384: 48,
    SHA512: 64,
    10: 32,
    11: 48,
    12: 64,
}
"""Bytes of their values; 2 to 6 are SHA-256 cut short."""

URI, UUID, OID = 32, 37, 111
UEID, INT_TAG, SVN, MIN_SVN = 550, 551, 552, 553
PKIX_KEY, PKIX_CERT, PKIX_CERT_PATH, KEY_THUMBPRINT, COSE_KEY, CERT_THUMBPRINT = 554, 555, 556, 557, 558, 559
BYTES_TAG, CERT_PATH_THUMBPRINT, DER_CERT, MASKED_RAW_VALUE, INT_RANGE = 560, 561, 562, 563, 564

OLDER = {
    INT_TAG: "tagged-int of older drafts",
    600: "implementation id of older PSA and CCA profiles",
    601: "reference value id of older PSA profiles",
    602: "platform configuration id of older CCA profiles",
}
"""Tags that occur in public examples and are not the draft's."""


@dataclass(frozen=True, slots=True)
class Digest:
    """A hash of something. For `alg` a number and its name mean the same; see `ALGORITHMS`."""

    alg: int | str
    val: bytes


@dataclass(frozen=True, slots=True)
class Validity:
    """``validity-map``: seconds since 1970, both ends included."""

    not_after: int | float
    not_before: int | float | None = None


@dataclass(frozen=True, slots=True)
class Entity:
    """``entity-map``: an organisation, and what it did."""

    entity_name: Value
    role: tuple[Value, ...]
    """CoRIM: 1 manifest-creator, 2 manifest-signer. CoMID: 0 tag-creator, 1 creator, 2 maintainer."""

    reg_id: Value = None
    extensions: Extensions = ()


@dataclass(frozen=True, slots=True)
class TagIdentity:
    """``tag-identity-map``."""

    tag_id: str | bytes
    """Text, or 16 bytes that are a UUID."""

    tag_version: int | None = None
    """None is 0 (§5.1.1.2)."""


@dataclass(frozen=True, slots=True)
class Version:
    """``version-map``."""

    version: str
    version_scheme: int | str | None = None
    """1 multipartnumeric, 2 multipartnumeric+suffix, 3 alphanumeric, 4 decimal, 16384 semver (RFC 9393 §4.1)."""


class _Time:
    """Epoch-based time with its tag; whole seconds stay integers."""

    def decode(self, value: Value, notes: Notes) -> int | float:  # noqa: ARG002
        """See `Codec`."""
        inner = value.value if isinstance(value, Tagged) and value.tag == 1 else None
        if isinstance(inner, bool) or not isinstance(inner, int | float):
            refuse(f"a time (tag 1) expected, found {kind_of(value)}")
        return inner

    def encode(self, value: float) -> Value:
        """See `Codec`."""
        return Tagged(1, value)


TIME: Codec[int | float] = _Time()
UUID_BYTES = Scalar(bytes, "a UUID of 16 bytes", 16, 16)
UEID_BYTES = Scalar(bytes, "a UEID of 7 to 33 bytes", 7, 33)
URI_TYPE = Choice("uri", {URI: TEXT})
DIGEST: Codec[Digest] = Record(Digest, "digest", INT_OR_TEXT, BYTES)
DIGESTS = Array(DIGEST)
VALIDITY: Codec[Validity] = Members(Validity, "validity-map", {0: ("not_before", TIME), 1: ("not_after", TIME)})
TAG_ID = Choice("tag-id", plain=(TEXT, UUID_BYTES), open=False)
TAG_IDENTITY: Codec[TagIdentity] = Members(
    TagIdentity, "tag-identity-map", {0: ("tag_id", TAG_ID), 1: ("tag_version", UINT)}
)
VERSION: Codec[Version] = Members(Version, "version-map", {0: ("version", TEXT), 1: ("version_scheme", INT_OR_TEXT)})
CRYPTO_KEY = Choice(
    "crypto-key",
    {
        PKIX_KEY: TEXT,
        PKIX_CERT: TEXT,
        PKIX_CERT_PATH: TEXT,
        KEY_THUMBPRINT: DIGEST,
        COSE_KEY: ANYTHING,
        CERT_THUMBPRINT: DIGEST,
        BYTES_TAG: BYTES,
        CERT_PATH_THUMBPRINT: DIGEST,
        DER_CERT: BYTES,
    },
    older=OLDER,
)
CRYPTO_KEYS = Array(CRYPTO_KEY)


def entity(name: str, roles: tuple[int, ...]) -> Codec[Entity]:
    """Return the codec of ``entity-map`` with its roles."""
    role = Choice(f"{name} role", plain=tuple(Scalar(int, "a role", each, each) for each in roles))
    return Members(
        Entity,
        name,
        {
            0: ("entity_name", Choice("entity-name", plain=(TEXT,))),
            1: ("reg_id", URI_TYPE),
            2: ("role", Array(role)),
        },
    )


def text_of(value: Value) -> str:
    """Return the text of a URI, tagged or not; of bytes their hexadecimal, of a UUID its usual form; empty for what has none."""
    inner = value.value if isinstance(value, Tagged) else value
    if isinstance(inner, str):
        return inner
    if isinstance(inner, bytes):
        return uuid_text(inner) if len(inner) == 16 else inner.hex()
    return str(inner) if isinstance(inner, int) and not isinstance(inner, bool) else ""


def uuid_text(raw: bytes) -> str:
    """Return 16 bytes as RFC 9562 §4 writes a UUID."""
    text = raw.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
