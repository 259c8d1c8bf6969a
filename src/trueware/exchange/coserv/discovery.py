"""What a CoSERV service says of itself (draft-ietf-rats-coserv-07 §6.1.2), in CBOR and in JSON.

::

    { 1 version: text, 2 capabilities: [ + { 1 media-type, 2 artifact-support: [ ? "source", ? "collected", ? "rims" ] } ],
      3 api-endpoints: { + text => text }, ? 4 result-verification-key: COSE_KeySet }      JSON: the names, and a JWK set
"""

from collections.abc import Mapping
from dataclasses import dataclass

from trueware.errors import MalformedInput
from trueware.exchange.cbor import Key, Value, decode, encode
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
