"""Verifies many artefacts, in processes of their own where there is more than one core: a folder of images, a laboratory's day.

Answers come in the order asked, and are those that `verify` gives one by one. Each process opens the registry for itself, reading.
A process that dies over an artefact (memory, or a file that shrinks while it is mapped) takes only that artefact's answer with it,
whose outcome is then a `SourceError`: those that were under way beside it are asked again, one at a time.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

from trueware.artefact import cores, default_pool
from trueware.errors import SourceError
from trueware.measuring import Fallback
from trueware.model.limits import Limits
from trueware.model.result import Result
from trueware.model.watchlists import Watchlists
from trueware.processes import DIED, NO_MEMORY, Work, work_each
from trueware.registry.lookup import Registry
from trueware.storage.opening import Location, open_registry
from trueware.tlog.policy import Policy
from trueware.verify import verify


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one artefact: a result, or the reason why there is none."""

    path: str
    result: Result | None = None
    error: SourceError | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is the same for all artefacts."""

    registry: Location
    limits: Limits
    now: int | None
    watchlists: Watchlists
    policy: Policy | None


_HERE: list[_Asked] = []
"""In a process of the pool: what is the same for all, sent once, since lists may be long."""


def verify_each(
    paths: Iterable[str],
    registry: Location,
    *,
    processes: int | None = None,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    report: Callable[[int], None] | None = None,
    report_bytes: Callable[[int], None] | None = None,
    fallback: Fallback | None = None,
    now: int | None = None,
    watchlists: Watchlists = Watchlists(),  # noqa: B008 (frozen)
    policy: Policy | None = None,
) -> Iterator[Outcome]:
    """Verify artefacts, in order.

    Args:
        paths: files and folders, each an artefact.
        registry: where the registry is.
        processes: how many; by default one for each core. One: in this process, with a thread for each core.
        limits: ceilings for each artefact.
        report: told how many artefacts are done.
        report_bytes: in one process, told the bytes of content read so far of each.
        fallback: in one process, asked for what stays opaque.
        now: seconds since 1970, at which keys are judged; by default the time at which each is verified.
        watchlists: what else to look for in changes.
        policy: whose signatures make the registry's log believed; by default the key that it names itself.

    Raises:
        StoreError: the registry cannot be read.
        UntrustedStatement: its log does not hold.
    """
    asked = _Asked(registry, limits, now, watchlists, policy)
    if (count := processes or cores()) == 1:
        yield from _counted(_in_turn(paths, asked, report_bytes, fallback), report)
    else:
        yield from _counted(_in_processes(paths, asked, count), report)


def _counted(outcomes: Iterator[Outcome], report: Callable[[int], None] | None) -> Iterator[Outcome]:
    for done, outcome in enumerate(outcomes, 1):
        if report is not None:
            report(done)
        yield outcome


def _in_turn(
    paths: Iterable[str], asked: _Asked, report: Callable[[int], None] | None, fallback: Fallback | None
) -> Iterator[Outcome]:
    with closing(open_registry(asked.registry)) as store, default_pool() as pool:
        known = Registry(store, asked.policy)
        for path in paths:
            try:
                result = verify(
                    path,
                    known,
                    pool=pool,
                    limits=asked.limits,
                    report=report,
                    fallback=fallback,
                    now=asked.now,
                    watchlists=asked.watchlists,
                )
                outcome = Outcome(path, result)
            except SourceError as error:
                outcome = Outcome(path, error=error)
            except MemoryError:
                outcome = _without_memory(path)
            yield outcome


def _in_processes(paths: Iterable[str], asked: _Asked, count: int) -> Iterator[Outcome]:
    open_registry(asked.registry).close()  # what is wrong with it is said once, and here
    yield from work_each(paths, Work(_begin, asked, _verify_one, _died), count)


def _begin(asked: _Asked) -> None:
    """Begin a process of the pool."""
    _HERE[:] = [asked]


def _died(path: str) -> Outcome:
    return Outcome(path, error=SourceError(f"cannot read {path!r}: {DIED}"))


def _verify_one(path: str) -> Outcome:
    """Verify in a process of the pool, on one core: the others have artefacts of their own."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 (only where it is needed)

    (asked,) = _HERE
    with closing(open_registry(asked.registry)) as store, ThreadPoolExecutor(1) as pool:
        try:
            return Outcome(
                path,
                verify(
                    path,
                    Registry(store, asked.policy),
                    pool=pool,
                    limits=asked.limits,
                    now=asked.now,
                    watchlists=asked.watchlists,
                ),
            )
        except SourceError as error:
            return Outcome(path, error=error)
        except MemoryError:
            return _without_memory(path)


def _without_memory(path: str) -> Outcome:
    return Outcome(path, error=SourceError(f"cannot read {path!r}: {NO_MEMORY}"))
