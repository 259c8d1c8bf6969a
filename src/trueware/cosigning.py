"""Asks witnesses to cosign the checkpoint of a registry's log (C2SP tlog-witness, the client), and keeps what they answer."""

import http.client
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlsplit

from trueware.errors import InputError, StoreError, UntrustedStatement
from trueware.registry.ports import RegistryStore
from trueware.tlog import checkpoint, note
from trueware.tlog.merkle import consistency_proof
from trueware.tlog.note import Signature, Verifier
from trueware.tlog.policy import Policy
from trueware.tlog.witness import SIZE_TYPE, Request

_TIMEOUT = 20.0
_MOST = 1 << 20
_TRIES = 3
"""The size that a witness has may change between two requests, when another asks for us too."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one witness answered."""

    name: str
    """As the policy calls it."""

    cosigned: bool
    detail: str


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    content_type: str
    body: bytes


def gather(store: RegistryStore, policy: Policy, timeout: float = _TIMEOUT) -> list[Asked]:
    """Ask each witness of a policy that has a URL to cosign the last checkpoint, and keep the cosignatures in the store.

    Raises:
        UntrustedStatement: the log is not one of the policy.
        StoreError: the store cannot be read or written, or has no log.
    """
    data = store.checkpoint()
    if data is None:
        raise StoreError("the registry has no log")
    at = None
    for log in policy.logs:
        try:
            at, _ = checkpoint.open_checkpoint(data, log)
        except UntrustedStatement:
            continue
    if at is None:
        raise UntrustedStatement("the log of this registry is none of the policy")
    asked: list[Asked] = []
    lines: list[Signature] = []
    for name, witness in policy.witnesses.items():
        url = policy.urls.get(witness)
        if url is None:
            continue
        try:
            lines.append(_ask(store, data, at.size, witness, url, timeout))
        except (InputError, StoreError) as error:
            asked.append(Asked(name, cosigned=False, detail=str(error)))
        else:
            asked.append(Asked(name, cosigned=True, detail=f"{at.size} leaves"))
    if lines:
        with store.transaction():
            stored = store.checkpoint(at.size)
            if stored is not None:
                store.put_checkpoint(at.size, bytes(note.with_signatures(note.read_note(stored), lines)))
    return asked


def _ask(store: RegistryStore, data: bytes, size: int, witness: Verifier, url: str, timeout: float) -> Signature:
    old = 0
    for _ in range(_TRIES):
        proof = consistency_proof(old, size, store.get_tile) if 0 < old <= size else []
        answer = _post(url, bytes(Request(old, tuple(proof), data)), timeout)
        if answer.status == 200:
            return _cosignature(data, answer.body, witness)
        if answer.status != 409 or answer.content_type.partition(";")[0].strip() != SIZE_TYPE:
            said = answer.body[:200].decode("utf-8", "replace").strip()
            raise UntrustedStatement(f"it answers {answer.status}: {said}")
        text = answer.body[:32].strip()
        if not text.isdigit():
            raise UntrustedStatement("it answers with a size that is none")
        old = int(text)
        if old > size:
            raise UntrustedStatement(f"it cosigned {old} leaves, this log has {size}: the registry was put back")
    raise UntrustedStatement("the size that it has keeps changing")


def _cosignature(data: bytes, body: bytes, witness: Verifier) -> Signature:
    ours = note.read_note(data)
    answered = note.read_note(f"{ours.text}\n".encode() + body)
    for line in answered.signatures:
        if (line.name, line.id) == (witness.name, witness.id):
            note.verify(note.Note(ours.text, (line,)), [witness])
            return line
    raise UntrustedStatement("it answers without a cosignature of its key")


def _post(url: str, body: bytes, timeout: float) -> _Answer:
    """Return what a witness answers within `timeout` seconds in all: that of a socket is for each piece, and pieces may be many."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise UntrustedStatement(f"{url!r} is no address of a witness")
    answers: list[_Answer | Exception] = []

    def run() -> None:
        try:
            answers.append(_posted(url, body, timeout))
        except Exception as error:  # noqa: BLE001 (raised again below)
            answers.append(error)

    thread = threading.Thread(target=run, daemon=True)  # one that goes on after its time ends with the program
    thread.start()
    thread.join(timeout)
    if not answers:
        raise StoreError(f"no answer within {timeout:g} seconds")
    if isinstance(answers[0], Exception):
        raise answers[0]
    return answers[0]


def _posted(url: str, body: bytes, timeout: float) -> _Answer:
    request = urllib.request.Request(f"{url.rstrip('/')}/add-checkpoint", data=body, method="POST")  # noqa: S310 (checked)
    try:
        with _OPENER.open(request, timeout=timeout) as response:
            return _Answer(response.status, response.headers.get("Content-Type", ""), response.read(_MOST))
    except urllib.error.HTTPError as error:
        with error:
            return _Answer(error.code, error.headers.get("Content-Type", ""), error.read(_MOST))
    except (OSError, http.client.HTTPException) as error:
        raise StoreError(f"cannot be reached: {error}") from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Go nowhere else: what a witness answers is its own."""


_OPENER = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
