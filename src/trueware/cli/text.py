"""Renders results as text that a technician understands in ten seconds: verdict, effects, changes by kind, findings."""

from collections.abc import Iterable, Iterator

from trueware.cli.effects import effects
from trueware.cli.printable import printable
from trueware.model.certificate import ConformityResult
from trueware.model.change import Change, ChangeKind
from trueware.model.claim import SIGNER
from trueware.model.finding import Finding, Severity
from trueware.model.part import Kind, Part
from trueware.model.result import Result
from trueware.model.signature import Signature, Standing
from trueware.model.strength import Strength
from trueware.model.verdict import Tier, Verdict

_SHOWN = 40
"""Lines of one group that are shown unless everything is asked for."""

_SIGNATURES = 8
"""Signatures that are shown unless everything is asked for."""

_COLOURS = {
    Verdict.GENUINE: "32",
    Verdict.TAMPERED: "31",
    Verdict.COUNTERFEIT: "35",
    Verdict.UNKNOWN: "33",
}

_ORDER = (ChangeKind.ADDED, ChangeKind.CHANGED, ChangeKind.REMOVED, ChangeKind.MOVED)
_SEVERITIES = tuple(reversed(Severity))


def render(result: Result, *, colour: bool = False, everything: bool = False) -> str:
    """Return the result as lines of text, ending with a newline.

    Args:
        result: what to render.
        colour: use ANSI colours; the text is understandable without.
        everything: show every change, finding and claim, however many.
    """
    return "".join(f"{line}\n".rstrip(" ") for line in _lines(result, colour=colour, everything=everything))


def _lines(result: Result, *, colour: bool, everything: bool) -> Iterator[str]:
    word = result.verdict.value
    if result.verdict is Verdict.GENUINE and result.tier is Tier.WARNING:
        word += " (with warnings)"
    if colour:
        word = f"\x1b[1;{_COLOURS[result.verdict]}m{word}\x1b[0m"
    yield f"{word}  {printable(result.artefact)}"
    yield f"  {printable(result.reason)}"
    if result.evidence is Strength.SELF_REPORTED:
        yield "  the device says so itself; a compromised device can lie"
    yield from _match(result)
    yield from _conformity(result.conformity)
    yield from effects(result.explanations, everything=everything)
    immutable = [change for change in result.changes if not change.mutable]
    mutable = [change for change in result.changes if change.mutable]
    yield from _changes("changes", immutable, everything=everything)
    yield from _changes("changes that policy lets a device make in service", mutable, everything=everything)
    yield from _signatures(result, everything=everything)
    yield from _findings(result.findings, everything=everything)
    claims = [claim for claim in result.claims if claim.name != SIGNER]
    if claims and (everything or result.verdict in (Verdict.UNKNOWN, Verdict.COUNTERFEIT)):
        yield ""
        yield "  claims to be"
        told = [
            f"    {claim.name:<12} {printable(claim.value)}  ({printable(claim.part) or claim.source})"
            for claim in claims
        ]
        yield from told if everything else _cut(told, 12)
    if result.settle:
        yield ""
        yield "  what would settle it"
        yield from (f"    - {printable(line)}" for line in result.settle)


def _match(result: Result) -> Iterator[str]:
    match = result.match
    if match is None:
        return
    release = match.release
    part = f", its part {printable(match.part)}" if match.part else ""
    common = "identical" if match.similarity == 1 else f"{match.similarity:.1%} in common"
    yield ""
    name = printable(release.title)
    yield f"  compared with {name} ({release.authority.value}){part}: {common}"


def _conformity(judged: ConformityResult) -> Iterator[str]:
    if not judged.certificates and not judged.elsewhere:
        return
    yield ""
    yield f"  conformity of these very bytes: {judged.conformity.value}"
    for views, remark in (
        (judged.certificates, ""),
        (judged.elsewhere, ", for the genuine release: not for these bytes"),
    ):
        for view in views:
            status = view.status
            number = printable(f"{status.number} of {status.issuer}")
            scheme = f" ({printable(status.scheme)})" if status.scheme else ""
            reason = f": {printable(status.reason)}" if status.reason else ""
            yield f"    {view.conformity.value:<10} certificate {number}{scheme}{reason}{remark}"


