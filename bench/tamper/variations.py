"""Legitimate variation: what a device, its owner, a build server or somebody who hands an image on does by right."""

from collections.abc import Iterator

from tamper.edits import add, append, both, content, link, rewrite, substitute
from tamper.genuine.apps import AndroidApp, BootSet, TvApp
from tamper.genuine.debian import Debian
from tamper.genuine.phone import SYSTEM, Phone
from tamper.genuine.receiver import Receiver
from tamper.genuine.routers import Demo, Onu, OpenWrt
from tamper.kind import Variation
from tamper.kinds.accounts import STRONG
from tamper.making.keys import pem

_HOST_KEY = b"\0\0\0\x0bssh-ed25519" + bytes(range(64))
_NETWORK = "config interface 'loopback'\n\toption ifname 'lo'\n\toption proto 'static'\n\toption ipaddr '127.0.0.1'\n\toption netmask '255.0.0.0'\n\n"
_LEASES = 'lease {\n  interface "wan0";\n  fixed-address 192.0.2.77;\n  renew 5 2023/11/17 10:00:00;\n}\n'


def all_variations() -> tuple[Variation, ...]:
    """Return all variations; those with one id are of one kind."""
    return (*_settings(), *_state(), *_packings())


def _settings() -> Iterator[Variation]:
    yield Variation(
        "settings",
        OpenWrt.name,
        "name, time zone, wireless and home network set by the owner",
        both(
            content("etc/config/system", lambda data: data.replace(b"OpenWrt", b"kitchen").replace(b"UTC", b"CET-1CEST,M3.5.0,M10.5.0/3")),
            add(
                "etc/config/wireless",
                "config wifi-device 'radio0'\n\toption type 'mac80211'\n\toption channel '11'\n\toption hwmode '11g'\n\n"
                "config wifi-iface\n\toption device 'radio0'\n\toption network 'lan'\n\toption mode 'ap'\n\toption ssid 'Home'\n"
                "\toption encryption 'psk2'\n\toption key 'correct horse battery'\n",
            ),
            add("etc/config/network", _NETWORK + "config interface 'lan'\n\toption ifname 'eth1'\n\toption type 'bridge'\n\toption proto 'static'\n\toption ipaddr '192.168.7.1'\n"),
        ),
    )  # fmt: skip
    yield Variation(
        "settings", Demo.name, "the home network's address", substitute("etc/config/network", "192.168.1.1", "10.0.0.1")
    )
    yield Variation(
        "settings",
        Receiver.name,
        "language and channel lists changed by the owner",
        both(
            substitute("etc/enigma2/settings", "en_GB", "fr_FR"),
            append("etc/enigma2/userbouquet.favourites.tv", "#SERVICE 1:0:19:2845:3FB:1:C00000:0:0:0:\n"),
            append("etc/enigma2/lamedb", "\n"),
            add("etc/enigma2/timers.xml", '<?xml version="1.0" ?>\n<timers>\n</timers>\n'),
        ),
    )
    yield Variation(
        "firewall-tightened",
        OpenWrt.name,
        "the owner closes what was open",
        content("etc/config/firewall", lambda data: data.replace(b"option input\t\tACCEPT\n\toption output\t\tACCEPT\n\toption forward\t\tREJECT", b"option input\t\tREJECT\n\toption output\t\tACCEPT\n\toption forward\t\tREJECT", 1)),
    )  # fmt: skip
    yield Variation(
        "comments-and-blanks",
        OpenWrt.name,
        "comments and blank lines in a settings file",
        content("etc/config/dhcp", lambda data: b"# mine\n\n" + data.replace(b"\t", b"  ")),
    )
    yield Variation(
        "password-set",
        OpenWrt.name,
        "the owner gave root a password",
        substitute("etc/shadow", b"root::0:", f"root:{STRONG}:19700:".encode()),
    )
    yield Variation(
        "password-set",
        Debian.name,
        "the administrator gave root a password",
        substitute("etc/shadow", b"root:*:", f"root:{STRONG}:".encode()),
    )
    yield Variation(
        "password-set",
        Receiver.name,
        "the owner gave root a password",
        substitute("etc/shadow", b"root:*:", f"root:{STRONG}:".encode()),
    )


