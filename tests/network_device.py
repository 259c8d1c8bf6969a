"""A network device that answers as RFC 9684 has it, out of files of evidence: JSON and XML."""

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from trueware.attestation.event_log.log import EventLog
from trueware.attestation.event_log.reading import read
from trueware.attestation.ima.entries import entries, fields_of
from trueware.attestation.tpm.pcrs import parse_pcr_file

MODULE = "ietf-tpm-remote-attestation"
NAMESPACE = f"urn:ietf:params:xml:ns:yang:{MODULE}"
ALGORITHMS = {
    "sha1": "TPM_ALG_SHA1",
    "sha256": "TPM_ALG_SHA256",
    "sha384": "TPM_ALG_SHA384",
    "sha512": "TPM_ALG_SHA512",
}


def base64(data: bytes) -> str:
    return b64encode(data).decode()


def quote(folder: Path, stem: str = "quote", certificate: str = "ak-1") -> dict[str, Any]:
    """One entry of ``tpm20-attestation-response``."""
    values = parse_pcr_file((folder / f"{stem}.pcrs").read_bytes()).banks
    return {
        "certificate-name": certificate,
        "quote-data": base64((folder / f"{stem}.msg").read_bytes()),
        "quote-signature": base64((folder / f"{stem}.sig").read_bytes()),
        "up-time": 71,
        "unsigned-pcr-values": [
            {
                "tpm20-hash-algo": f"ietf-tcg-algs:{ALGORITHMS[bank]}",
                "pcr-values": [{"pcr-index": pcr, "pcr-value": base64(value)} for pcr, value in part.items()],
            }
            for bank, part in values.items()
        ],
    }


def boot_events(data: bytes, *, with_header: bool = True) -> list[dict[str, Any]]:
    """``bios-event-entry``."""
    log = read(data)
    return [_event(log, number) for number in range(0 if with_header else 1, len(log.events))]


def _event(log: EventLog, number: int) -> dict[str, Any]:
    event = log.events[number]
    digests = [
        {"hash-algo": f"ietf-tcg-algs:{ALGORITHMS[bank.name]}", "digest": [base64(digest)]}
        for bank, digest in zip(log.banks, event.digests, strict=True)
        if digest is not None
    ]
    found: dict[str, Any] = {"event-number": event.number + 1, "event-type": event.kind, "pcr-index": event.pcr}
    if digests:
        found["digest-list"] = digests
    return found | {"event-size": len(event.data), "event-data": [base64(event.data)]}


def files(data: bytes) -> Iterator[dict[str, Any]]:
    """``ima-event-entry``."""
    for number, entry in enumerate(entries(data), 1):
        said = fields_of(entry.template, entry.data)
        found = {
            "event-number": str(number),
            "ima-template": entry.template,
            "filename-hint": said.path,
            "filedata-hash": base64(said.digest),
            "filedata-hash-algorithm": said.algorithm,
            "template-hash-algorithm": "sha1",
            "template-hash": base64(entry.stored),
            "pcr-index": entry.pcr,
        }
        if said.signature:
            found["signature"] = base64(said.signature)
        yield found


def logs(kind: str, listed: list[dict[str, Any]], name: str = "tpm-1") -> dict[str, Any]:
    """Output of ``log-retrieval``."""
    outer, entry = {
        "bios": ("bios-event-logs", "bios-event-entry"),
        "ima": ("ima-event-logs", "ima-event-entry"),
        "netequip_boot": ("boot-event-logs", "boot-event-entry"),
    }[kind]
    return {"system-event-logs": {"node-data": [{"name": name, "up-time": 71, "log-result": {outer: {entry: listed}}}]}}


def as_json(output: dict[str, Any]) -> bytes:
    """A RESTCONF reply."""
    return json.dumps({f"{MODULE}:output": output}).encode()


def as_xml(output: dict[str, Any]) -> bytes:
    """A NETCONF reply."""
    inner = "".join(_elements(output, f' xmlns="{NAMESPACE}" xmlns:taa="urn:ietf:params:xml:ns:yang:ietf-tcg-algs"'))
    return f'<rpc-reply message-id="1" xmlns="urn:ietf:params:xml:ns:netconf:base:1.0">{inner}</rpc-reply>'.encode()


def _elements(node: dict[str, Any], attributes: str = "") -> Iterator[str]:
    for name, value in node.items():
        for each in value if isinstance(value, list) else [value]:
            inner = "".join(_elements(each)) if isinstance(each, dict) else _xml_leaf(each)
            yield f"<{name}{attributes}>{inner}</{name}>"


def _xml_leaf(value: object) -> str:
    return escape(str(value).replace("ietf-tcg-algs:", "taa:"))
