"""A reader of the pickle inside a PyTorch checkpoint that runs no code in it.

A pickle is a program for a small stack machine. Python's own unpickler executes it: it imports what
the program names and calls it. The machine in this module only knows the opcodes that `torch.save`
writes. Names become inert `Global` tokens, and calling one looks it up among the functions that the
caller passes. The result consists of dict, list, tuple, str, numbers, None, and the results of
those functions. Time and memory are proportional to the length of the pickle: this module never
recurses, hashes a container, or makes an object larger than the bytes that describe it.

The format is documented in Python's `pickletools`.
"""

import dataclasses
import pickletools
import struct
from collections.abc import Callable, Mapping
from typing import Any

from spikejax.weights.errors import WeightsError, quoted

MAX_BYTES = 2 << 20
"""Largest pickle; a checkpoint's takes about 150 bytes per tensor, without the values."""

_MAX_INTEGER_BYTES = 16
_MAX_NAME_BYTES = 256

_CONSTANTS: Mapping[int, Any] = {ord("N"): None, 0x88: True, 0x89: False, ord(")"): ()}
_EMPTY: Mapping[int, type] = {ord("]"): list, ord("}"): dict}
_NUMBERS = {
    ord(code): struct.Struct(layout)
    for code, layout in {"K": "<B", "M": "<H", "J": "<i", "G": ">d"}.items()
}
_TUPLES = {0x85: 1, 0x86: 2, 0x87: 3}
_MEMO = {ord(c): struct.Struct(f) for c, f in {"q": "<B", "r": "<I", "h": "<B", "j": "<I"}.items()}
_PUT = {ord("q"), ord("r")}
_LENGTH = struct.Struct("<I")
_OPCODE_NAMES = {opcode.code: opcode.name for opcode in pickletools.opcodes}


@dataclasses.dataclass(frozen=True)
class Global:
    """A name in the pickle, such as 'torch.FloatStorage', which is never imported."""

    name: str


@dataclasses.dataclass(frozen=True)
class Opaque:
    """A placeholder for an object that is harmless and not needed."""

    name: str


def read_pickle(
    data: bytes,
    start: int = 0,
    *,
    names: frozenset[str],
    calls: Mapping[str, Callable[..., Any]],
    persistent: Callable[[Any], Any],
) -> tuple[Any, int]:
    """Reads one pickle.

    Args:
        data: bytes that contain the pickle.
        start: offset of the pickle, bytes.
        names: names that the pickle may contain ('module.name'), besides those that it may call.
        calls: names that the pickle may call, with the functions that are called instead.
        persistent: converts a persistent identifier (a reference to a stored array) to a value.

    Returns:
        The value, and the position after the pickle.

    Raises:
        WeightsError: if the pickle is damaged, too long, or contains anything that a checkpoint
            does not need.
    """
    machine = _Machine(data, start, frozenset(names) | calls.keys(), calls, persistent)
    return machine.run()


