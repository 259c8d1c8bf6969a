"""Runtime policies of Keylime: which content files may have, by path.

::

    {"meta": {"version": 1, "timestamp": …, "generator": 3}, "release": 0,
     "digests": {"/usr/bin/id": ["<hex>" | "sha256:<hex>", …], "boot_aggregate": […]}, "excludes": ["<regular expression>", …],
     "keyrings": {".ima": ["<hex>", …]}, "ima": {…}, "ima-buf": {"<name>": ["<hex>", …]}, "verification-keys": "…"}

1. A policy in a DSSE envelope (``application/vnd.keylime+json``) is verified by the keys at hand (`trueware.signatures.dsse`). One
   whose ``keyid`` is that of a key at hand (SHA-256 of its PEM or DER), and which it did not make, is broken: it states nothing.
2. Paths and their SHA-256 become a list of files. A path may have several contents, of several releases, and the policy does not say
   which belong together: the first of each path make one list, the second another, and so on.
3. What says nothing of files is told and not taken: patterns of paths that may be anything, keys, buffers, ``boot_aggregate``.

Only SHA-256 is taken; files with another digest are listed without one. Digests without the name of their algorithm are told apart by
length: SM3 has that of SHA-256, and a policy of SM3 digests lists contents that no file has.

Sources: keylime ``keylime/ima/types.py``, ``keylime/ima/ima.py``, docs "Runtime policies"; DSSE 1.0.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from trueware.errors import MalformedInput, UntrustedStatement
from trueware.exchange.json_members import MAX_TEXT, decode_text, value
from trueware.exchange.packages import Files, Package, references_of, text_of
from trueware.importing.contract import Context, Document, Importer
from trueware.importing.lists import split_name
from trueware.importing.places import Places
from trueware.importing.vouching import Word, verification, vouched
from trueware.registry.references import Reference, Refused

_NAME = "keylime-policy"
_ENVELOPE = "application/vnd.keylime+json"
_DIGEST = re.compile(r"(?:([a-z0-9_-]{2,16}):)?((?:[0-9A-Fa-f]{2}){1,64})")
_PSEUDO = "boot_aggregate"
_MOST_CONTENTS = 64
"""Contents of one path that become a list of their own."""

_BEFORE = b"\xef\xbb\xbf \t\r\n"
_WHOLE = 1 << 16
"""Bytes of a head that may be cut off."""


def _recognises(document: Document) -> bool:
    head = document.head.lstrip(_BEFORE)
    if document.is_folder or head[:1] != b"{":
        return False
    if b'"payload"' in head:
        # the type may stand behind a long payload
        return _ENVELOPE.encode() in head or (b"payloadType" not in head and len(document.head) >= _WHOLE)
    return b'"digests"' in head and (b'"release"' in head or b'"generator"' in head or b'"excludes"' in head)


def _read(document: Document, context: Context) -> Iterator[Reference | Refused]:
    places = Places(document.mirror)
    outer = value(_NAME, decode_text(_NAME, places.hold(document.path, MAX_TEXT)))
    word, policy = Word(None, "not signed"), outer
    if isinstance(outer, dict) and "payload" in outer:
        word, payload = _opened(places, document, outer, context)  # 1
        policy = value(_NAME, decode_text(_NAME, payload))
    digests = policy.get("digests") if isinstance(policy, dict) else None
    if not isinstance(digests, dict):
        raise MalformedInput(_NAME, 0, "no runtime policy: it has no digests")
    publisher = word.whose(context, _NAME)
    yield from _passed_by(policy)
    name = document.path.rpartition("/")[2]
    product, version = split_name(name.removesuffix(".json") or name)
    source = f"{name}, Keylime runtime policy, {word.told}"
    for number, files in enumerate(_lists(digests, context), 1):  # 2
        title = version if number == 1 else f"{version} ({number})"
        yield from references_of(Package(publisher, product, title, files=files), source)


def _opened(places: Places, document: Document, outer: dict[str, Any], context: Context) -> tuple[Word, bytes]:
    """Return whose word an envelope is, and what is in it.

    Raises:
        UntrustedStatement: the signature is broken, or by a key that must not be believed.
        MalformedInput: it is no envelope of a policy.
    """
    from trueware.signatures.dsse import Dsse, read_envelope  # noqa: PLC0415 (start-up time)
    from trueware.signatures.refusal import Refusal  # noqa: PLC0415

    try:
        envelope = read_envelope(outer)
    except Refusal as refusal:
        raise MalformedInput(_NAME, 0, f"no DSSE envelope: {refusal.detail}") from None
    if envelope.type != _ENVELOPE:
        raise MalformedInput(_NAME, 0, f"an envelope of {envelope.type[:80]!r}")
    at = places.file(document.path)
    found = tuple(Dsse.verify(at, verification(context))) if at is not None else ()
    made = {identifier for each in found if each.signer is not None for identifier in each.signer.ids}
    names = {each.get("keyid") for each in outer["signatures"] if isinstance(each, dict)}
    for key in context.keyring.of_kind("spki") if context.keyring is not None else ():
        if not names.isdisjoint(_keyids(key.data)) and key.id not in made:
            raise UntrustedStatement(f"the signature over it is not by {key.name or key.id}, whose it says it is")
    return vouched(found, (), context), envelope.payload


def _keyids(spki: bytes) -> tuple[str, ...]:
    """Return how Keylime names a key: SHA-256 of its PEM; others, of its DER."""
    from base64 import b64encode  # noqa: PLC0415 (only for signed ones)

    text = b64encode(spki)
    lines = b"".join(text[at : at + 64] + b"\n" for at in range(0, len(text), 64))
    pem = b"-----BEGIN PUBLIC KEY-----\n" + lines + b"-----END PUBLIC KEY-----\n"
    return sha256(pem).hexdigest(), sha256(spki).hexdigest()


def _lists(digests: dict[str, Any], context: Context) -> list[Files]:
    """Return the first contents of all paths, the second ones, and so on."""
    lists = [Files(context.limits)]
    for path, contents in digests.items():
        if path == _PSEUDO:
            continue
        found = contents if isinstance(contents, list) else [contents]
        made = [_sha256(each) for each in found]
        known = list(dict.fromkeys(each for each in made if each is not None))
        for number, digest in enumerate(known[:_MOST_CONTENTS]):
            if number == len(lists):
                lists.append(Files(context.limits))
            lists[number].add(path, digest)
        if not known:
            lists[0].add(path, None)
        elif len(known) > _MOST_CONTENTS:
            lists[0].refused.append((path[:200], f"{len(known) - _MOST_CONTENTS} more contents"))
    return lists


def _sha256(digest: object) -> bytes | None:
    found = _DIGEST.fullmatch(digest) if isinstance(digest, str) else None
    if found is None or len(found[2]) != 64 or found[1] not in (None, "sha256"):
        return None
    return bytes.fromhex(found[2])


def _passed_by(policy: dict[str, Any]) -> Iterator[Refused]:
    """Yield what of a policy is not about the content of files (check 3)."""
    told = {
        "excludes": "patterns of paths that may be anything are no reference values: --exclude has those of an appraisal",
        "keyrings": "keys that the kernel loads are no files",
        "ima-buf": "buffers of the kernel are no files",
        "verification-keys": "keys that sign files are not admitted from a policy: --file-signer has those of an appraisal",
    }
    for name, reason in told.items():
        if given := policy.get(name):
            count = f"{len(given)} " if isinstance(given, list | dict) else ""
            yield Refused(name, f"{count}{text_of(reason)}")
    digests = policy["digests"]
    if _PSEUDO in digests:
        yield Refused(_PSEUDO, "it is of the boot of one device, and no file")


IMPORTER = Importer(
    _NAME,
    "runtime policies of Keylime, alone or in a DSSE envelope whose signature is verified",
    _recognises,
    _read,
    ("Keylime documentation, Runtime policies", "DSSE 1.0"),
)
