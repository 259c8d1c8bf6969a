"""Lists of digests: what each kind says, what is refused and why."""

from pathlib import Path

import pytest

from trueware.importing.lists import Listed, import_index, parse_index, split_name
from trueware.model.claim import Claim
from trueware.model.verdict import Authority
from trueware.registry.references import Imported, Refused
from trueware.storage.memory import MemoryStore

A, B, C = "aa" * 32, "bb" * 32, "cc" * 32

SUMS = f"""
{A} *openwrt-19.07.4-ar71xx-generic-archer-c7-v2-squashfs-sysupgrade.bin
{B.upper()}  sub/openwrt-snapshot.img.gz

# a comment
"""

GLUON = f"""BRANCH=stable
DATE=2017-12-01 07:42:57+01:00
PRIORITY=0

tp-link-cpe210-v1.0 2016.2.7.1 {A} gluon-cpe210.bin
tp-link-cpe210-v1.0 2016.2.7.1 {A}{A} gluon-cpe210.bin
d-link-dir-825 2016.2.7.1 {B} 3866628 gluon-dir825.bin
x86-64 2016.2.7.1 {C}{C} gluon-x86.img.gz
---
2aece76b450f6a6cd6a98d52b5fc414bb6c9a9eed6fb5dccad0632072af19b05776f0a4caf7c6eea6c0ac114cb10477b1bb4ec5a02d90c6efd89e35d8b336a0e
"""

OPKG = f"""Package: 6in4
Version: 24-1
Architecture: all
Filename: 6in4_24-1_all.ipk
Size: 2270
SHA256sum: {A}
Description:  Provides support for 6in4 tunnels
 Version: 99
 configuration details.

Package: old
Version: 1
MD5Sum: 0123456789abcdef0123456789abcdef
Filename: old_1.ipk


Package: nameless
SHA256sum: {B}
"""

DEBIAN = f"""Package: openssh-client
Source: openssh
Version: 1:9.2p1-2+deb12u7
Architecture: amd64
Filename: pool/main/o/openssh/openssh-client_9.2p1-2+deb12u7_amd64.deb
Size: 991064
MD5sum: 0123456789abcdef0123456789abcdef
SHA256: {A}"""


def package(name: str, version: str, architecture: str) -> tuple[Claim, ...]:
    return tuple(
        Claim(*pair, "index", "") for pair in (("package", name), ("version", version), ("architecture", architecture))
    )


def test_sums() -> None:
    """A sum line names a file; product and version are read from its name, as far as it tells."""
    assert list(parse_index(SUMS)) == [
        Listed(
            bytes.fromhex(A), "openwrt-ar71xx-generic-archer-c7-v2-squashfs-sysupgrade", "19.07.4",
            "openwrt-19.07.4-ar71xx-generic-archer-c7-v2-squashfs-sysupgrade.bin",
        ),
        Listed(bytes.fromhex(B), "openwrt-snapshot", "unknown", "sub/openwrt-snapshot.img.gz"),
    ]  # fmt: skip


def test_gluon_manifest() -> None:
    """Model, version, digest, perhaps size, file; a SHA-512 beside the SHA-256 of the same file is no loss, alone it is."""
    assert list(parse_index(GLUON)) == [
        Listed(bytes.fromhex(A), "tp-link-cpe210-v1.0", "2016.2.7.1", "gluon-cpe210.bin"),
        Listed(bytes.fromhex(B), "d-link-dir-825", "2016.2.7.1", "gluon-dir825.bin", 3866628),
        Refused("8", "gluon-x86.img.gz: SHA-512 digest, SHA-256 is needed"),
    ]


def test_opkg_packages() -> None:
    """A stanza is a package; continuation lines are no fields; MD5 alone and a stanza without a version are refused."""
    assert list(parse_index(OPKG)) == [
        Listed(bytes.fromhex(A), "6in4 (all)", "24-1", "6in4_24-1_all.ipk", 2270, package("6in4", "24-1", "all")),
        Refused("11", "old 1: only md5sum, SHA-256 is needed"),
        Refused("17", "a stanza without Package or Version"),
    ]


def test_debian_packages() -> None:
    """Debian spells the digest SHA256, and the last stanza needs no line after it."""
    version = "1:9.2p1-2+deb12u7"
    assert list(parse_index(DEBIAN)) == [
        Listed(
            bytes.fromhex(A), "openssh-client (amd64)", version,
            "pool/main/o/openssh/openssh-client_9.2p1-2+deb12u7_amd64.deb", 991064, package("openssh-client", version, "amd64"),
        )
    ]  # fmt: skip