def _state() -> Iterator[Variation]:
    yield Variation(
        "logs",
        Debian.name,
        "logs were written",
        both(
            append("var/log/dpkg.log", "2023-11-17 10:00:00 startup archives unpack\n"),
            add("var/log/syslog", "Nov 17 10:00:00 gateway rsyslogd: start\n", 0o640),
            add("var/log/auth.log", "Nov 17 10:00:00 gateway sshd[300]: Server listening on 0.0.0.0 port 22.\n", 0o640),
            add("var/log/apt/history.log.1.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0"),
        ),
    )
    yield Variation(
        "logs",
        Receiver.name,
        "logs were written",
        add("var/log/messages", "Nov 17 10:00:00 examplebox syslogd started\n"),
    )
    yield Variation(
        "caches",
        Debian.name,
        "caches were built",
        both(
            add("var/cache/apt/pkgcache.bin", bytes(range(256)) * 40),
            add("var/cache/ldconfig/aux-cache", bytes(64), 0o600),
            add("var/tmp/x-unpack", b"left over\n"),
        ),
    )
    yield Variation("caches", Receiver.name, "caches were built", add("var/cache/opkg/all.list", b"Package: x\n" * 9))
    yield Variation(
        "host-keys",
        OpenWrt.name,
        "keys made at the first start",
        both(
            rewrite("etc/dropbear/dropbear_rsa_host_key", _HOST_KEY),
            add("etc/uhttpd.crt", pem("kitchen")),
            add("etc/uhttpd.key", bytes(121), 0o600),
        ),
    )
    yield Variation(
        "host-keys",
        Debian.name,
        "keys made at the first start",
        both(
            add(
                "etc/ssh/ssh_host_ed25519_key",
                "-----BEGIN OPENSSH PRIVATE KEY-----\nbm90IGEga2V5\n-----END OPENSSH PRIVATE KEY-----\n",
                0o600,
            ),
            add(
                "etc/ssh/ssh_host_ed25519_key.pub",
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJlbmNoYmVuY2hiZW5jaGJlbmNoYmVuY2hiZW5jaGJlbmNo root@gateway\n",
            ),
        ),
    )
    yield Variation(
        "host-keys",
        Demo.name,
        "a key made at the first start",
        add("etc/dropbear/dropbear_ed25519_host_key", _HOST_KEY, 0o600),
    )
    yield Variation(
        "machine-id", Debian.name, "the device's own id", add("etc/machine-id", "5d0c7a1f3e9b4c6d8a2f1e0b9c8d7a6f\n")
    )
    yield Variation(
        "place-and-name",
        Debian.name,
        "the device's own name and time zone",
        both(
            rewrite("etc/hostname", "cellar\n"),
            link("etc/localtime", "/usr/share/zoneinfo/Europe/Paris"),
            add("etc/timezone", "Europe/Paris\n"),
        ),
    )
    yield Variation("place-and-name", OpenWrt.name, "the time zone", link("etc/localtime", "/tmp/localtime"))  # noqa: S108 (a path in the image)
    yield Variation("place-and-name", Receiver.name, "the device's own name", rewrite("etc/hostname", "livingroom\n"))
    yield Variation(
        "resolver",
        Debian.name,
        "the resolver that the network gave",
        rewrite("etc/resolv.conf", "search lan\nnameserver 192.0.2.1\nnameserver 192.0.2.2\n"),
    )
    yield Variation(
        "dhcp-leases", Debian.name, "a lease that the network gave", add("var/lib/dhcp/dhclient.leases", _LEASES)
    )
    yield Variation(
        "random-seed", Debian.name, "entropy saved", add("var/lib/systemd/random-seed", bytes(range(256)) * 2, 0o600)
    )
    yield Variation("random-seed", OpenWrt.name, "entropy saved", add("etc/urandom.seed", bytes(range(256)) * 2, 0o600))
    yield Variation(
        "package-manager-state",
        Debian.name,
        "the package manager was run and installed nothing",
        both(
            add("var/lib/dpkg/lock", b"", 0o640),
            add("var/lib/dpkg/lock-frontend", b"", 0o640),
            lambda tree: add("var/lib/dpkg/status-old", tree["var/lib/dpkg/status"].data)(tree),
            add("var/lib/apt/extended_states", ""),
            add("var/lib/apt/lists/lock", b"", 0o640),
        ),
    )
    yield Variation(
        "lost-and-found",
        Debian.name,
        "a file found by a repair of the file system",
        add("lost+found/#1234", b"\0" * 600),
    )
    yield Variation(
        "users-data",
        Phone.name,
        "apps and data of the user",
        both(
            add(f"{SYSTEM}data/app/x/base.txt", b"x"),
            add(f"{SYSTEM}data/data/org.example/files/a", b"y"),
            add(f"{SYSTEM}cache/recovery/last_log", "started\n"),
        ),
    )
    yield Variation(
        "recordings",
        Receiver.name,
        "a recording on the drive",
        add("media/hdd/movie/20231117 2000 - News.ts", b"G" + bytes(187)),
    )
    yield Variation(
        "temporary-files",
        Debian.name,
        "files of running services",
        both(add("run/sshd.pid", "300\n"), add("tmp/x", b"x")),
    )


def _packings() -> Iterator[Variation]:
    for kind, subject, packings in (
        ("compressed-anew", OpenWrt.name, ("xz, smaller dictionary", "kernel packed anew")),
        ("compressed-anew", Receiver.name, ("jffs2, uncompressed",)),
        ("compressed-anew", AndroidApp.name, ("a member deflated anew",)),
        ("compressed-around", Debian.name, ("ext4, in gzip",)),
        ("other-blocks", OpenWrt.name, ("xz, blocks of 128 KiB",)),
        ("other-blocks", Onu.name, ("blocks of 64 KiB, list of sums made anew",)),
        ("other-blocks", Debian.name, ("ext4, blocks of 1 KiB",)),
        ("other-blocks", Phone.name, ("other blocks in every file system, ramdisk packed anew",)),
        ("other-order-and-times", OpenWrt.name, ("other order and times",)),
        ("other-order-and-times", Onu.name, ("archive in another order",)),
        ("other-order-and-times", Debian.name, ("ext4 with a journal, other times",)),
        ("other-order-and-times", TvApp.name, ("members in another order, other times",)),
        ("other-order-and-times", BootSet.name, ("zip in another order, stored loosely",)),
        ("padded", Receiver.name, ("jffs2, padded to 8 MiB",)),
        ("padded", Debian.name, ("ext4, zeros behind it",)),
        ("sparse", Debian.name, ("ext4, as Android's sparse image",)),
        ("container-swapped", OpenWrt.name, ("files in a tar",)),
        ("container-swapped", Debian.name, ("files in a tar",)),
        ("container-swapped", Phone.name, ("system files in a tar",)),
        ("overlay", OpenWrt.name, ("with what the device wrote behind the files",)),
    ):
        for packing in packings:
            yield Variation(kind, subject, packing, packing=packing)
