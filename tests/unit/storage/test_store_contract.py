"""The contract of `trueware.registry.ports.RegistryStore`, held by every store."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from tests.unit.registry.trees import file, firmware, folder, image
from tests.unit.storage.stores import KINDS, make
from tests.unit.storage.submissions import PASSWD, submission

from trueware.errors import InputError
from trueware.model.anchor import Anchor, Distrusted
from trueware.model.certificate import CertificateStatus, Standing
from trueware.model.claim import Claim
from trueware.model.part import Part
from trueware.model.release import Entitlement, Publisher, Release
from trueware.model.verdict import Authority
from trueware.registry import packings as packing_lists
from trueware.registry import portraits as portrait_lists
from trueware.registry.indexing import contents
from trueware.registry.payload import Payload, decode, encode, identify
from trueware.registry.ports import Leaf, Problem, RegistryStore, Statistics, Submission
from trueware.storage.memory import MemoryStore


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RegistryStore]:
    made = make(request.param, request, tmp_path)
    yield made
    made.close()


def names(releases: tuple[Release, ...]) -> list[str]:
    return [f"{release.product} {release.version}" for release in releases]


def test_empty_store_knows_nothing(store: RegistryStore) -> None:
    """Every question has an answer on an empty registry."""
    empty = (
        store.publishers(), store.releases(), store.find_by_sha256(b"a" * 32), store.find_by_tree(b"a" * 32),
        store.find_by_claims([Claim("product", "x", "", ""), Claim("version", "y", "", "")]),
        store.find_sharing({b"a" * 32: 1}).releases,
    )  # fmt: skip

    assert empty == ((),) * 6
    assert store.count_products([b"a" * 32]) == {}
    assert (store.get_publisher("Acme"), store.get_release("ab"), store.get_release("no hex")) == (None, None, None)
    assert (store.get_manifest("ab" * 32), store.get_content(b"a" * 32)) == (None, None)
    assert store.withdraw("ab" * 32, "gone", 1) is False
    assert store.statistics() == Statistics(0, 0, 0, 0, 0, 0)
    assert store.fsck() == []


def test_publishers_grow(store: RegistryStore) -> None:
    """Adding to a publisher adds what is new and takes nothing away."""
    vendor, product = Entitlement("vendor", "Acme*"), Entitlement("product", "Acme Router*")
    store.add_publisher(Publisher("Zeta"), 1)
    store.add_publisher(Publisher("Acme", (b"key 2",), (vendor,)), 1)
    store.add_publisher(Publisher("Acme", (b"key 1", b"key 2"), (product, vendor)), 2)

    assert store.get_publisher("Acme") == Publisher("Acme", (b"key 1", b"key 2"), (product, vendor))
    assert store.publishers() == (Publisher("Acme", (b"key 1", b"key 2"), (product, vendor)), Publisher("Zeta"))
    assert store.get_publisher("acme") is None


def test_release_comes_back_whole(store: RegistryStore) -> None:
    """A release is found by digest and tree, with claims, manifest and kept contents."""
    root = firmware()
    claims = (Claim("vendor", "Acme", "os-release", "etc/os-release"), Claim("version", "v\udcff", "uimage", ""))
    given = submission(root, claims=claims)
    assert root.sha256 is not None
    expected = Release(
        identify(given.payload), "Acme", "Router", "1", Authority.GOLDEN_SAMPLE, root.sha256, root.tree, "generic", claims, 100,
        None, "Router.bin", None,
    )  # fmt: skip

    assert store.add_releases([given]) == (True,)
    assert store.get_release(expected.id) == expected
    assert store.releases() == (expected,)
    assert store.find_by_sha256(root.sha256) == (expected,)
    assert store.find_by_tree(root.tree) == (expected,)
    assert store.get_manifest(expected.id) == root
    assert store.get_content(sha256(PASSWD).digest()) == PASSWD
    assert store.fsck() == []


def test_known_release_stays_as_it_was(store: RegistryStore) -> None:
    """The same payload again is no new release, within one call and later."""
    first = submission(firmware(), published=100)

    assert store.add_releases([first, first]) == (True, False)
    assert store.add_releases([replace(first, published=999, source="other")]) == (False,)
    assert [release.published for release in store.releases()] == [100]
    assert store.fsck() == []


def test_releases_are_filtered_and_ordered(store: RegistryStore) -> None:
    """Latest first; by publisher and product where asked."""
    store.add_releases([
        submission(product="A", version="1", published=1), submission(product="A", version="2", published=3),
        submission(product="B", version="1", published=2),
    ])  # fmt: skip

    assert names(store.releases()) == ["A 2", "B 1", "A 1"]
    assert names(store.releases(product="A")) == ["A 2", "A 1"]
    assert names(store.releases("Acme", "B")) == ["B 1"]
    assert store.releases("Other") == ()


def test_release_without_manifest(store: RegistryStore) -> None:
    """An index knows digests only."""
    given = submission()
    store.add_releases([given])

    assert store.get_manifest(identify(given.payload)) is None
    assert store.find_by_sha256(sha256(b"Router 1").digest())[0].tree is None
    assert store.statistics() == Statistics(0, 1, 0, 0, 0, 0)
    assert store.fsck() == []


def test_failed_addition_adds_nothing(store: RegistryStore) -> None:
    """All of one call or none of it: a bad payload or kept content at the end undoes what came before."""
    good = submission(firmware())
    stranger = replace(submission(firmware(2)), kept={sha256(b"x").digest(): b"x"})
    forged = replace(submission(firmware(2)), kept={sha256(PASSWD).digest(): b"other"})
    for bad, error in (
        (replace(good, payload=b"no payload"), InputError),
        (stranger, ValueError),
        (forged, ValueError),
    ):
        with pytest.raises(error):
            store.add_releases([good, bad])

    assert store.statistics() == Statistics(0, 0, 0, 0, 0, 0)
    assert store.add_releases([good]) == (True,)


def test_subtrees_are_found(store: RegistryStore) -> None:
    """A folder or container of some size finds the releases that hold it; a small one is everywhere and finds none."""
    root = firmware()
    bin_folder, etc = (
        next(p for p in root.children if p.name == "bin"),
        next(p for p in root.children if p.name == "etc"),
    )
    outer = image("outer.bin", b"outer", [root, file("extra", b"extra")], "trx")
    store.add_releases([submission(root, version="1", published=1), submission(outer, version="2", published=2)])

    assert names(store.find_by_tree(bin_folder.tree)) == ["Router 2", "Router 1"]
    assert names(store.find_by_tree(root.tree)) == ["Router 2", "Router 1"]
    assert names(store.find_by_tree(outer.tree)) == ["Router 2"]
    assert names(store.find_by_tree(bin_folder.tree, 1)) == ["Router 2"]
    assert store.find_by_tree(etc.tree) == ()


def test_sharing_ranks_by_weight(store: RegistryStore) -> None:
    """What few products ship counts more than what all do, and products are counted, not their versions."""
    common = [file(f"c{i}", b"common %d" % i) for i in range(3)]
    router = [file(f"r{i}", b"router only %d" % i) for i in range(2)]
    store.add_releases([
        submission(image("r1", b"r1", [*common, *router]), product="Router", version="1", keep=False),
        submission(image("r2", b"r2", [*common, *router, file("n", b"new")]), product="Router", version="2", keep=False),
        submission(image("s1", b"s1", common), product="Switch", keep=False),
        submission(image("p1", b"p1", [common[0], common[1]]), product="Phone", keep=False),
        submission(image("o1", b"o1", [file("o", b"other")]), product="Other", keep=False),
    ])  # fmt: skip
    suspect = image("x", b"x", [*common, *router, file("n", b"new"), file("evil", b"evil")])
    sharing = store.find_sharing(contents(suspect))
    weights = [weight for _, weight in sharing.releases]
    digest = {part.name: part.sha256 for part in suspect.children}

    assert names(tuple(release for release, _ in sharing.releases)) == ["Router 2", "Router 1", "Switch 1", "Phone 1"]
    assert weights == sorted(weights, reverse=True)
    assert sharing.products == {
        digest["c0"]: 3, digest["c1"]: 3, digest["c2"]: 2, digest["r0"]: 1, digest["r1"]: 1, digest["n"]: 1,
    }  # fmt: skip
    assert store.count_products([digest["c0"] or b"", b"?" * 32]) == {digest["c0"]: 3}
    assert names(tuple(release for release, _ in store.find_sharing(contents(suspect), 1).releases)) == ["Router 2"]
    assert store.fsck() == []


@pytest.mark.parametrize("kind", KINDS[1:])
def test_stores_weigh_alike(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Every store ranks the same registry as memory does."""
    stores = (MemoryStore(), make(kind, request, tmp_path))
    for each in stores:
        each.add_releases(submission(firmware(n), product=f"P{n % 5}", version=str(n)) for n in range(20))
    answers = [each.find_sharing(contents(firmware(7)), 20) for each in stores]
    weights = [[weight for _, weight in answer.releases] for answer in answers]

    assert weights[0] == pytest.approx(weights[1])
    assert answers[0].products == answers[1].products
    assert answers[0].releases[0][0] == answers[1].releases[0][0]
    assert answers[0].releases[0][0].version == "7"
    stores[1].close()


