"""What the comparison showed, as rows of build/agreement.json, as tables, and as docs/agreement.md."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from agreement_listing import Comparison, Difference
from agreement_samples import Split, Vectors
from report import Row
from trueware.formats import FORMATS

_EXAMPLES = 3

_REASONS = """\
- debugfs and fsck.erofs give a file its owner after its mode, with which Linux takes set-uid and set-gid away again.
- 7-Zip does not write a file of ext2 or ext3 that is one hole ("Unsupported Method"), and reads short names of a FAT in another
  code page.
- fsck.minix and fsck.f2fs print names as they are, so that one with a line end is two lines; fsck.minix leaves the last letter of
  a name of full length out.
- unblob leaves hard links of a yaffs2 out; unzip writes other letters for what is no text.
- jefferson and ubi_reader end at a name that is not UTF-8: they are given trees without one.
- mkfs.erofs 1.5 does not pack the tree with a name of 255 bytes, nor mkfs.jffs2: they are given *short*.
- genisoimage does not end on a link of 800 bytes, mkfs.jffs2 cuts it: they are given one of 143.
- The disc of the format udf was made with ISO 9660 beside, whose descriptors were taken off: its tables are unread bytes.
- That libarchive states a stand-in for the target of a long link in a tar was a finding of ours until this comparison; it is none.
"""
"""Which side is wrong where they differ, and why, as far as it was looked into."""


@dataclass(frozen=True, slots=True)
class Beside:
    """An independent tool on the same image."""

    tool: str
    comparison: Comparison | None
    """None where it could not read the image."""
    why: str = ""
    open: tuple[Difference, ...] = ()
    """Differences in which the source does not say that ours is right."""

    @property
    def theirs(self) -> int:
        """Differences in which the source says that ours is right."""
        return 0 if self.comparison is None else len(self.comparison.differences) - len(self.open)


@dataclass(frozen=True, slots=True)
class Image:
    """One image made of a tree."""

    format: str
    variant: str
    tree: str
    size: int
    source: Comparison | None
    """None where the image could not be made."""
    findings: tuple[str, ...] = ()
    """Rules of what measuring it found."""
    links: int = 0
    """Names of files that have several."""
    beside: tuple[Beside, ...] = ()
    why: str = ""
    lost: str = ""
    """What is not held, so that it was not compared."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A tool on all genuine vectors of a format, or on files of the corpus."""

    format: str
    tool: str
    told: str
    """Why the tool differs, where that is known."""
    of: str
    """"vectors" or "corpus"."""
    split: Split


@dataclass(frozen=True, slots=True)
class Loss:
    """What a peer that extracts to disk keeps of a tree."""

    image: str
    entries: int
    missing: int
    wrong: Counter[str]
    of: Counter[str]
    """Entries by what could have been kept."""


@dataclass(slots=True)
class Report:
    """Everything that was compared."""

    vectors: dict[str, Vectors]
    corpus: Counter[str]
    images: list[Image] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)


def rows(report: Report) -> Iterator[Row]:
    """Yield all figures."""
    yield _exact("images/not-made", sum(image.source is None for image in report.images), 0)
    for image in report.images:
        name = f"{image.format}/{image.variant}"
        if image.source is None:
            continue
        yield _count(f"{name}/source/entries", image.source.entries)
        yield _count(f"{name}/source/sha256", image.source.digests)
        yield _count(f"{name}/source/fields", image.source.fields)
        yield _exact(f"{name}/source/differences", len(image.source.differences), 0)
        yield _count(f"{name}/findings", len(image.findings))
        for beside in image.beside:
            if beside.comparison is None:
                yield Row(name=f"{name}/{beside.tool}/entries", value=None, unit="", target=None, met=None)
                continue
            yield _count(f"{name}/{beside.tool}/entries", beside.comparison.entries)
            yield _count(f"{name}/{beside.tool}/sha256", beside.comparison.digests)
            yield _count(f"{name}/{beside.tool}/differences-the-tool's", beside.theirs)
            yield _exact(f"{name}/{beside.tool}/differences-open", len(beside.open), 0)
    for taken in report.taken:
        name = f"{taken.format}/{taken.of}/{taken.tool}"
        yield _count(f"{name}/inputs", taken.split.inputs)
        yield _count(f"{name}/not-taken-apart", len(taken.split.refused))
        yield _count(f"{name}/files", taken.split.files)
        yield _count(f"{name}/sha256-equal", taken.split.equal)
        if taken.told:
            yield _count(f"{name}/differences-the-tool's", len(taken.split.differ))
        else:
            yield _exact(f"{name}/differences-open", len(taken.split.differ), 0)
    for loss in report.losses:
        yield _count(f"peer/unblob/{loss.image}/missing", loss.missing)
        for what, number in sorted(loss.wrong.items()):
            yield _count(f"peer/unblob/{loss.image}/{what}", number)
    for format_ in FORMATS:
        each = report.vectors.get(format_.name, Vectors())
        for what in ("genuine", "tampered", "malformed"):
            yield _count(f"{format_.name}/vectors/{what}", len(getattr(each, what)))
        yield _count(f"{format_.name}/corpus/files", report.corpus[format_.name])
    compared = {each.format for each in _compared(report)}
    yield _count("formats/all", len(FORMATS))
    yield _count("formats/compared-with-another-tool", len(compared))


