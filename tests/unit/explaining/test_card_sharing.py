"""Card sharing: settings, programs and scripts of softcams are found, what receivers have by themselves is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.explaining.detectors.card_sharing import CardSharing
from trueware.explaining.reading.card_sharing import Account, Key, Listening, Reader, Server, entries
from trueware.model.explanation import Scenario
from trueware.model.finding import Confidence, Severity

from .cases import File, case, findings, rules

OSCAM_SERVER = b"""
[reader]
label    = home
protocol = internal
device   = /dev/sci0

[reader]
label    = far
protocol = cccam
device   = share.example.net,12000
user     = someone
password = hush-hush

[reader]
label    = off
enable   = 0
protocol = newcamd
device   = off.example.net,15000
"""
CCCAM = b"""
# C: old.example.net 1 u p
C: one.example.net 12000 someone hush-hush no { 0:0:2 }
N: two.example.org 15050 dummy hush-hush 01 02 03 04 05 06 07 08 09 10 11 12 13 14
F: friend hush-hush 1 0 0 { 0:0:1 }
SERVER LISTEN PORT : 12000
SOFTKEY FILE : /var/keys/SoftCam.Key
"""
NEWCAMD = b"""CWS_KEEPALIVE = 300
CWS = three.example.net 15050 dummy hush-hush 01 02 03 04 05 06 07 08 09 10 11 12 13 14 wan far
CWS_MULTIPLE = four.example.net 15051:15053 dummy hush-hush 01 02 03 04 05 06 07 08 09 10 11 12 13 14
"""
KEYS = b"""; for testing, none of these is a key of anybody
N 1801 00 0102030405060708090A0B0C0D0E0F10
V 021110 08 01 02 03 04 05 06 07 08 ; comment
F 1FFF0001 00 0102030405060708
a line of prose
"""
CONSTANT = b"1234:123456:1234:2345:3456::00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F\n"
PROGRAM = (
    b"\x7fELF"
    + bytes(60)
    + b"\0newcamd\0cs378x\0cccam\0/oscam.server\0SoftCam.Key\0$1$abcdefgh$\0/dev/dvb/adapter%d/ca%d\0"
)


def told(name: str, data: bytes) -> list[object]:
    return [type(each) for each in entries(name, data)]


def test_each_file_is_read_as_what_it_is() -> None:
    assert told("oscam.server", OSCAM_SERVER) == [Reader, Server]
    assert told("CCcam.cfg", CCCAM) == [Server, Server, Account, Listening]
    assert [str(each) for each in entries("newcamd.list", NEWCAMD)] == [
        "newcamd three.example.net:15050",
        "newcamd four.example.net:15051",
        "newcamd four.example.net:15053",
    ]
    assert [each.system for each in entries("SoftCam.Key", KEYS) if isinstance(each, Key)] == [
        "Nagravision",
        "Viaccess",
        "BISS",
    ]
    assert told("constant.cw", CONSTANT) == [Key]
    assert told("oscam.user", b"[account]\nuser = a\n[account]\nuser = b\ndisabled = 1\n") == [Account]
    assert told("oscam.conf", b"[global]\nport = 1\n[cccam]\nport = 12000\n[webif]\nhttpport = 83\n") == [Listening]
    assert told("camd3.servers", b"cs378x://u:p@five.example.net:8000\n") == [Server]
    assert told("cardclient.conf", b"newcamd:six.example.net:15000:0/0000:u:p:0102\n") == [Server]


@pytest.mark.parametrize(
    "name", ["oscam.server", "CCcam.cfg", "newcamd.list", "SoftCam.Key", "constant.cw", "cardclient.conf"]
)
@given(data=st.binary(max_size=400))
def test_any_bytes_are_read(name: str, data: bytes) -> None:
    assert all(each.line > 0 for each in entries(name, data))


@pytest.mark.parametrize(
    "line",
    [
        b"N 1801 00 " + b"AA" + b" " * 200_000 + b"x",
        b"C: " + b"a" * 200_000,
        b"CWS = " + b"a " * 100_000,
        b"AA:" * 100_000,
    ],
)
def test_long_lines_are_read_at_once(line: bytes) -> None:
    for name in ("SoftCam.Key", "CCcam.cfg", "newcamd.list", "constant.cw"):
        assert list(entries(name, line)) == []


def test_servers_are_named_and_passwords_are_not() -> None:
    found = findings(CardSharing, case({}, {"etc/tuxbox/config/oscam.server": OSCAM_SERVER, "etc/CCcam.cfg": CCCAM}))
    assert sorted(each.rule for each in found) == [
        "card-sharing-account", "card-sharing-server", "card-sharing-server", "softcam-card-reader",
    ]  # fmt: skip
    shown = repr(found)
    assert "share.example.net:12000" in shown
    assert "host:one.example.net" in shown
    assert "hush" not in shown
    assert "off.example.net" not in shown
    assert "old.example.net" not in shown


def test_only_what_was_added_counts() -> None:
    more = OSCAM_SERVER + b"[reader]\nprotocol = cs378x\ndevice = 192.168.1.7,8000\n"
    (found,) = findings(CardSharing, case({"etc/oscam.server": OSCAM_SERVER}, {"etc/oscam.server": more}))
    assert found.rule == "card-sharing-server"
    assert found.severity is Severity.LOW  # within the own house
    assert "share.example.net" not in found.detail
    reordered = b"\n[reader]".join(reversed(OSCAM_SERVER.split(b"\n[reader]")))
    assert rules(CardSharing, case({"etc/oscam.server": OSCAM_SERVER}, {"etc/oscam.server": reordered})) == []


def test_without_the_genuine_bytes_less_is_said() -> None:
    one = case({"etc/oscam.server": b"[reader]\n"}, {"etc/oscam.server": OSCAM_SERVER}, at_hand=False)
    (found,) = findings(CardSharing, one)
    assert (found.rule, found.confidence) == ("card-sharing-server", Confidence.LOW)


def test_keys_are_counted_and_not_shown() -> None:
    (found,) = findings(CardSharing, case({}, {"var/keys/SoftCam.Key": KEYS}))
    assert found.rule == "pay-tv-keys"
    assert found.detail == "1 of Nagravision, 1 of Viaccess, 1 of BISS"
    assert "0102" not in repr(found)
    assert rules(CardSharing, case({}, {"var/keys/SoftCam.Key": b"# no keys yet\n"})) == []


def test_a_program_is_a_softcam_by_marks_of_two_kinds() -> None:
    (found,) = findings(CardSharing, case({}, {"usr/bin/daemon": File(PROGRAM, 0o755)}, scenario=Scenario.RECEIVER))
    assert found.rule == "softcam-program"
    assert found.touches == ("file:dev/dvb",)
    changed = case({"usr/bin/daemon": b"\x7fELF" + bytes(90)}, {"usr/bin/daemon": PROGRAM})
    assert rules(CardSharing, changed) == ["softcam-program"]


@pytest.mark.parametrize(
    "program",
    [
        b"\x7fELF\0/tmp/camd.socket\0/dev/dvb/adapter%d/ca%d\0",  # a receiver's own software has this
        b"\x7fELF\0" + bytes.fromhex("3aea68fe33e9881a83cfe17fbae23812"),  # a player that can descramble
        b"\x7fELF\0cccam\0gbox\0",  # names alone, as a menu may show
        b"a text about oscam.server\0 and \0newcamd\0cccam\0 $1$abcdefgh$\0",  # no program
    ],
)
def test_marks_of_one_kind_are_none(program: bytes) -> None:
    assert rules(CardSharing, case({}, {"usr/bin/player": program})) == []


def test_a_softcam_that_the_genuine_has_too_is_no_finding() -> None:
    assert rules(CardSharing, case({"usr/bin/oscam": PROGRAM}, {"usr/bin/oscam": PROGRAM + b"\0gbox\0"})) == []
    assert rules(CardSharing, case({"usr/bin/oscam": PROGRAM}, {"usr/bin/moved": PROGRAM})) == []


def test_a_name_alone_is_said_with_low_confidence() -> None:
    (found,) = findings(CardSharing, case({}, {"usr/bin/CCcam.2.3.9": b"\x7fELF" + bytes(99)}))
    assert (found.rule, found.confidence) == ("softcam-named", Confidence.LOW)
    assert rules(CardSharing, case({}, {"usr/bin/camera": b"\x7fELF", "usr/bin/webcam": b"\x7fELF"})) == []


def test_scripts_and_links_that_start_a_softcam() -> None:
    script = (
        b"#!/bin/sh\ncase $1 in\nstart) ulimit -s 1024; exec /usr/bin/oscam -b -c /etc/tuxbox/config ;;\n"
        b"stop) killall oscam ;;\nesac\n"
    )
    found = findings(
        CardSharing,
        case({}, {"etc/init.d/softcam.oscam": script, "etc/rc3.d/S50softcam": File(link="../init.d/softcam.oscam")}),
    )
    assert [each.rule for each in found] == ["softcam-started", "softcam-started"]
    led: dict[str, bytes | File] = {"etc/init.d/cam": script, "etc/rc3.d/S50cam": File(link="../init.d/cam")}
    assert rules(CardSharing, case({}, led)) == ["softcam-started", "softcam-started"]
    variable = b"#!/bin/sh\nDAEMON=/usr/bin/oscam\nstart-stop-daemon --start --exec $DAEMON\n"
    assert rules(CardSharing, case({}, {"etc/init.d/x": variable})) == ["softcam-started"]
    assert rules(CardSharing, case({"etc/init.d/x": variable}, {"etc/init.d/x": variable + b"sleep 1\n"})) == []
    stopping = b"#!/bin/sh\nkillall oscam\npidof CCcam\n[ -x /usr/bin/oscam ] || exit 0\necho /usr/bin/oscam\n"
    none: dict[str, bytes | File] = {
        "etc/init.d/softcam": stopping,
        "etc/rc3.d/S50softcam": File(link="../init.d/softcam.None"),
    }
    assert rules(CardSharing, case({}, none)) == []


def test_an_extension_that_manages_softcams() -> None:
    path = "usr/lib/enigma2/python/Plugins/Extensions/Manager/plugin.py"
    code = b"from os import path\nKEYS = '/usr/keys/SoftCam.Key'\n"
    assert rules(CardSharing, case({}, {path: code})) == ["softcam-plugin"]
    assert rules(CardSharing, case({}, {path: b"# softcam\nname = 'softcam panel'\n"})) == []
    assert rules(CardSharing, case({path: code}, {path: code + b"x = 1\n"})) == []
