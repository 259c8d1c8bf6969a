"""Security catalogues: a signed list of digests, of programs and of other files (``.cat``).

Sources: "Catalog Files and Digital Signatures" (Microsoft); the lists are CTLs, [MS-CAESO] §4.4.5.5.

 1. Signed data with one signer, whose content is a CTL with the usage of catalogues.
 2. The signer signed the content: its value, without tag and length.
 3. Each trusted subject has, among its attributes, an SpcIndirectDataContent with its digest: that of a program's image, or of all
    bytes of any other file. Digests of SHA-256 vouch for contents wherever they stand; programs beside the catalogue are compared
    by the digest of their image.
"""

from collections.abc import Iterable, Iterator
from typing import ClassVar

from trueware.model.signature import Coverage, Outcome, Signature
from trueware.signatures import der
from trueware.signatures.authenticode import INDIRECT_DATA, read_signed, stamp_of
from trueware.signatures.authenticode.image import read_image
from trueware.signatures.certificate import signer
from trueware.signatures.cms import DIGESTS
from trueware.signatures.contract import Context, Scheme, SchemeDoc, Site
from trueware.signatures.refusal import Refusal, broken, uncheckable
from trueware.signatures.timestamp import known_time

_NAME = "catalogue"
_TRUST_LIST, _USAGES = "1.3.6.1.4.1.311.10.1", frozenset({"1.3.6.1.4.1.311.12.1.1"})
_LARGEST = 1 << 26
_BESIDE = 4096
"""Files beside a catalogue that are looked at."""

_KNOWN: dict[bytes, tuple[bytes, ...]] = {}
_MOST_KNOWN = 1 << 14

_OID = bytes.fromhex("06092a864886f70d010702")
"""Of signed data, as it stands at the beginning."""


class Catalogue:
    """Signed lists of digests."""

    name: ClassVar[str] = _NAME
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "security catalogue (.cat)",
        ("Microsoft, Catalog Files and Digital Signatures",),
        ("Programs are compared with a catalogue in the same folder only.",),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterable[Signature]:
        """See `Scheme`."""
        if not 0 < site.size <= _LARGEST:
            return
        data = bytes(site.view())
        if data[:1] != b"\x30" or data[:32].find(_OID) < 0:
            return  # another program's file
        try:
            yield _verified(site, data, context)
        except Refusal as refusal:
            yield Signature(_NAME, site.path, refusal.outcome, refusal.detail)


def _verified(site: Site, data: bytes, context: Context) -> Signature:
    whole = der.read(data).whole
    signed, own = read_signed(whole)
    content, info = signed.content or b"", signed.signers[0]
    fields = der.parts(list(der.Value(der.SEQUENCE, content, b"").parts()), 4, "a catalogue")
    usages = {each.oid() for each in fields[0].sequence()}
    if signed.content_type != _TRUST_LIST or not usages & _USAGES:  # 1
        uncheckable("a signed list that is no catalogue")
    if not info.is_signed(own.spki, content):  # 2
        broken("the catalogue is not the one that was signed")
    digests = frozenset(_digests(fields))
    time = stamp_of(info, signed.certificates)
    paths = tuple(_beside(site, digests))
    rest = len(data) - len(whole)
    return Signature(
        _NAME,
        site.path,
        Outcome.VALID,
        f"{len(digests)} digests",
        signer(signed.chain_of(own)),
        Coverage(
            not rest,
            (site.path, *paths) if not rest else paths,
            frozenset(each for each in digests if len(each) == 32),
            (f"{rest} bytes behind the catalogue",) if rest else (),
        ),
        signed_at=known_time(time, context),
        statements=(("time stamped", str(time)),) if time is not None else (),
    )


def _digests(fields: list[der.Value]) -> Iterator[bytes]:  # 3
    """Yield the digests of the trusted subjects: the SEQUENCE behind the algorithm's, whatever optional fields precede it."""
    sequences = [each for each in fields[1:] if each.tag == der.SEQUENCE]
    for subject in sequences[1].sequence() if len(sequences) > 1 else ():
        _, attributes = der.parts(subject.sequence(), 2, "a trusted subject")[:2]
        for attribute in attributes.parts():
            kind, values = der.parts(attribute.sequence(), 2, "an attribute")[:2]
            if kind.oid() != INDIRECT_DATA:
                continue
            for value in values.parts():
                _, info = der.parts(value.sequence(), 2, "an SpcIndirectDataContent")[:2]
                algorithm, digest = der.parts(info.sequence(), 2, "a digest")[:2]
                if der.parts(algorithm.sequence(), 1, "an algorithm")[0].oid() in DIGESTS:
                    yield digest.content


def _beside(site: Site, digests: frozenset[bytes]) -> Iterator[str]:
    folder = site.above()
    for number, each in enumerate(folder.children() if folder is not None else ()):
        if number >= _BESIDE:
            return
        if each.format == "pe" and not digests.isdisjoint(_image_digests(each)):
            yield each.path


def _image_digests(program: Site) -> tuple[bytes, ...]:
    """Return the digests of an image; many catalogues may lie beside many programs, so they are remembered by the file's."""
    known = _KNOWN.get(program.sha256 or b"")
    if known is not None:
        return known
    try:
        image = read_image(program.view())
        made: tuple[bytes, ...] = (image.digest("sha256"), image.digest("sha1"))
    except Refusal:
        made = ()
    if program.sha256 is not None:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN[program.sha256] = made
    return made


_: type[Scheme] = Catalogue
