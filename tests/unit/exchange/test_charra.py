"""Answers of network devices, RFC 9684. No published vector confirms them: genuine evidence is written as a device would."""

import json
import random
from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import network_device as device
from tests.unit.attestation.tpm.simulator import NONCE, SELECTION, attest, selection_bytes, sized, values_of

from trueware.attestation.event_log.reading import read
from trueware.attestation.recognise import Kind, Piece, recognise
from trueware.attestation.tpm.pcrs import PcrValues, parse_pcr_file, pcr_file
from trueware.errors import InputError, MalformedInput, UnsupportedInput
from trueware.exchange.charra.asking import challenge_body, retrieval_body
from trueware.exchange.charra.logs import LogKind
from trueware.exchange.charra.pieces import pieces_of
from trueware.exchange.charra.reading import read_answer

Writer = Callable[[dict[str, Any]], bytes]
WRITERS = pytest.mark.parametrize("write", [device.as_json, device.as_xml])
SNAPSHOTS = ("a1_genuine_devA/t1_service", "a10_other_firmware/t0_boot", "b1_secureboot_shim_grub/t0_boot")


def folders(corpus: Path, name: str) -> tuple[Path, Path]:
    snapshot = corpus / "attest/real/open" / name
    return snapshot, snapshot.parent


def minimal(**changed: Any) -> dict[str, Any]:
    return {"certificate-name": "ak", "quote-data": device.base64(attest(values_of(SELECTION))), **changed}


def answer(*quotes: dict[str, Any]) -> dict[str, Any]:
    return {"tpm20-attestation-response": list(quotes)}


@WRITERS
@pytest.mark.parametrize("name", SNAPSHOTS)
def test_what_comes_out_is_what_the_tools_write(corpus: Path, name: str, write: Writer) -> None:
    """Quote, signature, values and both logs, byte for byte; values in their own order of banks."""
    snapshot, boot = folders(corpus, name)
    bios = (boot / "binary_bios_measurements").read_bytes()
    ima = (snapshot / "binary_runtime_measurements").read_bytes()
    documents = [
        write(answer(device.quote(snapshot))),
        write(device.logs("bios", device.boot_events(bios))),
        write(device.logs("ima", list(device.files(ima)))),
    ]
    assert {recognise(Piece("answer", each)) for each in documents} == {Kind.CHARRA}
    held = pieces_of(map(read_answer, documents))
    assert not held.gaps
    found = {each: data for each, _, data in held.pieces}
    assert found["quote.msg"] == (snapshot / "quote.msg").read_bytes()
    assert found["quote.sig"] == (snapshot / "quote.sig").read_bytes()
    assert parse_pcr_file(found["quote.pcrs"]) == parse_pcr_file((snapshot / "quote.pcrs").read_bytes())
    assert found["binary_bios_measurements"] == bios[: len(bios) - read(bios).padding]
    assert found["binary_runtime_measurements"] == ima


def test_a_log_without_its_header_has_the_same_events(corpus: Path) -> None:
    data = (folders(corpus, SNAPSHOTS[0])[1] / "binary_bios_measurements").read_bytes()
    output = device.as_json(device.logs("bios", device.boot_events(data, with_header=False)))
    log, genuine = read(read_answer(output).logs[0].data), read(data)
    assert log.problem is None
    assert [each[1:5] for each in log.events[1:]] == [each[1:5] for each in genuine.events[1:]]
    assert [each.name for each in log.banks] == [each.name for each in genuine.banks]


def test_events_are_taken_by_their_numbers(corpus: Path) -> None:
    data = (folders(corpus, SNAPSHOTS[0])[1] / "binary_bios_measurements").read_bytes()
    events = device.boot_events(data)
    shuffled = random.Random(7).sample(events, len(events))
    one, other = (read_answer(device.as_json(device.logs("bios", each))).logs[0].data for each in (events, shuffled))
    assert one == other


