"""A recording as HTML: facts, the firing rate over time, a picture, in one piece."""

import base64
import html
import io
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spikejax.formats.errors import FormatError

if TYPE_CHECKING:
    from spikejax.formats.recording import Recording

_POINTS = 200
_WINDOW = 41
_LARGEST = 480  # columns of the picture; a larger one shows every n-th pixel
_WIDTH, _HEIGHT = 320, 56


def as_html(recording: "Recording") -> str:
    """Describes a recording without scripts and without other files.

    A few hundred readouts are read, whatever the length of the recording.

    Args:
        recording: spikes (T, H, W).

    Returns:
        HTML; names from files are escaped.
    """
    try:
        shape = recording.shape
    except ValueError:
        return f"<pre>{html.escape(repr(recording))}</pre>"
    try:
        picture, curve = _picture(recording), _curve(recording)
    except (FormatError, OSError) as error:  # a damaged file is described as far as it goes
        picture, curve = "", f"<p>{html.escape(str(error))}</p>"
    rows = {
        "readouts": f"{shape[0]:,} of {shape[1]} x {shape[2]}",
        "duration": f"{1e3 * recording.duration_s:,.6g} ms at {recording.rate_hz:g} Hz",
        "gain": f"{recording.gain:g} spikes per readout at intensity 1",
        "sensor": recording.sensor,
        **{str(name): str(value)[:200] for name, value in list(recording.extra.items())[:12]},
    }
    cells = "".join(
        f'<tr><td style="text-align:left">{html.escape(name)}</td>'
        f'<td style="text-align:left">{html.escape(text)}</td></tr>'
        for name, text in rows.items()
        if text
    )
    name = "in memory" if recording.path is None else str(recording.path)
    return (
        '<div style="display:flex;gap:1.2em;align-items:flex-start;flex-wrap:wrap">'
        f"{picture}<div><b>Recording</b> {html.escape(name)}<table>{cells}</table>{curve}</div>"
        "</div>"
    )


def _picture(recording: "Recording") -> str:
    """Returns the mean of readouts in the middle, stretched for the screen, as an `img`."""
    import PIL.Image

    middle = len(recording) // 2
    start = max(0, middle - _WINDOW // 2)
    image = recording[start : middle + _WINDOW // 2 + 1].mean(0, dtype=np.float32)
    step = -(-image.shape[1] // _LARGEST)
    image = image[::step, ::step]
    low, high = np.percentile(image, (0.5, 99.5))
    shown = np.clip((image - low) / max(high - low, 1e-6), 0, 1) ** (1 / 2.2)
    buffer = io.BytesIO()
    PIL.Image.fromarray((shown * 255 + 0.5).astype(np.uint8)).save(buffer, "PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    return (
        f'<img alt="mean of {_WINDOW} readouts around {middle}" '
        f'style="width:{max(160, image.shape[1])}px;image-rendering:pixelated" '
        f'src="data:image/png;base64,{data}">'
    )


def _curve(recording: "Recording") -> str:
    """Returns the rate of readouts at equal distances as a drawing."""
    places = np.unique(np.linspace(0, len(recording) - 1, _POINTS).astype(np.int64))
    rates = _rates(recording, places)
    top = max(float(rates.max()), 1e-9)
    x = places / max(1, len(recording) - 1) * _WIDTH
    y = _HEIGHT - rates / top * (_HEIGHT - 4)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="firing rate over time">'
        f'<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="1.2"/></svg>'
        f"<br><small>firing rate over time, up to {top:.3g} spikes per readout and pixel</small>"
    )


def _rates(recording: "Recording", places: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Returns the mean of single readouts, (n,), in spikes per pixel."""
    pixels = recording.height * recording.width
    packed = (recording.packed(place, place + 1) for place in places.tolist())
    return np.array([np.bitwise_count(readout).sum(dtype=np.int64) / pixels for readout in packed])
