"""Genuine evidence of every kind, to be mutated: how each kind is read, and what must not change where it is believed.

A whole device is the genuine boot `a1_genuine_devA` of the corpus with one quote; a mutated piece of it is appraised among the other
pieces as they are. Other evidence is appraised alone. `essence` is what a reader takes from bytes that a signature or a digest
covers: where it differs from the genuine one's, the answer may not be GENUINE, and nothing may be believed of it.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

import attestation_rig as rig

sys.path.insert(0, os.fspath(Path(__file__).resolve().parents[1]))  # the tests' writer of a network device's answers

from tests import network_device

from trueware.appraising import Wish
from trueware.attestation.android_key.revocation import read_revocation
from trueware.attestation.android_key.verifying import verify_attestation
from trueware.attestation.certificate_files import encodings
from trueware.attestation.contract import Endorsements, Question
from trueware.attestation.eat.verifying import verify_token
from trueware.attestation.eat.wrapper import unwrap
from trueware.attestation.event_log.proving import prove
from trueware.attestation.event_log.reading import read
from trueware.attestation.ima.ascii import to_binary
from trueware.attestation.ima.entries import entries
from trueware.attestation.recognise import Piece
from trueware.attestation.tpm.attest import parse_quote
from trueware.attestation.tpm.endorsement import check_endorsement
from trueware.attestation.tpm.pcrs import parse_pcr_file
from trueware.attestation.tpm.platform_certificate import parse_platform_certificate
from trueware.attestation.tpm.public import parse_public
from trueware.attestation.tpm.senders import (
    parse_go_attestation,
    parse_go_tpm_tools,
    parse_keylime,
    parse_trustee,
    parse_trustee_binary,
)
from trueware.attestation.tpm.signature import parse_signature
from trueware.errors import UnsupportedInput
from trueware.exchange.charra.reading import read_answer
from trueware.exchange.ear import Ear, EarAppraisal, Status, VerifierId, read_signed, sign_cwt, sign_jwt
from trueware.exchange.ear.reading import from_cbor, from_json
from trueware.knowledge.android_roots import load_android_roots
from trueware.signatures.jws import to_base64url
from trueware.signatures.published_keys import from_cose_key, from_jwk

KEY_MOMENT = "a1_genuine_devA/t1_service"
_BANK = "sha256"
"""What the genuine boot quotes."""

TOKENS_NOW = 1_634_320_000
ANDROID_NOW = 1_795_816_800
_ROOTS = tuple(load_android_roots().values())

_Measured = tuple[int, bytes | None, bytes]
"""PCR, digest, and the data that it is of; empty where that is not proved."""

Essence = Callable[[bytes], object]
"""What is believed of some bytes; raises InputError, or says None, where it is nothing."""


@dataclass(frozen=True, slots=True)
class Seed:
    """One genuine piece of evidence."""

    name: str
    data: bytes = field(repr=False)
    beside: tuple[Piece, ...] = field(default=(), repr=False)
    """The other pieces of the device."""

    wish: Wish = field(default=Wish(Question(TOKENS_NOW)), repr=False)
    essence: Essence | None = None
    """What must be the same where it is believed; None: the reader alone believes nothing."""

    believes: bool = False
    """Whether `essence` is of what is believed with the checks made, and not of what is merely read."""

    is_wish: bool = False
    """Whether it is no evidence, and is handed in as the list of revoked keys."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Evidence of one kind."""

    name: str
    readers: tuple[Callable[[bytes], object], ...]
    seeds: tuple[Seed, ...]
    is_appraised: bool = True


def kinds(corpus: Path) -> Iterator[Kind]:
    """Yield all kinds."""
    public = corpus / "attest/public"
    yield from _device(corpus)
    yield _certificates(corpus, public)
    yield from _phones(public)
    yield from _tokens(public)
    yield from _answers(corpus, public)
    yield from _results(public)


def _device(corpus: Path) -> Iterator[Kind]:
    moment = corpus / "attest/real/open" / KEY_MOMENT
    names = (
        "ak.pub",
        "quote.msg",
        "quote.sig",
        "quote.pcrs",
        "binary_bios_measurements",
        "binary_runtime_measurements",
    )
    pieces = tuple(
        Piece(each, ((moment / each) if (moment / each).exists() else (moment.parent / each)).read_bytes())
        for each in names
    )
    nonce = bytes.fromhex((moment / "nonce.hex").read_text())
    wish = Wish(Question(rig.NOW, nonce), rig.endorsements(corpus), excluded=rig.KEPT_OUT)

    def seed(name: str, essence: Essence, data: bytes = b"") -> Seed:
        given = next(each.data for each in pieces if each.name == name)
        return Seed(name, data or given, tuple(each for each in pieces if each.name != name), wish, essence)

    first = _measured(pieces[4].data)
    listed = pieces[5].data
    covered = len(list(entries(listed)))
    yield Kind("TPM quote", (parse_quote,), (seed("quote.msg", parse_quote),))
    yield Kind("TPM signature", (parse_signature,), (seed("quote.sig", parse_signature),))
    yield Kind("TPM public area", (parse_public,), (seed("ak.pub", parse_public),))
    yield Kind("PCR file", (parse_pcr_file,), (seed("quote.pcrs", lambda data: parse_pcr_file(data).banks),))
    yield Kind(
        "boot log",
        (read,),
        (seed("binary_bios_measurements", lambda data: _is_as_before(_measured(data), first)),),
    )
    head = tuple(each.data for each in entries(listed))
    yield Kind(
        "IMA list",
        (lambda data: list(entries(data)),),
        (seed("binary_runtime_measurements", lambda data: _leading(data, covered) == head),),
    )
    text = (moment / "ascii_runtime_measurements").read_bytes()
    beside = tuple(each for each in pieces if each.name != "binary_runtime_measurements")
    essence: Essence = lambda data: _leading(to_binary(data), covered) == head  # noqa: E731 (one of several)
    yield Kind("IMA text", (to_binary,), (Seed("ascii_runtime_measurements", text, beside, wish, essence),))


