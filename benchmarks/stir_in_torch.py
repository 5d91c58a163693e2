"""STIR in PyTorch, written from the description in the paper, for comparison in benchmarks.

It uses a state dict with the published names, so that both implementations run the same weights.
`benchmarks/stir.py` compares the images before it measures time.
"""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

State = dict[str, Tensor]


def conv(state: State, name: str, x: Tensor, *, stride: int = 1, groups: int = 1) -> Tensor:
    weight = state[f"{name}.weight"]
    padding = weight.shape[-1] // 2
    return F.conv2d(x, weight, state.get(f"{name}.bias"), stride, padding, groups=groups)


def deconv(state: State, name: str, x: Tensor) -> Tensor:
    return F.conv_transpose2d(x, state[f"{name}.weight"], state[f"{name}.bias"], 2, 1)


def residual(state: State, name: str, x: Tensor) -> Tensor:
    block = f"{name}.net.0.conv_block"
    y = F.relu(conv(state, f"{block}.0.net.0", x))
    return x + conv(state, f"{block}.1.net.0", y)


def batch_norm(state: State, name: str, x: Tensor, train: bool) -> Tensor:
    mean, var = state[f"{name}.running_mean"], state[f"{name}.running_var"]
    return F.batch_norm(x, mean, var, state[f"{name}.weight"], state[f"{name}.bias"], train)


def layer_norm(state: State, name: str, x: Tensor) -> Tensor:
    weight, bias = state[f"{name}.body.weight"], state[f"{name}.body.bias"]
    y = F.layer_norm(x.permute(0, 2, 3, 1), (x.shape[1],), weight, bias)
    return y.permute(0, 3, 1, 2)


def embed(state: State, x: Tensor, train: bool) -> Tensor:
    means = [x[:, trim : 21 - trim].mean(1, keepdim=True) for trim in (0, 2, 4, 6, 8)]
    y = F.relu(batch_norm(state, "resnet.bn1", conv(state, "resnet.conv1", x), train))
    y = batch_norm(state, "resnet.bn2", conv(state, "resnet.conv2", y), train)
    return torch.cat([*means, F.relu(y + conv(state, "resnet.conv3", x))], 1)


def encode(state: State, blocks: Tensor, train: bool) -> list[Tensor]:
    x = embed(state, blocks, train)
    features = [x]
    for level in range(5):
        name = f"encoder.conv{level}.net"
        x = conv(state, f"{name}.0", x, stride=1 if level == 0 else 2)
        x = F.prelu(x, state[f"{name}.1.weight"])
        if level:
            x = residual(state, f"encoder.resblocks{level}", x)
            features.append(x)
    return features


def attend(state: State, q: Tensor, k: Tensor, v: Tensor, temperature: Tensor) -> Tensor:
    batch, channels, height, width = q.shape
    q, k, v = (x.reshape(batch, 4, channels // 4, height * width) for x in (q, k, v))
    logits = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1)
    return ((logits * temperature).softmax(-1) @ v).reshape(batch, channels, height, width)


def interact(state: State, middle: Tensor, first: Tensor, last: Tensor) -> Tensor:
    name = "transformer"
    q = conv(state, f"{name}.attn.q", layer_norm(state, f"{name}.norm1", middle))
    q = conv(state, f"{name}.attn.q_dwconv", q, groups=96).chunk(2, 1)
    sides = []
    for side, x in enumerate((first, last), 1):
        kv = conv(state, f"{name}.attn.kv{side}", layer_norm(state, f"{name}.norm_kv{side}", x))
        k, v = conv(state, f"{name}.attn.kv{side}_dwconv", kv, groups=192).chunk(2, 1)
        y = attend(state, q[side - 1], k, v, state[f"{name}.attn.temperature{side}"])
        y = conv(state, f"{name}.ffn.project_in", layer_norm(state, f"{name}.norm2", y))
        a, b = conv(state, f"{name}.ffn.dwconv", y, groups=510).chunk(2, 1)
        sides.append(conv(state, f"{name}.ffn.project_out", F.gelu(a) * b))
    return torch.cat([sides[0], middle, sides[1]], 1)


def warp(image: Tensor, flow: Tensor) -> Tensor:
    _, _, height, width = image.shape
    lines = (torch.arange(n, device=flow.device) for n in (height, width))
    y, x = torch.meshgrid(*lines, indexing="ij")
    x = (x + flow[:, 0]) * (2 / max(width - 1, 1)) - 1
    y = (y + flow[:, 1]) * (2 / max(height - 1, 1)) - 1
    grid = torch.stack([x, y], -1)
    return F.grid_sample(image, grid, "bilinear", "border", align_corners=True)


def trunk(state: State, name: str, x: Tensor) -> Tensor:
    for conv_name in ("convrelu.conv1", "convrelu.conv2"):
        x = conv(state, f"{name}.{conv_name}.0", x)
        x = F.prelu(x, state[f"{name}.{conv_name}.1.weight"])
    return residual(state, f"{name}.resblocks", x)


def stir(state: State, spikes: Tensor, train: bool = False) -> list[Tensor]:
    """Returns five unclamped images, finest first, of spikes (B, 61, H, W); 16 divides H and W."""
    blocks = torch.cat([spikes[:, s : s + 21] for s in (0, 20, 40)])
    features = encode(state, blocks, train)
    first, middle, last = zip(*(f.chunk(3) for f in features), strict=True)

    name = "decorder_5nd"
    hidden = conv(state, f"{name}.convrelu.0", interact(state, middle[4], first[4], last[4]))
    hidden = F.prelu(hidden, state[f"{name}.convrelu.1.weight"])
    hidden = residual(state, f"{name}.resblocks", hidden)
    out = conv(state, f"{name}.predict_img_flow", hidden)
    flows, image = out[:, :4], out[:, 4:]
    images = [image]
    for name, level in (("decorder_4nd", 3), ("decorder_3rd", 2), ("decorder_2nd", 1)):
        x, up_flows = enlarged(state, name, image, hidden, flows, first, middle, last, level, [])
        hidden = trunk(state, name, x)
        out = conv(state, f"{name}.predict_img_flow", hidden)
        flows, image = out[:, :4] + up_flows, out[:, 4:]
        images.append(image)

    name = "decorder_1st"
    groups = conv(state, f"{name}.predict_flow_group", hidden) + up_flows.repeat(1, 2, 1, 1)
    groups = deconv(state, f"{name}.deconv_flow_group", groups)
    x, _ = enlarged(state, name, image, hidden, flows, first, middle, last, 0, [groups])
    images.append(conv(state, f"{name}.predict_img", trunk(state, name, x)))
    return images[::-1]


def enlarged(
    state: State,
    name: str,
    image: Tensor,
    hidden: Tensor,
    flows: Tensor,
    first: tuple[Tensor, ...],
    middle: tuple[Tensor, ...],
    last: tuple[Tensor, ...],
    level: int,
    groups: list[Tensor],
) -> tuple[Tensor, Tensor]:
    """Returns the input of the trunk of a level, and the upsampled flows in it."""
    up_flows = deconv(state, f"{name}.deconv_flow", flows)
    up_hidden = deconv(state, f"{name}.deconv_hidden", hidden)
    up_image = F.interpolate(image, scale_factor=2, mode="bilinear", align_corners=False)
    warped = [
        warp(source[level], flow[:, i : i + 2])
        for flow in (up_flows, *(g[:, s : s + 4] for g in groups for s in (0, 4)))
        for source, i in ((first, 0), (last, 2))
    ]
    x = [up_image, middle[level], *warped, up_hidden, up_flows, *groups]
    return torch.cat(x, 1), up_flows
