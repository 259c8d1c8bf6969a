"""Indicators: lists in all their forms, and matches in what changed; what the genuine has too is none, and no verdict moves."""

import json
import os
from hashlib import md5, sha1, sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.errors import InputError, MalformedInput, SourceError
from trueware.explaining.contract import Case
from trueware.explaining.detectors.indicators import KnownIndicators
from trueware.explaining.reading.indicator_lists import read_indicators
from trueware.model.finding import Confidence, Severity
from trueware.model.watchlists import Indicator, Indicators, IndicatorType, Watchlists
from trueware.sources.watchlists import load_watchlists

from .cases import Tree, case, findings, rules

BAD = b"\x7fELF a program that everybody warns of"
LIST = f"""# indicators
type,value,name,source,confidence
sha256,{sha256(BAD).hexdigest()},Sample,Example CERT,high
path,/system/bin/badspear,Sample,Example CERT,low
domain,c2[.]example[.]net,Sample,Example CERT,medium
ip,192.0.2.7,Sample,Example CERT,high
url,hxxp://cdn.example.org/files/next.bin,Sample,,medium
""".encode()


def watched(genuine: Tree, suspect: Tree, data: bytes = LIST, **given: object) -> Case:
    from dataclasses import replace

    known = Indicators(read_indicators(data, "list.csv").indicators)
    return replace(case(genuine, suspect, **given), watchlists=Watchlists(known))  # type: ignore[arg-type]


def test_a_list_of_our_own() -> None:
    read = read_indicators(LIST, "list.csv").indicators
    assert [(each.type.value, each.value) for each in read[1:]] == [
        ("path", "system/bin/badspear"),
        ("domain", "c2.example.net"),
        ("ip", "192.0.2.7"),
        ("url", "cdn.example.org/files/next.bin"),
    ]
    assert (read[0].source, read[0].confidence, read[4].source) == ("Example CERT", Confidence.HIGH, "list.csv")


def test_other_forms() -> None:
    digest = sha1(BAD, usedforsecurity=False).hexdigest()
    plain = f"# a list\n{digest}\n192.0.2.7:8080 # c2\nc2.example[.]net\nhttps://a.example.net/x\n/data/local/tmp/x\nsome prose\n"
    read = read_indicators(plain.encode(), "plain")
    assert [each.type.value for each in read.indicators] == ["sha1", "ip", "domain", "url", "path"]
    assert read.left == 1
    stix = {
        "type": "bundle",
        "objects": [
            {"type": "indicator", "name": "S", "confidence": 90, "pattern": f"[file:hashes.'SHA-1' = '{digest}' OR url:value = 'http://a.example.net/x']"},
            {"type": "indicator", "pattern": "[domain-name:value = 'a.example.net' AND file:name = 'x']"},
            {"type": "malware"},
        ],
    }  # fmt: skip
    read = read_indicators(json.dumps(stix).encode(), "stix")
    assert [(each.type.value, each.confidence) for each in read.indicators] == [
        ("sha1", Confidence.HIGH),
        ("url", Confidence.HIGH),
    ]
    assert read.left == 1  # of two joined by AND neither says anything alone
    misp = {
        "response": [
            {
                "Event": {
                    "info": "Campaign",
                    "Attribute": [
                        {"type": "md5", "value": md5(BAD, usedforsecurity=False).hexdigest()},
                        {"type": "email", "value": "x"},
                    ],
                    "Object": [{"Attribute": [{"type": "filename|sha1", "value": f"x.bin|{digest}"}]}],
                }
            }
        ]
    }
    read = read_indicators(json.dumps(misp).encode(), "misp")
    assert [(each.type.value, each.name) for each in read.indicators] == [("md5", "Campaign"), ("sha1", "Campaign")]


def test_what_everything_would_match_is_left() -> None:
    nothing = f"sha256,{sha256().hexdigest()}\nmd5,{md5(usedforsecurity=False).hexdigest()}\n"
    data = f"type,value\n{nothing}ip,192.168.1.1\nip,127.0.0.1\ndomain,box.local\nip,192.0.2.1\n"
    read = read_indicators(data.encode(), "list")
    assert ([each.value for each in read.indicators], read.left) == (["192.0.2.1"], 5)


@pytest.mark.parametrize(
    "data",
    [
        b"type,value\nsha256,xyz\n",
        b"type,value\ncolour,red\n",
        b"type,value,confidence\nip,192.0.2.1,sure\n",
        b"{}",
        b"[1, 2]",
        b"prose alone\n",
    ],
)
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedInput):
        read_indicators(data, "list")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_list_or_refused(data: bytes) -> None:
    for text in (data, b"type,value\n" + data, b'{"type": "bundle", "objects": [' + data):
        try:
            read_indicators(text, "list")
        except InputError:
            continue


