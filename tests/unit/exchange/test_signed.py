"""Signing manifests, and each way in which a signature does not count."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.unit.exchange.public import root
from tests.unit.exchange.samples import NOW, chain, corim, environment, key, measured, module, spki

from trueware.cose import sign1 as cose
from trueware.cose.foreign_cbor import Tagged, Value, decode, encode
from trueware.errors import LimitExceeded, MalformedInput, UntrustedStatement
from trueware.exchange.corim import manifest, signed
from trueware.exchange.corim.comid import ReferenceTriple
from trueware.exchange.corim.common import Validity
from trueware.signatures import foreign_sign1 as sign1

CORIM = corim(module(ReferenceTriple(environment(), (measured((1, b"a" * 32)),))))
ENCODED = manifest.build(CORIM)
CLAIMS: Value = {1: "Acme"}
META = "both/cddl/examples/protected-header-map-corim-meta"


def message(protected: dict[int | str, Any], payload: bytes = ENCODED, unprotected: Value = None) -> bytes:
    """Return a message by the first key with any headers."""
    data = cose.sign(protected, payload, key())
    if unprotected is None:
        return data
    tag = decode(data, "message")
    assert isinstance(tag, Tagged)
    assert isinstance(tag.value, tuple)
    return encode(Tagged(18, (tag.value[0], unprotected, *tag.value[2:])))


def good(**more: Any) -> bytes:
    return signed.sign(CORIM, key(), "Acme", **more)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("validity", [None, Validity(NOW + 9, NOW), Validity(NOW + 9)])
def test_what_is_signed_verifies(validity: Validity | None, *, legacy: bool) -> None:
    found = signed.parse(good(subject="Router", validity=validity, legacy_meta=legacy))
    assert (found.corim, found.issuer, found.validity, found.encoded) == (CORIM, "Acme", validity, ENCODED)
    assert signed.verify(found, NOW, [spki(key(2)), spki(key())]).spki == spki(key())
    with pytest.raises(UntrustedStatement, match="no key at hand"):
        signed.verify(found, NOW, [spki(key(2))])


@pytest.mark.parametrize("now", [NOW - 1, NOW + 10])
def test_the_signer_stands_by_it_for_a_time(now: int) -> None:
    found = signed.parse(good(validity=Validity(NOW + 9, NOW)))
    with pytest.raises(UntrustedStatement, match=r"the signature: it (expired|is not valid before)"):
        signed.verify(found, now, [spki(key())])


def test_a_digest_is_signed() -> None:
    """The hash envelope of RFC 9995: the manifest lies beside it, and only the very one."""
    data = good(hashed=True)
    found = signed.parse(data, ENCODED)
    assert (found.hash_algorithm, found.payload) == (-16, sha256(ENCODED).digest())
    assert signed.verify(found, NOW, [spki(key())]).spki == spki(key())
    assert signed.needs_manifest(data)
    with pytest.raises(MalformedInput, match="not at hand"):
        signed.parse(data)
    with pytest.raises(MalformedInput, match="not the one"):
        signed.parse(data, ENCODED + b" ")


def test_a_detached_manifest() -> None:
    tag = decode(good(), "message")
    assert isinstance(tag, Tagged)
    assert isinstance(tag.value, tuple)
    data = encode(Tagged(18, (*tag.value[:2], None, tag.value[3])))
    signed.verify(signed.parse(data, ENCODED), NOW, [spki(key())])
    with pytest.raises(MalformedInput, match="detached"):
        signed.parse(data)
    other = manifest.build(replace(CORIM, id="other"))
    with pytest.raises(UntrustedStatement):
        signed.verify(signed.parse(data, other), NOW, [spki(key())])


@pytest.mark.parametrize(
    ("protected", "reason"),
    [
        ({3: "application/json", 15: CLAIMS}, "content type"),
        ({15: CLAIMS}, "content type"),
        ({3: signed.CONTENT_TYPE}, "neither CWT-Claims nor corim-meta"),
        ({3: signed.CONTENT_TYPE, 15: {2: "x"}}, "iss missing"),
        ({3: signed.CONTENT_TYPE, 15: {1: 5}}, "text expected"),
        ({3: signed.CONTENT_TYPE, 15: {1: "Acme", 4: "soon"}}, "without a tag"),
        ({3: signed.CONTENT_TYPE, 8: "meta", 15: CLAIMS}, "no byte string"),
        ({3: signed.CONTENT_TYPE, 8: encode({0: {0: "Other"}}), 15: CLAIMS}, "contradict"),
        ({3: signed.CONTENT_TYPE, 8: encode({0: {0: "Acme"}, 1: {1: Tagged(1, NOW)}}), 15: CLAIMS}, "contradict"),
        ({3: signed.CONTENT_TYPE, 258: -16, 259: signed.CONTENT_TYPE, 15: CLAIMS}, "no content type of its own"),
        ({258: -999, 259: signed.CONTENT_TYPE, 15: CLAIMS}, "a digest by algorithm"),
        ({3: signed.CONTENT_TYPE, 15: CLAIMS, 2: [99]}, "critical"),
        ({3: signed.CONTENT_TYPE, 15: CLAIMS, 2: []}, "critical"),
        ({3: signed.CONTENT_TYPE, 15: CLAIMS, 2: [4]}, "critical"),  # not there
    ],
)
def test_headers(protected: dict[int | str, Any], reason: str) -> None:
    with pytest.raises(MalformedInput, match=reason):
        signed.parse(message(protected), ENCODED)


def test_a_critical_label_that_is_known_may_be() -> None:
    data = message({3: signed.CONTENT_TYPE, 15: CLAIMS, 2: [15]})
    assert signed.verify(signed.parse(data), NOW, [spki(key())]).spki == spki(key())


def test_a_label_in_both_headers() -> None:
    with pytest.raises(MalformedInput, match="in both headers"):
        signed.parse(message({3: signed.CONTENT_TYPE, 15: CLAIMS}, unprotected={3: "x"}))
    with pytest.raises(MalformedInput, match="critical"):
        signed.parse(message({3: signed.CONTENT_TYPE, 15: CLAIMS}, unprotected={2: (3,)}))


def test_the_algorithm_must_be_protected() -> None:
    tag = decode(good(), "message")
    assert isinstance(tag, Tagged)
    assert isinstance(tag.value, tuple)
    assert isinstance(tag.value[0], bytes)
    header = decode(tag.value[0], "header")
    assert isinstance(header, dict)
    algorithm: Value = header.pop(1)
    with pytest.raises(MalformedInput, match="algorithm"):
        signed.parse(encode(Tagged(18, (encode(header), {1: algorithm}, *tag.value[2:]))))


def test_a_chain_of_certificates() -> None:
    made = chain()
    data = signed.sign(CORIM, made.private_key, "Acme", certificates=[made.certificate, made.anchor])
    found = signed.parse(data)
    proved = signed.verify(found, NOW, anchors=[made.anchor])
    assert (proved.anchor, proved.spki) == (made.anchor, spki(made.private_key))
    assert signed.verify(found, NOW, [spki(made.private_key)]).anchor is None
    for now in (NOW + 31 * 86400, NOW - 31 * 86400):
        with pytest.raises(UntrustedStatement, match="not valid at that time"):
            signed.verify(found, now, anchors=[made.anchor])
    with pytest.raises(UntrustedStatement, match="leads to no anchor"):
        signed.verify(found, NOW, anchors=[chain().anchor])
    with pytest.raises(UntrustedStatement, match="leads to no anchor"):
        signed.verify(found, NOW)


def test_a_certificate_of_somebody_else() -> None:
    """Whoever puts a certificate of another's into the header signs with a key that is not its."""
    made, other = chain(), chain()
    data = signed.sign(CORIM, other.private_key, "Acme", certificates=[made.certificate, made.anchor])
    with pytest.raises(UntrustedStatement, match="not that of its certificate"):
        signed.verify(signed.parse(data), NOW, anchors=[made.anchor])
    assert signed.self_signed_by(signed.parse(data)) is None


