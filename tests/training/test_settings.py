import json

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


def test_fields_that_a_saved_configuration_lacks_get_their_defaults():
    config = default_config()
    config.seed, config.loss, config.schedule.milestones = 3, {"l1": 1.0}, (0.5,)
    saved = json.loads(config.to_json())
    del saved["failures"], saved["schedule"]["warmup"]
    assert settings.filled(saved).to_dict() == config.to_dict()


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({}, 0),
        ({"data.source": "sreds"}, 1),
        ({"data.source": "sreds", "validation.split": "train"}, 1),
        ({"data.source": "sreds", "validation.split": "validation"}, 0),
        ({"data.source": "sreds", "validation.steps": 0}, 0),
    ],
)
def test_validation_on_the_training_split_gives_a_note(changes, count):
    config = default_config()
    config.update_from_flattened_dict(changes)
    notes = settings.notes(config)
    assert len(notes) == count
    assert all("uses the training split, 'train'" in note for note in notes)
