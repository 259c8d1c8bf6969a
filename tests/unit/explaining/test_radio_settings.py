"""What a radio may do: each rule where it is so, and its nearest neighbour where it is not."""

import time
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import Tree, case, findings, rules
from tests.unit.explaining.radios import (
    ADDRESS,
    Rules,
    ar5416,
    ar9300,
    mediatek,
    partition,
    qca988x,
    regulatory_bin,
    regulatory_db,
)

from trueware.errors import MalformedInput
from trueware.explaining.detectors.radio_settings import RadioSettings
from trueware.explaining.reading.calibration import read_calibration
from trueware.explaining.reading.regulatory_db import allowed_beyond, read_regulations
from trueware.model.finding import Severity

OTHER = bytes.fromhex("e894f6abcdef")
RADAR, LISTEN = 1 << 2, 1 << 3
GERMANY: Rules = {
    "00": [(2402, 2472, 20, 0)],
    "DE": [(2400, 2483, 20, 0), (5250, 5350, 20, RADAR), (5470, 5725, 27, RADAR)],
}


def told(genuine: Tree, suspect: Tree, mutable: tuple[str, ...] = ()) -> list[str]:
    return rules(RadioSettings, case(genuine, suspect, mutable=mutable))


def changed(bands: list[tuple[int, int, float, int]]) -> Rules:
    return {**GERMANY, "DE": bands}


@pytest.mark.parametrize(("name", "make"), [("regulatory.db", regulatory_db), ("regulatory.bin", regulatory_bin)])
@pytest.mark.parametrize(
    ("bands", "evidence"),
    [
        ([(2400, 2483, 33, 0), (5250, 5350, 20, RADAR), (5470, 5725, 27, RADAR)], ("DE, 2400 to 2483 MHz", "20 dBm", "33 dBm")),
        ([(2400, 2500, 20, 0), (5250, 5350, 20, RADAR), (5470, 5725, 27, RADAR)], ("DE, 2483 to 2500 MHz", "nothing", "20 dBm")),
        ([(2400, 2483, 20, 0), (5250, 5350, 20, 0), (5470, 5725, 27, RADAR)],
         ("DE, 5250 to 5350 MHz", "20 dBm, radar detection", "20 dBm")),
        ([(2400, 2483, 20, 0), (5250, 5725, 20, RADAR), (5470, 5725, 27, RADAR)],
         ("DE, 5350 to 5470 MHz", "nothing", "20 dBm, radar detection")),
    ],
)  # fmt: skip
def test_database_that_allows_more(
    name: str, make: object, bands: list[tuple[int, int, float, int]], evidence: tuple[str, str, str]
) -> None:
    path = f"lib/firmware/{name}"
    if name == "regulatory.bin":  # its own flags

        def convert(rules_: Rules) -> Rules:
            return {
                code: [(*band[:3], 1 << 4 if band[3] & RADAR else 0) for band in each] for code, each in rules_.items()
            }

    else:

        def convert(rules_: Rules) -> Rules:
            return rules_

    before, after = make(convert(GERMANY)), make(convert(changed(bands)))  # type: ignore[operator]
    [found] = findings(RadioSettings, case({path: before}, {path: after}))

    assert found.rule == "regulatory-database-loosened"
    assert found.detail == "more is allowed in DE"
    assert [(each.where, each.expected, each.found) for each in found.evidence] == [evidence]


@pytest.mark.parametrize(
    "after",
    [
        regulatory_db(changed([(2400, 2483, 17, 0), (5250, 5350, 20, RADAR | LISTEN)])),  # less
        regulatory_db(changed([(2400, 2440, 20, 0), (2440, 2483, 20, 0), *GERMANY["DE"][1:]])),  # in two
        regulatory_db({"00": GERMANY["00"]}),
        b"RGDB\0\0\0\x14",
        b"",
    ],
)  # fmt: skip
def test_database_that_allows_no_more_is_changed_only(after: bytes) -> None:
    found = findings(
        RadioSettings,
        case({"lib/firmware/regulatory.db": regulatory_db(GERMANY)}, {"lib/firmware/regulatory.db": after}),
    )
    assert [(each.rule, each.severity) for each in found] == [("regulatory-database-changed", Severity.LOW)]


def test_country_that_is_new_is_more() -> None:
    more = dict(
        allowed_beyond(read_regulations(regulatory_db(GERMANY)), read_regulations(regulatory_db({**GERMANY, "XX": []})))
    )
    assert more == {"XX": ()}


def test_database_is_no_finding_where_there_was_none_or_it_is_the_same() -> None:
    assert told({}, {"lib/firmware/regulatory.db": regulatory_db(GERMANY)}) == []
    assert told({"lib/firmware/regulatory.db": regulatory_db(GERMANY)}, {}) == ["regulatory-database-changed"]


