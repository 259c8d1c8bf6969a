"""What TCG certificates say beside what all certificates do: attributes of the TPM and of the platform, uses, keys.

Source: TCG EK Credential Profile 2.5 §3.1, §3.2; TCG Platform Certificate Profile 1.1 §3; RFC 5280 §4.2; RFC 4055 §4.1 (keys that are
marked for RSAES-OAEP, which ST's certificates of 2014 have). What is malformed raises `Refusal`, as all of `signatures.der` does.
"""

from collections.abc import Iterator

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from trueware.attestation.tpm.public import Point, Rsa
from trueware.attestation.tpm.signing_keys import numbers_of
from trueware.signatures import der
from trueware.signatures.certificate import Certificate
from trueware.signatures.cms import read_time
from trueware.signatures.refusal import Refusal, uncheckable

MANUFACTURER, MODEL, VERSION = "2.23.133.2.1", "2.23.133.2.2", "2.23.133.2.3"
"""Attributes of a TPM (TCG EK Credential Profile §3.1.2)."""

ENDORSEMENT_USE, PLATFORM_USE, ATTESTATION_USE = "2.23.133.8.1", "2.23.133.8.2", "2.23.133.8.3"
AUTHORITY_KEY, SUBJECT_KEY = "2.5.29.35", "2.5.29.14"
SUBJECT_NAMES, BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_USE = "2.5.29.17", "2.5.29.19", "2.5.29.15", "2.5.29.37"
_DIRECTORY_NAME, _OTHER_NAME, _CONTEXT_0 = 0xA4, 0xA0, 0xA0
_HARDWARE_MODULE = "1.3.6.1.5.5.7.8.4"
_RECEIVES = 0x28
_OAEP_KEY = "1.2.840.113549.1.1.7"
_MOST_ATTRIBUTES = 256
_LONGEST_TEXT = 1024


def extensions_of(encoded: bytes) -> dict[str, tuple[bool, bytes]]:
    """Return the extensions (SEQUENCE OF Extension): by OID, whether it is critical, and its value."""
    found: dict[str, tuple[bool, bytes]] = {}
    if not encoded:
        return found
    for extension in der.read(encoded).sequence():
        kind, *flag, value = der.parts(extension.sequence(), 2, "an extension")
        name = kind.oid()
        if name in found:
            uncheckable(f"the extension {name} stands twice")
        found[name] = bool(flag) and flag[0].tag == der.BOOLEAN and any(flag[0].content), value.content
    return found


def uses_of(extensions: dict[str, tuple[bool, bytes]]) -> tuple[str, ...]:
    """Return the extended key usages; empty where there are none."""
    _, value = extensions.get(EXTENDED_USE, (False, b""))
    return tuple(each.oid() for each in der.read(value).sequence()) if value else ()


def is_authority(extensions: dict[str, tuple[bool, bytes]]) -> bool:
    """Tell whether basicConstraints say cA."""
    _, value = extensions.get(BASIC_CONSTRAINTS, (False, b""))
    first = next(der.read(value).parts(), None) if value else None
    return first is not None and first.tag == der.BOOLEAN and any(first.content)


def may_receive(extensions: dict[str, tuple[bool, bytes]]) -> bool:
    """Tell whether a key may have secrets sent to it (keyUsage with keyEncipherment or keyAgreement, or none)."""
    if KEY_USAGE not in extensions:
        return True
    bits = der.read(extensions[KEY_USAGE][1]).content
    return len(bits) > 1 and bool(bits[1] & _RECEIVES)


def attributes_in(subject_names: bytes) -> dict[str, str]:
    """Return the attributes in the directory names of a subjectAltName, by OID; of one that stands twice the first."""
    found: dict[str, str] = {}
    for kind, text in _attributes(subject_names):
        found.setdefault(kind, text)
        if len(found) > _MOST_ATTRIBUTES:
            uncheckable("too many attributes in a subjectAltName")
    return found


def attributes_of(name: bytes) -> dict[str, str]:
    """Return the attributes of a distinguished name, by OID; of one that stands twice the first."""
    found: dict[str, str] = {}
    for relative in der.read(name).parts():
        for attribute in relative.parts():
            kind, value = der.parts(attribute.sequence(), 2, "an attribute")[:2]
            found.setdefault(kind.oid(), text_of(value))
    return found


def hardware_serial(subject_names: bytes) -> str:
    """Return the serial number in a hardwareModuleName (RFC 4108 §5), as text or else hexadecimal; empty where there is none."""
    for each in der.read(subject_names).parts():
        if each.tag != _OTHER_NAME:
            continue
        kind, held = der.parts(list(each.parts()), 2, "an otherName")[:2]
        if kind.oid() == _HARDWARE_MODULE:
            serial = der.parts(der.read(held.content).sequence(), 2, "a hardwareModuleName")[1].content
            return serial.decode("ascii") if serial.isascii() and serial.decode("ascii").isprintable() else serial.hex()
    return ""


