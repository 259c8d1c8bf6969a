"""Debian's signed indexes: what is taken from the chain of digests, and every way in which a mirror may lie about it."""

import gzip
import lzma
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

import pytest
from tests.unit.importing.archives import NOW, Archive, Package, Signer

from trueware.errors import InputError, UntrustedStatement
from trueware.identifying.stanzas import MAX_LINE, lines_of, stanzas
from trueware.importing import recognise
from trueware.importing.contract import Context, Document
from trueware.importing.debian import IMPORTER
from trueware.model.verdict import Authority, Verdict
from trueware.referencing import Wish, import_document
from trueware.registry.enrol import enrol
from trueware.registry.lookup import Registry
from trueware.registry.ports import RegistryStore
from trueware.registry.references import Imported
from trueware.registry.trust import admit
from trueware.signatures.keys import read_keys
from trueware.sources.mirrors import FolderMirror
from trueware.storage.memory import MemoryStore
from trueware.verify import verify

TOOL = Package("tool", "1.0-1", {"usr": None, "usr/bin": None, "usr/bin/tool": (b"#!/bin/sh\necho tool\n", 0o755)})
DATA = Package("tool-data", "1.0-1", {"usr": None, "usr/tool.conf": b"colour = green\n"}, architecture="all")
SERVER = Package("server", "2:3.1", {"etc": None, "etc/server.conf": b"port = 80\n", "srv": "usr"})


@pytest.fixture
def store() -> MemoryStore:
    return trusting(Signer(1))


def trusting(*signers: Signer) -> MemoryStore:
    store = MemoryStore()
    enrol(store, "Acme", (), (), NOW)
    for each in signers:
        admit(store, "Acme", read_keys(each.certificate()), NOW)
    return store


def archive(*packages: Package) -> Archive:
    return Archive(list(packages or (TOOL, DATA, SERVER)))


def take(store: RegistryStore, index: Path, root: Path, now: int = NOW) -> Imported:
    return import_document(store, index, Wish(root=root), now)


def test_the_chain(store: MemoryStore, tmp_path: Path) -> None:
    """Each package is a release with a manifest, on the word of whoever signed the index; the index is one as well."""
    index = archive().write(tmp_path)
    done = take(store, index, tmp_path)
    assert (done.added, done.refusals) == (4, 0)
    tool, index_itself = (store.releases("Acme", product)[0] for product in ("tool (amd64)", "index of wombat"))
    assert tool.version == "1.0-1"
    assert tool.authority is Authority.THIRD_PARTY
    assert tool.sha256 == sha256(TOOL.deb()).digest()
    assert tool.policy == "package"
    assert tool.source.startswith("wombat InRelease of 2026-09-20, signed by Acme (Archive Key <archive@example.org>)")
    assert index_itself.version == "2026-09-20T08:00:00Z"
    manifest = Registry(store).manifest(tool)
    assert manifest is not None
    parts = dict(manifest.walk())
    program = parts["data.tar.xz!/data!/usr/bin/tool"]
    assert (program.mode, program.uid, program.gid) == (0o755, 0, 0)
    assert verify(tmp_path / SERVER.path, Registry(store)).verdict is Verdict.GENUINE
    assert not store.fsck()


def test_what_is_known_is_not_read_again(store: MemoryStore, tmp_path: Path) -> None:
    """A later index adds what is new in it; packages that were measured are not opened, not even where they are gone bad."""
    take(store, archive(TOOL).write(tmp_path), tmp_path)
    later = archive(TOOL, DATA)
    later.date = "Mon, 21 Sep 2026 08:00:00 UTC"
    index = later.write(tmp_path)
    (tmp_path / TOOL.path).write_bytes(b"no package")
    done = take(store, index, tmp_path)
    assert (done.added, done.known, done.refusals) == (2, 0, 0)
    assert [each.product for each in store.releases("Acme")].count("tool (amd64)") == 1


def test_without_the_packages(store: MemoryStore, tmp_path: Path) -> None:
    """What is not in the mirror is known by its digest alone; when it comes, it is measured."""
    index = archive(TOOL).write(tmp_path)
    (tmp_path / TOOL.path).unlink()
    assert take(store, index, tmp_path).added == 2
    assert [each.tree for each in store.releases("Acme", "tool (amd64)")] == [None]
    archive(TOOL).write(tmp_path)
    assert take(store, index, tmp_path).added == 1
    assert any(each.tree is not None for each in store.releases("Acme", "tool (amd64)"))


