"""Places the entries of one reading in the tree: implied folders, names that climb or stand twice, hard links."""

from trueware.formats.contract import Entry, Reading
from trueware.measuring.budget import Budget
from trueware.measuring.node import Node
from trueware.model.limits import Limits
from trueware.model.part import Kind


class Placer:
    """Builds the tree below one container.

    Names are data: ``..`` and absolute paths become folders of that name below the container, and are reported.
    """

    def __init__(self, root: Node, limits: Limits, budget: Budget) -> None:
        self._root, self._limits, self._budget = root, limits, budget
        self._folders: dict[str, Node] = {"": root}
        self._links: list[tuple[Node, str]] = []

    def place(self, entry: Entry, reading: Reading) -> Node | None:
        """Put `entry` into the tree and return its node, None where it adds nothing new or cannot be placed."""
        path = entry.path
        if entry.kind is Kind.REGION:
            return self._add(self._root, path, entry, reading)
        parent_path, _, name = path.rpartition("/")
        parent = self._folders.get(parent_path)
        if parent is None or name in ("", ".", "..") or "\0" in name or len(path) > self._limits.max_name:
            components = self._components(entry, reading)
            if components is None:
                return None
            if not components:
                self._describe_root(entry)
                return None
            *above, name = components
            parent_path = "/".join(above)
            parent = self._folders.get(parent_path) or self._make_folders(above, reading)
        if entry.kind is Kind.DIRECTORY:
            return self._place_folder(parent, f"{parent_path}/{name}" if parent_path else name, name, entry, reading)
        return self._add(parent, name, entry, reading)

    def find(self, path: str) -> Node | None:
        """Return the node at a path as entries give it, None for the container itself or an unknown one."""
        if not path:
            return None
        node = self._root
        for name in path.split("/"):
            if name in ("", "."):
                continue
            child = node.children.get(name)
            if child is None:
                return None
            node = child
        return node if node is not self._root else None

    def resolve(self, reading: Reading) -> None:
        """Connect hard links to the files they name."""
        for node, target_path in self._links:
            target = self.find(target_path)
            while target is not None and target.same_as is not None:
                target = target.same_as
            if target is None or target is node or target.entry.kind is not Kind.FILE or _is_above(target, node):
                detail = f"hard link to {target_path!r}, which is no file here"
                reading.note_anomaly("malformed", detail, node.entry.offset, node.entry.path)
            else:
                node.same_as = target

    def _components(self, entry: Entry, reading: Reading) -> list[str] | None:
        path = entry.path
        if len(path) > self._limits.max_name:
            reading.note_anomaly("limit-reached", f"a path of {len(path)} characters (max_name)", entry.offset)
            return None
        components = [name for name in path.split("/") if name not in ("", ".")]
        if len(components) > self._limits.max_path_depth:
            reading.note_anomaly("limit-reached", f"{len(components)} folders deep (max_path_depth)", entry.offset)
            return None
        if path.startswith("/"):
            reading.note_anomaly("hostile-name", f"absolute path {path!r}", entry.offset)
        if ".." in components:
            reading.note_anomaly("hostile-name", f"climbing path {path!r}", entry.offset)
        if "\0" in path:
            reading.note_anomaly("hostile-name", f"NUL in {path!r}", entry.offset)
        return components

    def _describe_root(self, entry: Entry) -> None:
        """Take the attributes of the container's root folder from its own entry, as tar writes for ``./``."""
        if self._root.entry.kind is Kind.DIRECTORY and self._root.implied:
            self._root.entry = entry

    def _make_folders(self, names: list[str], reading: Reading) -> Node:
        node, path = self._root, ""
        for name in names:
            path = f"{path}/{name}" if path else name
            known = self._folders.get(path)
            if known is None:
                self._budget.count_entry(len(path))
                known = Node.folder(name, node)
                if not node.add(known):
                    reading.note_anomaly("duplicate-path", f"{path!r} is a folder and something else")
                self._folders[path] = known
            node = known
        return node

    def _place_folder(self, parent: Node, path: str, name: str, entry: Entry, reading: Reading) -> Node | None:
        known = self._folders.get(path)
        if known is None:
            node = self._add(parent, name, entry, reading)
            self._folders[path] = node
            return node
        if known.implied:
            known.entry = entry
        elif _attributes(known.entry) != _attributes(entry):
            reading.note_anomaly(
                "duplicate-path", f"folder {path!r} stands twice with other attributes", entry.offset, path
            )
        return None

    def _add(self, parent: Node, name: str, entry: Entry, reading: Reading) -> Node:
        node = Node(name, entry, parent)
        if not parent.add(node):
            reading.note_anomaly("duplicate-path", f"{entry.path!r} stands twice", entry.offset, entry.path)
        if entry.hard_link is not None:
            self._links.append((node, entry.hard_link))
        return node


def _attributes(entry: Entry) -> tuple[object, ...]:
    return entry.mode, entry.uid, entry.gid, entry.xattrs


def _is_above(node: Node, below: Node | None) -> bool:
    while below is not None:
        if below is node:
            return True
        below = below.parent
    return False
