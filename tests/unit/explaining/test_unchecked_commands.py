"""Commands that are told not to check."""

import pytest
from tests.unit.explaining.cases import case, findings, rules

from trueware.explaining.detectors.unchecked_commands import UncheckedCommands

PATH = "usr/bin/update.sh"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("curl -sk https://a.example/x", ["fetches-unchecked"]),
        ("wget --no-check-certificate https://a.example/x", ["fetches-unchecked"]),
        ("apk add --allow-untrusted /tmp/x.apk", ["installs-unchecked"]),
        ("opkg --force-signature install x", ["installs-unchecked"]),
        ("apt-get install -y --allow-unauthenticated x", ["installs-unchecked"]),
        ("sysupgrade -F /tmp/x.bin", ["installs-unchecked"]),
        ("insmod -f /tmp/x.ko", ["installs-unchecked"]),
        # near misses
        ("curl -s https://a.example/k", []),
        ("curl --silent https://a.example/-k", []),
        ("wget https://a.example/x", []),
        ("sysupgrade -n /tmp/x.bin", []),
        ("opkg install x", []),
        ("rm -f x", []),
        ("echo curl -k", []),
    ],
)
def test_commands(line: str, expected: list[str]) -> None:
    before, after = b"#!/bin/sh\ntrue\n", f"#!/bin/sh\ntrue\n{line}\n".encode()
    assert rules(UncheckedCommands, case({PATH: before}, {PATH: after})) == expected
    assert rules(UncheckedCommands, case({PATH: after}, {PATH: b"#!/bin/sh\n\n" + after})) == []


def test_a_command_that_was_told_so_before() -> None:
    before, after = b"#!/bin/sh\ncurl -k https://a.example/1\n", b"#!/bin/sh\ncurl -k https://a.example/2\n"
    assert rules(UncheckedCommands, case({PATH: before}, {PATH: after})) == []


def test_images_need_no_signature_any_more() -> None:
    path, before = "lib/upgrade/common.sh", b"REQUIRE_IMAGE_SIGNATURE=1\nREQUIRE_IMAGE_METADATA=1\n"
    (found,) = findings(UncheckedCommands, case({path: before}, {path: before.replace(b"SIGNATURE=1", b"SIGNATURE=0")}))
    assert (found.rule, found.evidence[0].found) == ("update-signature-not-required", "REQUIRE_IMAGE_SIGNATURE=0")
    assert rules(UncheckedCommands, case({path: before}, {path: b"# x\n" + before})) == []
    assert rules(UncheckedCommands, case({path: before}, {path: before[:26]})) == ["update-signature-not-required"]