def test_a_log_of_sha1_is_written_as_one() -> None:
    event = {"event-number": 1, "event-type": 4, "pcr-index": 0, "event-data": [device.base64(bytes(4))]}
    event["digest-list"] = [{"hash-algo": "TPM_ALG_SHA1", "digest": [device.base64(bytes(range(20)))]}]
    log = read(read_answer(device.as_json(device.logs("bios", [event]))).logs[0].data)
    assert (log.is_agile, log.problem, len(log.events)) == (False, None, 1)
    assert log.events[0].digests == (bytes(range(20)),)


def test_template_hashes_of_another_bank(corpus: Path) -> None:
    """Lists that show another bank's template hash come out as the kernel's list; a hash that is of something else is refused."""
    from hashlib import sha256

    from trueware.attestation.ima.entries import entries

    data = (folders(corpus, SNAPSHOTS[0])[0] / "binary_runtime_measurements").read_bytes()
    listed = list(device.files(data))
    for each, entry in zip(listed, entries(data), strict=True):
        each["template-hash-algorithm"], each["template-hash"] = "sha256", device.base64(sha256(entry.data).digest())
    assert read_answer(device.as_json(device.logs("ima", listed))).logs[0].data == data
    listed[3]["filename-hint"] += "x"
    with pytest.raises(MalformedInput, match="event 4: its template-hash"):
        read_answer(device.as_json(device.logs("ima", listed)))


@pytest.mark.parametrize("algorithm", ["shake_128", "md5", "crc", ""])
def test_template_hashes_that_no_bank_has(algorithm: str) -> None:
    entry = {
        "event-number": "1",
        "ima-template": "ima-ng",
        "filename-hint": "/bin/sh",
        "filedata-hash": "AAAA",
        "pcr-index": 10,
    }
    hashed = {"template-hash-algorithm": algorithm, "template-hash": device.base64(bytes(range(32)))}
    found = read_answer(device.as_json(device.logs("ima", [entry | hashed])))
    assert "no template hash" in found.gaps[0][1]


def test_a_list_with_fields_that_have_no_names_is_a_gap(corpus: Path) -> None:
    data = (folders(corpus, "a12_ima_ng_sha512_critdata/t0_boot")[0] / "binary_runtime_measurements").read_bytes()
    found = read_answer(device.as_json(device.logs("ima", list(device.files(data)))))
    assert not found.logs
    assert "template 'ima-buf'" in found.gaps[0][1]


def test_logs_of_two_tpms_are_a_gap() -> None:
    output = device.logs("bios", [])
    output["system-event-logs"]["node-data"] *= 2
    held = pieces_of([read_answer(device.as_json(output))])
    assert (held.pieces, len(held.gaps)) == ((), 1)


def test_keys_of_one_device_are_numbered() -> None:
    data = device.as_json(answer(minimal(**{"quote-signature": "AAA="}), minimal(**{"certificate-name": "../../etc"})))
    assert [each for each, _, _ in pieces_of([read_answer(data)]).pieces] == ["quote.msg", "quote.sig", "quote-2.msg"]


def test_a_length_before_the_attestation_is_taken() -> None:
    data = sized(attest(values_of(SELECTION)))
    assert read_answer(device.as_json(answer(minimal(**{"quote-data": device.base64(data)})))).quotes[0].attest == data


