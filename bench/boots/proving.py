"""Checks the rig's own evidence with other tools, so that a wrong answer about it is trueware's and not the rig's.

tpm2_checkquote verifies the quote, tpm2_eventlog replays the boot log, and the list of files is replayed here.
Layout of an entry of the list: PCR u32, SHA-1 of the template 20 bytes, length of the name u32, name, length of the data u32, data
(Linux Documentation/security/IMA-templates.rst); a register of the SHA-256 bank is extended by the SHA-256 of the data.
"""

import re
import struct
from hashlib import sha256
from pathlib import Path

from boots.making import called

_REGISTER = re.compile(r"^\s+(\d+)\s*: 0x([0-9A-Fa-f]{64})$", re.MULTILINE)
FIRMWARE = (*range(10), 12, 13, 14)
"""Registers that boot logs lead to here: 10 is IMA's, 11 holds what systemd measures and firmware's log has too, where it does."""


def wrong(evidence: Path, snapshot: str) -> str | None:
    """Return what is wrong with a snapshot; None: it is in order."""
    folder = evidence / snapshot
    nonce = (folder / "nonce.hex").read_text().strip()
    command = ["tpm2", "checkquote", "-u", evidence / "ak.pub", "-m", folder / "quote.msg", "-s", folder / "quote.sig"]
    quoted = _registers(called(*command, "-f", folder / "quote.pcrs", "-g", "sha256", "-q", nonce))
    if len(quoted) != 15:
        return f"{len(quoted)} registers of 15 were quoted"
    listed = called("tpm2", "eventlog", evidence / "binary_bios_measurements")
    replayed = _registers(listed.rpartition("\npcrs:")[2])
    for number in FIRMWARE:
        if replayed.get(number, bytes(32)) != quoted[number]:
            return f"the boot log does not lead to PCR {number}"
    if files(folder / "binary_runtime_measurements") != quoted[10]:
        return "the list of files does not lead to PCR 10"
    return None


def _registers(text: str) -> dict[int, bytes]:
    return {int(number): bytes.fromhex(value) for number, value in _REGISTER.findall(text)}


def files(path: Path) -> bytes:
    """Return the PCR 10 that a list of files leads to."""
    data, register, at = path.read_bytes(), bytes(32), 0
    while at < len(data):
        (name,) = struct.unpack_from("<I", data, at + 24)
        (size,) = struct.unpack_from("<I", data, at + 28 + name)
        violated = data[at + 4 : at + 24] == bytes(20)
        start = at + 32 + name
        at = start + size
        register = sha256(register + (b"\xff" * 32 if violated else sha256(data[start:at]).digest())).digest()
    return register
