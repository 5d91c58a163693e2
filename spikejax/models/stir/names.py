"""The names of STIR's published weights (with their spelling, `decorder`)."""

from spikejax.models.name_table import NameTable, Row


def _encoder_level(level: int) -> tuple[Row, ...]:
    theirs, block = "encoder", f"encoder.resblocks{level}.net.0.conv_block"
    return (
        (f"{theirs}.conv{level}.net.0", "conv", f"encoder/conv{level}"),
        (f"{theirs}.conv{level}.net.1", "prelu", f"encoder/prelu{level}"),
        (f"{block}.0.net.0", "conv", f"encoder/residual{level}/conv1"),
        (f"{block}.1.net.0", "conv", f"encoder/residual{level}/conv2"),
    )


def _enlarge(theirs: str, ours: str) -> tuple[Row, ...]:
    return (
        (f"{theirs}.deconv_flow", "conv_transpose", f"{ours}/enlarge/flows"),
        (f"{theirs}.deconv_hidden", "conv_transpose", f"{ours}/enlarge/hidden"),
    )


def _trunk(theirs: str, ours: str) -> tuple[Row, ...]:
    block = f"{theirs}.resblocks.net.0.conv_block"
    return (
        (f"{theirs}.convrelu.conv1.0", "conv", f"{ours}/trunk/conv1"),
        (f"{theirs}.convrelu.conv1.1", "prelu", f"{ours}/trunk/prelu1"),
        (f"{theirs}.convrelu.conv2.0", "conv", f"{ours}/trunk/conv2"),
        (f"{theirs}.convrelu.conv2.1", "prelu", f"{ours}/trunk/prelu2"),
        (f"{block}.0.net.0", "conv", f"{ours}/trunk/residual/conv1"),
        (f"{block}.1.net.0", "conv", f"{ours}/trunk/residual/conv2"),
    )


def _decoder_level(theirs: str, ours: str) -> tuple[Row, ...]:
    return (
        *_enlarge(theirs, ours),
        *_trunk(theirs, ours),
        (f"{theirs}.predict_img_flow", "conv", f"{ours}/predict"),
    )


_EMBEDDING: tuple[Row, ...] = (
    ("resnet.conv1", "conv", "encoder/embedding/conv1"),
    ("resnet.conv2", "conv", "encoder/embedding/conv2"),
    ("resnet.conv3", "conv", "encoder/embedding/conv3"),
    ("resnet.bn1", "batch_norm", "encoder/embedding/norm1"),
    ("resnet.bn2", "batch_norm", "encoder/embedding/norm2"),
)

_ENCODER: tuple[Row, ...] = (
    ("encoder.conv0.net.0", "conv", "encoder/conv0"),
    ("encoder.conv0.net.1", "prelu", "encoder/prelu0"),
    *_encoder_level(1),
    *_encoder_level(2),
    *_encoder_level(3),
    *_encoder_level(4),
)

_ATTENTION: tuple[Row, ...] = (
    ("transformer.norm1.body", "layer_norm", "attention/norm_query"),
    ("transformer.norm_kv1.body", "layer_norm", "attention/norm_key_value1"),
    ("transformer.norm_kv2.body", "layer_norm", "attention/norm_key_value2"),
    ("transformer.attn.temperature1", "parameter", "attention/temperature1"),
    ("transformer.attn.temperature2", "parameter", "attention/temperature2"),
    ("transformer.attn.q", "conv_without_bias", "attention/query"),
    ("transformer.attn.kv1", "conv_without_bias", "attention/key_value1"),
    ("transformer.attn.kv2", "conv_without_bias", "attention/key_value2"),
    ("transformer.attn.q_dwconv", "conv_without_bias", "attention/query_spread"),
    ("transformer.attn.kv1_dwconv", "conv_without_bias", "attention/key_value_spread1"),
    ("transformer.attn.kv2_dwconv", "conv_without_bias", "attention/key_value_spread2"),
    ("transformer.norm2.body", "layer_norm", "attention/norm_out"),
    ("transformer.ffn.project_in", "conv_without_bias", "attention/feed_forward/expand"),
    ("transformer.ffn.dwconv", "conv_without_bias", "attention/feed_forward/spread"),
    ("transformer.ffn.project_out", "conv_without_bias", "attention/feed_forward/project"),
)

_TOP: tuple[Row, ...] = (
    ("decorder_5nd.convrelu.0", "conv", "decoder/level4/conv"),
    ("decorder_5nd.convrelu.1", "prelu", "decoder/level4/prelu"),
    ("decorder_5nd.resblocks.net.0.conv_block.0.net.0", "conv", "decoder/level4/residual/conv1"),
    ("decorder_5nd.resblocks.net.0.conv_block.1.net.0", "conv", "decoder/level4/residual/conv2"),
    ("decorder_5nd.predict_img_flow", "conv", "decoder/level4/predict"),
)

_FINEST: tuple[Row, ...] = (
    ("decorder_1st.predict_flow_group", "conv", "decoder/level0/group_flows"),
    ("decorder_1st.deconv_flow_group", "conv_transpose", "decoder/level0/enlarge_groups"),
    *_enlarge("decorder_1st", "decoder/level0"),
    *_trunk("decorder_1st", "decoder/level0"),
    ("decorder_1st.predict_img", "conv", "decoder/level0/predict"),
)

# The published weights were trained on SREDS at light 0.4 ("interp_20_alpha_0.40").
PUBLISHED = NameTable(
    rows=(
        *_ENCODER,
        *_ATTENTION,
        *_TOP,
        *_decoder_level("decorder_4nd", "decoder/level3"),
        *_decoder_level("decorder_3rd", "decoder/level2"),
        *_decoder_level("decorder_2nd", "decoder/level1"),
        *_FINEST,
        *_EMBEDDING,
    ),
    trained_gain=0.4,
)