@WRITERS
@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ({}, "neither quotes nor logs"),
        (answer({"certificate-name": "ak"}), "without quote-data"),
        (answer(minimal(**{"quote-data": "%%%"})), "no base64"),
        (answer(minimal(**{"up-time": 1 << 32})), "is the most"),
        (answer(minimal(**{"up-time": "soon"})), "no number"),
        (answer(minimal(**{"quote-signature": {"r": "AA=="}})), "no leaf"),
        (answer(minimal(**{"unsigned-pcr-values": ["AA=="]})), "no node"),
        (
            answer(minimal(**{"unsigned-pcr-values": [{"pcr-values": [{"pcr-index": 1, "pcr-value": "AAAA"}]}]})),
            "has 3 bytes",
        ),
        (answer(minimal(**{"unsigned-pcr-values": [{"tpm20-hash-algo": "md5"}]})), "no known hash"),
        (answer(minimal(**{"unsigned-pcr-values": [{"pcr-values": [{"pcr-index": 32}]}]})), "31 is the most"),
        (answer(*[minimal()] * 17), "16 is the most"),
        (
            answer(minimal(**{"quote-data": device.base64(selection_bytes(SELECTION) + sized(bytes(32)))})),
            "TPMS_QUOTE_INFO",
        ),
        (device.logs("bios", [{"event-number": 1}]), "lacks its pcr-index"),
        (device.logs("bios", [{"event-type": 4, "pcr-index": 0}]), "without its event-number"),
        (device.logs("bios", [{"event-number": 1, "event-type": 4, "pcr-index": 0}] * 2), "stands twice"),
        (
            device.logs("bios", [{"event-number": 1, "event-type": 4, "pcr-index": 0, "event-size": 9}]),
            "not its event-size",
        ),
        (device.logs("ima", [{"event-number": 1, "ima-template": "ima-ng"}]), "lacks its pcr-index"),
        ({"tpm20-attestation-challenge": {"nonce-value": "AAAA"}}, "no answer"),
    ],
)
def test_what_is_no_answer_is_refused(output: dict[str, Any], reason: str, write: Writer) -> None:
    with pytest.raises(MalformedInput, match=reason):
        read_answer(write(output))


def test_errors_of_the_device_are_told() -> None:
    errors = {"errors": {"error": [{"error-tag": "access-denied", "error-message": "no"}]}}
    with pytest.raises(MalformedInput, match="access-denied: no"):
        read_answer(json.dumps({f"ietf-restconf:{name}": value for name, value in errors.items()}).encode())
    with pytest.raises(MalformedInput, match="access-denied: no"):
        read_answer(device.as_xml({"rpc-error": errors["errors"]["error"]}))


@WRITERS
def test_answers_of_an_older_tpm_are_recognised_and_refused(write: Writer) -> None:
    data = write({"tpm12-attestation-response": [{"certificate-name": "aik", "pcr-data": "AAAA", "sig": "AAAA"}]})
    assert recognise(Piece("a", data)) is Kind.CHARRA
    with pytest.raises(UnsupportedInput, match=r"TPM 1\.2"):
        read_answer(data)


def test_documents_that_eat_memory_are_refused() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY x "xxxxxxxx">]><rpc-reply>&x;</rpc-reply>'
    deep = b'{"output":' * 5000 + b"1" + b"}" * 5000
    for data in (
        bomb,
        deep,
        b"<output>" * 5000,
        b'{"a":' * 20 + b"1" + b"}" * 20,
        b'{"a:x":1,"b:x":2}',
        b"[1]",
        b"<a/>",
    ):
        with pytest.raises(InputError):
            read_answer(data)


def test_what_is_asked() -> None:
    body = json.loads(challenge_body(bytes(range(32)), {"sha256": [0, 7, 7], "sha1": [10]}, ["ak"]))
    asked = body["ietf-tpm-remote-attestation:input"]["tpm20-attestation-challenge"]
    assert b64decode(asked["nonce-value"]) == bytes(range(32))
    assert asked["certificate-name"] == ["ak"]
    assert asked["tpm20-pcr-selection"] == [
        {"tpm20-hash-algo": "ietf-tcg-algs:TPM_ALG_SHA256", "pcr-index": [0, 7]},
        {"tpm20-hash-algo": "ietf-tcg-algs:TPM_ALG_SHA1", "pcr-index": [10]},
    ]
    body = json.loads(retrieval_body(LogKind.NETEQUIP_BOOT, ["tpm-1"], 5))
    assert body == {
        "ietf-tpm-remote-attestation:input": {
            "log-type": "ietf-tpm-remote-attestation:netequip_boot",
            "log-selector": [{"last-index-number": "5", "name": ["tpm-1"]}],
        }
    }
    for wrong in ({"md5": [0]}, {"sha1": [32]}):
        with pytest.raises(ValueError, match="no PCRs"):
            challenge_body(NONCE, wrong)


BANKS = st.dictionaries(
    st.sampled_from(["sha1", "sha256", "sha384"]), st.frozensets(st.integers(0, 31), min_size=1), min_size=1
)


