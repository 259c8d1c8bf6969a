"""KeyDescription: what the attestation extension (1.3.6.1.4.1.11129.2.1.17) says.

Versions 1 to 4 are Keymaster's, 100 to 500 KeyMint's.

::

    KeyDescription ::= SEQUENCE {
        attestationVersion INTEGER, attestationSecurityLevel ENUMERATED { software 0, trustedEnvironment 1, strongBox 2 },
        keymasterVersion INTEGER, keymasterSecurityLevel ENUMERATED, attestationChallenge OCTET STRING, uniqueId OCTET STRING,
        softwareEnforced AuthorizationList, hardwareEnforced AuthorizationList }
    AuthorizationList ::= SEQUENCE { each field: [tag] EXPLICIT …, ascending by tag }
    RootOfTrust ::= SEQUENCE { verifiedBootKey OCTET STRING, deviceLocked BOOLEAN,
        verifiedBootState ENUMERATED { verified 0, selfSigned 1, unverified 2, failed 3 },
        verifiedBootHash OCTET STRING (version 3 on) }
    AttestationApplicationId (in an OCTET STRING) ::= SEQUENCE {
        SET OF SEQUENCE { packageName OCTET STRING, version INTEGER }, signatureDigests SET OF OCTET STRING }

Source: source.android.com, Key and ID attestation, "Schema"; AOSP hardware/interfaces/security/keymint, KeyCreationResult.aidl.
Fields that are not known are kept by their number and told. The list that hardware enforces counts; what software says is the
system's own word.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from trueware.attestation.android_key.strict_der import CONTEXT, ENUMERATED, FORMAT, SEQUENCE, SET, Element, whole
from trueware.errors import MalformedInput

VERSIONS = frozenset({1, 2, 3, 4, 100, 200, 300, 400, 500})
LATEST = max(VERSIONS)
_LAST_VERSION = 1 << 16


class SecurityLevel(IntEnum):
    """Where the attestation was made, and where the key is."""

    SOFTWARE = 0
    TRUSTED_ENVIRONMENT = 1
    STRONG_BOX = 2


class BootState(IntEnum):
    """VerifiedBootState."""

    VERIFIED = 0
    SELF_SIGNED = 1
    UNVERIFIED = 2
    FAILED = 3


@dataclass(frozen=True, slots=True)
class RootOfTrust:
    """What the boot loader told the secure hardware."""

    boot_key: bytes
    """SHA-256 of the AVB public key, on devices with Keymaster 4 and later; before, the maker's choice. Zeros: none."""

    locked: bool
    state: BootState
    boot_hash: bytes | None
    """Digest over the vbmeta images that were verified; None before version 3."""


@dataclass(frozen=True, slots=True)
class Application:
    """The app that asked for the attestation; the system's word."""

    packages: tuple[tuple[str, int], ...]
    signatures: tuple[bytes, ...]


Value = int | bool | bytes | tuple[int, ...] | RootOfTrust | Application


@dataclass(frozen=True, slots=True)
class AuthorizationList:
    """Fields by the names of the schema."""

    values: Mapping[str, Value]
    unknown: tuple[int, ...] = ()
    """Tags that are not known here."""

    def number(self, name: str) -> int | None:
        """Return a number."""
        found = self.values.get(name)
        return found if isinstance(found, int) and not isinstance(found, bool) else None

    def octets(self, name: str) -> bytes | None:
        """Return bytes."""
        found = self.values.get(name)
        return found if isinstance(found, bytes) else None

    @property
    def root_of_trust(self) -> RootOfTrust | None:
        """What the boot loader said."""
        found = self.values.get("rootOfTrust")
        return found if isinstance(found, RootOfTrust) else None

    @property
    def application(self) -> Application | None:
        """Who asked."""
        found = self.values.get("attestationApplicationId")
        return found if isinstance(found, Application) else None


@dataclass(frozen=True, slots=True)
class KeyDescription:
    """What an attestation says."""

    version: int
    security_level: SecurityLevel
    keymint_version: int
    keymint_security_level: SecurityLevel
    challenge: bytes
    unique_id: bytes = field(repr=False)
    software: AuthorizationList
    hardware: AuthorizationList


_SET, _INT, _NULL, _BYTES, _ROOT, _APPLICATION = range(6)
_FIELDS = {
    1: ("purposes", _SET),
    2: ("algorithm", _INT),
    3: ("keySize", _INT),
    4: ("blockModes", _SET),
    5: ("digests", _SET),
    6: ("paddings", _SET),
    7: ("callerNonce", _NULL),
    8: ("minMacLength", _INT),
    10: ("ecCurve", _INT),
    11: ("mlDsaVariant", _INT),
    200: ("rsaPublicExponent", _INT),
    203: ("mgfDigests", _SET),
    303: ("rollbackResistance", _NULL),
    305: ("earlyBootOnly", _NULL),
    400: ("activeDateTime", _INT),
    401: ("originationExpireDateTime", _INT),
    402: ("usageExpireDateTime", _INT),
    405: ("usageCountLimit", _INT),
    502: ("userSecureId", _INT),
    503: ("noAuthRequired", _NULL),
    504: ("userAuthType", _INT),
    505: ("authTimeout", _INT),
    506: ("allowWhileOnBody", _NULL),
    507: ("trustedUserPresenceRequired", _NULL),
    508: ("trustedConfirmationRequired", _NULL),
    509: ("unlockedDeviceRequired", _NULL),
    600: ("allApplications", _NULL),
    601: ("applicationId", _BYTES),
    701: ("creationDateTime", _INT),
    702: ("origin", _INT),
    703: ("rollbackResistant", _NULL),
    704: ("rootOfTrust", _ROOT),
    705: ("osVersion", _INT),
    706: ("osPatchLevel", _INT),
    709: ("attestationApplicationId", _APPLICATION),
    710: ("attestationIdBrand", _BYTES),
    711: ("attestationIdDevice", _BYTES),
    712: ("attestationIdProduct", _BYTES),
    713: ("attestationIdSerial", _BYTES),
    714: ("attestationIdImei", _BYTES),
    715: ("attestationIdMeid", _BYTES),
    716: ("attestationIdManufacturer", _BYTES),
    717: ("attestationIdModel", _BYTES),
    718: ("vendorPatchLevel", _INT),
    719: ("bootPatchLevel", _INT),
    720: ("deviceUniqueAttestation", _NULL),
    723: ("attestationIdSecondImei", _BYTES),
    724: ("moduleHash", _BYTES),
}
_MOST_UNKNOWN = 32
_LONGEST_KEY, _LONGEST_HASH = 1024, 64
"""Bytes: before Keymaster 4 some say the key itself, not its digest."""


