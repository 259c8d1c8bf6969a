"""What a CoSERV service says of itself (draft-ietf-rats-coserv-07 §6.1.2), in CBOR and in JSON.

::

    { 1 version: text, 2 capabilities: [ + { 1 media-type, 2 artifact-support: [ ? "source", ? "collected", ? "rims" ] } ],
      3 api-endpoints: { + text => text }, ? 4 result-verification-key: COSE_KeySet }      JSON: the names, and a JWK set
"""

from collections.abc import Mapping
from dataclasses import dataclass

from trueware.cose.foreign_cbor import Key, Value, decode, encode
from trueware.errors import MalformedInput
from trueware.exchange.corim.codec import (
    ANYTHING,
    TEXT,
    Array,
    Choice,
    Codec,
    Extensions,
    Members,
    Notes,
    kind_of,
    read,
    refuse,
)

NAME = "coserv-discovery"
PATH = "/.well-known/coserv-configuration"
MAX_BYTES = 1 << 20
CBOR_TYPE, JSON_TYPE = "application/coserv-discovery+cbor", "application/coserv-discovery+json"
REQUEST_RESPONSE = "CoSERVRequestResponse"
"""Name of the endpoint that answers queries; its path has ``{query}``."""

_DEEPEST = 32
_CURVES = {"secp256r1": (-7, 1), "secp384r1": (-35, 2)}
"""Algorithm and curve of COSE (RFC 9053 §2.1, §7.1)."""

SUPPORTED = ("source", "collected", "rims")


@dataclass(frozen=True, slots=True)
class Capability:
    """What of one profile can be had."""

    media_type: str
    artifact_support: tuple[str, ...]
    extensions: Extensions = ()


@dataclass(frozen=True, slots=True)
class Discovery:
    """``coserv-well-known-info``."""

    version: str
    capabilities: tuple[Capability, ...]
    api_endpoints: Mapping[str, str]
    result_verification_key: Value = None
    """A COSE_KeySet, or in JSON a JWK set, as it came."""

    extensions: Extensions = ()


class _Endpoints:
    """A map from names to paths."""

    def decode(self, value: Value, notes: Notes) -> Mapping[str, str]:  # noqa: ARG002
        """See `Codec`."""
        if not isinstance(value, Mapping) or not value:
            refuse(f"api-endpoints: a map with something in it expected, found {kind_of(value)}")
        found = {}
        for name, path in value.items():
            if not isinstance(name, str) or not isinstance(path, str):
                refuse("api-endpoints: names and paths are text")
            found[name] = path
        return found

    def encode(self, value: Mapping[str, str]) -> Value:
        """See `Codec`."""
        made: dict[Key, Value] = dict(value.items())
        return made


_CAPABILITY: Codec[Capability] = Members(
    Capability,
    "capability",
    {1: ("media_type", TEXT), 2: ("artifact_support", Array(Choice("artifact-support", plain=(TEXT,), open=False)))},
)
_DISCOVERY: Codec[Discovery] = Members(
    Discovery,
    "coserv-well-known-info",
    {
        1: ("version", TEXT),
        2: ("capabilities", Array(_CAPABILITY)),
        3: ("api_endpoints", _Endpoints()),
        4: ("result_verification_key", ANYTHING),
    },
)


def describe(version: str, path: str, profile: str, spki: bytes | None = None) -> Discovery:
    """Return what a registry's service says of itself: it gives collected and source artefacts, and manifests by name.

    Args:
        version: of the service, as semantic versioning has it.
        path: where queries are answered, with ``{query}`` in it.
        profile: which queries are meant for it.
        spki: DER SubjectPublicKeyInfo of the key that signs answers (Ed25519, P-256, P-384); None: they are not signed.

    Raises:
        ValueError: a kind of key that is not used, or a path without ``{query}``.
    """
    if "{query}" not in path:
        raise ValueError("a path without {query}")
    form = "application/coserv+cbor" if spki is None else "application/coserv+cose"
    keys: Value = (_cose_key(spki),) if spki is not None else None
    return Discovery(version, (Capability(f'{form}; profile="{profile}"', SUPPORTED),), {REQUEST_RESPONSE: path}, keys)


