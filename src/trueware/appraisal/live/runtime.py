"""What the list of files that ran comes to: entries judged beside releases, and told as checks.

Files are known by path and content in releases of the registry. Where a release explains the rest, a program that it does not have is
TAMPERED, as it is in an image; a file that is no program and of no release is a warning. Content of a release under another path is
no change of content, and told.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trueware.appraisal.live.checks import RUNTIME_MIXED, RUNTIME_WITHDRAWN
from trueware.attestation.ima.baseline import Noted, Word, is_anonymous, is_program
from trueware.attestation.ima.checks import (
    IMA_CRITICAL_DATA,
    IMA_DATA_KNOWN,
    IMA_FILE_CHANGED,
    IMA_FILE_KNOWN,
    IMA_FILE_SIGNATURE,
    IMA_READ,
    IMA_REPLAY,
    IMA_TRAILING,
    IMA_VIOLATION,
    IMA_WEAK_DIGEST,
)
from trueware.attestation.ima.critical_data import decode
from trueware.attestation.ima.walking import Walked
from trueware.errors import EvidenceRefused
from trueware.model.attested import Matched
from trueware.model.check import Aspect, Check
from trueware.model.release import Release

_TOLD = 1000
"""Entries of one kind that are told one by one."""

_NAMED = 33
"""AR4SI: unrecognised."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What the files that ran come to."""

    checks: tuple[Check, ...]
    matches: tuple[Matched, ...]


def judge_runtime(
    walked: Walked[Noted], accounted: Sequence[tuple[Release, int]], place: str = "", *, overlap: bool = False
) -> Ran:
    """Return what a walk along the list comes to.

    Args:
        walked: with what the baseline of `releases` noted.
        accounted: releases that account for the files, each with how many entries, most first.
        place: name of the list.
        overlap: whether files of several versions of one product are in order.

    Raises:
        EvidenceRefused: the list does not lead to the quoted value.
    """
    if not walked.matches:
        if walked.altered is not None:
            reason = f"entry {walked.altered} was changed after it was measured: its digest is another's"
            raise EvidenceRefused(IMA_REPLAY.id, reason, f"entry {walked.altered}")
        reason = (
            f"{walked.trailing} entries do not lead to the quoted value of PCR 10: some are missing, or it is another's"
        )
        raise EvidenceRefused(IMA_REPLAY.id, reason, place)
    checks = [
        IMA_READ.supports(f"{walked.entries + walked.trailing} entries"),
        IMA_REPLAY.supports(f"{walked.entries} entries lead to the value of PCR 10 that was quoted"),
    ]
    if walked.trailing:
        detail = f"{walked.trailing} entries came after the quote: the next one covers them"
        checks.append(IMA_TRAILING.not_shown(detail, f"entry {walked.entries}", expected_gap=True))
    title = accounted[0][0].title if accounted else ""
    counts: dict[Word, int] = {}
    for number, noted in _without_first(walked):
        counts[noted.word] = counts.get(noted.word, 0) + 1
        if counts[noted.word] <= _TOLD and (check := _check(number, noted, title)) is not None:
            checks.append(check)
    for word, count in counts.items():
        if count > _TOLD:
            checks.append(IMA_FILE_KNOWN.not_shown(f"{count - _TOLD} more entries are {word.value}", expected_gap=True))
    known = walked.entries - sum(count for word, count in counts.items() if word not in _FINE)
    against = any(counts.get(word) for word in _AGAINST)
    if accounted:
        matches = tuple(
            Matched(
                Aspect.EXECUTABLES,
                release,
                f"{min(count, known)} of {walked.entries} files that ran",
                complete=not against,
            )
            for release, count in accounted
        )
        own = min(known, sum(count for _, count in accounted))
        checks.append(IMA_FILE_KNOWN.supports(f"{own} of {walked.entries} entries are of releases", source=title))
        checks += _of_releases(accounted, overlap=overlap)
        return Ran(tuple(checks), matches)
    if known == walked.entries and counts.get(Word.SIGNED):
        checks.append(IMA_FILE_KNOWN.supports(f"all {known} entries are signed"))
    else:
        only_excluded = not counts  # beside the kernel's own first entry
        checks.append(
            IMA_FILE_KNOWN.not_shown("no release in the registry has these files", expected_gap=only_excluded)
        )
    return Ran(tuple(checks), ())


