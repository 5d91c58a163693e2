"""BSN, as in the published checkpoint of S-SDM."""

from spikejax.weights.tables.table import Table

_STAGES = {"enc1": 3, "enc2": 3, "enc3": 3, "dec2": 4, "dec1": 4}

TABLE = Table(
    rows=(
        *(
            (f"unet.{stage}.conv{n}.conv", "conv_without_bias", f"unet/{stage}/conv{n}/conv")
            for stage, count in _STAGES.items()
            for n in range(1, count + 1)
        ),
        ("nin_A", "conv_without_bias", "nin1"),
        ("nin_B", "conv_without_bias", "nin2"),
        ("nin_C", "conv_without_bias", "nin3"),
    ),
)
