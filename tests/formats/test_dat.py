import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spikejax.formats.dat import DatLayout, count_readouts, fitting_sizes
from spikejax.formats.errors import FormatError

sizes = st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 27))
spikes_of_any_size = sizes.flatmap(lambda s: hnp.arrays(np.uint8, s, elements=st.integers(0, 1)))


@st.composite
def layouts(draw, height, width):
    return DatLayout(
        height=height,
        width=width,
        stored_width=width + draw(st.integers(0, 17)),
        flip=draw(st.booleans()),
        bit_order=draw(st.sampled_from(["little", "big"])),
    )


def packed_by_definition(spikes, layout):
    """Packs spikes by the definition of the layout, pixel by pixel."""
    stored = np.zeros((len(spikes), layout.readout_bytes), np.uint8)
    for t, y, x in zip(*np.nonzero(spikes), strict=True):
        row = layout.height - 1 - y if layout.flip else y
        byte, bit = divmod(row * layout.stored_width + x, 8)
        stored[t, byte] |= 1 << (bit if layout.bit_order == "little" else 7 - bit)
    return stored


@given(st.data(), spikes_of_any_size)
def test_layout_is_as_specified(data, spikes):
    layout = data.draw(layouts(*spikes.shape[1:]))
    stored = packed_by_definition(spikes, layout)
    np.testing.assert_array_equal(layout.pack(spikes), stored)
    np.testing.assert_array_equal(layout.unpack(stored), spikes)
    np.testing.assert_array_equal(
        layout.packed(stored), np.packbits(spikes, axis=-1, bitorder="little")
    )


@given(st.data(), spikes_of_any_size)
def test_padding_columns_are_ignored(data, spikes):
    """The padding of raw rows may contain any values."""
    layout = data.draw(layouts(*spikes.shape[1:]))
    full = np.ones((*spikes.shape[:2], layout.stored_width), np.uint8)
    full[:, :, : layout.width] = spikes
    wide = DatLayout(
        height=layout.height,
        width=layout.stored_width,
        flip=layout.flip,
        bit_order=layout.bit_order,
    )
    stored = wide.pack(full)
    np.testing.assert_array_equal(layout.unpack(stored), spikes)
    np.testing.assert_array_equal(
        layout.packed(stored), np.packbits(spikes, axis=-1, bitorder="little")
    )


@pytest.mark.parametrize("width", [8, 12])
def test_results_are_contiguous_and_own_their_memory(width):
    layout = DatLayout(height=3, width=width)
    stored = np.zeros((2, layout.readout_bytes), np.uint8)
    for result in (layout.unpack(stored), layout.packed(stored)):
        assert result.flags.c_contiguous
        assert result.flags.writeable
        assert not np.shares_memory(result, stored)


@pytest.mark.parametrize("width", [8, 12])
def test_zero_readouts_unpack_to_zero_readouts(width):
    layout = DatLayout(height=3, width=width)
    assert layout.unpack(np.zeros((0, layout.readout_bytes), np.uint8)).shape == (0, 3, width)


def test_stored_width_below_the_width_is_refused():
    with pytest.raises(FormatError, match="at least the width, 400, got 250"):
        DatLayout(height=250, width=400, stored_width=250)


def test_size_error_names_the_size_and_the_sizes_that_fit(tmp_path):
    layout = DatLayout(height=250, width=400)
    with pytest.raises(FormatError) as error:
        count_readouts(tmp_path / "x.dat", 72000, layout)
    message = str(error.value)
    assert "\n" not in message
    for part in ("x.dat", "72000 bytes", "250x400", "12500", "62500 (5)", "75000 (6)"):
        assert part in message
    assert "180x320 (10 readouts)" in message


def test_file_below_one_readout_suggests_no_empty_file(tmp_path):
    with pytest.raises(FormatError, match=r"nearest sizes are 12500 \(1\); no known size fits"):
        count_readouts(tmp_path / "x.dat", 7, DatLayout(height=250, width=400))


def test_raw_sizes_are_among_the_known_ones():
    assert "250x400, stored_width=416 (1 readouts)" in fitting_sizes(13000)
    assert "1000x1000, stored_width=1024 (3 readouts)" in fitting_sizes(3 * 128000)
