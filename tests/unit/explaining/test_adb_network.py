"""Android's debugging service on the network, and keys that it lets in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import case, findings, rules

from trueware.explaining.detectors.adb_network import AdbNetwork

PROPS = "ro.build.type=user\npersist.sys.usb.config=none\n"


def change(path: str, before: str, after: str) -> list[str]:
    return rules(AdbNetwork, case({path: before.encode()} if before else {}, {path: after.encode()}))


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("system/build.prop", PROPS, PROPS + "service.adb.tcp.port=5555\n"),
        ("vendor/default.prop", PROPS, PROPS + " persist.adb.tcp.port = 5555\n"),
        ("build.prop", PROPS + "service.adb.tcp.port=-1\n", PROPS + "service.adb.tcp.port=5555\n"),
        ("system/etc/init/x.rc", "on boot\n", "on boot\n    setprop service.adb.tcp.port 5555\n"),
        ("system/bin/x.sh", "", "#!/system/bin/sh\nsetprop service.adb.tcp.port 5555\nstop adbd; start adbd\n"),
        ("data/adb/service.d/x", "", "#!/system/bin/sh\nresetprop -n persist.adb.tcp.port 5555\n"),
    ],
)
def test_it_answers_on_a_port(path: str, before: str, after: str) -> None:
    assert change(path, before, after) == ["adb-on-network"]


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("system/build.prop", PROPS, PROPS + "#service.adb.tcp.port=5555\n"),
        ("system/build.prop", PROPS, PROPS + "service.adb.tcp.port=-1\n"),
        ("system/build.prop", PROPS, PROPS + "service.adb.tcp.port=5555\nservice.adb.tcp.port=0\n"),
        ("system/build.prop", PROPS + "service.adb.tcp.port=5555\n", "service.adb.tcp.port=5555\n" + PROPS),
        ("system/build.prop", PROPS, PROPS + "persist.sys.usb.config=adb\n"),
        (
            "system/etc/init/x.rc",
            "on boot\n",
            "on boot\n    setprop service.adb.tcp.port -1\n    write service.adb.tcp.port 5555\n",
        ),
        (
            "system/bin/x.sh",
            "",
            "#!/system/bin/sh\ngetprop service.adb.tcp.port\necho setprop service.adb.tcp.port 5555\n",
        ),
    ],
)
def test_it_does_not(path: str, before: str, after: str) -> None:
    assert change(path, before, after) == []


def test_what_it_shows() -> None:
    before, after = PROPS + "service.adb.tcp.port=-1\n", PROPS + "service.adb.tcp.port=5555\n"
    (found,) = findings(AdbNetwork, case({"build.prop": before.encode()}, {"build.prop": after.encode()}))
    assert found.detail == "service.adb.tcp.port is 5555"
    assert (found.evidence[0].where, found.evidence[0].expected, found.evidence[0].found) == (
        "line 3, service.adb.tcp.port",
        "-1",
        "5555",
    )
    assert found.touches == ("port:5555",)


def test_a_key_came_with_the_software() -> None:
    key = b"QAAAAPvz= user@host\n"
    assert rules(AdbNetwork, case({}, {"adb_keys": key})) == ["adb-key-added"]
    assert rules(AdbNetwork, case({"adb_keys": key}, {"adb_keys": b"\n" + key})) == []
    assert rules(AdbNetwork, case({}, {"doc/adb_keys.txt": key})) == []


@given(st.binary(), st.sampled_from(["build.prop", "adb_keys", "a/x.rc", "a/x.sh"]))
def test_any_bytes_have_a_reading(data: bytes, path: str) -> None:
    rules(AdbNetwork, case({}, {path: data}))
