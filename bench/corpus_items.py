"""The 31 items of the open corpus: which references their labels name, and the verdict that comes out beside the label.

An item of several files is judged by the worst of them (counterfeit, tampered, unknown, genuine), or by those that `SETUPS` names.
"""

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus_shelf import NOW, Shelf
from trueware.importing.lists import import_index
from trueware.model.release import Entitlement
from trueware.model.result import Result
from trueware.model.verdict import Verdict
from trueware.registry.enrol import enrol
from trueware.registry.lookup import Registry
from trueware.registry.trust import admit
from trueware.signatures.keys import read_keys
from trueware.storage.memory import MemoryStore
from trueware.verify import verify

LATER: dict[str, str] = {}
"""Items whose label can only be reached by verifying a signature of a scheme that is not verified: not counted as right."""

ACCEPTABLE = {"G13": (Verdict.UNKNOWN.value, Verdict.TAMPERED.value)}
"""Where the label says what each file may be and not what the worst may: see `run_signed`."""

WORST = (Verdict.GENUINE, Verdict.UNKNOWN, Verdict.TAMPERED, Verdict.COUNTERFEIT)

_ACCUSING = (Verdict.TAMPERED, Verdict.COUNTERFEIT)


@dataclass(frozen=True, slots=True)
class Setup:
    """What is enrolled before an item is verified."""

    learn: tuple[tuple[str, str, str, str], ...] = ()
    """Path, publisher, product, version."""

    indexes: tuple[tuple[str, str], ...] = ()
    """Path, publisher."""

    entitle: tuple[tuple[str, str, str], ...] = ()
    """Publisher, claim, pattern."""

    trust: tuple[tuple[str, str, bool], ...] = ()
    """Publisher, file of keys, and whether what they issue counts too."""

    verify: tuple[str, ...] = ()
    """Paths to verify, of files or folders; by default all files of the item."""


_ANCHORS = "reference/anchors/"
_SECURE_BOOT = (
    *(
        ("Microsoft", f"{_ANCHORS}microsoft/{name}.der", True)
        for name in (
            "MicCorUEFCA2011_2011-06-27",
            "microsoft_uefi_ca_2023",
            "MicWinProPCA2011_2011-10-19",
            "windows_uefi_ca_2023",
        )
    ),
    ("Debian", f"{_ANCHORS}debian-secure-boot-ca.der", True),
)
_MODULES = "open/linux-module-signature/"
_USIGN_KEYS = ("5151f69420c3f508", "72a57f2191b211e0", "792d9d9b39f180dc", "9ef4694208102c43", "b5043e70f9a75cde")
_WR841N = "open/tl-wr841n-five-builders/"
_GLUON = "open/ffnord-gluon/gluon-ffnord-2016.2.7.1-tp-link-tl-wr841n-nd-v9-sysupgrade.bin"
_DEB = "open/debian-bookworm-updates/"
_LEDE = "open/lede-17.01-base/"
_FEED = "open/openwrt-dist-leaked-key/"
_ONU = ("open/gpon-onu/V2801F_V1.9.0-201104.tar", "V-SOL", "V2801F", "V1.9.0-201104")
_CC = tuple(
    (
        f"{_WR841N}openwrt-15.05.1-ar71xx-generic-tl-wr841n-v9-squashfs-{kind}.bin",
        "OpenWrt",
        "OpenWrt TL-WR841N v9",
        "15.05.1",
    )
    for kind in ("factory", "sysupgrade")
)
_STOCK = (
    "open/tp-link-stock-vs-ddwrt/wr840nv2_eu_3_16_9_up_boot_160406_original.bin",
    "TP-LINK",
    "TL-WR840N v2",
    "3.16.9",
)

