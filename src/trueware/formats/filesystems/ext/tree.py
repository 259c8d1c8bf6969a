"""The tree of an ext file system: walks the folders from the root, and turns names and inodes into entries."""

from collections.abc import Iterator
from itertools import chain

from trueware.errors import MalformedInput
from trueware.formats.contract import Buffer, Content, Entry, Held, Produced, Reading
from trueware.formats.filesystems.ext import inodes as ino
from trueware.formats.filesystems.ext.blocks import BlockMap, Run, content
from trueware.formats.filesystems.ext.directories import KINDS, Name, has_good_checksum, read_block
from trueware.formats.filesystems.ext.inodes import Inode, InodeTable
from trueware.formats.filesystems.ext.space import METADATA, Space
from trueware.formats.filesystems.ext.superblock import ROOT_INODE, Incompat, RoCompat, Superblock
from trueware.formats.filesystems.ext.xattrs import INLINE_DATA, AttributeReader, Attributes
from trueware.model.limits import Limits
from trueware.model.part import Kind

_FACTS = (
    (ino.FLAG_IMMUTABLE, "immutable"), (ino.FLAG_APPEND, "append-only"), (ino.FLAG_ENCRYPTED, "encrypted"),
    (ino.FLAG_VERITY, "verity"), (ino.FLAG_CASEFOLD, "casefold"),
)  # fmt: skip
_TELLING = sum(flag for flag, _ in _FACTS)
_INLINE, _INLINE_FOLDER = 60, 4
_DEVICES = (Kind.CHARACTER, Kind.BLOCK)
_HOSTILE = {b"": "%", b".": "%2E", b"..": "%2E%2E"}


