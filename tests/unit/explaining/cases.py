"""Cases made of two small trees: genuine and suspect, given as files by path."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from trueware.appraisal.compare import compare
from trueware.explained import case_of
from trueware.explaining.contract import Case, Detector
from trueware.explaining.explain import explain
from trueware.explaining.portraits import portray
from trueware.model.explanation import Scenario
from trueware.model.finding import Finding
from trueware.model.merkle import part_digest
from trueware.model.part import Kind, Part
from trueware.model.policy import Policy
from trueware.model.release import Release
from trueware.model.result import Match, Result
from trueware.model.verdict import Authority, Tier, TrustVector, Verdict


@dataclass(frozen=True)
class File:
    """A file that is more than its bytes; `link` makes it a symbolic link, `facts` give it a format's facts."""

    content: bytes = b""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    link: str | None = None
    xattrs: tuple[tuple[str, bytes], ...] = ()
    format: str | None = None
    facts: tuple[tuple[str, str], ...] = ()
    kind: Kind = Kind.FILE


Tree = Mapping[str, bytes | File]
"""By path without a leading slash; ``flash.bin!/settings`` lies in a container."""


def case(
    genuine: Tree,
    suspect: Tree,
    *,
    mutable: tuple[str, ...] = (),
    policy: str = "generic",
    scenario: Scenario | None = None,
    at_hand: bool = True,
    portraits: bool = False,
) -> Case:
    """Return the case of two trees.

    Args:
        genuine: files of the release.
        suspect: files of the artefact.
        mutable: patterns of paths that the policy lets change.
        policy: its name, which also decides the scenario.
        scenario: overrides that.
        at_hand: whether the genuine bytes are.
        portraits: whether portraits of the genuine programs are, where their bytes are not.
    """
    there, here = _Bytes(), _Bytes()
    expected, found = _tree(genuine, there), _tree(suspect, here)
    changes = compare(expected, found, Policy(policy, "", mutable), inner="").changes
    release = Release("", "", "sample", "1", Authority.COMPARISON, b"", expected.tree, policy)
    result = Result("suspect", 0, None, Verdict.TAMPERED, Tier.NONE, TrustVector(), "", match=Match(release, 0.5))
    made = case_of(
        result, changes, found, expected, (there if at_hand else _Portraits(there if portraits else _Bytes()), here)
    )
    return made if scenario is None else replace(made, scenario=scenario)


def findings(detector: type[Detector], case: Case) -> list[Finding]:
    """Return what one detector finds, and what it concludes; what it raises is raised."""
    found = [
        finding
        for altered in case.altered
        if detector.wants.fullmatch(altered.inner)
        for finding in detector.detect(altered, case)
    ]
    conclude = getattr(detector, "conclude", None)
    return found if conclude is None else [*found, *conclude(case, tuple(found))]


def rules(detector: type[Detector], case: Case) -> list[str]:
    """Return the rules of what one detector finds, sorted."""
    return sorted(finding.rule for finding in findings(detector, case))


def all_rules(case: Case) -> list[str]:
    """Return the rules of what all detectors find together, sorted."""
    return sorted(finding.rule for finding in explain(case))


class _Bytes:
    """Bytes by digest."""

    def __init__(self) -> None:
        self.by_digest: dict[bytes, bytes] = {}

    def read(self, part: Part) -> bytes | None:
        return None if part.sha256 is None else self.by_digest.get(part.sha256)

    def portrait(self, part: Part) -> bytes | None:  # noqa: ARG002 (the form of a source)
        return None


class _Portraits:
    """Portraits of what somebody has the bytes of."""

    def __init__(self, of: _Bytes) -> None:
        self._of = of

    def read(self, part: Part) -> bytes | None:  # noqa: ARG002 (the form of a source)
        return None

    def portrait(self, part: Part) -> bytes | None:
        content = self._of.read(part)
        return None if content is None else portray(part.name, content[:64], content)


def _tree(files: Tree, into: _Bytes) -> Part:
    folders: dict[str, list[Part]] = {"": []}
    for path, given in sorted(files.items()):
        file = given if isinstance(given, File) else File(given)
        digest = None
        kind = Kind.SYMLINK if file.link is not None else file.kind
        if kind in (Kind.FILE, Kind.REGION, Kind.GAP):
            digest = sha256(file.content).digest()
            into.by_digest[digest] = file.content
        above, _, name = path.rpartition("/")
        for depth in range(above.count("/") + 1 if above else 0):
            folders.setdefault("/".join(above.split("/")[: depth + 1]), [])
        tree = part_digest(
            kind, (), digest, file.mode, file.uid, file.gid, file.link, None, file.xattrs, file.format, file.facts,
            certain=True,
        )  # fmt: skip
        folders[above].append(
            Part(
                name,
                kind,
                tree,
                len(file.content),
                digest,
                file.mode,
                file.uid,
                file.gid,
                None,
                file.link,
                None,
                file.xattrs,
                file.format,
                file.facts,
            )
        )
    for path in sorted((path for path in folders if path), key=lambda each: -each.count("/")):
        above, _, name = path.rpartition("/")
        folders[above].append(_folder(name, folders[path]))
    return _folder("tree", folders[""])


def _folder(name: str, children: list[Part]) -> Part:
    children = sorted(children, key=lambda part: part.name)
    if name.endswith("!"):
        tree = part_digest(Kind.FILE, tuple(children), None, 0o644, 0, 0, None, None, (), "made", (), certain=True)
        return Part(name[:-1], Kind.FILE, tree, mode=0o644, uid=0, gid=0, format="made", children=tuple(children))
    tree = part_digest(Kind.DIRECTORY, tuple(children), None, 0o755, 0, 0, None, None, (), None, (), certain=True)
    return Part(name, Kind.DIRECTORY, tree, mode=0o755, uid=0, gid=0, children=tuple(children))
