"""`trueware collect`: listings of what is on devices, gathered by a script that runs on them."""

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import TYPE_CHECKING

from trueware.cli.exit_code import ExitCode
from trueware.cli.options import Subparsers, positive
from trueware.cli.printable import printable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from trueware.collecting.receiving import Received
    from trueware.collecting.script import Wish
    from trueware.collecting.targets import Target

COLLECTED_SCHEMA = "urn:trueware:schema:collected:1"


def add(commands: Subparsers) -> None:
    """Add the command with its sub-commands."""
    parser = commands.add_parser(
        "collect",
        help="gather listings from devices",
        description="Gather listings from devices: what a device says of itself. Verify them like any artefact; a compromised device "
        "can lie.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    script = actions.add_parser(
        "script",
        help="print the script, to be run by hand",
        description="Print the script that runs on a device. It needs a POSIX shell and busybox, writes to standard output alone, "
        "and changes nothing: sh collect.sh > device.twl",
    )
    _add_wish(script)
    script.set_defaults(run=run_script)

    ssh = actions.add_parser(
        "ssh",
        help="from devices that have SSH, many at once",
        description="Gather listings over SSH, many at once. Needs trueware[collect].",
    )
    ssh.add_argument("targets", metavar="HOST", nargs="*", help="[user@]host[:port]")
    ssh.add_argument(
        "--hosts",
        metavar="FILE",
        action="append",
        default=[],
        help="file of hosts, each with its host key's SHA256:… if known",
    )
    ssh.add_argument("--user", default="root", metavar="NAME", help="where a host names none (default: root)")
    ssh.add_argument("--known-hosts", metavar="FILE", help="host keys that are known (default: ~/.ssh/known_hosts)")
    ssh.add_argument(
        "--accept-new", action="store_true", help="trust the key of a host that nobody knows, and write it down there"
    )
    ssh.add_argument(
        "--identity", metavar="FILE", action="append", default=[], help="a private key (default: the agent's)"
    )
    ssh.add_argument("--password-file", metavar="FILE", help="file with the password, the same for all")
    ssh.add_argument("--passphrase-file", metavar="FILE", help="file with the passphrase of the private keys")
    ssh.add_argument("--old-algorithms", action="store_true", help="also speak with SSH servers of ten years ago")
    ssh.add_argument("--command", default="sh -s", metavar="TEXT", help="what reads the script there (default: sh -s)")
    _add_many(ssh, 16)
    _add_wish(ssh)
    ssh.set_defaults(run=run_ssh)

    adb = actions.add_parser(
        "adb",
        help="from phones and TV boxes",
        description="Gather listings from Android devices, through the ADB server that runs on this machine.",
    )
    adb.add_argument("serials", metavar="SERIAL", nargs="*", help="devices (default: all that the server has)")
    adb.add_argument("--server", metavar="HOST:PORT", type=_server, default="127.0.0.1:5037", help="the ADB server")
    adb.add_argument("--pull-apps", action="store_true", help="also copy the apps that were installed, to verify them")
    _add_many(adb, 8)
    _add_wish(adb)
    adb.set_defaults(run=run_adb)


def _add_many(parser: ArgumentParser, concurrency: int) -> None:
    parser.add_argument("--into", metavar="FOLDER", default=".", help="where the listings go (default: here)")
    parser.add_argument(
        "--at-once", metavar="N", type=positive, default=concurrency, help=f"devices at a time (default: {concurrency})"
    )
    parser.add_argument("--json", action="store_true", help="answer as JSON, by the published schema")


