"""Reads the UEFI variables that events have: names, Secure Boot's keys and lists, boot entries.

TCG PC Client Platform Firmware Profile 1.06 §10.4.4 (UEFI_VARIABLE_DATA), UEFI 2.10 §3.1.3 (EFI_LOAD_OPTION)::

    UEFI_VARIABLE_DATA                          EFI_LOAD_OPTION
    0     16    GUID of the vendor              0     4     attributes: bit 0 active
    16    8     characters of the name          4     2     bytes of the device path
    24    8     bytes of the value              6     …     description, UTF-16 with NUL
    32    …     name, UTF-16, no NUL            …     …     device path, then optional data
    …     …     value
"""

from dataclasses import dataclass
from struct import unpack_from
from typing import Final
from uuid import UUID

from trueware.attestation.event_log.device_path import guid, path_text
from trueware.attestation.event_log.log import FORMAT, Event
from trueware.attestation.event_log.words import from_utf16, shown
from trueware.errors import MalformedInput
from trueware.signatures.efi_signature_lists import X509, signature_lists

GLOBAL: Final = UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c").bytes_le
"""EFI_GLOBAL_VARIABLE: SecureBoot, PK, KEK, Boot####."""
IMAGE_SECURITY: Final = UUID("d719b2cb-3d3a-4596-a3bc-dad00e67656f").bytes_le
"""EFI_IMAGE_SECURITY_DATABASE: db, dbx, dbt."""

_VENDORS: Final = {
    guid(GLOBAL): "UEFI",
    guid(IMAGE_SECURITY): "UEFI",
    "605dab50-e046-4300-abb6-3dd810dd8b23": "shim",
    "77fa9abd-0359-4d32-bd60-28f4e78f784b": "Microsoft",
    "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f": "systemd-boot",
}
_KINDS: Final = {
    UUID(each).bytes_le: name
    for each, name in {
        "c1c41626-504c-4092-aca9-41f936934328": "SHA-256 digest",
        "826ca512-cf10-4ac9-b187-be01496631bd": "SHA-1 digest",
        "ff3e5307-9fd0-48c9-85f1-8ad56c701e01": "SHA-384 digest",
        "093e0fae-a6c4-4f50-9f1b-d41e2b89c19a": "SHA-512 digest",
        "3c5766e8-269c-4e34-aa14-ed776e85b3b6": "RSA-2048 key",
        "3bd2a492-96c0-4079-b420-fcf98ef103ed": "digest of a certificate",
        "7076876e-80c2-4ee6-aad2-28b349a6865b": "digest of a certificate",
        "446dbf63-2502-4cda-bcfa-2465d2b0fe9d": "digest of a certificate",
    }.items()
}
_LISTS: Final = frozenset({"PK", "KEK", "db", "dbx", "dbt", "dbr", "MokList", "MokListX", "MokListRT", "vendor_db"})
_MOST_NAMES: Final = 12
"""Certificates that are named in one sentence."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable as an event has it."""

    guid: bytes
    """Of the vendor, as it stands there."""

    name: str
    value: bytes
    start: int
    """Where the value begins in the event's data, and ends at `start` + its length."""

    @property
    def vendor(self) -> str:
        """The vendor's GUID as text."""
        return guid(self.guid)


@dataclass(frozen=True, slots=True)
class SignatureEntries:
    """The entries of signature lists, by kind."""

    certificates: tuple[bytes, ...]
    """DER, in order."""

    digests: tuple[tuple[str, int], ...]
    """Kind of entry that is no certificate, and how many there are."""


def variable_of(event: Event) -> Variable:
    """Return the variable that an event's data has.

    Raises:
        MalformedInput: its lengths contradict the data; the offset is within the data.
    """
    data = event.data
    if len(data) < 32:
        raise MalformedInput(FORMAT, 0, f"a variable of {len(data)} bytes")
    characters, size = unpack_from("<QQ", data, 16)
    start = 32 + 2 * characters
    if start + size > len(data):
        raise MalformedInput(FORMAT, 16, f"a name of {characters} characters and {size} bytes in {len(data)} bytes")
    name = data[32:start].decode("utf-16-le", "replace")
    return Variable(data[:16], name, data[start : start + size], start)


