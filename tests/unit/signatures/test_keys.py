"""Files in which publishers hand out keys, and lists of what must never be trusted."""

import os
from hashlib import sha1, sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.unit.signatures.certificates import issue

from trueware.errors import MalformedInput
from trueware.registry.distrust_lists import read_distrusted
from trueware.signatures.keys import names_of, read_keys

ONE, TWO = issue("one"), issue("two")
PLAIN = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()
SPKI = PLAIN.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
POINTS = (
    "589695821488c9acd2efc26c2fdde259b25615cbfdbb6a434e95e33fa6932023",
    "9885f836464abf3633f92701e4febeefec54f481d8b6cd39085e6ad24162ff82",
)
"""Public keys of two who sign for Freifunk Nord."""

AVB = (1024).to_bytes(4, "big") + bytes(4) + bytes(range(256))
FILES = {
    "certificate": (ONE.der, "x509", ["cert-sha256:" + sha256(ONE.der).hexdigest()]),
    "certificates in PEM": (
        ONE.certificate.public_bytes(Encoding.PEM) + b"text between\n" + TWO.certificate.public_bytes(Encoding.PEM),
        "x509",
        ["cert-sha256:" + sha256(each.der).hexdigest() for each in (ONE, TWO)],
    ),
    "key": (SPKI, "spki", ["spki-sha256:" + sha256(SPKI).hexdigest()]),
    "key in PEM": (
        PLAIN.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "spki",
        ["spki-sha256:" + sha256(SPKI).hexdigest()],
    ),
    "avb": (AVB, "avb", ["avb-sha1:" + sha1(AVB).hexdigest()]),  # noqa: S324 (the name AVB gives its keys)
    "ecdsautils": (
        f"# somebody\n{POINTS[0]}\n{POINTS[1]}\n".encode(),
        "ecdsautils",
        ["ecdsautils:" + point for point in POINTS],
    ),
    "ecdsautils in a site.conf": (
        f"good_signatures = 2,\npubkeys = {{\n  '{POINTS[0]}', -- one\n  '{POINTS[1]}',\n".encode(),
        "ecdsautils",
        ["ecdsautils:" + point for point in POINTS],
    ),
    "ecdsautils with names": (
        f"good_signatures = 2\n{POINTS[0]}  sven (FF-FL)\n{POINTS[1]}\n".encode(),
        "ecdsautils",
        ["ecdsautils:" + point for point in POINTS],
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_keys_are_read(case: str) -> None:
    """Each kind, by what it is and by the names that signatures use."""
    data, kind, ids = FILES[case]
    keys = read_keys(data, "file")

    assert [key.id for key in keys] == ids
    assert {key.kind for key in keys} == {kind}
    assert all(key.id in names_of(key) for key in keys)


@pytest.mark.parametrize("case", FILES)
def test_cut_and_changed_files_are_refused_or_other_keys(case: str) -> None:
    """Nothing else is raised, and nothing cut is taken for the key it was."""
    data, _, ids = FILES[case]
    for end in range(0, len(data) - 2, 3):
        try:
            keys = read_keys(data[:end])
        except MalformedInput:
            continue
        assert set(ids) >= {key.id for key in keys}, end
        assert len(keys) < len(ids)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"\x30\x00",
        b"\xff" * 100,
        b"\x99\xff\xff",
        b"ab" * 32 + b"  a file\n",
        b"-----BEGIN CERTIFICATE-----\n=\n-----END CERTIFICATE-----",
    ],
)
def test_what_is_no_key(data: bytes) -> None:
    """Bad input is said to be so."""
    with pytest.raises(MalformedInput):
        read_keys(data)


def _signature_list(kind: bytes, *values: bytes) -> bytes:
    entries = b"".join(bytes(16) + value for value in values)
    each = 16 + len(values[0])
    return kind + (28 + len(entries)).to_bytes(4, "little") + bytes(4) + each.to_bytes(4, "little") + entries


SHA256_LIST = bytes.fromhex("2616c4c14c509240aca941f936934328")
X509_LIST = bytes.fromhex("a159c0a5e494a74a87b5ab155c2bf072")
LISTS = {
    "key": (ONE.der, {"cert-sha256:" + sha256(ONE.der).hexdigest()}),
    "uefi": (
        _signature_list(SHA256_LIST, b"a" * 32, b"b" * 32) + _signature_list(X509_LIST, ONE.der),
        {
            "authenticode-sha256:" + "61" * 32,
            "authenticode-sha256:" + "62" * 32,
            "cert-sha256:" + sha256(ONE.der).hexdigest(),
        },
    ),
    "microsoft": (
        b'{"images": {"x64": [{"authenticodeHash": "' + b"AB" * 32 + b'", "flatHash": "", "filename": "shim.efi"}, 7]},'
        b' "certificates": [{"thumbprint": "' + b"cd" * 20 + b'"}]}',
        {"authenticode-sha256:" + "ab" * 32, "cert-sha1:" + "cd" * 20},
    ),
    "table": (
        b"system,key id / fingerprint,kind,why\nopkg usign,12bd84d19e263f64,Ed25519,leaked\nAVB,sha1 "
        + b"ab" * 20
        + b",RSA,test\n"
        b'UEFI PK,serial 00:fb:01,RSA,test\nMBN,"subject ""A key"" / ""A root""",RSA,test\nAPK,sha256 '
        + b"cd" * 32
        + b",RSA,test\n",
        {
            "usign:12bd84d19e263f64",
            "avb-sha1:" + "ab" * 20,
            "serial:fb01",
            "subject-cn:a key",
            "subject-cn:a root",
            "cert-sha256:" + "cd" * 32,
        },
    ),
    "ids": (b"id,reason\nopenpgp:abcd,compromised\n", {"openpgp:abcd"}),
}


@pytest.mark.parametrize("case", LISTS)
def test_lists_are_read(case: str) -> None:
    """Each kind of list, with the names it bars."""
    data, ids = LISTS[case]

    assert {entry.id for entry in read_distrusted(data, "list")} >= ids


@pytest.mark.parametrize("case", LISTS)
def test_cut_lists_raise_nothing_else(case: str) -> None:
    """Bad input is said to be so."""
    data = LISTS[case][0]
    for end in range(len(data)):
        try:
            read_distrusted(data[:end], "list")
        except MalformedInput:
            continue


@pytest.mark.skipif("TRUEWARE_CORPUS" not in os.environ, reason="no corpus: set TRUEWARE_CORPUS")
def test_real_lists_and_keyrings() -> None:
    """The revocation lists, leaked keys, test keys, and the keyrings that publishers hand out."""
    reference = Path(os.environ["TRUEWARE_CORPUS"]) / "corpus/reference"
    counts = {
        path.name: len(read_distrusted(path.read_bytes(), path.name))
        for path in (reference / "never-trust").rglob("*")
        if path.is_file() and path.suffix != ".md"
    }
    keyring = read_keys((reference / "anchors/debian-archive-keyring.gpg").read_bytes())

    assert counts["DBXUpdate-amd64.bin"] > 200
    assert counts["dbx_info_msft_latest.json"] > 400
    assert counts["leaked-keys.csv"] == 6
    assert counts["avb-testkey_rsa4096.avbpubkey"] == 2
    assert len(keyring) > 5
    assert all("Debian" in key.name for key in keyring)
