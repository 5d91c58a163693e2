"""`spikejax convert` of a part of a recording."""

import numpy as np

import spikejax as sj


def test_a_range_of_readouts_rows_and_columns(spikejax, recording):
    words = ("--readouts", "10:60", "--rows", "4:20", "--columns", "3:30")
    result = spikejax("convert", "scene.dat", "part.dat", *words)
    assert result.exit_code == 0, result.output
    part = sj.open_recording("part.dat")
    assert part.gain == 0.5
    np.testing.assert_array_equal(part[:], recording[10:60, 4:20, 3:30])


def test_rows_outside_are_refused(refused, recording):
    match = "--rows: '4:50' is no range of the recording's 24 rows"
    refused("convert", "scene.dat", "part.dat", "--rows", "4:50", match=match)