def _compared(report: Report) -> Iterator[Image | Taken]:
    """Yield what another tool has read too."""
    yield from (image for image in report.images if any(each.comparison for each in image.beside))
    yield from (taken for taken in report.taken if taken.split.equal)


def _count(name: str, value: int) -> Row:
    return Row(name=name, value=value, unit="", target=None, met=None)


def _exact(name: str, value: int, target: int) -> Row:
    return Row(name=name, value=value, unit="", target=target, met=value == target)


def formats(report: Report) -> Iterator[str]:
    """Yield the table of formats: one line for each that is announced."""
    yield "| format | samples | vectors: genuine, tampered, malformed | independent tools | outcome |"
    yield "|---|---|---|---|---|"
    for format_ in sorted(FORMATS, key=lambda each: each.name):
        images = [image for image in report.images if image.format == format_.name and image.source]
        taken = [each for each in report.taken if each.format == format_.name]
        each = report.vectors.get(format_.name, Vectors())
        samples = [f"made here: {', '.join(image.variant for image in images)}"] if images else []
        if number := report.corpus[format_.name]:
            samples.append(f"corpus: in {number} file{'s' * (number > 1)}")
        numbers = f"{len(each.genuine)}, {len(each.tampered)}, {len(each.malformed)}"
        tools = _unique(
            [b.tool for image in images for b in image.beside if b.comparison]
            + [t.tool for t in taken if t.split.equal]
        )
        if tools:
            outcome = _outcome(images, taken)
        else:
            source = format_.doc.references[0] if format_.doc.references else "its description"
            outcome = f"own vectors only, from {source}"
        yield f"| {format_.name} | {'; '.join(samples) or 'vectors'} | {numbers} | {', '.join(tools) or 'none'} | {outcome} |"


def _outcome(images: Sequence[Image], taken: Sequence[Taken]) -> str:
    beside = [each for image in images for each in image.beside if each.comparison]
    entries = sum(each.comparison.entries for each in beside if each.comparison)
    digests = sum(each.comparison.digests for each in beside if each.comparison)
    open_ = sum(len(each.open) for each in beside) + sum(len(t.split.differ) for t in taken if not t.told)
    theirs = sum(each.theirs for each in beside) + sum(len(t.split.differ) for t in taken if t.told)
    parts = []
    if entries:
        parts.append(f"{entries:,} entries, {digests:,} SHA-256")
    if files := sum(each.split.equal for each in taken):
        parts.append(
            f"{files} file{'s' * (files > 1)} of {sum(each.split.inputs for each in taken if each.split.equal)} inputs"
        )
    word = f"**{open_} differ**" if open_ else "equal"
    note = f"; {theirs} differ by the tool's doing" if theirs else ""
    return f"{word}: {' and '.join(parts)}{note}"


def fidelity(report: Report) -> Iterator[str]:
    """Yield the table of images against their sources."""
    yield "| image | tree | entries | SHA-256 | fields | names of hard links | differences | findings | not held |"
    yield "|---|---|--:|--:|--:|--:|--:|---|---|"
    for image in report.images:
        name = f"{image.format}, {image.variant}"
        if image.source is None:
            yield f"| {name} | {image.tree} | not made: {_plain(image.why)} | | | | | | |"
            continue
        source = image.source
        wrong = _shown(source.differences) if source.differences else "0"
        findings = ", ".join(sorted(set(image.findings)))
        yield (
            f"| {name} | {image.tree} | {source.entries:,} | {source.digests:,} | {source.fields:,} | {image.links} | {wrong} "
            f"| {findings} | {image.lost} |"
        )


def agreement(report: Report) -> Iterator[str]:
    """Yield the table of images against other tools."""
    yield "| image | tool | entries | SHA-256 | open differences | of the tool's doing |"
    yield "|---|---|--:|--:|--:|---|"
    for image in report.images:
        for each in image.beside:
            name = f"{image.format}, {image.variant}"
            if each.comparison is None:
                yield f"| {name} | {each.tool} | cannot read it: {_plain(each.why)} | | | |"
                continue
            rest = set(each.comparison.differences) - set(each.open)
            theirs = _shown(sorted(rest, key=lambda one: (one.field, one.path))) if rest else ""
            open_ = _shown(each.open) if each.open else "0"
            yield f"| {name} | {each.tool} | {each.comparison.entries:,} | {each.comparison.digests:,} | {open_} | {theirs} |"


