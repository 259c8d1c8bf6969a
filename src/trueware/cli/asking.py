"""`trueware challenge ask`: challenges a network device over RESTCONF, and keeps its evidence in a folder."""

import re
import sys
from argparse import ArgumentTypeError, Namespace
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from trueware.cli.exit_code import ExitCode
from trueware.cli.keys import read_file
from trueware.cli.options import Subparsers, positive
from trueware.cli.remembering import add_state, state_of

if TYPE_CHECKING:
    import ssl

LOG_NAMES = ("bios", "ima", "netequip_boot")
_PCRS = re.compile(r"(sha1|sha256|sha384|sha512):(\d{1,2}(?:-\d{1,2})?(?:,\d{1,2}(?:-\d{1,2})?)*)")


def add_ask(actions: Subparsers) -> None:
    """Add the action."""
    ask = actions.add_parser(
        "ask",
        help="challenge a network device over RESTCONF",
        description="Send a new nonce to a device (RFC 9684 over RESTCONF), and keep its quotes and logs in a folder that trueware "
        "appraise reads. Nothing is verified here.",
    )
    ask.add_argument(
        "url", metavar="URL", help="https://HOST[:PORT][/PATH] (path: of its RESTCONF API, default /restconf)"
    )
    ask.add_argument("--device", metavar="NAME", required=True, help="what the device is called where it is enrolled")
    ask.add_argument("--out", metavar="FOLDER", required=True, help="where its evidence goes: a new or empty folder")
    ask.add_argument(
        "--pcrs",
        metavar="BANK:LIST",
        action="append",
        type=_pcrs,
        help="PCRs that are asked for, e.g. sha256:0-7,10; may be repeated (default: sha256:0-15)",
    )
    ask.add_argument(
        "--log",
        metavar="NAME",
        action="append",
        choices=LOG_NAMES,
        help=f"log to fetch: {', '.join(LOG_NAMES)}; may be repeated (default: bios and ima)",
    )
    ask.add_argument(
        "--certificate",
        metavar="NAME",
        action="append",
        default=[],
        help="certificate-name of the key that is to sign; may be repeated",
    )
    ask.add_argument(
        "--tpm",
        metavar="NAME",
        action="append",
        default=[],
        help="name of the TPM whose logs are fetched; may be repeated",
    )
    ask.add_argument(
        "--ak",
        metavar="FILE",
        action="append",
        default=[],
        help="public area of its attestation key (TPM2B_PUBLIC), which it does not send itself, to be kept beside; may be repeated",
    )
    access = ask.add_argument_group("access")
    access.add_argument(
        "--ca", metavar="FILE", help="authorities for the device's TLS certificate, PEM (default: the system's)"
    )
    access.add_argument("--client", metavar="FILE", help="our TLS certificate and its key, PEM")
    access.add_argument("--token", metavar="FILE", help="file with a bearer token")
    access.add_argument("--login", metavar="FILE", help="file with USER:PASSWORD")
    access.add_argument(
        "--timeout", metavar="SECONDS", type=positive, default=120, help="for each operation, all of it (default: 120)"
    )
    ask.add_argument(
        "--ttl", metavar="SECONDS", type=positive, default=600, help="how long the nonce counts (default: 600)"
    )
    add_state(ask)
    ask.set_defaults(run=run_ask)


def run_ask(options: Namespace) -> ExitCode:
    """Ask, keep and say what to do next."""
    import secrets
    import time

    from trueware.attesters.challenge import USUAL, issue
    from trueware.cli.printable import printable
    from trueware.collecting.challenger import LOGS, REGISTERS, Asking, ask
    from trueware.collecting.restconf import Restconf
    from trueware.durable import write_file
    from trueware.errors import SourceError
    from trueware.exchange.charra.logs import LogKind
    from trueware.storage.attesters_sqlite import SqliteAttesters

    folder = Path(options.out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SourceError(f"{options.out!r} is there, and no empty folder: evidence is not mixed")
    keys = [read_file(path) for path in options.ak]
    device = Restconf.at(options.url, _tls(options), _authorization(options), float(options.timeout))
    nonce = secrets.token_bytes(USUAL)
    with closing(SqliteAttesters.open(state_of(options))) as store:
        issue(store, nonce, int(time.time()), options.ttl, options.device)  # kept before it is sent
    registers = {bank: indices for each in options.pcrs or () for bank, indices in each.items()} or REGISTERS
    logs = [LogKind(each) for each in dict.fromkeys(options.log or ())] or LOGS
    asked = ask(device, Asking(nonce, registers, logs, options.certificate, options.tpm))
    for name, data in asked.files.items():
        write_file(folder / name, data)
    for number, data in enumerate(keys, 1):
        write_file(folder / ("ak.pub" if number == 1 else f"ak-{number}.pub"), data)
    for gap in asked.gaps:
        sys.stderr.write(f"warning: {printable(gap)}\n")
    sys.stdout.write(f"{nonce.hex()}\n")
    sys.stderr.write(
        f"{printable(options.out)}: now trueware appraise {printable(options.out)} --device {printable(options.device)} "
        f"--nonce {nonce.hex()} --state {printable(str(state_of(options)))}\n"
    )
    return ExitCode.GENUINE


def _tls(options: Namespace) -> "ssl.SSLContext":
    import ssl

    from trueware.errors import SourceError

    try:
        context = ssl.create_default_context(cafile=options.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if options.client is not None:
            context.load_cert_chain(options.client, password=b"")  # no prompt
    except (OSError, ValueError) as error:
        raise SourceError(f"cannot use {options.client or options.ca!r} for TLS: {error}") from error
    return context


def _authorization(options: Namespace) -> str:
    from base64 import b64encode

    from trueware.errors import SourceError

    if options.token is not None and options.login is not None:
        raise SourceError("--token and --login: one of them")
    if options.token is not None:
        return f"Bearer {read_file(options.token).decode('utf-8', 'replace').strip()}"
    if options.login is not None:
        login = read_file(options.login).rstrip(b"\r\n")
        if b":" not in login:
            raise SourceError(f"{options.login!r} holds no USER:PASSWORD")
        return f"Basic {b64encode(login).decode()}"
    return ""


def _pcrs(text: str) -> dict[str, list[int]]:
    found = _PCRS.fullmatch(text)
    indices: list[int] = []
    for each in found[2].split(",") if found is not None else ():
        first, _, last = each.partition("-")
        indices += range(int(first), int(last or first) + 1)
    if found is None or not indices or max(indices) > 31:
        raise ArgumentTypeError(f"expected BANK:LIST as sha256:0-7,10, found {text!r}")
    return {found[1]: indices}
