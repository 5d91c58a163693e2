"""The names of BSF's published weights."""

from spikejax.models.name_table import NameTable, Row


def _pair(theirs: str, ours: str) -> tuple[Row, ...]:
    return (
        (f"{theirs}.0", "conv", f"{ours}/conv1"),
        (f"{theirs}.2", "conv", f"{ours}/conv2"),
    )


def _level(number: int) -> tuple[Row, ...]:
    theirs, ours = f"align.align_L{number}", f"alignment/level{number}"
    return (
        *_pair(f"{theirs}.offset_conv_1", f"{ours}/compare"),
        *_pair(f"{theirs}.offset_conv2_1", f"{ours}/offsets"),
        *_pair(f"{theirs}.fuse_feat", f"{ours}/fuse"),
    )


_EMBEDDING: tuple[Row, ...] = (
    *_pair("rep.conv1", "embedding/shared"),
    *_pair("rep.conv_for_others.0", "embedding/correct12"),
    *_pair("rep.conv_for_others.1", "embedding/correct21"),
    *_pair("rep.conv_for_others.2", "embedding/correct22"),
    *_pair("rep.conv_fuse", "embedding/fuse"),
)

_ENCODER: tuple[Row, ...] = (
    *_pair("encoder.conv_list.0", "encoder/residual1"),
    *_pair("encoder.conv_list.1", "encoder/residual2"),
    *_pair("encoder.conv_list.2", "encoder/residual3"),
    *_pair("encoder.conv_list.3", "encoder/residual4"),
)

_ALIGNMENT: tuple[Row, ...] = (
    ("align.kpa.gamma", "parameter", "alignment/attention/gamma"),
    ("align.kpa.to_q", "conv_without_bias", "alignment/attention/query"),
    ("align.kpa.to_k", "conv_without_bias", "alignment/attention/key"),
    ("align.kpa.to_v", "conv_without_bias", "alignment/attention/value"),
    ("align.deform_conv", "conv", "alignment/deform"),
    *_pair("align.conv_ds_L2", "alignment/down2"),
    *_pair("align.conv_ds_L3", "alignment/down3"),
    *_pair("align.align_L3.offset_conv_1", "alignment/level3/offsets"),
    *_level(2),
    *_level(1),
)

_RECONSTRUCTION: tuple[Row, ...] = (
    ("recons.0", "conv", "reconstruction/conv1"),
    ("recons.2", "conv", "reconstruction/conv2"),
    ("recons.4", "conv", "reconstruction/conv3"),
)

PUBLISHED = NameTable((*_EMBEDDING, *_ENCODER, *_ALIGNMENT, *_RECONSTRUCTION))