def samples(report: Report) -> Iterator[str]:
    """Yield the table of vectors and corpus files against other tools."""
    yield "| format | tool | inputs | files that came out | equal to a part | our parts that came out | remarks |"
    yield "|---|---|--:|--:|--:|--:|---|"
    for each in report.taken:
        remarks = []
        if each.split.differ:
            names = ", ".join(each.split.differ[:_EXAMPLES])
            remarks.append(f"{len(each.split.differ)} differ ({_plain(names)}): {each.told or '**open**'}")
        if each.split.refused:
            said = "; ".join(each.split.refused[:_EXAMPLES])
            remarks.append(f"{len(each.split.refused)} not taken apart ({_plain(said)})")
        inputs = f"{each.split.inputs} of the {each.of}" if each.of == "corpus" else f"{each.split.inputs} vectors"
        came = f"{each.split.files} | {each.split.equal} | {each.split.met} of {each.split.whole}"
        yield f"| {each.format} | {each.tool} | {inputs} | {came} | {'. '.join(remarks)} |"


def losses(report: Report) -> Iterator[str]:
    """Yield the table of what the peer keeps."""
    kept = ("sha256", "mode", "owner", "mtime", "xattrs", "link", "rdev", "kind")
    yield f"| image | entries | not there | {' | '.join(f'other {what}' for what in kept)} |"
    yield f"|---|--:|--:|{'--:|' * len(kept)}"
    for loss in report.losses:
        cells = " | ".join(f"{loss.wrong[what]} of {loss.of[what]}" if loss.of[what] else "" for what in kept)
        yield f"| {loss.image} | {loss.entries:,} | {loss.missing:,} | {cells} |"


def _shown(differences: Sequence[Difference]) -> str:
    """Return how many there are by field, and of what."""
    told = []
    for what, number in sorted(Counter(each.field for each in differences).items()):
        name = next(each.path for each in differences if each.field == what)
        word = {"missing": "that it alone has", "extra": "that it has not"}.get(what, what)
        told.append(f"{number} {word} (`{_plain(name)}`)")
    return ", ".join(told)


def _plain(text: str) -> str:
    """Return text that a table can hold."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    text = "".join(letter if letter.isprintable() else "?" for letter in text).replace("|", "/").replace("`", "'")
    return text if len(text) <= 90 else f"{text[:60]}…"


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


_PAGE = """\
<!-- Generated by bench/agreement.py --write-docs; do not edit. -->

# Agreement with other tools

Made by `make agreement` (with `--write-docs` after `bench/agreement.py` to write this page) on Debian 12, as root. Nothing here is a
dependency: the tools are run beside, on the same bytes. Versions: {versions}.

## Every format

Of {all} formats, {compared} were read by another tool too. *Equal* means: the same list of files, and the same SHA-256 for all of
them. *Vectors* are those of `tests/vectors`: read without a finding (genuine), read with one (tampered), refused (malformed).
Where it says "own vectors only", no independent tool could be had from Debian or PyPI, so that our reading of the description is
confirmed by nothing but itself (and by the corpus, where it is named).

{formats}

## Fidelity: images against the tree they were made of

Each entry that `trueware measure --json` tells of an image, field by field, beside `lstat`, the content and the attributes
of the source: kind, size, SHA-256, mode with set-uid, set-gid and sticky, owner, time, target of a link, device numbers, extended
attributes, as far as the format can hold them and its maker writes them. In all: {entries:,} entries, {fields:,} fields,
{differences} differences.

- *large*: the tree of `make bench` with other owners, modes, capabilities and attributes given to many of its files, and with
  *all* in it: {large:,} entries.
- *all*: one of everything: devices, a fifo, a socket, hard links, holes, empty files, names that are no text, with line ends, of
  255 bytes, 20 folders deep, a link of 800 bytes. *few*: without attributes. *flat*, *text*, *package*, *wide*, *sizes*: what
  a FAT, a package or an old file system can hold. *short*: *large* without names of 255 bytes or of no text.
- A hard link is compared under each of its names: all must have the inode's fields and content.

{fidelity}

## Images against other tools

The same images. A difference is *of the tool's doing* where the source says that ours is right; any other is open.

{agreement}

## Vectors and corpus against other tools

What other tools take out of the genuine vectors of the other formats, and out of the corpus's files of that format: every file
that comes out must be, by its SHA-256, a part in our manifest. What of ours does not come out are headers, signatures and tables,
which these tools do not write.

{samples}

## What a peer that extracts to disk keeps

`unblob -d 1`, run as root, on images of the tree *fair* (*all* without names that are no text): what it left on disk beside the
source. trueware's differences on such images are in the table of fidelity. (A squashfs unblob gives to sasquatch, which is neither
in Debian nor on PyPI: nothing came out.)

{losses}

## Remarks

{remarks}"""


def page(report: Report, large: int) -> str:
    """Return docs/agreement.md."""
    sources = [image.source for image in report.images if image.source]
    return _PAGE.format(
        versions=", ".join(report.versions),
        all=len(FORMATS),
        compared=len({each.format for each in _compared(report)}),
        formats="\n".join(formats(report)),
        entries=sum(source.entries for source in sources),
        fields=sum(source.fields for source in sources),
        differences=sum(len(source.differences) for source in sources),
        large=large,
        fidelity="\n".join(fidelity(report)),
        agreement="\n".join(agreement(report)),
        samples="\n".join(samples(report)),
        losses="\n".join(losses(report)),
        remarks=_REASONS + "".join(f"- {remark}\n" for remark in report.remarks),
    )
