"""WGSE in PyTorch, written from the description in the paper, for comparison in benchmarks.

It uses the published names, so that both implementations run the same weights:
`WGSE().load_state_dict(...)` takes the tensors of `spikejax.weights.to_torch("wgse", variables)`.
"""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

LEVELS = 5
TAPS = 16


class Analysis(nn.Module):
    """One level of the wavelet transform of signals (N, 1, n) with zero padding."""

    def __init__(self) -> None:
        super().__init__()
        for name in ("h0", "h1"):
            self.register_buffer(name, torch.zeros(1, 1, TAPS))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        length = x.shape[-1]
        kept = (length + TAPS - 1) // 2
        x = F.pad(x, (TAPS - 2, 2 * kept - length))
        return F.conv1d(x, self.h0, stride=2), F.conv1d(x, self.h1, stride=2)


class Synthesis(nn.Module):
    """One level of the inverse: two signals (N, 1, n) -> (N, 1, 2n - 14)."""

    def __init__(self) -> None:
        super().__init__()
        for name in ("g0", "g1"):
            self.register_buffer(name, torch.zeros(1, 1, TAPS))

    def forward(self, low: Tensor, high: Tensor) -> Tensor:
        low = low[..., : high.shape[-1]]
        low = F.conv_transpose1d(low, self.g0, stride=2, padding=TAPS - 2)
        return low + F.conv_transpose1d(high, self.g1, stride=2, padding=TAPS - 2)


class Temporal(nn.Module):
    """Two convolutions along time, with the signal itself added to all channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.tcn0 = nn.Sequential(nn.Conv1d(1, channels, 3, padding=1), nn.ReLU())
        self.tcn1 = nn.Sequential(nn.Conv1d(channels, channels, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.tcn1(self.tcn0(x)) + x)


def scale_network(channels: int = 32) -> nn.Sequential:
    return nn.Sequential(Temporal(channels), nn.Conv1d(channels, 1, 3, padding=1), nn.ReLU())


class Wavelets(nn.Module):
    """Readouts (B, 41, H, W) -> cleaned channels (B, 42, H, W)."""

    def __init__(self) -> None:
        super().__init__()
        self.yh_blocks = nn.ModuleList(scale_network() for _ in range(LEVELS))
        self.yl_block = scale_network()
        self.dwt = Analysis()
        self.idwt = Synthesis()

    def forward(self, x: Tensor) -> Tensor:
        batch, _, height, width = x.shape
        x = x.permute(0, 2, 3, 1).flatten(0, 2)[:, None]
        details = []
        for block in self.yh_blocks:
            x, detail = self.dwt(x)
            details.append(block(detail))
        x = self.yl_block(x)
        for detail in reversed(details):
            x = self.idwt(x, detail)
        return x.reshape(batch, height, width, -1).permute(0, 3, 1, 2)


class Residual(nn.Module):
    """ReLU(x + conv(ReLU(conv(x))))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.conv2(F.relu(self.conv1(x))))


class WGSE(nn.Module):
    """Spikes (B, 41, H, W), float 0 or 1 -> intensity (B, 1, H, W)."""

    def __init__(self) -> None:
        super().__init__()
        self.wvl = Wavelets()
        self.resblocks = nn.Sequential(*(Residual(256) for _ in range(3)))
        self.conv = nn.Sequential(nn.Conv2d(42, 256, 3, padding=1), nn.ReLU())
        self.tail = nn.Sequential(
            nn.Conv2d(256, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 1, 3, padding=1), nn.ReLU()
        )

    def forward(self, spikes: Tensor) -> Tensor:
        return self.tail(self.resblocks(self.conv(self.wvl(spikes))))
