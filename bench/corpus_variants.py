"""Variants of genuine images: made here, verified against a registry that knows the genuine ones and their neighbours.

Five kinds: *tampered* (must come out TAMPERED, with the changed paths and no others), *other* (says in its header that it
is for other hardware, where a publisher may well ship the same files, or lies beside something else: UNKNOWN or TAMPERED),
*twin* (the same content packed otherwise, or changed only where the owner may; must come out GENUINE), *cut* and *damaged*
(an incomplete copy, a copy with one wrong bit that a checksum shows; must come out UNKNOWN, since damage shows nobody's
intent).
"""

import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

from corpus_edits import SCRIPT, Places, patch, tampering, use
from corpus_families import Onu, Tplink
from corpus_subjects import SUBJECTS, Subject
from remake import Item, Tree, subtree, write_folder
from trueware.model.verdict import Verdict
from trueware.registry.lookup import Registry
from trueware.releasing import Naming, take_in
from trueware.storage.memory import MemoryStore
from trueware.verify import verify

NOW = 1_700_000_000
CUTS = ((1, 4), (1, 2), (3, 4), (99, 100))
FLIPS = 8

NEIGHBOURS = (
    ("open/ffnord-gluon/gluon-ffnord-2016.2.7.1-tp-link-tl-wr841n-nd-v9.bin", "Freifunk Nord", "Gluon factory", "2016.2.7.1"),
    ("open/tp-link-stock-vs-ddwrt/wr840nv2_eu_3_16_9_up_boot_160406_original.bin", "TP-LINK", "TL-WR840N v2", "3.16.9"),
    ("open/gpon-onu/V2801F_V1.9.0-200827.tar", "V-SOL", "V2801F", "V1.9.0-200827"),
    ("open/debian-bookworm-updates/openssl_3.0.20-1~deb12u2_amd64.deb", "Debian", "openssl (amd64)", "3.0.20-1~deb12u2"),
    ("open/debian-bookworm-updates/openssl_3.0.22-1~deb12u2_amd64.deb", "Debian", "openssl (amd64)", "3.0.22-1~deb12u2"),
    ("open/apk-settings/io.appium.settings-8.0.10.apk", "Appium", "io.appium.settings", "8.0.10"),
)  # fmt: skip
"""Other releases and versions the registry holds: path, publisher, product, version."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One made image."""

    subject: Subject
    kind: str
    """`tampered`, `other`, `twin`, `cut` or `damaged`."""

    name: str
    data: bytes | Tree
    """The image, or the files of a folder."""

    expected: frozenset[str] = frozenset()
    """Paths that differ; one that ends in ``**`` stands for all that begin so."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one variant."""

    subject: str
    kind: str
    name: str
    verdict: Verdict
    reason: str
    attributed: bool
    """Whether the release named is the one it was made of, or one of the very same content (factory and upgrade image)."""

    missed: frozenset[str]
    """Expected paths that are not among the changes."""

    found: frozenset[str]
    """Paths of the changes that no policy excuses."""

    excess: frozenset[str]
    """Those of them that were not expected."""

    expected: int

    @property
    def right(self) -> bool:
        """Whether the verdict is the one this kind must have."""
        return self.verdict in _WANTED[self.kind]


_WANTED = {
    "tampered": (Verdict.TAMPERED,),
    "other": (Verdict.UNKNOWN, Verdict.TAMPERED),
    "twin": (Verdict.GENUINE,),
    "cut": (Verdict.UNKNOWN,),
    "damaged": (Verdict.UNKNOWN,),
}


def run_variants(corpus: Path, say: Callable[[str], None]) -> list[Trial]:
    """Make all variants and verify them."""
    store = MemoryStore()
    known = [(each.path, each.publisher, each.product, each.version) for each in SUBJECTS]
    trees = {
        path: take_in(store, corpus / path, Naming(publisher, product, version), NOW).tree
        for path, publisher, product, version in (*known, *NEIGHBOURS)
    }
    registry = Registry(store)
    trials = []
    for subject in SUBJECTS:
        say(f"variants of {subject.name}")
        with TemporaryDirectory() as name:
            folder = Path(name)
            tree = trees[subject.path]
            trials += [_try(variant, registry, tree, folder) for variant in variants(subject, corpus, folder)]
    return trials