class _Machine:
    """The stack machine, with one method for each opcode that takes more than a line."""

    def __init__(
        self,
        data: bytes,
        start: int,
        names: frozenset[str],
        calls: Mapping[str, Callable[..., Any]],
        persistent: Callable[[Any], Any],
    ) -> None:
        self.data = data
        self.start = start
        self.position = start
        self.names = names
        self.calls = calls
        self.persistent = persistent
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> tuple[Any, int]:
        while True:
            code = self.take(1)[0]
            if code == ord("."):
                value = self.pop()
                if self.stack or self.marks:
                    raise self.damaged("values are left over at its end")
                return value, self.position
            self.step(code)

    def step(self, code: int) -> None:
        if code in _CONSTANTS:
            self.stack.append(_CONSTANTS[code])
        elif code in _NUMBERS:
            self.stack.append(self.number(_NUMBERS[code]))
        elif code in _MEMO:
            self.remember_or_recall(code)
        elif code in _TUPLES:
            self.stack.append(tuple(reversed([self.pop() for _ in range(_TUPLES[code])])))
        elif code in _EMPTY:
            self.stack.append(_EMPTY[code]())
        elif code in _STEPS:
            _STEPS[code](self)
        else:
            what = _OPCODE_NAMES.get(chr(code), f"{code:#04x}")
            raise WeightsError(
                f"its pickle holds the opcode {what}, which torch.save does not write for tensors "
                "and plain containers; in PyTorch save model.state_dict() with torch.save"
            )

    def damaged(self, what: str) -> WeightsError:
        return WeightsError(f"its pickle is damaged: {what} (byte {self.position - self.start})")

    def take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self.data):
            raise self.damaged("it ends too early")
        if end - self.start > MAX_BYTES:
            raise WeightsError(f"its pickle is longer than the {MAX_BYTES >> 20} MiB allowed")
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def number(self, layout: struct.Struct) -> Any:
        return layout.unpack(self.take(layout.size))[0]

    def pop(self) -> Any:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise self.damaged("a value is missing")
        return self.stack.pop()

    def pop_to_mark(self) -> list[Any]:
        if not self.marks:
            raise self.damaged("a mark is missing")
        mark = self.marks.pop()
        values = self.stack[mark:]
        del self.stack[mark:]
        return values

    def remember_or_recall(self, code: int) -> None:
        index = self.number(_MEMO[code])
        if code in _PUT:
            value = self.pop()
            self.stack.append(value)
            self.memo[index] = value
        elif index in self.memo:
            self.stack.append(self.memo[index])
        else:
            raise self.damaged(f"it refers to value {index}, which does not exist")

    def protocol(self) -> None:
        if (version := self.take(1)[0]) != 2:
            raise WeightsError(f"its pickle has protocol {version}; torch.save writes protocol 2")

    def mark(self) -> None:
        self.marks.append(len(self.stack))

    def integer(self) -> None:
        size = self.take(1)[0]
        if size > _MAX_INTEGER_BYTES:
            raise self.damaged(f"an integer of {size} bytes")
        self.stack.append(int.from_bytes(self.take(size), "little", signed=True))

    def text(self) -> None:
        self.push_text(self.take(self.number(_LENGTH)))

    def short_text(self) -> None:
        self.push_text(self.take(self.take(1)[0]))

    def push_text(self, raw: bytes) -> None:
        try:
            self.stack.append(raw.decode("utf-8"))
        except UnicodeDecodeError:
            raise self.damaged("a name is not UTF-8") from None

    def name(self) -> None:
        parts = []
        for _ in range(2):
            end = self.data.find(b"\n", self.position, self.position + _MAX_NAME_BYTES)
            if end < 0:
                raise self.damaged("a name does not end")
            parts.append(self.take(end - self.position).decode("latin-1"))
            self.take(1)
        name = ".".join(parts)
        if name not in self.names:
            raise WeightsError(
                f"its pickle names {quoted(name)}; only tensors and plain containers are read, and "
                "nothing in the file was run; in PyTorch save model.state_dict() with torch.save"
            )
        self.stack.append(Global(name))

    def call(self) -> None:
        arguments, function = self.pop(), self.pop()
        if not isinstance(function, Global) or function.name not in self.calls:
            raise WeightsError(
                f"its pickle calls {quoted(function)}, which a checkpoint does not need"
            )
        if not isinstance(arguments, tuple):
            raise self.damaged("the arguments of a call are not a tuple")
        try:
            self.stack.append(self.calls[function.name](*arguments))
        except TypeError:
            raise self.damaged(f"wrong arguments for {function.name}") from None

    def set_state(self) -> None:
        """Drops a state: PyTorch's `_metadata` on a dictionary, or any on an opaque object."""
        self.pop()
        target = self.pop()
        if not isinstance(target, dict | Opaque):
            raise WeightsError(f"its pickle sets the state of {quoted(target)}")
        self.stack.append(target)

    def append(self) -> None:
        self.extend([self.pop()])

    def appends(self) -> None:
        self.extend(self.pop_to_mark())

    def extend(self, values: list[Any]) -> None:
        target = self.pop()
        if not isinstance(target, list):
            raise self.damaged(f"it appends to {quoted(target)}")
        target.extend(values)
        self.stack.append(target)

    def set_item(self) -> None:
        value = self.pop()
        self.update([self.pop(), value])

    def set_items(self) -> None:
        self.update(self.pop_to_mark())

    def update(self, items: list[Any]) -> None:
        target = self.pop()
        if not isinstance(target, dict) or len(items) % 2:
            raise self.damaged(f"it sets entries of {quoted(target)}")
        for key, value in zip(items[::2], items[1::2], strict=True):
            # Only small keys: the hash of a nested tuple takes time exponential in its depth, and
            # large integers can be chosen so that their hashes collide.
            small = type(key) is int and abs(key) < 2**31
            if not (small or isinstance(key, str)):
                raise WeightsError(f"its pickle uses {quoted(key)} as the key of a dictionary")
            target[key] = value
        self.stack.append(target)


_STEPS: Mapping[int, Callable[[_Machine], None]] = {
    0x80: _Machine.protocol,
    ord("("): _Machine.mark,
    0x8A: _Machine.integer,
    ord("X"): _Machine.text,
    ord("T"): _Machine.text,  # byte strings of Python 2, which include names
    ord("U"): _Machine.short_text,
    ord("c"): _Machine.name,
    ord("R"): _Machine.call,
    0x81: _Machine.call,  # creates an object: `cls.__new__(cls, *arguments)`
    ord("b"): _Machine.set_state,
    ord("Q"): lambda machine: machine.stack.append(machine.persistent(machine.pop())),
    ord("a"): _Machine.append,
    ord("e"): _Machine.appends,
    ord("s"): _Machine.set_item,
    ord("u"): _Machine.set_items,
    ord("t"): lambda machine: machine.stack.append(tuple(machine.pop_to_mark())),
}
