"""The registry's use cases, over the memory store: who may say what, and what is handed out."""

from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.unit.registry.trees import file, firmware, folder, image

from trueware.errors import StoreError, UntrustedStatement
from trueware.model.claim import Claim
from trueware.model.part import Part
from trueware.model.release import Entitlement, Publisher, Release
from trueware.model.verdict import Authority
from trueware.registry import payload as payloads
from trueware.registry.enrol import enrol
from trueware.registry.learn import learn
from trueware.registry.lookup import Registry
from trueware.registry.ports import Submission
from trueware.registry.publish import publish
from trueware.registry.statement import public_key, sign, verify
from trueware.registry.withdraw import withdraw
from trueware.storage.memory import MemoryStore

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
MALLORY = ec.derive_private_key(99, ec.SECP256R1())
PASSWD = b"root:x:0:0\n"
KEPT = {sha256(PASSWD).digest(): PASSWD}
CLAIMS = (
    Claim("vendor", "ACME Inc.", "os-release", "etc/os-release"),
    Claim("product", "Acme R1", "os-release", "etc/os-release"),
)


@pytest.fixture
def store() -> MemoryStore:
    """Acme and Mallory are enrolled; only Acme is entitled to anything."""
    made = MemoryStore()
    enrol(made, "Acme", [public_key(KEY)], [Entitlement("vendor", "acme*"), Entitlement("product", "Acme R*")], 1)
    enrol(made, "Mallory", [public_key(MALLORY)], [], 1)
    return made


def acme(store: MemoryStore, root: Part | None = None, version: str = "1.0", now: int = 10) -> Release:
    return publish(
        store, root or firmware(), KEPT, CLAIMS, publisher="Acme", product="Acme R1", version=version, private_key=KEY, now=now,
        source="r1.bin",
    )  # fmt: skip


def test_published_release_is_signed_and_found(store: MemoryStore) -> None:
    """A published release carries a statement that verifies, is found by digest and tree, and passes fsck."""
    release = acme(store)
    registry = Registry(store)
    assert release.statement is not None
    proved = verify(release.statement, [public_key(KEY)])

    assert (release.authority, release.source, release.published) == (Authority.PUBLISHER, "r1.bin", 10)
    assert (proved.id, proved.payload.size) == (release.id, firmware().size)
    assert registry.find_exact(release.sha256).releases == (release,)
    assert [each.release for each in registry.find_tree(firmware().tree).releases] == [release]
    assert registry.manifest(release) == firmware()
    assert registry.content(sha256(PASSWD).digest()) == PASSWD
    assert store.fsck() == []


def test_published_twice_is_one(store: MemoryStore) -> None:
    """Publishing again changes nothing, not even the time."""
    assert acme(store, now=10) == acme(store, now=20)
    assert store.statistics().releases == 1


def test_folder_is_known_by_its_tree(store: MemoryStore) -> None:
    """A folder has no bytes of its own: its digest is its tree's."""
    release = acme(store, folder("rootfs", [file("passwd", PASSWD), file("b", b"b")]))

    assert release.sha256 == release.tree


def test_others_claims_are_refused(store: MemoryStore) -> None:
    """Mallory cannot publish what claims to be Acme's, in the artefact or in the statement; a golden sample of it can be learnt."""
    for product, claims, word in (("M1", CLAIMS, "vendor 'ACME Inc.'"), ("acme r9", (), "product 'acme r9'")):
        with pytest.raises(
            UntrustedStatement, match=f"'Mallory' is not entitled to the claim {word}.*belongs to 'Acme'"
        ):
            publish(
                store,
                firmware(),
                KEPT,
                claims,
                publisher="Mallory",
                product=product,
                version="1",
                private_key=MALLORY,
                now=1,
            )
    learnt = learn(store, firmware(), KEPT, CLAIMS, publisher="Acme", product="Acme R1", version="1", now=1)

    assert [release.authority for release in store.releases()] == [Authority.GOLDEN_SAMPLE]
    assert (learnt.statement, store.fsck()) == (None, [])


