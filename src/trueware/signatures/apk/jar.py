"""JAR signatures, which Android calls scheme v1: CMS over a signature file, which digests the manifest, which digests the members.

Checks, in the order of AOSP ``apksig`` ``V1SchemeVerifier`` (Oracle, "JAR File Specification", signed JAR files):

1. Nothing that Android would run stands before the first member: a dex file there is taken for the whole package by Android 5 to
   8 (CVE-2017-13156, "Janus"), and no digest is over it. The reference verifier does not look.
2. The directory of zip and the headers of members say the same of names and places.
3. Every section of ``META-INF/MANIFEST.MF`` is about one member, which is there.
4. 1 to 10 pairs of ``META-INF/X.SF`` and ``X.RSA``, ``X.DSA`` or ``X.EC``; each CMS verifies (`cms`).
5. Each ``.SF`` has a ``Signature-Version``, and digests the whole manifest, or every section of which it has one itself; and the main
   section, where it says so.
6. Every member outside of ``META-INF/`` is in the manifest, with a digest that is that of its bytes, and all by the same signers.
   Where the manifest has a member of ``META-INF/``, its bytes are compared too (Android does not).
7. No two members have one name (CVE-2013-4787), and no name has a line break or NUL, which a manifest cannot tell apart.

Not covered: other files in ``META-INF/``, the headers of zip (times, attributes, comments), bytes between members.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import new

from trueware.formats.packages.zip.member import Member
from trueware.model.signature import Coverage
from trueware.signatures.apk.cms import Signed, read_signed
from trueware.signatures.apk.manifest import DIGESTS, Section, read_sections
from trueware.signatures.apk.members import Members, text
from trueware.signatures.apk.signers import MOST_SIGNERS, V2, V3
from trueware.signatures.certificate import Certificate
from trueware.signatures.refusal import broken, uncheckable

_META, _MANIFEST = "META-INF/", "META-INF/MANIFEST.MF"
_BLOCKS = (".RSA", ".DSA", ".EC")
_ANNOUNCED = {"2": V2, "3": V3}
_SHA1_ONLY_BEFORE = 18
_TOLD = 5
"""Members that are named where there are many."""


@dataclass(frozen=True, slots=True)
class _SignatureFile:
    """A signature file whose digests of the manifest were verified."""

    signed: Signed
    members: frozenset[str]
    """Those it has a section of."""

    algorithms: frozenset[str]
    announced: frozenset[int]
    names: tuple[str, ...]
    """Its own name, and that of the CMS beside it."""

    paths: tuple[str, ...]
    """Of the files that are this signature, in the artefact: both of these, and the manifest where all of it was digested."""


@dataclass(frozen=True, slots=True)
class JarSigned:
    """A JAR signature that holds."""

    files: tuple[_SignatureFile, ...]
    paths: tuple[str, ...]
    """Of the members whose bytes were compared, in the artefact."""

    excludes: tuple[str, ...]
    old: bool
    """Whether SHA-1, the only digest that Android knows before API 18, is there for all."""

    @property
    def announced(self) -> frozenset[int]:
        """Ids of newer schemes that there are, by what is signed."""
        return frozenset().union(*(each.announced for each in self.files))

    def at(self, level: int) -> tuple[tuple[tuple[Certificate, ...], Coverage], ...]:
        """Return the certificates of each signer, as the Android of that level takes them, and what that signer vouches for.

        Raises:
            Refusal: it does not take them.
        """
        if level < _SHA1_ONLY_BEFORE and not self.old:
            uncheckable(f"Android of API level {level} knows no digest but SHA-1, and not all members have one")
        found = [each.signed.at(level) for each in self.files]
        if None in found:
            broken("a signature file of the JAR signature is not what was signed")
        return tuple(
            (certificates, Coverage(paths=self.paths + file.paths, excludes=self.excludes))
            for certificates, file in zip(found, self.files, strict=True)
            if certificates is not None
        )


class Jar:
    """A package, as its JAR signature sees it."""

    def __init__(self, members: Members, *, old: bool) -> None:
        """Take the members of a package; `old`: Androids before API 18 count."""
        self._members, self._old = members, old

    def verify(self) -> JarSigned | None:
        """Return the signature, None where there is none.

        Raises:
            Refusal: there is one, and it does not hold.
        """
        members = self._members
        manifest = members.by_name.get(_MANIFEST)
        blocks = list(self._signature_blocks())
        if manifest is None or not blocks:
            return None
        members.require_nothing_before()  # 1
        if len(blocks) > MOST_SIGNERS:
            uncheckable(f"{len(blocks)} JAR signatures; Android takes {MOST_SIGNERS}")
        content = members.read(manifest)
        main, sections = read_sections(content)  # 3
        for name in sections:
            if name not in members.by_name:
                broken(f"the manifest has {name!r}, which is not in the package")
        files = tuple(self._signature_file(*pair, content, main, sections) for pair in blocks)
        return self._held(files, sections)

    def _signature_blocks(self) -> Iterator[tuple[Member, Member]]:
        """Yield the signature files with their blocks."""
        for each in self._members.all:
            name = text(each)
            if name.startswith(_META) and name.endswith(_BLOCKS):
                other = self._members.by_name.get(name.rpartition(".")[0] + ".SF")
                if other is not None:
                    yield other, each

    def _signature_file(
        self, file: Member, block: Member, manifest: bytes, manifest_main: Section, sections: dict[str, Section]
    ) -> _SignatureFile:
        content = self._members.read(file)
        signed = read_signed(self._members.read(block), content)  # 4
        name = repr(text(file))
        if not any(each.verified for each in signed.signers):
            broken(f"{name} is not what was signed")
        main, own = read_sections(content)
        if "signature-version" not in main.attributes:
            uncheckable(f"{name} has no Signature-Version")
        signtool = "signtool" in main.attributes.get("created-by", "")
        used = self._whole_manifest(main, "" if signtool else "-Manifest", manifest)
        path = self._members.path
        paths = [path(file), path(block)]
        if used:
            paths.append(path(self._members.by_name[_MANIFEST]))
        if not signtool:
            digests = main.digests("-Manifest-Main-Attributes", old=self._old)
            for algorithm, digest in digests.items():  # 5
                if new(algorithm, manifest_main.raw).digest() != digest:
                    broken(f"the main section of the manifest is not that which {name} has")
        if not used:
            used = self._each_section(name, own, sections, signtool=signtool)
        announced = main.attributes.get("x-android-apk-signed", "")
        ids = frozenset(_ANNOUNCED[each.strip()] for each in announced.split(",") if each.strip() in _ANNOUNCED)
        names = (text(file), text(block))
        return _SignatureFile(signed, frozenset(own), used, ids, names, tuple(paths))

    def _whole_manifest(self, main: Section, ending: str, manifest: bytes) -> frozenset[str]:
        """Return the algorithms by which the whole manifest is what the signature file says, none where it is not."""
        digests = main.digests(ending, old=self._old)
        same = all(new(algorithm, manifest).digest() == digest for algorithm, digest in digests.items())
        return frozenset(digests) if same else frozenset()

    def _each_section(
        self, name: str, own: dict[str, Section], sections: dict[str, Section], *, signtool: bool
    ) -> frozenset[str]:
        """Return the algorithms by which every section that the signature file has is that of the manifest (5)."""
        used = frozenset(DIGESTS.values())
        for member, section in own.items():
            other = sections.get(member)
            if other is None:
                broken(f"{name} has {member!r}, which is not in the manifest")
            raw = other.raw[:-1] if signtool and other.raw.endswith(b"\n\n") else other.raw
            digests = section.digests("", old=self._old)
            if not digests or any(new(algorithm, raw).digest() != digest for algorithm, digest in digests.items()):
                broken(f"the manifest's section of {member!r} is not that which {name} has")
            used &= frozenset(digests)
        return used

    def _held(self, files: tuple[_SignatureFile, ...], sections: dict[str, Section]) -> JarSigned:
        """Hold the members against the manifest (6, 7)."""
        signers: frozenset[int] | None = None
        old = all("sha1" in each.algorithms for each in files)
        paths, beside, doubts, seen = [], [], [], set()
        altered: dict[str, str] = {}
        added: dict[str, str] = {}
        for member in self._members.all:
            name = text(member)
            section, meta = sections.get(name), name.startswith(_META)
            if member.path in seen:  # by whatever way they are written
                doubts.append(f"two members are called {name!r}, or unpack to one place")
            seen.add(member.path)
            if name.endswith("/"):
                if member.record.size:
                    doubts.append(f"the folder {name!r} has data")
                continue
            if section is None:
                if meta:
                    beside.append(name)
                else:
                    added[self._members.path(member)] = f"{name!r} is not in the manifest: nobody signed it"
                continue
            if any(char in name for char in "\0\r\n"):
                doubts.append(f"{name!r} is no name that a manifest can tell from another")
            by = frozenset(number for number, each in enumerate(files) if name in each.members)
            digests = section.digests("", old=self._old)
            if not meta:
                if not by:
                    broken(f"{name!r} is in the manifest, and nobody signed it")
                if not digests:
                    uncheckable(f"{name!r} has no digest of an algorithm that is known")
                if signers not in (None, by):
                    uncheckable(f"{name!r} is signed by others than the members before it")
                signers = by
            old = old and "sha1" in digests
            if (differs := self._differs(member, digests)) is not None:
                altered[self._members.path(member)] = f"{name!r} is not what was signed: its {differs} differs"
            elif by and digests:
                paths.append(self._members.path(member))
            elif meta:
                beside.append(name)
        if told := [*altered.values(), *added.values()]:
            more = f"; {len(told) - 1} more members are not as they were signed" if len(told) > 1 else ""
            broken(told[0] + more, altered, added)
        if doubts:
            uncheckable(doubts[0])
        if not signers:
            uncheckable("the JAR signature is over no member")
        counting = tuple(files[number] for number in sorted(signers))
        own = {name for each in counting for name in each.names}
        others = [name for name in beside if name not in own and name != _MANIFEST]
        return JarSigned(counting, tuple(paths), tuple(self._excludes(others)), old)

    def _differs(self, member: Member, digests: dict[str, bytes]) -> str | None:
        """Return the algorithm by which the bytes of a member are others than the manifest says, None where they are the same."""
        measured = self._members.measured(member) if "sha256" in digests else None
        actual = {"sha256": measured} if measured is not None else {}
        missing = [algorithm for algorithm in digests if algorithm not in actual]
        if missing:
            hashes = [new(algorithm) for algorithm in missing]
            for chunk in self._members.chunks(member):
                for each in hashes:
                    each.update(chunk)
            actual.update({algorithm: each.digest() for algorithm, each in zip(missing, hashes, strict=True)})
        return next((algorithm for algorithm, digest in digests.items() if actual[algorithm] != digest), None)

    def _excludes(self, others: list[str]) -> Iterator[str]:
        if others:
            more = f" and {len(others) - _TOLD} more" if len(others) > _TOLD else ""
            yield f"files in META-INF that nobody signed: {', '.join(map(repr, others[:_TOLD]))}{more}"
        yield "headers of the archive: times, attributes, comments"
        if between := self._members.between():
            yield f"{between} bytes between members"
