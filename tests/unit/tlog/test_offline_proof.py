"""Proofs that travel: the specification's examples, proofs of real trees under a policy, and texts that are none."""

from base64 import b64encode
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from trueware.errors import InputError, MalformedInput, UntrustedStatement
from trueware.tlog import checkpoint
from trueware.tlog.checkpoint import Checkpoint
from trueware.tlog.growth import grow, root
from trueware.tlog.merkle import inclusion_proof, leaf_hash
from trueware.tlog.note import verifier_of
from trueware.tlog.offline_proof import OfflineProof, read_proof
from trueware.tlog.policy import Policy

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
ORIGIN = "log.example/x"
POLICY = Policy((verifier_of(ORIGIN, KEY),))
ENTRIES = [b"entry %d" % number for number in range(300)]
TILES = grow(0, map(leaf_hash, ENTRIES), lambda _level, _number: None)


def read(level: int, number: int) -> bytes | None:
    return TILES.get((level, number))


def proof_of(number: int, size: int, extra: bytes | None = None) -> OfflineProof:
    note = checkpoint.sign(Checkpoint(ORIGIN, size, root(size, read)), KEY)
    return OfflineProof(number, tuple(inclusion_proof(number, size, read)), bytes(note), extra)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 255, 256, 257, 300])
def test_proofs_come_back_and_hold(size: int) -> None:
    """Of the first, the last and a leaf between; with bytes beside it that prove nothing."""
    for number in {0, size // 2, size - 1}:
        for extra in (None, b"", b"v1.2.1"):
            proof = proof_of(number, size, extra)
            again = read_proof(bytes(proof))
            assert again == proof
            assert again.verify(ENTRIES[number], POLICY).checkpoint.size == size


def test_what_a_proof_does_not_show() -> None:
    """Another entry, place, path, or log."""
    proof = proof_of(5, 300)
    other = Policy((verifier_of(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"o" * 32)),))
    wrong = [
        (proof, ENTRIES[6], POLICY),
        (replace(proof, index=4), ENTRIES[5], POLICY),
        (replace(proof, index=300), ENTRIES[5], POLICY),
        (replace(proof, hashes=proof.hashes[1:]), ENTRIES[5], POLICY),
        (replace(proof, hashes=(*proof.hashes, bytes(32))), ENTRIES[5], POLICY),
        (replace(proof, hashes=(bytes(32), *proof.hashes[1:])), ENTRIES[5], POLICY),
        (proof, ENTRIES[5], other),
        (replace(proof, checkpoint=proof_of(5, 299).checkpoint), ENTRIES[5], POLICY),
    ]
    for each, entry, policy in wrong:
        with pytest.raises(UntrustedStatement):
            each.verify(entry, policy)
    with pytest.raises(MalformedInput):
        replace(proof, checkpoint=b"no note").verify(ENTRIES[5], POLICY)


def test_no_altered_byte_is_believed_but_for_what_is_said_beside_it() -> None:
    """Every bit of index, path and checkpoint counts; the extra bytes are not authenticated."""
    data = bytearray(bytes(proof_of(5, 300, b"extra")))
    beside = range(data.index(b"extra "), data.index(b"index "))
    believed = set()
    for at in range(len(data)):
        for bit in range(8):
            data[at] ^= 1 << bit
            try:
                read_proof(bytes(data)).verify(ENTRIES[5], POLICY)
            except InputError:
                pass
            else:
                believed.add(at)
            data[at] ^= 1 << bit

    assert believed <= set(beside)
    assert believed


def test_the_published_form() -> None:
    """Examples of transparency-dev's proof package: two hashes, one with extra data, and none."""
    first, second = (b64encode(leaf_hash(text)).decode() for text in (b"1", b"2"))
    for text in (
        f"c2sp.org/tlog-proof@v1\nindex 5\n{first}\n{second}\n\ntest checkpoint\n",
        f"c2sp.org/tlog-proof@v1\nextra ZXh0cmE=\nindex 10\n{first}\n\ncheckpoint data\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n\ncheckpoint\n",
    ):
        assert bytes(read_proof(text.encode())).decode() == text


H = b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1",
        "c2sp.org/tlog-proof@v2\nindex 0\n\nx",
        "wrong-header\nindex 0\n\nx",
        "c2sp.org/tlog-proof@v1\n\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 00\n\nx",
        "c2sp.org/tlog-proof@v1\nindex -5\n\nx",
        "c2sp.org/tlog-proof@v1\nindex notanumber\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 1\n",
        "c2sp.org/tlog-proof@v1\nindex 1",
        "c2sp.org/tlog-proof@v1\nindex 1 \n\nx",
        "c2sp.org/tlog-proof@v1\nindex " + "9" * 20 + "\n\nx",
        "c2sp.org/tlog-proof@v1\nextra !!notbase64!!\nindex 0\n\nx",
        "c2sp.org/tlog-proof@v1\nextra ZXh0cmF=\nindex 0\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 0\nextra ZXh0cmE=\n\nx",
        "c2sp.org/tlog-proof@v1\nextra YQ==\nextra YQ==\nindex 0\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 0\n!!notbase64!!\n\nx",
        f"c2sp.org/tlog-proof@v1\nindex 0\n{b64encode(bytes(64)).decode()}\n\nx",
        f"c2sp.org/tlog-proof@v1\nindex 0\n{H} \n\nx",
        "c2sp.org/tlog-proof@v1\nindex 0\n" + f"{H}\n" * 64 + "\nx",
        f"c2sp.org/tlog-proof@v1\nindex 0\n\u00e9{H}\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 0\r\n\nx",
        "x" * ((4 << 20) + 1),
        "c2sp.org/tlog-proof@v1\nindex 0\n" + "AAAA\n" * 800_000 + "\nx",
    ],
)
def test_what_is_no_proof_is_refused(text: str) -> None:
    """Each for one thing that is wrong with it."""
    with pytest.raises(MalformedInput):
        read_proof(text.encode())


def test_a_proof_is_not_read_beyond_its_ceiling() -> None:
    """Whatever it holds."""
    with pytest.raises(MalformedInput, match="more than 4194304"):
        read_proof(bytes(proof_of(5, 300, bytes(4 << 20))))


@given(st.binary(max_size=200) | st.text("c2sp.org/tlog-proof@v1\nindex 0\nAB=").map(str.encode))
def test_arbitrary_bytes_are_read_or_refused(data: bytes) -> None:
    """And prove nothing."""
    with pytest.raises(InputError):
        read_proof(b"c2sp.org/tlog-proof@v1\n" + data).verify(b"entry", POLICY)
