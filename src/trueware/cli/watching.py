"""Watches the log of a registry with what was remembered of it in a file.

Three lines, as a checkpoint has them, and one with the numbers of the leaves that take something back: ``taken back 5 9``.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from trueware.errors import InputError, SourceError

if TYPE_CHECKING:
    from trueware.registry.ports import RegistryStore
    from trueware.registry.watch import Remembered, Watched
    from trueware.tlog.policy import Policy


_TAKEN_BACK = "taken back "


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
    numbers = f"{_TAKEN_BACK}{' '.join(map(str, kept.taken_back))}\n" if kept.taken_back else ""
    write_file(state, f"{Checkpoint(kept.origin, kept.size, kept.root)}{numbers}".encode())
    return done


def _remembered(state: Path) -> "Remembered | None":
    from trueware.registry.watch import Remembered
    from trueware.tlog.checkpoint import parse

    try:
        text = state.read_bytes().decode("utf-8")
        at = parse(text)
        lines = [line for line in text.splitlines()[3:] if line.startswith(_TAKEN_BACK)]
        taken_back = tuple(int(number) for line in lines for number in line.removeprefix(_TAKEN_BACK).split(" "))
        if any(not 0 <= number < at.size for number in taken_back):
            raise SourceError(f"{str(state)!r} is no state of a log (a leaf that it has not)")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SourceError(f"cannot read {str(state)!r}: {error.strerror}") from error
    except (InputError, ValueError) as error:
        raise SourceError(f"{str(state)!r} is no state of a log ({error})") from error
    return Remembered(at.origin, at.size, at.root, taken_back)