def test_database_made_to_cost_much_is_refused_or_read_soon() -> None:
    """As many countries and rules as are read."""
    dense: Rules = {
        f"{chr(65 + each // 26)}{chr(65 + each % 26)}": [
            (2000 + step, 3000 + 7 * step, 20 + each % 5, step & 15) for step in range(64)
        ]
        for each in range(400)
    }
    other: Rules = {code: [(*band[:2], band[2] + 1, 0) for band in bands] for code, bands in dense.items()}
    started = time.process_time()
    more = list(allowed_beyond(read_regulations(regulatory_bin(dense)), read_regulations(regulatory_bin(other))))
    assert len(more) == 400
    assert time.process_time() - started < 6
    with pytest.raises(MalformedInput):
        read_regulations(pack(">4sIIII", b"RGDB", 19, 20, 1 << 30, 0))


@given(st.binary(max_size=300), st.sampled_from([19, 20]))
def test_any_bytes_are_a_database_or_none(data: bytes, version: int) -> None:
    try:
        found = read_regulations(pack(">4sI", b"RGDB", version) + data)
    except MalformedInput:
        return
    assert list(allowed_beyond(found, found)) == []


def test_key_for_databases() -> None:
    path = "usr/lib/crda/pubkeys/mine.key.pub.pem"
    assert told({}, {path: b"-----BEGIN PUBLIC KEY-----"}) == ["regulatory-key-added"]
    assert told({path: b"-----BEGIN PUBLIC KEY-----"}, {}) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (ar9300(), ar9300(domain=0), ["calibration-domain-changed"]),
        (ar5416(), ar5416(domain=0x60), ["calibration-domain-changed"]),
        (ar5416(order="<"), ar5416(order="<", domain=0x60), ["calibration-domain-changed"]),
        (qca988x(), qca988x(domain=0x60), ["calibration-domain-changed"]),
        (ar9300(), ar9300(power=60), ["calibration-changed"]),
        (ar5416(), ar5416(power=60), ["calibration-changed"]),
        (mediatek(), mediatek(power=60), ["calibration-changed"]),
        (ar5416(), ar5416(power=60, sealed=False), ["calibration-checksum-broken"]),
        (qca988x(size=12064), qca988x(size=12064, power=60, sealed=False), ["calibration-checksum-broken"]),
        (ar5416(), qca988x(), ["calibration-of-another-chip"]),
        (mediatek(), mediatek(chip=0x7615), ["calibration-of-another-chip"]),
        (ar9300(), ar9300(OTHER, power=60), []),  # another device's
        (ar5416(), ar5416(OTHER, power=60), []),
        (ar5416(sealed=False), ar5416(OTHER, power=60, sealed=False), []),  # the genuine is no better
    ],
)  # fmt: skip
@pytest.mark.parametrize("mutable", [(), ("art",)])
def test_calibration(before: bytes, after: bytes, expected: list[str], mutable: tuple[str, ...]) -> None:
    assert told({"art": partition(before)}, {"art": partition(after)}, mutable) == expected


def test_second_radio_and_erased_partition() -> None:
    genuine = partition(ar9300(), qca988x())

    assert [each.offset for each in read_calibration(genuine)] == [0x1000, 0x5000]
    assert told({"0:ART": genuine}, {"0:ART": partition(ar9300(), qca988x(domain=1))}) == ["calibration-domain-changed"]
    assert told({"0:ART": genuine}, {"0:ART": partition()}) == ["calibration-erased"]
    assert told({"0:ART": genuine}, {"0:ART": bytes(0x10000)}) == ["calibration-erased"]
    assert told({"0:ART": partition()}, {"0:ART": bytes(0x10000)}) == []


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\xa5\x5a", b"\xff" * 0x2000, bytes(0x2000), b"\x02\x04" + bytes(2000), b"\x03\x76" + b"\xff" * 0x400,
        b"\x02\x04" + ADDRESS + b"\x01" * 2000,
    ],
)  # fmt: skip
def test_what_is_no_calibration(data: bytes) -> None:
    assert read_calibration(data) == ()


@given(st.binary(max_size=64), st.integers(0, 1088))
def test_any_bytes_are_calibration_or_none(data: bytes, at: int) -> None:
    block = bytearray(ar9300())
    block[at : at + len(data)] = data
    for found in read_calibration(bytes(block)):
        assert len(found.address) == 6


def test_template_of_the_driver() -> None:
    path = "lib/firmware/ath10k/QCA988X/hw2.0/board.bin"
    assert told({path: b"a" * 64}, {path: b"b" * 64}) == ["radio-template-changed"]
    assert told({}, {path: b"b" * 64}) == []
    assert told({"lib/firmware/ath10k/firmware-5.bin": b"a"}, {"lib/firmware/ath10k/firmware-5.bin": b"b"}) == []


