"""OpenPGP: signed texts (InRelease) and detached signatures (Release.gpg, *.asc, *.sig) over files beside them (RFC 9580).

1. The file is exactly one signed text (§7), or exactly one signature block (§6.2, or binary); nothing stands before or after it,
   where other programs might read it as signed.
2. A text is hashed as §7.2 has it: without the blanks at the ends of its lines, lines ended by CR LF, without the last line end.
3. Each signature names its key; it is looked for among the certificates at hand, and must be one that may sign documents
   (`certificate`). A key that was taken back, or was not valid when the signature was made, does not count.
4. The signature is over a document (types 0x00 and 0x01), by a hash that is not weak, makes no critical demand that is not known
   here, and is not void by its own time.
5. The mathematics hold.

What a signed index or list of checksums names is covered through its SHA-256, and so is what is named by an index that it names:
InRelease, Packages, package.
"""

import re
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from trueware.errors import InputError, MalformedInput
from trueware.formats.contract import Buffer
from trueware.model.signature import Coverage, Outcome, Signature, Signer
from trueware.signatures.contract import Context, Key, SchemeDoc, Site
from trueware.signatures.listings import coverage_of, covered_by
from trueware.signatures.openpgp.arithmetic import is_weak, verifies
from trueware.signatures.openpgp.certificate import SigningKey, signing_keys
from trueware.signatures.openpgp.packets import NAME, SIGNATURE, Statement, packets, read_statement
from trueware.signatures.x509 import spki_id

_LARGEST = 1 << 26
"""Bytes of a signed text; Debian's largest InRelease is a quarter of a megabyte."""

_LARGEST_SIGNATURE = 1 << 16
_MOST = 16
"""Signatures over one text."""

_TEXT = re.compile(
    rb"-----BEGIN PGP SIGNED MESSAGE-----[ \t]*\r?\n(?:Hash: [A-Za-z0-9, -]{1,64}\r?\n){0,8}\r?\n"
    rb"(.*?)\r?\n(-----BEGIN PGP SIGNATURE-----.*)",
    re.DOTALL,
)
_ARMOUR = re.compile(
    rb"-----BEGIN PGP SIGNATURE-----[ \t]*\r?\n(?:[A-Za-z]+: [^\r\n]*\r?\n)*[ \t]*\r?\n"
    rb"([A-Za-z0-9+/=\s]*?)\r?\n(?:=[A-Za-z0-9+/]{4}[ \t]*\r?\n)?-----END PGP SIGNATURE-----[ \t]*\s*"
)
_NUMBER = 8
"""Bytes of a key id, the end of a fingerprint (RFC 9580 §5.5.4.2)."""

_ENDINGS = (".asc", ".gpg", ".sig")


class OpenPgp:
    """Signatures of OpenPGP, in a text or beside a file."""

    name: ClassVar[str] = NAME
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "OpenPGP: signed texts and detached signatures",
        ("RFC 9580",),
        (
            "Version 6 of keys and signatures, and Ed448, are not verified.",
            "A signature by a key that certifies others (the web of trust) says nothing: only certificates at hand count.",
        ),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterable[Signature]:
        """See `Scheme`."""
        if site.name.endswith(_ENDINGS):
            if 0 < site.size <= _LARGEST_SIGNATURE and _is_signature(head := site.view()):
                yield from _detached(site, bytes(head), context)
        elif 0 < site.size <= _LARGEST and bytes(site.view()[:34]) == b"-----BEGIN PGP SIGNED MESSAGE-----":
            yield from _text(site, bytes(site.view()), context)


def _is_signature(view: memoryview) -> bool:
    return bytes(view[:29]) == b"-----BEGIN PGP SIGNATURE-----" or view[0] in (0x88, 0x89, 0xC2)


def signed_text(data: bytes) -> bytes:
    """Return what is signed of a signed text: its lines without the blanks at their ends and the escapes of dashes.

    Raises:
        MalformedInput: it is not one signed text and nothing else.
    """
    plain, _ = _split(data)
    return b"\n".join(plain)