def directory_name(names: der.Value) -> bytes:
    """Return the first directory name of GeneralNames in DER, empty where there is none."""
    for each in names.parts():
        if each.tag == _DIRECTORY_NAME:
            return der.read(each.content).whole
    return b""


def authority_key(extensions: dict[str, tuple[bool, bytes]]) -> bytes:
    """Return the identifier of the key that signed, as authorityKeyIdentifier says; empty where it does not."""
    _, value = extensions.get(AUTHORITY_KEY, (False, b""))
    return next((each.content for each in der.read(value).parts() if each.tag == 0x80), b"") if value else b""


def has_key(authority: bytes, identifier: bytes) -> bool:
    """Tell whether a certificate says that its key has this identifier (subjectKeyIdentifier)."""
    try:
        _, held = extensions_of(Certificate.parse(authority).extensions).get(SUBJECT_KEY, (False, b""))
        return bool(identifier) and bool(held) and der.read(held).content == identifier
    except Refusal:
        return False


def key_in(spki: bytes) -> Rsa | Point | None:
    """Return the numbers of a SubjectPublicKeyInfo, also of one that is marked for OAEP alone; None for kinds no TPM has."""
    algorithm, bits = der.parts(der.read(spki).sequence(), 2, "a public key")[:2]
    if _algorithm(algorithm) == _OAEP_KEY:
        modulus, exponent = der.parts(der.read(bits.content[1:]).sequence(), 2, "a key of RSA")[:2]
        return Rsa(modulus.number(), exponent.number(), modulus.number().bit_length())
    try:
        return numbers_of(load_der_public_key(spki))
    except (ValueError, TypeError, OverflowError, UnsupportedAlgorithm) as error:
        uncheckable(f"a public key is malformed ({error})")


def is_marked_for_oaep(spki: bytes) -> bool:
    """Tell whether a key is marked for RSAES-OAEP (RFC 4055 §4.1), which few libraries read."""
    return _algorithm(der.parts(der.read(spki).sequence(), 1, "a public key")[0]) == _OAEP_KEY


def _algorithm(identifier: der.Value) -> str:
    """Return what an AlgorithmIdentifier names; an empty one is well-formed DER."""
    return der.parts(identifier.sequence(), 1, "the name of an algorithm")[0].oid()


def text_of(value: der.Value) -> str:
    """Return a string for people; what is not printable is escaped."""
    if len(value.content) > _LONGEST_TEXT:
        uncheckable(f"a text of {len(value.content)} bytes, {_LONGEST_TEXT} are the most")
    text = value.content.decode("utf-16-be" if value.tag == 0x1E else "utf-8", "replace")
    return text if text.isprintable() else repr(text)


def texts_in(name: bytes) -> list[str]:
    """Return the values in a distinguished name, for people."""
    return [
        text_of(der.parts(each.sequence(), 2, "a name")[1])
        for relative in der.read(name).parts()
        for each in relative.parts()
    ]


def validity_of(encoded: bytes) -> tuple[int, int]:
    """Return from when and until when a certificate is valid, in seconds since 1970."""
    fields = der.parts(der.read(encoded).sequence(), 3, "a certificate")[0].sequence()
    versioned = bool(fields) and fields[0].tag == _CONTEXT_0
    return times_in(der.parts(fields, 6, "a certificate")[4 if versioned else 3])


def times_in(validity: der.Value) -> tuple[int, int]:
    """Return the two times of a validity."""
    since, until = der.parts(validity.sequence(), 2, "a validity")[:2]
    return read_time(since), read_time(until)


def vendor_name(manufacturer: str) -> str:
    """Return ``STM`` for ``id:53544D20``, as the TCG's vendor ID registry encodes names; the text itself where it is none."""
    try:
        name = bytes.fromhex(manufacturer.removeprefix("id:")).rstrip(b"\0 ").decode("ascii")
    except ValueError:
        return manufacturer
    return name if manufacturer.startswith("id:") and name.isprintable() and name else manufacturer


def _attributes(names: bytes) -> Iterator[tuple[str, str]]:
    for name in der.read(names).parts():
        for relative in _relatives(name):
            for attribute in relative.parts():
                kind, value = der.parts(attribute.sequence(), 2, "an attribute")[:2]
                yield kind.oid(), text_of(value)


def _relatives(name: der.Value) -> Iterator[der.Value]:
    if name.tag == _DIRECTORY_NAME:
        yield from der.read(name.content).parts()
    elif name.tag == der.SET:  # Intel's first ones have the name bare
        yield name
