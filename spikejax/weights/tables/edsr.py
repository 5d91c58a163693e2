"""EDSR, as in the published checkpoint of S-SDM."""

from spikejax.weights.tables.table import Row, Table

_BLOCKS = 16


def _block(number: int) -> tuple[Row, ...]:
    theirs, ours = f"body.{number}.body", f"residual{number}"
    return (f"{theirs}.0", "conv", f"{ours}/conv1"), (f"{theirs}.2", "conv", f"{ours}/conv2")


TABLE = Table(
    rows=(
        ("sub_mean", "shift", "sub_mean"),
        ("add_mean", "shift", "add_mean"),
        ("head.0", "conv", "head"),
        *(row for number in range(_BLOCKS) for row in _block(number)),
        (f"body.{_BLOCKS}", "conv", "body"),
        ("tail.0.0", "conv", "enlarge1"),
        ("tail.0.2", "conv", "enlarge2"),
        ("tail.1", "conv", "tail"),
    ),
)