def test_md5_list_is_refused_line_by_line() -> None:
    """A list of MD5 sums gives no release, and the reason for each line."""
    store = MemoryStore()
    text = "0123456789abcdef0123456789abcdef *root.squashfs\nno sum at all\n" + "x" * 20_000
    done = import_index(store, text, publisher="P", source="md5sums", now=1)

    assert done == Imported(
        0, 0, 0,
        (
            Refused("2", "neither a sum nor a manifest line"), Refused("3", "a line too long"),
            Refused("1", "root.squashfs: MD5 digest, SHA-256 is needed"),
        ),
        3,
    )  # fmt: skip
    assert store.releases() == ()


def test_imported_releases_have_a_third_partys_authority() -> None:
    """What an index names is found by digest, with the weaker authority, and once however often it is imported."""
    store = MemoryStore()
    first = import_index(store, SUMS + GLUON, publisher="OpenWrt", source="list", now=1)
    again = import_index(store, SUMS, publisher="OpenWrt", source="list", now=2)
    release = store.find_by_sha256(bytes.fromhex(B))[1]

    assert (first.added, first.known, again.added, again.known) == (4, 0, 0, 2)
    assert (release.authority, release.published, release.tree, release.statement) == (
        Authority.THIRD_PARTY,
        1,
        None,
        None,
    )
    assert {each.source for each in store.find_by_sha256(bytes.fromhex(B))} == {
        "list: sub/openwrt-snapshot.img.gz", "list: gluon-dir825.bin",
    }  # fmt: skip
    assert store.fsck() == []


def test_names_that_forge_lines_are_refused() -> None:
    """A name with control characters does not enter the registry; the others of the list do."""
    done = import_index(MemoryStore(), f"{A} evil\x1b[2J.bin\n{B} good.bin\n", publisher="P", source="s", now=1)

    assert done.added == 1
    assert "printable" in done.refused[0].reason


@pytest.mark.parametrize(
    ("file", "product", "version"),
    [
        ("lede-17.01.4-ar71xx-tl-wr841-v9-squashfs-factory.bin", "lede-ar71xx-tl-wr841-v9-squashfs-factory", "17.01.4"),
        ("openwrt-21.02.0-rc3-x86-64-rootfs.tar.gz", "openwrt-x86-64-rootfs", "21.02.0-rc3"),
        ("gluon-ffac-2016.2.7-1-stable-x86-64-sysupgrade.img.gz", "gluon-ffac-1-stable-x86-64-sysupgrade", "2016.2.7"),
        ("u-boot.elf", "u-boot", "unknown"),
        ("V1.9.0.bin", "unknown", "1.9.0"),
        ("a\\b/firmware_v2.3.4.BIN", "firmware", "2.3.4"),
        (".bin", "unknown", "unknown"),
        ("tl-wr841n-v11.0", "tl-wr841n", "11.0"),
    ],
)
def test_names_tell_product_and_version(file: str, product: str, version: str) -> None:
    """The first number with a dot between separators is the version; the rest, without endings, is the product."""
    assert split_name(file) == (product, version)


@pytest.mark.parametrize(
    "text", ["", "\n\n", "---", "Package: x", "\x00", "Package:" + "y" * 100_000, "aa" * 32, "KEY=1\n" * 3]
)
def test_lists_that_say_nothing(text: str) -> None:
    """No text makes the reader stumble or a release appear."""
    assert not any(isinstance(each, Listed) for each in parse_index(text))


@pytest.mark.parametrize(
    "name", ["_" * 200_000, "-1" * 100_000, ".bin" * 50_000, "1." * 100_000, f"{A} " + "-1.1" * 4_000, " " * 200_000]
)
def test_hostile_names_cost_little(name: str) -> None:
    """Lines made to send patterns backtracking are read in linear time: this test would run for hours otherwise."""
    product, version = split_name(name)

    assert len(product) + len(version) <= len(name) + len("unknown" * 2)
    assert len(list(parse_index(name))) <= 1


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("path", "added", "refused"),
    [
        ("corpus/open/lede-17.01-base/Packages", None, 0),
        ("corpus/open/debian-bookworm-updates/Packages", None, 0),
        ("corpus/open/ffnord-gluon/stable.manifest", 143, 0),
        ("corpus/open/tl-wr841n-five-builders/kukulo2011-md5sums", 0, None),
    ],
)
def test_real_lists(corpus: Path, path: str, added: int | None, refused: int | None) -> None:
    """Every entry of the real lists is taken (as many as grep counts), or refused for its digest."""
    text = (corpus / path).read_text()
    done = import_index(MemoryStore(), text, publisher="P", source=path, now=1)
    expected = text.count("\nPackage: ") + text.startswith("Package: ") if added is None else added

    assert done.added + done.known == expected
    assert len(done.refused) == refused or all("MD5" in each.reason for each in done.refused)
