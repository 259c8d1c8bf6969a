"""Which small files are kept as content: those that say what the software is, and those that decide who may do what with it.

A change to one of them can then be explained without the genuine image at hand. The engine asks for every small file, so the
patterns are one expression. They are over the path inside the innermost container and may begin below some folders, so that a
tree that was dumped there is seen alike; few enough of them that a path of a thousand folders costs no more than its length.
"""

import re

PATTERNS: tuple[str, ...] = (
    # what the software says of itself
    r"(?:etc|usr/lib)/os-release",
    r"etc/(?:openwrt_release|openwrt_version|device_info|lsb-release|banner|issue|motd|version)",
    r"lib/gluon/release",
    r"fwu_(?:ver|sh)|fwu\.sh",
    r"(?:[\w.]+[-_])?build\.prop|default\.prop|prop\.default",
    r"(?:flashfile|servicefile|contents)\.xml|MT\w{1,64}_scatter\w{0,32}\.txt",
    r"usr/lib/enigma\.info|etc/image-version|imageversion",
    # accounts, and what they may do
    r"etc/(?:passwd|shadow|group|gshadow|master\.passwd|securetty|shells|sudoers|doas\.conf)-?",
    r"etc/(?:sudoers\.d|pam\.d|security)/.*",
    r"\.?ssh/.*|authorized_keys2?|etc/dropbear/.*",
    # what starts, and when
    r"etc/(?:inittab|preinit|postinit|init|profile|rc[^/]*|fstab[^/]*|x?inetd\.conf|ld\.so\.preload)",
    r"etc/(?:init|init\.d|rc[^/]*|profile\.d|xinetd\.d|uci-defaults|hotplug\.d|cron[^/]*|modules[^/]*)/.*",
    r"etc/crontab|(?:var/spool/cron|crontabs)/.*",
    r"(?:etc|lib|usr/lib)/systemd/.*\.(?:service|socket|timer|path|conf)",
    r"lib/(?:preinit|upgrade|functions)/.*",
    r"init[^/]*\.rc|fstab[^/]*|ueventd[^/]*\.rc",
    r"etc/(?:.*/)?[^/]*\.sh",
    # where it talks to, where updates come from
    r"etc/(?:hosts[^/]*|resolv\.conf|nsswitch\.conf|opkg[^/]*|ipkg[^/]*|firewall[^/]*|sysupgrade\.conf)",
    r"etc/(?:config|opkg|apt|apk|yum\.repos\.d|ppp|openvpn|wireguard|ipsec[^/]*|firewall[^/]*)/.*",
    r"etc/(?:iptables|nftables[^/]*|dnsmasq[^/]*|unbound|rsyslog[^/]*|audit|fwupd|mender)/.*|usr/share/nftables\.d/.*",
    r"etc/(?:environment|nftables\.conf|dnsmasq[^/]*|r?syslog\.conf|redsocks\.conf|tr069[^/]*|wgetrc|swupdate\.cfg|squid[^/]*)",
    r"lib/gluon/site\.(?:json|conf)",
    # what a boot loader and a kernel are told
    r"grub[^/]*\.cfg|extlinux\.conf|cmdline\.txt|uEnv\.txt|settings|chosen/bootargs|signature/[^/]*/required",
    # keys and certificates it trusts
    r"etc/(?:ssl|ca-certificates|pki|keys)/.*|usr/share/ca-certificates/.*",
    r"etc/(?:.*/)?[^/]*\.(?:crt|pem|key|cer|der|pub|x509|0)|otacerts\.zip",
    # packages and applications
    r"control|(?:pre|post)(?:inst|rm)|conffiles",
    r"META-INF/[^/]*\.(?:RSA|DSA|EC|SF|MF)|META-INF/com/(?:android/metadata|google/android/updater-script)",
    r"AndroidManifest\.xml|res/xml/network_security_config\.xml",
    r"config\.xml|tizen-manifest\.xml|appinfo\.json|author-signature\.xml|signature\d{1,3}\.xml",
    r"\.PKGINFO|manifest\.raucm|sw-description|\+CONTENTS|\+COMPACT_MANIFEST",
    r"(?<!/)(?:MANIFEST|manifest)",
    r"(?<!/)(?:manifest|index|[0-9a-f]{64})\.json",
    # regions of images
    r"(?:metadata|signature)(?:-\d{1,3})?",
)

_KEPT = re.compile(r"(?:[^/]*/){0,6}(?:" + "|".join(PATTERNS) + ")", re.DOTALL)


def is_kept(path: str) -> bool:
    """Tell whether the content of the file at `path`, inside its innermost container, is kept."""
    return _KEPT.fullmatch(path) is not None
