"""Programs and libraries in ELF: what was changed in them, what they can do now, what was added and removed.

A changed program is compared with the genuine one by portraits (`trueware.explaining.portraits`), whether its bytes are at hand or
only its portrait was kept; with bytes, evidence is to the byte. Subjects stand in `trueware.explaining.programs`, one a file.
Kernel modules are another detector's.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.programs import abilities, age, arrivals, content, linking, links, speech
from trueware.explaining.programs.pair import pair_of
from trueware.explaining.reading.elf import MAGIC, read_elf
from trueware.explaining.reading.lines import excerpt
from trueware.model.finding import Finding, Rule
from trueware.model.part import Kind


class Programs:
    """ELF programs and libraries."""

    subject: ClassVar[str] = "programs and libraries"
    rules: ClassVar[tuple[Rule, ...]] = (
        *content.RULES,
        *linking.RULES,
        *abilities.RULES,
        *speech.RULES,
        *age.RULES,
        *arrivals.RULES,
        *links.RULES,
    )
    wants: ClassVar[re.Pattern[str]] = re.compile(r".*(?<!\.ko)", re.DOTALL)

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        part = altered.change.found or altered.change.expected
        if part is not None and part.kind is Kind.SYMLINK and not altered.is_moved:
            yield from links.compare_link(altered, case)
        if part is None or part.kind is not Kind.FILE:
            return
        if altered.is_moved:
            yield from arrivals.describe_moved(altered)
        elif altered.is_removed:
            yield from arrivals.describe_removed(altered)
        elif altered.is_added:
            after = altered.after()
            if after is not None and after.startswith(MAGIC):
                elf = read_elf(after)
                if elf.kind != "object":
                    yield arrivals.describe_added(altered, case, elf)
        elif "content" in altered.change.aspects:
            yield from _changed(altered)


def _changed(altered: Altered) -> Iterator[Finding]:
    pair = pair_of(altered)
    if pair is None:
        yield from _no_longer_one(altered)
    elif pair.elf.kind != "object":
        yield from content.compare_content(altered, pair)
        yield from linking.compare_linking(altered, pair)
        yield from abilities.compare_abilities(altered, pair)
        yield from speech.compare_speech(altered, pair)
        yield from age.compare_age(altered, pair)


def _no_longer_one(altered: Altered) -> Iterator[Finding]:
    """Yield that a script stands where a program was, or the other way round."""
    before, after = altered.before(), altered.after()
    if before and after and before.startswith(MAGIC) != after.startswith(MAGIC):
        yield content.describe_replaced(altered, _what(before), _what(after))


def _what(data: bytes) -> str:
    if data.startswith(MAGIC):
        elf = read_elf(data)
        return f"a {elf.kind} for {elf.platform}"
    first = data[2:80].partition(b"\n")[0].decode("latin-1").strip()
    return f"a script for {excerpt(first)}" if data.startswith(b"#!") else "another file"
