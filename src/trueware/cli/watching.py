"""Watches the log of a registry with what was remembered of it in a file: three lines, as a checkpoint has them."""

from pathlib import Path
from typing import TYPE_CHECKING

from trueware.errors import InputError, SourceError

if TYPE_CHECKING:
    from trueware.registry.ports import RegistryStore
    from trueware.registry.watch import Remembered, Watched
    from trueware.tlog.policy import Policy


def watched(store: "RegistryStore", policy: "Policy", state: Path) -> "Watched":
    """Watch a log, and remember it in `state` if it holds.

    Raises:
        UntrustedStatement: the log may not be believed; what was remembered stands.
        SourceError: the file of what was remembered cannot be read, or holds something else.
        StoreError: it cannot be written, or the registry not be read.
    """
    from trueware.durable import write_file
    from trueware.registry.watch import watch
    from trueware.tlog.checkpoint import Checkpoint

    done = watch(store, policy, _remembered(state))
    kept = done.remembered
    write_file(state, str(Checkpoint(kept.origin, kept.size, kept.root)).encode())
    return done


def _remembered(state: Path) -> "Remembered | None":
    from trueware.registry.watch import Remembered
    from trueware.tlog.checkpoint import parse

    try:
        at = parse(state.read_bytes().decode("utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SourceError(f"cannot read {str(state)!r}: {error.strerror}") from error
    except (InputError, UnicodeDecodeError) as error:
        raise SourceError(f"{str(state)!r} is no state of a log ({error})") from error
    return Remembered(at.origin, at.size, at.root)
