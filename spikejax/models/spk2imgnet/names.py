"""The names of the published weights of Spk2ImgNet, in the order of its state dict."""

from spikejax.models.name_table import NameTable, Row


def _extractor() -> tuple[Row, ...]:
    rows = [(f"conv0_{i}", f"estimates/hidden{i}") for i in range(4)]
    rows += [(f"conv1_{i}", f"estimates/image{i}") for i in range(4)]
    rows += [("ca.ca_block.0", "gate1"), ("ca.ca_block.2", "gate2"), ("conv", "start")]
    rows += [(f"net.{i}.conv{j}", f"block{i}/conv{j}") for i in range(10) for j in (1, 2, 3)]
    return tuple((f"extractor.{theirs}", "conv", f"extractor/{ours}") for theirs, ours in rows)


def _mask(i: int) -> tuple[Row, ...]:
    return (
        *((f"mask{i}.conv{j}", "conv", f"mask{i}/conv{j + 1}") for j in range(3)),
        *((f"mask{i}.prelu{j}", "prelu", f"mask{i}/prelu{j + 1}") for j in range(2)),
    )


def _deform(theirs: str, ours: str) -> tuple[Row, ...]:
    return (theirs, "conv", f"{ours}/conv"), (f"{theirs}.conv_offset_mask", "conv", f"{ours}/raw")


def _level(level: int) -> tuple[Row, ...]:
    theirs, ours = f"pcd_align.pcd_align.L{level}", f"alignment/level{level}"
    guides = (1, 2) if level == 3 else (1, 2, 3)
    rows = (
        *((f"{theirs}_offset_conv{i}_1", "conv", f"{ours}/guide{i}") for i in guides),
        *_deform(f"{theirs}_dcnpack_1", f"{ours}/deform"),
    )
    merge = (f"{theirs}_fea_conv_1", "conv", f"{ours}/merge")
    return rows if level == 3 else (*rows, merge)


PUBLISHED = NameTable(
    rows=(
        *_extractor(),
        *(row for i in (0, 1, 3, 4) for row in _mask(i)),
        *((f"rec_conv{i}", "conv", f"reconstruct{i + 1}") for i in range(3)),
        *(
            (f"pcd_align.fea_L{level}_conv{i}", "conv", f"pyramid/level{level}_conv{i}")
            for level in (2, 3)
            for i in (1, 2)
        ),
        *(row for level in (3, 2, 1) for row in _level(level)),
        *(
            (f"pcd_align.pcd_align.cas_offset_conv{i}", "conv", f"alignment/cascade_guide{i}")
            for i in (1, 2)
        ),
        *_deform("pcd_align.pcd_align.cas_dcnpack", "alignment/cascade_deform"),
    ),
)