@pytest.mark.parametrize("most", [0, 7, 12, 40])
@pytest.mark.parametrize("kind", KINDS[1:])
def test_stores_follow_the_same_contents(
    kind: str, most: int, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where following all contents would be too much, every store follows the rarest, and as many of them as memory."""
    stores = (MemoryStore(), make(kind, request, tmp_path))
    for each in stores:
        each.add_releases(submission(firmware(n, 9), product=f"P{n % 3}", version=str(n)) for n in range(6))
    monkeypatch.setattr("trueware.registry.indexing.MAX_POSTINGS", most)
    if kind == "postgres":
        monkeypatch.setattr("trueware.storage.postgres.store.MAX_POSTINGS", most)
    first, second = (each.find_sharing(contents(firmware(3, 9)), 20) for each in stores)

    assert [release.id for release, _ in first.releases] == [release.id for release, _ in second.releases]
    assert [weight for _, weight in second.releases] == pytest.approx([weight for _, weight in first.releases])
    assert first.products == second.products
    stores[1].close()


def test_claims_find_releases(store: RegistryStore) -> None:
    """Two kinds of identifying claims find a release, in whatever case; one kind, or a claim everybody makes, does not."""

    def say(**claims: str) -> tuple[Claim, ...]:
        return tuple(Claim(name, value, "test", "") for name, value in claims.items())

    store.add_releases([
        submission(product="A", claims=say(product="Acme R1", version="4.1", board="r1"), published=1),
        submission(product="B", claims=say(product="Acme R1", version="4.0", board="r1"), published=2),
        submission(product="C", claims=say(product="Other", version="4.1"), published=3),
    ])  # fmt: skip

    assert names(store.find_by_claims(say(product="acme r1", version="4.1", board="R1"))) == ["A 1", "B 1"]
    assert names(store.find_by_claims(say(product="ACME R1", board="r1"))) == ["B 1", "A 1"]
    assert names(store.find_by_claims(say(product="ACME R1", board="r1"), 1)) == ["B 1"]
    assert store.find_by_claims(say(version="4.1")) == ()
    assert store.find_by_claims(say(vendor="Acme", architecture="mips")) == ()
    assert store.find_by_claims((*say(version="4.1"), *say(version="4.0"))) == ()


def test_withdrawal_is_kept(store: RegistryStore) -> None:
    """A withdrawn release is still found, with the first reason given."""
    given = submission(firmware())
    store.add_releases([given])
    release_id = identify(given.payload)

    assert store.withdraw(release_id, "back door", 200) is True
    assert store.withdraw(release_id, "other", 300) is False
    assert store.find_by_tree(firmware().tree)[0].withdrawn == "back door"
    assert store.statistics() == Statistics(0, 1, 1, 9, 1, len(PASSWD))
    assert store.fsck() == []


def test_fsck_finds_a_signature_missing(store: RegistryStore) -> None:
    """A release that says it is publisher-signed and is not is reported by its id."""
    data = encode(Payload("Acme", "R", "1", Authority.PUBLISHER, b"a" * 32))
    store.add_releases([Submission(data, 1)])

    assert store.fsck() == [Problem(f"release {identify(data)}", "publisher-signed, yet without a statement")]


def test_hard_linked_folders_do_not_multiply(store: RegistryStore) -> None:
    """A tree whose folders share their children is indexed once per part, however many paths lead there."""
    shared = folder("f", [file(f"n{i}", b"%d" % i) for i in range(5)])
    root = image("i", b"i", [shared._replace(name=f"link{n}") for n in range(50)])
    store.add_releases([submission(root, keep=False)])

    assert store.statistics().contents == 6
    assert names(store.find_by_tree(shared.tree)) == ["Router 1"]
    assert store.fsck() == []


def _packed(root: Part, packings: dict[bytes, tuple[bytes, int]], version: str = "1") -> Submission:
    given = submission(root, version=version)
    data = packing_lists.encode(packings)
    return replace(given, payload=encode(replace(decode(given.payload), packings=sha256(data).digest())), packings=data)


def test_packings_come_back_and_find_their_release(store: RegistryStore) -> None:
    """A list is returned as given; the release that shares more of the asked ones comes first."""
    some = {sha256(bytes([n])).digest(): (sha256(b"c").digest(), n) for n in range(9)}
    more = {**some, **{sha256(bytes([n])).digest(): (sha256(b"c").digest(), n) for n in range(9, 20)}}
    first, second = _packed(firmware(), some), _packed(firmware(), more, "2")
    store.add_releases([first, second])

    assert store.get_packings(identify(first.payload)) == first.packings
    assert names(store.find_packings(more)) == ["Router 2", "Router 1"]
    assert names(store.find_packings(list(more.keys() - some.keys()))) == ["Router 2"]
    assert names(store.find_packings(more, limit=1)) == ["Router 2"]
    assert store.find_packings([b"x" * 32]) == ()
    assert store.get_packings("ab" * 32) is None
    assert store.fsck() == []


def test_absent_lists_are_missing_and_said(store: RegistryStore) -> None:
    """A release may be stored without its lists, as without its manifest: what was said of it is known all the same."""
    packed = _packed(firmware(), {sha256(b"p").digest(): (sha256(b"c").digest(), 1)})
    portrayed = _portrayed(firmware(2), {sha256(b"p").digest(): b"portrait"})
    bare = [replace(packed, packings=None), replace(portrayed, portraits=None)]
    assert store.add_releases(bare) == (True, True)

    assert store.get_packings(identify(packed.payload)) is None
    assert sorted(problem.detail for problem in store.fsck()) == [
        "its packings are missing",
        "its portraits are missing",
    ]


@pytest.mark.parametrize("wrong", [b"", b"x" * 72], ids=["another", "other bytes"])
def test_packings_that_the_payload_does_not_speak_of_are_refused(store: RegistryStore, wrong: bytes) -> None:
    """Nothing is stored of a release whose list is not the one it has the digest of."""
    given = _packed(firmware(), {sha256(b"p").digest(): (sha256(b"c").digest(), 1)})

    with pytest.raises(ValueError, match="packings"):
        store.add_releases([replace(given, packings=wrong)])
    assert store.releases() == ()


def _portrayed(root: Part, portraits: dict[bytes, bytes]) -> Submission:
    given, data = submission(root), portrait_lists.encode(portraits)
    payload = encode(replace(decode(given.payload), portraits=sha256(data).digest()))
    return replace(given, payload=payload, portraits=data)


def test_portraits_come_back(store: RegistryStore) -> None:
    """A list is returned as given."""
    given = _portrayed(firmware(), {sha256(bytes([n])).digest(): bytes(n) for n in range(9)})
    store.add_releases([given])

    assert store.get_portraits(identify(given.payload)) == given.portraits
    assert store.get_portraits("ab" * 32) is None
    assert store.fsck() == []


@pytest.mark.parametrize("wrong", [b"", b"x" * 72], ids=["another", "other bytes"])
def test_portraits_that_the_payload_does_not_speak_of_are_refused(store: RegistryStore, wrong: bytes) -> None:
    """Nothing is stored of a release whose list is not the one it has the digest of."""
    given = _portrayed(firmware(), {sha256(b"p").digest(): b"portrait"})

    with pytest.raises(ValueError, match="portraits"):
        store.add_releases([replace(given, portraits=wrong)])
    assert store.releases() == ()


def _anchor(publisher: str, number: int, **more: object) -> Anchor:
    data = b"key %d" % number
    return replace(Anchor(publisher, f"usign:{number:016x}", "usign", data), **more)  # type: ignore[arg-type]


def test_anchors_come_back_as_they_were_given(store: RegistryStore) -> None:
    """Anchors are kept with all they say; one that is known stays as it was; each publisher has its own."""
    store.add_publisher(Publisher("Acme"), 1)
    store.add_publisher(Publisher("Zeta"), 1)
    scope = (Entitlement("package", "com.acme.*"), Entitlement("product", "Router"))
    full = _anchor("Acme", 1, issues=True, scope=scope, since=5, until=9, threshold=2, name="Acme's", source="a page")
    plain, others = _anchor("Acme", 2), _anchor("Zeta", 1)

    assert store.add_anchors([others, plain, full], 1) == 3
    assert store.add_anchors([replace(full, name="another")], 2) == 0
    assert store.anchors() == (full, plain, others)
    assert store.statistics().anchors == 3
    assert store.fsck() == []


def test_anchors_are_taken_back_once(store: RegistryStore) -> None:
    """A revocation is an addition: the anchor stays, the first reason stands, another publisher's is not touched."""
    store.add_publisher(Publisher("Acme"), 1)
    store.add_publisher(Publisher("Zeta"), 1)
    store.add_anchors([_anchor("Acme", 1), _anchor("Zeta", 1)], 1)
    identity = _anchor("Acme", 1).id

    assert store.revoke_anchor("Acme", identity, "leaked", 2) is True
    assert store.revoke_anchor("Acme", identity, "again", 3) is False
    assert store.revoke_anchor("Acme", "usign:0", "not there", 3) is False
    assert store.anchors() == (_anchor("Acme", 1, revoked="leaked"), _anchor("Zeta", 1))
    assert store.add_anchors([_anchor("Acme", 1)], 4) == 0
    assert store.anchors()[0].revoked == "leaked"


@pytest.mark.parametrize("wrong", [_anchor("Nobody", 1), _anchor("Acme", 2, revoked="so")], ids=["stranger", "revoked"])
def test_anchor_of_nobody_is_refused_with_all_that_came_with_it(store: RegistryStore, wrong: Anchor) -> None:
    """Nothing of a batch is stored where one of it may not be."""
    store.add_publisher(Publisher("Acme"), 1)
    with pytest.raises(ValueError, match=r"not enrolled|one that stands"):
        store.add_anchors([_anchor("Acme", 1), wrong], 1)

    assert store.anchors() == ()


def test_distrusted_things_are_found_by_name(store: RegistryStore) -> None:
    """The first reason stands; of many names asked for, those listed come back."""
    first = [Distrusted(f"cert-sha256:{n:064x}", f"reason {n}", "a list") for n in range(1500)]

    assert store.add_distrusted(first, 1) == 1500
    assert store.add_distrusted([Distrusted(first[3].id, "another"), Distrusted("usign:1", "leaked")], 2) == 1
    assert store.find_distrusted([first[3].id, "usign:1", "usign:2"]) == {
        first[3].id: first[3],
        "usign:1": Distrusted("usign:1", "leaked"),
    }
    assert store.find_distrusted(each.id for each in first) == {each.id: each for each in first}
    assert store.find_distrusted([]) == {}
    assert store.statistics().distrusted == 1501


def test_all_that_is_distrusted_is_listed(store: RegistryStore) -> None:
    """By id, however many there are."""
    entries = [Distrusted(f"sha256:{number:064x}", f"why {number}", "a list") for number in range(1200)]
    store.add_distrusted(reversed(entries), 1)

    assert list(store.distrusted()) == entries


def leaf(text: bytes, *subjects: str) -> Leaf:
    return Leaf(sha256(b"\0" + text).digest(), text, subjects)


def test_leaves_are_numbered_and_found(store: RegistryStore) -> None:
    """Leaves follow each other without holes, and are found by hash and by what they are about."""
    assert (store.log_size(), store.checkpoint(), store.find_leaf(b"x" * 32)) == (0, None, None)
    assert store.add_leaves([leaf(b"one", "publisher:A"), leaf(b"two", "publisher:A", "release:1")]) == 0
    assert store.add_leaves([leaf(b"three", "release:1", "release:1")]) == 2

    assert store.log_size() == 3
    assert list(store.entries(1, 9)) == [b"two", b"three"]
    assert list(store.entries(0, 1)) == [b"one"]
    assert store.find_leaf(leaf(b"three").hash) == 2
    assert store.leaves_about("release:1") == ((1, b"two"), (2, b"three"))
    assert store.leaves_about("release:") == ()
    assert store.statistics().leaves == 3


def test_many_leaves_come_back_in_order(store: RegistryStore) -> None:
    """More leaves than are read at once."""
    texts = [b"%d" % number for number in range(700)]
    store.add_leaves(map(leaf, texts))

    assert list(store.entries(0, 700)) == texts
    assert list(store.entries(255, 513)) == texts[255:513]


def test_a_leaf_is_added_once(store: RegistryStore) -> None:
    """Of leaves one of which is known, none is added."""
    store.add_leaves([leaf(b"one")])
    with pytest.raises(ValueError, match="already"):
        store.add_leaves([leaf(b"two"), leaf(b"one")])

    assert store.log_size() == 1
    assert store.find_leaf(leaf(b"two").hash) is None


def test_tiles_only_grow(store: RegistryStore) -> None:
    """A tile may become wider; one with other hashes is refused, and all that was to be written with it."""
    store.put_tiles({(0, 0): b"a" * 32, (1, 0): b"b" * 32})
    store.put_tiles({(0, 0): b"a" * 64})
    assert (store.get_tile(0, 0), store.get_tile(1, 0), store.get_tile(0, 1)) == (b"a" * 64, b"b" * 32, None)

    for wrong in (b"a" * 32, b"c" * 64):
        with pytest.raises(ValueError, match="tile 0 of level 0"):
            store.put_tiles({(0, 1): b"d" * 32, (0, 0): wrong})
    assert (store.get_tile(0, 0), store.get_tile(0, 1)) == (b"a" * 64, None)


def test_checkpoints_are_kept(store: RegistryStore) -> None:
    """The last is the one of the largest tree, whatever the order; one of the same size takes its place."""
    store.put_checkpoint(10, b"ten")
    store.put_checkpoint(9, b"nine")
    store.put_checkpoint(10, b"ten, cosigned")

    assert (store.checkpoint(), store.checkpoint(9), store.checkpoint(8)) == (b"ten, cosigned", b"nine", None)
    assert list(store.checkpoints()) == [(9, b"nine"), (10, b"ten, cosigned")]
    assert list(store.checkpoints(10)) == [(10, b"ten, cosigned")]


def test_certificates_have_a_history(store: RegistryStore) -> None:
    """Every new word about a certificate is kept in order; the same said again is none."""
    issued = CertificateStatus("Lab", "C-1", b"a" * 32, Standing.ISSUED, "EN 303 645", 5, None)
    suspended = replace(issued, standing=Standing.SUSPENDED, reason="found altered")
    other = CertificateStatus("Lab", "C-2", b"b" * 32, Standing.REVOKED, until=7)
    assert store.add_certificates([issued, issued, other], 1) == 2
    assert store.add_certificates([suspended], 2) == 1
    assert store.add_certificates([suspended, other], 3) == 0
    assert store.add_certificates([issued], 4) == 1

    assert store.certificates() == (issued, other, suspended, issued)
    assert store.certificates(b"a" * 32) == (issued, suspended, issued)
    assert store.certificates(b"c" * 32) == ()
    assert store.statistics().certificates == 4


def test_a_transaction_is_all_or_nothing(store: RegistryStore) -> None:
    """What is written within one that fails is not there, of whatever kind; what was there before is."""
    store.add_publisher(Publisher("Acme"), 1)
    given = submission(firmware())

    def write_all() -> None:
        with store.transaction():
            store.add_publisher(Publisher("Acme", (b"key",)), 1)
            store.add_releases([given])
            with store.transaction():
                store.add_leaves([leaf(b"one", "release:1")])
                store.put_tiles({(0, 0): b"a" * 32})
                store.put_checkpoint(1, b"note")
            assert store.log_size() == 1
            raise RuntimeError("power")

    with pytest.raises(RuntimeError, match="power"):
        write_all()

    assert store.get_publisher("Acme") == Publisher("Acme")
    assert (store.releases(), store.log_size(), store.get_tile(0, 0), store.checkpoint()) == ((), 0, None, None)
    assert (store.find_leaf(leaf(b"one").hash), store.leaves_about("release:1")) == (None, ())
    assert store.find_by_tree(firmware().tree) == ()
    with store.transaction():
        store.add_leaves([leaf(b"one")])
        store.add_releases([given])
    assert (store.log_size(), len(store.releases())) == (1, 1)
    assert store.fsck() == []


def test_the_payload_comes_back_as_given(store: RegistryStore) -> None:
    """Byte for byte: its digest is the id."""
    given = submission(firmware())
    store.add_releases([given])

    assert store.get_payload(identify(given.payload)) == given.payload
    assert store.get_payload("ab" * 32) is None