def _cose_key(spki: bytes) -> dict[Key, Value]:
    """Return a public key as COSE has it (RFC 9053 §7)."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey  # noqa: PLC0415 (start-up time)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415

    from trueware.registry.signed import key_id  # noqa: PLC0415

    key = load_der_public_key(spki)
    if isinstance(key, Ed25519PublicKey):
        return {1: 1, 2: key_id(spki), 3: -8, -1: 6, -2: key.public_bytes_raw()}
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name in _CURVES:
        algorithm, curve = _CURVES[key.curve.name]
        size, numbers = (key.key_size + 7) // 8, key.public_numbers()
        x, y = numbers.x.to_bytes(size), numbers.y.to_bytes(size)
        return {1: 2, 2: key_id(spki), 3: algorithm, -1: curve, -2: x, -3: y}
    raise ValueError("an Ed25519, P-256 or P-384 key is needed")


def parse(data: bytes) -> Discovery:
    """Return what a service says in CBOR.

    Raises:
        MalformedInput: it is no such document.
        LimitExceeded: it is too deep.
    """
    _check(data)
    return read(_DISCOVERY, decode(data, NAME), NAME, Notes())


def build(discovery: Discovery) -> bytes:
    """Return it in CBOR."""
    return encode(_DISCOVERY.encode(discovery))


def parse_json(data: bytes) -> Discovery:
    """Return what a service says in JSON.

    Raises:
        MalformedInput: it is no such document.
    """
    import json  # noqa: PLC0415 (start-up time)

    _check(data)
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MalformedInput(NAME, 0, f"no JSON: {error}"[:200]) from None
    if not isinstance(found, dict):
        raise MalformedInput(NAME, 0, "no JSON object")
    names = {"version": 1, "capabilities": 2, "api-endpoints": 3, "result-verification-key": 4}
    inner = {"media-type": 1, "artifact-support": 2}
    listed = found.get("capabilities")
    members: dict[Key, Value] = {names.get(name) or name: _frozen(each) for name, each in found.items()}
    if isinstance(listed, list):
        members[2] = tuple(
            {inner.get(name) or name: _frozen(value) for name, value in each.items()}
            if isinstance(each, dict)
            else None
            for each in listed
        )
    return read(_DISCOVERY, members, NAME, Notes())


def build_json(discovery: Discovery) -> dict[str, object]:
    """Return it as a JSON object. A key set that came in CBOR is left out: JSON has JWKs."""
    made: dict[str, object] = {
        "version": discovery.version,
        "capabilities": [
            {"media-type": each.media_type, "artifact-support": list(each.artifact_support)}
            for each in discovery.capabilities
        ],
        "api-endpoints": dict(discovery.api_endpoints),
    }
    if isinstance(discovery.result_verification_key, Mapping):
        made["result-verification-key"] = _thawed(discovery.result_verification_key)
    return made


def _check(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise MalformedInput(NAME, 0, f"{len(data)} bytes")


def _frozen(value: object, depth: int = 0) -> Value:
    if depth > _DEEPEST:
        raise MalformedInput(NAME, 0, f"JSON deeper than {_DEEPEST}")
    if isinstance(value, list):
        return tuple([_frozen(each, depth + 1) for each in value])
    if isinstance(value, dict):
        return {key: _frozen(each, depth + 1) for key, each in value.items()}
    return value if isinstance(value, int | float | str | bool) else None


def _thawed(value: Value) -> object:
    if isinstance(value, tuple):
        return [_thawed(each) for each in value]
    return {key: _thawed(each) for key, each in value.items()} if isinstance(value, Mapping) else value
