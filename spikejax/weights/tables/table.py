"""The form of a name table: which PyTorch module is which of ours, and how layouts convert."""

import dataclasses
from collections.abc import Mapping

Row = tuple[str, str, str]
"""A PyTorch module's name, its kind (a key of `KINDS`), and the path of ours."""


@dataclasses.dataclass(frozen=True)
class Leaf:
    """One array of a module.

    Attributes:
        theirs: its name in PyTorch; '' for a parameter that stands alone.
        collection: the collection of ours, 'params' or 'batch_stats'.
        ours: its name in ours; '' for a parameter that stands alone.
        axes: for each axis of ours, which of PyTorch's it is; None for the same order.
    """

    theirs: str
    collection: str
    ours: str
    axes: tuple[int, ...] | None = None


_BIAS = Leaf("bias", "params", "bias")
_SCALE = Leaf("weight", "params", "scale")
_CONV_KERNEL = Leaf("weight", "params", "kernel", (2, 3, 1, 0))  # (out, in, kh, kw)

KINDS: Mapping[str, tuple[Leaf, ...]] = {
    "conv": (_CONV_KERNEL, _BIAS),
    "conv_without_bias": (_CONV_KERNEL,),
    "conv_transpose": (Leaf("weight", "params", "kernel", (2, 3, 0, 1)), _BIAS),  # (in, out, ...)
    "prelu": (Leaf("weight", "params", "slope"),),
    "layer_norm": (_SCALE, _BIAS),
    "batch_norm": (
        _SCALE,
        _BIAS,
        Leaf("running_mean", "batch_stats", "mean"),
        Leaf("running_var", "batch_stats", "var"),
    ),
    "parameter": (Leaf("", "params", ""),),
}

COUNTER = "num_batches_tracked"
"""PyTorch's batch norms count their batches; the count is used only with momentum=None."""


@dataclasses.dataclass(frozen=True)
class Table:
    """How the published weights of a network are named.

    Attributes:
        rows: a row a module, in the order of the published state dict.
        trained_gain: spikes a readout at intensity 1 of the published training.
        any_names: the modules' names do not matter, their order does: a plain chain of layers.
    """

    rows: tuple[Row, ...]
    trained_gain: float = 1.0
    any_names: bool = False


@dataclasses.dataclass(frozen=True)
class Entry:
    """One array: its name in PyTorch, its path in our variables, and the order of its axes."""

    theirs: str
    ours: str
    axes: tuple[int, ...] | None

    def shape_in_torch(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """PyTorch's shape of an array whose shape is `shape` in ours."""
        if self.axes is None:
            return shape
        return tuple(shape[self.axes.index(axis)] for axis in range(len(shape)))


def entries(table: Table) -> tuple[Entry, ...]:
    """The arrays of all rows, in their order."""
    return tuple(
        Entry(
            _joined(theirs, leaf.theirs, "."),
            _joined(f"{leaf.collection}/{ours}", leaf.ours, "/"),
            leaf.axes,
        )
        for theirs, kind, ours in table.rows
        for leaf in KINDS[kind]
    )


def counters(table: Table) -> tuple[str, ...]:
    """The names of the batch counters, which have no counterpart in ours."""
    return tuple(f"{theirs}.{COUNTER}" for theirs, kind, _ in table.rows if kind == "batch_norm")


def _joined(module: str, leaf: str, separator: str) -> str:
    return f"{module}{separator}{leaf}" if leaf else module
