"""Mean and standard deviation of a stream of numbers, inside jit, in constant memory."""

import dataclasses

import jax
import jax.numpy as jnp


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Moments:
    """Count, mean and squared deviations of numbers: a pytree, for use inside jit and scan.

    Attributes:
        count: number of numbers, float32.
        mean: their mean.
        squares: sum of their squared deviations from the mean.

    Source: T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for
    computing sample variances", 1979.
    """

    count: jax.Array
    mean: jax.Array
    squares: jax.Array

    @classmethod
    def empty(cls) -> "Moments":
        """Returns the moments of no numbers."""
        return cls(*jnp.zeros((3,)))

    @classmethod
    def of(cls, values: jax.Array, mask: jax.Array | None = None) -> "Moments":
        """Returns the moments of an array.

        Args:
            values: any shape, floating.
            mask: the same shape, bool or 0 and 1: the values that count. None for all.

        Returns:
            Their moments.
        """
        values = jnp.asarray(values, jnp.float32)
        weights = jnp.ones(values.shape) if mask is None else jnp.asarray(mask, jnp.float32)
        values = jnp.where(weights > 0, values, 0)
        count = weights.sum()
        mean = values.sum() / jnp.maximum(count, 1)
        return cls(count, mean, (weights * jnp.square(values - mean)).sum())

    def merge(self, other: "Moments") -> "Moments":
        """Returns the moments of the numbers of both."""
        count = self.count + other.count
        share = other.count / jnp.maximum(count, 1)
        apart = other.mean - self.mean
        return Moments(
            count,
            self.mean + apart * share,
            self.squares + other.squares + jnp.square(apart) * self.count * share,
        )

    def over(self, axis_name: str) -> "Moments":
        """Returns the moments of the numbers of all devices along a mapped axis."""
        count = jax.lax.psum(self.count, axis_name)
        mean = jax.lax.psum(self.count * self.mean, axis_name) / jnp.maximum(count, 1)
        squares = self.squares + self.count * jnp.square(self.mean - mean)
        return Moments(count, mean, jax.lax.psum(squares, axis_name))

    def compute(self) -> tuple[jax.Array, jax.Array]:
        """Returns mean and standard deviation (N - 1); NaN if there are too few numbers."""
        mean = jnp.where(self.count > 0, self.mean, jnp.nan)
        some = self.count > 1
        variance = self.squares / jnp.where(some, self.count - 1, 1)
        return mean, jnp.where(some, jnp.sqrt(variance), jnp.nan)
