import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.signal

from spikejax import ops

PLATFORMS = ("cpu", "gpu")  # the forms of both run on any device


def normal(rng, *shape):
    return jnp.asarray(rng.standard_normal(shape).astype(np.float32))


def correlate(x, kernel, stride=1, padding=None, groups=1):
    """Computes the convolution with scipy, one pair of channels at a time, in double precision."""
    kh, kw, inputs, outputs = kernel.shape
    rows, columns = ((k - 1) // 2 if padding is None else padding for k in (kh, kw))
    padded = np.pad(np.asarray(x, np.float64), ((0, 0), (rows, rows), (columns, columns), (0, 0)))
    size = [(n - k) // stride + 1 for n, k in zip(padded.shape[1:3], (kh, kw), strict=True)]
    out = np.zeros((x.shape[0], *size, outputs))
    for b, o, i in itertools.product(range(x.shape[0]), range(outputs), range(inputs)):
        source = padded[b, :, :, o // (outputs // groups) * inputs + i]
        taps = np.asarray(kernel[:, :, i, o], np.float64)
        full = scipy.signal.correlate(source, taps, mode="valid", method="direct")
        out[b, :, :, o] += full[::stride, ::stride]
    return out


# (B, H, W, Cin, Cout), kernel, stride, padding, groups: each uses another form on CPU.
CASES = {
    "aligned": ((2, 9, 11, 5, 7), (3, 3), 1, None, 1),
    "aligned, strided": ((2, 9, 12, 9, 11), (3, 3), 2, None, 1),
    "direct": ((1, 6, 5, 16, 8), (3, 3), 1, None, 1),
    "direct, strided, even size": ((1, 6, 8, 8, 16), (3, 3), 2, None, 1),
    "direct, strided, odd size": ((2, 7, 9, 8, 16), (3, 3), 2, None, 1),
    "direct, stride 3": ((1, 8, 9, 8, 8), (3, 3), 3, 2, 1),
    "pointwise": ((2, 4, 5, 21, 11), (1, 1), 1, None, 1),
    "pointwise, strided": ((1, 5, 6, 8, 3), (1, 1), 2, None, 1),
    "packed columns": ((2, 8, 10, 16, 16), (7, 7), 1, None, 1),
    "packed columns, odd width": ((1, 8, 9, 3, 8), (5, 5), 1, None, 1),
    "image smaller than the kernel": ((2, 2, 3, 16, 16), (7, 7), 1, None, 1),
    "a single pixel": ((1, 1, 1, 9, 9), (3, 3), 1, None, 1),
    "to one channel": ((2, 5, 6, 48, 1), (3, 3), 1, None, 1),
    "to five channels": ((1, 5, 6, 72, 5), (3, 3), 1, None, 1),
    "from one channel": ((2, 6, 7, 1, 16), (3, 3), 1, None, 1),
    "from one channel, strided": ((1, 7, 6, 1, 8), (5, 5), 2, None, 1),
    "one channel throughout": ((1, 9, 9, 1, 1), (7, 7), 1, None, 1),
    "even kernel": ((1, 6, 7, 8, 9), (4, 4), 1, None, 1),
    "unequal kernel": ((1, 6, 7, 8, 8), (1, 5), 1, None, 1),
    "no padding": ((1, 6, 7, 9, 9), (3, 3), 1, 0, 1),
    "wide padding": ((1, 3, 4, 9, 9), (3, 3), 1, 3, 1),
    "depthwise": ((2, 6, 7, 8, 8), (3, 3), 1, None, 8),
    "depthwise, strided": ((1, 6, 7, 6, 6), (3, 3), 2, None, 6),
    "depthwise, two outputs each": ((1, 6, 7, 6, 12), (3, 3), 1, None, 6),
    "pairs": ((1, 5, 6, 24, 24), (3, 3), 1, None, 12),
    "triples": ((1, 5, 6, 9, 9), (3, 3), 1, None, 3),
    "wide groups": ((2, 5, 6, 16, 8), (3, 3), 1, None, 2),
    "many wide groups": ((1, 4, 4, 85, 17), (3, 3), 1, None, 17),
}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_conv2d_is_the_correlation(case, platform, rng):
    (B, H, W, inputs, outputs), size, stride, padding, groups = case
    x, kernel = normal(rng, B, H, W, inputs), normal(rng, *size, inputs // groups, outputs)
    bias = normal(rng, outputs)
    with ops.programs_for(platform):
        out = jax.jit(lambda *a: ops.conv2d(*a, stride=stride, padding=padding, groups=groups))(
            x, kernel, bias
        )
    expected = correlate(x, kernel, stride, padding, groups) + np.asarray(bias, np.float64)
    assert out.shape == expected.shape and out.dtype == jnp.float32
    np.testing.assert_allclose(out, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_forms_on_cpu_have_the_plain_gradients(case, rng):
    (B, H, W, inputs, outputs), size, stride, padding, groups = case
    x, kernel = normal(rng, B, H, W, inputs), normal(rng, *size, inputs // groups, outputs)

    def gradients(platform):
        def total(x, kernel, bias):
            out = ops.conv2d(x, kernel, bias, stride=stride, padding=padding, groups=groups)
            return (out * jnp.cos(jnp.arange(1.0, out.size + 1)).reshape(out.shape)).sum()

        with ops.programs_for(platform):
            return jax.jit(jax.grad(total, (0, 1, 2)))(x, kernel, normal(rng, outputs))

    for fast, plain in zip(gradients("cpu"), gradients("gpu"), strict=True):
        assert fast.shape == plain.shape
        np.testing.assert_allclose(fast, plain, rtol=0, atol=1e-5 * float(jnp.abs(plain).max()))


TRANSPOSED = {
    "4x4": ((2, 3, 5, 4, 4), 4, 1, 0),
    "4x4, odd channels": ((1, 6, 5, 9, 3), 4, 1, 0),
    "4x4, a single pixel": ((1, 1, 1, 9, 8), 4, 1, 0),
    "5x5": ((2, 3, 5, 9, 2), 5, 2, 1),
    "2x2": ((1, 5, 4, 6, 8), 2, 0, 0),
    "3x3": ((1, 5, 4, 6, 8), 3, 1, 1),
    "6x6": ((1, 5, 4, 6, 8), 6, 2, 0),
}


def scatter(x, kernel, padding):
    """Computes the transposed convolution by its definition: each pixel adds a scaled kernel."""
    x, kernel = np.asarray(x, np.float64), np.asarray(kernel, np.float64)
    (B, H, W, _), k = x.shape, kernel.shape[0]
    full = np.zeros((B, 2 * H + k, 2 * W + k, kernel.shape[3]))
    for i, j in itertools.product(range(H), range(W)):
        full[:, 2 * i : 2 * i + k, 2 * j : 2 * j + k] += np.einsum(
            "bc,hwcd->bhwd", x[:, i, j], kernel
        )
    return full[:, padding : padding + 2 * H, padding : padding + 2 * W]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("case", TRANSPOSED.values(), ids=TRANSPOSED.keys())
def test_a_transposed_convolution_scatters_its_kernel(case, platform, rng):
    (B, H, W, inputs, outputs), k, padding, output_padding = case
    x, kernel, bias = normal(rng, B, H, W, inputs), normal(rng, k, k, inputs, outputs), None
    if outputs > 2:
        bias = normal(rng, outputs)
    with ops.programs_for(platform):
        out = jax.jit(
            lambda *a: ops.conv_transpose2d(*a, padding=padding, output_padding=output_padding)
        )(x, kernel, bias)
    expected = scatter(x, kernel, padding) + (0 if bias is None else np.asarray(bias, np.float64))
    assert out.shape == (B, 2 * H, 2 * W, outputs)
    np.testing.assert_allclose(out, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("case", TRANSPOSED.values(), ids=TRANSPOSED.keys())
def test_a_transposed_convolution_is_the_adjoint_of_the_strided_one(case, platform, rng):
    (B, H, W, inputs, outputs), k, padding, _ = case
    low, high, kernel = (
        normal(rng, B, H, W, inputs),
        normal(rng, B, 2 * H, 2 * W, outputs),
        normal(rng, k, k, inputs, outputs),
    )

    def transposed(low, kernel):
        return ops.conv_transpose2d(low, kernel, padding=padding, output_padding=case[3])

    strided = np.asarray(correlate(high, kernel.transpose(0, 1, 3, 2), 2, padding))[:, :H, :W]
    with ops.programs_for(platform):
        _, pull = jax.vjp(jax.jit(transposed), low, kernel)
        by_input, by_kernel = pull(high)
    np.testing.assert_allclose(by_input, strided, rtol=0, atol=1e-5 * np.abs(strided).max())
    # Linear in the kernel: <transposed(low, kernel), high> = <kernel, its gradient>.
    expected = (scatter(low, kernel, padding) * np.asarray(high)).sum()
    np.testing.assert_allclose((by_kernel * kernel).sum(), expected, rtol=1e-4, atol=1e-3)


def test_depthwise_has_one_group_per_channel(rng):
    x, kernel, bias = normal(rng, 1, 5, 6, 4), normal(rng, 3, 3, 1, 4), normal(rng, 4)
    out = ops.depthwise_conv2d(x, kernel, bias, stride=2)
    expected = ops.conv2d(x, kernel, bias, stride=2, groups=4)
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_half_precision_is_summed_in_single(case, rng):
    (B, H, W, inputs, outputs), size, stride, padding, groups = case
    x = normal(rng, B, H, W, inputs).astype(jnp.bfloat16)
    kernel = normal(rng, *size, inputs // groups, outputs)
    out = jax.jit(lambda x, k: ops.conv2d(x, k, stride=stride, padding=padding, groups=groups))(
        x, kernel
    )
    assert out.dtype == jnp.bfloat16
    rounded = kernel.astype(jnp.bfloat16).astype(jnp.float32)
    expected = correlate(x.astype(jnp.float32), rounded, stride, padding, groups)
    error = np.abs(np.asarray(out, np.float64) - expected).max()
    assert error < 2**-8 * np.abs(expected).max()  # one rounding


@pytest.mark.parametrize("platform", PLATFORMS)
def test_mapping_over_an_axis_is_stacking(platform, rng):
    x, kernel = normal(rng, 3, 2, 6, 5, 9), normal(rng, 3, 3, 9, 11)
    with ops.programs_for(platform):
        mapped = jax.vmap(lambda x: ops.conv2d(x, kernel))(x)
        expected = ops.conv2d(x.reshape(6, 6, 5, 9), kernel).reshape(mapped.shape)
        by_kernel = jax.vmap(jax.grad(lambda k, x: (ops.conv2d(x, k) ** 2).sum()), (None, 0))
        assert by_kernel(kernel, x).shape == (3, *kernel.shape)
    np.testing.assert_allclose(mapped, expected, atol=1e-5)


def test_gradients_are_differentiable(rng):
    x, kernel = normal(rng, 1, 6, 5, 9), normal(rng, 3, 3, 9, 6)

    def penalty(x):
        return (jax.grad(lambda x: (ops.conv2d(x, kernel) ** 3).sum())(x) ** 2).sum()

    fast = jax.jit(jax.grad(penalty))(x)
    with ops.programs_for("gpu"):
        plain = jax.jit(jax.grad(penalty))(x)
    np.testing.assert_allclose(fast, plain, rtol=0, atol=1e-5 * float(jnp.abs(plain).max()))


@pytest.mark.torch
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_torch_agrees(case, rng):
    torch = pytest.importorskip("torch")
    (B, H, W, inputs, outputs), size, stride, padding, groups = case
    x, kernel = normal(rng, B, H, W, inputs), normal(rng, *size, inputs // groups, outputs)
    bias = normal(rng, outputs)
    expected = torch.nn.functional.conv2d(
        torch.from_numpy(np.array(x.transpose(0, 3, 1, 2))),
        torch.from_numpy(np.array(kernel.transpose(3, 2, 0, 1))),
        torch.from_numpy(np.array(bias)),
        stride=stride,
        padding=tuple((k - 1) // 2 if padding is None else padding for k in size),
        groups=groups,
    ).numpy()
    out = ops.conv2d(x, kernel, bias, stride=stride, padding=padding, groups=groups)
    np.testing.assert_allclose(
        out.transpose(0, 3, 1, 2), expected, rtol=0, atol=1e-5 * np.abs(expected).max()
    )


@pytest.mark.torch
@pytest.mark.parametrize("case", TRANSPOSED.values(), ids=TRANSPOSED.keys())
def test_torch_agrees_on_the_transposed_convolution(case, rng):
    torch = pytest.importorskip("torch")
    (B, H, W, inputs, outputs), k, padding, output_padding = case
    x, kernel = normal(rng, B, H, W, inputs), normal(rng, k, k, inputs, outputs)
    bias = normal(rng, outputs)
    expected = torch.nn.functional.conv_transpose2d(
        torch.from_numpy(np.array(x.transpose(0, 3, 1, 2))),
        torch.from_numpy(np.array(kernel.transpose(2, 3, 0, 1))),
        torch.from_numpy(np.array(bias)),
        stride=2,
        padding=padding,
        output_padding=output_padding,
    ).numpy()
    out = ops.conv_transpose2d(x, kernel, bias, padding=padding, output_padding=output_padding)
    np.testing.assert_allclose(
        out.transpose(0, 3, 1, 2), expected, rtol=0, atol=1e-5 * np.abs(expected).max()
    )


def zeros(*shape, dtype=jnp.float32):
    return jnp.zeros(shape, dtype)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.conv2d(zeros(4, 4, 3), zeros(3, 3, 3, 8)), r"x \(B, H, W, C\)"),
        (lambda: ops.conv2d(zeros(1, 4, 4, 3, dtype=jnp.uint8), zeros(3, 3, 3, 8)), "uint8"),
        (lambda: ops.conv2d(zeros(1, 4, 4, 3), zeros(3, 3, 3)), r"\(kh, kw, Cin, Cout\)"),
        (lambda: ops.conv2d(zeros(1, 4, 4, 3), zeros(3, 3, 4, 8)), "does not fit 3 channels"),
        (lambda: ops.conv2d(zeros(1, 4, 4, 4), zeros(3, 3, 2, 3), groups=2), "in 2 groups"),
        (lambda: ops.conv2d(zeros(1, 4, 4, 3), zeros(3, 3, 3, 8), zeros(3)), r"bias \(8,\)"),
        (
            lambda: ops.conv2d(zeros(1, 4, 4, 3), zeros(3, 3, 3, 8), stride=0),
            "stride 0 must be positive",
        ),
        (
            lambda: ops.conv2d(zeros(1, 4, 4, 3), zeros(3, 3, 3, 8), padding=-1),
            "padding -1 not negative",
        ),
        (
            lambda: ops.conv2d(zeros(1, 2, 4, 3), zeros(3, 3, 3, 8), padding=0),
            "2 x 4.*smaller than the kernel, 3 x 3",
        ),
        (
            lambda: ops.conv_transpose2d(zeros(1, 4, 4, 3), zeros(4, 4, 2, 8), padding=1),
            "does not fit 3 channels",
        ),
        (
            lambda: ops.conv_transpose2d(zeros(1, 4, 4, 3), zeros(4, 4, 3, 8), padding=2),
            "must be 2",
        ),
        (lambda: ops.programs_for("abacus").__enter__(), "got 'abacus'"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