def test_claims_nobody_owns_may_be_made(store: MemoryStore) -> None:
    """Without entitlements of its own a publisher may still publish what is nobody else's; shared claims are both's."""
    enrol(store, "Acme Europe", [public_key(MALLORY)], [Entitlement("vendor", "acme inc.")], 2)
    ours = publish(
        store, firmware(), {}, [Claim("vendor", "Mallory", "", ""), Claim("os", "Linux", "", "")], publisher="Mallory",
        product="M1", version="1", private_key=MALLORY, now=1,
    )  # fmt: skip
    shared = publish(
        store,
        firmware(2),
        {},
        CLAIMS[:1],
        publisher="Acme Europe",
        product="E1",
        version="1",
        private_key=MALLORY,
        now=1,
    )

    assert {ours.publisher, shared.publisher} == {"Mallory", "Acme Europe"}


def test_keys_of_others_do_not_publish(store: MemoryStore) -> None:
    """A key publishes only for the publisher it is enrolled for, and nobody who is not enrolled publishes."""
    for publisher, reason in (("Acme", "not one of 'Acme'"), ("Nobody", "not enrolled")):
        with pytest.raises(UntrustedStatement, match=reason):
            publish(
                store, firmware(), {}, (), publisher=publisher, product="P", version="1", private_key=MALLORY, now=1
            )

    assert store.releases() == ()


def test_artefact_without_digest_is_refused(store: MemoryStore) -> None:
    """What could not be read whole is no reference."""
    with pytest.raises(ValueError, match="no digest"):
        acme(store, firmware()._replace(sha256=None))


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"text",
        public_key(ec.derive_private_key(1, ec.SECP521R1())),
        generate_private_key(65537, 2048).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        public_key(KEY) + b"\0",
    ],
)
def test_keys_that_sign_nothing_are_not_enrolled(store: MemoryStore, key: bytes) -> None:
    """No key, another kind of key, another curve, and bytes after a key are refused."""
    with pytest.raises(ValueError, match="key"):
        enrol(store, "Acme", [key], [], 1)

    assert store.get_publisher("Acme") == Publisher(
        "Acme", (public_key(KEY),), (Entitlement("product", "Acme R*"), Entitlement("vendor", "acme*"))
    )


@pytest.mark.parametrize("name", ["", "two\nlines", "x" * 513, "\udcff"])
def test_names_stand_on_one_line(store: MemoryStore, name: str) -> None:
    """Names that could forge a line of output, or hold no text, are refused."""
    with pytest.raises(ValueError, match="printable"):
        enrol(store, name, [], [], 1)
    with pytest.raises(ValueError, match="printable"):
        learn(store, firmware(), {}, (), publisher="P", product=name, version="1", now=1)


def test_withdrawal(store: MemoryStore) -> None:
    """A withdrawn release keeps being found, with the first reason; an unknown one is an error."""
    release = acme(store)
    withdraw(store, release.id, "telnet without password", 20)
    again = withdraw(store, release.id, "other", 30)

    assert again.withdrawn == "telnet without password"
    assert Registry(store).find_exact(release.sha256).releases == (again,)
    with pytest.raises(StoreError, match="no release ffff"):
        withdraw(store, "ffff", "reason", 1)
    with pytest.raises(ValueError, match="reason"):
        withdraw(store, release.id, "", 1)