def variants(subject: Subject, corpus: Path, folder: Path) -> Iterator[Variant]:
    """Yield everything that is made of one genuine image; `folder` is for the tools' files."""
    data, places = (corpus / subject.path).read_bytes(), subject.places
    family = subject.family(data, folder)
    yield Variant(subject, "twin", "the same bytes", data)
    for name, made in family.twins():
        yield Variant(subject, "twin", name, made)
    if places is not None:
        if places.settings is not None:
            used = family.pack(use(family.tree, places)[0])[0]
            yield Variant(subject, "twin", "settings changed by owner and device", used)
        for name, edit in tampering(places):
            edited, paths = edit(family.tree)
            made, more = family.pack(edited)
            yield Variant(subject, "tampered", name, made, more | {family.inner + path for path in paths})
        if isinstance(family, (Tplink, Onu)):
            yield from _unpacked(subject, family.tree, places)
    yield from _handed_on(subject, data)
    for name, (made, expected) in family.altered():
        yield Variant(subject, "other" if expected is None else "tampered", name, made, expected or frozenset())
    for part, whole in CUTS:
        yield Variant(subject, "cut", f"the first {100 * part // whole} %", data[: len(data) * part // whole])
    if data[-1]:  # a zero at the end is padding
        yield Variant(subject, "cut", "all but the last byte", data[:-1])
    for part in range(1, 2 * FLIPS, 2):
        flipped = bytearray(data)
        flipped[len(data) * part // (2 * FLIPS)] ^= 4
        yield Variant(subject, "damaged", f"one wrong bit at {50 * part / FLIPS:.4g} %", bytes(flipped))


def _unpacked(subject: Subject, tree: Tree, places: Places) -> Iterator[Variant]:
    """Yield the files in a folder, and one folder of them."""
    yield Variant(subject, "twin", "unpacked without root", tree)
    patched, paths = patch(tree, places.program)
    yield Variant(subject, "tampered", "unpacked, a program patched", patched, frozenset(paths))
    if places.settings is not None:
        used = use(tree, places)[0]
        yield Variant(subject, "twin", "its etc alone, settings changed", subtree(used, "etc"))
        patched = patch(used, places.removed)[0]
        expected = frozenset({places.removed.removeprefix("etc/")})
        yield Variant(subject, "tampered", "its etc alone, a script patched", subtree(patched, "etc"), expected)


def _handed_on(subject: Subject, data: bytes) -> Iterator[Variant]:
    """Yield the image among other files, in a folder and in a zip."""
    name = Path(subject.path).name
    for beside, kind in (("README.txt", "twin"), ("install.sh", "other")):
        files = {"": Item(tarfile.DIRTYPE, 0o755), name: _plain(data), beside: _plain(SCRIPT)}
        yield Variant(subject, kind, f"in a folder, with {beside}", files)
        made = BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for path, item in files.items():
                if path:
                    archive.writestr(zipfile.ZipInfo(path), item.data)
        yield Variant(subject, kind, f"in a zip, with {beside}", made.getvalue())


def _plain(data: bytes) -> Item:
    return Item(tarfile.REGTYPE, 0o644, data=data)


def _try(variant: Variant, registry: Registry, tree: bytes | None, folder: Path) -> Trial:
    suspect = folder / "suspect"
    if isinstance(variant.data, bytes):
        suspect.write_bytes(variant.data)
    else:
        write_folder(variant.data, suspect)
    result = verify(suspect, registry)
    if isinstance(variant.data, bytes):
        suspect.unlink()
    else:
        rmtree(suspect)
    # what policy lets an owner change (etc/shadow) is named all the same, beside what nobody may
    found = frozenset(change.path for change in result.changes)
    return Trial(
        variant.subject.name,
        variant.kind,
        variant.name,
        result.verdict,
        result.reason,
        result.match is not None and result.match.release.tree == tree,
        frozenset(path for path in variant.expected if not any(_fits(each, path) for each in found)),
        found,
        frozenset(each for each in found if not any(_fits(each, path) for path in variant.expected)),
        len(variant.expected),
    )


def _fits(path: str, expected: str) -> bool:
    return path.startswith(expected[:-2]) if expected.endswith("**") else path == expected