SETUPS: dict[str, Setup] = {
    "A01": Setup(indexes=(("open/ffnord-gluon/stable.manifest", "Freifunk Nord"),), verify=(_GLUON,)),
    "H03": Setup(verify=("open/tizen-spotify-mod/tampered",)),
    "I04": Setup(trust=_SECURE_BOOT),
    "I08": Setup(
        trust=tuple(("Debian", f"{_MODULES}kernel{build}-module-key.der", False) for build in (47, 50)),
        verify=tuple(f"{_MODULES}wireguard-6.1.0-{build}.ko" for build in (47, 50)),
    ),
    "A02": Setup(learn=((_GLUON, "Freifunk Nord", "Gluon TL-WR841N v9", "2016.2.7.1"),)),
    "A05": Setup(learn=_CC),
    "A07": Setup(learn=_CC, verify=(_WR841N + "kukulo2011-wr841n-v9-factory.bin",)),
    "A10": Setup(learn=(_STOCK,)),
    "A11": Setup(learn=(_STOCK,), entitle=(("TP-LINK", "vendor", "TP-LINK*"),)),
    "B01": Setup(
        indexes=((_LEDE + "Packages", "LEDE"),),
        verify=tuple(
            f"{_LEDE}{name}_mips_24kc.ipk"
            for name in (
                "lede-keyring_2017-01-20-a50b7529-1",
                "busybox_1.25.1-4",
                "dropbear_2017.75-5",
                "uhttpd_2018-11-28-cdfc902a-1",
                "firewall_2017-05-27-a4d98aea-1",
                "usign_2019-08-06-5a52b379-1",
            )
        ),
    ),
    "C01": Setup(learn=(_ONU,)),
    "C02": Setup(learn=(_ONU,)),
    "C03": Setup(learn=(_ONU,)),
    "D02": Setup(learn=(("open/cisco-phone-79x0/P0030801SR02.sbn", "Cisco", "7940 and 7960 SCCP", "8.1(SR02)"),)),
    "I01": Setup(indexes=((_DEB + "Packages", "Debian"),), verify=(_DEB + "openssl_3.0.17-1~deb12u2_amd64.deb",)),
}

_OLD_DEB = (_DEB + "openssl_3.0.17-1~deb12u2_amd64.deb", "Debian", "openssl (amd64)", "3.0.17-1~deb12u2")
_LATER_DEBS = tuple(f"{_DEB}openssl_{version}-1~deb12u2_amd64.deb" for version in ("3.0.20", "3.0.22"))


@dataclass(frozen=True, slots=True)
class Signed:
    """Something that a signature speaks for or against, and the verdicts that it may have."""

    what: str
    setup: Setup
    verdicts: tuple[Verdict, ...]


def _lede(*keys: str) -> Setup:
    trust = tuple(("LEDE", f"{_ANCHORS}openwrt-usign/lede-17.01/{key}.pub", False) for key in keys)
    return Setup(trust=trust, verify=("open/lede-17.01-base",))


def _module(key: int, module: int) -> Setup:
    trust = (("Debian", f"{_MODULES}kernel{key}-module-key.der", False),)
    return Setup(trust=trust, verify=(f"{_MODULES}wireguard-6.1.0-{module}.ko",))


_LEAKED = _FEED + "2025-04-25"
_GENUINE, _UNKNOWN = (Verdict.GENUINE,), (Verdict.UNKNOWN,)

SIGNED = (
    Signed("LEDE's feed, by its signature alone", _lede(*_USIGN_KEYS), _GENUINE),
    Signed("the same under another key of its publisher", _lede(_USIGN_KEYS[0]), _UNKNOWN),
    Signed(
        "a feed signed by a key whose secret half is public, admitted all the same",
        Setup(trust=(("simonsmh", f"{_LEAKED}/simonsmh-dist.pub", False),), verify=(_LEAKED,)),
        _UNKNOWN,
    ),
    Signed("a module under the key of its build", _module(47, 47), _GENUINE),
    Signed("a module under the key of another build", _module(50, 47), _UNKNOWN),
)
"""What only a signature speaks for, or against."""

