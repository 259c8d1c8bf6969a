"""What a kernel module says of itself, and what it takes hold of in the kernel, by the functions it asks for.

A module names the kernel's functions it calls as undefined symbols (Linux ``Documentation/kbuild/modules.rst``); what it says of
itself stands in the section ``.modinfo`` as ``name=value`` (Linux ``include/linux/moduleparam.h``).
"""

from dataclasses import dataclass

from trueware.explaining.reading.elf import Elf

SIGNATURE = b"~Module signature appended~\n"
_MOST = 1 << 16
"""Bytes of .modinfo that are read; it has a line for each parameter and each device."""


@dataclass(frozen=True, slots=True)
class ModuleInfo:
    """What a module says of itself."""

    values: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        """Return the first value of this name, empty where there is none."""
        return next((value for key, value in self.values if key == name), "")

    def __str__(self) -> str:
        told = [
            f"{name} {self.get(name)}"
            for name in ("name", "version", "license", "author", "vermagic")
            if self.get(name)
        ]
        return ", ".join(told) or "says nothing of itself"


def module_info(elf: Elf) -> ModuleInfo:
    """Return what a module says of itself."""
    pairs = []
    for line in bytes(elf.section(".modinfo")[:_MOST]).split(b"\0"):
        name, equals, value = line.decode("utf-8", "replace").partition("=")
        if equals:
            pairs.append((name, value))
    return ModuleInfo(tuple(pairs))


def is_signed(elf: Elf) -> bool:
    """Whether a signature is appended; it is not verified."""
    return bytes(elf.view[-len(SIGNATURE) :]) == SIGNATURE


TRAFFIC = frozenset(
    (
        "nf_register_hook", "nf_register_hooks", "nf_register_net_hook", "nf_register_net_hooks", "dev_add_pack",
        "netdev_rx_handler_register", "br_handle_frame_hook",
    )
)  # fmt: skip
"""Functions by which a module gets to see, change or drop packets by itself, and not only where a packet filter's rule asks it."""

HOOKS = frozenset(
    (
        "register_kprobe", "register_kprobes", "register_kretprobe", "register_kretprobes", "register_jprobe",
        "register_ftrace_function", "ftrace_set_filter_ip", "kallsyms_lookup_name", "kallsyms_on_each_symbol", "set_memory_rw",
        "set_memory_x", "text_poke", "lookup_address", "sys_call_table", "sys_close", "tracepoint_probe_register",
        "security_add_hooks", "klp_enable_patch", "aarch64_insn_patch_text",
    )
)  # fmt: skip
"""Functions by which a module puts itself in the place of the kernel's own, or finds what is not offered to modules."""

RIGHTS = frozenset(("commit_creds", "prepare_kernel_cred", "override_creds", "init_cred"))
"""Functions by which a module gives a process other rights."""

RUNS = frozenset(
    (
        "call_usermodehelper",
        "call_usermodehelper_exec",
        "call_usermodehelper_setup",
        "run_init_process",
        "kernel_execve",
    )
)
"""Functions by which a module starts programs."""

KEYS = frozenset(("register_keyboard_notifier", "input_register_handler"))
"""Functions by which a module sees what is typed."""
