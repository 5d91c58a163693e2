"""The layers that the networks share: convolutions, PReLU, and PyTorch's two normalisations.

Parameters are float32; a layer computes in the dtype of its input, and the statistics of the
normalisations are always float32.
"""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax

from spikejax import ops
from spikejax.models import initializers


class Conv(nn.Module):
    """A convolution, zero-padded equally on all sides, (B, H, W, C) -> (B, H', W', F).

    Attributes:
        features: output channels.
        size: the kernel's height and width.
        stride: of the output grid, pixels.
        padding: pixels; None for (k - 1) // 2, which keeps the size of odd kernels.
        groups: channel groups that are convolved independently.
        use_bias: whether a bias is added.
        kernel_init: initial kernel; None for U(+-1/sqrt(fan_in)).
        bias_init: initial bias; None likewise.
    """

    features: int
    size: int = 3
    stride: int = 1
    padding: int | None = None
    groups: int = 1
    use_bias: bool = True
    kernel_init: initializers.Initializer | None = None
    bias_init: initializers.Initializer | None = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        inputs = x.shape[-1] // self.groups
        default = initializers.uniform_by_fan_in(self.size**2 * inputs)
        shape = (self.size, self.size, inputs, self.features)
        kernel = self.param("kernel", self.kernel_init or default, shape)
        bias = None
        if self.use_bias:
            bias = self.param("bias", self.bias_init or default, (self.features,))
        return ops.conv2d(
            x, kernel, bias, stride=self.stride, padding=self.padding, groups=self.groups
        )


class ConvTranspose(nn.Module):
    """A transposed convolution that doubles the size, (B, H, W, C) -> (B, 2H, 2W, F).

    The kernel is (k, k, in, out), not flipped; its initial range follows PyTorch, whose fan-in
    counts the output channels here. PyTorch's padding is (k - 1) // 2, its output padding 1 for
    odd kernels.

    Attributes:
        features: output channels.
        size: k, the kernel's height and width.
        use_bias: whether a bias is added.
    """

    features: int
    size: int = 4
    use_bias: bool = True

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        default = initializers.uniform_by_fan_in(self.size**2 * self.features)
        kernel = self.param("kernel", default, (self.size, self.size, x.shape[-1], self.features))
        bias = self.param("bias", default, (self.features,)) if self.use_bias else None
        padding = (self.size - 1) // 2
        return ops.conv_transpose2d(
            x, kernel, bias, padding=padding, output_padding=2 + 2 * padding - self.size
        )


class DeformConv(nn.Module):
    """A modulated 3x3 deformable convolution, (B, H, W, C) -> (B, H, W, F) (Zhu et al. 2019).

    Its second input `raw`, (B, H, W, 27 groups), holds the offsets in pixels in the first 18 groups
    channels: channel 2 (9 g + t) is y and the next is x, for group g and tap t, row by row. The
    rest, channel 9 g + t, passes a sigmoid and modulates the tap.

    Attributes:
        features: output channels.
        groups: channel groups with offsets of their own.
        kernel_init: initial kernel; None for U(+-1/sqrt(fan_in)).
        bias_init: initial bias; None likewise.
    """

    features: int
    groups: int
    kernel_init: initializers.Initializer | None = None
    bias_init: initializers.Initializer | None = None

    @nn.compact
    def __call__(self, x: jax.Array, raw: jax.Array) -> jax.Array:
        default = initializers.uniform_by_fan_in(9 * x.shape[-1])
        shape = (3, 3, x.shape[-1], self.features)
        kernel = self.param("kernel", self.kernel_init or default, shape)
        bias = self.param("bias", self.bias_init or default, (self.features,))
        split = 18 * self.groups
        offsets = raw[..., :split].reshape(*raw.shape[:3], self.groups, 9, 2)
        mask = nn.sigmoid(raw[..., split:]).reshape(*raw.shape[:3], self.groups, 9)
        return ops.deform_conv2d(x, kernel, bias, offsets=offsets, mask=mask)


class PReLU(nn.Module):
    """max(x, 0) + slope * min(x, 0) (He et al. 2015), one slope, or one per channel."""

    per_channel: bool = False

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        channels = x.shape[-1] if self.per_channel else 1
        slope = self.param("slope", initializers.constant(0.25), (channels,))
        slope = slope.astype(x.dtype).reshape((1,) * (x.ndim - 1) + (-1,))
        return jnp.where(x >= 0, x, slope * x)


class LayerNorm(nn.Module):
    """Normalisation over channels with the biased variance, eps 1e-5 (Ba et al. 2016)."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        scale = self.param("scale", initializers.ones, (x.shape[-1],))
        bias = self.param("bias", initializers.zeros, (x.shape[-1],))
        y = x.astype(jnp.float32)
        y = y - y.mean(-1, keepdims=True)
        y = y * lax.rsqrt((y * y).mean(-1, keepdims=True) + 1e-5)
        return (y * scale[None, None, None] + bias[None, None, None]).astype(x.dtype)


class BatchNorm(nn.Module):
    """Batch normalisation with PyTorch's conventions (Ioffe and Szegedy 2015).

    eps is 1e-5 and the momentum 0.1. The running variance is unbiased; the normalisation uses the
    biased variance.

    Attributes:
        axis_name: a mapped axis over which the batch is spread; its statistics are pooled.
    """

    axis_name: str | None = None

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        channels = (x.shape[-1],)
        scale = self.param("scale", initializers.ones, channels)
        bias = self.param("bias", initializers.zeros, channels)
        running_mean = self.variable("batch_stats", "mean", jnp.zeros, channels)
        running_var = self.variable("batch_stats", "var", jnp.ones, channels)
        y = x.astype(jnp.float32)
        if train:
            mean, var, count = self._batch_statistics(y)
            if not self.is_initializing():
                unbiased = var * (count / (count - 1.0))
                running_mean.value += 0.1 * (mean - running_mean.value)
                running_var.value += 0.1 * (unbiased - running_var.value)
        else:
            mean, var = running_mean.value, running_var.value
        factor = scale * lax.rsqrt(var + 1e-5)
        if train:  # the mean is subtracted first, which keeps the gradient of a sum exact
            y = (y - mean[None, None, None]) * factor[None, None, None]
            return (y + bias[None, None, None]).astype(x.dtype)
        offset = bias - mean * factor
        return (y * factor[None, None, None] + offset[None, None, None]).astype(x.dtype)

    def _batch_statistics(self, y: jax.Array) -> tuple[jax.Array, jax.Array, float]:
        """Returns the mean and biased variance over the pixels of all devices, and their count."""
        count = float(y.size // y.shape[-1])
        mean = y.mean((0, 1, 2))
        if self.axis_name is not None and not self.is_initializing():
            count *= lax.axis_size(self.axis_name)
            mean = lax.pmean(mean, self.axis_name)
        var = ((y - mean[None, None, None]) ** 2).mean((0, 1, 2))
        if self.axis_name is not None and not self.is_initializing():
            var = lax.pmean(var, self.axis_name)
        return mean, var, count


class Residual(nn.Module):
    """x + conv3(ReLU(conv3(x))); the number of channels stays.

    Attributes:
        kernel_init: initial kernels; None for U(+-1/sqrt(fan_in)).
        bias_init: initial biases; None likewise.
    """

    kernel_init: initializers.Initializer | None = initializers.xavier_normal
    bias_init: initializers.Initializer | None = initializers.zeros

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        conv = functools.partial(
            Conv, x.shape[-1], kernel_init=self.kernel_init, bias_init=self.bias_init
        )
        y = nn.relu(conv(name="conv1")(x))
        return x + conv(name="conv2")(y)
