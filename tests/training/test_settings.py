import pytest

from spikejax.training import default_config, settings


def test_the_defaults_make_sense():
    settings.check(default_config())


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("steps", 0, "steps is 0, expected at least 1"),
        ("clip", -1.0, "clip is -1.0, expected at least 0"),
        ("checkpoint.keep", 0, "checkpoint.keep is 0, expected at least 1"),
        ("optimiser.learning_rate", float("nan"), "optimiser.learning_rate is nan"),
        ("ema", 1.0, "ema is 1.0, expected 0 to below 1"),
        ("dtype", "float16", "dtype is 'float16', expected 'float32' or 'bfloat16'"),
    ],
)
def test_a_field_that_makes_no_sense_is_named(field, value, message):
    config = default_config()
    config.update_from_flattened_dict({field: value})
    with pytest.raises(ValueError, match=message):
        settings.check(config)
