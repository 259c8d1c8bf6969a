"""The genuine images that variants are made of, with the places where their files are edited."""

from dataclasses import dataclass, replace

from corpus_edits import Places
from corpus_families import Apk, Deb, Family, Ipk, Onu, Tplink


@dataclass(frozen=True, slots=True)
class Subject:
    """A genuine image that variants are made of."""

    name: str
    path: str
    publisher: str
    product: str
    version: str
    family: type[Family]
    places: Places | None = None


_OPENWRT = Places(
    program="bin/busybox",
    link="bin/ash",
    removed="etc/init.d/firewall",
    moved=("sbin/sysupgrade", "sbin/upgrade"),
    owned="etc/shadow",
    key="etc/dropbear/authorized_keys",
    script="etc/init.d/support",
    device="dev/mem",
    account="etc/passwd",
    shadow="etc/shadow",
    settings="etc/config/system",
    host_key="etc/dropbear/dropbear_rsa_host_key",
)
_ONU = Places(
    program="bin/boa",
    link="bin/ash",
    removed="etc/mdev.conf",
    moved=("etc/services", "etc/services.old"),
    owned="etc/inittab",
    key="etc/authorized_keys",
    script="etc/init.d/rc99",
    device="dev/kmem2",
)
_DEB = Places(
    program="usr/bin/openssl",
    link="usr/lib/ssl/cert.pem",
    removed="usr/bin/c_rehash",
    moved=("usr/lib/ssl/misc/tsget.pl", "usr/lib/ssl/misc/tsget.bak"),
    owned="etc/ssl/openssl.cnf",
    key="etc/ssl/certs/support.pem",
    script="etc/ssl/run.sh",
    device="usr/lib/ssl/mem",
)
_DROPBEAR = Places(
    program="usr/sbin/dropbear",
    link="usr/bin/ssh",
    removed="etc/init.d/dropbear",
    moved=("usr/sbin/dropbear", "usr/sbin/dropbear2"),
    owned="usr/sbin/dropbear",
    key="etc/dropbear/authorized_keys",
    script="etc/init.d/support",
    device="usr/sbin/mem",
)
_BUSYBOX = replace(
    _DROPBEAR,
    program="bin/busybox",
    link="bin/ash",
    removed="bin/cat",
    moved=("bin/busybox", "bin/busybox2"),
    owned="bin/busybox",
    key="bin/authorized_keys",
    script="bin/support",
    device="bin/mem",
)
_LEDE = "open/lede-17.01-base/"
_CC = "open/tl-wr841n-five-builders/openwrt-15.05.1-ar71xx-generic-tl-wr841n-v9-squashfs-"

SUBJECTS = (
    Subject(
        "OpenWrt factory", _CC + "factory.bin", "OpenWrt", "OpenWrt TL-WR841N v9 factory", "15.05.1", Tplink, _OPENWRT
    ),
    Subject(
        "OpenWrt sysupgrade", _CC + "sysupgrade.bin", "OpenWrt", "OpenWrt TL-WR841N v9", "15.05.1", Tplink, _OPENWRT
    ),
    Subject(
        "Gluon sysupgrade",
        "open/ffnord-gluon/gluon-ffnord-2016.2.7.1-tp-link-tl-wr841n-nd-v9-sysupgrade.bin",
        "Freifunk Nord",
        "Gluon TL-WR841N v9",
        "2016.2.7.1",
        Tplink,
        replace(_OPENWRT, host_key=None),
    ),
    Subject("ONU", "open/gpon-onu/V2801F_V1.9.0-201104.tar", "V-SOL", "V2801F", "V1.9.0-201104", Onu, _ONU),
    Subject(
        "Debian package",
        "open/debian-bookworm-updates/openssl_3.0.17-1~deb12u2_amd64.deb",
        "Debian",
        "openssl (amd64)",
        "3.0.17-1~deb12u2",
        Deb,
        _DEB,
    ),
    Subject(
        "ipk dropbear",
        _LEDE + "dropbear_2017.75-5_mips_24kc.ipk",
        "LEDE",
        "dropbear (mips_24kc)",
        "2017.75-5",
        Ipk,
        _DROPBEAR,
    ),
    Subject(
        "ipk busybox",
        _LEDE + "busybox_1.25.1-4_mips_24kc.ipk",
        "LEDE",
        "busybox (mips_24kc)",
        "1.25.1-4",
        Ipk,
        _BUSYBOX,
    ),
    Subject("APK", "open/apk-settings/io.appium.settings-7.0.0.apk", "Appium", "io.appium.settings", "7.0.0", Apk),
)
