r"""Buffers that the kernel measures: what its settings are, as far as the name and the bytes of an entry say.

::

    kernel_version                 text                                                     security/integrity/ima/ima_main.c
    kexec-cmdline                  the command line of the kernel that was loaded next      ima_kexec_cmdline
    .ima, .builtin_trusted_keys…   a key in DER, X.509: loaded into that keyring            ima_asymmetric_keys.c
    selinux-state-<time>           ``initialized=1;enforcing=1;checkreqprot=0;…``           security/selinux/ima.c
    selinux-policy-hash-<time>     the digest of the policy
    dm_table_load, dm_device_resume, dm_device_remove, dm_table_clear, dm_target_update
                                   ``dm_version=…;name=…,uuid=…,major=…,minor=…,minor_count=…,num_targets=…;`` and for each target
                                   ``target_index=0,target_begin=0,target_len=…,target_name=verity,target_version=1.9.0,…;``
                                                                                            drivers/md/dm-ima.c

A buffer is what the kernel measured then: later ones are of later settings, and without ``ima_policy=critical_data`` or rules of its
own there are none. In the corpus are buffers of ``kernel_version``, and the kernel's documentation has one of dm-verity whose digests
agree; of the others, layouts come from the sources, and no foreign vector confirms them.

Sources: Linux, the files above; Documentation/admin-guide/device-mapper/dm-ima.rst, dm-ima's ``verity`` attributes.
"""

import re
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

_LINE = 400
_MOST_TEXT, _MOST_TARGETS, _MOST_FIELDS = 1 << 16, 256, 64
_TEXT = re.compile(rb"[\x20-\x7e]*")
_MAPPER = re.compile(r"dm_(?:table_load|device_resume|device_remove|table_clear|target_update|device_rename)")
_TIMED = re.compile(r"(selinux-(?:state|policy-hash))(?:-[\d:]+)?")


class Setting(Enum):
    """What a buffer is about."""

    KERNEL_VERSION = "kernel-version"
    NEXT_COMMAND_LINE = "kexec-command-line"
    KEY = "key-loaded"
    SELINUX_STATE = "selinux-state"
    SELINUX_POLICY = "selinux-policy"
    DEVICE_MAPPER = "device-mapper"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class VerityTarget:
    """A target of dm-verity, as its entry has it."""

    name: str
    """Of the mapped device."""

    algorithm: str
    root_digest: str
    """Hexadecimal."""

    salt: str
    fields: tuple[tuple[str, str], ...]
    """All that the kernel says of it, in its order."""


@dataclass(frozen=True, slots=True)
class Critical:
    """What a buffer says."""

    setting: Setting
    text: str
    """One line to show: the text itself where it is one, else its length and SHA-256."""

    targets: tuple[tuple[str, str], ...] = ()
    """Device and kind of each target of a device-mapper table: (``vroot``, ``verity``)."""

    verity: tuple[VerityTarget, ...] = ()
    weak: str = ""
    """What of it takes protection away, in words: ``SELinux does not enforce``; empty: nothing that is known."""

    @property
    def is_corrupt(self) -> bool:
        """Whether the kernel found content that dm-verity does not allow."""
        return self.setting is Setting.DEVICE_MAPPER and bool(self.weak)

    @property
    def told(self) -> str:
        """In one short line."""
        parts = [f"{each.name}: dm-verity, root {each.algorithm}:{each.root_digest}" for each in self.verity]
        parts += [f"{name}: {kind}" for name, kind in self.targets if kind != "verity"]
        line = "; ".join(parts) or self.text
        return (f"{self.weak}: " if self.weak else "") + (line if len(line) <= _LINE else line[:_LINE] + "…")


def decode(name: str, buffer: bytes) -> Critical:
    """Return what a buffer says; any bytes are taken.

    Args:
        name: of the entry.
        buffer: that has the digest of the entry (`trueware.attestation.ima.entries.proved_fields`).
    """
    text = _shown(buffer)
    if name == "kernel_version":
        return Critical(Setting.KERNEL_VERSION, text)
    if name == "kexec-cmdline":
        return Critical(Setting.NEXT_COMMAND_LINE, text)
    if timed := _TIMED.fullmatch(name):
        if timed[1] == "selinux-policy-hash":
            return Critical(Setting.SELINUX_POLICY, buffer.hex() if len(buffer) <= 64 else text)
        return Critical(Setting.SELINUX_STATE, text, weak=_selinux(text))
    if _MAPPER.fullmatch(name):
        return _mapper(text)
    if name[:1] in (".", "_") or (buffer[:2] == b"\x30\x82" and len(buffer) > 64):
        return Critical(Setting.KEY, f"a key of {len(buffer)} bytes, sha256:{sha256(buffer).hexdigest()}")
    return Critical(Setting.OTHER, text)


def _shown(buffer: bytes) -> str:
    plain = buffer.rstrip(b"\0\n").replace(b";\n", b";")
    if len(plain) <= _MOST_TEXT and _TEXT.fullmatch(plain):
        return plain.decode("ascii")
    return f"{len(buffer)} bytes, sha256:{sha256(buffer).hexdigest()}"


def _selinux(text: str) -> str:
    said = {name: value for name, _, value in (each.partition("=") for each in text.split(";", _MOST_FIELDS))}
    if said.get("initialized") == "0":
        return "SELinux has no policy"
    return "SELinux does not enforce" if said.get("enforcing") == "0" else ""


def _mapper(text: str) -> Critical:
    """Read devices and targets: parts end in ``;``, fields in ``,``, and values escape them with a backslash."""
    device, targets, verity = "", list[tuple[str, str]](), list[VerityTarget]()
    for part in _split(text, ";", _MOST_TARGETS):
        fields = [_field(each) for each in _split(part, ",", _MOST_FIELDS)]
        said = dict(fields)
        if "target_name" in said:
            targets.append((device, said["target_name"]))
            if said["target_name"] == "verity":
                made = (said.get("verity_algorithm", ""), said.get("root_digest", ""), said.get("salt", ""))
                verity.append(VerityTarget(device, *made, tuple(fields)))
        elif "name" in said:
            device = said["name"]
    corrupt = any(("hash_failed", "C") in each.fields for each in verity)
    weak = "dm-verity found a block that was changed" if corrupt else ""
    return Critical(Setting.DEVICE_MAPPER, text, tuple(targets), tuple(verity), weak)


def _split(text: str, by: str, most: int) -> list[str]:
    """Return the parts between separators that no backslash escapes."""
    return [each.strip() for each in re.split(rf"(?<!\\){by}", text, maxsplit=most) if each.strip()]


def _field(text: str) -> tuple[str, str]:
    """Return a field's name and value, without the backslashes that escape separators in it (fix_separator_chars)."""
    name, _, value = text.partition("=")
    return name, re.sub(r"\\([\\;=,])", r"\1", value)
