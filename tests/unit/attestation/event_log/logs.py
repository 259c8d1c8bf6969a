"""Writes event logs, and finds those of the corpus."""

import base64
import json
import struct
from collections.abc import Iterator, Sequence
from hashlib import sha1, sha256, sha384, sha512
from pathlib import Path

ALGORITHMS = {"sha1": (4, sha1), "sha256": (11, sha256), "sha384": (12, sha384), "sha512": (13, sha512)}
NO_ACTION, SEPARATOR = 3, 4


def header(banks: Sequence[str] = ("sha1", "sha256"), vendor: bytes = b"") -> bytes:
    """Return the first event of a crypto-agile log."""
    listed = b"".join(struct.pack("<HH", ALGORITHMS[bank][0], ALGORITHMS[bank][1]().digest_size) for bank in banks)
    data = struct.pack("<16sIBBBBI", b"Spec ID Event03", 0, 0, 2, 0, 2, len(banks)) + listed
    data += bytes((len(vendor),)) + vendor
    return struct.pack("<II20sI", 0, NO_ACTION, bytes(20), len(data)) + data


def event(
    pcr: int,
    kind: int,
    data: bytes,
    measured: bytes | None = None,
    banks: Sequence[str] = ("sha1", "sha256"),
) -> bytes:
    """Return an event of a crypto-agile log whose digests are of `measured`, or of its data."""
    content = data if measured is None else measured
    head = struct.pack("<III", pcr, kind, len(banks))
    for bank in banks:
        algorithm, new = ALGORITHMS[bank]
        digest = bytes(new().digest_size) if kind == NO_ACTION else new(content).digest()
        head += struct.pack("<H", algorithm) + digest
    return head + struct.pack("<I", len(data)) + data


def old_event(pcr: int, kind: int, data: bytes) -> bytes:
    """Return an event of a SHA-1 log."""
    digest = bytes(20) if kind == NO_ACTION else sha1(data, usedforsecurity=False).digest()
    return struct.pack("<II20sI", pcr, kind, digest, len(data)) + data


def attest(corpus: Path) -> Path:
    """Return the folder of evidence."""
    return corpus / "attest"


def public_logs(corpus: Path) -> Iterator[tuple[str, bytes]]:
    """Yield all public event logs: path and bytes."""
    public = attest(corpus) / "public"
    for path in sorted(public.rglob("*")):
        name = path.name.lower()
        words = ("bios_measurements", "eventlog", "uefi_log", "tpmlog", "event-", "event_log", "ccel", "specid")
        folder = "/eventlogs/" in str(path) or any(word in name for word in words)
        if (
            not folder
            or not path.is_file()
            or name.endswith((".yaml", ".json", ".table.bin", ".txt"))
            or name == "ccel.bin"
        ):
            continue
        if "ascii" not in name:
            yield str(path.relative_to(public)), path.read_bytes()
    yield "keylime mb_log", base64.b64decode(next(public.rglob("mb_log.b64")).read_bytes())
    for path in sorted(public.rglob("windows*.json")):
        yield str(path.relative_to(public)), base64.b64decode(json.loads(path.read_bytes())["Log"]["Raw"])


def quoted(data: bytes) -> dict[str, dict[int, bytes]]:
    """Return PCR values by bank and index, of a file as tpm2_quote writes it (TPML_PCR_SELECTION, count, TPML_DIGEST each)."""
    names = {each: bank for bank, (each, _) in ALGORITHMS.items()}
    (count,) = struct.unpack_from("<I", data)
    chosen: list[tuple[str, int]] = []
    for each in range(count):
        algorithm, size = struct.unpack_from("<HB", data, 4 + 8 * each)
        bits = data[7 + 8 * each : 7 + 8 * each + size]
        chosen += [(names[algorithm], pcr) for pcr in range(8 * size) if bits[pcr // 8] >> pcr % 8 & 1]
    values: list[bytes] = []
    for at in range(136, len(data), 532):
        (held,) = struct.unpack_from("<I", data, at)
        for each in range(held):
            (size,) = struct.unpack_from("<H", data, at + 4 + 66 * each)
            values.append(data[at + 6 + 66 * each :][:size])
    banks: dict[str, dict[int, bytes]] = {}
    for (bank, pcr), value in zip(chosen, values, strict=True):
        banks.setdefault(bank, {})[pcr] = value
    return banks


def digest(data: bytes) -> bytes:
    """Return a SHA-256 digest."""
    return sha256(data).digest()