def _split(data: bytes) -> tuple[list[bytes], bytes]:
    """Return the lines that are signed, and the armoured signatures over them (checks 1 and 2)."""
    form = _TEXT.fullmatch(data)  # 1
    if form is None:
        raise MalformedInput(NAME, 0, "not one signed text and nothing else")
    escaped, armour = form.groups()
    lines = [line.removesuffix(b"\r") for line in escaped.split(b"\n")]
    if any(line.startswith(b"-") and not line.startswith(b"- ") for line in lines):
        raise MalformedInput(NAME, 0, "a line of the text begins with an unescaped dash")
    return [line.removeprefix(b"- ").rstrip(b" \t") for line in lines], armour  # 2


def _text(site: Site, data: bytes, context: Context) -> Iterator[Signature]:
    plain, armour = _split(data)
    canonical = b"\r\n".join(plain)
    over = Coverage(paths=(site.path,))

    def reach() -> Coverage:
        return replace(over, digests=covered_by(site, b"\n".join(plain)))

    reached = _Once(reach)
    for statement in _statements(_dearmoured(armour)):
        yield _signature(
            site, statement, over, reached, context, lambda digest: digest.update(canonical), kinds=(0x01,)
        )


def _detached(site: Site, data: bytes, context: Context) -> Iterator[Signature]:
    subject = site.beside(site.name[: -len(_ENDINGS[0])])
    if subject is None or subject.is_folder:
        yield Signature(NAME, site.path, Outcome.UNCHECKABLE, f"{site.name[:-4]} does not lie beside it")
        return
    body = _dearmoured(data) if data.startswith(b"-") else data
    over = Coverage(paths=(subject.path,))
    reached, reached_as_text = _Once(lambda: coverage_of(subject)), _Once(lambda: _as_text(subject))
    for statement in _statements(body):
        text = not isinstance(statement, InputError) and statement.kind == 0x01
        reach = reached_as_text if text else reached
        yield _signature(site, statement, over, reach, context, _feeding(subject.chunks, text=text), kinds=(0x00, 0x01))


class _Once:
    """What several signatures over one thing reach, read out of it once, and only if one of them holds."""

    def __init__(self, read: Callable[[], Coverage]) -> None:
        self._read = read
        self._found: Coverage | None = None

    def __call__(self) -> Coverage:
        if self._found is None:
            self._found = self._read()
        return self._found


def _as_text(subject: Site) -> Coverage:
    """Return what a signature over a text vouches for: its line ends may be others, which only a text with Unix's does not mind."""
    if not any(b"\0" in bytes(chunk) or b"\r" in bytes(chunk) for chunk in subject.chunks()):
        return coverage_of(subject)
    return Coverage(excludes=(f"the line ends of {subject.name}, which is signed as a text",))


def _feeding(chunks: Callable[[], Iterator[Buffer]], *, text: bool) -> Callable[[Any], None]:
    """Return what hashes a document: as it is, or with its line ends made CR LF (§5.2.4)."""

    def feed(digest: Any) -> None:
        if not text:
            for chunk in chunks():
                digest.update(chunk)
            return
        document = b"".join(bytes(chunk) for chunk in chunks())
        digest.update(document.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))

    return feed


def _dearmoured(data: bytes) -> bytes:
    form = _ARMOUR.fullmatch(data)
    if form is None:
        raise MalformedInput(NAME, 0, "not one armoured signature and nothing else")
    try:
        return b64decode(b"".join(form.group(1).split()), validate=True)
    except BadBase64 as error:
        raise MalformedInput(NAME, form.start(1), f"no base64 ({error})") from error


def _statements(data: bytes) -> Iterator[Statement | InputError]:
    for number, packet in enumerate(packets(data)):
        if packet.tag != SIGNATURE or number >= _MOST:
            raise MalformedInput(NAME, packet.offset, f"packet {packet.tag} among signatures, or too many of them")
        try:
            yield read_statement(packet.body)
        except InputError as error:
            yield error