def test_detached(store: MemoryStore, tmp_path: Path) -> None:
    """Release with Release.gpg beside it says the same as InRelease."""
    made = archive(TOOL)
    index = made.write(tmp_path)
    text = made.release(files_of(made)).encode()
    index.unlink()
    (index.parent / "Release").write_bytes(text)
    with pytest.raises(UntrustedStatement, match=r"no Release\.gpg"):
        take(store, index.parent / "Release", tmp_path)
    (index.parent / "Release.gpg").write_bytes(made.signer.detached(text))
    assert take(store, index.parent / "Release", tmp_path).added == 2
    (index.parent / "Release").write_bytes(text.replace(b"wombat", b"badger"))
    with pytest.raises(UntrustedStatement, match="does not hold"):
        take(store, index.parent / "Release", tmp_path)


def files_of(made: Archive) -> dict[str, bytes]:
    plain = made.index().encode()
    packed = lzma.compress(plain, check=lzma.CHECK_CRC32)
    return {"main/binary-amd64/Packages": plain, "main/binary-amd64/Packages.xz": packed}


def test_packings(store: MemoryStore, tmp_path: Path) -> None:
    """The index of packages may lie there in any packing, or by its digest."""
    made = archive(TOOL)
    folder = made.write(tmp_path).parent
    lying = folder / "main/binary-amd64"
    (lying / "Packages.xz").rename(lying / "other")
    plain = made.index().encode()
    packed = gzip.compress(plain[:50]) + gzip.compress(plain[50:])
    files = {"main/binary-amd64/Packages": plain, "main/binary-amd64/Packages.gz": packed}
    made.more = "Acquire-By-Hash: yes\n"
    (folder / "InRelease").write_bytes(made.signer.clear_signed(made.release(files)))
    assert take(store, folder / "InRelease", tmp_path).refused[0].reason.startswith("no index of packages")
    (lying / "by-hash/SHA256").mkdir(parents=True)
    (lying / "by-hash/SHA256" / sha256(packed).hexdigest()).write_bytes(packed)
    assert take(store, folder / "InRelease", tmp_path).added == 2


# --- attacks ---


def refused(done: Imported) -> str:
    return " | ".join(each.reason for each in done.refused)


def products(store: RegistryStore) -> list[str]:
    return sorted(each.product for each in store.releases())


def test_an_index_that_was_swapped(store: MemoryStore, tmp_path: Path) -> None:
    """Packages of another day, genuine or not, is not the one that is signed: nothing in it counts."""
    index = archive(TOOL).write(tmp_path)
    other = lzma.compress(archive(TOOL, SERVER).index().encode(), check=lzma.CHECK_CRC32)
    (index.parent / "main/binary-amd64/Packages.xz").write_bytes(other)
    done = take(store, index, tmp_path)
    assert done.added == 0
    assert "in the index" in refused(done)


def test_an_older_index_by_its_digest(store: MemoryStore, tmp_path: Path) -> None:
    """By-hash folders hold indexes of other days too; only the one that is named is asked for."""
    old = lzma.compress(archive(SERVER).index().encode(), check=lzma.CHECK_CRC32)
    made = archive(TOOL)
    made.more = "Acquire-By-Hash: yes\n"
    index = made.write(tmp_path)
    folder = index.parent / "main/binary-amd64/by-hash/SHA256"
    folder.mkdir(parents=True)
    (folder / sha256(old).hexdigest()).write_bytes(old)
    assert take(store, index, tmp_path).refusals == 0
    assert products(store) == ["index of wombat", "tool (amd64)"]
    named = files_of(made)["main/binary-amd64/Packages.xz"]
    (folder / sha256(named).hexdigest()).write_bytes(old)  # under the name of the one that is wanted
    (index.parent / "main/binary-amd64/Packages.xz").unlink()
    again = trusting(Signer(1))
    assert "in the index" in refused(take(again, index, tmp_path))
    assert products(again) == []


def test_a_replaced_package(store: MemoryStore, tmp_path: Path) -> None:
    """A package of the same name and even length is not the one of the index, which is known by its digest alone."""
    index = archive(TOOL).write(tmp_path)
    data = bytearray((tmp_path / TOOL.path).read_bytes())
    data[-9] ^= 1
    (tmp_path / TOOL.path).write_bytes(data)
    done = take(store, index, tmp_path)
    assert (done.added, done.refusals) == (2, 1)
    assert "SHA-256" in refused(done)
    (release,) = store.releases("Acme", "tool (amd64)")
    assert release.tree is None
    assert verify(tmp_path / TOOL.path, Registry(store)).verdict is not Verdict.GENUINE


def test_a_package_of_another_name(store: MemoryStore, tmp_path: Path) -> None:
    """An index that gives a package another name than the package itself is not followed."""

    class Renamed(Package):
        def deb(self) -> bytes:
            return SERVER.deb()

    done = take(store, archive(Renamed("tool", "1.0-1", {})).write(tmp_path), tmp_path)
    assert "it says package 'server', and the index 'tool'" in refused(done)
    assert products(store) == ["index of wombat"]


