"""Privileges, kernel, boot, identity, radio, hardening; what is removed, older, or only looks different."""

from collections.abc import Iterator
from functools import partial

from tamper.edits import add, alter, append, both, content, link, patch, remove, rewrite, substitute
from tamper.genuine.apps import BootSet
from tamper.genuine.debian import MODULES, Debian
from tamper.genuine.receiver import PICTURE, Receiver
from tamper.genuine.routers import Onu, OpenWrt
from tamper.kind import Fitted, Kind
from tamper.kinds.accounts import OWNERS_DOING
from tamper.making.programs import module

_SETUID = bytes.fromhex("0100000280000000000000000000000000000000")
"""The extended attribute of a program that may change its user id (Linux include/uapi/linux/capability.h, version 2):
effective, CAP_SETUID permitted."""


def kinds() -> Iterator[Kind]:
    """Yield the kinds of this subject."""
    yield from _privileges()
    yield from _kernel_and_boot()
    yield from _identity()
    yield from _rest()


def _privileges() -> Iterator[Kind]:
    yield Kind(
        "set-uid", OpenWrt.name, "the set-uid bit on busybox", alter("bin/busybox", mode=0o4755), ("privilege-opened",)
    )
    yield Kind(
        "capability",
        Debian.name,
        "a program given the capability to become any user",
        alter("usr/bin/openssl", xattrs=(("security.capability", _SETUID),)),
        ("privilege-opened",),
    )
    yield Kind(
        "passwords-readable",
        Debian.name,
        "the file of passwords readable for everybody",
        alter("etc/shadow", mode=0o644),
        ("privilege-opened", "credential-capture"),
        ("credential-capture", "hardening-lost", "privilege-opened"),
        owned=True,
        remark=OWNERS_DOING,
    )
    yield Kind(
        "script-writable",
        Receiver.name,
        "a script that root runs at start writable for everybody",
        alter("etc/init.d/networking", mode=0o777),
        ("privilege-opened",),
        ("hardening-lost",),
    )
    yield Kind(
        "owner-changed",
        OpenWrt.name,
        "a program that root runs given to an ordinary account",
        alter("sbin/netifd", uid=65534),
        ("privilege-opened",),
    )