def test_no_flipped_bit_verifies() -> None:
    data = good(validity=Validity(NOW + 9, NOW))
    for at in range(len(data)):
        for bit in (1, 0x20, 0x80):
            altered = data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]
            try:
                found = signed.parse(altered)
            except (MalformedInput, LimitExceeded):
                continue
            with pytest.raises(UntrustedStatement):
                signed.verify(found, NOW, [spki(key())])


def test_other_encodings_of_what_is_not_signed_do_not_matter() -> None:
    """A longer head in front, an array of indefinite length: the signature is over what came within."""
    data = good()
    found = signed.parse(b"\xd8\x12\x9f" + data[2:] + b"\xff")
    assert signed.verify(found, NOW, [spki(key())]).spki == spki(key())


def test_headers_in_another_encoding_are_verified_as_they_came() -> None:
    header = encode({1: -8, 3: signed.CONTENT_TYPE, 15: CLAIMS})
    header = b"\xb8\x03" + header[1:]  # the map's length in two bytes
    tbs = encode(("Signature1", header, b"", ENCODED))
    data = encode(Tagged(18, (header, {}, ENCODED, key().sign(tbs))))
    assert signed.verify(signed.parse(data), NOW, [spki(key())]).spki == spki(key())


@pytest.mark.corpus
@pytest.mark.parametrize("kind", ["open/cddl/examples/protected-header-map-cwt-claims", META])
def test_headers_of_the_draft(corpus: Path, kind: str) -> None:
    """Its examples of headers, with a manifest and a signature of ours; ES384 they say."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key

    header = (root(corpus) / f"ietf-rats-wg__draft-ietf-rats-corim/{kind}.from-diag.cbor").read_bytes()
    decoded = decode(header, "header")
    assert isinstance(decoded, dict)
    private = generate_private_key(SECP384R1())
    plain = {label: dict(each) if isinstance(each, dict) else each for label, each in decoded.items() if label != 1}
    found = signed.parse(cose.sign(plain, ENCODED, private))
    assert found.issuer == "ACME Ltd."
    at = 1757521286 if "cwt" in kind else NOW
    assert signed.verify(found, at, [spki(private)]).spki == spki(private)


def test_a_message_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signed, "MAX_BYTES", 10)
    with pytest.raises(LimitExceeded):
        signed.parse(good())
    assert sign1.parse(good(), (8,), max_bytes=10_000).algorithm == -8


@pytest.mark.corpus
def test_the_hash_envelope_of_the_draft(corpus: Path) -> None:
    """Its example of headers, around the digest of a manifest of ours."""
    name = "ietf-rats-wg__draft-ietf-rats-corim/open/cddl/examples/protected-header-map-hash-envelope.from-diag.cbor"
    decoded = decode((root(corpus) / name).read_bytes(), "header")
    assert isinstance(decoded, dict)
    plain: dict[int | str, Any] = {
        label: dict(each) if isinstance(each, dict) else each
        for label, each in decoded.items()
        if label != 1 and not isinstance(label, bytes)
    }
    found = signed.parse(cose.sign(plain, sha256(ENCODED).digest(), key()), ENCODED)
    assert signed.verify(found, 1757521286, [spki(key())]).spki == spki(key())
    assert found.message.protected[sign1.LOCATION] == "https://example.com/widget-manifest.cbor"
