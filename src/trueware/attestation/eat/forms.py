"""The forms of single claims (RFC 9711 §4.2, RFC 8392 §3.1): each in words, or told to be of none."""

from collections.abc import Callable, Mapping

from trueware.cose.foreign_cbor import Value

_UEID_LENGTHS = {1: (17, 25, 33), 2: (7, 9), 3: (15,)}
_USES = {1: "generic", 2: "registration", 3: "provisioning", 4: "csr", 5: "pop"}
_LOCATION: Mapping[int | str, str] = {
    1: "latitude",
    2: "longitude",
    3: "altitude",
    4: "accuracy",
    5: "altitude-accuracy",
    6: "heading",
    7: "speed",
    **{
        name: name
        for name in ("latitude", "longitude", "altitude", "accuracy", "altitude-accuracy", "heading", "speed")
    },
    8: "timestamp",
    9: "age",
    "timestamp": "timestamp",
    "age": "age",
}
LONGEST = 512
"""Characters of a claim in words."""


def ueid_fault(value: Value) -> str:
    """Return what is wrong with a universal entity id (§4.2.1); empty: nothing."""
    if not isinstance(value, bytes) or not value:
        return "no bytes"
    lengths = _UEID_LENGTHS.get(value[0])
    if lengths is None:
        return f"of type {value[0]}, which does not exist"
    return "" if len(value) in lengths else f"of {len(value)} bytes, a type {value[0]} has {lengths}"


def text_of(value: Value) -> str:
    """Return a text, number or bytes (hexadecimal) in words; a question mark for anything else."""
    if isinstance(value, bytes):
        return value.hex()[:LONGEST]
    return str(value)[:LONGEST] if isinstance(value, str | int | float) else "?"


def _is_count(value: Value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _number(value: Value) -> str | None:
    return str(value) if _is_count(value) else None


def _words(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _audience(value: Value) -> str | None:
    several = value if isinstance(value, tuple) else (value,)
    return ", ".join(str(each) for each in several[:16]) if all(isinstance(each, str) for each in several) else None


def _ueid(value: Value) -> str:
    return value.hex() if isinstance(value, bytes) and not ueid_fault(value) else ""  # its fault is told by itself


def _sueids(value: Value) -> str | None:
    if not isinstance(value, dict) or not value or any(ueid_fault(each) for each in value.values()):
        return None
    return ", ".join(f"{text_of(key)}={text_of(each)}" for key, each in list(value.items())[:16])


def _oemid(value: Value) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"PEN {value}" if value >= 0 else None
    if isinstance(value, bytes) and len(value) in (3, 16):
        return ("IEEE " if len(value) == 3 else "random ") + value.hex()
    return None


def _model(value: Value) -> str | None:
    return value.hex() if isinstance(value, bytes) and 1 <= len(value) <= 32 else None


def _version(value: Value) -> str | None:
    if isinstance(value, tuple) and 1 <= len(value) <= 2 and isinstance(value[0], str):
        return value[0]
    return value if isinstance(value, str) else None


def _profile(value: Value) -> str | None:
    return text_of(value) if isinstance(value, str | bytes) else _tagged(value)


def _tagged(value: Value) -> str | None:
    inner = getattr(value, "value", None)
    return text_of(inner) if isinstance(inner, bytes) else None


def _seed(value: Value) -> str | None:
    return value.hex() if isinstance(value, bytes) else None


def _location(value: Value) -> str | None:
    if not isinstance(value, dict):
        return None
    named = {_LOCATION.get(key): each for key, each in value.items() if isinstance(key, int | str)}
    if not {"latitude", "longitude"} <= named.keys():
        return None
    return ", ".join(f"{name} {text_of(each)}" for name, each in named.items() if name)


def _use(value: Value) -> str | None:
    return _USES.get(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _flag(value: Value) -> str | None:
    return "" if isinstance(value, bool) else None


def _status(value: Value) -> str | None:
    return "" if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 4 else None


FORMS: Mapping[str, Callable[[Value], str | None]] = {
    **dict.fromkeys(("iss", "sub", "swname"), _words),
    **dict.fromkeys(("uptime", "bootcount"), _number),
    "aud": _audience,
    "ueid": _ueid,
    "sueids": _sueids,
    "oemid": _oemid,
    "hwmodel": _model,
    "hwversion": _version,
    "swversion": _version,
    "eat_profile": _profile,
    "bootseed": _seed,
    "location": _location,
    "intuse": _use,
    "oemboot": _flag,
    "dbgstat": _status,
}
"""What claims say in words; None: they are not of their form; empty: they say it elsewhere."""