def _signatures(result: Result, *, everything: bool) -> Iterator[str]:
    if not result.signatures:
        return
    yield ""
    yield "  signatures"
    lines = []
    for each in result.signatures:
        signature, signer = each.signature, each.signature.signer
        word = signature.outcome.value if each.standing is Standing.NONE else f"valid, {each.standing.value}"
        name = each.publisher or ("" if signer is None else signer.name or signer.ids[0])
        by = f"  by {printable(name)}" if name else ""
        where = f"  {printable(signature.part)}" if signature.part else ""
        lines.append(f"    {signature.scheme:<12} {word}{by}{where}{_platforms(signature)}")
    lines = list(dict.fromkeys(lines))
    yield from lines if everything else _cut(lines, _SIGNATURES)


def _platforms(signature: Signature) -> str:
    if signature.platforms is None:
        return ""
    first, last = signature.platforms
    return f"  (Android API {first} and later)" if last is None else f"  (Android API {first} to {last})"


def _changes(title: str, changes: list[Change], *, everything: bool) -> Iterator[str]:
    if not changes:
        return
    yield ""
    yield f"  {title}"
    for kind in _ORDER:
        lines = [f"    {kind.value:<8} {_describe(change)}" for change in changes if change.kind is kind]
        yield from lines if everything else _cut(lines, _SHOWN)


def _describe(change: Change) -> str:
    path = printable(change.path) or "(the artefact itself)"
    match change.kind:
        case ChangeKind.ADDED:
            return f"{path}  ({_summary(change.found)})"
        case ChangeKind.REMOVED:
            return f"{path}  ({_summary(change.expected)})"
        case ChangeKind.MOVED:
            details = _differences(change)
            return f"{printable(change.origin or '')} -> {path}" + (f"  ({details})" if details else "")
        case ChangeKind.CHANGED:
            return f"{path}  ({_differences(change)})"


def _summary(part: Part | None) -> str:
    if part is None:
        return ""
    words = [part.kind.value]
    if part.mode is not None and part.kind is not Kind.SYMLINK:
        words.append(f"mode {part.mode:04o}")
    if part.kind in (Kind.FILE, Kind.REGION, Kind.GAP):
        words.append(_size(part))
    if part.link is not None:
        words.append(f"to {printable(part.link)}")
    if part.rdev is not None:
        words.append("{}:{}".format(*part.rdev))
    return ", ".join(words)


def _size(part: Part) -> str:
    """Return the length of a part; a list of files may state a digest alone."""
    return _bytes(part.size) if part.size or not part.has_content else "size not stated"


def _differences(change: Change) -> str:
    expected, found = change.expected, change.found
    if expected is None or found is None:
        return ""
    words = []
    for aspect in change.aspects:
        match aspect:
            case "content":
                same = expected.size == found.size
                words.append(f"content, {_size(found)}" if same else f"content, {_size(expected)} -> {_size(found)}")
            case "mode":
                words.append(f"mode {expected.mode or 0:04o} -> {found.mode or 0:04o}")
            case "owner":
                words.append(f"owner {expected.uid}:{expected.gid} -> {found.uid}:{found.gid}")
            case "link":
                words.append(f"link {printable(expected.link or '(none)')} -> {printable(found.link or '(none)')}")
            case "type":
                words.append(f"type {expected.kind.value} -> {found.kind.value}")
            case "device":
                words.append(f"device {expected.rdev} -> {found.rdev}")
            case "facts":
                words.append(_facts(expected, found))
            case _:
                words.append(aspect)
    return ", ".join(words)


def _facts(expected: Part, found: Part) -> str:
    before, after = dict(expected.facts), dict(found.facts)
    keys = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    return "header " + ", ".join(
        f"{printable(key)} {printable(before.get(key, '(none)'))} -> {printable(after.get(key, '(none)'))}"
        for key in keys[:6]
    )


def _findings(findings: Iterable[Finding], *, everything: bool) -> Iterator[str]:
    ranked = sorted(findings, key=lambda finding: _SEVERITIES.index(finding.severity))
    if not ranked:
        return
    yield ""
    yield "  findings"
    lines = []
    for finding in ranked:
        place = f"{printable(finding.part)}: " if finding.part else ""
        at = f" (at {finding.offset:#x})" if finding.offset is not None else ""
        lines.append(f"    {finding.severity.value:<7} {finding.rule:<22} {place}{printable(finding.detail)}{at}")
    yield from lines if everything else _cut(lines, _SHOWN)


def _cut(lines: list[str], shown: int) -> Iterator[str]:
    yield from lines[:shown]
    if len(lines) > shown:
        yield f"    … {len(lines) - shown} more (--all shows them)"


def _bytes(size: int) -> str:
    return f"{size:,} byte" if size == 1 else f"{size:,} bytes"
