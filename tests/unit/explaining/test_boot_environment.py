"""Settings of U-Boot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import case, findings, rules

from trueware.explaining.detectors.boot_environment import BootEnvironment
from trueware.explaining.reading.uboot import read_settings
from trueware.model.finding import Severity

PATH = "flash.bin!/settings"
GENUINE = {
    "bootcmd": "bootm 9f020000",
    "bootdelay": "0",
    "ethaddr": "00:11:22:33:44:55",
    "serverip": "192.168.1.2",
    "verify": "yes",
}


def _rules(**changed: str | None) -> list[str]:
    return rules(BootEnvironment, case({PATH: _env(GENUINE)}, {PATH: _env(GENUINE | changed)}))


def _env(settings: dict[str, str | None] | dict[str, str]) -> bytes:
    return b"".join(f"{name}={value}\0".encode() for name, value in settings.items() if value is not None) + b"\0"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"verify": "no"}, ["boot-loader-checks-off"]),
        ({"secureboot": "0"}, ["boot-loader-checks-off"]),
        ({"bootcmd": "tftpboot; bootm"}, ["boot-command-changed"]),
        ({"preboot": "mw 0 1"}, ["boot-command-changed"]),
        ({"bootdelay": "5"}, ["boot-console-opened"]),
        ({"bootdelay": "-1"}, ["boot-console-opened"]),
        ({"serverip": "198.51.100.1"}, ["boot-server-changed"]),
        ({"custom": "1"}, ["boot-environment-changed"]),
        ({"verify": None}, ["boot-environment-changed"]),
        # what differs on each device and at each start
        ({"ethaddr": "66:77:88:99:aa:bb", "bootcount": "3", "filesize": "1000", "serial#": "1"}, []),
        ({"bootargs": "init=/bin/sh"}, []),
        ({"bootdelay": "0"}, []),
    ],
)
def test_settings(changed: dict[str, str | None], expected: list[str]) -> None:
    assert _rules(**changed) == expected


def test_a_delay_that_was_there_is_no_new_one() -> None:
    made = case({PATH: _env({"bootdelay": "3"})}, {PATH: _env({"bootdelay": "5"})})
    assert rules(BootEnvironment, made) == ["boot-environment-changed"]


def test_evidence() -> None:
    (found,) = findings(BootEnvironment, case({PATH: _env(GENUINE)}, {PATH: _env(GENUINE | {"verify": "n"})}))
    assert (found.severity, found.evidence[0].where) == (Severity.HIGH, "verify")
    assert (found.evidence[0].expected, found.evidence[0].found) == ("yes", "n")


def test_a_file_of_that_name_is_no_environment() -> None:
    assert rules(BootEnvironment, case({"settings": b"verify=yes\0"}, {"settings": b"verify=no\0"})) == []


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_read(data: bytes) -> None:
    read_settings(data)
