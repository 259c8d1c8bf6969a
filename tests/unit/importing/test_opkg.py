"""opkg's feeds: real ones of LEDE and others, and a small one whose attacks are edits."""

import gzip
import re
from hashlib import sha256
from pathlib import Path

import pytest
from tests.unit.importing.mirrors import KEY, PUBLISHER, ipk, registry, take, write
from tests.unit.signatures.labels import labels

from trueware.errors import InputError, UntrustedStatement
from trueware.model.verdict import Authority, Verdict
from trueware.registry.lookup import Registry
from trueware.signatures.keys import read_keys
from trueware.verify import verify

TOOL, OTHER = ipk("tool", "1.0-1"), ipk("tool", "1.0-2")


def stanza(name: str, version: str, data: bytes, **changed: object) -> str:
    fields = {
        "Package": name, "Version": version, "Architecture": "all", "Filename": f"{name}_{version}_all.ipk",
        "Size": len(data), "SHA256sum": sha256(data).hexdigest(), **changed,
    }  # fmt: skip
    return "".join(f"{key}: {value}\n" for key, value in fields.items()) + "\n"


def feed(text: str) -> dict[str, bytes]:
    return {"Packages": text.encode(), "Packages.sig": KEY.sign(text.encode())}


FEED = {**feed(stanza("tool", "1.0-1", TOOL) + stanza("gone", "2", b"gone")), "tool_1.0-1_all.ipk": TOOL}


def test_a_signed_feed(tmp_path: Path) -> None:
    """Packages at hand are measured, others are known by their digests."""
    store = registry(*KEY.public())
    done = take(store, write(tmp_path, FEED) / "Packages")

    assert (done.added, done.refusals) == (2, 0)
    tool, gone = sorted(store.releases(), key=lambda each: each.version)
    assert (tool.product, tool.version, tool.publisher, tool.authority) == (
        "tool (all)", "1.0-1", PUBLISHER, Authority.THIRD_PARTY,
    )  # fmt: skip
    assert tool.source == "Packages, signed by OpenWrt (a test key): tool_1.0-1_all.ipk"
    assert (tool.tree is not None, gone.tree) == (True, None)
    assert verify(tmp_path / "tool_1.0-1_all.ipk", Registry(store)).verdict is Verdict.GENUINE
    assert take(store, tmp_path / "Packages").added == 0
    assert store.fsck() == []


def test_packed(tmp_path: Path) -> None:
    """The packed index has the signature of the plain one; both there are the same, or nothing."""
    files = {**FEED, "Packages.gz": gzip.compress(FEED["Packages"])}
    store = registry(*KEY.public())
    write(tmp_path / "packed", {name: data for name, data in files.items() if name != "Packages"})
    assert take(store, tmp_path / "packed/Packages.gz").added == 2
    assert take(store, write(tmp_path / "both", files) / "Packages").added == 0

    other = gzip.compress(feed(stanza("evil", "1", b"evil"))["Packages"])
    with pytest.raises(UntrustedStatement, match="another index"):
        take(store, write(tmp_path / "mixed", {**files, "Packages.gz": other}) / "Packages")
    with pytest.raises(UntrustedStatement, match="does not hold"):
        take(store, write(tmp_path / "packed", {"Packages.gz": other}) / "Packages.gz")
    for broken in (
        b"",
        b"\x1f\x8b",
        gzip.compress(FEED["Packages"], mtime=0)[:-9],
        b"x" * 50,
        gzip.compress(b"", mtime=0)[:12] + b"\xff" * 9,
    ):
        with pytest.raises(InputError):
            take(store, write(tmp_path / "packed", {"Packages.gz": broken}) / "Packages.gz")


