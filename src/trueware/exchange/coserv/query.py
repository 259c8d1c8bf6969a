"""Queries and their results (draft-ietf-rats-coserv-07 §4).

::

    coserv  = { 0 profile: oid / uri, 1 query, ? 2 results }                     oid: bytes, uri: text; neither has a tag here
    query   = { 0 artifact-type, 1 environment-selector, 2 result-type } / { 3 rim-selector: [ + [ kind, id ] ] }
    environment-selector = { 0 class: [ + [ class-map, ? [ + measurement-map ] ] ] } / { 1 instance: … } / { 2 group: … }
    results = { ( ? 0 rvq, ? 1 evq, ? 2 ceq, ? 3 akq, ? 4 tas, ? 11 source-artifacts: [ + cmw ] ) / 5 rims: { * id => cmw },
                10 expiry }
    quad    = { 1 authorities: [ + crypto-key ], 2 triple }

A query is deterministic CBOR (§4.5), so that equal queries are equal bytes; one that is not is refused. Numbers are those of the
draft: artifact-type 0 endorsed-values, 1 trust-anchors, 2 reference-values; result-type 0 collected, 1 source, 2 both; kind of a RIM
0 comid, 1 coswid, 2 corim.

The draft writes label 2 for the content type in the header of a signed one, which in COSE is ``crit``: 3 is taken and written.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trueware.cose.foreign_cbor import Key, Tagged, Value, decode, encode
from trueware.errors import LimitExceeded, MalformedInput, UntrustedStatement
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
    read,
    refuse,
)
from trueware.exchange.corim.comid import (
    ATTEST_KEY_TRIPLE,
    CLASS_MAP,
    CONDITIONAL_ENDORSEMENT_TRIPLE,
    ENDORSED_TRIPLE,
    GROUP_ID,
    INSTANCE_ID,
    MEASUREMENTS,
    REFERENCE_TRIPLE,
    AttestKeyTriple,
    ClassMap,
    ConditionalEndorsementTriple,
    EndorsedTriple,
    Measurement,
    ReferenceTriple,
)
from trueware.exchange.corim.common import CRYPTO_KEYS, TAG_ID
from trueware.signatures import foreign_sign1 as sign1

if TYPE_CHECKING:
    from trueware.cose.sign1 import PrivateKey

NAME = "coserv"
MEDIA_TYPE = "application/coserv+cbor"
CONTENT_FORMAT = 10000
"""That the draft's CDDL has for the media type, until one is assigned."""

MAX_QUERY = 16 * 1024
"""Bytes of a query; in base64url it still fits into the URIs that servers take."""

