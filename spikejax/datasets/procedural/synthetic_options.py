"""The options of procedural training batches."""

import dataclasses

from spikejax.camera.conventions import SCALE
from spikejax.datasets.batch import readouts_of, window_centres
from spikejax.datasets.procedural.scenes import SceneOptions


@dataclasses.dataclass(frozen=True)
class SyntheticOptions:
    """The options of `synthetic_batch`.

    Attributes:
        scene: options of the scenes. The camera of a grey scene has the size of the image; that of
            a colour scene has a quarter of its height and width, as in S-SDM.
        window: L, readouts per window.
        windows: J, windows per scene, 20 readouts apart.
        gain: range of the gains of the cameras, spikes per readout at intensity 1.
        ideal: share of cameras without noise; the others have the noise of `vidar`, times a random
            factor of 0.5 to 1.5.
        ssdm: share of all cameras that are replaced by `ssdm`.
        interpolated: share of scenes, which must be grey, that are rendered as a video with 19 of
            20 frames interpolated, like public recordings. The true images are frames of the video,
            at the centres of the windows.
        dim: share of scenes, which must be grey, that are dim; see `draw_illumination`.
        darkest: the lowest level of a dim scene.
        exposure: readouts of a photograph exposed in the middle of the readouts; 0 for none.
        moments: readouts of the true images, counted from the first readout; empty for the centres
            of the windows.
        with_flow: whether batches hold the flow to the first and last readout of each window.
    """

    scene: SceneOptions = dataclasses.field(default_factory=SceneOptions)
    window: int = 61
    windows: int = 1
    gain: tuple[float, float] = (0.3, 1.0)
    ideal: float = 0.3
    ssdm: float = 0.0
    interpolated: float = 0.0
    dim: float = 0.0
    darkest: float = 0.01
    exposure: int = 0
    moments: tuple[int, ...] = ()
    with_flow: bool = False

    def __post_init__(self) -> None:
        size = (self.scene.height, self.scene.width)
        if self.scene.channels == 3 and any(n % SCALE for n in size):
            raise ValueError(
                f"SyntheticOptions: expected a colour scene with height and width multiples of "
                f"{SCALE}, got {size[0]}x{size[1]}"
            )
        if self.interpolated and (self.scene.channels == 3 or self.exposure or self.moments):
            raise ValueError(
                "SyntheticOptions: expected interpolated 0 with colour scenes, an exposure or "
                f"moments, got {self.interpolated}"
            )
        if self.dim and self.scene.channels == 3:
            raise ValueError(f"SyntheticOptions: expected dim 0 with colour scenes, got {self.dim}")
        if len(self.gain) != 2 or not 0 < self.gain[0] <= self.gain[1] <= 1:
            raise ValueError(
                "SyntheticOptions: expected the lowest and the highest gain, above 0 and at most "
                f"1, got {self.gain}"
            )
        for name in ("ideal", "ssdm", "interpolated", "dim"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(
                    f"SyntheticOptions: expected {name} from 0 to 1, got {getattr(self, name)}"
                )
        if not 0 < self.darkest <= 1:
            raise ValueError(
                f"SyntheticOptions: expected darkest above 0 and at most 1, got {self.darkest}"
            )
        if self.window < 1 or self.windows < 1:
            raise ValueError(
                "SyntheticOptions: expected a window of at least 1 readout and at least 1 window, "
                f"got {self.window} and {self.windows}"
            )
        readouts = readouts_of(self.window, self.windows)
        if not 0 <= self.exposure <= readouts:
            raise ValueError(
                f"SyntheticOptions: expected an exposure from 0 to {readouts} readouts, "
                f"got {self.exposure}"
            )
        if not all(0 <= moment < readouts for moment in self.moments):
            raise ValueError(
                f"SyntheticOptions: expected moments from 0 to {readouts - 1}, got {self.moments}"
            )

    @property
    def shown(self) -> tuple[int, ...]:
        """Readouts of the true images."""
        return self.moments or tuple(window_centres(self.window, self.windows))
