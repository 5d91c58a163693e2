"""Optical flow from one frame to the next, by OpenCV."""

from typing import Any

import numpy as np

_LEAST_SIDE = 64  # pixels; on smaller images OpenCV's method fails or aborts the process


def require_opencv() -> Any:
    """Imports OpenCV.

    Returns:
        The module `cv2`.

    Raises:
        ValueError: if it is not installed; the message states how to install it.
    """
    try:
        import cv2
    except ImportError:
        raise ValueError(
            "interpolation along the motion needs OpenCV: pip install 'spikejax[motion]' "
            "(or opencv-python-headless); linear interpolation works without it"
        ) from None
    return cv2


def optical_flow(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Computes the flow from one frame to another with OpenCV's DIS (Kroeger et al., ECCV 2016).

    The result does not depend on the number of threads.

    Args:
        first: (H, W) uint8, display values rather than linear ones, so that dark regions count.
        second: (H, W) uint8.

    Returns:
        (H, W, 2) float32, pixels, x then y: second(p + flow(p)) matches first(p).

    Raises:
        ValueError: if the frames are not of one shape, or OpenCV is missing.
    """
    if (
        first.ndim != 2
        or first.shape != second.shape
        or {first.dtype, second.dtype} != {np.dtype(np.uint8)}
    ):
        raise ValueError(
            "optical_flow: expected two (H, W) uint8 frames, got "
            f"{first.shape} {first.dtype} and {second.shape} {second.dtype}"
        )
    cv2 = require_opencv()
    height, width = first.shape
    padding = [(0, max(0, _LEAST_SIDE - height)), (0, max(0, _LEAST_SIDE - width))]
    padded = [np.ascontiguousarray(np.pad(x, padding, mode="edge")) for x in (first, second)]
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # each thread computes a strip, and strips change the result
    try:
        method = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        flow: np.ndarray = method.calc(*padded, None)
    finally:
        cv2.setNumThreads(threads)
    return flow[:height, :width]