BESIDE: tuple[tuple[str, Setup], ...] = (
    ("openssl 3.0.20 and 3.0.22 against Debian's index", Setup(indexes=SETUPS["I01"].indexes, verify=_LATER_DEBS)),
    ("openssl 3.0.20 and 3.0.22 against a golden sample of 3.0.17", Setup(learn=(_OLD_DEB,), verify=_LATER_DEBS)),
    (
        "B03's packages against B04's index",
        Setup(
            indexes=((_FEED + "2025-01-29/Packages", "simonsmh"),),
            verify=tuple(f"{_FEED}2025-04-25/{name}.ipk" for name in (
                "zlib_1.3.1-r1_x86_64", "openssl-util_3.0.16-r1_x86_64", "luci-app-diskman_0.2.13-r1_all")),
        ),
    ),
    (
        "B04's packages against B03's index",
        Setup(
            indexes=((_FEED + "2025-04-25/Packages", "simonsmh"),),
            verify=tuple(f"{_FEED}2025-01-29/{name}.ipk" for name in (
                "zlib_1.2.13-1_x86_64", "openssl-util_3.0.15-1_x86_64", "luci-app-diskman_0.2.13_all")),
        ),
    ),
)  # fmt: skip
"""Genuine-looking files beside an index or a release that does not speak for them: each must be UNKNOWN."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, the authority it rests on, and the reason of the file that decided it."""

    verdict: Verdict
    authority: str
    reason: str

    @classmethod
    def of(cls, results: Iterable[Result]) -> "Judged":
        """Return the worst of several results."""
        worst = max(results, key=lambda each: WORST.index(each.verdict))
        return cls(worst.verdict, worst.authority.value if worst.authority is not None else "", worst.reason)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One item's line of the table."""

    id: str
    what: str
    expected: str
    acceptable: tuple[str, ...]
    bare: Judged
    """With an empty registry."""

    referenced: Judged
    """With the references its label names."""

    own: Judged | None
    """With its own digests enrolled, where the label says what that gives."""

    others: Judged
    """Against a registry of all other items but altered copies (`_altered`): beside one, the genuine item is the odd one."""

    unrelated: Judged
    """Against a registry of all items it is no pair of."""

    @property
    def state(self) -> str:
        """`right`, `wrong: why`, or `later: why`."""
        if forbidden := self.forbidden:
            return f"wrong: {forbidden}"
        if self.id in LATER:
            return f"later: {LATER[self.id]}"
        return "right" if self.referenced.verdict.value in self.acceptable else "wrong: not what the label allows"

    @property
    def forbidden(self) -> str:
        """What no item may ever be, whatever is enrolled; empty where all is well."""
        if Verdict.GENUINE.value not in self.acceptable and self._is_anywhere(Verdict.GENUINE):
            return "GENUINE, which its label does not allow"
        if self.id in LATER and self._is_anywhere(Verdict.GENUINE):
            return "GENUINE, which only a signature could show"
        if self.own is not None and self.own.verdict is not Verdict.GENUINE:
            return "not GENUINE with its own digest enrolled"
        if self.bare.verdict is Verdict.GENUINE:
            return "GENUINE with an empty registry"
        for judged in (self.bare, self.others):
            if judged.verdict in _ACCUSING and judged.verdict.value not in self.acceptable:
                return f"accused: {judged.reason}"
        if self.unrelated.verdict not in (Verdict.UNKNOWN, self.bare.verdict):  # its own signature needs no product
            return f"matched with other products: {self.unrelated.reason}"
        return ""

    def _is_anywhere(self, verdict: Verdict) -> bool:
        return any(
            judged is not None and judged.verdict is verdict
            for judged in (self.bare, self.referenced, self.own, self.others, self.unrelated)
        )


def run_items(shelf: Shelf, say: Callable[[str], None]) -> list[Outcome]:
    """Judge all items."""
    items = load_items(shelf.corpus)
    outcomes = []
    for item in items:
        say(f"{item['id']} {item['what']}")
        mine = item["id"]
        paths = _paths(item)
        others = [each for each in items if each["id"] != mine]
        unrelated = [each for each in others if _family(each, items) != _family(item, items)]
        own = None
        if item["if_own_sha256_enrolled"] == Verdict.GENUINE.value:
            own = Judged.of(_verify(shelf, item["files"], _own(shelf, item)))
        outcomes.append(
            Outcome(
                mine,
                item["what"],
                item["expected"],
                ACCEPTABLE.get(mine, tuple(item["acceptable"])),
                Judged.of(_verify(shelf, item["files"], shelf.store())),
                judge(shelf, SETUPS.get(mine, Setup()), paths),
                own,
                _against(shelf, paths, [each for each in others if not _altered(each, mine)]),
                _against(shelf, paths, unrelated),
            )
        )
    return outcomes


