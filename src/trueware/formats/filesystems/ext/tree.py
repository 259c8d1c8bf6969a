"""The tree of an ext file system: walks the folders from the root, and turns names and inodes into entries."""

from collections.abc import Iterator
from itertools import chain

from trueware.errors import MalformedInput
from trueware.formats.contract import Buffer, Content, Entry, Held, Produced, Reading
from trueware.formats.filesystems.ext import inodes as ino
from trueware.formats.filesystems.ext.blocks import Run, content, map_blocks
from trueware.formats.filesystems.ext.directories import KINDS, Name, has_good_checksum, read_block
from trueware.formats.filesystems.ext.htree import lost_names
from trueware.formats.filesystems.ext.inodes import Inode, InodeTable, block_seed
from trueware.formats.filesystems.ext.space import CONTENT, METADATA, Space
from trueware.formats.filesystems.ext.superblock import ROOT_INODE, Compat, Incompat, RoCompat, Superblock
from trueware.formats.filesystems.ext.xattrs import INLINE_DATA, MAGIC, AttributeReader, Attributes
from trueware.formats.names import is_hostile, readable
from trueware.model.limits import Limits
from trueware.model.part import Kind

_FACTS = (
    (ino.FLAG_IMMUTABLE, "immutable"), (ino.FLAG_APPEND, "append-only"), (ino.FLAG_ENCRYPTED, "encrypted"),
    (ino.FLAG_VERITY, "verity"), (ino.FLAG_CASEFOLD, "casefold"),
)  # fmt: skip
_TELLING = sum(flag for flag, _ in _FACTS)
_INLINE, _INLINE_FOLDER = 60, 4
_FILE, _DIRECTORY, _SYMLINK = Kind.FILE, Kind.DIRECTORY, Kind.SYMLINK
_DEVICES = (Kind.CHARACTER, Kind.BLOCK)
_ABSURD = 1 << 63
_Listing = tuple[list[Run], bytes]
"""Where the names of a folder are: in blocks, or in the inode."""


