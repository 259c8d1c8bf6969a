"""The 31 items of the open corpus: which references their labels name, and the verdict that comes out beside the label.

An item of several files is judged by the worst of them (counterfeit, tampered, unknown, genuine), or by those that `SETUPS` names.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus_shelf import NOW, Shelf
from trueware.model.release import Entitlement
from trueware.model.result import Result
from trueware.model.verdict import Verdict
from trueware.registry.enrol import enrol
from trueware.registry.import_index import import_index
from trueware.registry.lookup import Registry
from trueware.storage.memory import MemoryStore
from trueware.verify import verify

LATER = {
    "G02": "AVB signature",
    "G13": "APK signatures",
    "H03": "Tizen XML signatures",
    "I04": "Authenticode",
    "I08": "module signatures",
}
"""Items whose label can only be reached by verifying a signature, and which scheme it takes: not counted as right."""

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

    verify: tuple[str, ...] = ()
    """Paths to verify; by default all files of the item."""


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
        return (
            "" if self.unrelated.verdict is Verdict.UNKNOWN else f"matched with other products: {self.unrelated.reason}"
        )

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
            own = Judged.of(_verify(shelf, item["files"], _own(item)))
        outcomes.append(
            Outcome(
                mine,
                item["what"],
                item["expected"],
                tuple(item["acceptable"]),
                Judged.of(_verify(shelf, item["files"], MemoryStore())),
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


def run_beside(shelf: Shelf) -> list[tuple[str, Judged]]:
    """Judge what stands beside an index or release that does not speak for it."""
    return [(what, judge(shelf, setup, ())) for what, setup in BESIDE]


def judge(shelf: Shelf, setup: Setup, paths: tuple[str, ...]) -> Judged:
    """Return the verdict with what `setup` enrols, through the library's own front door."""
    store = MemoryStore()
    for publisher, claim, pattern in setup.entitle:
        enrol(store, publisher, [], [Entitlement(claim, pattern)], NOW)
    for path, publisher, product, version in setup.learn:
        shelf.learn(store, path, publisher, product, version)
    for path, publisher in setup.indexes:
        import_index(store, (shelf.corpus / path).read_text("utf-8"), publisher=publisher, source=path, now=NOW)
    registry = Registry(store)
    return Judged.of(verify(shelf.corpus / path, registry) for path in setup.verify or paths)


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


def _own(item: Mapping[str, Any]) -> MemoryStore:
    store = MemoryStore()
    sums = "".join(f"{file['sha256']}  {Path(file['path']).name}\n" for file in item["files"])
    import_index(store, sums, publisher=item["source"], source="its own digests", now=NOW)
    return store


def _verify(shelf: Shelf, files: Iterable[Mapping[str, Any]], store: MemoryStore) -> list[Result]:
    registry = Registry(store)
    return [shelf.verify(file["path"], registry) for file in files]


def _against(shelf: Shelf, paths: tuple[str, ...], others: Iterable[Mapping[str, Any]]) -> Judged:
    store = MemoryStore()
    mine = {shelf.measured(path).measurement.root.sha256 for path in paths}
    for other in others:
        for path in _paths(other):
            if shelf.measured(path).measurement.root.sha256 not in mine:
                shelf.learn(store, path, other["source"], f"{other['id']} {Path(path).name}", "1")
    registry = Registry(store)
    return Judged.of(shelf.verify(path, registry) for path in paths)
