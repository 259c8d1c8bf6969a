"""Work on many artefacts in processes of their own, answers in the order asked.

A process that dies over an artefact (memory, or a file that shrinks while it is mapped) takes only that artefact's answer with it:
those that were under way beside it are asked again, one at a time.
"""

import gc
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

DIED = "the process that read it died: out of memory, or the file shrank while it was read"
NO_MEMORY = "there is not enough memory to read it"

_AHEAD = 4
"""Artefacts under way for each process: the next is there when one is done, and a folder of millions is not listed at once."""

_Given = TypeVar("_Given")
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Work(Generic[_Given, _Answer]):
    """What is done; functions of modules, since each process imports them."""

    begin: Callable[[_Given], None]
    """Takes, in each process, what is the same for all artefacts: sent once, since it may be long."""

    given: _Given
    do: Callable[[str], _Answer]
    """Returns the answer for the artefact at a path; raises nothing."""

    died: Callable[[str], _Answer]
    """Returns the answer where there is none."""


def work_each(paths: Iterable[str], work: Work[_Given, _Answer], count: int) -> Iterator[_Answer]:
    """Yield the answer for each path, in order, from `count` processes."""
    from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415 (start-up time: one artefact needs no pool)

    waiting, flying = iter(paths), deque[tuple[str, "Future[_Answer]"]]()
    pool = _pool(count, work)
    try:
        while True:
            while len(flying) < _AHEAD * count and (path := next(waiting, None)) is not None:
                flying.append((path, _submit(pool, work, path)))
            if not flying:
                return
            try:
                answer = flying[0][1].result()
            except BrokenProcessPool:
                left = list(flying)
                flying.clear()
                pool.shutdown()  # from here on all of them are done or lost
                for path, future in left:
                    yield future.result() if future.exception() is None else _alone(path, work)
                pool = _pool(count, work)
                continue
            flying.popleft()
            yield answer
    finally:
        pool.shutdown(cancel_futures=True)


def _submit(pool: "ProcessPoolExecutor", work: Work[_Given, _Answer], path: str) -> "Future[_Answer]":
    """Have the work done; in a pool that broke since it was last asked it is lost at once, like that under way."""
    from concurrent.futures import Future  # noqa: PLC0415 (as above)
    from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415 (as above)

    try:
        return pool.submit(work.do, path)
    except BrokenProcessPool as error:
        lost: Future[_Answer] = Future()
        lost.set_exception(error)
        return lost


def _alone(path: str, work: Work[_Given, _Answer]) -> _Answer:
    from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415 (as above)

    with _pool(1, work) as pool:
        try:
            return pool.submit(work.do, path).result()
        except BrokenProcessPool:
            return work.died(path)


def _pool(count: int, work: Work[_Given, _Answer]) -> "ProcessPoolExecutor":
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 (as above)
    from multiprocessing import get_context  # noqa: PLC0415 (as above)

    # a forked copy of a process with threads may hang; these start clean, but collect as seldom as their parent
    arguments = (work.begin, work.given, gc.get_threshold())
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_begin, initargs=arguments)


def _begin(begin: Callable[[_Given], None], given: _Given, threshold: tuple[int, int, int]) -> None:
    """Begin a process of the pool."""
    gc.set_threshold(*threshold)
    begin(given)
