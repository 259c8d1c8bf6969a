"""Stated digests: files of an update or image that say which SHA-256 other files beside them have, and those that have another.

`STATEMENTS` is the list of them; a new one is one file and one line here. What is not there is no finding: an image for several
processors is saved with the layers of one. A statement is unsigned, or its signature is not verified here: where it fits it proves
integrity only. A finding is about the file that states: whether what it speaks of is damaged or changed is for the appraisal to say.
"""

from collections.abc import Mapping

from trueware.errors import MalformedInput
from trueware.identifying.stated.contract import Stated, Statement
from trueware.identifying.stated.docker import DockerLayers
from trueware.identifying.stated.oci import OciBlobs
from trueware.identifying.stated.rauc import RaucImages
from trueware.identifying.stated.swupdate import SwImages
from trueware.identifying.stated.veriexec import VeriexecFiles
from trueware.model.finding import Finding
from trueware.model.part import Kind, Part
from trueware.model.rules import RULES

__all__ = ["STATEMENTS", "Stated", "Statement", "mismatches"]

STATEMENTS: tuple[type[Statement], ...] = (DockerLayers, OciBlobs, RaucImages, SwImages, VeriexecFiles)

MAX_MISMATCHES = 64
"""Findings of one artefact."""

_BOUNDARY = "!/"


def mismatches(root: Part, kept: Mapping[bytes, bytes]) -> tuple[Finding, ...]:
    """Return a finding for each file whose SHA-256 is not the one that is stated for it.

    Args:
        root: the measured tree.
        kept: content of small files by SHA-256, as the engine kept them.
    """
    stating = list(_stating(root, kept))
    if not stating:
        return ()
    wanted = {_container(path) for path, _, _ in stating}
    beside: dict[str, dict[str, Part]] = {container: {} for container in wanted}
    for path, part in root.walk():
        container = _container(path)
        if container in wanted and part.kind is Kind.FILE and part.sha256 is not None:
            beside[container][path[len(container) :]] = part
    findings: dict[Finding, None] = {}
    for path, statement, content in stating:
        container = _container(path)
        for finding in _compared(path, statement, content, beside[container], kept):
            findings[finding] = None
            if len(findings) >= MAX_MISMATCHES:
                return tuple(findings)
    return tuple(findings)


def _stating(root: Part, kept: Mapping[bytes, bytes]) -> list[tuple[str, type[Statement], bytes]]:
    """Return the files that state something, each with its path and content."""
    found = []
    for path, part in root.walk():
        content = None if part.sha256 is None or part.kind is not Kind.FILE else kept.get(part.sha256)
        if content is not None:
            inside = path[len(_container(path)) :]
            found += [(path, statement, content) for statement in STATEMENTS if statement.file == inside]
    return found


def _compared(
    path: str, statement: type[Statement], content: bytes, beside: Mapping[str, Part], kept: Mapping[bytes, bytes]
) -> list[Finding]:
    rule = RULES["checksum-mismatch"]
    contents = {
        name: kept[part.sha256] for name, part in beside.items() if part.sha256 is not None and part.sha256 in kept
    }
    found = []
    try:
        for stated in statement.read(content, beside, contents):
            part = beside.get(stated.path)
            if part is not None and part.sha256 != stated.sha256 and part.sha256 is not None:
                detail = f"the SHA-256 of {stated.path} is {part.sha256.hex()}, stated {stated.sha256.hex()}"
                found.append(Finding(rule.id, path, detail, rule.severity, rule.confidence))
    except MalformedInput:
        pass  # a file of that name that is something else, or is damaged, states nothing more
    return found


def _container(path: str) -> str:
    """Return what the paths of all files in the container that holds `path` begin with."""
    return path[: path.rfind(_BOUNDARY) + len(_BOUNDARY)] if _BOUNDARY in path else ""
