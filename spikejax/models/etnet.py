"""ET-Net: a recurrent U-Net with transformers at its coarsest scale, made for event cameras.

Weng et al., "Event-based Video Reconstruction Using Transformer", ICCV 2021. 22,175,361 parameters
with five bins. Its dropout, which only training had, is left out.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from spikejax import ops
from spikejax.models import events, initializers, layers, model, name_table

_CHANNELS, _HEADS, _HIDDEN = 256, 8, 1024
_ENCODER_LAYERS, _DECODER_LAYERS, _SCALES = 3, 2, 3


def positions(height: int, width: int) -> np.ndarray:
    """Returns the code of the tokens' row-major indices, (height, width, 256) float32."""
    indices = np.arange(height * width, dtype=np.float64)[:, None]
    angles = indices / 10_000.0 ** (2 * (np.arange(_CHANNELS) // 2) / _CHANNELS)
    code = np.where(np.arange(_CHANNELS) % 2 == 0, np.sin(angles), np.cos(angles))
    return code.astype(np.float32).reshape(height, width, _CHANNELS)


class Linear(nn.Module):
    """A linear map of the channels, whose initial kernel is Xavier's.

    Attributes:
        features: output channels.
        bias_init: initial bias; None for U(+-1/sqrt(fan_in)).
    """

    features: int
    bias_init: initializers.Initializer | None = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        inputs = x.shape[-1]
        bias_init = self.bias_init or initializers.uniform_by_fan_in(inputs)
        kernel = self.param("kernel", initializers.xavier_uniform, (inputs, self.features))
        bias = self.param("bias", bias_init, (self.features,))
        return x @ kernel.astype(x.dtype) + bias.astype(x.dtype)[None, None, None]


class Attention(nn.Module):
    """Eight heads of 32 channels; tokens are pixels (B, h, w, 256)."""

    @nn.compact
    def __call__(self, target: jax.Array, memory: jax.Array) -> jax.Array:
        """Queries of `target`, keys and values of `memory` -> as `target`."""
        shape = (_CHANNELS, 3 * _CHANNELS)
        kernel = self.param("kernel", initializers.xavier_uniform, shape).astype(target.dtype)
        bias = self.param("bias", initializers.zeros, shape[1:]).astype(target.dtype)
        batch, height, width, _ = target.shape
        sources = (target, memory, memory)
        parts = zip(sources, jnp.split(kernel, 3, 1), jnp.split(bias, 3), strict=True)
        heads = [
            (x @ k + b[None, None, None]).reshape(batch, -1, _HEADS, _CHANNELS // _HEADS)
            for x, k, b in parts
        ]
        mixed = ops.attention(*heads).reshape(batch, height, width, _CHANNELS)
        return Linear(_CHANNELS, bias_init=initializers.zeros, name="output")(mixed)


class FeedForward(nn.Module):
    """Two linear maps with ReLU between."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return Linear(_CHANNELS, name="linear2")(nn.relu(Linear(_HIDDEN, name="linear1")(x)))


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward network, normalised before."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        n = layers.LayerNorm(name="norm1")(x)
        x = x + Attention(name="attention")(n, n)
        return x + FeedForward(name="feed_forward")(layers.LayerNorm(name="norm2")(x))


class DecoderLayer(nn.Module):
    """Self-attention, attention to a memory, and a feed-forward network, normalised before."""

    @nn.compact
    def __call__(self, x: jax.Array, memory: jax.Array) -> jax.Array:
        n = layers.LayerNorm(name="norm1")(x)
        x = x + Attention(name="attention")(n, n)
        n = layers.LayerNorm(name="norm21")(x)
        x = x + Attention(name="cross_attention")(n, layers.LayerNorm(name="norm22")(memory))
        return x + FeedForward(name="feed_forward")(layers.LayerNorm(name="norm3")(x))


class TokenEncoder(nn.Module):
    """Three encoder layers on tokens with the code of their positions."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = x + jnp.asarray(positions(*x.shape[1:3]), x.dtype)[None]
        for number in range(_ENCODER_LAYERS):
            x = EncoderLayer(name=f"layer{number}")(x)
        return x


class TokenDecoder(nn.Module):
    """Two decoder layers; the memory is the same in both."""

    @nn.compact
    def __call__(self, x: jax.Array, memory: jax.Array) -> jax.Array:
        for number in range(_DECODER_LAYERS):
            x = DecoderLayer(name=f"layer{number}")(x, memory)
        return x


class ETNet(nn.Module):
    """The network; H and W are multiples of 8 here (`create` pads and crops).

    Attributes:
        dtype: type of the activations. Parameters, states and output are float32.
    """

    dtype: jnp.dtype | type = jnp.float32

    @nn.compact
    def __call__(self, bins: jax.Array, cells: events.Cells) -> tuple[events.Cells, jax.Array]:
        """Bins (B, H, W, 5) and states -> states, image (B, H, W, 1) in (0, 1)."""
        head, cells = events.Encoder(name="encoder")(bins.astype(self.dtype), cells)
        skips = [state.hidden.astype(self.dtype) for state in cells]
        tokens = (
            skips[2],
            layers.Conv(_CHANNELS, size=2, stride=2, padding=0, name="split1")(skips[1]),
            layers.Conv(_CHANNELS, size=4, stride=4, padding=0, name="split2")(skips[0]),
        )
        encoded = [TokenEncoder(name=f"token_encoder{scale}")(x) for scale, x in enumerate(tokens)]
        memories = (encoded[0], encoded[0], encoded[1])
        decoded = [
            TokenDecoder(name=f"token_decoder{scale}")(x, memory)
            for scale, (x, memory) in enumerate(zip(encoded, memories, strict=True))
        ]
        x = sum([*encoded, *decoded[1:]], start=decoded[0]) / (2 * _SCALES)
        for number, (width, skip) in enumerate(zip((128, 64, 32), reversed(skips), strict=True)):
            x = events.Upsampling(width, name=f"up{number}")(x + skip)
        image = layers.Conv(1, size=1, name="image")(x + head)
        return cells, nn.sigmoid(image.astype(jnp.float32))


def _published() -> name_table.NameTable:
    rows: list[name_table.Row] = [("head.conv2d", "conv", "encoder/head")]
    for n in range(3):
        theirs, ours = f"DownsampleConv.{n}", f"encoder/stage{n + 1}"
        rows.append((f"{theirs}.conv.conv2d", "conv", f"{ours}/conv"))
        rows.append((f"{theirs}.recurrent_block.Gates", "conv", f"{ours}/gates"))
    kinds = (
        ("encoder", _ENCODER_LAYERS, ("self_attn",), ("norm1", "norm2")),
        (
            "decoder",
            _DECODER_LAYERS,
            ("self_attn", "cross_attn"),
            ("norm1", "norm21", "norm22", "norm3"),
        ),
    )
    attentions = {"self_attn": "attention", "cross_attn": "cross_attention"}
    for scale in range(_SCALES):
        for kind, depth, attending, norms in kinds:
            for number in range(depth):
                theirs = f"trans_{kind}{scale}.{kind}.layers.{number}"
                ours = f"token_{kind}{scale}/layer{number}"
                for name in attending:
                    path = f"{ours}/{attentions[name]}"
                    rows.append((f"{theirs}.{name}", "attention_inputs", path))
                    rows.append((f"{theirs}.{name}.out_proj", "linear", f"{path}/output"))
                for name in ("linear1", "linear2"):
                    rows.append((f"{theirs}.{name}", "linear", f"{ours}/feed_forward/{name}"))
                rows += [(f"{theirs}.{name}", "layer_norm", f"{ours}/{name}") for name in norms]
    rows += [(name, "conv", name) for name in ("split1", "split2")]
    rows += [(f"UpsampleConv.{n}.conv2d", "conv", f"up{n}/conv") for n in range(3)]
    rows.append(("pred.conv2d", "conv", "image"))
    return name_table.NameTable(tuple(rows))


PUBLISHED = _published()


def with_equal_biases(params: Any) -> Any:
    """Gives the feed-forward networks of a stack the biases of its first layer.

    The layers of a published stack begin as copies of one; their matrices are drawn again.
    """
    changed = dict(params)
    for name in filter(lambda name: name.startswith("token_"), params):
        first = params[name]["layer0"]["feed_forward"]
        changed[name] = {
            layer: {**arrays, "feed_forward": _with_biases(arrays["feed_forward"], first)}
            for layer, arrays in params[name].items()
        }
    return changed


def _with_biases(params: Any, other: Any) -> Any:
    return {name: {**params[name], "bias": other[name]["bias"]} for name in params}


@model.register("etnet")
def create(*, dtype: jnp.dtype | type = jnp.float32) -> model.Model:
    """ET-Net as a `Model`."""
    module = ETNet(dtype=dtype)

    @jax.jit
    def init(key: jax.Array) -> model.Variables:
        params = module.init(key, jnp.zeros((1, 8, 8, 5)), events.empty_cells(1, 8, 8))["params"]
        return {"params": with_equal_biases(params)}

    @jax.jit
    def step(
        variables: model.Variables, cells: events.Cells, spikes: jax.Array
    ) -> tuple[events.Cells, jax.Array]:
        bins, padding = events.padded_bins(spikes, "etnet")
        output: Any = module.apply({"params": variables["params"]}, bins, cells)
        cells, image = output
        return cells, ops.crop_padding(image, padding)

    return model.Model(
        name="etnet",
        description="spikes (B, 61, H, W) -> image (B, H, W, 1) in (0, 1); transformer, with state",
        label="ET-Net",
        citation=('Weng et al., "Event-based Video Reconstruction Using Transformer", ICCV 2021'),
        published=PUBLISHED,
        window=events.WINDOW,
        multiple=events.MULTIPLE,
        module=module,
        init=init,
        stream=model.Stream(
            init=lambda variables, shape: events.empty_cells(*shape),
            step=step,
        ),
    )
