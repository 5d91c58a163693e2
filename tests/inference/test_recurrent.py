"""Which windows a network with memory reads."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spikejax.inference.recurrent import plan_steps

WINDOW = 41


def steps_of(centres, stride=20, warmup=4):
    return list(plan_steps(np.array(centres), window=WINDOW, stride=stride, warmup=warmup))


@given(
    st.sets(st.integers(0, 600), min_size=1, max_size=30),
    st.integers(1, 25),
    st.integers(0, 5),
)
def test_images_come_in_order_each_after_enough_windows(centres, stride, warmup):
    centres = sorted(centres)
    at, length = {}, {}
    wanted = []
    for step in steps_of(centres, stride, warmup):
        if step.fresh:
            length[step.phase] = 0
        else:
            assert step.centre == at[step.phase] + stride
        at[step.phase] = step.centre
        if step.wanted:
            wanted.append(step.centre)
            inside = max((step.centre - WINDOW // 2) // stride, 0)
            assert length[step.phase] >= min(warmup, inside)
        length[step.phase] += 1
        if step.last:
            del at[step.phase]
    assert wanted == centres
    assert not at


def test_a_recording_from_its_first_window_on_is_read_once():
    steps = steps_of(range(20, 400, 20))
    assert [step.centre for step in steps] == list(range(20, 400, 20))
    assert [step.fresh for step in steps] == [True, *[False] * 18]


def test_a_distant_centre_starts_anew():
    steps = steps_of([20, 40, 400], warmup=4)
    assert [step.centre for step in steps] == [20, 40, 320, 340, 360, 380, 400]
    assert [step.centre for step in steps if step.fresh] == [20, 320]
    assert [step.centre for step in steps if step.last] == [400]


def test_a_near_centre_goes_on_over_the_windows_between():
    steps = steps_of([20, 120], warmup=4)
    assert [step.centre for step in steps] == [20, 40, 60, 80, 100, 120]
    assert [step.centre for step in steps if step.fresh] == [20]


def test_a_centre_nearer_to_the_start_than_half_a_window_is_a_new_stream():
    [step] = steps_of([3])
    assert step.fresh and step.wanted and step.last