def test_a_known_file() -> None:
    (found,) = findings(KnownIndicators, watched({}, {"usr/bin/x": BAD}))
    assert (found.rule, found.confidence, found.severity) == ("indicator-file", Confidence.HIGH, Severity.HIGH)
    assert found.detail.endswith("Sample, by Example CERT")
    for algorithm in (sha1, md5):
        one = watched({"usr/bin/x": b"other"}, {"usr/bin/x": BAD}, f"{algorithm(BAD).hexdigest()}\n".encode())
        assert rules(KnownIndicators, one) == ["indicator-file"]


def test_what_the_genuine_release_has_too_is_none() -> None:
    assert rules(KnownIndicators, watched({"usr/bin/x": BAD}, {"usr/bin/x": BAD, "usr/bin/y": BAD})) == []
    assert rules(KnownIndicators, watched({"usr/bin/x": BAD}, {"usr/bin/z": BAD})) == []
    naming = {"etc/x": b"server=c2.example.net\n"}
    assert rules(KnownIndicators, watched(naming, {"etc/x": b"server=c2.example.net\nmore\n"})) == []


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"server = sub.c2.example.net", "sub.c2.example.net"),
        (b"\x7fELF\0c2.example.net\0", "c2.example.net"),
        (b"ping 192.0.2.7;", "192.0.2.7"),
        (b"get http://cdn.example.org/files/next.bin?x=1", "cdn.example.org"),
    ],
)
def test_a_place_that_a_changed_file_names(data: bytes, place: str) -> None:
    (found,) = findings(KnownIndicators, watched({"etc/x": b"before"}, {"etc/x": data}))
    assert (found.rule, found.confidence) == ("indicator-address", Confidence.MEDIUM)
    assert found.touches == (f"host:{place}",)
    (unsure,) = findings(KnownIndicators, watched({"etc/x": b"before"}, {"etc/x": data}, at_hand=False))
    assert unsure.confidence is Confidence.LOW


@pytest.mark.parametrize(
    "data",
    [
        b"notc2.example.net",
        b"c2.example.network",
        b"1192.0.2.7",
        b"192.0.2.70",
        b"http://cdn.example.org/files/nextbin",
        b"example.net",
    ],
)
def test_places_that_only_resemble_one(data: bytes) -> None:
    assert rules(KnownIndicators, watched({"etc/x": b"before"}, {"etc/x": data})) == []


def test_a_list_of_blocked_places_is_none_of_contacts() -> None:
    (found,) = findings(KnownIndicators, watched({}, {"etc/adblock/blocklist.txt": b"c2.example.net\n"}))
    assert (found.severity, found.confidence) == (Severity.INFO, Confidence.LOW)


def test_a_path_is_a_weak_sign() -> None:
    (found,) = findings(KnownIndicators, watched({}, {"system/bin/badspear": b"x"}))
    assert (found.rule, found.confidence) == ("indicator-path", Confidence.LOW)
    assert rules(KnownIndicators, watched({"system/bin/badspear": b"y"}, {"system/bin/badspear": b"x"})) == []
    assert rules(KnownIndicators, watched({}, {"system/bin/notbadspear": b"x"})) == []


def test_without_a_list_nothing_is_looked_for() -> None:
    assert rules(KnownIndicators, case({}, {"usr/bin/x": BAD})) == []


def test_a_file_of_indicators(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(LIST)
    (tmp_path / "bad.csv").write_bytes(b"type,value\nsha256,xyz\n")
    loaded = load_watchlists([str(tmp_path / "list.csv")])
    assert len(loaded.indicators) == 5
    assert loaded.indicators.match_host("a.c2.example.net") == (
        Indicator(IndicatorType.DOMAIN, "c2.example.net", "Sample", "Example CERT"),
    )
    for name in ("bad.csv", "none.csv"):
        with pytest.raises(SourceError):
            load_watchlists([str(tmp_path / name)])


@pytest.mark.corpus
@pytest.mark.skipif("TRUEWARE_CORPUS" not in os.environ, reason="needs the corpus")
def test_lists_as_they_are_handed_on() -> None:
    folder = Path(os.environ["TRUEWARE_CORPUS"]) / "corpus/reference/ioc"
    mozi = read_indicators((folder / "eset/mozi/samples.sha256").read_bytes(), "mozi")
    assert len(mozi.indicators) == 21
    assert mozi.left == 0
    c2 = read_indicators((folder / "badbox-c2/blocklist.txt").read_bytes(), "badbox")
    assert {each.type for each in c2.indicators} == {IndicatorType.IP}
    assert len(c2.indicators) == 33
    talos = read_indicators((folder / "talos/Cisco-iOS-XE-IOCs.txt").read_bytes(), "talos")
    assert len(talos.indicators) > 90