@given(BANKS)
def test_files_of_values_are_read_back(banks: dict[str, frozenset[int]]) -> None:
    values = values_of(tuple((bank, tuple(sorted(indices))) for bank, indices in banks.items()))
    assert parse_pcr_file(pcr_file(values)) == values
    assert pcr_file(PcrValues({**values.banks, "sha512": {}})) == pcr_file(values)


TOP = [
    "output",
    "rpc-reply",
    "errors",
    "error",
    "error-tag",
    "tpm20-attestation-response",
    "tpm12-attestation-response",
]
QUOTE = ["certificate-name", "quote-data", "quote-signature", "unsigned-pcr-values", "tpm20-hash-algo", "pcr-values"]
LOG = ["system-event-logs", "node-data", "name", "up-time", "log-result", "event-number", "pcr-index", "pcr-value"]
BIOS = [
    "bios-event-logs",
    "bios-event-entry",
    "event-type",
    "digest-list",
    "hash-algo",
    "digest",
    "event-size",
    "event-data",
]
IMA = ["ima-event-logs", "ima-event-entry", "boot-event-logs", "boot-event-entry", "ima-template", "filename-hint"]
HASHES = ["filedata-hash", "filedata-hash-algorithm", "template-hash", "template-hash-algorithm", "signature"]
NAMES = st.sampled_from([*TOP, *QUOTE, *LOG, *BIOS, *IMA, *HASHES])
LEAVES = (
    st.text(max_size=9)
    | st.sampled_from(["ima", "ima-ng", "ima-sig", "TPM_ALG_SHA256", "TPM_ALG_SHA1", "sha256", "AAAA", "", "1"])
    | st.binary(max_size=40).map(device.base64)
    | st.integers(-2, 1 << 65)
    | st.floats()
    | st.booleans()
    | st.none()
)
TREES = st.recursive(
    LEAVES, lambda inner: st.dictionaries(NAMES, inner | st.lists(inner, max_size=3), max_size=6), max_leaves=40
)


@given(st.dictionaries(NAMES, TREES, max_size=3))
def test_whatever_stands_in_a_document_is_read_or_refused(tree: dict[str, Any]) -> None:
    try:
        pieces_of([read_answer(json.dumps(tree).encode())])
    except InputError:
        return


@pytest.fixture(scope="module")
def genuine() -> list[bytes]:
    values = values_of(SELECTION)
    listed = [
        {
            "tpm20-hash-algo": device.ALGORITHMS[bank],
            "pcr-values": [{"pcr-index": 0, "pcr-value": device.base64(each[0])}],
        }
        for bank, each in values.banks.items()
    ]
    event = {"event-number": 1, "event-type": 4, "pcr-index": 0, "event-data": [device.base64(bytes(40))]}
    event["digest-list"] = [{"hash-algo": "TPM_ALG_SHA256", "digest": [device.base64(bytes(32))]}]
    file = {"event-number": "1", "ima-template": "ima-ng", "filename-hint": "/bin/sh", "filedata-hash": "AAAA"}
    outputs = [
        answer(minimal(**{"unsigned-pcr-values": listed})),
        device.logs("bios", [event]),
        device.logs("ima", [file | {"filedata-hash-algorithm": "sha256", "pcr-index": 10}]),
    ]
    return [write(each) for each in outputs for write in (device.as_json, device.as_xml)]


def mutations(data: bytes, seed: int) -> Iterator[bytes]:
    chance = random.Random(seed)
    for _ in range(80):
        at, size = chance.randrange(len(data)), chance.randrange(1, 9)
        yield data[:at] + chance.randbytes(size) + data[at + size :]
        yield data[:at] + data[at + size :]
        yield data[:at] + data[at : at + 40 * size] + data[at:]
        yield data[:at]


def test_damage_is_refused_or_read(genuine: list[bytes]) -> None:
    for seed, document in enumerate(genuine):
        assert read_answer(document)
        for each in mutations(document, seed):
            try:
                pieces_of([read_answer(each)])
            except InputError:
                continue
