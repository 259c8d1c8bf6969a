"""A listing as the measurement of an artefact, so that whatever is done with a folder can be done with it.

Nothing in it was measured by us: `Measured.strength` says so wherever a verdict is made of it. Contents are not at hand, so that
files inside packages and archives are known only where a release has a file of the same digest, which was looked into when it was
registered: `with_known_contents` puts its parts there.
"""

from collections.abc import Iterable

from trueware.collecting.boot_state import boot_state
from trueware.collecting.crosschecks import crosschecks
from trueware.collecting.listing import Listing
from trueware.measuring import Measurement
from trueware.model.merkle import folder_digest, part_digest
from trueware.model.part import Kind, Part


def measurement_of(listing: Listing) -> Measurement:
    """Return what a listing tells as a measurement, with what contradicts itself in it."""
    return Measurement(
        listing.root, (*listing.findings, *crosschecks(listing), *boot_state(listing.texts)), listing.kept, {}
    )


def with_known_contents(root: Part, releases: Iterable[Part]) -> Part:
    """Return the tree with what is in each file that one of the releases has too: equal digests, equal bytes, equal reading."""
    known: dict[bytes | None, Part] = {
        part.sha256: part
        for release in releases
        for _, part in release.walk()
        if part.kind is Kind.FILE and part.sha256 is not None and part.certain and part.format is not None
    }
    return _with_known(root, known) if known else root


def _with_known(part: Part, known: dict[bytes | None, Part]) -> Part:
    if part.kind is Kind.DIRECTORY:
        children = tuple(_with_known(child, known) for child in part.children)
        tree = folder_digest(children, part.mode, part.uid, part.gid, part.xattrs, part.facts)
        return part._replace(children=children, tree=tree)
    same = known.get(part.sha256) if part.kind is Kind.FILE and part.format is None else None
    if same is None:
        return part
    tree = part_digest(
        part.kind, same.children, part.sha256, part.mode, part.uid, part.gid, part.link, part.rdev, part.xattrs,
        same.format, same.facts, certain=True,
    )  # fmt: skip
    return part._replace(tree=tree, format=same.format, facts=same.facts, notes=same.notes, children=same.children)
