"""Array operators: convolution, warping, resampling, wavelets, padding and bit packing.

Arrays are channels-last, (B, H, W, C). All operators are pure functions that can be jitted, vmapped
and differentiated.
"""

from spikejax.ops.attention import attention
from spikejax.ops.bits import pack_bits, unpack_bits
from spikejax.ops.conv import conv2d, conv_transpose2d, depthwise_conv2d
from spikejax.ops.deform import deform_conv2d
from spikejax.ops.pad import Padding, crop_padding, pad_to_multiple
from spikejax.ops.platform import on_cpu, programs_for
from spikejax.ops.resample import (
    average_pool2,
    average_pyramid,
    depth_to_space,
    nearest_upsample2,
    resize_bilinear,
    space_to_depth,
    upsample2,
)
from spikejax.ops.warp import warp
from spikejax.ops.wavelet import (
    DB8,
    Wavelet,
    orthogonal_wavelet,
    wavelet_analysis,
    wavelet_synthesis,
)

__all__ = [
    "DB8",
    "Padding",
    "Wavelet",
    "attention",
    "average_pool2",
    "average_pyramid",
    "conv2d",
    "conv_transpose2d",
    "crop_padding",
    "deform_conv2d",
    "depth_to_space",
    "depthwise_conv2d",
    "nearest_upsample2",
    "on_cpu",
    "orthogonal_wavelet",
    "pack_bits",
    "pad_to_multiple",
    "programs_for",
    "resize_bilinear",
    "space_to_depth",
    "unpack_bits",
    "upsample2",
    "warp",
    "wavelet_analysis",
    "wavelet_synthesis",
]
