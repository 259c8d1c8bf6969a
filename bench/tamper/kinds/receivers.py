"""Receivers: card sharing, keys, playlists, protection of content; and TV apps."""

from collections.abc import Iterator
from functools import partial

from tamper.edits import add, append, both, content, link, patch, rewrite, substitute
from tamper.genuine.apps import TvApp
from tamper.genuine.receiver import Receiver
from tamper.kind import Kind
from tamper.making.programs import IDLE, build, library

_OSCAM = "[global]\nlogfile = /dev/null\n\n[newcamd]\nport = 15050@0963:000000\nkey = 0102030405060708091011121314\n\n[dvbapi]\nenabled = 1\nboxtype = dreambox\n"
_READER = (
    "[reader]\nlabel = share\nprotocol = cccam\ndevice = share.example.net,12000\nuser = u\npassword = p\ngroup = 1\n"
)


def kinds() -> Iterator[Kind]:
    """Yield the kinds of this subject."""
    yield from _boxes()
    yield from _apps()


def _boxes() -> Iterator[Kind]:
    yield Kind(
        "card-sharing-client",
        Receiver.name,
        "a card sharing client with its settings, started with the box (its program does nothing)",
        both(
            add("usr/bin/oscam", partial(build, IDLE, "-O2", "-Wl,--build-id=none"), 0o755),
            add("etc/tuxbox/config/oscam.conf", _OSCAM),
            add("etc/tuxbox/config/oscam.server", _READER),
            add(
                "etc/init.d/softcam", '#!/bin/sh\n[ "$1" = start ] && /usr/bin/oscam -b -c /etc/tuxbox/config\n', 0o755
            ),
            link("etc/rc3.d/S50softcam", "../init.d/softcam"),
        ),
        ("content-protection-bypassed",),
        ("start-up-persistence", "data-sent-elsewhere", "program-altered"),
    )
    yield Kind(
        "card-sharing-line",
        Receiver.name,
        "one file with the address of a card server",
        add("etc/CCcam.cfg", "C: share.example.net 12000 user pass no { 0:0:2 }\n"),
        ("content-protection-bypassed",),
        ("data-sent-elsewhere",),
    )
    yield Kind(
        "keys-of-emulator",
        Receiver.name,
        "a file of an emulator's keys (made up)",
        add("usr/keys/SoftCam.Key", "; made up\nV 000001 00 00112233445566778899AABBCCDDEEFF ; none\n"),
        ("content-protection-bypassed",),
    )
    yield Kind(
        "ci-library-patched",
        Receiver.name,
        "the library that guards content says yes to every key",
        rewrite("usr/lib/libciplus.so", partial(library, "(int)(sum | 1u)")),
        ("content-protection-bypassed",),
        ("program-altered",),
    )
    yield Kind(
        "playlist-in-bouquet",
        Receiver.name,
        "a channel list of streams from the internet, in the place of the owner's lists",
        both(
            add(
                "etc/enigma2/userbouquet.world.tv",
                "#NAME World IPTV\n#SERVICE 4097:0:1:1:0:0:0:0:0:0:http%3a//iptv.example.net%3a8080/live/user/pass/1.ts:Sports 1\n#DESCRIPTION Sports 1\n"
                "#SERVICE 4097:0:1:2:0:0:0:0:0:0:http%3a//iptv.example.net%3a8080/live/user/pass/2.ts:Cinema 1\n#DESCRIPTION Cinema 1\n",
            ),
            append(
                "etc/enigma2/bouquets.tv",
                '#SERVICE 1:7:1:0:0:0:0:0:0:0:FROM BOUQUET "userbouquet.world.tv" ORDER BY bouquet\n',
            ),
        ),
        ("illicit-content-source",),
        owned=True,
    )
    yield Kind(
        "playlist-built-in",
        Receiver.name,
        "a playlist of a subscription without rights, built into the image",
        add(
            "usr/share/enigma2/world.m3u",
            '#EXTM3U\n#EXTINF:-1 group-title="Sports",Sports 1 HD\nhttp://iptv.example.net:8080/live/user/pass/1.ts\n'
            '#EXTINF:-1 group-title="Cinema",Cinema 1 HD\nhttp://iptv.example.net:8080/get.php?username=user&password=pass&type=m3u_plus\n',
        ),
        ("illicit-content-source",),
    )
    yield Kind(
        "hdcp-off",
        Receiver.name,
        "a script at start switches the protection of the HDMI output off",
        both(
            add("etc/init.d/hdmi", "#!/bin/sh\necho 0 > /sys/class/amhdmitx/amhdmitx0/hdcp_mode\n", 0o755),
            link("etc/rc3.d/S15hdmi", "../init.d/hdmi"),
        ),
        ("content-protection-bypassed",),
        ("start-up-persistence",),
    )


def _apps() -> Iterator[Kind]:
    yield Kind(
        "script-in-page",
        TvApp.name,
        "a script added to the app and to its page; it logs a line",
        both(
            substitute("index.html", b"</head>", b'  <script src="script/extra.js"></script>\r\n</head>'),
            add("script/extra.js", "console.log('extra');\n"),
        ),
        ("app-injected",),
        ("verification-disabled",),
    )
    yield Kind(
        "script-from-elsewhere",
        TvApp.name,
        "the page loads a script from another host",
        substitute("index.html", b"</head>", b'  <script src="https://cdn.example.net/x.js"></script>\r\n</head>'),
        ("app-injected", "code-downloaded"),
        ("code-downloaded", "app-injected", "data-sent-elsewhere", "verification-disabled"),
    )
    yield Kind(
        "app-sends-elsewhere",
        TvApp.name,
        "the page shows another host's app instead of the service's",
        substitute("index.html", b"https://api-partner.spotify.com/tvapp", b"https://api-partner.example.net/tvapp"),
        ("data-sent-elsewhere", "app-injected"),
        ("app-injected", "data-sent-elsewhere", "code-downloaded", "verification-disabled"),
    )
    yield Kind(
        "app-may-hear",
        TvApp.name,
        "the app asks for the microphone",
        substitute(
            "config.xml",
            b'<tizen:privilege name="http://tizen.org/privilege/tv.audio"/>',
            b'<tizen:privilege name="http://tizen.org/privilege/tv.audio"/>\n  <tizen:privilege name="http://tizen.org/privilege/recorder"/>',
        ),
        ("surveillance",),
        ("app-injected", "verification-disabled", "privilege-opened"),
        remark="privilege-opened was allowed besides: by the vocabulary's own words a broader grant counts as that",
    )
    yield Kind(
        "app-icon",
        TvApp.name,
        "the app's icon changed",
        patch("icon.png", 0.6),
        ("appearance-changed",),
        ("verification-disabled",),
    )
    yield Kind(
        "app-style",
        TvApp.name,
        "a colour in the app's style sheet changed",
        content("tizen.css", lambda data: data + b"\nbody { background: #101010; }\n"),
        ("appearance-changed",),
        ("verification-disabled",),
    )
