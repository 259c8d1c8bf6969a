"""Claims of whole artefacts: order, components, headers and banners."""

from hashlib import sha256

from trueware.identifying import MAX_CLAIMS, banner_claims, identify, scan_banners
from trueware.model.claim import Claim
from trueware.model.part import Kind, Part


class Tree:
    """Builds measured trees together with the content an engine would have kept."""

    def __init__(self) -> None:
        self.kept: dict[bytes, bytes] = {}

    def file(self, name: str, content: bytes) -> Part:
        digest = sha256(content).digest()
        self.kept[digest] = content
        return Part(name, Kind.FILE, digest, len(content), digest)

    def region(self, name: str, content: bytes) -> Part:
        digest = sha256(content).digest()
        self.kept[digest] = content
        return Part(name, Kind.REGION, digest, len(content), digest)


def container(name: str, format_: str, *children: Part, facts: tuple[tuple[str, str], ...] = ()) -> Part:
    return Part(name, Kind.REGION, b"", format=format_, facts=facts, children=children)


def folder(name: str, *children: Part) -> Part:
    return Part(name, Kind.DIRECTORY, b"", children=children)


TPLINK = (
    ("firmware-version", "3.16.9"),
    ("hardware", "0x08400002"),
    ("vendor", "TP-LINK Technologies"),
    ("version", "ver. 1.0"),
)


def test_headers_come_before_files_and_outer_before_inner() -> None:
    """A TP-Link image with an OpenWrt root: header first, then the strongest file first."""
    tree = Tree()
    etc = folder(
        "etc",
        tree.file("banner", b"OpenWrt 23.05.2\n"),
        tree.file("openwrt_release", b"DISTRIB_ID='OpenWrt'\n"),
        tree.file("passwd", b"root:x:0:0::/:/bin/sh\n"),
    )
    root = container("image", "tplink-v1", container("rootfs", "squashfs", etc), facts=TPLINK)

    assert identify(root, tree.kept) == (
        Claim("vendor", "TP-LINK Technologies", "tplink-v1", ""),
        Claim("hardware", "0x08400002", "tplink-v1", ""),
        Claim("build", "ver. 1.0", "tplink-v1", ""),
        Claim("version", "3.16.9", "tplink-v1", ""),
        Claim("os", "OpenWrt", "openwrt-release", "rootfs!/etc/openwrt_release"),
        Claim("product", "OpenWrt", "login-banner", "rootfs!/etc/banner"),
        Claim("version", "23.05.2", "login-banner", "rootfs!/etc/banner"),
    )


def test_a_header_without_a_version_claims_none() -> None:
    """OpenWrt leaves the three numbers at zero and writes its revision where the vendor writes the same for all."""
    facts = (("firmware-version", "0.0.0"), ("hardware", "0x08410009"), ("vendor", "OpenWrt"), ("version", "r48532"))

    assert identify(container("image", "tplink-v1", facts=facts), {}) == (
        Claim("vendor", "OpenWrt", "tplink-v1", ""),
        Claim("hardware", "0x08410009", "tplink-v1", ""),
        Claim("build", "r48532", "tplink-v1", ""),
    )


def test_uimage_names() -> None:
    """A name that only tells the kind of payload is a build; any other names a product; unset kinds claim nothing."""
    kernel = (("name", "MIPS OpenWrt Linux-4.14.95"), ("os", "linux"), ("arch", "mips"))
    vendor = (("name", "TEW-731BR"), ("os", "invalid"), ("arch", "invalid"))

    assert identify(container("a", "uimage", facts=kernel), {}) == (
        Claim("build", "MIPS OpenWrt Linux-4.14.95", "uimage", ""),
        Claim("os", "linux", "uimage", ""),
        Claim("architecture", "mips", "uimage", ""),
    )
    assert identify(container("a", "uimage", facts=vendor), {}) == (Claim("product", "TEW-731BR", "uimage", ""),)


def test_components_do_not_speak_for_the_artefact() -> None:
    """A package in a folder of a system that names itself is left out; a root file system beside a version file is not."""
    tree = Tree()
    package = container("a.deb", "ar", tree.file("control", b"Package: a\nVersion: 9\n"))
    rootfs = container(
        "rootfs",
        "squashfs",
        folder("etc", tree.file("version", b"1.1\n")),
        folder("opt", package),
    )
    root = container("image", "tar", tree.file("fwu_ver", b"1.0\n"), rootfs)

    assert identify(root, tree.kept) == (
        Claim("version", "1.0", "version-file", "fwu_ver"),
        Claim("version", "1.1", "version-file", "rootfs!/etc/version"),
    )


def test_packages_in_folders_of_something_silent_are_told() -> None:
    """A folder of packages is no system: what its members say is all there is."""
    tree = Tree()
    package = container("a.deb", "ar", tree.file("control", b"Package: a\n"))

    assert identify(folder("", folder("pool", package)), tree.kept) == (
        Claim("package", "a", "package-control", "pool/a.deb!/control"),
    )


def test_metadata_is_read_from_a_region() -> None:
    """The JSON behind a sysupgrade image is a region, not a file."""
    tree = Tree()
    root = container("image", "sysupgrade", tree.region("metadata", b'{"supported_devices": ["a,b"]}'))

    assert identify(root, tree.kept) == (Claim("product", "a,b", "sysupgrade-metadata", "metadata"),)


def test_a_file_that_is_not_what_its_name_says_claims_nothing() -> None:
    """Malformed sources are passed over, the rest is told."""
    tree = Tree()
    root = folder("", tree.file("AndroidManifest.xml", b"<manifest/>"), tree.file("fwu_ver", b"V1\n"))

    assert identify(root, tree.kept) == (Claim("version", "V1", "version-file", "fwu_ver"),)


def test_claims_are_bounded() -> None:
    """A tree of a thousand packages gives no more than the ceiling."""
    tree = Tree()
    packages = (container(f"{n}.deb", "ar", tree.file("control", b"Package: p%d\n" % n)) for n in range(1_000))

    assert len(identify(folder("", *packages), tree.kept)) == MAX_CLAIMS


def test_banners_are_found_in_opaque_bytes() -> None:
    """Kernel and boot loader name themselves; a format string and prose do not."""
    kernel = "Linux version 2.6.31 (tomcat@buildserver) (gcc version 4.3.3 (GCC) ) #22 Wed Apr 6 11:15:00 CST 2016"
    loader = "U-Boot 1.1.4 (Apr  6 2016 - 11:12:21)"
    data = b"\0".join(
        [b"\xff" * 9, loader.encode(), b"Linux version %s (%s)", kernel.encode() + b"\n", kernel.encode()]
    )
    banners = scan_banners(memoryview(data))

    assert banners == [kernel, loader]
    assert list(banner_claims({"kernel!/data": tuple(banners)})) == [
        Claim("os", "Linux 2.6.31", "linux-banner", "kernel!/data"),
        Claim("build", kernel, "linux-banner", "kernel!/data"),
        Claim("build", "U-Boot 1.1.4 (Apr 6 2016 - 11:12:21)", "u-boot-banner", "kernel!/data"),
    ]


def test_banners_are_bounded() -> None:
    """A region full of banners gives a few of each kind, none longer than a line."""
    data = b"".join(b"U-Boot 20%d.01 %s\n" % (n, b"x" * 400) for n in range(100))
    banners = scan_banners(memoryview(data))

    assert len(banners) == 8
    assert max(map(len, banners)) < 300