def test_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What unpacks beyond the ceiling is given up."""
    monkeypatch.setattr("trueware.importing.opkg.MAX_INDEX", 1 << 20)
    files = {"Packages.gz": gzip.compress(bytes(1 << 26)), "Packages.sig": b"x"}
    with pytest.raises(InputError, match="longer"):
        take(registry(), write(tmp_path, files) / "Packages.gz", PUBLISHER)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (stanza("tool", "1.0-2", TOOL, Filename="tool_1.0-1_all.ipk"), "it says version '1.0-1'"),
        (stanza("other", "1.0-1", TOOL, Filename="tool_1.0-1_all.ipk"), "it says package 'tool'"),
        (
            stanza("tool", "1.0-1", TOOL, Architecture="mips", Filename="tool_1.0-1_all.ipk"),
            "it says architecture 'all'",
        ),
        (stanza("tool", "1.0-1", TOOL, Size=5), "5 are stated"),
        (stanza("tool", "1.0-1", OTHER), "is stated"),
    ],
)
def test_packages_that_are_others(tmp_path: Path, text: str, reason: str) -> None:
    """A package that is not the one, or says something else of itself, has no manifest here."""
    store = registry(*KEY.public())
    done = take(store, write(tmp_path, {**FEED, **feed(text)}) / "Packages")
    assert reason in done.refused[0].reason
    assert all(each.tree is None for each in store.releases())


def test_a_package_within_a_package_says_nothing_of_it(tmp_path: Path) -> None:
    """The control file that counts is the package's own."""
    outer = ipk("outer", "3", payload=ipk("inner", "9"))
    store = registry(*KEY.public())
    done = take(store, write(tmp_path, {**feed(stanza("outer", "3", outer)), "outer_3_all.ipk": outer}) / "Packages")
    assert (done.added, done.refusals) == (1, 0)


@pytest.mark.parametrize("name", ["../outside.ipk", "/etc/passwd", "./../outside.ipk", "link.ipk"])
def test_file_names_that_lead_elsewhere(tmp_path: Path, name: str) -> None:
    """Nothing outside the mirror is read."""
    write(tmp_path, {"outside.ipk": TOOL})
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror/link.ipk").symlink_to(tmp_path / "outside.ipk")
    store = registry(*KEY.public())
    path = write(tmp_path / "mirror", feed(stanza("tool", "1.0-1", TOOL, Filename=name))) / "Packages"
    take(store, path)
    assert [each.tree for each in store.releases()] == [None]


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["corpus/open/lede-17.01-base", "corpus/reference/hash-lists/lede-17.01-telephony"])
def test_real_feeds_of_lede(corpus: Path, name: str) -> None:
    """Each stanza is a reference with LEDE's word; the packages at hand are measured, and genuine then."""
    keys = (corpus / "corpus/reference/anchors/openwrt-usign/lede-17.01").glob("*.pub")
    store = registry(*(key for path in sorted(keys) for key in read_keys(path.read_bytes(), path.name)))
    folder = corpus / name
    done = take(store, folder / "Packages")
    packages = list(folder.glob("*.ipk"))

    text = (folder / "Packages").read_text("utf-8", "surrogateescape")
    assert done.added + done.known == text.count("\nPackage: ") + text.startswith("Package: ")
    assert done.refusals == 0
    assert sum(each.tree is not None for each in store.releases()) == len(packages)
    assert all('signed by OpenWrt (LEDE 17.01 "Reboot" public key)' in each.source for each in store.releases())
    for path in packages:
        assert verify(path, Registry(store)).verdict is Verdict.GENUINE
    assert take(store, folder / "Packages").added == 0


@pytest.mark.corpus
def test_real_feeds_of_others(corpus: Path, tmp_path: Path) -> None:
    """Every feed that is genuine adds what it lists; every one that was altered raises, and adds nothing."""
    counted = {"accept": 0, "reject": 0}
    for folder, label in labels(corpus / "mobile/usign-openwrt/open"):
        counted[label["expected"]] += 1
        store = registry(*read_keys((folder / "key.pub").read_bytes()))
        index, signature = ((folder / name).read_bytes() for name in ("Packages", "Packages.sig"))
        is_packed = label["path"].endswith("Packages.gz.sig")
        name = "Packages.gz" if is_packed else "Packages"
        path = write(tmp_path / folder.name, {name: index, f"{name}.sig": signature}) / name
        if label["expected"] == "accept":
            text = gzip.decompress(index) if is_packed else index
            done = take(store, path)
            assert (done.added + done.known, done.refusals) == (len(re.findall(b"(?m)^Package: ", text)), 0)
            assert all("signed by OpenWrt" in each.source for each in store.releases())
        else:
            with pytest.raises(InputError):
                take(store, path)
            assert store.releases() == ()
    assert min(counted.values()) > 10


@pytest.mark.corpus
def test_the_signature_of_one_feed_beside_another(corpus: Path, tmp_path: Path) -> None:
    """An older index with the signature of the newer one."""
    folder = corpus / "corpus/open/openwrt-dist-leaked-key"
    old, new = folder / "2025-01-29", folder / "2025-04-25"
    store = registry(*read_keys((new / "simonsmh-dist.pub").read_bytes()))
    files = {"Packages": (old / "Packages").read_bytes(), "Packages.sig": (new / "Packages.sig").read_bytes()}
    with pytest.raises(UntrustedStatement):
        take(store, write(tmp_path, files) / "Packages")