def test_an_index_that_ran_out(store: MemoryStore, tmp_path: Path) -> None:
    """Valid-Until is held to the time that is given; so is a date that is not yet."""
    made = archive(TOOL)
    made.more = "Valid-Until: Sun, 27 Sep 2026 08:00:00 UTC\n"
    index = made.write(tmp_path)
    with pytest.raises(UntrustedStatement, match="held until"):
        take(store, index, tmp_path, NOW + 10 * 86400)
    with pytest.raises(UntrustedStatement, match="not yet"):
        take(store, index, tmp_path, NOW - 20 * 86400)
    assert take(store, index, tmp_path).added == 2


def test_a_replay(store: MemoryStore, tmp_path: Path) -> None:
    """An index older than one that was imported is refused, though its signature holds; the same one once more is not."""
    old = archive(TOOL).write(tmp_path / "old")
    later = archive(TOOL, DATA)
    later.date = "Mon, 21 Sep 2026 08:00:00 UTC"
    new = later.write(tmp_path / "new")
    take(store, new, tmp_path / "new")
    assert take(store, new, tmp_path / "new").added == 0
    with pytest.raises(UntrustedStatement, match="a replay"):
        take(store, old, tmp_path / "old")


def test_another_key(store: MemoryStore, tmp_path: Path) -> None:
    """An index that is signed well, by a key of nobody at hand, states nothing; neither does one of a key taken back."""
    made = archive(TOOL)
    made.signer = Signer(2)
    with pytest.raises(UntrustedStatement, match="no publisher's key"):
        take(store, made.write(tmp_path), tmp_path)
    (anchor,) = store.anchors()
    store.revoke_anchor("Acme", anchor.id, "lost", NOW)
    with pytest.raises(UntrustedStatement, match="taken back"):
        take(store, archive(TOOL).write(tmp_path), tmp_path)
    assert store.releases() == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"Codename: wombat", b"Codename: badger"),
        (b"main/binary", b"evil/binary"),
        (b"Date: Sun, 20", b"Date: Sun, 27"),
    ],
)
def test_an_altered_index(store: MemoryStore, tmp_path: Path, before: bytes, after: bytes) -> None:
    """One word of the signed text changed, and nothing of it counts."""
    index = archive(TOOL).write(tmp_path)
    index.write_bytes(index.read_bytes().replace(before, after, 1))
    with pytest.raises(UntrustedStatement, match="does not hold"):
        take(store, index, tmp_path)
    assert store.releases() == ()


@pytest.mark.parametrize("where", [b"before", b"after"])
def test_text_around_the_signed_text(tmp_path: Path, where: bytes) -> None:
    """What stands outside the signed text may not be read as signed."""
    index = archive(TOOL).write(tmp_path)
    data = index.read_bytes()
    index.write_bytes(b"Suite: evil\n" + data if where == b"before" else data + b"\nSuite: evil\n")
    document = Document("InRelease", index.read_bytes(), FolderMirror(index.parent))
    with pytest.raises(InputError):
        list(IMPORTER.read(document, Context(NOW)))


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "pool/./x.deb", "pool/../../x.deb", "", "a//b"])
def test_paths_that_lead_out(store: MemoryStore, tmp_path: Path, path: str) -> None:
    """A Filename leads to what lies in the archive, or nowhere."""

    class Elsewhere(Archive):
        def index(self) -> str:
            return super().index().replace(TOOL.path, path)

    done = take(store, Elsewhere([TOOL]).write(tmp_path), tmp_path)
    assert "leads out of the archive" in refused(done)
    assert products(store) == ["index of wombat"]


def test_a_link_out_of_the_mirror(store: MemoryStore, tmp_path: Path) -> None:
    """A package that is a link is not there: its digest alone is known."""
    root = tmp_path / "mirror"
    index = archive(TOOL).write(root)
    (tmp_path / "outside.deb").write_bytes(TOOL.deb())
    (root / TOOL.path).unlink()
    (root / TOOL.path).symlink_to(tmp_path / "outside.deb")
    assert take(store, index, root).added == 2
    assert [each.tree for each in store.releases("Acme", "tool (amd64)")] == [None]