def _measured(data: bytes) -> list[_Measured]:
    """Return what the registers cover of a boot log: the digests, and the part of the data that a digest is of.

    Raises:
        UnsupportedInput: it has no such bank by its own word, which no digest covers; the verdict rests on the registers then.
    """
    log = read(data)
    at = next((number for number, each in enumerate(log.banks) if each.name == _BANK), None)
    if at is None:
        raise UnsupportedInput("boot log", 0, f"no bank {_BANK}")
    return [
        (event.pcr, event.digests[at], event.data[proof.start : proof.end])
        for event, proof in zip(log.events, prove(log, _BANK), strict=True)
        if event.kind != 3  # EV_NO_ACTION is not measured
    ]


def _is_as_before(now: Sequence[_Measured], before: Sequence[_Measured]) -> bool:
    """Whether the same was measured, up to where the quote was made.

    What kind an event says that it is is under no digest: of one that was renamed the data is not proved, and not told as proved.
    """
    return (
        now is not None
        and [each[:2] for each in now[: len(before)]] == [each[:2] for each in before]
        and all(found[2] in (b"", expected[2]) for found, expected in zip(now, before, strict=False))
    )


def _leading(data: bytes, count: int) -> tuple[bytes, ...]:
    """Return the data of the first entries; the name of a template is under no digest, and nothing rests on it."""
    found = []
    for each in entries(data):
        found.append(each.data)
        if len(found) == count:
            break
    return tuple(found)


def _certificates(corpus: Path, public: Path) -> Kind:
    device = corpus / "attest/real/open/a1_genuine_devA"
    wish = Wish(Question(rig.NOW), rig.endorsements(corpus))
    paths = [
        *(device / each for each in ("ek_rsa_cert.der", "ek_ecc_cert.der", "platform_cert.der")),
        *sorted((public / "google__go-tpm-tools/open/internal/test/certificates").glob("*.pem"))[:4],
        *sorted((public / "google__go-attestation").rglob("*.cer"))[:6],
        *sorted((public / "nsacyber__HIRS").rglob("*.cer"))[:4],
    ]
    seeds = tuple(Seed(each.name, each.read_bytes(), wish=wish) for each in paths if each.is_file())
    roots = rig.endorsements(corpus).endorsement_roots
    return Kind(
        "TPM and platform certificate",
        (lambda data: check_endorsement(data, None, roots, rig.NOW), parse_platform_certificate, encodings),
        seeds,
    )


def _phones(public: Path) -> Iterator[Kind]:
    def essence(data: bytes) -> object:
        attested = verify_attestation(encodings(data), _ROOTS, Question(ANDROID_NOW))
        return (attested.claims, attested.root_of_trust) if attested.is_believed else None

    paths = sorted((public / "android__keyattestation/open").rglob("*.pem"))
    listed = min((public / "vvb2060__KeyAttestation").rglob("*.json")).read_bytes()
    wish = Wish(Question(ANDROID_NOW), revocation=listed)
    seeds = [Seed(each.name, each.read_bytes(), wish=wish, essence=essence, believes=True) for each in paths]
    binary = [
        Seed(f"{each.stem}.der", b"".join(encodings(each.read_bytes())), wish=wish, essence=essence, believes=True)
        for each in paths[:6]
    ]
    wrapped = next((public / "a-sit-plus__warden-supreme").rglob("aksattest.json"))
    seeds.append(Seed(wrapped.name, wrapped.read_bytes(), wish=wish, essence=essence, believes=True))
    yield Kind("Android chain", (essence,), (*seeds, *binary))
    phone = (Piece("chain.pem", paths[0].read_bytes()),)
    yield Kind("revocation list", (read_revocation,), (Seed("status.json", listed, phone, wish, is_wish=True),))


