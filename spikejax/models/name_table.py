"""The names of published PyTorch weights: which module is which of ours, and their layouts."""

import dataclasses
from collections.abc import Mapping

import numpy as np

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
        colours: axes of ours whose first three entries are blue, green and red in PyTorch.
    """

    theirs: str
    collection: str
    ours: str
    axes: tuple[int, ...] | None = None
    colours: tuple[int, ...] = ()


_BIAS = Leaf("bias", "params", "bias")
_SCALE = Leaf("weight", "params", "scale")
_FROM_OUT_IN = (2, 3, 1, 0)  # (out, in, kh, kw)
_CONV_KERNEL = Leaf("weight", "params", "kernel", _FROM_OUT_IN)
_TRANSPOSED_KERNEL = Leaf("weight", "params", "kernel", (2, 3, 0, 1))  # (in, out, kh, kw)

KINDS: Mapping[str, tuple[Leaf, ...]] = {
    "conv": (_CONV_KERNEL, _BIAS),
    "conv_without_bias": (_CONV_KERNEL,),
    "conv_from_bgr": (Leaf("weight", "params", "kernel", _FROM_OUT_IN, (2,)), _BIAS),
    "conv_from_bgr_to_bgr": (
        Leaf("weight", "params", "kernel", _FROM_OUT_IN, (2, 3)),
        Leaf("bias", "params", "bias", colours=(0,)),
    ),
    "shift": (_SCALE, _BIAS),
    "conv_transpose": (_TRANSPOSED_KERNEL, _BIAS),
    "conv_transpose_without_bias": (_TRANSPOSED_KERNEL,),
    "conv1d": (Leaf("weight", "params", "kernel", (2, 1, 0)), _BIAS),  # (out, in, k)
    "linear": (Leaf("weight", "params", "kernel", (1, 0)), _BIAS),  # (out, in)
    "attention_inputs": (
        Leaf("in_proj_weight", "params", "kernel", (1, 0)),
        Leaf("in_proj_bias", "params", "bias"),
    ),
    "compositional": (
        Leaf("compositional_coefficients", "params", "kernel", _FROM_OUT_IN),
        _BIAS,
    ),
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
"""The counter of PyTorch's batch norms, which is used only with momentum=None."""


@dataclasses.dataclass(frozen=True)
class NameTable:
    """The names of the published weights of a network.

    Attributes:
        rows: one row per module, in the order of the published state dict.
        trained_gain: spikes per readout at intensity 1 in the published training.
        any_names: the modules' names do not matter, their order does: a plain chain of layers.
        fixed: arrays that published files store although they are no parameters, such as the taps
            of a filter, by name in PyTorch. A file may leave them out; other values are refused.
    """

    rows: tuple[Row, ...]
    trained_gain: float = 1.0
    any_names: bool = False
    fixed: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Entry:
    """One array: its name in PyTorch, its path in the variables, and its layout."""

    theirs: str
    ours: str
    axes: tuple[int, ...] | None
    colours: tuple[int, ...] = ()

    def from_torch(self, array: np.ndarray) -> np.ndarray:
        """Returns the array in the layout of this package."""
        return self._turned(array if self.axes is None else array.transpose(self.axes))

    def to_torch(self, array: np.ndarray) -> np.ndarray:
        """Returns the array in the layout of PyTorch."""
        array = self._turned(array)
        return array if self.axes is None else array.transpose(np.argsort(self.axes))

    def _turned(self, array: np.ndarray) -> np.ndarray:
        """Reverses blue, green, red into red, green, blue, or back."""
        for axis in self.colours:
            order = [2, 1, 0, *range(3, array.shape[axis])]
            array = array.take(order, axis)
        return array

    def shape_in_torch(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Returns PyTorch's shape of an array that has `shape` here."""
        if self.axes is None:
            return shape
        return tuple(shape[self.axes.index(axis)] for axis in range(len(shape)))


def entries(table: NameTable) -> tuple[Entry, ...]:
    """Returns the arrays of all rows, in their order."""
    return tuple(
        Entry(
            _joined(theirs, leaf.theirs, "."),
            _joined(f"{leaf.collection}/{ours}", leaf.ours, "/"),
            leaf.axes,
            leaf.colours,
        )
        for theirs, kind, ours in table.rows
        for leaf in KINDS[kind]
    )


def counters(table: NameTable) -> tuple[str, ...]:
    """Returns the names of the batch counters, which have no counterpart here."""
    return tuple(f"{theirs}.{COUNTER}" for theirs, kind, _ in table.rows if kind == "batch_norm")


def _joined(module: str, leaf: str, separator: str) -> str:
    return f"{module}{separator}{leaf}" if leaf else module
