# SPDX-License-Identifier: GPL-2.0
"""gdb's printers of krcu's types: what boxes, references and Rcus own, and what is in lists, tables and arrays.

make gdb loads it; elsewhere it is "source scripts/gdb/krcu.py" in gdb, with the kernel's own symbols, which know
its xarrays and hash tables. They print what is there while the guest stands still, and take no lock.

And a command, krcu-symbols DIR..., for the symbols of modules: the kernel's own lx-symbols wants more debug information
than the test kernels have.
"""

import os
import re

import gdb


def field_type(of, name):
    """The type of a field, of a base perhaps."""
    for field in of.fields():
        if field.name == name:
            return field.type.strip_typedefs()
        if field.is_base_class and (found := field_type(field.type.strip_typedefs(), name)):
            return found
    return None


def at(address, of):
    return gdb.Value(int(address)).cast(of.pointer()).dereference()


def word(address):
    return int(at(address, gdb.lookup_type("unsigned long")))


def kernel(struct):
    return gdb.lookup_type("struct " + struct)


def owned(owner, foreign):
    """What an owner of that type has behind a foreign pointer: a T, or a node that has one."""
    node = field_type(owner, "node_").template_argument(0).strip_typedefs()
    object_ = at(foreign, node)
    return object_["value"] if re.match("krcu::internal::Node<", node.name or "") else object_


def offset(link):
    """Of a pointer to a member."""
    return int(link.cast(gdb.lookup_type("long")))


class Pointer:
    """What is null, or owns one object."""

    def __init__(self, name, owner, foreign):
        self.name, self.owner, self.foreign = name, owner, foreign

    def to_string(self):
        if not self.foreign:
            return f"{self.name}, null"
        if (self.owner.strip_typedefs().name or "").startswith("krcu::RcuRef<"):
            return f"{self.name}, one of {int(owned(self.owner, self.foreign)['count_'])}"
        return self.name

    def children(self):
        if self.foreign:
            yield "object", owned(self.owner, self.foreign)


class Container:
    def __init__(self, name, children):
        self.name, self.children = name, children

    def to_string(self):
        return self.name


def in_list(list_):
    owner, link = list_.type.strip_typedefs().template_argument(0), list_.type.strip_typedefs().template_argument(1)
    head = int(list_["head_"].address)
    entry = word(head)
    n = 0
    while entry not in (0, head):
        yield f"[{n}]", at(entry - offset(link), owner.template_argument(0))
        n, entry = n + 1, word(entry)


def in_table(table):
    owner, link = table.type.strip_typedefs().template_argument(0), table.type.strip_typedefs().template_argument(1)
    rhashtable = int(table["table_"]["ptr_"])
    # Its first member, and behind it the one that is to replace it.
    buckets = rhashtable and word(rhashtable)
    n = 0
    while buckets:
        of = at(buckets, kernel("bucket_table"))
        for i in range(0 if of["nest"] else int(of["size"])):  # nested where memory was short: left out
            entry = int(of["buckets"][i]) & ~1  # the lowest bit of a bucket is its lock; of an entry, the end
            while entry and not entry & 1:
                yield f"[{n}]", at(entry - offset(link), owner.template_argument(0))
                n, entry = n + 1, word(entry)
        buckets = int(of["future_tbl"])


def in_xarray(array):
    def walk(entry, first):
        if entry & 3 == 2 and entry > 4096:  # a node
            node = at(entry - 2, kernel("xa_node"))
            shift, slots = int(node["shift"]), node["slots"]
            for i in range(slots.type.range()[1] + 1):
                yield from walk(int(slots[i]), first + (i << shift))
        elif entry and not entry & 3:
            yield f"[{first}]", owned(array.type.strip_typedefs().template_argument(0), entry)

    yield from walk(int(at(array["storage_"].address, kernel("xarray"))["xa_head"]), 0)


OWNERS = ("RcuBox", "RcuFreeBox", "RcuRef", "SrcuBox", "Box", "Callback")
CONTAINERS = {"List": in_list, "HashTable": in_table, "XArray": in_xarray}


def printer(value):
    type_ = value.type.strip_typedefs().unqualified()
    name = re.match(r"krcu::(\w+)(<|$)", type_.name or "")
    if type_.code != gdb.TYPE_CODE_STRUCT or not name:
        return None
    name = name[1]
    if name in OWNERS:
        return Pointer(name, type_, int(value["node_"]["ptr_"]))
    if name == "Rcu":
        return Pointer(name, type_.template_argument(0), int(value["foreign_"]))
    if name in ("RcuOld", "Draft"):
        return Pointer(name, type_.template_argument(0), int(value["foreign_"]["ptr_"]))
    if name in CONTAINERS:
        return Container(name, lambda: CONTAINERS[name](value))
    if name == "Global":
        object_ = at(value.address, type_.template_argument(0))
        return printer(object_) or Container(name, lambda: iter([("object", object_)]))
    if name in ("ListLink", "HashLink"):
        return Container(name, lambda: iter(()))
    return None


class Symbols(gdb.Command):
    """krcu-symbols DIR...: loads the symbols of all modules in the guest that are below DIR, at their addresses."""

    def __init__(self):
        super().__init__("krcu-symbols", gdb.COMMAND_FILES, gdb.COMPLETE_FILENAME)
        self.loaded = []

    def invoke(self, argument, _from_tty):
        while self.loaded:  # what is still there may be elsewhere now
            gdb.execute(f"remove-symbol-file {self.loaded.pop()}")
        files = {}
        for tree in gdb.string_to_argv(argument):
            for folder, _, names in os.walk(tree):
                files.update({name[:-3]: os.path.join(folder, name) for name in names if name.endswith(".ko")})
        head = int(gdb.parse_and_eval("&modules"))
        in_module = next(f.bitpos // 8 for f in kernel("module").fields() if f.name == "list")
        entry = word(head)
        while entry != head:
            module = at(entry - in_module, kernel("module"))
            if file := files.get(module["name"].string()):
                self.load(file, module["sect_attrs"]["grp"]["bin_attrs"])
            entry = word(entry)

    def load(self, file, attributes):
        places = {}
        while attributes.dereference():
            section = attributes.dereference()
            try:  # before 6.14, an address behind what is the same in all kernels
                address = section.cast(kernel("module_sect_attr").pointer())["address"]
            except gdb.error:
                address = section["private"]
            places[section["attr"]["name"].string()] = int(address)
            attributes += 1
        others = " ".join(f"-s {name} {place:#x}" for name, place in places.items() if name != ".text")
        gdb.execute(f"add-symbol-file {file} {places.get('.text', 0):#x} {others}", to_string=True)
        self.loaded.append(file)
        gdb.write(f"symbols of {file}\n")


Symbols()
gdb.pretty_printers.append(printer)
