"""A rebuild is told from an act by what a build stamps on everything."""

from dataclasses import replace

from tests.unit.explaining.cases import File, Tree, case, findings, rules

from trueware.explaining.detectors.rebuild import Rebuild
from trueware.model.claim import Claim

_MANY = {f"usr/bin/p{n}": File(b"%d" % n, 0o755) for n in range(30)}


def _shifted(tree: dict[str, File], mode: int) -> Tree:
    return {path: replace(file, mode=mode) for path, file in tree.items()}


def test_one_difference_of_modes_all_over_is_a_rebuild() -> None:
    (found,) = findings(Rebuild, case(_MANY, _shifted(_MANY, 0o775)))
    assert (found.rule, found.detail) == ("packed-by-another", "mode 0755 is 0775, in 30 files and folders")


def test_a_few_modes_are_none() -> None:
    few = dict(list(_MANY.items())[:5])
    assert rules(Rebuild, case(_MANY, {**_MANY, **_shifted(few, 0o775)})) == []


def test_nearly_all_programs_others_is_a_rebuild() -> None:
    suspect = {path: replace(file, content=b"x" + file.content) for path, file in list(_MANY.items())[:20]}
    assert rules(Rebuild, case(_MANY, {**_MANY, **suspect})) == ["programs-rebuilt"]


def test_some_programs_others_is_none() -> None:
    suspect = {path: replace(file, content=b"x") for path, file in list(_MANY.items())[:15]}
    assert rules(Rebuild, case(_MANY, {**_MANY, **suspect})) == []


def test_other_names_of_owners_are_who_packed_it() -> None:
    tar = File(b"1", format="tar", facts=(("user-1013", "somebody"),))
    made = case({"a.tar": tar}, {"a.tar": replace(tar, facts=())})
    (found,) = findings(Rebuild, made)
    assert (found.rule, found.part) == ("packed-by-another", "a.tar")
    assert rules(Rebuild, case({"a.tar": tar}, {"a.tar": replace(tar, facts=(("load", "2"),))})) == []


def _claims(build: str, version: str = "15.05.1") -> tuple[Claim, ...]:
    return tuple(Claim(name, value, "openwrt-release", "r") for name, value in (("version", version), ("build", build)))


def test_another_build_of_one_version_is_a_rebuild() -> None:
    made = replace(case({}, {}), claims=_claims("r49587"), genuine_claims=_claims("r48532"))
    (found,) = findings(Rebuild, made)
    assert (found.rule, found.part, found.evidence[0].expected) == ("build-identity-changed", "r", "r48532")


def test_another_version_is_another_release() -> None:
    made = replace(case({}, {}), claims=_claims("r49587", "15.05.2"), genuine_claims=_claims("r48532"))
    assert findings(Rebuild, made) == []


def _stating(version: str) -> tuple[Claim, ...]:
    return (
        Claim("version", version, "os-release", "etc/os-release"),
        Claim("os", "acme", "os-release", "etc/os-release"),
    )


def test_another_version_stated_by_the_same_software_is_told() -> None:
    made = case({"etc/os-release": b"1", "bin/a": b"a"}, {"etc/os-release": b"2", "bin/a": b"a"})
    (found,) = findings(Rebuild, replace(made, claims=_stating("2"), genuine_claims=_stating("1")))
    assert (found.rule, found.part, found.effect) == (
        "version-stated-otherwise",
        "etc/os-release",
        "provenance-falsified",
    )


def test_another_version_with_other_programs_is_another_release() -> None:
    made = case({"etc/os-release": b"1", "bin/a": b"a"}, {"etc/os-release": b"2", "bin/a": b"b"})
    assert findings(Rebuild, replace(made, claims=_stating("2"), genuine_claims=_stating("1"))) == []