def read_description(data: bytes) -> KeyDescription:
    """Return what the value of the extension says.

    Raises:
        MalformedInput: it is not laid out so, is not DER, or is of another version.
    """
    parts = whole(data, SEQUENCE, "a KeyDescription").inside(SEQUENCE, "a KeyDescription")
    if len(parts) != 8:
        raise MalformedInput(FORMAT, 0, f"{len(parts)} fields, expected 8")
    version = parts[0].integer("attestationVersion")
    if version not in VERSIONS and not LATEST < version < _LAST_VERSION:  # later ones only added fields so far
        parts[0].refuse(f"attestation version {version} is not known")
    return KeyDescription(
        version,
        _level(parts[1]),
        parts[2].integer("keymasterVersion"),
        _level(parts[3]),
        parts[4].octets("attestationChallenge"),
        parts[5].octets("uniqueId"),
        _authorizations(parts[6], version),
        _authorizations(parts[7], version),
    )


def _level(element: Element) -> SecurityLevel:
    number = element.integer("a security level", ENUMERATED)
    if number not in list(SecurityLevel):
        element.refuse(f"no security level {number}")
    return SecurityLevel(number)


def _authorizations(element: Element, version: int) -> AuthorizationList:
    values: dict[str, Value] = {}
    unknown: list[int] = []
    last = -1
    for each in element.inside(SEQUENCE, "an AuthorizationList"):
        if each.tag_class != CONTEXT or not each.tag & 0x20:
            each.refuse(f"tag {each.tag:#04x} where a field is expected")
        if each.number <= last:
            each.refuse(f"field {each.number} after {last}: they ascend, and stand once")
        last = each.number
        inner = each.inside(each.tag, "a field")
        if len(inner) != 1:
            each.refuse(f"field {each.number} has {len(inner)} values, expected one")
        known = _FIELDS.get(each.number)
        if known is None:
            unknown.append(each.number)
            if len(unknown) > _MOST_UNKNOWN:
                each.refuse(f"more than {_MOST_UNKNOWN} fields that are not known")
            continue
        values[known[0]] = _value(inner[0], *known, version)
    return AuthorizationList(values, tuple(unknown))


def _value(element: Element, name: str, kind: int, version: int) -> Value:
    if kind == _INT:
        return element.integer(name)
    if kind == _NULL:
        element.null(name)
        return True
    if kind == _BYTES:
        return element.octets(name)
    if kind == _SET:
        return tuple(each.integer(name) for each in element.inside(SET, name))
    if kind == _ROOT:
        return _root_of_trust(element, version)
    return _application(whole(element.octets(name), SEQUENCE, name))


def _root_of_trust(element: Element, version: int) -> RootOfTrust:
    parts = element.inside(SEQUENCE, "rootOfTrust")
    wanted = 4 if version >= 3 else 3
    if len(parts) != wanted:
        element.refuse(f"rootOfTrust has {len(parts)} fields, expected {wanted}")
    state = parts[2].integer("verifiedBootState", ENUMERATED)
    if state not in list(BootState):
        parts[2].refuse(f"no verifiedBootState {state}")
    boot_key = parts[0].octets("verifiedBootKey")
    boot_hash = parts[3].octets("verifiedBootHash") if wanted == 4 else None
    if len(boot_key) > _LONGEST_KEY or len(boot_hash or b"") > _LONGEST_HASH:
        element.refuse(f"a boot key of {len(boot_key)} bytes, a hash of {len(boot_hash or b'')}")
    return RootOfTrust(boot_key, parts[1].boolean("deviceLocked"), BootState(state), boot_hash)


def _application(element: Element) -> Application:
    parts = element.inside(SEQUENCE, "attestationApplicationId")
    if len(parts) != 2:
        element.refuse(f"attestationApplicationId has {len(parts)} fields, expected 2")
    packages = []
    for each in parts[0].inside(SET, "packageInfos"):
        pair = each.inside(SEQUENCE, "a packageInfo")
        if len(pair) != 2:
            each.refuse(f"a packageInfo has {len(pair)} fields, expected 2")
        packages.append((pair[0].octets("packageName").decode("utf-8", "replace"), pair[1].integer("version")))
    digests = tuple(each.octets("a signature digest") for each in parts[1].inside(SET, "signatureDigests"))
    return Application(tuple(packages), digests)
