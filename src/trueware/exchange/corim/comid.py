"""CoMID: what is true of a module of hardware or firmware, as triples of environments and measurements (draft-ietf-rats-corim-11 §5).

::

    concise-mid-tag = { ? 0 language, 1 tag-identity, ? 2 entities, ? 3 linked-tags, 4 triples }
    triples-map     = { ? 0 reference, ? 1 endorsed, ? 2 identity, ? 3 attest-key, ? 4 dependency, ? 5 membership, ? 6 coswid,
                        ? 8 conditional-endorsement-series, ? 10 conditional-endorsement }
    environment-map = { ? 0 class, ? 1 instance, ? 2 group }
    class-map       = { ? 0 class-id, ? 1 vendor, ? 2 model, ? 3 layer, ? 4 index }
    measurement-map = { ? 0 mkey, 1 mval, ? 2 authorized-by }
    measurement-values-map = { ? 0 version, ? 1 svn, ? 2 digests, ? 3 flags, ? 4 raw-value, ? 5 raw-value-mask (deprecated),
                        ? 6 mac-addr, ? 7 ip-addr, ? 8 serial-number, ? 9 ueid, ? 10 uuid, ? 11 name, ? 13 cryptokeys,
                        ? 14 integrity-registers, ? 15 int-range }
"""

from dataclasses import dataclass
from typing import TypeAlias

from trueware.cose.foreign_cbor import Key, Tagged, Value
from trueware.exchange.corim.codec import (
    ANYTHING,
    BOOL,
    BYTES,
    INT,
    TEXT,
    UINT,
    Array,
    Choice,
    Codec,
    Extensions,
    MapOf,
    Members,
    Notes,
    Record,
    Scalar,
    kind_of,
    refuse,
)
from trueware.exchange.corim.common import (
    BYTES_TAG,
    CERT_THUMBPRINT,
    COSE_KEY,
    CRYPTO_KEYS,
    DER_CERT,
    DIGEST,
    DIGESTS,
    INT_RANGE,
    KEY_THUMBPRINT,
    MASKED_RAW_VALUE,
    MIN_SVN,
    OID,
    OLDER,
    PKIX_CERT,
    PKIX_KEY,
    SVN,
    TAG_ID,
    TAG_IDENTITY,
    UEID,
    UEID_BYTES,
    UUID,
    UUID_BYTES,
    VERSION,
    Digest,
    Entity,
    TagIdentity,
    Version,
    entity,
)


@dataclass(frozen=True, slots=True)
class ClassMap:
    """``class-map``: of what kind an environment is."""

    class_id: Value = None
    """`Tagged`: 111 OID, 37 UUID or 560 bytes."""

    vendor: str | None = None
    model: str | None = None
    layer: int | None = None
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """``environment-map``: what is spoken of, by class, instance, group or several of them."""

    class_: ClassMap | None = None
    instance: Value = None
    group: Value = None


Domain: TypeAlias = "Environment | Value"
"""An environment; in older drafts a number, text or UUID."""


@dataclass(frozen=True, slots=True)
class MaskedRawValue:
    """``tagged-masked-raw-value``: bits where the mask is 0 are not compared."""

    value: bytes
    mask: bytes


@dataclass(frozen=True, slots=True)
class IntRange:
    """``tagged-int-range``: both ends included; None is infinite."""

    min: int | None
    max: int | None


@dataclass(frozen=True, slots=True)
class Flags:
    """``flags-map``: modes of operation; None: not known."""

    is_configured: bool | None = None
    is_secure: bool | None = None
    is_recovery: bool | None = None
    is_debug: bool | None = None
    is_replay_protected: bool | None = None
    is_integrity_protected: bool | None = None
    is_runtime_meas: bool | None = None
    is_immutable: bool | None = None
    is_tcb: bool | None = None
    is_confidentiality_protected: bool | None = None
    is_runtime_updatable: bool | None = None
    extensions: Extensions = ()


