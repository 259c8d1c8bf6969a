"""Evidence of a TPM: quotes, the log of the boot, and the list of files that ran.

1. Every quote holds, and is by the key that the device was enrolled with.
2. The log of the boot leads to what was quoted; its events say what booted.
3. PCRs are matched with releases; where they differ, the first events that differ are named beside the release's own.
4. The list of files leads to PCR 10; files are matched with releases.
5. What other quotes show beside the first is matched too: of other registers, of another boot, of another TPM of the device.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from trueware.appraisal.live.boot import BANKS
from trueware.appraisal.live.checks import EVIDENCE_ONE, EVIDENCE_PIECE
from trueware.appraisal.live.continuity import against_before
from trueware.appraisal.live.runtime import judge_runtime
from trueware.appraising.gathering import Gathering
from trueware.appraising.quotes import ProvedQuote, prove_quotes
from trueware.attestation.event_log.checks import EVENT_LOG_WHOLE
from trueware.attestation.event_log.verifying import ELSEWHERE, VerifiedLog
from trueware.attestation.ima.ascii import to_binary
from trueware.attestation.ima.checks import IMA_BANK, IMA_FILE_KNOWN, IMA_SENT
from trueware.attestation.ima.coverage import coverage
from trueware.attestation.ima.walking import ImaState, is_padded, leads_to
from trueware.attestation.recognise import Kind, Piece
from trueware.attestation.tpm.clock import Course, check_clock, compare
from trueware.errors import InputError
from trueware.model.check import Aspect, Check, Outcome
from trueware.model.measured_boot import is_empty

IMA_REGISTER = 10
_NO_LOG = EVENT_LOG_WHOLE.not_shown("no boot log was sent, so that what differs cannot be named", expected_gap=True)
_NO_LIST = IMA_SENT.not_shown("no list of files that ran was sent; what ran since boot is not shown", expected_gap=True)
_LOGS = (Kind.EVENT_LOG, Kind.IMA_BINARY, Kind.IMA_ASCII)
_UNSIGNED = "no quote was sent, and without one a log is anybody's word"
_WITHHELD = IMA_SENT.not_shown(
    "files that ran were measured, and their list was not sent: send it, read after the quote", "PCR 10"
)


def appraise_boot(pieces: Mapping[Kind, Sequence[Piece]], gathering: Gathering) -> None:
    """Appraise what a TPM signed, with the logs beside it.

    Raises:
        EvidenceRefused, MalformedInput: it must not be believed.
        StoreError: the registry cannot be read.
    """
    if not pieces.get(Kind.TPM_ATTEST):
        logs = [each for kind in _LOGS for each in pieces.get(kind, ())]
        gathering.add(*(EVIDENCE_PIECE.not_shown(_UNSIGNED, each.name) for each in logs[:_MOST_TOLD]))
        return
    gathering.kinds.append("tpm-quote")
    quotes = prove_quotes(pieces, gathering.wish.question.nonce)  # 1
    gathering.add(*quotes.keyless)
    for quote in quotes.proved:
        gathering.add(*quote.quoted.checks, *_identified(quote, pieces, gathering))
    _require_one_device(quotes.proved, gathering)
    main = quotes.proved[0]
    enrolled = gathering.wish.endorsements.enrolled.get(main.key.name)
    gathering.attester = gathering.attester or enrolled or f"TPM key {main.key.name.hex()[4:16]}"
    gathering.clock, gathering.key = main.quoted.clock, main.key.name
    seen = gathering.wish.seen
    if seen is not None and seen.key == main.key.name:
        gathering.add(check_clock(seen.clock, main.quoted.clock))
    banks = main.quoted.values
    data, verified = _log(pieces, banks, gathering)  # 2
    if gathering.refused:
        return
    judged, checks = gathering.fleet.match(data, banks, verified)  # 3
    gathering.take("measured-boot", checks, judged.matches)
    gathering.add(*against_before(gathering.wish.before, judged.matches))
    _files(pieces, banks, gathering, verified)  # 4
    for other in quotes.proved[1:]:  # 5
        if shown := _shown_beside(main, other):
            judged, checks = gathering.fleet.match(b"", shown, None)
            placed = (replace(each, place=f"{other.name}: {each.place}".removesuffix(": ")) for each in checks)
            gathering.take("measured-boot", placed, judged.matches)


def _identified(quote: ProvedQuote, pieces: Mapping[Kind, Sequence[Piece]], gathering: Gathering) -> tuple[Check, ...]:
    """Return whose key signed, and what certificates say of the TPM that it is in, and of the device around it."""
    wish = gathering.wish
    sent = tuple(each.data for kind in _IDENTITIES for each in pieces.get(kind, ()))
    identified = gathering.fleet.identify(
        quote.key.public, quote.quoted.qualified_signer, wish.device, sent, wish.question.now, wish.endorsements
    )
    gathering.claims += [each for each in identified.claims if each not in gathering.claims]
    return identified.checks


_IDENTITIES = (Kind.TPM_PUBLIC, Kind.CERTIFICATE, Kind.ATTRIBUTE_CERTIFICATE)


def _log(
    pieces: Mapping[Kind, Sequence[Piece]], banks: Mapping[str, Mapping[int, bytes]], gathering: Gathering
) -> tuple[bytes, VerifiedLog | None]:
    logs = pieces.get(Kind.EVENT_LOG, ())
    if not logs:
        gathering.add(_NO_LOG)
        return b"", None
    taken = _fitting(logs, banks, gathering)
    _tell_rest(taken, logs, gathering)
    verified = gathering.fleet.verify_log(taken.data, banks)
    gathering.take("event-log", verified.checks, claims=verified.claims)
    return taken.data, verified


def _fitting(logs: Sequence[Piece], banks: Mapping[str, Mapping[int, bytes]], gathering: Gathering) -> Piece:
    """Return the log that leads to what was quoted: another boot's, or another TPM's, may lie beside it. Else the first."""
    for each in logs[:_MOST_TOLD] if len(logs) > 1 else ():
        with suppress(InputError):  # told where the first is read
            verified = gathering.fleet.verify_log(each.data, banks)
            if verified.is_believed and not any(_refuses(check) for check in verified.checks):
                return each
    return logs[0]


def _refuses(check: Check) -> bool:
    return check.aspect is Aspect.EVIDENCE and check.outcome is Outcome.CONTRADICTS


def _shown_beside(main: ProvedQuote, other: ProvedQuote) -> Mapping[str, Mapping[int, bytes]]:
    """Return registers that must be matched too, because another quote shows what the first does not; empty: there are none."""
    one, two = main.quoted, other.quoted
    strong = {bank: values for bank, values in two.values.items() if bank in BANKS}
    once = (one.clock.reset_count, one.clock.restart_count) == (two.clock.reset_count, two.clock.restart_count)
    if not once or any(
        one.values.get(bank, {}).get(pcr, value) != value
        for bank, values in strong.items()
        for pcr, value in values.items()
        if pcr not in ELSEWHERE
    ):
        return two.values
    whole = {bank: {**values, **one.values.get(bank, {})} for bank, values in strong.items()}
    return {} if all(values == one.values.get(bank) for bank, values in whole.items()) else whole


def _files(
    pieces: Mapping[Kind, Sequence[Piece]],
    banks: Mapping[str, Mapping[int, bytes]],
    gathering: Gathering,
    verified: VerifiedLog | None,
) -> None:
    lists = _lists(pieces)
    held = [each for each in BANKS if IMA_REGISTER in banks.get(each, {})]
    if not lists:
        measured = any(not is_empty(banks[each][IMA_REGISTER]) for each in held)
        gathering.add(_WITHHELD if measured or _sent_before(gathering) else _NO_LIST)
        return
    taken = (
        next((each for each in lists[:_MOST_TOLD] if _leads(each, banks, held)), lists[0]) if lists[1:] else lists[0]
    )
    _tell_rest(taken, lists, gathering)
    data = taken.data
    if not held:
        gathering.take("ima-log", (IMA_BANK.not_shown("PCR 10 of no such bank was quoted", "PCR 10"),))
        return
    programs = gathering.fleet.programs
    for bank in held:
        quoted = banks[bank][IMA_REGISTER]
        walked = programs.judged(data, _where_it_was(gathering, bank), quoted)
        if walked.matches or not is_padded(data, bank, quoted):
            break
        why = f"the kernel of the device does not have the hash of bank {bank}: it extends SHA-1 there, which can be forged"
        gathering.take("ima-log", (IMA_BANK.not_shown(why, "PCR 10", expected_gap=bank != held[-1]),))
    else:
        return
    gathering.files = walked.state if walked.matches else None
    accounted = programs.accounted(data, walked.entries) if walked.matches else ()
    ran = judge_runtime(walked, accounted, taken.name, overlap=gathering.wish.overlap)
    lines = [each.text for each in verified.facts.command_lines] if verified is not None and verified.facts else []
    policy = next((each.data.decode("utf-8", "replace") for each in pieces.get(Kind.IMA_POLICY, ())), None)
    gathering.take("ima-log", (*ran.checks, *coverage(policy, lines)), ran.matches)
    if excluded := gathering.wish.excluded:
        why = f"files that you excluded may be anything: {', '.join(excluded)[:_LONG]}"
        gathering.add(IMA_FILE_KNOWN.not_shown(why, expected_gap=True))


def _leads(piece: Piece, banks: Mapping[str, Mapping[int, bytes]], held: Sequence[str]) -> bool:
    """Tell whether a list leads to what was quoted; what cannot be read is told where it is taken."""
    with suppress(InputError):
        return any(leads_to(piece.data, bank, banks[bank][IMA_REGISTER]) for bank in held)
    return False


def _require_one_device(quotes: Sequence[ProvedQuote], gathering: Gathering) -> None:
    """Tell where keys of several devices signed: pieces were mixed up, or one device answers for another."""
    enrolled = gathering.wish.endorsements.enrolled
    names = {enrolled[each.key.name] for each in quotes if each.key.name in enrolled}
    if len(names) > 1:
        named = ", ".join(sorted(names)[:4])
        gathering.add(EVIDENCE_ONE.contradicts(f"keys that were enrolled for several devices signed: {named}"))


def _tell_rest(taken: Piece, pieces: Sequence[Piece], gathering: Gathering) -> None:
    """Tell that of several pieces of a kind one was taken."""
    for each in pieces[:_MOST_TOLD]:
        if each.data != taken.data:
            gathering.add(EVIDENCE_PIECE.not_shown(f"{taken.name} was taken, and this one not", each.name))


def _sent_before(gathering: Gathering) -> bool:
    """Tell whether the device sent a list of files when it was appraised last."""
    seen = gathering.wish.seen
    return seen is not None and seen.files is not None


_MOST_TOLD = 8
_LONG = 200


def _where_it_was(gathering: Gathering, bank: str) -> ImaState:
    """Return where the list was found in order last, in this same boot; else its beginning.

    What was in order then is not judged again: a release that was withdrawn since is told by the boot, and by the next start.
    """
    seen = gathering.wish.seen
    if (
        seen is not None
        and seen.files is not None
        and seen.files.bank == bank
        and seen.key == gathering.key
        and gathering.clock is not None
        and compare(seen.clock, gathering.clock) in (Course.SAME_BOOT, Course.RESUMED)
    ):
        return seen.files
    return ImaState.start(bank)


def _lists(pieces: Mapping[Kind, Sequence[Piece]]) -> list[Piece]:
    """Return the lists of files, those of text as the binary ones they are of."""
    binary = list(pieces.get(Kind.IMA_BINARY, ()))
    return binary or [Piece(each.name, to_binary(each.data)) for each in pieces.get(Kind.IMA_ASCII, ())]
