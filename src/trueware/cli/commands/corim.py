"""`trueware corim`: releases as signed manifests of the IETF's form, what such a manifest says, and answers to CoSERV queries."""

import sys
from argparse import ArgumentParser, Namespace
from contextlib import closing
from typing import TYPE_CHECKING

from trueware.cli.exit_code import ExitCode
from trueware.cli.options import Subparsers, add_registry, registry_location
from trueware.cli.printable import printable

if TYPE_CHECKING:
    from trueware.exchange.corim.manifest import Corim
    from trueware.exchange.corim.signed import SignedCorim

_DAYS = 365


def add(commands: Subparsers) -> None:
    """Add the command with its sub-commands."""
    parser = commands.add_parser(
        "corim",
        help="reference values as CoRIM, and CoSERV queries",
        description="Reference values as CoRIM (draft-ietf-rats-corim), for any verifier that reads it, and CoSERV queries.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    export = actions.add_parser(
        "export",
        help="write a release as a CoRIM",
        description="Write a release of the registry as a CoRIM: its digests as a CoMID, its list of files as a CoSWID. Signed with "
        "COSE where a key is given.",
    )
    export.add_argument("id", metavar="ID", help="the release's id, or its beginning")
    _add_issuer(export)
    export.add_argument(
        "--days", type=int, default=_DAYS, metavar="N", help=f"for how long it holds (default: {_DAYS})"
    )
    export.add_argument(
        "--certificate", action="append", default=[], metavar="FILE", help="X.509 of the key, then of its issuers"
    )
    export.add_argument("--output", required=True, metavar="FILE", help="where to write it")
    add_registry(export)
    export.set_defaults(run=run_export)

    show = actions.add_parser(
        "show",
        help="what a CoRIM says",
        description="Tell what a CoRIM says, and whether a key signed it. Exit code 10 where it is signed and that is not proved.",
    )
    show.add_argument("file", metavar="FILE")
    show.add_argument("--key", metavar="FILE", help="public key of who should have signed it, PEM or DER")
    show.add_argument(
        "--anchor", action="append", default=[], metavar="FILE", help="X.509 that its certificate must lead to"
    )
    show.add_argument(
        "--manifest", metavar="FILE", help="the manifest, where the file has only a signature over its digest"
    )
    show.set_defaults(run=run_show)

    ask = actions.add_parser(
        "answer",
        help="answer a CoSERV query",
        description="Answer a CoSERV query from the registry: the bytes that a server would send.",
    )
    ask.add_argument("query", metavar="QUERY", help="base64url, as it stands in the path of a request")
    _add_issuer(ask)
    ask.add_argument("--hours", type=int, default=24, metavar="N", help="for how long the answer holds (default: 24)")
    ask.add_argument("--output", required=True, metavar="FILE", help="where to write it")
    add_registry(ask)
    ask.set_defaults(run=run_answer)


def _add_issuer(parser: ArgumentParser) -> None:
    parser.add_argument("--issuer", required=True, metavar="NAME", help="who says so")
    parser.add_argument("--issuer-uri", metavar="URI", help="whose address this is")
    parser.add_argument("--key", metavar="FILE", help="private key of the issuer, PEM or DER (default: not signed)")


def run_export(options: Namespace) -> ExitCode:
    """Prove the release, and write it."""
    import time

    from trueware.cli.keys import read_private_key
    from trueware.errors import UntrustedStatement
    from trueware.exchange.corim import manifest, signed
    from trueware.exchange.corim.common import Validity
    from trueware.exchange.corim.from_release import Issuer, from_release
    from trueware.registry.lookup import Registry
    from trueware.registry.naming import find_release
    from trueware.storage.opening import open_registry

    key = read_private_key(options.key) if options.key is not None else None
    with closing(open_registry(registry_location(options))) as store:
        registry = Registry(store)
        release = registry.prove(find_release(store, options.id))
        tree = registry.manifest(release)
    if release.logged is False:
        raise UntrustedStatement(f"{release.title} is not in the registry's log, and should be")
    now = int(time.time())
    validity = Validity(now + options.days * 86400, now)
    corim = from_release(release, tree, Issuer(options.issuer, options.issuer_uri), validity=validity)
    if key is None:
        data = manifest.build(corim)
    else:
        certificates = [each for path in options.certificate for each in _certificates(path)]
        data = signed.sign(
            corim, key, options.issuer, subject=str(corim.id), validity=validity, certificates=certificates
        )
    _write(options.output, data)
    said = "signed" if key is not None else "not signed"
    sys.stdout.write(f"{printable(options.output)}: {printable(release.title)}, {len(data):,} bytes, {said}\n")
    return ExitCode.GENUINE