@pytest.mark.parametrize(
    "stanza",
    [
        "Version: 1\nArchitecture: all\n",
        "Package: a b\nVersion: 1\nArchitecture: all\n",
        f"Package: a\nVersion: 1\nArchitecture: all\nFilename: p/a.deb\nSize: 1\nMD5sum: {'a' * 32}\n",
        f"Package: a\nVersion: 1\nArchitecture: all\nFilename: p/a.deb\nSize: -1\nSHA256: {'a' * 64}\n",
        f"Package: {'a' * 20000}\nVersion: 1\nArchitecture: all\nFilename: p/a.deb\nSize: 1\nSHA256: {'a' * 64}\n",
    ],
)
def test_stanzas_that_say_too_little(store: MemoryStore, tmp_path: Path, stanza: str) -> None:
    """A stanza without names, or without a digest that counts, is refused and the others are taken."""

    class Odd(Archive):
        def index(self) -> str:
            return f"{stanza}\n{super().index()}"

    done = take(store, Odd([TOOL]).write(tmp_path), tmp_path)
    assert (done.added, done.refusals) == (2, 1)


def test_an_index_that_unpacks_to_more(store: MemoryStore, tmp_path: Path) -> None:
    """What an index unpacks to is held to its stated length while it passes."""

    class Longer(Archive):
        def release(self, files: Mapping[str, bytes]) -> str:
            return super().release({**files, "main/binary-amd64/Packages": b"short"})

    with pytest.raises(InputError, match="unpacks to more"):
        take(store, Longer([TOOL]).write(tmp_path), tmp_path)


@pytest.mark.parametrize(
    "text", ["", "\n\n", "Origin: Acme\n", "Suite: a\n\nSuite: b\nSHA256:\n", "Suite: a\nSHA256:\n"]
)
def test_what_is_no_index(store: MemoryStore, tmp_path: Path, text: str) -> None:
    """A signed text that says something else is refused as a whole."""
    path = tmp_path / "InRelease"
    path.write_bytes(Signer(1).clear_signed(text))
    with pytest.raises(InputError):
        import_document(store, path, Wish(kind="debian"), NOW)


def test_recognition(tmp_path: Path) -> None:
    """By its name and its first lines; what is neither is left to the others."""
    mirror = FolderMirror(tmp_path)
    signed = Signer(1).clear_signed(archive(TOOL).release({}))
    found = recognise(Document("dists/wombat/InRelease", signed, mirror))
    assert found is IMPORTER
    assert recognise(Document("dists/wombat/InRelease", b"Suite: a\n", mirror)) is not IMPORTER
    assert recognise(Document("dists/wombat/Release", b"Suite: a\n", mirror)) is IMPORTER
    assert recognise(Document("sha256sums", signed, mirror)) is not IMPORTER


# --- stanzas ---


def read(chunks: Iterable[bytes], continued: tuple[str, ...] = ()) -> list[tuple[int, dict[str, str]]]:
    return [(line, dict(fields)) for line, fields in stanzas(lines_of(chunks), continued)]


def test_stanzas_in_pieces() -> None:
    """However the text is cut into pieces, the stanzas are the same."""
    text = b"# comment\nA: 1\nB:  two \n more\n\n\n\nA: 2\nA: 3\nno field\nC:x\r\n"
    whole = read([text], ("b",))
    assert whole == [(2, {"a": "1", "b": "two\n more"}), (8, {"a": "2", "c": "x"})]
    for size in (1, 2, 3, 7):
        assert read((text[at : at + size] for at in range(0, len(text), size)), ("b",)) == whole
    assert read([text])[0][1]["b"] == "two"


def test_a_line_without_end() -> None:
    """A line of many megabytes in small pieces costs no more than its length, and says nothing."""
    pieces = [b"A: ", *[b"x" * 1000] * 3000, b"\nB: 1\n"]
    assert read(pieces) == [(2, {"b": "1"})]
    assert max(map(len, lines_of(pieces))) < 2 * MAX_LINE


def test_debian(corpus: Path, tmp_path: Path) -> None:
    """Debian's own signature over its index holds under its key; one word changed, or the signature of another, does not."""
    folder = corpus / "mobile/gpg-debian/open"
    if not folder.is_dir():
        pytest.skip("not in this corpus")
    keys = corpus / "corpus/reference/anchors/debian-archive-keyring.gpg"
    store = MemoryStore()
    enrol(store, "Debian", (), (), NOW)
    admit(store, "Debian", read_keys(keys.read_bytes()), NOW)
    name = "deb.debian.org_debian_dists_bookworm_InRelease"
    for ending, accepted in (("", True), (".tampered-word", False), (".swapped-signature", False)):
        path = tmp_path / "InRelease"
        path.write_bytes((folder / f"{name}{ending}").read_bytes())
        if accepted:
            assert "no index of packages" in refused(import_document(store, path, Wish(), 1_800_000_000))
        else:
            with pytest.raises(UntrustedStatement):
                import_document(store, path, Wish(), 1_800_000_000)
