"""The corpus' real boots as sets of evidence, with what is known of each, and a registry that knows the genuine ones."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from trueware.appraising import Fleet, Wish
from trueware.attestation.contract import Endorsements, Question
from trueware.attestation.recognise import Piece
from trueware.attestation.tpm.public import parse_public
from trueware.model.listing import Extent, ListedFile, Listing
from trueware.model.verdict import Authority
from trueware.registry.lookup import Registry
from trueware.registry.references import Reference, take_references
from trueware.releasing import Naming, take_in
from trueware.storage.memory import MemoryStore

NOW = 1_796_000_000
"""Seconds since 1970: the end of November 2026, days after the sets were made."""

KEPT_OUT = ("opt/fw/*",)
"""Files that the boot with many of them made itself."""

_SHARED = ("ak.pub", "ak_rsa.pub", "ek.pub", "ek_rsa_cert.der", "platform_cert.der", "binary_bios_measurements")
_BOOTS = (("a1_genuine_devA", "boot", "6.1.192-2"), ("b1_secureboot_shim_grub", "secure boot", "6.1.192-2"))

EXPECTED = {
    "a1_genuine_devA": "GENUINE",
    "a3_rogue_exec": "GENUINE",
    "a5_big_log": "GENUINE",
    "b1_secureboot_shim_grub": "GENUINE",
    "a6_cmdline_tampered": "PCR 12 event 25",
    "a9_rootfs_tampered": "/usr/bin/stat",
    "a10_other_firmware": "PCR 0 event 2",
    "a12_ima_ng_sha512_critdata": "PCR 12 event 25",
    "a14_rogue_on_disk/t0_boot": "GENUINE",
    "a14_rogue_on_disk/t1_service": "GENUINE",
    "a14_rogue_on_disk/t2_rogue": "/usr/bin/id",
    "replayed_nonce": "quote-nonce",
    "ima_log_truncated": "ima-replay",
    "ima_template_data_edited": "ima-replay",
    "ima_log_longer_than_quote": "GENUINE",
    "eventlog_swapped": "event-log-replay",
    "eventlog_truncated": "event-log-whole",
    "quote_sig_flipped": "quote-signature",
    "software_key_ak": "attestation-key-bound",
    "attest_wrong_magic": "quote-magic",
    "pcr_values_forged": "quote-pcr-digest",
    "unrestricted_key_forged_quote": "attestation-key-attributes",
    "quote_sha1_bank_only": "quote-bank-weak",
    "time_attestation_as_quote": "quote-type",
}
"""By boot, or boot and moment: GENUINE, the place that must be named, or the rule by which the set must be refused. From the corpus'
own manifest, which says of the other firmware and the other command line that they differ, and of the program on tmpfs that nobody
can see it."""


@dataclass(frozen=True, slots=True)
class Case:
    """One set of evidence."""

    name: str
    pieces: tuple[Piece, ...] = field(repr=False)
    nonce: bytes = field(repr=False)
    expected: str
    kind: str
    """As the manifest calls it."""

    wish: Wish = field(repr=False)


def endorsements(corpus: Path) -> Endorsements:
    """Return whom to believe: the devices' keys as enrolled, the rig's authorities, its signer of files."""
    real = corpus / "attest/real"
    enrolled = {
        parse_public((device / name).read_bytes()).name: "router"
        for device in sorted((real / "open").iterdir())
        if device.is_dir()
        for name in ("ak.pub", "ak_rsa.pub")
    }
    attacked = real / "attacks/open/replayed_nonce/ak.pub"
    enrolled[parse_public(attacked.read_bytes()).name] = "router"
    roots = tuple(_certificate(real / "reference" / name) for name in ("ek_ca_root.pem", "ek_ca_issuer.pem"))
    signer = _certificate(real / "reference/ima_cert.pem")
    return Endorsements(endorsement_roots=roots, file_signers=(signer,), enrolled=enrolled)


def registry(corpus: Path) -> Registry:
    """Return a registry that knows two genuine boots by their logs, and the files of the root by their list."""
    real = corpus / "attest/real"
    store = MemoryStore()
    for device, product, version in _BOOTS:
        take_in(store, real / "open" / device / "binary_bios_measurements", Naming("Rig", product, version), NOW)
    lists = []
    for name in ("allowlist_sha256.txt", "allowlist_extra.txt"):
        listing = Listing(max_path_depth=64, max_name=4096, max_files=100_000)
        for line in (real / "reference" / name).read_text().splitlines():
            digest, path = line.split("  ", 1)
            listing.add(ListedFile(path, bytes.fromhex(digest)))
        tree = listing.manifest("root", Extent.OPEN)
        product = "root" if name == "allowlist_sha256.txt" else "probe"
        lists.append(Reference("Rig", product, "12", tree.tree, manifest=tree, authority=Authority.GOLDEN_SAMPLE))
    take_references(store, lists, NOW)
    return Registry(store)


def cases(corpus: Path) -> Iterator[Case]:
    """Yield the real boots, moment by moment, and the attacks."""
    real, trusted = corpus / "attest/real", endorsements(corpus)
    kinds = {
        row["path"].rpartition("/")[2]: row["klass"] for row in json.loads((real / "open/manifest.json").read_text())
    }
    for device in sorted(each for each in (real / "open").iterdir() if each.is_dir()):
        shared = [Piece(name, (device / name).read_bytes()) for name in _SHARED]
        for moment in sorted(each for each in device.iterdir() if each.is_dir()):
            own = [Piece(each.name, each.read_bytes()) for each in sorted(moment.iterdir())]
            name = f"{device.name}/{moment.name}"
            expected = EXPECTED.get(name) or EXPECTED[device.name]
            yield _case(name, [*shared, *own], moment / "nonce.hex", expected, kinds[device.name], trusted)
    for attack in sorted(each for each in (real / "attacks/open").iterdir() if each.is_dir()):
        own = [Piece(each.name, each.read_bytes()) for each in sorted(attack.iterdir())]
        yield _case(attack.name, own, attack / "nonce.hex", EXPECTED[attack.name], "forged", trusted)


def _case(name: str, pieces: list[Piece], nonce: Path, expected: str, kind: str, trusted: Endorsements) -> Case:
    challenge = bytes.fromhex(nonce.read_text().strip())
    question = Question(NOW, challenge)
    device = "router" if kind == "forged" else ""
    return Case(name, tuple(pieces), challenge, expected, kind, Wish(question, trusted, device, excluded=KEPT_OUT))


def fleet(corpus: Path) -> Fleet:
    """Return the fleet that all cases are of."""
    return Fleet(registry(corpus), endorsements(corpus), KEPT_OUT)


def _certificate(path: Path) -> bytes:
    return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)
