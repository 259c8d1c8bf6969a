"""Which files are kept as content."""

import pytest

from trueware.identifying import SOURCES
from trueware.model.kept import is_kept

KEPT = (
    "etc/passwd",
    "./etc/shadow",
    "/etc/group",
    "squashfs-root/etc/passwd",
    "etc/inittab",
    "etc/init.d/S50telnet",
    "etc/rc.local",
    "etc/rc.d/rcS",
    "etc/config/firewall",
    "etc/opkg.conf",
    "etc/opkg/distfeeds.conf",
    "etc/opkg/keys/dace9d4df16896bf",
    "etc/apt/sources.list.d/vendor.list",
    "root/.ssh/authorized_keys",
    "etc/dropbear/dropbear_rsa_host_key",
    "etc/ssl/certs/ca-certificates.crt",
    "etc/cert.pem",
    "etc/ppp/key.pem",
    "system/build.prop",
    "build.prop",
    "init.rc",
    "init.goldfish.rc",
    "fstab.qcom",
    "etc/fstab",
    "etc/crontabs/root",
    "var/spool/cron/crontabs/root",
    "etc/hosts",
    "etc/resolv.conf",
    "etc/iptables/rules.v4",
    "usr/share/nftables.d/chain-pre/input_wan/x.nft",
    "etc/environment",
    "etc/dnsmasq.d/x.conf",
    "boot/grub/grub.cfg",
    "settings",
    "chosen/bootargs",
    "AndroidManifest.xml",
    "META-INF/CERT.RSA",
    "META-INF/MANIFEST.MF",
    "META-INF/ANDROID.SF",
    "control",
    "postinst",
    "conffiles",
    "etc/scripts/update.sh",
    "metadata",
    "signature-1",
)

DROPPED = (
    "",
    "etc",
    "bin/busybox",
    "etc/www",
    "etc/services",
    "etc/passwd/x",
    "usr/share/doc/control.txt",
    "xetc/passwd",
    "META-INF/services/java.sql.Driver",
    "lib/libcrypto.so",
    "www/index.html",
    "opkg/info/busybox.control",
)


@pytest.mark.parametrize("path", KEPT)
def test_security_relevant_files_are_kept(path: str) -> None:
    """Files that decide who may do what are kept, wherever the tree begins."""
    kept = is_kept(path)

    assert kept


@pytest.mark.parametrize("path", DROPPED)
def test_ordinary_files_are_not_kept(path: str) -> None:
    """Programs, pages and data are measured, not kept."""
    kept = is_kept(path)

    assert not kept


WANTED = {
    "os-release": ("etc/os-release", "usr/lib/os-release", "root/etc/os-release"),
    "openwrt-release": ("etc/openwrt_release",),
    "openwrt-version": ("etc/openwrt_version",),
    "device-info": ("etc/device_info",),
    "lsb-release": ("etc/lsb-release",),
    "enigma-info": ("usr/lib/enigma.info",),
    "enigma-version": ("etc/image-version",),
    "enigma-usb": ("vuplus/duo2/imageversion", "duo2/imageversion"),
    "motorola-flashfile": ("flashfile.xml", "phone/servicefile.xml"),
    "mediatek-scatter": ("MT6765_Android_scatter.txt",),
    "qualcomm-contents": ("contents.xml",),
    "build.prop": ("build.prop", "system/build.prop", "vendor-build.prop", "default.prop", "product/etc/build.prop"),
    "sysupgrade-metadata": ("metadata", "metadata-1"),
    "package-control": ("control",),
    "android-manifest": ("AndroidManifest.xml",),
    "widget-config": ("config.xml", "app/config.xml"),
    "android-ota": ("META-INF/com/android/metadata",),
    "tizen-manifest": ("tizen-manifest.xml", "app/tizen-manifest.xml"),
    "webos-appinfo": ("appinfo.json", "app/appinfo.json"),
    "version-file": ("fwu_ver", "etc/version", "lib/gluon/release"),
    "docker-manifest": ("manifest.json",),
    "oci-index": ("index.json",),
    "compact-manifest": ("+COMPACT_MANIFEST",),
    "packing-list": ("+CONTENTS",),
    "pkginfo": (".PKGINFO",),
    "openbmc-manifest": ("MANIFEST",),
    "sw-description": ("sw-description",),
    "rauc-manifest": ("manifest.raucm",),
    "login-banner": ("etc/banner", "etc/issue", "etc/motd"),
}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_what_a_source_wants_is_kept(source: type) -> None:
    """Every file a source reads claims from is kept by the engine."""
    paths = WANTED[source.name]  # type: ignore[attr-defined]

    assert all(source.wants.fullmatch(path) for path in paths)  # type: ignore[attr-defined]
    assert all(is_kept(path) for path in paths)