class Doctored(MemoryStore):
    """A store whose operator alters what it hands out."""

    def __init__(self) -> None:
        super().__init__()
        self.change: dict[str, object] = {}
        self.instead: Part | None = None

    def find_by_sha256(self, sha256: bytes) -> tuple[Release, ...]:
        return tuple(replace(each, **self.change) for each in super().find_by_sha256(sha256))  # type: ignore[arg-type]

    def find_by_tree(self, tree: bytes, limit: int = 64) -> tuple[Release, ...]:
        return tuple(replace(each, **self.change) for each in super().find_by_tree(tree, limit))  # type: ignore[arg-type]

    def get_manifest(self, id: str) -> Part | None:  # noqa: A002
        return self.instead or super().get_manifest(id)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"product": "Acme R2"}, "says something else"),
        ({"version": "2.0"}, "says something else"),
        ({"sha256": b"x" * 32}, "says something else"),
        ({"tree": b"x" * 32}, "says something else"),
        ({"policy": "everything-may-change"}, "says something else"),
        ({"claims": ()}, "says something else"),
        ({"id": "00" * 32}, "says something else"),
        ({"publisher": "Mallory"}, "not signed by a key"),
        ({"publisher": "Nobody"}, "not enrolled"),
        ({"statement": None}, "without a statement"),
        ({"statement": b"\xd2\x84"}, "not acceptable CBOR"),
        ({"authority": Authority.GOLDEN_SAMPLE}, "a statement, yet"),
    ],
)
def test_altered_release_is_not_used(change: dict[str, object], reason: str) -> None:
    """Whatever a store alters about a signed release, it is left out and reported."""
    store = Doctored()
    enrol(store, "Acme", [public_key(KEY)], [], 1)
    enrol(store, "Mallory", [public_key(MALLORY)], [], 1)
    release = acme(store)
    store.change = change
    registry = Registry(store)
    for found in (registry.find_exact(release.sha256), registry.find_tree(firmware().tree)):
        assert found.releases == ()
        assert [finding.rule for finding in found.findings] == ["reference-untrusted"]
        assert reason in found.findings[0].detail


def test_signature_of_another_publisher_is_not_used() -> None:
    """A statement in Acme's name by another enrolled publisher's key, put straight into the store, convinces nobody."""
    store = MemoryStore()
    enrol(store, "Acme", [public_key(KEY)], [], 1)
    enrol(store, "Mallory", [public_key(MALLORY)], [], 1)
    said = payloads.Payload("Acme", "R1", "1", Authority.PUBLISHER, b"a" * 32)
    store.add_releases([Submission(payloads.encode(said), 1, "", sign(said, MALLORY, 1))])
    found = Registry(store).find_exact(b"a" * 32)

    assert found.releases == ()
    assert "not signed by a key of this publisher" in found.findings[0].detail
    assert [problem.detail for problem in store.fsck()] == ["not signed by a key of this publisher"]


def test_exchanged_manifest_is_not_used() -> None:
    """A manifest whose digest is not the signed one is reported, by content and by tree."""
    store = Doctored()
    enrol(store, "Acme", [public_key(KEY)], [], 1)
    acme(store)
    store.instead = firmware(2)
    registry = Registry(store)
    for found in (registry.find_tree(firmware().tree), registry.candidates(firmware())):
        assert found.releases == ()
        assert "Merkle digest" in found.findings[0].detail


def test_candidates_come_with_what_the_appraisal_needs(store: MemoryStore) -> None:
    """By shared content first, then by claims, each once, with manifests and the number of products for every content."""
    near = acme(store, firmware(1), "1.0")
    claimed = learn(
        store, image("z", b"z", [file("z", b"nothing in common")]), {}, (*CLAIMS, Claim("version", "9", "", "")),
        publisher="Acme", product="Acme R9", version="9", now=5,
    )  # fmt: skip
    other = learn(store, firmware(3), {}, (), publisher="Other", product="O", version="1", now=5)
    suspect = firmware(1)
    found = Registry(store).candidates(suspect, (*CLAIMS, Claim("version", "9", "", "")))
    digest = {part.name: part.sha256 for _, part in (*suspect.walk(), *firmware(3).walk())}

    assert [each.release for each in found.releases] == [near, other, claimed]
    assert [each.manifest.name for each in found.releases] == ["firmware-1.bin", "firmware-3.bin", "z"]
    assert found.releases[0].shared > found.releases[1].shared > found.releases[2].shared == 0
    assert found.products[digest["passwd"] or b""] == 2
    assert found.products[digest["tool1"] or b""] == 2
    assert found.products[digest["firmware-3.bin"] or b""] == 1
    assert found.findings == ()


def test_unknown_artefact_has_no_candidates(store: MemoryStore) -> None:
    """Nothing shared and nothing claimed gives nothing."""
    acme(store)
    found = Registry(store).candidates(image("u", b"u", [file("u", b"unheard of")]))

    assert (found.releases, found.products, found.findings) == ((), {}, ())
