"""Answers of the server: JSON, images as bytes, and errors as one line."""

import functools
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from spikejax.viewer.worker import Superseded

Endpoint = Callable[[Request], Awaitable[Response]]

_LOG = logging.getLogger("spikejax.viewer")


def as_json(value: Any, status: int = 200) -> Response:
    """Answers with JSON."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return Response(text, status, media_type="application/json")


def as_pixels(image: np.ndarray, facts: dict[str, Any]) -> Response:
    """Answers with an image: the length of a header, the header in JSON, the pixels.

    Args:
        image: (H, W), (H, W, 2) float32, or (H, W, 3) uint8.
        facts: more of the header.
    """
    header = {**facts, "shape": list(image.shape), "type": str(image.dtype)}
    text = json.dumps(header, allow_nan=False).encode()
    text += b" " * (-len(text) % 8)  # the pixels start at a multiple of eight bytes
    start = np.array([len(text), 0], "<u4").tobytes()
    pixels = np.ascontiguousarray(image).astype(image.dtype.newbyteorder("<"), copy=False)
    return Response(start + text + pixels.tobytes(), media_type="application/octet-stream")


def explain(error: Exception) -> str:
    """Describes an error in one line."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
        return "not enough memory for this method and this size"
    text = " ".join(str(error).split())[:400]
    return text if isinstance(error, ValueError | OSError) else f"{type(error).__name__}: {text}"


def answering(endpoint: Endpoint) -> Endpoint:
    """Makes errors of an endpoint a line on the page; the server lives on."""

    @functools.wraps(endpoint)
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Superseded:
            return Response(status_code=204)
        except (ValueError, OSError, MemoryError) as error:
            return as_json({"problem": explain(error)}, 400)
        except Exception as error:
            _LOG.exception("%s", request.url.path)
            return as_json({"problem": explain(error)}, 500)

    return answer
