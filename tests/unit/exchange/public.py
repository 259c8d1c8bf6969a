"""The public examples of CoRIM and what is around it, by what they are, and the keys that signed some of them."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from trueware.cose.foreign_cbor import Tagged, decode, encode
from trueware.errors import InputError
from trueware.exchange.corim import coswid, manifest, signed
from trueware.exchange.corim.codec import Notes
from trueware.exchange.corim.comid import CONCISE_MID_TAG
from trueware.exchange.corim.coswid import CBOR_TAG, CONCISE_SWID_TAG

PROJECTS = (
    "ietf-rats-wg__draft-ietf-rats-corim",
    "veraison__corim",
    "veraison__cocli",
    "veraison__services",
    "confidential-containers__trustee",
    "ietf-rats-wg__eat",
)
SIGNED = {
    "veraison__corim/open/corim/testcases/signed-example-corim.cbor": "veraison__corim/both/corim/testcases/src/ec-p256.jwk",
    "veraison__corim/open/corim/testcases/signed-good-corim.cbor": "veraison__corim/both/corim/testcases/src/ec-p256.jwk",
    "veraison__cocli/open/data/corim/signed-corim.cbor": "veraison__cocli/both/data/keys/ec-p256.jwk",
    "veraison__cocli/open/cmd/testcases/signed-corim-valid-with-cots.cbor": "veraison__cocli/both/cmd/testcases/ec-p256.jwk",
}
"""Signed manifests, and whose key is said to have signed them."""

OTHERS = {
    "rubbish": "no CBOR, as its name says",
    "intrep-": "the draft's internal representation of a verifier, no message",
    "protected-header-map": "headers of a signed CoRIM by themselves: tested with a manifest of ours",
    "ce-coswid": "concise evidence of the TCG (tag 571)",
    "cots": "a trust anchor store by itself (draft-ietf-rats-concise-ta-stores)",
    "cts-map": "a trust anchor store by itself (draft-ietf-rats-concise-ta-stores)",
    "signed-corim-bad-signature": "no CBOR any more: bytes above 0x7f were replaced by U+FFFD",
    "psa-evidence": "evidence",
    "psa.good": "evidence",
    "Example-Payloads/minimal": "EAT",
    "Example-Payloads/simple": "EAT",
    "Example-Payloads/valid_": "EAT",
}
"""By a part of the path: what of the examples is none of these, and why."""

IN_TIME = 1_700_000_000
"""Seconds since 1970 at which all of them that state a validity are valid."""

Codec = tuple[Callable[[bytes, Notes], Any], Callable[[Any], bytes]]


def _parse_signed(data: bytes, notes: Notes) -> signed.SignedCorim:
    found = signed.parse(data)
    notes.said.extend(found.notes)
    return found


KINDS: dict[str, Codec] = {
    "signed CoRIM": (_parse_signed, lambda value: manifest.build(value.corim)),
    "CoRIM": (manifest.parse, manifest.build),
    "CoMID": (manifest.parse_comid, lambda value: encode(CONCISE_MID_TAG.encode(value))),
    "CoTL": (manifest.parse_cotl, lambda value: encode(manifest.CONCISE_TL_TAG.encode(value))),
    "CoSWID": (coswid.parse, lambda value: encode(CONCISE_SWID_TAG.encode(value))),
}


def root(corpus: Path) -> Path:
    return corpus / "attest/public"


def examples(corpus: Path) -> Iterator[Path]:
    """Yield every CBOR file of the projects, in order, other than those of CoSERV."""
    for project in PROJECTS:
        paths = sorted((root(corpus) / project).rglob("*.cbor"))
        yield from (path for path in paths if "/coserv/" not in path.as_posix())


def kind_of(data: bytes) -> tuple[str, Any, list[str]] | None:
    """Return what a file is, what it says, and what is not as the newest draft has it; None: none of this."""
    for name, (read, _) in KINDS.items():
        notes = Notes()
        try:
            return name, read(data, notes), notes.said
        except InputError:
            continue
    return None


def is_deterministic(data: bytes) -> bool:
    """Tell whether bytes, and the tags in byte strings in them, are encoded deterministically."""
    value = decode(data, "example")
    inner = value.value if isinstance(value, Tagged) else value
    tags = inner.get(1, ()) if isinstance(inner, dict) else ()
    packed = [each.value if isinstance(each, Tagged) else each for each in tags] if isinstance(tags, tuple) else []
    return encode(value) == data and all(is_deterministic(each) for each in packed if isinstance(each, bytes))


def coserv_examples(corpus: Path) -> list[Path]:
    """Return the CBOR files of CoSERV: queries, results and what services say of themselves."""
    folders = ("ietf-rats-wg__draft-ietf-rats-coserv", "veraison__corim/open/coserv")
    found = [path for folder in folders for path in sorted((root(corpus) / folder).rglob("*.cbor"))]
    return [path for path in found if path.name != "sample_key.cbor"]


def bare(data: bytes) -> bytes:
    """Return a CoSWID without its tag."""
    value = decode(data, "example")
    return encode(value.value) if isinstance(value, Tagged) and value.tag == CBOR_TAG else data


def public_key(path: Path) -> bytes:
    """Return the SubjectPublicKeyInfo of a JWK."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, EllipticCurvePublicNumbers
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    jwk = json.loads(path.read_text())
    x, y = (int.from_bytes(urlsafe_b64decode(jwk[each] + "==")) for each in "xy")
    curve = {"P-256": SECP256R1(), "P-384": SECP384R1()}[jwk["crv"]]
    key = EllipticCurvePublicNumbers(x, y, curve).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
