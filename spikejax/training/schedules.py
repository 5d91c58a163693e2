"""How fast and by which rule parameters move: learning rates over time, and optimisers."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from optax import contrib

Schedule = Callable[[Any], jax.Array]


def learning_rate(config: Any) -> Schedule:
    """The learning rate by step.

    Args:
        config: `steps`, `optimiser.learning_rate` (the peak) and `schedule`: `name`, 'cosine',
            'milestones' or 'constant'; `warmup`, steps over which the rate rises from 0; `final`,
            the share of the peak at the end of the cosine; `milestones`, the shares of the steps
            after which the rate is multiplied by `factor`.

    Returns:
        step -> rate, for numbers and traced arrays.

    Raises:
        ValueError: if there is no such schedule, or the warm-up leaves no steps.
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
        for share in options.milestones:  # of which several may fall on one step
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
    """Gradients to directions, to be multiplied by minus the learning rate.

    The norm of the gradient is clipped first; the weight decay is added to the gradient, before
    Adam's moments, as in PyTorch's `Adam(weight_decay=...)`.

    Args:
        config: `clip`, the largest norm, 0 for none, and `optimiser`: `name`, 'adam', 'muon' or
            'sgd', `b1`, `b2`, `eps` and `weight_decay`. Muon (Jordan, 2024) makes the steps of
            kernels orthogonal, as long as Adam's (Liu et al., 2025), so that the same learning
            rates suit both; vectors take NAdam's.

    Returns:
        The transformation.

    Raises:
        ValueError: if there is no such optimiser.
    """
    options = config.optimiser
    rules = {
        "adam": lambda: optax.scale_by_adam(options.b1, options.b2, options.eps),
        "muon": lambda: _muon(options.b1, options.b2, options.eps),
        "sgd": optax.identity,
    }
    if options.name not in rules:
        raise ValueError(f"there is no optimiser {options.name!r}; there are {', '.join(rules)}")
    parts = [rules[options.name]()]
    if options.weight_decay:
        parts.insert(0, optax.add_decayed_weights(options.weight_decay))
    if config.clip:
        parts.insert(0, optax.clip_by_global_norm(config.clip))
    return optax.chain(*parts)


def _muon(b1: float, b2: float, eps: float) -> optax.GradientTransformation:
    """Muon for kernels, as matrices of inputs by outputs, and NAdam for everything else."""

    def matrices(params: Any) -> Any:
        return jax.tree.map(
            lambda p: (
                contrib.MuonDimensionNumbers(tuple(range(p.ndim - 1)), p.ndim - 1)
                if p.ndim >= 2
                else None
            ),
            params,
        )

    return contrib.muon(
        -1.0,  # its own sign is that of steps, ours that of directions
        beta=0.95,
        adam_b1=b1,
        adam_b2=b2,
        eps=eps,
        muon_weight_dimension_numbers=matrices,
        consistent_rms=0.2,
    )