MAX_BYTES = 1 << 25
ENDORSED_VALUES, TRUST_ANCHORS, REFERENCE_VALUES = 0, 1, 2
COLLECTED, SOURCE, BOTH = 0, 1, 2
COMID_ID, COSWID_ID, CORIM_ID = 0, 1, 2
_DATE = 0
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
_BASE64 = re.compile(r"[A-Za-z0-9_-]+={0,2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class StatefulClass:
    """A class, in a state where one is given. What of the class is not set matches anything (§4.3.1.2.1)."""

    class_: ClassMap
    measurements: tuple[Measurement, ...] | None = None


@dataclass(frozen=True, slots=True)
class StatefulInstance:
    """An instance, in a state where one is given."""

    instance: Value
    measurements: tuple[Measurement, ...] | None = None


@dataclass(frozen=True, slots=True)
class StatefulGroup:
    """A group, in a state where one is given."""

    group: Value
    measurements: tuple[Measurement, ...] | None = None


@dataclass(frozen=True, slots=True)
class EnvironmentSelector:
    """``environment-selector-map``: one of the three, alternatives within it."""

    class_: tuple[StatefulClass, ...] | None = None
    instance: tuple[StatefulInstance, ...] | None = None
    group: tuple[StatefulGroup, ...] | None = None


@dataclass(frozen=True, slots=True)
class RimSelectorId:
    """A manifest or tag by its name."""

    kind: int
    id: str | bytes


@dataclass(frozen=True, slots=True)
class Query:
    """``query``: by environment (the first three), or by names (the last)."""

    artifact_type: int | None = None
    environment_selector: EnvironmentSelector | None = None
    result_type: int | None = None
    rim_selector: tuple[RimSelectorId, ...] | None = None


@dataclass(frozen=True, slots=True)
class RefvalQuad:
    """A reference value, and who says so."""

    authorities: tuple[Value, ...]
    rv_triple: ReferenceTriple


@dataclass(frozen=True, slots=True)
class EndvalQuad:
    """An endorsed value, and who says so."""

    authorities: tuple[Value, ...]
    ev_triple: EndorsedTriple


@dataclass(frozen=True, slots=True)
class CondEndvalQuad:
    """A conditional endorsement, and who says so."""

    authorities: tuple[Value, ...]
    ce_triple: ConditionalEndorsementTriple


@dataclass(frozen=True, slots=True)
class AkQuad:
    """A key that signs evidence, and who says so."""

    authorities: tuple[Value, ...]
    ak_triple: AttestKeyTriple


@dataclass(frozen=True, slots=True)
class CmwRecord:
    """A message in its wrapper (RFC 9999)."""

    type: int | str
    """Media type, or CoAP content format."""

    value: bytes
    ind: int | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """``results``."""

    expiry: str
    """RFC 3339: after it nothing of this is valid."""

    rvq: tuple[RefvalQuad, ...] | None = None
    evq: tuple[EndvalQuad, ...] | None = None
    ceq: tuple[CondEndvalQuad, ...] | None = None
    akq: tuple[AkQuad, ...] | None = None
    tas: tuple[Value, ...] | None = None
    rims: tuple[tuple[Key, CmwRecord], ...] | None = None
    source_artifacts: tuple[CmwRecord, ...] | None = None
    extensions: Extensions = ()


@dataclass(frozen=True, slots=True)
class Coserv:
    """``coserv``: a query, with its results where it was answered."""

    profile: str | bytes
    query: Query
    results: Results | None = None


class _Query:
    """``query``, which has one of two forms."""

    _members: Codec[Query] = Members(
        Query,
        "query",
        {
            0: ("artifact_type", Scalar(int, "artifact-type", 0, 2)),
            1: (
                "environment_selector",
                Members(
                    EnvironmentSelector,
                    "environment-selector-map",
                    {
                        0: ("class_", Array(Record(StatefulClass, "stateful-class", CLASS_MAP, MEASUREMENTS))),
                        1: (
                            "instance",
                            Array(Record(StatefulInstance, "stateful-instance", INSTANCE_ID, MEASUREMENTS)),
                        ),
                        2: ("group", Array(Record(StatefulGroup, "stateful-group", GROUP_ID, MEASUREMENTS))),
                    },
                    non_empty=True,
                ),
            ),
            2: ("result_type", Scalar(int, "result-type", 0, 2)),
            3: (
                "rim_selector",
                Array(Record(RimSelectorId, "rim-selector-id", Scalar(int, "kind of a RIM", 0, 2), TAG_ID)),
            ),
        },
    )

    def decode(self, value: Value, notes: Notes) -> Query:
        """See `Codec`."""
        query = self._members.decode(value, notes)
        by_environment = (query.artifact_type, query.environment_selector, query.result_type)
        if query.rim_selector is not None:
            if any(each is not None for each in by_environment):
                refuse("query: by environment and by names at once")
            return query
        if any(each is None for each in by_environment):
            refuse("query: artifact-type, environment-selector and result-type belong together")
        selector = query.environment_selector
        if (
            selector is not None
            and sum(each is not None for each in (selector.class_, selector.instance, selector.group)) != 1
        ):
            refuse("query: one of class, instance and group")
        return query

    def encode(self, value: Query) -> Value:
        """See `Codec`."""
        return self._members.encode(value)


class _Rims:
    """``cmw.cbor-collection`` of records, which may be empty (§3.5.2)."""

    _record: Codec[CmwRecord] = Record(CmwRecord, "cmw record", INT_OR_TEXT, BYTES, UINT)

    def decode(self, value: Value, notes: Notes) -> tuple[tuple[Key, CmwRecord], ...]:
        """See `Codec`."""
        if not isinstance(value, dict):
            refuse(f"rims: a map expected, found {kind_of(value)}")
        pairs = sorted(value.items(), key=lambda pair: encode(pair[0]))
        return tuple((key, self._record.decode(each, notes)) for key, each in pairs)

    def encode(self, value: tuple[tuple[Key, CmwRecord], ...]) -> Value:
        """See `Codec`."""
        return {key: self._record.encode(each) for key, each in value}


class _Expiry:
    """``tdate``: RFC 3339 in tag 0."""

    def decode(self, value: Value, notes: Notes) -> str:  # noqa: ARG002
        """See `Codec`."""
        inner = value.value if isinstance(value, Tagged) and value.tag == _DATE else None
        if not isinstance(inner, str) or _RFC3339.fullmatch(inner) is None:
            refuse(f"a date (tag 0, RFC 3339) expected, found {kind_of(value)}")
        return inner

    def encode(self, value: str) -> Value:
        """See `Codec`."""
        return Tagged(_DATE, value)


def _quad(made: type[Any], name: str, triple: str, codec: Codec[Any]) -> Codec[Any]:
    return Members(made, name, {1: ("authorities", CRYPTO_KEYS), 2: (triple, codec)})


_RESULTS: Codec[Results] = Members(
    Results,
    "results",
    {
        0: ("rvq", Array(_quad(RefvalQuad, "refval-quad", "rv_triple", REFERENCE_TRIPLE), 0)),
        1: ("evq", Array(_quad(EndvalQuad, "endval-quad", "ev_triple", ENDORSED_TRIPLE), 0)),
        2: ("ceq", Array(_quad(CondEndvalQuad, "cond-endval-quad", "ce_triple", CONDITIONAL_ENDORSEMENT_TRIPLE), 0)),
        3: ("akq", Array(_quad(AkQuad, "ak-quad", "ak_triple", ATTEST_KEY_TRIPLE), 0)),
        4: ("tas", Array(ANYTHING, 0)),
        5: ("rims", _Rims()),
        10: ("expiry", _Expiry()),
        11: ("source_artifacts", Array(_Rims._record)),  # noqa: SLF001 (of this module)
    },
)
_COSERV: Codec[Coserv] = Members(
    Coserv,
    "coserv",
    {
        0: ("profile", Choice("profile", plain=(TEXT, BYTES), open=False)),
        1: ("query", _Query()),
        2: ("results", _RESULTS),
    },
)


def parse(data: bytes) -> Coserv:
    """Return a query, or a query with its results.

    Raises:
        MalformedInput: it is none.
        LimitExceeded: it is too long or too deep.
    """
    if len(data) > MAX_BYTES:
        raise LimitExceeded("bytes of a CoSERV", MAX_BYTES, f"{len(data)} bytes")
    return read(_COSERV, decode(data, NAME), NAME, Notes())


def build(coserv: Coserv) -> bytes:
    """Return it in the deterministic encoding."""
    return encode(_COSERV.encode(coserv))


def parse_query(text: str) -> Coserv:
    """Return a query as it stands in a path: base64url (RFC 7515 §2), with or without padding.

    Raises:
        MalformedInput: it is none, has results, or is not deterministic CBOR (§4.5).
    """
    if len(text) > MAX_QUERY * 4 // 3 + 4:
        raise MalformedInput(NAME, 0, f"a query of {len(text)} characters")
    bare = text.rstrip("=")
    try:
        if _BASE64.fullmatch(text) is None:
            raise BadBase64("a character that has no place there")  # noqa: TRY301
        data = urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except BadBase64 as error:
        raise MalformedInput(NAME, 0, f"no base64url: {error}") from None
    if urlsafe_b64encode(data).rstrip(b"=").decode() != bare:
        raise MalformedInput(NAME, 0, "base64url with bits that are not used")
    found = parse(data)
    if found.results is not None:
        raise MalformedInput(NAME, 0, "a query that has results already")
    if build(found) != data:
        raise MalformedInput(NAME, 0, "a query that is not in deterministic encoding")
    return found


def query_text(coserv: Coserv) -> str:
    """Return a query as it stands in a path: without results, in base64url without padding."""
    return urlsafe_b64encode(build(Coserv(coserv.profile, coserv.query))).rstrip(b"=").decode()


def sign(coserv: Coserv, private_key: "PrivateKey") -> bytes:
    """Return it signed (§4.6); `kid` is the SHA-256 of the key.

    Raises:
        ValueError: a kind of key that is not used.
    """
    from trueware.cose import sign1 as cose  # noqa: PLC0415 (start-up time)
    from trueware.registry.signed import key_id, public_key  # noqa: PLC0415

    headers: dict[int | str, Any] = {
        sign1.CONTENT_TYPE: MEDIA_TYPE,
        sign1.KEY_ID: key_id(public_key(private_key)),
    }
    return cose.sign(headers, build(coserv), private_key)


def verify(data: bytes, spki: bytes, asked: Coserv | None = None) -> Coserv:
    """Return what a signed one says, if the key signed it and it answers what was asked.

    Args:
        data: COSE_Sign1.
        spki: DER SubjectPublicKeyInfo of whoever answers.
        asked: the query; None: it is not compared.

    Raises:
        MalformedInput: it is none.
        LimitExceeded: it is too long or too deep.
        UntrustedStatement: the key did not sign it, or it answers something else.
    """
    message = sign1.parse(data, max_bytes=MAX_BYTES)
    if message.protected.get(sign1.CONTENT_TYPE) not in (MEDIA_TYPE, CONTENT_FORMAT) or message.payload is None:
        raise MalformedInput(NAME, 0, f"no {MEDIA_TYPE} with its payload")
    if not message.verifies(spki, message.payload):
        raise UntrustedStatement("the signature does not fit the answer")
    found = parse(message.payload)
    if asked is not None and (found.profile, found.query) != (asked.profile, asked.query):
        raise UntrustedStatement("it answers another query")
    return found