class Tree:
    """The folders and files of one file system.

    Attributes:
        seen: numbers of the inodes that have a name.
    """

    def __init__(
        self, view: memoryview, sb: Superblock, table: InodeTable, space: Space, reading: Reading, limits: Limits
    ) -> None:
        self._view, self._sb, self._table, self._space, self._reading, self._limits = view, sb, table, space, reading, limits
        self._attributes = AttributeReader(sb, space, reading, self._read_value, limits.max_xattrs)
        self._values: dict[int, bytes] = {}
        self._entries: dict[int, Entry] = {}
        self._names: dict[int, int] = {}
        self._links: dict[int, int] = {}
        self._typed = Incompat.FILETYPE in sb.incompat
        self.seen: set[int] = {ROOT_INODE}

    # --- the walk --------------------------------------------------------------------------------------------------------

    def walk(self) -> Iterator[Entry]:
        """Yield the entries, folders before what is in them.

        Raises:
            MalformedInput: there is no root folder.
        """
        root = self._table.read(ROOT_INODE)
        if root.kind is not Kind.DIRECTORY:
            raise MalformedInput("ext", root.offset, "the root is no folder")
        self._reading.attributes, blocks, inline = self._describe(root, "")
        stack = [(root, blocks, inline, "", 0, ROOT_INODE)]
        while stack:
            folder, blocks, inline, path, depth, parent = stack.pop()
            below: list[tuple[Inode, list[Run], bytes, str, int, int]] = []
            for name in self._list(folder, blocks, inline, path, parent):
                place = f"{path}/{_readable(name.name)}" if path else _readable(name.name)
                entry = self._enter(name, place)
                if entry is None:
                    continue
                inode, blocks_below, inline_below, made = entry
                yield made
                if inode is None:
                    continue
                if depth + 1 >= self._limits.max_path_depth:
                    self._reading.note_anomaly("limit-reached", "max_path_depth", inode.offset, place)
                    continue
                below.append((inode, blocks_below, inline_below, place, depth + 1, folder.number))
            stack.extend(reversed(below))
        self._compare_links()

    def _enter(self, name: Name, path: str) -> tuple[Inode | None, list[Run], bytes, Entry] | None:
        """Return the entry for a name and, for a folder to descend into, its inode and where its names are."""
        known = self._entries.get(name.inode)
        self._names[name.inode] = self._names.get(name.inode, 0) + 1
        if known is not None:
            if name.kind and KINDS.get(name.kind) is not known.kind:
                self._reading.note_anomaly("contradiction", f"named as kind {name.kind}", known.offset, path)
            if known.kind is Kind.DIRECTORY:
                self._reading.note_anomaly("cycle", f"folder {name.inode} has another name: {known.path!r}", None, path)
            return None, [], b"", _renamed(known, path)
        if name.inode < self._sb.first_inode:
            kind = "cycle" if name.inode == ROOT_INODE else "malformed"
            self._reading.note_anomaly(kind, f"names inode {name.inode}, which has no name", None, path)
            return None
        try:
            inode = self._table.read(name.inode)
            if inode.kind is None or not inode.links:
                raise MalformedInput("ext", inode.offset, f"inode {name.inode} is not in use")  # noqa: TRY301
        except MalformedInput as error:
            self._reading.note_anomaly("malformed", error.reason, error.offset, path)
            return None
        self.seen.add(name.inode)
        if name.kind and KINDS.get(name.kind) is not inode.kind:
            self._reading.note_anomaly("contradiction", f"{inode.kind.value} named as kind {name.kind}", inode.offset, path)
        entry, blocks, inline = self._describe(inode, path)
        if inode.links > 1 or inode.kind is Kind.DIRECTORY:
            self._entries[name.inode] = entry
        if inode.kind is Kind.DIRECTORY:
            return inode, blocks, inline, entry
        self._links[name.inode] = inode.links
        return None, [], b"", entry

    def _compare_links(self) -> None:
        for number, links in self._links.items():
            if links != self._names[number]:
                detail = f"inode {number} has {self._names[number]} names and says {links}"
                self._reading.note_anomaly("contradiction", detail)

    # --- folders ---------------------------------------------------------------------------------------------------------

    def _list(self, folder: Inode, runs: list[Run], inline: bytes, path: str, parent: int) -> Iterator[Name]:
        """Yield the names in a folder but its own two, everything strange about them reported."""
        if folder.flags & ino.FLAG_INLINE:
            up = int.from_bytes(inline[:_INLINE_FOLDER], "little")
            blocks = chain((inline[_INLINE_FOLDER:_INLINE],), (inline[_INLINE:],) if len(inline) > _INLINE else ())
            found = {b".": folder.number, b"..": up}
        else:
            blocks = chain(self._blocks(folder, runs, path))
            found = {}
        names: set[bytes] = set()
        for number, block in enumerate(blocks):
            entries, wrong = read_block(block, typed=self._typed)
            if wrong:
                self._reading.note_anomaly("malformed", f"{wrong} (block {number} of the folder)", folder.offset, path)
            for entry in entries:
                name = entry.name
                if not number and name in (b".", b"..") and name not in found:
                    found[name] = entry.inode
                    continue
                if name in _HOSTILE or b"/" in name or b"\0" in name:
                    self._reading.note_anomaly("hostile-name", f"{name!r}", folder.offset, path)
                if name in names:
                    self._reading.note_anomaly("duplicate-path", f"{name!r} stands twice", folder.offset, path)
                names.add(name)
                yield entry
        if found != {b".": folder.number, b"..": parent}:
            detail = f"'.' and '..' are inodes {found.get(b'.')} and {found.get(b'..')}, not {folder.number} and {parent}"
            self._reading.note_anomaly("contradiction", detail, folder.offset, path)

    def _blocks(self, folder: Inode, runs: list[Run], path: str) -> Iterator[bytes]:
        unit, at = self._sb.block_size, 0
        end, rest = divmod(folder.size, unit)
        if rest or not end:
            self._reading.note_anomaly("malformed", f"a folder of {folder.size} bytes", folder.offset, path)
        bad = 0
        for logical, count, physical, written in runs:
            if logical >= end:
                break
            if logical != at or not written:
                self._reading.note_anomaly("malformed", "the folder has holes", folder.offset, path)
            count = min(count, end - logical)
            at = logical + count
            for place in range(count if written else 0):
                block = self._space.block(physical + place)
                if len(block) < unit:
                    self._reading.note_anomaly("malformed", "the image ends within this folder", folder.offset, path)
                    return
                if self._sb.checksummed:
                    indexed = bool(folder.flags & ino.FLAG_INDEX)
                    bad += not has_good_checksum(block, folder.seed, indexed=indexed, first=not logical + place)
                yield block
        if at < end:
            self._reading.note_anomaly("malformed", "blocks of the folder are missing", folder.offset, path)
        if bad:
            self._reading.note_anomaly("checksum-mismatch", f"CRC-32C of {bad} blocks of the folder", folder.offset, path)

    # --- inodes ----------------------------------------------------------------------------------------------------------

    def _describe(self, inode: Inode, path: str) -> tuple[Entry, list[Run], bytes]:
        """Return an entry for an inode, where its content lies, and its content where that is in the inode."""
        kind = inode.kind
        assert kind is not None  # noqa: S101 (every caller has looked)
        entry = Entry(path, kind, mode=inode.mode, uid=inode.uid, gid=inode.gid, mtime=inode.mtime)
        flags = inode.flags
        if flags & _TELLING:
            entry.facts = (("flags", ",".join(word for flag, word in _FACTS if flags & flag)),)
        try:
            attributes = self._attributes.read(inode) if inode.attributes_block or inode.tail[:4] != bytes(4) else {}
        except MalformedInput as error:
            self._reading.note_anomaly("malformed", error.reason, error.offset, path)
            attributes = {}
        runs: list[Run] = []
        inline = b""
        try:
            inline = self._inline(inode, attributes)
            self._refuse_strange(inode, path)
            if kind in (Kind.FILE, Kind.DIRECTORY, Kind.SYMLINK) and not self._is_in_inode(inode):
                runs = self._map(inode, path)
            if kind is Kind.FILE:
                entry.size = inode.size
                entry.content, entry.offset = self._content(inode, runs, inline)
            elif kind is Kind.SYMLINK:
                entry.link = self._target(inode, runs, inline, path)
            elif kind in _DEVICES:
                entry.rdev = _device(inode.block)
        except MalformedInput as error:
            if kind is Kind.FILE:
                entry.content, entry.size = _unreadable(error, inode.size), inode.size
            else:
                self._reading.note_anomaly("malformed", error.reason, error.offset, path)
        attributes.pop(INLINE_DATA, None)
        if attributes:
            entry.xattrs = tuple(sorted(attributes.items()))
        return entry, runs, inline

    def _refuse_strange(self, inode: Inode, path: str) -> None:
        """Report what hides or changes the content of an inode."""
        if inode.flags & ino.FLAG_ENCRYPTED:
            self._reading.note_anomaly("encrypted", "content or names are encrypted", inode.offset, path)
        if inode.flags & ino.FLAG_COMPRESSED:
            self._reading.note_anomaly("unsupported", "compressed by an ext2 of old", inode.offset, path)
        if inode.flags & ino.FLAG_EXTENTS and Incompat.EXTENTS not in self._sb.incompat:
            self._reading.note_anomaly("contradiction", "extents in a file system without", inode.offset, path)
        if inode.size >= 1 << 63:
            raise MalformedInput("ext", inode.offset, f"a size of {inode.size}")

    def _inline(self, inode: Inode, attributes: Attributes) -> bytes:
        if not inode.flags & ino.FLAG_INLINE:
            return b""
        if Incompat.INLINE_DATA not in self._sb.incompat:
            raise MalformedInput("ext", inode.offset, "inline content in a file system without")
        held = inode.block + attributes.get(INLINE_DATA, b"")
        if inode.size > len(held):
            raise MalformedInput("ext", inode.offset, f"{len(held)} bytes of inline content, the size says {inode.size}")
        return held[: inode.size]

    def _is_in_inode(self, inode: Inode) -> bool:
        return bool(inode.flags & ino.FLAG_INLINE) or (inode.kind is Kind.SYMLINK and inode.size < _INLINE)

    def _map(self, inode: Inode, path: str) -> list[Run]:
        """Return where the content lies, its blocks claimed."""
        folder = inode.kind is Kind.DIRECTORY
        blocks = BlockMap(inode, self._sb, self._space, METADATA) if folder else BlockMap(inode, self._sb, self._space)
        if not blocks.checked:
            self._reading.note_anomaly("checksum-mismatch", "CRC-32C of a block of extents", inode.offset, path)
        if blocks.shared:
            self._reading.note_anomaly("overlap", "blocks that belong to something else as well", inode.offset, path)
            if inode.kind is not Kind.FILE:
                # reading them again and again would let a small image cost much
                raise MalformedInput("ext", inode.offset, "blocks that belong to something else as well")
        if inode.kind is Kind.FILE and not inode.flags & ino.FLAG_VERITY:
            self._look_behind(blocks.runs, inode.size)
        return blocks.runs

    def _look_behind(self, runs: list[Run], size: int) -> None:
        """Look for data behind the end of a file, and in blocks that were never written."""
        unit, look = self._sb.block_size, self._space.slack.look
        for logical, count, physical, written in runs:
            inside = min(max(size - logical * unit, 0), count * unit) if written else 0
            if inside < count * unit:
                look(physical * unit + inside, (physical + count) * unit, unit)

    def _content(self, inode: Inode, runs: list[Run], inline: bytes) -> tuple[Content, int | None]:
        if inode.flags & ino.FLAG_INLINE:
            return Held(inline), None
        return content(self._view, self._sb.block_size, runs, inode.size)

    def _target(self, inode: Inode, runs: list[Run], inline: bytes, path: str) -> str:
        """Return where a symbolic link leads."""
        size = inode.size
        if not 0 < size <= self._limits.max_name:
            raise MalformedInput("ext", inode.offset, f"a link of {size} bytes")
        if inode.flags & ino.FLAG_INLINE:
            target = inline
        elif size < _INLINE:
            target = inode.block[:size]
            if inode.sectors != self._attribute_sectors(inode):
                # Linux before 4.13 tells a short link by the space in use, later ones by its size
                self._reading.note_anomaly("contradiction", "a short link that has blocks", inode.offset, path)
        else:
            made, _ = content(self._view, self._sb.block_size, runs, size)
            target = b"".join(map(bytes, made.chunks()))
        if b"\0" in target:
            self._reading.note_anomaly("hostile-name", f"NUL in the target {target!r}", inode.offset, path)
        return target.decode("utf-8", "surrogateescape")

    def _attribute_sectors(self, inode: Inode) -> int:
        if not inode.attributes_block:
            return 0
        blocks = self._sb.cluster
        return blocks if inode.flags & ino.FLAG_HUGE and RoCompat.HUGE_FILE in self._sb.ro_compat else blocks * self._sb.block_size // 512

    def _read_value(self, number: int, size: int) -> bytes:
        """Return the value of an extended attribute that has an inode to itself."""
        if number not in self._values:
            inode = self._table.read(number)
            if Incompat.EA_INODE not in self._sb.incompat or not inode.flags & ino.FLAG_EA_INODE or inode.size != size:
                raise MalformedInput("ext", inode.offset, f"inode {number} does not hold this extended attribute")
            blocks = BlockMap(inode, self._sb, self._space)
            if blocks.shared:
                raise MalformedInput("ext", inode.offset, "an extended attribute in blocks of something else")
            made, _ = content(self._view, self._sb.block_size, blocks.runs, size)
            self._values[number] = b"".join(map(bytes, made.chunks()))
            self.seen.add(number)
        value = self._values[number]
        if len(value) != size:
            raise MalformedInput("ext", 0, f"the value in inode {number} has {len(value)} bytes, not {size}")
        return value


def _readable(name: bytes) -> str:
    """Return a name fit to stand in a path; one that would change the path is escaped (and reported by who lists it)."""
    text = _HOSTILE.get(name)
    if text is None:
        text = name.decode("utf-8", "surrogateescape")
        if "/" in text or "\0" in text:
            text = text.replace("/", "%2F").replace("\0", "%00")
    return text


def _device(block: bytes) -> tuple[int, int]:
    old, new = int.from_bytes(block[:4], "little"), int.from_bytes(block[4:8], "little")
    if old:
        return old >> 8 & 0xFF, old & 0xFF
    return new >> 8 & 0xFFF, new & 0xFF | new >> 12 & 0xFFF00


def _renamed(entry: Entry, path: str) -> Entry:
    return Entry(
        path, entry.kind, entry.content, entry.size, entry.mode, entry.uid, entry.gid, entry.mtime, entry.link, entry.rdev,
        entry.xattrs, entry.offset, None, entry.facts,
    )


def _unreadable(error: MalformedInput, size: int) -> Content:
    def refuse() -> Iterator[Buffer]:
        raise error

    return Produced(refuse, size)
