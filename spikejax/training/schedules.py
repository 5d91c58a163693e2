"""Learning rate schedules and optimisers."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from optax import contrib

Schedule = Callable[[Any], jax.Array]


def learning_rate(config: Any) -> Schedule:
    """Creates the schedule of the learning rate.

    Args:
        config: `steps`, `optimiser.learning_rate` (the peak) and `schedule`: `name`, 'cosine',
            'milestones' or 'constant'; `warmup`, steps over which the rate rises from 0; `final`,
            the share of the peak at the end of the cosine; `milestones`, the shares of the steps
            after which the rate is multiplied by `factor`.

    Returns:
        step -> rate, for numbers and traced arrays.

    Raises:
        ValueError: if there is no such schedule, or if the warm-up leaves no steps.
    """
    options, peak, steps = config.schedule, config.optimiser.learning_rate, config.steps
    if not 0 <= options.warmup < max(steps, 1):
        raise ValueError(
            f"schedule.warmup is {options.warmup}, expected 0 to steps - 1 = {steps - 1}"
        )
    if options.name == "cosine":
        after = optax.cosine_decay_schedule(peak, steps - options.warmup, alpha=options.final)
    elif options.name == "milestones":
        factors: dict[int, float] = {}
        for share in options.milestones:  # several may fall on one step
            at = max(round(share * steps) - options.warmup, 0)
            factors[at] = factors.get(at, 1.0) * options.factor
        after = optax.piecewise_constant_schedule(peak, factors)
    elif options.name == "constant":
        after = optax.constant_schedule(peak)
    else:
        raise ValueError(
            f"there is no schedule {options.name!r}; there are cosine, milestones, constant"
        )
    rising = optax.linear_schedule(0.0, peak, max(options.warmup, 1))
    joined = optax.join_schedules([rising, after], [options.warmup])
    return lambda step: jnp.asarray(joined(jnp.asarray(step, jnp.float32)), jnp.float32)


def optimiser(config: Any) -> optax.GradientTransformation:
    """Creates the transformation from gradients to directions.

    A step is a direction times minus the learning rate.

    The norm of the gradient is clipped first. The weight decay is added to the gradient, before
    Adam's moments, as in PyTorch's `Adam(weight_decay=...)`. The length of Muon's steps does not
    depend on the gradient, so there the decay is decoupled, in steps of the learning rate times the
    decay.

    Muon takes orthogonal steps for kernels with three or more inputs, as matrices of inputs by
    outputs. The steps have about the length of Adam's, so that the same learning rates suit both.
    All other parameters (depthwise kernels, biases, slopes) take NAdam's steps.

    Args:
        config: `clip`, the largest norm, 0 for no clipping, and `optimiser`: `name`, 'adam', 'muon'
            or 'sgd', `b1`, `b2` and `eps` of Adam and NAdam (Muon's momentum is 0.95), and
            `weight_decay`.

    Returns:
        The transformation.

    Raises:
        ValueError: if there is no such optimiser.

    Source: Muon is by Jordan et al., 2024; its step length and decay are by Liu et al., "Muon is
    scalable for LLM training", 2025 (arXiv:2502.16982).
    """
    options = config.optimiser
    rules = {
        "adam": lambda: optax.scale_by_adam(options.b1, options.b2, options.eps),
        "muon": lambda: _muon(options),
        "sgd": optax.identity,
    }
    if options.name not in rules:
        raise ValueError(f"there is no optimiser {options.name!r}; there are {', '.join(rules)}")
    parts = [rules[options.name]()]
    if options.weight_decay and options.name != "muon":
        parts.insert(0, optax.add_decayed_weights(options.weight_decay))
    if config.clip:
        parts.insert(0, optax.clip_by_global_norm(config.clip))
    return optax.chain(*parts)


def _muon(options: Any) -> optax.GradientTransformation:
    """Creates Muon for matrices and NAdam for all other parameters."""

    def matrix(path: Any, parameter: Any) -> contrib.MuonDimensionNumbers | None:
        last = parameter.ndim - 1
        if path[-1].key != "kernel" or parameter.shape[last - 1] < 3:
            return None
        return contrib.MuonDimensionNumbers(tuple(range(last)), last)

    return contrib.muon(
        -1.0,  # optax returns steps, we return directions
        beta=0.95,
        weight_decay=options.weight_decay,
        adam_b1=options.b1,
        adam_b2=options.b2,
        adam_weight_decay=options.weight_decay,
        eps=options.eps,
        muon_weight_dimension_numbers=partial(jax.tree_util.tree_map_with_path, matrix),
        consistent_rms=0.2,  # Adam's, as Liu et al. measured
    )
