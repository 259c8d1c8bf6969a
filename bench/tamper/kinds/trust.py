"""Whose keys are trusted, what is checked, and where updates come from."""

from collections.abc import Iterator

from tamper.edits import add, append, content, remove, rewrite, substitute
from tamper.genuine.debian import Debian
from tamper.genuine.receiver import Receiver
from tamper.genuine.routers import Demo, Onu, OpenWrt
from tamper.kind import Kind
from tamper.making.keys import pem

_USIGN = "untrusted comment: helpful builds\nRWQvDp0cWns4RuZkKDelxM1bj/Ro5/Zq7Kl93e2AsCjgm7CEYXkUnGFq\n"


def kinds() -> Iterator[Kind]:
    """Yield the kinds of this subject."""
    yield Kind(
        "package-key-added",
        OpenWrt.name,
        "a stranger's key added to those that packages are checked by",
        add("etc/opkg/keys/2f0e9d1c5a7b3846", _USIGN),
        ("trust-anchor-added",),
        ("update-redirected",),
    )
    yield Kind(
        "authority-in-bundle",
        Debian.name,
        "a certificate authority put into the middle of the bundle",
        content("etc/ssl/certs/ca-certificates.crt", _into_middle),
        ("trust-anchor-added",),
        ("traffic-intercepted",),
    )
    yield Kind(
        "archive-key-added",
        Debian.name,
        "a key ring added to those that packages are checked by",
        add("etc/apt/trusted.gpg.d/helpful.gpg", _pgp_key()),
        ("trust-anchor-added",),
        ("update-redirected",),
    )
    yield Kind(
        "package-check-off",
        OpenWrt.name,
        "the line removed that has package lists checked",
        substitute("etc/opkg.conf", "option check_signature 1\n", ""),
        ("verification-disabled",),
    )
    yield Kind(
        "apt-trusts-all",
        Debian.name,
        "a package source added that needs no signature",
        append("etc/apt/sources.list", "deb [trusted=yes] http://packages.example.net/debian bookworm main\n"),
        ("verification-disabled",),
        ("update-redirected",),
    )
    yield Kind(
        "update-check-off",
        Demo.name,
        "the update script's check of the signature removed",
        substitute("bin/acme-update", 'verify-signature "$1" || exit 1\n', ""),
        ("verification-disabled",),
        ("program-altered",),
    )
    yield Kind(
        "update-script-unchecked",
        Onu.name,
        "the maker's update script no longer stops at a wrong checksum",
        substitute("@fwu.sh", "set -e\n", ""),
        ("verification-disabled",),
        ("program-altered", "configuration-altered"),
    )
    yield Kind(
        "feed-redirected",
        OpenWrt.name,
        "packages come from another host",
        content(
            "etc/opkg/distfeeds.conf", lambda data: data.replace(b"downloads.openwrt.org", b"downloads.example.net")
        ),
        ("update-redirected",),
    )
    yield Kind(
        "feed-redirected-receiver",
        Receiver.name,
        "a receiver's packages come from another host, unencrypted",
        substitute("etc/opkg/all-feed.conf", "https://feeds.exampletv.example.org", "http://feeds.example.net"),
        ("update-redirected",),
    )
    yield Kind(
        "management-server",
        OpenWrt.name,
        "a remote management client's settings put in, with a stranger's TR-069 server",
        add(
            "etc/config/easycwmp",
            "config local\n\toption enable '1'\n\toption interface 'wan'\n\nconfig acs\n"
            "\toption url 'http://acs.example.net:7547/acs'\n\toption username 'cpe'\n\toption periodic_enable '1'\n",
        ),
        ("update-redirected",),
        ("remote-access",),
        owned=True,
    )
    yield Kind(
        "management-server-default",
        Onu.name,
        "another TR-069 server among the defaults that a reset restores",
        substitute(
            "etc/config_default.xml",
            '<Value Name="DEVICE_TYPE" Value="0"/>',
            '<Value Name="DEVICE_TYPE" Value="0"/>\n\t\t<Value Name="CWMP_ACS_URL" Value="http://acs.example.net:7547/"/>',
        ),
        ("update-redirected",),
        ("remote-access",),
    )
    yield Kind(
        "updater-removed",
        OpenWrt.name,
        "the program removed that installs updates",
        remove("sbin/sysupgrade"),
        ("update-blocked",),
        ("component-removed",),
    )
    yield Kind(
        "update-timer-masked",
        Debian.name,
        "the daily update check emptied",
        rewrite("lib/systemd/system/apt-daily.timer", ""),
        ("update-blocked",),
        ("component-removed",),
    )


def _into_middle(bundle: bytes) -> bytes:
    end = b"-----END CERTIFICATE-----\n"
    pieces = bundle.split(end)
    middle = len(pieces) // 2
    return end.join(pieces[:middle]) + end + pem("Helpful Root CA") + end.join(pieces[middle:])


def _pgp_key() -> bytes:
    """Return an OpenPGP v4 public key (Ed25519, RFC 9580 §5.5.2) with a name, and no signature of its own."""
    oid, point = bytes.fromhex("092b06010401da470f01"), b"\x40" + bytes(range(32))
    key = b"\x04" + (1_700_000_000).to_bytes(4) + b"\x16" + oid + (263).to_bytes(2) + point
    name = b"Helpful packages <packages@example.net>"
    return b"".join(bytes([0xC0 | tag, len(body)]) + body for tag, body in ((6, key), (13, name)))
