"""What shows by the kind of a change alone."""

from tests.unit.explaining.cases import File, Tree, case, findings, rules

from trueware.explaining.detectors.remaining import Remaining
from trueware.model.finding import Finding, Severity

_PROGRAM = File(b"\x7fELF and more", 0o755)


def _link(target: str) -> File:
    return File(link=target)


def _rules(before: Tree, after: Tree, *mutable: str) -> list[str]:
    return rules(Remaining, case(before, after, mutable=mutable))


def test_a_program_moved_aside_is_wrapped() -> None:
    made = case({"bin/login": _PROGRAM}, {"bin/.login": _PROGRAM, "bin/login": File(b"#!/bin/sh\n", 0o755)})
    (found,) = findings(Remaining, made)
    assert (found.rule, found.part, found.evidence[0].expected) == ("program-moved-aside", "bin/.login", "bin/login")


def test_a_program_that_only_moved_is_none() -> None:
    assert _rules({"bin/login": _PROGRAM}, {"sbin/login": _PROGRAM}) == []


def test_a_link_of_a_program_turned_elsewhere_is_told() -> None:
    assert _rules({"bin/ping": _link("busybox")}, {"bin/ping": _link("other")}) == ["link-turned"]
    assert _rules({"usr/share/doc/a": _link("b")}, {"usr/share/doc/a": _link("c")}) == []


def test_a_link_into_a_folder_for_all_is_told() -> None:
    for target in ("/tmp/.p", "../../var/tmp/x", "/dev/shm/x", "../tmp/p"):
        assert _rules({"bin/ping": _link("busybox")}, {"bin/ping": _link(target)}) == ["link-into-open-folder"], target
    assert _rules({}, {"etc/resolv.conf": _link("/tmp/resolv.conf.auto")}, "etc/resolv.conf") == []
    assert _rules({"bin/a": _link("b")}, {"bin/a": _link("/tmpfoo/b")}) == ["link-turned"]


def test_where_a_kernel_was_built_opens_nothing() -> None:
    paths = ("lib/modules/5.4/build", "lib/modules/5.4/source", "lib/modules/5.4/extra")
    rules = [_rules({path: _link("/mnt/a/linux")}, {path: _link("/mnt/b/linux")}) for path in paths]
    assert rules == [["link-turned"], ["link-turned"], ["link-into-open-folder"]]


def test_a_setting_is_told_line_by_line() -> None:
    (found,) = findings(
        Remaining, case({"etc/logrotate.conf": b"# a\nrotate 4\n"}, {"etc/logrotate.conf": b"rotate 1\n"})
    )
    assert found.rule == "setting-changed"
    assert [(each.where, each.expected, each.found) for each in found.evidence] == [
        ("line 1", None, "rotate 1"),
        ("line 2 of the genuine", "rotate 4", None),
    ]


def test_a_banner_is_a_text_for_people() -> None:
    assert _rules({"etc/banner": b"Acme\n"}, {"etc/banner": b"Emca\n"}) == ["shown-text-changed"]


def test_what_is_no_text_or_not_at_hand_stays_unexplained() -> None:
    assert _rules({"etc/db": b"a\0"}, {"etc/db": b"b\0"}) == []
    assert rules(Remaining, case({"etc/a": b"1"}, {"etc/a": b"2"}, at_hand=False)) == []


def test_what_others_explained_or_a_device_may_change_is_left_to_them() -> None:
    made = case({"etc/a": b"1"}, {"etc/a": b"2"})
    other = Finding("other", "etc/a", "", Severity.HIGH)
    assert list(Remaining.conclude(made, (other,))) == []
    assert _rules({"etc/a": b"1"}, {"etc/a": b"2"}, "etc/a") == []
