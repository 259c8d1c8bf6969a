"""What is read of other projects' evidence: the files of the corpus' attest/public by project and kind, beside what is known of them.

What is expected of a file comes from the manifest. Where that says "from the file name / test", it was read off the upstream's
names and is no statement of theirs; the table tells how many. Reading is by the reader that the file is taken for; `accept` is right
where it reads, `reject` where it raises InputError. A file that is accepted proves that its form is read, not that its signature is
verified: that is held by the tests of each kind, with the keys that belong to it. CoRIM, CoSERV and CoTS are `make interchange`'s.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from trueware.attestation.android_key.link import read_link
from trueware.attestation.android_key.revocation import read_revocation
from trueware.attestation.certificate_files import encodings
from trueware.attestation.contract import Endorsements, Question
from trueware.attestation.eat.verifying import verify_token
from trueware.attestation.eat.wrapper import unwrap
from trueware.attestation.event_log.reading import read
from trueware.attestation.ima.ascii import to_binary
from trueware.attestation.recognise import Kind, Piece, recognise
from trueware.attestation.tpm.attest import parse_quote
from trueware.attestation.tpm.endorsement import check_endorsement
from trueware.attestation.tpm.pcrs import parse_pcr_file
from trueware.attestation.tpm.platform_certificate import parse_platform_certificate
from trueware.attestation.tpm.public import parse_public
from trueware.attestation.tpm.signature import parse_signature
from trueware.errors import InputError
from trueware.exchange.ear.reading import from_cbor, from_json

_NOW = 1_634_320_000
_ELSEWHERE = (
    *(
        "corim",
        "coserv",
        "corim/cots",
        "cose",
        "cose-sign1",
        "suit-manifest",
        "tcg-rim + platform cert",
        "tcg-rim-tool",
        "dice",
    ),
    *(
        "ear/policy",
        "uefi-keys-dbx",
        "ek-ca",
        "android-roots",
        "push-model messages",
        "certs",
        "corim+psa/cca evidence",
    ),
)
"""Kinds that are no evidence, or are counted by another table."""

_TOKENS = ("psa-token", "cca-token", "psa/cca token", "psa perf pair", "eat")

_NOT_TAKEN = {
    "claims/results": "parts of results without a head, and what serves them: a test puts a head around seven, and reads seven",
    "nvswitch RIM/claims": "claims of a profile without status or vector, refused by name in a test; the RIM is no evidence",
    "vtpm quote / cca": "quotes in a sender's own form, which readers of their own take (tests/unit/attestation/tpm/test_senders.py)",
}
"""Kinds of which nothing is taken by the forms below, or only by chance, with the reason."""

_KNOWN = {
    "malformed_rot_device_locked.pem": "certificates read one by one; the chain is refused for it",
    "tags_not_in_ascending_order.pem": "certificates read one by one; the chain is refused, for its signature",
    "allowlist-invalid-sig.sig": "a signature of GnuPG, no TPM's",
    "allowlist-pgp-sig.sig": "a signature of GnuPG, no TPM's",
    "test-no-sw-components.json": "the draft demands software components of a platform token",
    "no-sw-measurements.cbor": "no protected algorithm, which RFC 9052 §4.4 cannot do without",
    "bug-33-repro.cbor": "the platform's challenge is a counter, not the digest of the realm's key",
    "realm-claims+spurious-text-key.cbor": "RFC 9711 §7.2.1 has unknown claims left alone",
    "ear-claims-key-attestation-ko.json": "its extension for keys is not looked into",
    "skey.json": "a key, no result",
    "pkey.json": "a key, no result",
    "ex3.from-diag.cbor": "a measured component alone, no token",
    "hlos.from-diag.cbor": "a CoSWID tag, no token",
    "iot-sw.from-diag.cbor": "a CoSWID tag, no token",
    "key-store.from-diag.cbor": "a CoSWID tag, no token",
    "realm-claims+spurious-text-key.from-diag.cbor": "RFC 9711 §7.2.1 has unknown claims left alone",
}
"""Why files are otherwise than expected."""

_FORMS: dict[Kind, Callable[[bytes], object]] = {
    Kind.TPM_ATTEST: parse_quote,
    Kind.TPM_SIGNATURE: parse_signature,
    Kind.TPM_PUBLIC: parse_public,
    Kind.PCR_VALUES: parse_pcr_file,
    Kind.EVENT_LOG: lambda data: read(data).whole(),
    Kind.IMA_ASCII: to_binary,
    Kind.CERTIFICATE: lambda data: [check_endorsement(each, None, (), _NOW) for each in encodings(data)],
    Kind.ATTRIBUTE_CERTIFICATE: lambda data: [parse_platform_certificate(each) for each in encodings(data)],
    Kind.ANDROID_CHAIN: lambda data: [read_link(each) for each in encodings(data)],
    Kind.TOKEN: lambda data: verify_token(data, Endorsements(), Question(_NOW)),
    Kind.WRAPPED: unwrap,
}


@dataclass(slots=True)
class Group:
    """The files of one project and kind."""

    project: str
    kind: str
    files: int = 0
    right: int = 0
    by_name: int = 0
    """Files whose expectation is from a name."""
    otherwise: list[str] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)
    """Files that are not read, by their ending."""


def groups(corpus: Path) -> Iterator[Group]:
    """Yield what became of the files, by project and kind."""
    found: dict[tuple[str, str], Group] = {}
    for row in json.loads((corpus / "attest/public/MANIFEST.open.json").read_text()):
        if row["kind"] in _ELSEWHERE:
            continue
        path = corpus / "attest" / row["file"]
        group = found.setdefault((row["repo"], row["kind"]), Group(row["repo"], row["kind"]))
        group.files += 1
        group.by_name += "from the file name" in row["expected"]
        _take(group, path, row["kind"], is_refused=row["expected"].startswith("reject"))
    yield from found.values()


def _take(group: Group, path: Path, kind: str, *, is_refused: bool) -> None:
    if not path.is_file():
        group.unread["that the corpus does not hold"] += 1
        return
    if kind in _NOT_TAKEN:
        group.unread[f"({_NOT_TAKEN[kind]})"] += 1
        return
    if path.suffix == ".diag":
        made = path.with_suffix(".from-diag.cbor")
        path = made if made.exists() else path
    data = path.read_bytes()
    reader = _reader(path, kind, data)
    if reader is None:
        group.unread[path.suffix or "no ending"] += 1
        return
    try:
        reader(data)
    except InputError as error:
        if not is_refused:
            group.otherwise.append(f"{path.name}: {_KNOWN.get(path.name, str(error)[:90])}")
            return
    else:
        if is_refused:
            why = _KNOWN.get(path.name, "read, its name says that it is refused")
            group.otherwise.append(f"{path.name}: {why}")
            return
    group.right += 1


def _reader(path: Path, kind: str, data: bytes) -> Callable[[bytes], object] | None:
    """Return what reads a file; None: it is source, a key, a decoding, or of a form that is not taken for evidence here."""
    if kind == "android-revocation":
        return read_revocation
    if kind == "ear":
        if path.suffix == ".cbor" and "json" not in path.name:
            return from_cbor
        return from_json if path.suffix in (".json", ".diag") else None
    if path.suffix in (".yaml", ".diag", ".md", ".go", ".py", ".rs", ".sh", ".txt", ".cddl") or "both" in path.parts:
        return None
    if kind in _TOKENS and path.suffix == ".cbor":
        return _FORMS[Kind.TOKEN]
    return _FORMS.get(recognise(Piece(path.name, data)))


def table(corpus: Path) -> list[str]:
    """Return the table."""
    lines = [
        "| project | kind | files | as expected | expected by a name | not read | otherwise |",
        "|---|---|---:|---:|---:|---|---|",
    ]
    sums: Counter[str] = Counter()
    for group in groups(corpus):
        unread = ", ".join(f"{count} {ending}" for ending, count in sorted(group.unread.items()))
        otherwise = "; ".join(group.otherwise[:3]).replace("|", "/").replace("\n", " ")
        more = f"; and {len(group.otherwise) - 3} more" if len(group.otherwise) > 3 else ""
        lines.append(
            f"| {group.project} | {group.kind} | {group.files} | {group.right} | {group.by_name} | {unread} | {otherwise}{more} |"
        )
        sums.update(files=group.files, right=group.right, named=group.by_name)
        sums.update(unread=group.unread.total(), otherwise=len(group.otherwise))
    lines.append(
        f"| **all** | | {sums['files']} | {sums['right']} | {sums['named']} | {sums['unread']} | {sums['otherwise']} |"
    )
    return lines
