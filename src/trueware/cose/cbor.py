"""CBOR as it is written here and as strictly as it is read back.

Only the deterministic encoding of RFC 8949 §4.2.1 is accepted: shortest forms, definite lengths, sorted unique keys, nothing
after the item. (Keys are sorted as cbor2 does, shorter ones first, as §4.2.3 has it; for the keys that are used here, non-negative
integers and texts of one map's kind, that is the same order.) Then equal values have equal bytes, and a digest or signature over the
bytes covers the value. Tags, floats and simple values other than true, false and null have no use here and are refused before they
can construct anything.
"""

from typing import NoReturn

from trueware.errors import MalformedInput

_BUILT_IN_TAGS = (
    0,
    1,
    2,
    3,
    4,
    5,
    25,
    28,
    29,
    30,
    35,
    36,
    37,
    52,
    54,
    100,
    256,
    258,
    260,
    261,
    1004,
    43000,
    55799,
)  # what cbor2 would turn into dates, patterns, addresses, shared and cyclic values; other tags stay tags and fail by type
_SCALARS = (int, str, bytes, bool, type(None))


def encode(value: object) -> bytes:
    """Return the deterministic encoding of integers, text, bytes, booleans, None, lists and maps of them."""
    import cbor2  # noqa: PLC0415 (start-up time: an artefact nobody registered is answered without CBOR)

    return cbor2.dumps(value, canonical=True)


def decode(data: bytes, what: str, max_depth: int = 6, *, check_types: bool = True, ordered: bool = True) -> object:
    """Return the value that `data` encodes.

    Args:
        data: all of the bytes.
        what: name of the structure, for the error.
        max_depth: containers within containers.
        check_types: False where the caller checks the type of every single value itself, as for the sake of speed.
        ordered: False for what others sign, whose maps may have their keys in any order; all else is deterministic there too.

    Raises:
        MalformedInput: not CBOR, not deterministic, deeper than `max_depth`, or of a type that has no use here.
    """
    import cbor2  # noqa: PLC0415 (as above)

    try:
        value = cbor2.loads(
            data,
            max_depth=max_depth,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            semantic_decoders=dict.fromkeys(_BUILT_IN_TAGS, _refuse),
        )
        if check_types:
            _check_types(value, what)
        again = cbor2.dumps(value, canonical=ordered)
    except (cbor2.CBORError, UnicodeError) as error:
        raise MalformedInput(what, 0, f"not acceptable CBOR ({error})") from error
    if again != data:
        raise MalformedInput(what, 0, "not in deterministic encoding, or bytes follow")
    return value


def pack_text(text: str) -> str | bytes:
    """Return text as it is encoded: a name that is not Unicode (lone surrogates, PEP 383) as the bytes it stands for."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")
    return text


def unpack_text(value: object, what: str) -> str:
    """Return the text that `pack_text` packed.

    Raises:
        MalformedInput: neither text nor bytes that are not text.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        text = value.decode("utf-8", "surrogateescape")
        if isinstance(pack_text(text), bytes):
            return text
    raise MalformedInput(what, 0, "text expected")


def _check_types(value: object, what: str) -> None:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, dict):
            pending.extend(item.values())
            if not all(isinstance(key, (int, str)) for key in item):
                raise MalformedInput(what, 0, "a map key is neither integer nor text")
        elif not isinstance(item, _SCALARS):
            raise MalformedInput(what, 0, f"a value of type {type(item).__name__}")


def _refuse(*_: object) -> NoReturn:
    raise ValueError("tags have no use here")