def _add_wish(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("what is asked of a device")
    group.add_argument(
        "--root", default="/", metavar="FOLDER", help="folder there that is taken for the root (default: /)"
    )
    group.add_argument(
        "--tree",
        metavar="MOUNT",
        action="append",
        default=[],
        help="list this mounted file system, and no other; may be repeated",
    )
    group.add_argument("--no-contents", action="store_true", help="print no file's content")
    group.add_argument("--no-running", action="store_true", help="say nothing of what runs")
    group.add_argument(
        "--arguments", action="store_true", help="with the arguments of running programs: secrets may be among them"
    )
    group.add_argument(
        "--partitions", action="store_true", help="digest flash and system partitions too, which takes its time"
    )
    group.add_argument(
        "--seconds", type=positive, default=1800, metavar="N", help="stop listing after so long (default: 1800)"
    )


def run_script(options: Namespace) -> ExitCode:
    """Print the script."""
    from trueware.collecting.script import script_text

    sys.stdout.write(script_text(_wish(options), by_hand=True).decode("utf-8", "surrogateescape"))
    return ExitCode.GENUINE


def run_ssh(options: Namespace) -> ExitCode:
    """Collect over SSH, and print what came of each device."""
    from trueware.collecting.ssh import Access, collect_ssh

    access = Access(
        options.user,
        options.known_hosts,
        options.accept_new,
        tuple(options.identity),
        _secret(options.password_file),
        _secret(options.passphrase_file),
        old_algorithms=options.old_algorithms,
        command=options.command,
    )
    _folder(options)
    return _printed(collect_ssh(_targets(options), options.into, access, _wish(options), options.at_once), options)


def run_adb(options: Namespace) -> ExitCode:
    """Collect over ADB, and print what came of each device."""
    import asyncio

    from trueware.collecting.adb import collect_adb, devices
    from trueware.errors import SourceError

    serials = list(dict.fromkeys(options.serials))
    if not serials:
        found = asyncio.run(devices(options.server))
        serials = [each.serial for each in found if each.state == "device"]
        for each in found:
            if each.state != "device":
                sys.stderr.write(f"{printable(each.serial)}: {printable(each.state)}, left out\n")
    if not serials:
        raise SourceError("the ADB server has no device that can be asked")
    _folder(options)
    collected = collect_adb(
        serials, options.into, _wish(options), options.server, options.at_once, pull_apps=options.pull_apps
    )
    return _printed(collected, options)


def _targets(options: Namespace) -> "Iterator[Target]":
    """Return the devices, each once; all of them are read before any is asked, so that a mistake is told at once."""
    from trueware.collecting.targets import read_targets, target_of
    from trueware.errors import SourceError

    targets = [target_of(text) for text in options.targets]
    for path in options.hosts:
        targets += read_targets(path)
    if not targets:
        raise SourceError("no host is named: give some, or a file of them with --hosts")
    return iter({(each.host, each.port): each for each in targets}.values())


def _wish(options: Namespace) -> "Wish":
    from trueware.collecting.script import Wish

    return Wish(
        options.root,
        tuple(options.tree),
        not options.no_contents,
        not options.no_running,
        options.arguments,
        options.partitions,
        max_seconds=options.seconds,
    )


def _folder(options: Namespace) -> None:
    import os

    from trueware.errors import SourceError

    try:
        os.makedirs(options.into, exist_ok=True)
    except OSError as error:
        raise SourceError(f"cannot make the folder {options.into!r}: {error.strerror}") from error


def _secret(path: str | None) -> str | None:
    """Return the first line of a file."""
    from trueware.errors import SourceError

    if path is None:
        return None
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(4096).split("\n", 1)[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"cannot read the secret in {path!r}: {error}") from error


def _server(text: str) -> object:
    from trueware.collecting.adb import Server

    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise ArgumentTypeError(f"expected HOST:PORT, found {text!r}")
    return Server(host, int(port))


def _printed(collected: "AsyncIterator[Received]", options: Namespace) -> ExitCode:
    """Print what came of each device as it comes, or all as JSON at the end; 1 where a device gave no whole listing."""
    import asyncio
    from dataclasses import asdict

    from trueware.cli.answer import print_json

    async def run() -> "list[Received]":
        results = []
        async for each in collected:
            results.append(each)
            stream = sys.stderr if options.json else sys.stdout
            stream.write(f"{_told(each)}\n")
            stream.flush()
        return results

    results = asyncio.run(run())
    if options.json:
        values = [{**asdict(each), "seconds": round(each.seconds, 3)} for each in results]
        print_json({"schema": COLLECTED_SCHEMA, "evidence": "self-reported", "devices": values})
    return ExitCode.INTERNAL if any(each.error is not None for each in results) else ExitCode.GENUINE


def _told(received: "Received") -> str:
    name = printable(received.device)
    if received.path is None:
        return f"{name}: {printable(received.error or '')}"
    doubt = "" if received.error is None else f"; {printable(received.error)}"
    return f"{name}: {printable(received.path)}, {received.size:,} bytes in {received.seconds:.1f} s{doubt}"
