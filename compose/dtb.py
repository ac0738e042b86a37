"""compose/dtb.py: a flattened device tree (Devicetree Specification 0.4, chapter 5) as nodes.

It may be damaged, or none at all: nothing that it says of itself is believed, and what cannot be is one ComposeError
that tells where.
"""

import struct

from .errors import ComposeError

MAGIC = 0xd00d_feed
VERSION = 17            # whose readers can read the tree: last_comp_version is not above it
VERSION_FIRST = 16      # the first one with names as they are now
BEGIN_NODE, END_NODE, PROPERTY, NOTHING, END = 1, 2, 3, 4, 9
HEADER = struct.Struct(">10I")
WORD = struct.Struct(">I")


class Node:
    """name; parent (None: the root); children; properties: name -> bytes."""

    def __init__(self, name, parent):
        self.name, self.parent, self.children, self.properties = name, parent, [], {}

    @property
    def path(self):
        names, node = [], self
        while node.parent is not None:
            names.append(node.name)
            node = node.parent
        return "/" + "/".join(reversed(names))

    def find(self, path):
        """The node at `path` below this one, or None."""
        node = self
        for name in filter(None, path.split("/")):
            node = next((child for child in node.children if child.name == name), None)
            if node is None:
                return None
        return node


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0
        if len(data) < HEADER.size:
            raise ComposeError(f"no device tree: {len(data)} bytes are less than its header")
        magic, size, self.at, strings, _, version, last_compatible, _, strings_size, _ = HEADER.unpack_from(data)
        if magic != MAGIC:
            raise ComposeError(f"no device tree: it begins with {magic:#x}, not with {MAGIC:#x}")
        if version < VERSION_FIRST or last_compatible > VERSION:
            raise ComposeError(f"device tree of version {version}, for readers of {last_compatible}; "
                               f"there are: {VERSION_FIRST}, {VERSION}")
        if size > len(data):
            raise ComposeError(f"device tree of {size} bytes; {len(data)} are there")
        self.strings = data[strings:strings + strings_size]

    def fail(self, what):
        raise ComposeError(f"device tree: {what} at {self.at:#x}")

    def word(self):
        if self.at + WORD.size > len(self.data):
            self.fail("no more words")
        value, = WORD.unpack_from(self.data, self.at)
        self.at += WORD.size
        return value

    def text(self, data, at):
        """A name, and what it takes."""
        end = data.find(b"\0", at)
        name = data[at:end].decode("latin-1")
        if end < 0 or at >= len(data) or not (name.isascii() and (name.isprintable() or name == "")):
            self.fail("a name that is none")
        return name, end + 1 - at

    def skip(self, size):
        """The bytes at hand, and those up to a whole word."""
        start = self.at
        if start + size > len(self.data):
            self.fail(f"no {size} bytes")
        self.at = (start + size + WORD.size - 1) & -WORD.size
        return self.data[start:start + size]

    def property(self, node):
        if node is None:
            self.fail("a property of no node")
        size, name_at = self.word(), self.word()
        name, _ = self.text(self.strings, name_at)
        node.properties[name] = bytes(self.skip(size))

    def begin(self, parent):
        name, size = self.text(self.data, self.at)
        self.skip(size)
        node = Node(name, parent)
        if parent is not None:
            parent.children.append(node)
        return node

    def tree(self):
        root = node = None
        while True:
            tag = self.word()
            if tag == BEGIN_NODE:
                if root is not None and node is None:
                    self.fail("a second root")
                node = self.begin(node)
                root = root or node
            elif tag == END_NODE and node is not None:
                node = node.parent
            elif tag == PROPERTY:
                self.property(node)
            elif tag == END and root is not None and node is None:
                return root
            elif tag != NOTHING:
                self.at -= WORD.size
                self.fail(f"no place for the token {tag:#x}")


def parse(data):
    """The root."""
    return Reader(data).tree()
