"""Android's build properties: maker, model, version and the fingerprint that names one build of one product.

Newer systems repeat them for each partition (``ro.product.vendor.model``, ``ro.vendor.build.fingerprint``). Source: AOSP
``build/make/tools/buildinfo.sh`` and ``build/make/core/sysprop.mk``.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.identifying.assignments import properties
from trueware.identifying.contract import claim
from trueware.model.claim import Claim

_PARTITION = r"(?:bootimage|odm|odm_dlkm|product|system|system_dlkm|system_ext|vendor|vendor_dlkm)"
_NAMES = (
    ("vendor", re.compile(rf"ro\.product\.(?:{_PARTITION}\.)?manufacturer")),
    ("product", re.compile(rf"ro\.product\.(?:{_PARTITION}\.)?model")),
    ("board", re.compile(rf"ro\.product\.(?:{_PARTITION}\.)?device")),
    ("version", re.compile(rf"ro\.(?:{_PARTITION}\.)?build\.version\.release")),
    (
        "build",
        re.compile(rf"ro\.(?:{_PARTITION}\.)?build\.(?:version\.incremental|version\.security_patch|display\.id|id)"),
    ),
    ("fingerprint", re.compile(rf"ro\.(?:{_PARTITION}\.)?build\.(?:{_PARTITION}\.)?fingerprint")),
    ("architecture", re.compile(r"ro\.product\.cpu\.abi")),
)


class BuildProp:
    """``build.prop`` of any partition, and the ``default.prop`` of a ram disk."""

    name: ClassVar[str] = "build.prop"
    wants: ClassVar[re.Pattern[str]] = re.compile(
        r"(?:[^/]+/){0,2}(?:(?:[\w.]+[-_])?build\.prop|default\.prop|prop\.default)"
    )

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        said = set()
        for key, value in properties(content):
            if not key.startswith("ro."):
                continue
            name = next((name for name, pattern in _NAMES if pattern.fullmatch(key)), None)
            if name is not None and (name, value) not in said:
                said.add((name, value))
                yield from claim(name, value, "build.prop", part)