class Tree:
    """The folders and files of one file system.

    Attributes:
        seen: numbers of the inodes that have a name.
    """

    def __init__(
        self, view: memoryview, sb: Superblock, table: InodeTable, space: Space, reading: Reading, limits: Limits
    ) -> None:
        self._view, self._sb, self._table, self._space, self._reading, self._limits = (
            view,
            sb,
            table,
            space,
            reading,
            limits,
        )
        self._attributes = AttributeReader(sb, space, reading, self._read_value, limits.max_xattrs)
        self._values: dict[int, bytes] = {}
        self._entries: dict[int, Entry] = {}
        self._more_names: dict[int, int] = {}
        self._unusual = _TELLING | ino.FLAG_COMPRESSED | ino.FLAG_INLINE | (0 if sb.has_extents else ino.FLAG_EXTENTS)
        self._typed = Incompat.FILETYPE in sb.incompat
        self.seen: set[int] = {ROOT_INODE}

    # --- the walk --------------------------------------------------------------------------------------------------------

    def walk(self) -> Iterator[Entry]:
        """Yield the entries, folders before what is in them.

        Raises:
            MalformedInput: there is no root folder.
        """
        root = self._table.read(ROOT_INODE)
        if root.kind is not _DIRECTORY:
            raise MalformedInput("ext", root.offset, "the root is no folder")
        self._reading.attributes, listing = self._describe(root, "")
        stack = [(root, listing, "", 0, ROOT_INODE)]
        while stack:
            folder, listing, path, depth, parent = stack.pop()
            below: list[tuple[Inode, _Listing, str, int, int]] = []
            prefix = f"{path}/" if path else ""
            for name, number, kind in self._list(folder, listing, path, parent):
                place = prefix + readable(name)
                if number in self._entries:
                    yield self._name_again(number, kind, place)
                    continue
                inode = self._find(number, kind, place)
                if inode is None:
                    continue
                entry, listing = self._describe(inode, place)
                self._entries[number] = entry
                if inode.kind is _DIRECTORY:
                    if depth + 1 < self._limits.max_path_depth:
                        below.append((inode, listing, place, depth + 1, folder.number))
                    else:
                        self._reading.note_anomaly("limit-reached", "max_path_depth", inode.offset, place)
                elif inode.links > 1:
                    self._more_names[number] = inode.links - 1
                yield entry
            stack.extend(reversed(below))
        if wrong := sum(map(bool, self._more_names.values())):
            self._reading.note_anomaly("contradiction", f"{wrong} inodes have more or fewer names than they say")

    def _find(self, number: int, kind: int, path: str) -> Inode | None:
        """Return the inode that a name stands for, None where no device could open it."""
        try:
            if number < self._sb.first_inode:
                raise MalformedInput("ext", 0, f"inode {number} is not for files")  # noqa: TRY301
            inode = self._table.read(number)
            if inode.kind is None or not inode.links:
                raise MalformedInput("ext", inode.offset, f"inode {number} is not in use")  # noqa: TRY301
        except MalformedInput as error:
            rule = "cycle" if number == ROOT_INODE else "malformed"
            self._reading.note_anomaly(rule, error.reason, error.offset, path)
            return None
        if kind and KINDS.get(kind) is not inode.kind:
            self._reading.note_anomaly("contradiction", f"{inode.kind.value} named as kind {kind}", inode.offset, path)
        self.seen.add(number)
        return inode

    def _name_again(self, number: int, kind: int, path: str) -> Entry:
        """Return the entry for one more name of an inode."""
        known = self._entries[number]
        if kind and KINDS.get(kind) is not known.kind:
            self._reading.note_anomaly("contradiction", f"{known.kind.value} named as kind {kind}", known.offset, path)
        if known.kind is _DIRECTORY:
            self._reading.note_anomaly("cycle", f"folder {number} is {known.path!r} as well", None, path)
        else:
            self._more_names[number] = self._more_names.get(number, 0) - 1
        return Entry(
            path,
            known.kind,
            known.content,
            known.size,
            known.mode,
            known.uid,
            known.gid,
            known.mtime,
            known.link,
            known.rdev,
            known.xattrs,
            known.offset,
            facts=known.facts,
            notes=known.notes,
        )

    # --- folders ---------------------------------------------------------------------------------------------------------

    def _list(self, folder: Inode, listing: _Listing, path: str, parent: int) -> Iterator[Name]:
        """Yield the names in a folder but its own two, everything strange about them reported."""
        runs, inline = listing
        if folder.flags & ino.FLAG_INLINE:
            up = int.from_bytes(inline[:_INLINE_FOLDER], "little")
            blocks = chain((inline[_INLINE_FOLDER:_INLINE],), (inline[_INLINE:],) if len(inline) > _INLINE else ())
            found = {b".": folder.number, b"..": up}
        else:
            blocks = chain(self._blocks(folder, runs, path))
            found = {}
        names: set[bytes] = set()
        indexed = self._is_indexed(folder)
        kept: list[bytes] = []
        kept_names: list[list[bytes]] = []
        for number, block in enumerate(blocks):
            entries, wrong = read_block(block, typed=self._typed)
            if wrong:
                self._reading.note_anomaly("malformed", f"{wrong} (block {number} of the folder)", folder.offset, path)
            for entry in entries:
                name = entry[0]
                if is_hostile(name):
                    if not number and name in (b".", b"..") and name not in found:
                        found[name] = entry[1]
                        continue
                    self._reading.note_anomaly("hostile-name", f"{name!r}", folder.offset, path)
                if name in names:
                    self._reading.note_anomaly("duplicate-path", f"{name!r} stands twice", folder.offset, path)
                names.add(name)
                yield entry
            if indexed:
                kept.append(block)
                own = 0 if number else 2
                kept_names.append([entry[0] for entry in entries[own:]])
        if indexed and kept:
            self._look_up(kept, kept_names, folder, path)
        if found != {b".": folder.number, b"..": parent}:
            detail = (
                f"'.' and '..' are inodes {found.get(b'.')} and {found.get(b'..')}, not {folder.number} and {parent}"
            )
            self._reading.note_anomaly("contradiction", detail, folder.offset, path)

    def _is_indexed(self, folder: Inode) -> bool:
        return bool(
            self._sb.compat & Compat.DIR_INDEX
            and folder.flags & ino.FLAG_INDEX
            and not folder.flags & (ino.FLAG_INLINE | ino.FLAG_ENCRYPTED)
        )

    def _look_up(self, blocks: list[bytes], names: list[list[bytes]], folder: Inode, path: str) -> None:
        """Report names that a device would not find where a list of the folder shows them."""
        if folder.flags & ino.FLAG_CASEFOLD:
            folded = [[name.lower() for name in block if name.isascii()] for block in names]
            if unfolded := sum(map(len, names)) - sum(map(len, folded)):
                detail = f"{unfolded} names, not ASCII, in the index of a folder that ignores case"
                self._reading.note_anomaly("unsupported", detail, folder.offset, path)
            names = folded
        try:
            lost = lost_names(blocks, names, self._sb)
        except MalformedInput as error:
            self._reading.note_anomaly("malformed", error.reason, folder.offset, path)
            return
        if lost:
            detail = f"{len(lost)} names are not where the index leads, {lost[0]!r} is one"
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
            at = min(logical + count, end)
            for place in range(at - logical if written else 0):
                block = self._space.block(physical + place)
                if len(block) < unit:
                    self._reading.note_anomaly("malformed", "the image ends within this folder", folder.offset, path)
                    return
                if self._sb.checksummed:
                    indexed = bool(folder.flags & ino.FLAG_INDEX)
                    bad += not has_good_checksum(
                        block, block_seed(folder, self._sb), indexed=indexed, first=not logical + place
                    )
                yield block
        if at < end:
            self._reading.note_anomaly("malformed", "blocks of the folder are missing", folder.offset, path)
        if bad:
            self._reading.note_anomaly(
                "checksum-mismatch", f"CRC-32C of {bad} blocks of the folder", folder.offset, path
            )

    # --- inodes ----------------------------------------------------------------------------------------------------------

    def _describe(self, inode: Inode, path: str) -> tuple[Entry, _Listing]:
        """Return an entry for an inode and, for a folder, where its names are."""
        kind, flags = inode.kind, inode.flags
        assert kind is not None  # noqa: S101 (every caller has looked)
        entry = Entry(path, kind, mode=inode.mode, uid=inode.uid, gid=inode.gid, mtime=inode.mtime)
        attributes: Attributes = ()
        if inode.attributes_block or inode.tail[:4] == MAGIC:
            attributes = self._read_attributes(inode, path)
        runs: list[Run] = []
        inline = b""
        try:
            if flags & self._unusual or inode.size >= _ABSURD:
                inline = self._take_unusual(inode, entry, attributes)
            if kind is _FILE:
                entry.size = inode.size
                if not flags & ino.FLAG_INLINE:
                    runs = self._map(inode, path)
                    entry.content, entry.offset = content(self._view, self._sb.block_size, runs, inode.size)
                else:
                    entry.content = Held(inline)
            elif kind is _DIRECTORY:
                if not flags & ino.FLAG_INLINE:
                    runs = self._map(inode, path)
            elif kind is _SYMLINK:
                entry.link = self._target(inode, inline, path)
            elif kind in _DEVICES:
                entry.rdev = _device(inode.block)
        except MalformedInput as error:
            if kind is _FILE:
                entry.content, entry.size = _unreadable(error, inode.size), inode.size
            else:
                self._reading.note_anomaly("malformed", error.reason, error.offset, path)
        entry.xattrs = attributes
        if inline:
            entry.xattrs = tuple(pair for pair in attributes if pair[0] != INLINE_DATA)
        return entry, (runs, inline)

    def _read_attributes(self, inode: Inode, path: str) -> Attributes:
        try:
            return self._attributes.read(inode)
        except MalformedInput as error:
            self._reading.note_anomaly("malformed", error.reason, error.offset, path)
            return ()

    def _take_unusual(self, inode: Inode, entry: Entry, attributes: Attributes) -> bytes:
        """Report what hides or changes the content of an inode; return the content where it is in the inode."""
        flags, note = inode.flags, self._reading.note_anomaly
        if flags & _TELLING:
            entry.facts = (("flags", ",".join(word for flag, word in _FACTS if flags & flag)),)
        if flags & ino.FLAG_ENCRYPTED:
            note("encrypted", "content or names are encrypted", inode.offset, entry.path)
        if flags & ino.FLAG_COMPRESSED:
            note("unsupported", "compressed by an ext2 of old", inode.offset, entry.path)
        if flags & ino.FLAG_EXTENTS and not self._sb.has_extents:
            note("contradiction", "extents in a file system without", inode.offset, entry.path)
        if inode.size >= _ABSURD:
            raise MalformedInput("ext", inode.offset, f"a size of {inode.size}")
        if not flags & ino.FLAG_INLINE:
            return b""
        if not self._sb.has_inline_data:
            raise MalformedInput("ext", inode.offset, "inline content in a file system without")
        held = inode.block + dict(attributes).get(INLINE_DATA, b"")
        if inode.size > len(held):
            raise MalformedInput(
                "ext", inode.offset, f"{len(held)} bytes of inline content, the size says {inode.size}"
            )
        return held[: inode.size]

    def _map(self, inode: Inode, path: str) -> list[Run]:
        """Return where the content lies, its blocks claimed."""
        owner = METADATA if inode.kind is _DIRECTORY else CONTENT
        blocks = map_blocks(inode, self._sb, self._space, owner)
        if not blocks.checked:
            self._reading.note_anomaly("checksum-mismatch", "CRC-32C of a block of extents", inode.offset, path)
        if blocks.shared:
            self._reading.note_anomaly("overlap", "blocks that belong to something else as well", inode.offset, path)
            if inode.kind is not _FILE:
                # reading them again and again would let a small image cost much
                raise MalformedInput("ext", inode.offset, "blocks that belong to something else as well")
        if inode.kind is _FILE and not inode.flags & ino.FLAG_VERITY:
            self._look_behind(blocks.runs, inode.size)
        return blocks.runs

    def _look_behind(self, runs: list[Run], size: int) -> None:
        """Look for data behind the end of a file, and in blocks that were never written."""
        unit, look = self._sb.block_size, self._space.slack.look
        for logical, count, physical, written in runs:
            end = (logical + count) * unit
            if end > size or not written:
                inside = max(size - logical * unit, 0) if written else 0
                look(physical * unit + inside, (physical + count) * unit, unit)

    def _target(self, inode: Inode, inline: bytes, path: str) -> str:
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
            made, _ = content(self._view, self._sb.block_size, self._map(inode, path), size)
            target = b"".join(map(bytes, made.chunks()))
        if b"\0" in target:
            self._reading.note_anomaly("hostile-name", f"NUL in the target {target!r}", inode.offset, path)
        return target.decode("utf-8", "surrogateescape")

    def _attribute_sectors(self, inode: Inode) -> int:
        if not inode.attributes_block:
            return 0
        sb = self._sb
        if inode.flags & ino.FLAG_HUGE and RoCompat.HUGE_FILE in sb.ro_compat:
            return sb.cluster
        return sb.cluster * sb.block_size // 512

    def _read_value(self, number: int, size: int) -> bytes:
        """Return the value of an extended attribute that has an inode to itself."""
        if number not in self._values:
            inode = self._table.read(number)
            if Incompat.EA_INODE not in self._sb.incompat or not inode.flags & ino.FLAG_EA_INODE or inode.size != size:
                raise MalformedInput("ext", inode.offset, f"inode {number} does not hold this extended attribute")
            blocks = map_blocks(inode, self._sb, self._space)
            if blocks.shared:
                raise MalformedInput("ext", inode.offset, "an extended attribute in blocks of something else")
            made, _ = content(self._view, self._sb.block_size, blocks.runs, size)
            self._values[number] = b"".join(map(bytes, made.chunks()))
            self.seen.add(number)
        value = self._values[number]
        if len(value) != size:
            raise MalformedInput("ext", 0, f"the value in inode {number} has {len(value)} bytes, not {size}")
        return value


def _device(block: bytes) -> tuple[int, int]:
    old, new = int.from_bytes(block[:4], "little"), int.from_bytes(block[4:8], "little")
    if old:
        return old >> 8 & 0xFF, old & 0xFF
    return new >> 8 & 0xFFF, new & 0xFF | new >> 12 & 0xFFF00


def _unreadable(error: MalformedInput, size: int) -> Content:
    def refuse() -> Iterator[Buffer]:
        raise error

    return Produced(refuse, size)
