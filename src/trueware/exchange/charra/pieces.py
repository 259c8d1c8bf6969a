"""An answer as the files that tools of TPMs write: ``quote.msg``, ``quote.sig``, ``quote.pcrs``, and the logs by the kernel's names.

Names of a stranger are in no file's name: what there is more than one of is numbered, ``quote-2.msg``.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from trueware.attestation.recognise import Kind
from trueware.attestation.tpm.pcrs import pcr_file
from trueware.exchange.charra.logs import LogKind
from trueware.exchange.charra.reading import Answer, LogAnswer

_LOGS = {
    LogKind.BIOS: ("binary_bios_measurements", Kind.EVENT_LOG),
    LogKind.IMA: ("binary_runtime_measurements", Kind.IMA_BINARY),
    LogKind.NETEQUIP_BOOT: ("netequip_boot_measurements", Kind.OTHER),
}


@dataclass(frozen=True, slots=True)
class Held:
    """What answers hold."""

    pieces: tuple[tuple[str, Kind, bytes], ...]
    """(name, what it is, bytes)."""

    gaps: tuple[tuple[str, str], ...]
    """(name, reason) of what they should hold and do not."""


def pieces_of(answers: Iterable[Answer]) -> Held:
    """Return what answers of one attester hold. Of logs of several TPMs none is taken: nothing says which belongs to which quote."""
    found: list[tuple[str, Kind, bytes]] = []
    gaps: list[tuple[str, str]] = []
    logs: dict[LogKind, list[LogAnswer]] = {}
    quotes = 0
    for answer in answers:
        for quote in answer.quotes:
            quotes += 1
            stem = "quote" if quotes == 1 else f"quote-{quotes}"
            found.append((f"{stem}.msg", Kind.TPM_ATTEST, quote.attest))
            if quote.signature:
                found.append((f"{stem}.sig", Kind.TPM_SIGNATURE, quote.signature))
            if quote.values.banks:
                found.append((f"{stem}.pcrs", Kind.PCR_VALUES, pcr_file(quote.values)))
        for log in answer.logs:
            logs.setdefault(log.kind, []).append(log)
        gaps += [(_LOGS[kind][0], reason) for kind, reason in answer.gaps]
    for log_kind, each in logs.items():
        name, kind = _LOGS[log_kind]
        if len(each) > 1:
            gaps.append(
                (name, f"logs of {len(each)} TPMs, and nothing says whose quote is whose: ask for one by its name")
            )
        else:
            found.append((name, kind, each[0].data))
    return Held(tuple(found), tuple(gaps))
