"""`trueware log`: the log of a registry, which its own operator cannot rewrite unseen."""

import sys
import time
from argparse import Namespace
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from trueware.cli.exit_code import ExitCode
from trueware.cli.options import Subparsers, add_registry, registry_location
from trueware.cli.printable import printable
from trueware.cli.writing import add_written_registry, written_registry

if TYPE_CHECKING:
    from trueware.registry.ports import Problem
    from trueware.tlog.policy import Policy


def add(commands: Subparsers) -> None:
    """Add the command with its sub-commands."""
    parser = commands.add_parser(
        "log",
        help="the registry's log: proofs, witnesses, audit",
        description="The log of a registry: every change is a signed statement in it, which its operator cannot rewrite unseen.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    checkpoint = actions.add_parser(
        "checkpoint",
        help="print the last checkpoint",
        description="Print the last signed checkpoint, with its cosignatures.",
    )
    add_registry(checkpoint)
    checkpoint.set_defaults(run=run_checkpoint)

    policy = actions.add_parser(
        "policy",
        help="print a policy to start from",
        description="Print a policy file (C2SP tlog-policy) that trusts the key this log names itself. Compare the key with what its "
        "operator publishes elsewhere, and add witnesses.",
    )
    add_registry(policy)
    policy.set_defaults(run=run_policy)

    prove = actions.add_parser(
        "prove",
        help="prove that a release is in the log",
        description="Write an offline proof (C2SP tlog-proof) that the statement of a release is in the log.",
    )
    prove.add_argument("release", metavar="RELEASE", help="its id, or the beginning of it")
    prove.add_argument("--entry", metavar="FILE", help="also write the statement that is proved")
    add_registry(prove)
    prove.set_defaults(run=run_prove)

    verify = actions.add_parser(
        "verify",
        help="verify an offline proof",
        description="Verify a proof against a statement and a policy, without a registry.",
    )
    verify.add_argument("proof", metavar="PROOF")
    verify.add_argument("entry", metavar="STATEMENT")
    verify.add_argument("--policy", required=True, metavar="FILE", help="whose signatures count (C2SP tlog-policy)")
    verify.set_defaults(run=run_verify)

    fsck = actions.add_parser(
        "fsck",
        help="prove the whole log, and the registry from it",
        description="Prove every leaf, tile and checkpoint from the bytes, replay the log, and compare it with the registry.",
    )
    fsck.add_argument(
        "--policy", metavar="FILE", help="whose signatures count; by default the key that the log names itself"
    )
    fsck.add_argument("--folder", metavar="FOLDER", help="prove a published log instead of a registry")
    add_registry(fsck)
    fsck.set_defaults(run=run_fsck)

    publish = actions.add_parser(
        "publish",
        help="write the log as files for a web server",
        description="Write what is new of the log to a folder that any web server can serve (C2SP tlog-tiles).",
    )
    publish.add_argument("folder", metavar="FOLDER")
    add_registry(publish)
    publish.set_defaults(run=run_publish)

    watch = actions.add_parser(
        "watch",
        help="check that the log only grew since the last time",
        description="Check that the log holds, follows from the one seen before, and that the registry does what it says.",
    )
    watch.add_argument("--policy", required=True, metavar="FILE", help="whose signatures count (C2SP tlog-policy)")
    watch.add_argument("--state", required=True, metavar="FILE", help="what was seen; made by the first run")
    add_registry(watch)
    watch.set_defaults(run=run_watch)

    cosign = actions.add_parser(
        "cosign",
        help="have witnesses cosign the last checkpoint",
        description="Ask each witness of a policy that has an address to cosign the last checkpoint, and keep what they answer.",
    )
    cosign.add_argument(
        "--policy", required=True, metavar="FILE", help="the witnesses with their addresses (C2SP tlog-policy)"
    )
    add_written_registry(cosign)
    cosign.set_defaults(run=run_cosign)

    witness = actions.add_parser(
        "witness",
        help="be a witness for the logs of others",
        description="Cosign checkpoints of logs over HTTP (C2SP tlog-witness), each only if it follows from the last.",
    )
    witness.add_argument(
        "--name", required=True, metavar="NAME", help="of the witness, in its cosignatures: witness.example.org"
    )
    witness.add_argument("--key", required=True, metavar="FILE", help="its private key, Ed25519 or ML-DSA-44")
    witness.add_argument(
        "--policy", required=True, metavar="FILE", help="the logs that it witnesses (C2SP tlog-policy)"
    )
    witness.add_argument("--state", required=True, metavar="FOLDER", help="where it remembers what it cosigned")
    witness.add_argument("--listen", default="127.0.0.1:7380", metavar="HOST:PORT", help="default: %(default)s")
    witness.set_defaults(run=run_witness)


def run_checkpoint(options: Namespace) -> ExitCode:
    """Print the note."""
    from trueware.errors import StoreError
    from trueware.storage.opening import open_registry

    with closing(open_registry(registry_location(options))) as store:
        note = store.checkpoint()
    if note is None:
        raise StoreError("the registry has no log")
    sys.stdout.write(printable_note(note))
    return ExitCode.GENUINE


def printable_note(note: bytes) -> str:
    """Return a note as text that a terminal may be given; one that is damaged is escaped."""
    text = note.decode("utf-8", "replace")
    return "".join(f"{printable(line)}\n" for line in text.split("\n")[:-1])


def run_policy(options: Namespace) -> ExitCode:
    """Print a policy with the log's own key."""
    from trueware.registry.watch import registrar_keys
    from trueware.storage.opening import open_registry

    with closing(open_registry(registry_location(options))) as store:
        keys = registrar_keys(store)
    sys.stdout.write("# compare this key with what the registry's operator publishes elsewhere; then add witnesses\n")
    sys.stdout.writelines(f"log {printable(key)}\n" for key in keys)
    sys.stdout.write("quorum none\n")
    return ExitCode.GENUINE