def signature_entries(value: bytes) -> SignatureEntries:
    """Return the entries of signature lists.

    Raises:
        MalformedInput: lengths contradict each other; the offset is within the value.
    """
    certificates: list[bytes] = []
    counts: dict[str, int] = {}
    for kind, values in signature_lists(value, FORMAT):
        if kind == X509:
            certificates += values
        else:
            name = _KINDS.get(kind) or f"entry of kind {guid(kind)}"
            counts[name] = counts.get(name, 0) + len(values)
    return SignatureEntries(tuple(certificates), tuple(counts.items()))


def certificate_name(certificate: bytes) -> str:
    """Return the subject of a certificate for people; a digest where it cannot be parsed."""
    from trueware.signatures.x509 import certificate_id, name_of  # noqa: PLC0415 (start-up time)

    return shown(name_of(certificate), 200) or certificate_id(certificate)


def tell_variable(variable: Variable, *, authority: bool = False) -> str:
    """Return in words what a variable holds.

    Args:
        variable: as an event has it.
        authority: the value is one entry of a list: what a program was verified with (EV_EFI_VARIABLE_AUTHORITY).
    """
    name, value = shown(variable.name, 128), variable.value
    vendor = _VENDORS.get(variable.vendor, variable.vendor)
    title = name if vendor == "UEFI" else f"{name} ({vendor})"
    if authority:
        return f"{title}: {_authority(variable)}"
    if not value:
        return f"{title} is empty"
    try:
        return f"{title}: {_value(variable)}"
    except (MalformedInput, ValueError):
        return f"{title}: {len(value)} bytes, which are not what it should hold"


def _value(variable: Variable) -> str:
    name, value = variable.name, variable.value
    if name in _SWITCHES and len(value) == 1:
        return {0: "off", 1: "on"}.get(value[0], f"{value[0]:#04x}")
    if name in _LISTS:
        return _entries(signature_entries(value))
    if name == "BootOrder" and len(value) % 2 == 0:
        return ", ".join(f"Boot{each:04X}" for each in unpack_from(f"<{min(len(value) // 2, 64)}H", value))
    if name.startswith("Boot") and len(name) == 8 and len(value) >= 6:
        return load_option_text(value)
    if name.startswith("SbatLevel"):
        return shown(value.rstrip(b"\0").decode("utf-8", "replace"), 400)
    if len(value) <= 16:
        return value.hex()
    return f"{len(value)} bytes"


_SWITCHES: Final = frozenset(
    {"SecureBoot", "SetupMode", "AuditMode", "DeployedMode", "VendorKeys", "MokListTrusted", "MokSBState"}
)


def _authority(variable: Variable) -> str:
    value = variable.value
    if variable.name.startswith("SbatLevel"):
        return shown(value.rstrip(b"\0").decode("utf-8", "replace"), 400)
    if variable.name in _SWITCHES and len(value) == 1:
        return {0: "off", 1: "on"}.get(value[0], f"{value[0]:#04x}")
    for certificate in (value[16:], value):  # with its owner, or without (shim)
        if certificate[:1] == b"\x30" and len(certificate) > 64:
            return f"verified with {certificate_name(certificate)}"
    if len(value) == 48:
        return f"allowed by its SHA-256 digest {value[16:].hex()}"
    return f"{len(value)} bytes"


def _entries(entries: SignatureEntries) -> str:
    names = [certificate_name(each) for each in entries.certificates[:_MOST_NAMES]]
    more = len(entries.certificates) - len(names)
    told = [f"certificate of {name}" for name in names]
    if more > 0:
        told.append(f"{more} certificates more")
    told += [f"{count} x {kind}" for kind, count in entries.digests]
    return "; ".join(told)


def load_option_text(value: bytes) -> str:
    """Return what a Boot#### variable starts: its description, and where that is.

    Raises:
        ValueError: the lengths in it contradict each other.
    """
    attributes, length = unpack_from("<IH", value)
    end = next((at for at in range(6, len(value) - 1, 2) if value[at : at + 2] == b"\0\0"), None)
    if end is None or end + 2 + length > len(value):
        raise ValueError("a boot entry that is cut")
    description = shown(from_utf16(value[6:end]), 200)
    where = path_text(value[end + 2 : end + 2 + length])
    return f"“{description}” at {where}{'' if attributes & 1 else ' (not active)'}"