@pytest.mark.parametrize(
    ("path", "before", "after", "expected"),
    [
        ("etc/nvram.default", b"ccode=DE\nregrev=0\n", b"ccode=US\nregrev=0\n", ["radio-country-changed"]),
        ("etc/nvram.default", b"ccode=DE\n", b"ccode=DE\nwl0_country_code=\n", []),
        ("etc/nvram.default", b"maxp2ga0=0x42\n", b"maxp2ga0=0x66\n", ["radio-power-raised"]),
        ("etc/nvram.default", b"maxp2ga0=0x42\n", b"maxp2ga0=0x30\n", []),
        ("etc/nvram.default", b"maxp2ga0=0x42\n", b"maxp2ga0=66\n", []),  # the same number
        ("etc/nvram.default", b"pa2ga0=-109,6909,-723\n", b"pa2ga0=-109,7909,-723\n", ["radio-power-raised"]),
        ("etc_ro/Wireless/RT2860AP.dat", b"Default\nCountryRegion=1\nTxPower=60\n", b"Default\nCountryRegion=5\nTxPower=100\n",
         ["radio-country-changed", "radio-power-raised"]),
        ("etc/hostapd.conf", b"country_code=DE\nieee80211h=1\n", b"country_code=DE\nieee80211h=0\n", ["radar-detection-disabled"]),
        ("etc/hostapd.conf", b"country_code=DE\nieee80211h=1\n", b"country_code=US\nieee80211h=1\n", ["radio-country-changed"]),
        ("etc/hostapd.conf", b"country_code=DE\n#ieee80211h=1\n", b"# country_code=US\ncountry_code=DE\n", []),
        ("etc/default/crda", b"REGDOMAIN=\n", b"REGDOMAIN=BO\n", ["radio-country-changed"]),
        ("etc/default/crda", b"REGDOMAIN=DE\n", b"# a comment\nREGDOMAIN=DE\n", []),
        ("etc/modprobe.d/wifi.conf", b"", b"options cfg80211 ieee80211_regdom=ZZ\n", ["radio-country-changed"]),
        ("etc/modprobe.d/wifi.conf", b"", b"options iwlwifi lar_disable=1\n", ["radio-country-changed"]),
        ("etc/modprobe.d/wifi.conf", b"", b"options iwlwifi power_save=1\n", []),
        ("etc/modules.d/ath9k", b"ath9k\n", b"ath9k nohwcrypt=1\n", []),
    ],
)  # fmt: skip
def test_settings_of_the_radio(path: str, before: bytes, after: bytes, expected: list[str]) -> None:
    assert told({path: before} if before else {}, {path: after}) == expected


def wireless(*options: str) -> bytes:
    return "\n".join(["config wifi-device 'radio0'", *(f"\toption {each}" for each in options)]).encode() + b"\n"


@pytest.mark.parametrize(
    ("before", "after", "configured", "preset"),
    [
        (["country 'DE'"], ["country 'US'"], [], ["radio-country-changed"]),  # owners move
        ([], ["country 'DE'"], [], ["radio-country-changed"]),
        (["country '00'"], ["country 'QQ'"], ["radio-country-changed"], ["radio-country-changed"]),
        (["country 'DE'"], ["country '00'"], [], []),
        (["txpower '17'"], ["txpower '20'"], [], ["radio-power-raised"]),
        (["txpower '17'"], ["txpower '36'"], ["radio-power-raised"], ["radio-power-raised"]),
        (["txpower '36'"], ["txpower '20'"], [], []),
        ([], ["txpower '20'"], [], []),
        (["channel '1'"], ["channel '6'"], [], []),
    ],
)
def test_wireless_settings_are_the_owners_where_policy_says_so(
    before: list[str], after: list[str], configured: list[str], preset: list[str]
) -> None:
    genuine: Tree = {"etc/config/wireless": wireless(*before)}
    suspect: Tree = {"etc/config/wireless": wireless(*after)}

    assert told(genuine, suspect, ("etc/config/**",)) == configured
    assert told(genuine, suspect) == preset


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("iw reg set BO", ["radio-country-changed"]),
        ("wl -i eth1 country US/0", ["radio-country-changed"]),
        ("iwpriv ath0 setCountry US", ["radio-country-changed"]),
        ("uci set wireless.radio0.country='QQ'", ["radio-country-changed"]),
        ("nvram set wl0_country_code=US", ["radio-country-changed"]),
        ("iw dev wlan0 set txpower fixed 3600", ["radio-power-raised"]),
        ("iwconfig wlan0 txpower 33", ["radio-power-raised"]),
        ("uci set wireless.radio0.txpower=36", ["radio-power-raised"]),
        ("radartool -i wifi0 disable", ["radar-detection-disabled"]),
        ("wl radar 0", ["radar-detection-disabled"]),
        ("iw reg set $COUNTRY", []),
        ("iw reg get", []),
        ("iw dev wlan0 set txpower fixed 2000", []),
        ("iw dev wlan0 set txpower auto", []),
        ("iwconfig wlan0 essid home", []),
        ("wl radar 1", []),
        ("uci set wireless.radio0.channel=36", []),
        ("nvram set wl0_country_code=", []),
    ],
)
def test_commands(command: str, expected: list[str]) -> None:
    path, plain = "etc/rc.local", b"wifi up\n"
    script = plain + command.encode() + b"\n"

    assert told({path: plain}, {path: script}) == expected
    assert told({path: script}, {path: plain}) == []
    assert told({path: script}, {path: b"# moved\n" + command.encode() + b"\nwifi up\n"}) == []


def test_nothing_is_said_where_the_genuine_is_not_at_hand() -> None:
    made = case({"art": partition(ar9300())}, {"art": partition(ar9300(domain=0))}, at_hand=False)
    assert rules(RadioSettings, made) == []
