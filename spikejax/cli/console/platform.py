"""The platform that JAX computes on, checked before any work."""

import os


def require_platform() -> None:
    """Initialises JAX's platform, so that a wrong JAX_PLATFORMS is one line.

    Raises:
        ValueError: if JAX cannot compute on this machine as it is set up.
    """
    import jax

    try:
        jax.devices()
        return
    except Exception as error:  # JAX raises RuntimeError, AssertionError and others
        reason = " ".join(str(error).split()).partition(" (set JAX_PLATFORMS=")[0]
    wanted = os.environ.get("JAX_PLATFORMS")
    if not wanted:
        raise ValueError(f"JAX finds no device to compute on ({reason or 'no reason given'})")
    raise ValueError(
        f"JAX_PLATFORMS={wanted}: JAX cannot use this platform here; set JAX_PLATFORMS=cpu, or "
        f"unset it for the fastest available{f' ({reason})' if reason else ''}"
    )