def _signature(
    site: Site,
    statement: Statement | InputError,
    over: Coverage,
    reach: Callable[[], Coverage],
    context: Context,
    feed: Callable[[Any], None],
    *,
    kinds: tuple[int, ...],
) -> Signature:
    """Return what came of one signature (checks 3 to 5)."""

    def told(outcome: Outcome, detail: str, signer: Signer | None = None) -> Signature:
        at = None if isinstance(statement, InputError) else statement.created
        coverage = reach() if outcome is Outcome.VALID else over
        return Signature(NAME, site.path, outcome, detail, signer, coverage, signed_at=at)

    if isinstance(statement, InputError):
        return told(Outcome.UNCHECKABLE, str(statement))
    named = max(statement.issuers, key=len, default=b"")
    if not named:
        return told(Outcome.UNCHECKABLE, "the signature names no key")
    found = _find(context, named, lambda key: _doubt(statement, key, context.now, kinds) is None)
    if found is None:
        return told(Outcome.UNCHECKABLE, f"the key {named.hex()} is not at hand, or may not sign", _stranger(named))
    signer = _signer(found)
    if (doubt := _doubt(statement, found, context.now, kinds)) is not None:
        return told(Outcome.UNCHECKABLE, doubt, signer)
    try:
        holds = verifies(statement, found.key, feed)
    except InputError as error:
        return told(Outcome.UNCHECKABLE, str(error), signer)
    name = f"{found.name} ({found.key.fingerprint.hex()})"
    if not holds:
        return told(Outcome.BROKEN, f"not what {name} signed", signer)
    return told(Outcome.VALID, f"signed by {name}", signer)


def _doubt(statement: Statement, key: SigningKey, now: int, kinds: tuple[int, ...]) -> str | None:
    if key.revoked:
        return "the key was taken back by its owner"
    if statement.kind not in kinds:
        return f"a signature of type {statement.kind:#x}, which is not over a document"
    if statement.critical is not None:
        return f"it demands what is not known here: {statement.critical}"
    if is_weak(statement):
        return "it is made over SHA-1, of which two documents may have the same"
    if key.key.weak:
        return f"it is made with {key.key.weak}"
    if statement.expires is not None and now > statement.expires:
        return "it is void by the time that it states"
    if statement.created < key.key.created or (key.until is not None and statement.created > key.until):
        return "it was made while the key was not valid, by the times that they state"
    return None


def _find(context: Context, named: bytes, is_good: Callable[[SigningKey], bool]) -> SigningKey | None:
    """Return the key that a signature names; of several copies of its certificate one that takes it back, or one that fits."""
    copies = context.keyring.derived(NAME, _by_number).get(named[-_NUMBER:], ())
    found = [each for each in copies if each.is_named(named)]
    taken_back = (each for each in found if each.revoked)
    return next(taken_back, next(filter(is_good, found), next(iter(found), None)))


def _by_number(keys: Sequence[Key]) -> Mapping[bytes, tuple[SigningKey, ...]]:
    """Return the keys that may sign, by the number that signatures name them by."""
    found: dict[bytes, tuple[SigningKey, ...]] = {}
    for key in keys:
        try:
            for each in signing_keys(key.data):
                number = each.key.fingerprint[-_NUMBER:]
                found[number] = (*found.get(number, ())[:_MOST], each)
        except InputError:
            continue  # no certificate: it can sign nothing
    return found


def _signer(key: SigningKey) -> Signer:
    ids = [f"openpgp:{key.primary.fingerprint.hex()}"]
    if key.key is not key.primary:
        ids.append(f"openpgp:{key.key.fingerprint.hex()}")
    if (spki := key.key.spki) is not None:
        ids.insert(0, spki_id(spki))
    return Signer(tuple(ids), key.name)


def _stranger(named: bytes) -> Signer:
    return Signer((f"openpgp:{named.hex()}",))