def _kernel_and_boot() -> Iterator[Kind]:
    yield Kind(
        "module-added",
        Debian.name,
        "a kernel module added and loaded at start",
        both(
            add(f"{MODULES}/extra/netextra.ko", partial(module, "6.1.0-50-amd64 SMP preempt mod_unload modversions ")),
            add("etc/modules-load.d/extra.conf", "netextra\n"),
        ),
        ("kernel-altered",),
        ("start-up-persistence",),
    )
    yield Kind(
        "module-replaced",
        Onu.name,
        "one bit in a kernel module changed",
        patch("lib/modules/pf_rtk.ko"),
        ("kernel-altered",),
        ("program-altered",),
    )
    yield Kind(
        "kernel-patched",
        OpenWrt.name,
        "16 bytes of the kernel's code changed, packed anew with its checksums",
        content("@kernel", lambda data: data[: len(data) // 3] + bytes(16) + data[len(data) // 3 + 16 :]),
        ("kernel-altered",),
        ("program-altered",),
    )
    yield Kind(
        "loader-patched",
        BootSet.name,
        "one bit in the boot loader changed",
        patch("u-boot.ext", 0.4),
        ("boot-altered",),
        ("program-altered",),
    )
    yield Kind(
        "kernel-line",
        BootSet.name,
        "the kernel told to start a shell instead of the system",
        substitute("extlinux.conf", "audit=0", "audit=0 init=/bin/sh"),
        ("boot-altered",),
        ("local-access", "privilege-opened"),
    )
    yield Kind(
        "boot-script",
        BootSet.name,
        "the boot script starts another loader from a stick",
        substitute(
            "boot.ini",
            "if fatload ${devtype}",
            "if fatload usb 0 0x1000000 alt.bin; then go 0x1000000; fi;\nif fatload ${devtype}",
        ),
        ("boot-altered",),
        ("local-access", "verification-disabled"),
    )
    yield Kind(
        "sysctl-hardening",
        Debian.name,
        "the kernel's protections of memory switched off",
        substitute(
            "etc/sysctl.d/10-hardening.conf",
            "kernel.randomize_va_space = 2\nkernel.kptr_restrict = 2",
            "kernel.randomize_va_space = 0\nkernel.kptr_restrict = 0",
        ),
        ("hardening-lost",),
    )


def _identity() -> Iterator[Kind]:
    yield Kind(
        "mac-settings",
        OpenWrt.name,
        "another MAC address in the settings",
        add(
            "etc/config/network",
            "config interface 'wan'\n\toption ifname 'eth0'\n\toption proto 'dhcp'\n\toption macaddr '02:00:5e:10:20:30'\n",
        ),
        ("identity-rewritten",),
        owned=True,
    )
    yield Kind(
        "mac-script",
        OpenWrt.name,
        "a script of the boot sequence that gives the device another MAC address",
        both(
            add(
                "etc/init.d/ident",
                "#!/bin/sh /etc/rc.common\nSTART=19\nstart() {\n\tip link set dev eth0 address 02:00:5e:10:20:30\n}\n",
                0o755,
            ),
            link("etc/rc.d/S19ident", "../init.d/ident"),
        ),
        ("identity-rewritten",),
        ("start-up-persistence",),
    )
    yield Kind(
        "serial-written",
        Onu.name,
        "a script that gives the terminal the subscriber identity of another",
        append("etc/init.d/rc32", "\nflash set GPON_SN VSOL01020304\nflash set ELAN_MAC_ADDR 02005e102030\n"),
        ("identity-rewritten",),
        ("start-up-persistence",),
    )
    yield Kind(
        "regulatory",
        OpenWrt.name,
        "the wireless driver told to use another country's rules",
        substitute("etc/modules.d/ath9k", "ath9k", "cfg80211 ieee80211_regdom=BO\nath9k"),
        ("radio-altered",),
        ("kernel-altered",),
    )
    yield Kind(
        "version-falsified",
        OpenWrt.name,
        "the release says that it is a later one",
        both(
            content(
                "etc/openwrt_release", lambda data: data.replace(b"15.05.1", b"18.06.9").replace(b"r48532", b"r8077")
            ),
            substitute("etc/openwrt_version", "15.05.1", "18.06.9"),
        ),
        ("provenance-falsified",),
    )


def _rest() -> Iterator[Kind]:
    yield Kind(
        "program-older",
        Debian.name,
        "a program put back to one of an older release of its package",
        Fitted(lambda genuine: rewrite("usr/bin/openssl", genuine.older("usr/bin/openssl"))),
        ("downgraded",),
        ("program-altered",),
    )
    yield Kind(
        "programs-older",
        Onu.name,
        "the web server put back to that of the release before",
        Fitted(lambda genuine: rewrite("bin/boa", genuine.older("bin/boa"))),
        ("downgraded",),
        ("program-altered",),
    )
    yield Kind("program-removed", Debian.name, "a program removed", remove("usr/bin/c_rehash"), ("component-removed",))
    yield Kind(
        "package-removed",
        OpenWrt.name,
        "a service removed with its start",
        remove("etc/init.d/sysntpd", "etc/rc.d/S98sysntpd"),
        ("component-removed",),
    )
    yield Kind(
        "icon-changed",
        OpenWrt.name,
        "the icon of the web interface exchanged",
        rewrite("www/luci-static/bootstrap/favicon.ico", PICTURE),
        ("appearance-changed",),
    )
    yield Kind(
        "start-picture",
        Receiver.name,
        "the picture shown at start exchanged",
        patch("usr/share/enigma2/bootlogo.png", 0.7),
        ("appearance-changed",),
    )
    yield Kind(
        "banner-changed",
        OpenWrt.name,
        "a line in the greeting changed",
        substitute("etc/banner", "Shake with a glassful", "Stir with a glassful"),
        ("appearance-changed",),
    )
    yield Kind(
        "setting-changed",
        Debian.name,
        "how long logs are kept",
        substitute("etc/logrotate.conf", "rotate 4", "rotate 1"),
        ("configuration-altered",),
        ("logging-disabled",),
    )