def run_prove(options: Namespace) -> ExitCode:
    """Write the proof to stdout."""
    from trueware.registry.logged import prove
    from trueware.registry.naming import find_release
    from trueware.storage.opening import open_registry

    with closing(open_registry(registry_location(options))) as store:
        entry, proof = prove(store, find_release(store, options.release))
    if options.entry is not None:
        from trueware.durable import write_file

        write_file(Path(options.entry), entry)
    sys.stdout.write(printable_note(bytes(proof)))
    return ExitCode.GENUINE


def run_verify(options: Namespace) -> ExitCode:
    """Say what the proof proves."""
    from trueware.cli.keys import read_file
    from trueware.registry.signed import entry_of, read
    from trueware.tlog.offline_proof import read_proof

    policy = policy_of(options.policy)
    entry = entry_of(read_file(options.entry))
    proof = read_proof(read_file(options.proof))
    proved = proof.verify(entry, policy)
    said = read(entry)
    sys.stdout.write(
        f"in the log {printable(proved.checkpoint.origin)} as leaf {proof.index} of {proved.checkpoint.size}\n"
        f"issued by {printable(said.issuer)} about {printable(said.subject)}, {moment(said.issued_at)} by their clock\n"
    )
    for each in proved.witnesses:
        sys.stdout.write(f"seen by {printable(each.verifier.name)}, {moment(each.time or 0)}\n")
    if not proved.witnesses:
        sys.stdout.write("seen by no witness: its operator could show others another log\n")
    return ExitCode.GENUINE


def run_fsck(options: Namespace) -> ExitCode:
    """Print what is wrong; nothing wrong is said in a word."""
    from trueware.registry.log_audit import audit_log
    from trueware.storage.memory import MemoryStore
    from trueware.storage.opening import open_registry
    from trueware.tlog.policy import Policy

    policy = policy_of(options.policy) if options.policy is not None else Policy()
    verifiers = [str(log) for log in policy.logs]
    problems: list[Problem]
    if options.folder is not None:
        from trueware.publishing import check_folder, read_published
        from trueware.registry.logged import proved

        problems = list(check_folder(Path(options.folder)))
        if verifiers:
            proved(read_published(Path(options.folder)), verifiers)
    else:
        with closing(open_registry(registry_location(options))) as store:
            problems = list(audit_log(store, MemoryStore(), verifiers, policy.witnesses.values()))
    for problem in problems:
        sys.stdout.write(f"{printable(problem.subject)}: {printable(problem.detail)}\n")
    if not problems:
        sys.stdout.write("clean\n")
    return ExitCode.INTERNAL if problems else ExitCode.GENUINE


def run_publish(options: Namespace) -> ExitCode:
    """Write the files."""
    from trueware.publishing import publish_log
    from trueware.storage.opening import open_registry

    with closing(open_registry(registry_location(options))) as store:
        at = publish_log(store, Path(options.folder))
    sys.stdout.write(f"{printable(at.origin)}: {at.size:,} leaves published\n")
    return ExitCode.GENUINE


def run_watch(options: Namespace) -> ExitCode:
    """Look at what is new, and remember it."""
    from trueware.cli.watching import watched
    from trueware.storage.opening import open_registry

    with closing(open_registry(registry_location(options))) as store:
        done = watched(store, policy_of(options.policy), Path(options.state))
    at = done.proved.checkpoint
    sys.stdout.write(f"{printable(at.origin)}: {at.size:,} leaves, {done.new:,} of them new; it only grew\n")
    for each in done.proved.witnesses:
        sys.stdout.write(f"seen by {printable(each.verifier.name)}, {moment(each.time or 0)}\n")
    return ExitCode.GENUINE


def run_cosign(options: Namespace) -> ExitCode:
    """Ask the witnesses."""
    from trueware.cosigning import gather

    with written_registry(options) as store:
        asked = gather(store, policy_of(options.policy))
    for each in asked:
        word = "cosigned" if each.cosigned else "refused"
        sys.stdout.write(f"{printable(each.name)}: {word} ({printable(each.detail)})\n")
    if not asked:
        sys.stderr.write("hint: no witness of the policy has an address\n")
    return ExitCode.GENUINE if asked and all(each.cosigned for each in asked) else ExitCode.INTERNAL


def run_witness(options: Namespace) -> ExitCode:
    """Answer until interrupted."""
    from trueware.cli.keys import read_cosigning_key
    from trueware.errors import SourceError
    from trueware.witnessing import Clock, Witness, serve

    key = read_cosigning_key(options.key)
    logs = {log.name: [log] for log in policy_of(options.policy).logs}
    witness = Witness(options.name, key, logs, Path(options.state))
    host, _, port = options.listen.rpartition(":")
    if not port.isdigit():
        raise SourceError(f"{options.listen!r} is no HOST:PORT")
    server = serve(witness, host or "127.0.0.1", int(port), Clock())
    sys.stdout.write(f"witness {witness.verifier} http://{server.server_address[0]!s}:{server.server_address[1]}\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    return ExitCode.GENUINE


def policy_of(path: str) -> "Policy":
    """Return the policy in a file.

    Raises:
        SourceError: it cannot be read.
        MalformedInput: it is none.
    """
    from trueware.cli.keys import read_file
    from trueware.tlog.policy import read_policy

    return read_policy(read_file(path))


def moment(at: int) -> str:
    """Return a time as people write it, in UTC."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at))
    except (OverflowError, ValueError, OSError):
        return str(at)
