"""Spk2ImgNet in PyTorch, written from the description in the paper, for comparison in benchmarks.

It uses the published names, so that both implementations run the same weights:
`Spk2ImgNet().load_state_dict(...)` takes the tensors of
`spikejax.weights.to_torch("spk2imgnet", variables)`. Needs torchvision for its deformable
convolution.
"""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torchvision.ops import deform_conv2d

WIDTH = 64
GROUPS = 8
OTHERS = (0, 1, 3, 4)


def conv(inputs: int, outputs: int = WIDTH, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, 1)


def join(*parts: Tensor) -> Tensor:
    return torch.cat(parts, 1)


def leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.1)


def double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class Bottleneck(nn.Module):
    """Three convolutions around which the input passes."""

    def __init__(self) -> None:
        super().__init__()
        for number in (1, 2, 3):
            self.add_module(f"conv{number}", conv(WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.conv3(F.relu(self.conv2(F.relu(self.conv1(x))))))


class Gate(nn.Module):
    """Factors in [0, 1] for the estimates."""

    def __init__(self) -> None:
        super().__init__()
        self.ca_block = nn.Sequential(conv(4, 8), nn.ReLU(), conv(8, 4), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        return self.ca_block(x)


class Extractor(nn.Module):
    """Readouts (N, 13, H, W) -> features (N, 64, H, W), estimates (N, 4, H, W)."""

    def __init__(self) -> None:
        super().__init__()
        for i in range(4):
            self.add_module(f"conv0_{i}", conv(13 - 2 * i, 16))
            self.add_module(f"conv1_{i}", conv(16, 1))
        self.ca = Gate()
        self.conv = conv(4)
        self.net = nn.Sequential(*(Bottleneck() for _ in range(10)))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        estimates = []
        for i in range(4):
            hidden = F.relu(getattr(self, f"conv0_{i}")(x[:, i : 13 - i]))
            estimates.append(getattr(self, f"conv1_{i}")(hidden))
        estimates = join(*estimates)
        start = F.relu(self.conv(self.ca(estimates) * estimates))
        return self.net(start) + start, estimates


class GuidedDeformConv(nn.Module):
    """A deformable convolution whose offsets and modulation come from other features."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(WIDTH, WIDTH, 3, 3).uniform_(-1 / 24, 1 / 24))
        self.bias = nn.Parameter(torch.zeros(WIDTH))
        self.conv_offset_mask = conv(WIDTH, 27 * GROUPS)
        nn.init.zeros_(self.conv_offset_mask.weight)
        nn.init.zeros_(self.conv_offset_mask.bias)

    def forward(self, x: Tensor, guide: Tensor) -> Tensor:
        offsets, mask = self.conv_offset_mask(guide).split([18 * GROUPS, 9 * GROUPS], 1)
        return deform_conv2d(x, offsets, self.weight, self.bias, padding=1, mask=mask.sigmoid())


class Levels(nn.Module):
    """The alignment from coarse to fine, and the cascade after it."""

    def __init__(self) -> None:
        super().__init__()
        for level in (3, 2, 1):
            self.add_module(f"L{level}_offset_conv1_1", conv(2 * WIDTH))
            if level == 3:
                self.L3_offset_conv2_1 = conv(WIDTH)
            else:
                self.add_module(f"L{level}_offset_conv2_1", conv(2 * WIDTH))
                self.add_module(f"L{level}_offset_conv3_1", conv(WIDTH))
                self.add_module(f"L{level}_fea_conv_1", conv(2 * WIDTH))
            self.add_module(f"L{level}_dcnpack_1", GuidedDeformConv())
        self.cas_offset_conv1 = conv(2 * WIDTH)
        self.cas_offset_conv2 = conv(WIDTH)
        self.cas_dcnpack = GuidedDeformConv()

    def forward(self, x: list[Tensor], key: list[Tensor]) -> Tensor:
        guide = leaky(self.L3_offset_conv1_1(join(x[2], key[2])))
        guide = leaky(self.L3_offset_conv2_1(guide))
        aligned = leaky(self.L3_dcnpack_1(x[2], guide))
        guide, aligned = self.finer(2, x[1], key[1], aligned, guide)
        guide, aligned = self.finer(1, x[0], key[0], leaky(aligned), guide)
        guide = leaky(self.cas_offset_conv1(join(aligned, key[0])))
        guide = leaky(self.cas_offset_conv2(guide))
        return leaky(self.cas_dcnpack(aligned, guide))

    def finer(
        self, level: int, x: Tensor, key: Tensor, aligned: Tensor, guide: Tensor
    ) -> tuple[Tensor, Tensor]:
        own = {name: getattr(self, f"L{level}_{name}_1") for name in ("dcnpack", "fea_conv")}
        first, second, third = (getattr(self, f"L{level}_offset_conv{i}_1") for i in (1, 2, 3))
        guide = leaky(second(join(leaky(first(join(x, key))), 2 * double(guide))))
        guide = leaky(third(guide))
        return guide, own["fea_conv"](join(own["dcnpack"](x, guide), double(aligned)))


class Alignment(nn.Module):
    """The pyramid of features, and their alignment."""

    def __init__(self) -> None:
        super().__init__()
        for level in (2, 3):
            self.add_module(f"fea_L{level}_conv1", conv(WIDTH, stride=2))
            self.add_module(f"fea_L{level}_conv2", conv(WIDTH))
        self.pcd_align = Levels()

    def pyramid(self, x: Tensor) -> list[Tensor]:
        half = leaky(self.fea_L2_conv2(leaky(self.fea_L2_conv1(x))))
        return [x, half, leaky(self.fea_L3_conv2(leaky(self.fea_L3_conv1(half))))]


class Mask(nn.Module):
    """A factor in [0, 1] for every aligned feature."""

    def __init__(self) -> None:
        super().__init__()
        self.conv0, self.conv1, self.conv2 = conv(2 * WIDTH), conv(WIDTH), conv(WIDTH)
        self.prelu0, self.prelu1 = nn.PReLU(), nn.PReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(self.prelu1(self.conv1(self.prelu0(self.conv0(x))))).sigmoid()


class Spk2ImgNet(nn.Module):
    """Spikes (B, 41, H, W) float, H and W multiples of 4 -> image (B, 1, H, W), not bounded.

    The blocks, and the neighbours of the key block, run as one batch, and the pyramid of the key
    block is computed once, as in spikejax.
    """

    def __init__(self) -> None:
        super().__init__()
        self.extractor = Extractor()
        for i in OTHERS:
            self.add_module(f"mask{i}", Mask())
        self.rec_conv0 = conv(5 * WIDTH, 3 * WIDTH)
        self.rec_conv1 = conv(3 * WIDTH, WIDTH)
        self.rec_conv2 = conv(WIDTH, 1)
        self.pcd_align = Alignment()

    def forward(self, x: Tensor) -> Tensor:
        return self.with_estimates(x)[0]

    def with_estimates(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Returns the image, and the estimates (B, 4, H, W) of the five blocks."""
        blocks = torch.cat([x[:, start : start + 13] for start in range(0, 29, 7)])
        features, estimates = self.extractor(blocks)
        levels = [level.chunk(5) for level in self.pcd_align.pyramid(features)]
        others = [torch.cat([level[i] for i in OTHERS]) for level in levels]
        keys = [level[2].repeat(4, 1, 1, 1) for level in levels]
        aligned = self.pcd_align.pcd_align(others, keys).chunk(4)
        key = levels[0][2]
        parts = [
            a * getattr(self, f"mask{i}")(join(a, key))
            for i, a in zip(OTHERS, aligned, strict=True)
        ]
        z = join(*parts[:2], key, *parts[2:])
        image = self.rec_conv2(F.relu(self.rec_conv1(F.relu(self.rec_conv0(z)))))
        return image, estimates.chunk(5)
