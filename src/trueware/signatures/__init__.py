"""Publisher signatures: who signed which bytes. One file, one scheme; a new one is a file and a line in `SCHEMES`.

`Signatures` walks an artefact that was measured and asks each scheme where its signatures may be. Whether a signer was entitled to
sign this is asked later, by `trueware.appraisal`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module

from trueware.errors import InputError
from trueware.model.signature import Outcome, Signature
from trueware.signatures.contract import Context, Scheme, Site, Verifier

__all__ = ["SCHEMES", "Signatures", "Where"]


@dataclass(frozen=True, slots=True)
class Where:
    """Where signatures of one scheme stand, so that it is imported only when it is met."""

    scheme: str
    """``module:Class`` below this package."""

    formats: tuple[str, ...] = ()
    """Names of formats whose containers hold them."""

    names: tuple[str, ...] = ()
    """Names of files that are, or hold, such a signature: exact, or ``*`` and how they end."""

    subjects: tuple[str, ...] = ()
    """Names of files that such signatures are about, held where they pass by in a stream."""

    def load(self) -> type[Scheme]:
        """Import the scheme."""
        module, name = self.scheme.split(":")
        scheme: type[Scheme] = getattr(import_module(f"{__name__}.{module}"), name)
        return scheme


SCHEMES: tuple[Where, ...] = (
    Where("apk:Apk", formats=("zip",)),
    Where("apk.idsig:IdSig", names=("*.idsig",)),
    Where("apk_tools.v2:ApkTools2", names=("*.pub",)),
    Where("apk_tools.v3:ApkTools3", formats=("adb",)),
    Where("authenticode:Authenticode", formats=("pe",)),
    Where("authenticode.catalogue:Catalogue", names=("*.cat",)),
    Where(
        "avb:Avb",
        formats=("vbmeta",),
        names=("vbmeta", "vbmeta.img", "vbmeta_a", "vbmeta_b", "vbmeta_system.img", "vbmeta_vendor.img"),
        subjects=("boot.img", "dtbo.img", "init_boot.img", "recovery.img", "vendor_boot.img"),
    ),
    Where("cisco_phone:CiscoPhone", formats=("cisco-phone",)),
    Where("cose:Cose", names=("*.cose",)),
    Where("dsse:Dsse", names=("*.intoto.jsonl", "*.intoto.json", "*.dsse", "*.dsse.json", "*.att")),
    Where("docsis_cvc:DocsisCode", formats=("docsis-code",)),
    Where("fit:Fit", formats=("fit",)),
    Where("gluon:Gluon", names=("*.manifest",)),
    Where("kernel_module:KernelModule", formats=("module-signature",)),
    Where(
        "openpgp:OpenPgp",
        names=("InRelease", "Release.gpg", "*.asc", "*.gpg", "*.sig"),
        subjects=("Packages", "Release", "SHA256SUMS", "sha256sums"),
    ),
    Where("ota.package:OtaPackage", formats=("zip",)),
    Where("ota.payload:OtaPayload", formats=("payload",)),
    Where("qualcomm:Qualcomm", formats=("mbn", "qcom-elf")),
    Where("sigstore:Sigstore", names=("*.sigstore", "*.sigstore.json")),
    Where("suit:Suit", formats=("suit",)),
    Where("tizen:Tizen", names=("author-signature.xml", *(f"signature{number}.xml" for number in range(1, 10)))),
    Where("tuf:Tuf", names=("timestamp.json",)),
    Where("ucert:Ucert", formats=("sysupgrade",), names=("*.ucert",)),
    Where("usign:Usign", names=("*.sig",), subjects=("Packages",)),
    Where("verified_boot:VerifiedBoot", formats=("boot",)),
    Where("verity_table:SignedVerityTable", formats=("verity-metadata",)),
)


class Signatures:
    """Finds and checks all signatures of an artefact; what measuring is given (`Verifier`)."""

    def __init__(self, context: Context, schemes: Iterable[Where] = SCHEMES) -> None:
        self._context = context
        self._by_format: dict[str, list[Where]] = {}
        self._by_name: dict[str, list[Where]] = {}
        self._by_ending: dict[str, list[Where]] = {}
        self._subjects: set[str] = set()
        for where in schemes:
            self._subjects.update(where.subjects)
            for format_ in where.formats:
                self._by_format.setdefault(format_, []).append(where)
            for name in where.names:
                table = self._by_ending if name.startswith("*") else self._by_name
                table.setdefault(name.removeprefix("*"), []).append(where)
        self._endings = tuple(self._by_ending)

    def wants(self, *, name: str = "", format: str = "") -> bool:  # noqa: A002 (the port's)
        """See `Verifier`."""
        return (
            format in self._by_format or name in self._by_name or name in self._subjects or name.endswith(self._endings)
        )

    def __call__(self, root: Site) -> tuple[Signature, ...]:
        """See `Verifier`. A scheme that meets with bad input gives a signature that is not checkable."""
        found: list[Signature] = []
        stack = [root]
        while stack:
            site = stack.pop()
            for where in self._asked(site):
                found += self._verified(where, site)
            stack.extend(site.children())
        found.sort(key=lambda each: (each.part, each.scheme, each.offset or 0, (each.platforms or (0, None))[0]))
        return tuple(found)

    def _asked(self, site: Site) -> Iterator[Where]:
        """Yield the schemes that may have something at `site`, each once."""
        name = site.name
        tables = [self._by_format.get(site.format or "", ()), self._by_name.get(name, ())]
        if name.endswith(self._endings):
            tables += [asked for ending, asked in self._by_ending.items() if name.endswith(ending)]
        yield from dict.fromkeys(where for table in tables for where in table)

    def _verified(self, where: Where, site: Site) -> Iterator[Signature]:
        scheme = where.load()
        try:
            yield from scheme.verify(site, self._context)
        except InputError as error:
            yield Signature(scheme.name, site.path, Outcome.UNCHECKABLE, str(error))


_: type[Verifier] = Signatures
