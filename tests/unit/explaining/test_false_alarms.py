"""Near misses: what updates, rebuilds and packages do by right, beside what looks like it and is told."""

from dataclasses import replace

import pytest
from tests.unit.explaining.cases import Tree, all_rules, case, findings, rules
from tests.unit.explaining.elf_files import Made

from trueware.explaining.detectors.appearance import Appearance
from trueware.explaining.detectors.kernel_modules import KernelModules
from trueware.explaining.detectors.packages import Packages
from trueware.explaining.detectors.programs import Programs
from trueware.explaining.known.app_packages import loads_code, supports_apps
from trueware.explaining.known.public_authorities import PUBLIC_AUTHORITIES
from trueware.model.finding import Severity

CODE = b"\x24\x02\x00\x01" * 256
PROGRAM = Made(code=CODE, build_id=b"\x11" * 20)


def _first(before: Made, after: Made) -> tuple[str, Severity]:
    found = findings(Programs, case({"usr/sbin/d": before.image}, {"usr/sbin/d": after.image}))
    return found[0].rule, found[0].severity


def test_a_program_that_was_linked_anew_was_not_edited_in_place() -> None:
    edited = CODE[:400] + b"\x24\x02\x00\x07" + CODE[404:]
    assert _first(PROGRAM, PROGRAM.with_(code=edited)) == ("program-patched", Severity.HIGH)
    anew = PROGRAM.with_(code=edited, build_id=b"\x22" * 20)
    assert _first(PROGRAM, anew) == ("program-code-changed", Severity.MEDIUM)
    without = PROGRAM.with_(build_id=b"")
    assert _first(without, without.with_(code=edited)) == ("program-patched", Severity.HIGH)


@pytest.mark.parametrize(
    ("before", "after", "severity"),
    [
        ("libisc-9.18.49-1.so", "libisc-9.18.49-3.so", Severity.LOW),
        ("libssl.so.1.1", "libssl.so.3", Severity.LOW),
        ("libisc-9.18.49-1.so", "libhook-9.18.49-3.so", Severity.HIGH),
        ("libssl.so.3", "libsslx.so.3", Severity.HIGH),
    ],
)
def test_another_version_of_a_library_is_no_other_library(before: str, after: str, severity: Severity) -> None:
    sides = [PROGRAM.with_(needed=(name, "libc.so.0")).image for name in (before, after)]
    found = findings(Programs, case({"usr/sbin/d": sides[0]}, {"usr/sbin/d": sides[1]}))
    assert [each.severity for each in found if each.rule == "program-library-added"] == [severity]


def test_a_compressed_page_of_the_manual_is_a_document() -> None:
    genuine: Tree = {"usr/share/man/man1/x.1.gz!/data": b".TH X 1\n", "opt/x.gz!/data": b"1"}
    suspect: Tree = {"usr/share/man/man1/x.1.gz!/data": b".TH X 1 new\n", "opt/x.gz!/data": b"2"}
    made = case(genuine, suspect)
    assert sorted(each.inner for each in made.altered) == ["opt/x", "usr/share/man/man1/x.1"]
    assert rules(Appearance, made) == ["document-changed"]


def test_what_a_package_says_of_itself() -> None:
    def package(version: str, sums: bytes) -> Tree:
        told = f"Package: x\nVersion: {version}\nHomepage: https://x.example/\n".encode()
        return {"control.tar.xz!/data!/control": told, "control.tar.xz!/data!/md5sums": sums}

    later = case(package("1.0-1", b"a"), package("1.0-2", b"b"))
    assert rules(Packages, later) == ["package-record-changed", "package-upgraded"]
    assert rules(Packages, case(package("2", b""), package("1", b""))) == ["package-downgraded"]
    elsewhere = case({"opt/control": b"Package: x\nVersion: 1\n"}, {"opt/control": b"Package: x\nVersion: 2\n"})
    assert rules(Packages, elsewhere) == []


def test_public_authorities_are_told_by_their_whole_digest() -> None:
    assert len(PUBLIC_AUTHORITIES) > 100
    assert all(len(bytes.fromhex(each)) == 32 for each in PUBLIC_AUTHORITIES)
    # ISRG Root X1, as Let's Encrypt publishes it
    assert "96bcec06264976f37460779acf28c5a7cfe8a3c0aae11a8ffcee05c0bddf08c6" in PUBLIC_AUTHORITIES


UNIT = b"[Service]\nExecStart=/usr/sbin/d\n"


def test_what_went_below_usr_is_no_arrival() -> None:
    base: Tree = {"etc/passwd": b"", "usr/sbin/d": PROGRAM.image}
    told = all_rules(
        case(
            {**base, "lib/systemd/system/d.service": UNIT}, {**base, "usr/lib/systemd/system/d.service": UNIT + b"#\n"}
        )
    )
    assert "start-added" not in told
    told = all_rules(
        case({**base, "opt/systemd/d.service": UNIT}, {**base, "usr/lib/systemd/system/d.service": UNIT + b"#\n"})
    )
    assert "start-added" in told
    listening = PROGRAM.with_(imports=("listen", "accept", "bind", "execl", "printf"))
    other = listening.with_(data=b"version 2\0")
    assert "program-server-added" not in all_rules(
        case({**base, "bin/s": listening.image}, {**base, "usr/bin/s": other.image})
    )
    assert "program-server-added" in all_rules(
        case({**base, "bin/s": listening.image}, {**base, "usr/bin/t": other.image})
    )


def test_what_makes_an_initramfs_is_none() -> None:
    made = case({"usr/share/initramfs-tools/hooks/x": b"1"}, {"usr/share/initramfs-tools/hooks/x": b"2"})
    assert "initramfs-changed" not in all_rules(made)
    assert "initramfs-changed" in all_rules(case({"boot.img!/ramdisk/init": b"1"}, {"boot.img!/ramdisk/init": b"2"}))


def test_rules_of_time_zones_are_told_calmly() -> None:
    before: Tree = {"usr/share/zoneinfo/Europe/Oslo": b"TZif2" + bytes(9), "usr/share/zoneinfo/x": b"TZif2"}
    made = case(before, {"usr/share/zoneinfo/Europe/Oslo": b"TZif2" + bytes(8), "usr/share/zoneinfo/x": b"\0\1\2"})
    assert all_rules(made) == ["change-unexplained", "time-zone-changed"]


def test_a_module_may_be_the_artefact() -> None:
    genuine: Tree = {"module": b"\x7fELF1", "signature": b"1"}
    made = case(genuine, {**genuine, "signature": b"2"})
    assert rules(KernelModules, made) == []
    made = replace(made, suspect=made.suspect._replace(format="module-signature"))
    assert rules(KernelModules, made) == ["kernel-module-rebuilt"]


def test_libraries_that_load_code_by_design_weigh_less() -> None:
    assert loads_code("com.google.android.gms.dynamite")
    assert not loads_code("com.google.android.gms.dynamitex")
    assert supports_apps("androidx.core.location")
    assert not supports_apps("androidx.corex")