def run_show(options: Namespace) -> ExitCode:
    """Print the parts of a manifest, one line each."""
    import time

    from trueware.cli.keys import read_file, read_public_key
    from trueware.errors import UntrustedStatement
    from trueware.exchange.corim import manifest, signed
    from trueware.exchange.corim.codec import Notes

    data = read_file(options.file, signed.MAX_BYTES)
    code = ExitCode.GENUINE
    if signed.is_signed(data):
        beside = read_file(options.manifest, manifest.MAX_BYTES) if options.manifest else None
        found = signed.parse(data, beside)
        keys = [read_public_key(options.key)] if options.key else []
        anchors = [each for path in options.anchor for each in _certificates(path)]
        try:
            proved = signed.verify(found, int(time.time()), keys, anchors)
            how = "its certificate leads to the anchor" if proved.anchor is not None else "the key signed it"
            _line("signature", f"by {found.issuer}: {how}")
        except UntrustedStatement as error:
            _line("signature", f"by {found.issuer}, not proved: {error}")
            code = ExitCode.UNKNOWN
        corim, notes = found.corim, found.notes
        _validity(found)
    else:
        said = Notes()
        corim, notes = manifest.parse(data, said), tuple(said.said)
        _line("signature", "none")
    _corim(corim)
    for note in notes:
        _line("note", note)
    return code


def run_answer(options: Namespace) -> ExitCode:
    """Answer, and write the answer."""
    import time

    from trueware.cli.keys import read_private_key
    from trueware.exchange.corim.from_release import Issuer
    from trueware.exchange.coserv import query
    from trueware.exchange.coserv.answering import Answerer, answer
    from trueware.storage.opening import open_registry

    key = read_private_key(options.key) if options.key is not None else None
    asked = query.parse_query(options.query)
    answerer = Answerer(Issuer(options.issuer, options.issuer_uri), options.hours * 3600, key)
    with closing(open_registry(registry_location(options))) as store:
        found = answer(asked, store, answerer, int(time.time()))
    data = query.build(found) if key is None else query.sign(found, key)
    _write(options.output, data)
    results = found.results
    count = sum(len(each or ()) for each in (results.rvq, results.rims, results.source_artifacts)) if results else 0
    sys.stdout.write(f"{printable(options.output)}: {count:,} results, {len(data):,} bytes\n")
    return ExitCode.GENUINE


def _line(name: str, text: str) -> None:
    sys.stdout.write(f"{name:<11} {printable(text)}\n")


def _validity(found: "SignedCorim") -> None:
    if found.validity is not None:
        since = found.validity.not_before
        _line("holds", f"{'' if since is None else f'from {since} '}to {found.validity.not_after} (seconds since 1970)")


def _corim(corim: "Corim") -> None:
    from trueware.exchange.corim.codec import each
    from trueware.exchange.corim.comid import ConciseMidTag
    from trueware.exchange.corim.common import ALGORITHMS, text_of
    from trueware.exchange.corim.coswid import ConciseSwidTag
    from trueware.exchange.corim.file_list import paths_of
    from trueware.exchange.corim.selecting import why_invalid

    _line("manifest", text_of(corim.id))
    if corim.profile is not None:
        profiles = corim.profile if isinstance(corim.profile, tuple) else (corim.profile,)
        _line("profile", ", ".join(map(text_of, profiles)))
    for entity in corim.entities or ():
        _line("entity", text_of(entity.entity_name))
    for tag in corim.tags:
        content = tag.content
        if isinstance(content, ConciseMidTag):
            _line("comid", text_of(content.tag_identity.tag_id))
            for triple in content.triples.reference_triples or ():
                known = triple.ref_env.class_
                name = (
                    " ".join(part for part in (known.vendor, known.model, text_of(known.class_id)) if part)
                    if known
                    else ""
                )
                for claim in triple.ref_claims:
                    values = claim.mval
                    digests = [f"{ALGORITHMS.get(one.alg, one.alg)} {one.val.hex()}" for one in values.digests or ()]
                    said = [name, text_of(claim.mkey), values.version.version if values.version else "", *digests]
                    _line("reference", "  ".join(part for part in said if part))
        elif isinstance(content, ConciseSwidTag):
            files = sum(1 for _ in paths_of(content.payload)) if content.payload is not None else 0
            makers = ", ".join(one.entity_name for one in each(content.entity))
            version = content.software_version or ""
            _line("coswid", f"{content.software_name} {version} of {makers}, {files:,} files")
        elif content is not None:
            _line("cotl", f"{len(content.tags_list)} tags, to {content.tl_validity.not_after} (seconds since 1970)")
        else:
            _line("tag", f"{tag.number}, not read")
        if isinstance(content, ConciseMidTag | ConciseSwidTag) and (reason := why_invalid(content)) is not None:
            _line("invalid", reason)


def _certificates(path: str) -> list[bytes]:
    from trueware.cli.keys import read_file
    from trueware.errors import SourceError
    from trueware.signatures.keys import read_keys

    found = [key.data for key in read_keys(read_file(path), path) if key.kind == "x509"]
    if not found:
        raise SourceError(f"{path!r} holds no certificate")
    return found


def _write(path: str, data: bytes) -> None:
    from pathlib import Path

    from trueware.errors import SourceError

    try:
        Path(path).write_bytes(data)
    except OSError as error:
        raise SourceError(f"cannot write {path!r}: {error.strerror}") from error