_FINE = frozenset({Word.SIGNED, Word.RENAMED, Word.DATA, Word.MUTABLE})
_AGAINST = frozenset({Word.CHANGED, Word.UNKNOWN, Word.BAD_SIGNATURE, Word.WEAK, Word.MALFORMED, Word.AGGREGATE})


def _of_releases(accounted: Sequence[tuple[Release, int]], *, overlap: bool) -> Iterator[Check]:
    """Yield what is to be told of the releases: those that were withdrawn, and several versions of one product."""
    products: dict[tuple[str, str], list[tuple[Release, int]]] = {}
    for release, count in accounted:
        products.setdefault((release.publisher, release.product), []).append((release, count))
        if release.at_fault:
            reason = release.withdrawn or "it should be in the registry's log and is not"
            yield RUNTIME_WITHDRAWN.contradicts(f"{release.title}: {reason}", source=release.title)
    for versions in products.values():
        if len(versions) > 1:
            told = ", ".join(f"{count} of {release.version}" for release, count in versions)
            detail = f"files of several versions of {versions[0][0].product} ran: {told}"
            yield RUNTIME_MIXED.supports(detail) if overlap else RUNTIME_MIXED.contradicts(detail)


def _without_first(walked: Walked[Noted]) -> Iterator[tuple[int, Noted]]:
    """Yield what was noted, but for the kernel's own first entry, and its like of kernels that were started by that one (kexec)."""
    first = None
    for number, noted in walked.attested:
        if noted.word is Word.AGGREGATE and (number == 0 or noted.found == first):
            first = noted.found
        else:
            yield number, noted


def _check(number: int, noted: Noted, title: str) -> Check | None:
    place = noted.path or f"entry {number}"
    expected = " or ".join(noted.expected) or None
    match noted.word:
        case Word.CHANGED:
            rule = IMA_FILE_CHANGED if is_program(noted.path) else IMA_DATA_KNOWN
            detail = f"it has another content than in the release (entry {number})"
            return rule.contradicts(detail, place, expected=expected, found=noted.found, source=title, value=96)
        case Word.BAD_SIGNATURE:
            detail = f"it was changed and kept the signature of {noted.signer} (entry {number})"
            return IMA_FILE_SIGNATURE.contradicts(detail, place, expected=expected, found=noted.found, source=title)
        case Word.UNKNOWN if is_anonymous(noted.path):
            return IMA_FILE_KNOWN.not_shown(
                f"memory that a program or the kernel made, or a file that is called so, ran or was read by root, and no "
                f"release has it (entry {number})",
                place,
            )
        case Word.UNKNOWN if is_program(noted.path) or not title:
            detail = f"it ran or was read by root, and no release has it (entry {number})"
            value = 96 if title else _NAMED
            return IMA_FILE_KNOWN.contradicts(detail, place, found=noted.found, source=title, value=value)
        case Word.UNKNOWN:
            detail = f"it was read by root, and no release has it (entry {number})"
            return IMA_DATA_KNOWN.contradicts(detail, place, found=noted.found, source=title)
        case Word.VIOLATION:
            detail = (
                f"it was open for writing while it was measured; which file it was is the list's word (entry {number})"
            )
            return IMA_VIOLATION.contradicts(detail, place)
        case Word.MUTABLE:
            detail = f"a device may change it; the list does not say whether it ran (entry {number})"
            return IMA_FILE_KNOWN.not_shown(detail, place, expected_gap=True)
        case Word.AGGREGATE:
            detail = f"the kernel's entry about the boot is the first of a list; a file may be called so too (entry {number})"
            return IMA_FILE_KNOWN.not_shown(detail, place)
        case Word.WEAK:
            detail = f"it is measured by {noted.found.partition(':')[0]}, and no trusted key signed it (entry {number})"
            return IMA_WEAK_DIGEST.not_shown(detail, place)
        case Word.MALFORMED:
            return IMA_FILE_KNOWN.not_shown(f"its entry cannot be read: {noted.found}", place)
        case Word.DATA:
            critical = decode(noted.path, noted.buffer or b"")
            detail = f"{critical.told} (entry {number})"
            if critical.is_corrupt:
                return IMA_CRITICAL_DATA.contradicts(detail, place, found=noted.found)
            return IMA_CRITICAL_DATA.supports(detail, place, found=noted.found)
        case Word.RENAMED:
            detail = f"content of {', '.join(noted.expected)} under another name (entry {number})"
            return IMA_FILE_KNOWN.supports(detail, place, source=title)
        case _:
            return None
