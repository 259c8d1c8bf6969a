"""Enveloped XML signatures: real base RIMs of two makers, signed by two programs, and what must not pass for signed."""

import os
import random
import re
from pathlib import Path

import pytest
from tests.unit.signatures.xml_signing import C14N, HERE, sign

from trueware.model.signature import Outcome, Signer
from trueware.signatures.refusal import Refusal
from trueware.signatures.xml_signature import verify_enveloped
from trueware.signatures.xml_text import canonical, parse

DOCUMENT = f'<d xmlns="urn:d" xmlns:x="urn:x" a="1" xml:lang="en">\n <x:e>text &amp; more</x:e>{HERE}</d>'
AROUND = ' xmlns:x="urn:x" xml:lang="en"'
SIGNED = sign(DOCUMENT, AROUND)
RIMS = {
    "laptop_varOsInstall_oem.1.swidtag": "spki-sha256:bfa6ef2796a51c2c04c14fff99557c9723db6f4a328d2e7a5f2f49e989f80a48",
    "laptop_varOsInstall_var.1.swidtag": "spki-sha256:bfa6ef2796a51c2c04c14fff99557c9723db6f4a328d2e7a5f2f49e989f80a48",
    "laptop_badVarInstall_oem.1.swidtag": "spki-sha256:bfa6ef2796a51c2c04c14fff99557c9723db6f4a328d2e7a5f2f49e989f80a48",
    "1010_0200_882_96005E0001_PROD.swidtag": "cert-sha256:affcd99369b18729e034a3ab1d23782fda35c64f88ec42f05694bece00b5b9ff",
    "g520_0200_885_9600740001_PROD.swidtag": "cert-sha256:d8386f0500e32b1cc342d43c80283e4c430b81a08e720055812dea26ea665845",
}
"""HIRS's, signed by Java (Canonical XML 1.0, xml:lang taken over); NVIDIA's, signed by Python (Canonical XML 1.1, ECDSA P-384)."""


def outcome(document: str | bytes) -> Outcome | Signer | None:
    try:
        return verify_enveloped(parse(document if isinstance(document, bytes) else document.encode()))
    except Refusal as refusal:
        return refusal.outcome


def rim(corpus: Path, name: str) -> bytes:
    folder = corpus / "attest/public"
    (path,) = (Path(above) / name for above, _, files in os.walk(folder) if name in files)
    return path.read_bytes()


@pytest.mark.parametrize("name", RIMS)
def test_real_rims(corpus: Path, name: str) -> None:
    signer = outcome(rim(corpus, name))

    assert isinstance(signer, Signer)
    assert RIMS[name] in signer.ids


@pytest.mark.parametrize("name", ["laptop_varOsInstall_oem.1.swidtag", "1010_0200_882_96005E0001_PROD.swidtag"])
def test_no_altered_rim_passes(corpus: Path, name: str) -> None:
    """A letter or digit of the text is another one: broken, or not checkable, or no XML; never signed, but within the KeyInfo."""
    data = rim(corpus, name)
    numbers = random.Random(1)
    end = data.index(b"<KeyInfo") if b"<KeyInfo" in data else data.index(b"<ds:KeyInfo")
    places = [match.start() for match in re.finditer(rb"[0-9a-zA-Z]", data[:end])]
    for place in numbers.sample(places, 150):
        letter = b"7" if data[place : place + 1] != b"7" else b"8"
        assert not isinstance(outcome(data[:place] + letter + data[place + 1 :]), Signer), place


def test_what_we_signed_by_hand_is_signed() -> None:
    signer = outcome(SIGNED)

    assert isinstance(signer, Signer)
    assert signer.ids[0].startswith("spki-sha256:")


def test_what_canonicalising_makes_equal_stays_signed() -> None:
    """Quotes, spaces in tags, character references and comments are no part of what is signed."""
    other = SIGNED.replace('a="1"', "a='&#49;'  ").replace("<x:e>", "<x:e ><!-- hidden -->").replace("&amp;", "&#38;")

    assert isinstance(outcome(other), Signer)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("text", "test"),
        ('a="1"', 'a="2"'),
        ("urn:x", "urn:y"),
        ('xml:lang="en"', 'xml:lang="de"'),
        ("\n ", "\n"),
        ("<x:e>", "<x:e/><x:e>"),
    ],
)
def test_what_was_changed_is_broken(old: str, new: str) -> None:
    assert outcome(SIGNED.replace(old, new)) is Outcome.BROKEN


def test_another_signed_info_is_broken() -> None:
    """The digest made anew, and not signed."""
    forged = sign(DOCUMENT.replace("text", "fake"), AROUND)
    digest = re.compile("<DigestValue>.*?</DigestValue>")
    mixed = digest.sub(digest.findall(forged)[0], SIGNED).replace("text", "fake")

    assert outcome(mixed) is Outcome.BROKEN


def test_no_signature_is_none() -> None:
    assert outcome(DOCUMENT) is None
    assert (
        outcome(f"<d><e>{SIGNED[SIGNED.index('<Signature') :]}".replace("</d>", "</e></d>")) is None
    )  # not directly in it


@pytest.mark.parametrize(
    "document",
    [
        SIGNED.replace("</d>", SIGNED[SIGNED.index("<Signature") :]),  # two signatures
        sign(DOCUMENT, AROUND, uri="#x"),
        sign(DOCUMENT, AROUND, transforms=()),
        sign(DOCUMENT, AROUND, transforms=("http://www.w3.org/TR/1999/REC-xpath-19991116",)),
        sign(DOCUMENT, AROUND, form="http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"),
        SIGNED.replace(
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
        ),
        SIGNED.replace("2001/04/xmlenc#sha256", "2000/09/xmldsig#sha1"),
        "<?pi beside?>" + SIGNED,
        SIGNED.replace("<Reference", '<Reference URI="#a"/><Reference'),
        SIGNED.replace("<KeyInfo>", "<KeyInfo/><KeyInfo>"),
        re.sub("<KeyValue>.*</KeyValue>", "", SIGNED),
        re.sub("<Modulus>.*</Modulus>", "<Modulus>AQAB</Modulus>", SIGNED),
        re.sub("<SignatureValue>.*</SignatureValue>", "<SignatureValue>?</SignatureValue>", SIGNED),
        '<!DOCTYPE d [<!ENTITY e "x">]>' + SIGNED,
        "<a>" * 100,
    ],
)
def test_what_cannot_be_told_is_not_signed(document: str) -> None:
    assert outcome(document) is Outcome.UNCHECKABLE


def test_attributes_of_xml_are_taken_over() -> None:
    """Canonical XML 1.0 §2.4: all, the nearest of each; 1.1: language and space; exclusive: none. By hand."""
    root = parse(b'<a xml:lang="en" xml:space="default" xml:id="i"><b xml:lang="de"><c/></b></a>')
    (b,) = root.elements()
    (c,) = b.elements()

    assert canonical(c, C14N) == b'<c xml:id="i" xml:lang="de" xml:space="default"></c>'
    assert canonical(c, "http://www.w3.org/2006/12/xml-c14n11") == b'<c xml:lang="de" xml:space="default"></c>'
    assert canonical(c, "http://www.w3.org/2001/10/xml-exc-c14n#") == b"<c></c>"
    assert canonical(root, C14N, without=c).endswith(b'<b xml:lang="de"></b></a>')
    based = parse(b'<a xml:base="urn:x"><b/></a>').elements()[0]
    with pytest.raises(Refusal):
        canonical(based, "http://www.w3.org/2006/12/xml-c14n11")
