"""LDN, as in the published checkpoint of S-SDM, whose photographs are blue, green, red."""

from spikejax.weights.tables.table import Table

TABLE = Table(
    rows=(
        ("blur_enc.0", "conv_from_bgr", "photograph1"),
        ("blur_enc2.0", "conv", "photograph2"),
        ("spike_enc.0", "conv", "spikes1"),
        ("spike_enc2.0", "conv", "spikes2"),
        ("resBlock1.conv_block.0", "conv", "residual1/conv1"),
        ("resBlock1.conv_block.3", "conv", "residual1/conv2"),
        ("resBlock2.conv_block.0", "conv", "residual2/conv1"),
        ("resBlock2.conv_block.3", "conv", "residual2/conv2"),
        ("ca.fc.0", "conv_without_bias", "channel_attention/squeeze"),
        ("ca.fc.2", "conv_without_bias", "channel_attention/excite"),
        ("sa.conv1", "conv_without_bias", "spatial_attention/conv"),
        ("decoder1.0", "conv_transpose", "enlarge1"),
        ("decoder2.0", "conv_transpose", "enlarge2"),
        ("pred", "conv_from_bgr_to_bgr", "predict"),
    ),
)