@dataclass(frozen=True, slots=True)
class MeasurementValues:
    """``measurement-values-map``."""

    version: Version | None = None
    svn: int | Tagged | None = None
    """A number, or `Tagged`: 552 the number itself, 553 the least that is accepted."""

    digests: tuple[Digest, ...] | None = None
    """All of one thing, each by another algorithm."""

    flags: Flags | int | None = None
    """A number in older drafts."""

    raw_value: Value = None
    """`Tagged`: 560 bytes, or 563 with a mask (`masked_of`)."""

    raw_value_mask: bytes | None = None
    """Deprecated: the mask of a raw value with tag 560."""

    mac_addr: bytes | None = None
    ip_addr: bytes | None = None
    serial_number: str | None = None
    ueid: bytes | None = None
    uuid: bytes | None = None
    name: str | None = None
    cryptokeys: tuple[Value, ...] | None = None
    integrity_registers: tuple[tuple[Key, tuple[Digest, ...]], ...] | None = None
    """By number or name of a register, in the order of their encodings."""

    int_range: Value = None
    """A number, or `Tagged` 564 (`range_of`)."""

    extensions: Extensions = ()
    """Profiles' own; negative keys are private (§5.2.1)."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """``measurement-map``: values of one measured element of an environment."""

    mval: MeasurementValues
    mkey: Value = None
    """Which element: `Tagged` 111 OID or 37 UUID, a number or text."""

    authorized_by: tuple[Value, ...] | None = None


@dataclass(frozen=True, slots=True)
class ReferenceTriple:
    """``reference-triple-record``: a state in which an environment may be."""

    ref_env: Environment
    ref_claims: tuple[Measurement, ...]


@dataclass(frozen=True, slots=True)
class EndorsedTriple:
    """``endorsed-triple-record``: what is true of an environment besides its evidence."""

    condition: Environment
    endorsement: tuple[Measurement, ...]


@dataclass(frozen=True, slots=True)
class KeyConditions:
    """Of an identity or attest key triple: which element, and who must have said so."""

    mkey: Value = None
    authorized_by: tuple[Value, ...] | None = None


@dataclass(frozen=True, slots=True)
class IdentityTriple:
    """``identity-triple-record``: keys that were provisioned to a device."""

    environment: Environment
    key_list: tuple[Value, ...]
    conditions: KeyConditions | None = None


@dataclass(frozen=True, slots=True)
class AttestKeyTriple:
    """``attest-key-triple-record``: keys that sign evidence."""

    environment: Environment
    key_list: tuple[Value, ...]
    conditions: KeyConditions | None = None


@dataclass(frozen=True, slots=True)
class TrustDependencyTriple:
    """``trust-dependency-triple-record``: what the trust in an environment depends on."""

    domain_id: Domain
    trustees: tuple[Domain, ...]


@dataclass(frozen=True, slots=True)
class DomainMembershipTriple:
    """``domain-membership-triple-record``: what an environment is made of."""

    domain_id: Domain
    members: tuple[Domain, ...]


@dataclass(frozen=True, slots=True)
class CoswidTriple:
    """``coswid-triple-record``: which CoSWID tags have the reference values of an environment."""

    environment: Environment
    tag_ids: tuple[str | bytes, ...]


@dataclass(frozen=True, slots=True)
class StatefulEnvironment:
    """``stateful-environment-record``: an environment in a state."""

    environment: Environment
    claims_list: tuple[Measurement, ...]


@dataclass(frozen=True, slots=True)
class CommonCondition:
    """What all of a series have for a condition."""

    environment: Environment
    claims_list: tuple[Measurement, ...]
    authorized_by: tuple[Value, ...] | None = None


@dataclass(frozen=True, slots=True)
class ConditionalSeries:
    """``conditional-series-record``: the first whose condition holds adds its own."""

    condition: tuple[Measurement, ...]
    addition: tuple[Measurement, ...]


@dataclass(frozen=True, slots=True)
class ConditionalEndorsementSeriesTriple:
    """``conditional-endorsement-series-triple-record``."""

    common_condition: CommonCondition
    series: tuple[ConditionalSeries, ...]


@dataclass(frozen=True, slots=True)
class ConditionalEndorsementTriple:
    """``conditional-endorsement-triple-record``."""

    conditions: tuple[StatefulEnvironment, ...]
    endorsements: tuple[EndorsedTriple, ...]


@dataclass(frozen=True, slots=True)
class Triples:
    """``triples-map``."""

    reference_triples: tuple[ReferenceTriple, ...] | None = None
    endorsed_triples: tuple[EndorsedTriple, ...] | None = None
    identity_triples: tuple[IdentityTriple, ...] | None = None
    attest_key_triples: tuple[AttestKeyTriple, ...] | None = None
    dependency_triples: tuple[TrustDependencyTriple, ...] | None = None
    membership_triples: tuple[DomainMembershipTriple, ...] | None = None
    coswid_triples: tuple[CoswidTriple, ...] | None = None
    conditional_endorsement_series_triples: tuple[ConditionalEndorsementSeriesTriple, ...] | None = None
    conditional_endorsement_triples: tuple[ConditionalEndorsementTriple, ...] | None = None
    extensions: Extensions = ()


@dataclass(frozen=True, slots=True)
class LinkedTag:
    """``linked-tag-map``: another CoMID that this one supplements (0) or replaces (1)."""

    linked_tag_id: str | bytes
    tag_rel: Value


@dataclass(frozen=True, slots=True)
class ConciseMidTag:
    """``concise-mid-tag``."""

    tag_identity: TagIdentity
    triples: Triples
    language: str | None = None
    entities: tuple[Entity, ...] | None = None
    linked_tags: tuple[LinkedTag, ...] | None = None
    extensions: Extensions = ()


def masked_of(values: MeasurementValues) -> MaskedRawValue | None:
    """Return the raw value with its mask, all bits set where there is none (§8.2.4.4.5.5); None: it has none that can be read."""
    raw = values.raw_value
    if not isinstance(raw, Tagged):
        return None
    if raw.tag == BYTES_TAG and isinstance(raw.value, bytes):
        mask = values.raw_value_mask
        return MaskedRawValue(raw.value, b"\xff" * len(raw.value) if mask is None else mask)
    if raw.tag == MASKED_RAW_VALUE and isinstance(raw.value, tuple) and len(raw.value) == 2:
        wanted, bits = raw.value
        if isinstance(wanted, bytes) and isinstance(bits, bytes):
            return MaskedRawValue(wanted, bits)
    return None


def range_of(value: Value) -> IntRange | None:
    """Return the range that an ``int-range-type-choice`` is: of a number that alone; None where it is neither."""
    if isinstance(value, int) and not isinstance(value, bool):
        return IntRange(value, value)
    if (
        isinstance(value, Tagged)
        and value.tag == INT_RANGE
        and isinstance(value.value, tuple)
        and len(value.value) == 2
    ):
        low, high = value.value
        if _is_bound(low) and _is_bound(high):
            return IntRange(low, high)  # type: ignore[arg-type] # both are bounds
    return None


def _is_bound(value: Value) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


class _Domain:
    """``domain-type``: an environment; older drafts had numbers, text and UUIDs."""

    def decode(self, value: Value, notes: Notes) -> Domain:
        """See `Codec`."""
        if isinstance(value, dict):
            return ENVIRONMENT.decode(value, notes)
        if not isinstance(value, int | str | Tagged) or isinstance(value, bool):
            refuse(f"an environment expected, found {kind_of(value)}")
        notes.add(f"domain: {kind_of(value)} where the draft has an environment-map")
        return value

    def encode(self, value: Domain) -> Value:
        """See `Codec`."""
        return ENVIRONMENT.encode(value) if isinstance(value, Environment) else value


class _Range:
    """``tagged-int-range``, and nothing that has its tag and is none."""

    def decode(self, value: Value, notes: Notes) -> Value:  # noqa: ARG002
        """See `Codec`."""
        if not isinstance(value, tuple) or len(value) != 2 or not all(map(_is_bound, value)):
            refuse("a range has two ends, each an integer or null")
        return value

    def encode(self, value: Value) -> Value:
        """See `Codec`."""
        return value


_OBJECT_ID, _UUID = {OID: BYTES}, {UUID: UUID_BYTES}
_BYTES = {BYTES_TAG: BYTES}
CLASS_ID = Choice("class-id", {**_OBJECT_ID, **_UUID, **_BYTES}, older=OLDER)
INSTANCE_ID = Choice(
    "instance-id",
    {
        UEID: UEID_BYTES,
        **_UUID,
        **_BYTES,
        PKIX_KEY: TEXT,
        PKIX_CERT: TEXT,
        COSE_KEY: ANYTHING,
        KEY_THUMBPRINT: DIGEST,
        CERT_THUMBPRINT: DIGEST,
        DER_CERT: BYTES,
    },
    older=OLDER,
)
GROUP_ID = Choice("group-id", {**_UUID, **_BYTES}, older=OLDER)
CLASS_MAP: Codec[ClassMap] = Members(
    ClassMap,
    "class-map",
    {
        0: ("class_id", CLASS_ID),
        1: ("vendor", TEXT),
        2: ("model", TEXT),
        3: ("layer", UINT),
        4: ("index", UINT),
    },
    non_empty=True,
)
ENVIRONMENT: Codec[Environment] = Members(
    Environment,
    "environment-map",
    {0: ("class_", CLASS_MAP), 1: ("instance", INSTANCE_ID), 2: ("group", GROUP_ID)},
    non_empty=True,
)
FLAGS: Codec[Flags] = Members(
    Flags,
    "flags-map",
    {number: (name, BOOL) for number, name in enumerate(Flags.__dataclass_fields__) if name != "extensions"},
    non_empty=True,
)


class _Flags:
    """``flags-map``; older drafts had a number."""

    def decode(self, value: Value, notes: Notes) -> Flags | int:
        """See `Codec`."""
        if isinstance(value, int) and not isinstance(value, bool):
            notes.add("flags: an integer (an older draft)")
            return value
        return FLAGS.decode(value, notes)

    def encode(self, value: Flags | int) -> Value:
        """See `Codec`."""
        return value if isinstance(value, int) else FLAGS.encode(value)


MKEY = Choice("mkey", {**_OBJECT_ID, **_UUID}, (UINT, TEXT), older=OLDER)
MEASUREMENT_VALUES: Codec[MeasurementValues] = Members(
    MeasurementValues,
    "measurement-values-map",
    {
        0: ("version", VERSION),
        1: ("svn", Choice("svn", {SVN: UINT, MIN_SVN: UINT}, (UINT,), open=False)),
        2: ("digests", DIGESTS),
        3: ("flags", _Flags()),
        4: (
            "raw_value",
            Choice("raw-value", {**_BYTES, MASKED_RAW_VALUE: Record(MaskedRawValue, "masked", BYTES, BYTES)}),
        ),
        5: ("raw_value_mask", BYTES),
        6: ("mac_addr", Choice("mac-addr", plain=(Scalar(bytes, "", 6, 6), Scalar(bytes, "", 8, 8)), open=False)),
        7: ("ip_addr", Choice("ip-addr", plain=(Scalar(bytes, "", 4, 4), Scalar(bytes, "", 16, 16)), open=False)),
        8: ("serial_number", TEXT),
        9: ("ueid", UEID_BYTES),
        10: ("uuid", UUID_BYTES),
        11: ("name", TEXT),
        13: ("cryptokeys", CRYPTO_KEYS),
        14: ("integrity_registers", MapOf(DIGESTS, "integrity-registers")),
        15: ("int_range", Choice("int-range", {INT_RANGE: _Range()}, (INT,), open=False)),
    },
    non_empty=True,
)
MEASUREMENT: Codec[Measurement] = Members(
    Measurement,
    "measurement-map",
    {0: ("mkey", MKEY), 1: ("mval", MEASUREMENT_VALUES), 2: ("authorized_by", CRYPTO_KEYS)},
)
MEASUREMENTS = Array(MEASUREMENT)
_CONDITIONS: Codec[KeyConditions] = Members(
    KeyConditions, "conditions", {0: ("mkey", MKEY), 1: ("authorized_by", CRYPTO_KEYS)}, non_empty=True
)
DOMAIN = _Domain()
REFERENCE_TRIPLE: Codec[ReferenceTriple] = Record(ReferenceTriple, "reference-triple-record", ENVIRONMENT, MEASUREMENTS)
ENDORSED_TRIPLE: Codec[EndorsedTriple] = Record(EndorsedTriple, "endorsed-triple-record", ENVIRONMENT, MEASUREMENTS)
IDENTITY_TRIPLE: Codec[IdentityTriple] = Record(
    IdentityTriple, "identity-triple-record", ENVIRONMENT, CRYPTO_KEYS, _CONDITIONS
)
ATTEST_KEY_TRIPLE: Codec[AttestKeyTriple] = Record(
    AttestKeyTriple, "attest-key-triple-record", ENVIRONMENT, CRYPTO_KEYS, _CONDITIONS
)
STATEFUL_ENVIRONMENT: Codec[StatefulEnvironment] = Record(
    StatefulEnvironment, "stateful-environment-record", ENVIRONMENT, MEASUREMENTS
)
CONDITIONAL_ENDORSEMENT_TRIPLE: Codec[ConditionalEndorsementTriple] = Record(
    ConditionalEndorsementTriple,
    "conditional-endorsement-triple-record",
    Array(STATEFUL_ENVIRONMENT),
    Array(ENDORSED_TRIPLE),
)
_SERIES_TRIPLE: Codec[ConditionalEndorsementSeriesTriple] = Record(
    ConditionalEndorsementSeriesTriple,
    "conditional-endorsement-series-triple-record",
    Record(CommonCondition, "common-condition", ENVIRONMENT, Array(MEASUREMENT, 0), CRYPTO_KEYS),
    Array(Record(ConditionalSeries, "conditional-series-record", MEASUREMENTS, MEASUREMENTS)),
)
TRIPLES: Codec[Triples] = Members(
    Triples,
    "triples-map",
    {
        0: ("reference_triples", Array(REFERENCE_TRIPLE)),
        1: ("endorsed_triples", Array(ENDORSED_TRIPLE)),
        2: ("identity_triples", Array(IDENTITY_TRIPLE)),
        3: ("attest_key_triples", Array(ATTEST_KEY_TRIPLE)),
        4: (
            "dependency_triples",
            Array(Record(TrustDependencyTriple, "trust-dependency-triple-record", DOMAIN, Array(DOMAIN))),
        ),
        5: (
            "membership_triples",
            Array(Record(DomainMembershipTriple, "domain-membership-triple-record", DOMAIN, Array(DOMAIN))),
        ),
        6: ("coswid_triples", Array(Record(CoswidTriple, "coswid-triple-record", ENVIRONMENT, Array(TAG_ID)))),
        8: ("conditional_endorsement_series_triples", Array(_SERIES_TRIPLE)),
        10: ("conditional_endorsement_triples", Array(CONDITIONAL_ENDORSEMENT_TRIPLE)),
    },
    non_empty=True,
)
_TAG_REL = Choice("tag-rel", plain=(Scalar(int, "", 0, 1),))
CONCISE_MID_TAG: Codec[ConciseMidTag] = Members(
    ConciseMidTag,
    "concise-mid-tag",
    {
        0: ("language", TEXT),
        1: ("tag_identity", TAG_IDENTITY),
        2: ("entities", Array(entity("comid-entity-map", (0, 1, 2)))),
        3: (
            "linked_tags",
            Array(Members(LinkedTag, "linked-tag-map", {0: ("linked_tag_id", TAG_ID), 1: ("tag_rel", _TAG_REL)})),
        ),
        4: ("triples", TRIPLES),
    },
)