def _tokens(public: Path) -> Iterator[Kind]:
    keys = _token_keys(public)
    endorsements = Endorsements(keys=keys)
    wish = Wish(Question(TOKENS_NOW), endorsements)

    def essence(data: bytes) -> object:
        proved = verify_token(data, endorsements, wish.question)
        return (proved.claims, proved.measured) if proved.claims or proved.measured else None

    folders = {
        "PSA token": ("veraison__psatoken", "TrustedFirmware-M__tf-m-tools"),
        "CCA token": ("veraison__ccatoken", "veraison__rust-ccatoken"),
        "EAT": ("ietf-rats-wg__eat", "veraison__services"),
    }
    for kind, projects in folders.items():
        seeds = [
            Seed(path.name, path.read_bytes(), wish=wish, essence=essence, believes=True)
            for project in projects
            for path in sorted((public / project).rglob("*"))
            if path.suffix in (".cbor", ".bin", ".json", ".jwt") and "/src/" not in str(path) and path.is_file()
        ]
        yield Kind(kind, (essence,), tuple(each for each in seeds if 0 < len(each.data) < 1 << 16))
    wrapped = [
        Seed(path.name, path.read_bytes(), wish=wish)
        for project in ("ietf-rats-wg__draft-ietf-rats-msg-wrap", "veraison__cmw")
        for path in sorted((public / project).rglob("*"))
        if path.suffix in (".cbor", ".json")
    ]
    yield Kind("CMW", (unwrap,), tuple(wrapped))


def _token_keys(public: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for path in sorted((*public.glob("veraison__*/**/*"), *public.glob("TrustedFirmware*/**/*"))):
        if path.suffix in (".pem", ".pub"):
            data = path.read_bytes()
            try:
                key = load_pem_private_key(data, None).public_key() if b"PRIVATE" in data else load_pem_public_key(data)
            except ValueError:
                continue
            found[path.name] = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return found


def _answers(corpus: Path, public: Path) -> Iterator[Kind]:
    moment = corpus / "attest/real/open" / KEY_MOMENT
    nonce = bytes.fromhex((moment / "nonce.hex").read_text())
    wish = Wish(Question(rig.NOW, nonce), rig.endorsements(corpus), excluded=rig.KEPT_OUT)
    bios = (moment.parent / "binary_bios_measurements").read_bytes()
    files = (moment / "binary_runtime_measurements").read_bytes()
    told = {
        "quote": {"tpm20-attestation-response": [network_device.quote(moment)]},
        "boot": network_device.logs("bios", network_device.boot_events(bios)),
        "files": network_device.logs("ima", list(network_device.files(files))[:300]),
    }
    seeds = []
    for name, answer in told.items():
        for ending, write in (("json", network_device.as_json), ("xml", network_device.as_xml)):
            seeds.append(
                Seed(
                    f"{name}.{ending}", write(answer), (Piece("ak.pub", (moment.parent / "ak.pub").read_bytes()),), wish
                )
            )
    yield Kind("RFC 9684 answer", (read_answer,), tuple(seeds))
    names = ("windows_gcp_shielded_vm.json", "mb_log.b64")
    found = [next(iter(public.rglob(each)), None) for each in names]
    found += sorted((public / "confidential-containers__trustee").rglob("*quote*"))[:6]
    found += sorted((public / "google__go-tpm-tools").rglob("*.pb"))[:4]
    yield Kind(
        "quotes as others send them",
        (parse_go_attestation, parse_go_tpm_tools, parse_keylime, parse_trustee, parse_trustee_binary),
        tuple(Seed(each.name, each.read_bytes()) for each in found if each is not None and each.is_file()),
        is_appraised=False,
    )


def _results(public: Path) -> Iterator[Kind]:
    key = ec.derive_private_key(7, ec.SECP256R1())
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    now = 1_700_000_000
    submods = {"box": EarAppraisal(Status.WARNING, {"executables": 32}, ("urn:p",), nonce=b"12345678")}
    ear = Ear(now, VerifierId("trueware", "1"), submods, Status.WARNING, now + 60)

    def signed(data: bytes) -> object:
        return read_signed(data, spki, now)

    seeds = [
        Seed("jwt", sign_jwt(ear, key, "k"), essence=signed, believes=True),
        Seed("cwt", sign_cwt(ear, key, b"k"), essence=signed, believes=True),
    ]
    for project in ("ietf-rats-wg__draft-ietf-rats-ear", "veraison__ear"):
        for path in sorted((public / project).rglob("*")):
            is_one = path.suffix in (".json", ".cbor") or "json" in path.name
            seeds += [Seed(path.name, path.read_bytes())] if is_one else []
    yield Kind("EAR", (from_json, from_cbor, signed), tuple(each for each in seeds if each.data))
    numbers = key.public_key().public_numbers()
    x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
    jwk = {"kty": "EC", "crv": "P-256", "x": to_base64url(x).decode(), "y": to_base64url(y).decode()}
    texts = [json.dumps(jwk), json.dumps({"keys": [jwk] * 9})]
    yield Kind(
        "JWK", (from_jwk,), tuple(Seed(f"{n}", each.encode()) for n, each in enumerate(texts)), is_appraised=False
    )
    cose = b"\xa4\x01\x02\x20\x01\x21\x58\x20" + x + b"\x22\x58\x20" + y
    yield Kind("COSE_Key", (from_cose_key,), (Seed("key", cose), Seed("set", b"\x89" + cose * 9)), is_appraised=False)