def _altered(item: Mapping[str, Any], original: str) -> bool:
    """Tell whether the label calls an item altered, or says that it is the original with something taken off."""
    tampered = Verdict.TAMPERED.value
    return item["expected"] == tampered or (item["pair"] == original and tampered in item["acceptable"])


def run_signed(shelf: Shelf) -> list[tuple[Signed, Judged]]:
    """Judge what only a signature speaks for, and AOSP's packages by what AOSP's verifier says from Android 9 on."""
    cases = list(SIGNED)
    folder = "open/apksig-vectors"
    for row in csv.DictReader((shelf.corpus / folder / "vectors.csv").read_text("utf-8").splitlines()):
        holds = row["apksigner_min_sdk_28"] == "VERIFIES"
        verdicts = _UNKNOWN if holds else (Verdict.UNKNOWN, Verdict.TAMPERED)
        cases.append(Signed(row["file"], Setup(verify=(f"{folder}/{row['file']}",)), verdicts))
    return [(case, judge(shelf, case.setup, ())) for case in cases]


def run_beside(shelf: Shelf) -> list[tuple[str, Judged]]:
    """Judge what stands beside an index or release that does not speak for it."""
    return [(what, judge(shelf, setup, ())) for what, setup in BESIDE]


def judge(shelf: Shelf, setup: Setup, paths: tuple[str, ...]) -> Judged:
    """Return the verdict with what `setup` enrols, through the library's own front door."""
    store = shelf.store()
    for publisher, path, issues in setup.trust:
        enrol(store, publisher, [], [], NOW)
        admit(store, publisher, read_keys((shelf.corpus / path).read_bytes()), NOW, issues=issues)
    for publisher, claim, pattern in setup.entitle:
        enrol(store, publisher, [], [Entitlement(claim, pattern)], NOW)
    for path, publisher, product, version in setup.learn:
        shelf.learn(store, path, publisher, product, version)
    for path, publisher in setup.indexes:
        import_index(store, (shelf.corpus / path).read_text("utf-8"), publisher=publisher, source=path, now=NOW)
    registry = Registry(store)
    return Judged.of(verify(shelf.corpus / path, registry, now=NOW) for path in setup.verify or paths)


def load_items(corpus: Path) -> list[dict[str, Any]]:
    """Return the labels."""
    items: list[dict[str, Any]] = json.loads((corpus / "open" / "index.json").read_text("utf-8"))
    return items


def _paths(item: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(file["path"] for file in item["files"])


def _family(item: Mapping[str, Any], items: list[dict[str, Any]]) -> str:
    """Return the id of the first of an item and its pairs: those are of one product, or one is made of the other."""
    while item["pair"]:
        item = next(each for each in items if each["id"] == item["pair"])
    return str(item["id"])


def _own(shelf: Shelf, item: Mapping[str, Any]) -> MemoryStore:
    store = shelf.store()
    sums = "".join(f"{file['sha256']}  {Path(file['path']).name}\n" for file in item["files"])
    import_index(store, sums, publisher=item["source"], source="its own digests", now=NOW)
    return store


def _verify(shelf: Shelf, files: Iterable[Mapping[str, Any]], store: MemoryStore) -> list[Result]:
    registry = Registry(store)
    return [shelf.verify(file["path"], registry) for file in files]


def _against(shelf: Shelf, paths: tuple[str, ...], others: Iterable[Mapping[str, Any]]) -> Judged:
    store = shelf.store()
    mine = {shelf.measured(path).measurement.root.sha256 for path in paths}
    for other in others:
        for path in _paths(other):
            if shelf.measured(path).measurement.root.sha256 not in mine:
                shelf.learn(store, path, other["source"], f"{other['id']} {Path(path).name}", "1")
    registry = Registry(store)
    return Judged.of(shelf.verify(path, registry) for path in paths)
