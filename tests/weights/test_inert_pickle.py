import io
import os
import pickle
import pickletools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikejax.weights import WeightsError
from spikejax.weights.inert_pickle import MAX_BYTES, read_pickle

NAMES = frozenset({"torch.FloatStorage"})
CALLS = {"collections.OrderedDict": lambda: {}, "pair": lambda a, b: [a, b]}


def read(data):
    value, end = read_pickle(data, names=NAMES, calls=CALLS, persistent=lambda pid: pid)
    assert end == len(data)
    return value


keys = st.text(max_size=5) | st.integers(-(2**30), 2**30)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.text() | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner)
        | st.tuples(inner, inner)
        | st.lists(inner, max_size=5).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
    ),
    max_leaves=20,
)


@given(plain)
def test_plain_values_come_out_as_python_pickled_them(value):
    assert repr(read(pickle.dumps(value, 2))) == repr(value)


def test_shared_and_recursive_values_keep_their_identity():
    shared = ["x"]
    value = [shared, shared]
    value.append(value)
    result = read(pickle.dumps(value, 2))
    assert result[0] is result[1]
    assert result[2] is result


def test_more_than_a_thousand_entries_are_read():
    value = {f"k{i}": list(range(i % 7)) for i in range(3000)}
    assert read(pickle.dumps(value, 2)) == value


class Call:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize("protocol", range(6))
def test_a_shell_command_is_refused_and_not_run(tmp_path, protocol):
    victim = tmp_path / "victim"
    data = pickle.dumps(Call(os.system, f"touch {victim}"), protocol)
    with pytest.raises(WeightsError):
        read(data)
    assert not victim.exists()


@pytest.mark.parametrize(
    ("function", "name"),
    [(os.system, "posix.system"), (eval, "__builtin__.eval"), (getattr, "__builtin__.getattr")],
)
def test_a_refused_name_is_shown(function, name):
    with pytest.raises(WeightsError, match=rf"names '{name}'.*nothing in the file was run"):
        read(pickle.dumps(Call(function, "1"), 2))


def test_dotted_names_do_not_reach_attributes():
    data = b"\x80\x02ctorch\nFloatStorage.__init__\n."
    with pytest.raises(WeightsError, match=r"FloatStorage\.__init__"):
        read(data)


WRITTEN = set("\x80.N\x88\x89)]}KMJG\x85\x86\x87qrhj(\x8aXTUcR\x81bQaesut")


@pytest.mark.parametrize("opcode", pickletools.opcodes, ids=lambda o: o.name)
def test_only_the_opcodes_of_torch_save_are_known(opcode):
    if opcode.code in WRITTEN:
        return
    with pytest.raises(WeightsError, match=f"opcode {opcode.name},"):
        read(b"\x80\x02" + opcode.code.encode("latin-1") + b"\0" * 20)


@pytest.mark.parametrize("byte", [0x00, 0xFF])
def test_bytes_that_are_no_opcode_are_refused(byte):
    with pytest.raises(WeightsError, match="opcode 0x"):
        read(bytes([byte]))


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (b"ctorch\nFloatStorage\n)R.", "calls 'torch.FloatStorage'"),
        (b"ccollections\nOrderedDict\nK\x01\x85R.", "wrong arguments for collections.OrderedDict"),
        (b"ccollections\nOrderedDict\n]R.", "not a tuple"),
        (b"K\x01)R.", "calls 'a int'"),
        (b"]}b.", "sets the state of 'a list'"),
        (b"}K\x01a.", "appends to 'a dict'"),
        (b"]K\x01K\x01s.", "sets entries of 'a list'"),
        (b"}(K\x01u.", "sets entries"),
        (b"h\x05.", "refers to value 5"),
        (b"a.", "a value is missing"),
        (b"(K\x01\x86.", "a value is missing"),
        (b"K\x01(a.", "a value is missing"),
        (b"t.", "a mark is missing"),
        (b"NN.", "left over"),
        (b"N(.", "a value is missing"),
        (b"\x80\x04N.", "protocol 4"),
        (b"X\x02\x00\x00\x00\xff\xfe.", "not UTF-8"),
        (b"X\xff\xff\xff\xff.", "ends too early"),
        (b"\x8a\xff" + b"\1" * 255 + b".", "an integer of 255 bytes"),
        (b"c" + b"a" * 500 + b"\nb\n.", "a name does not end"),
        (b"", "ends too early"),
    ],
)
def test_a_faulty_program_is_named(program, message):
    with pytest.raises(WeightsError, match=message):
        read(program)


def doubling_tuples(depth):
    """Returns t = (), followed `depth` times by t = (t, t): 2**depth leaves in 5 * depth bytes."""
    return b")" + b"".join(b"q%ch%c\x86" % (i, i) for i in range(depth))


def test_a_tuple_that_takes_forever_to_hash_is_no_key():
    start = time.monotonic()
    with pytest.raises(WeightsError, match="as the key of a dictionary"):
        read(b"}" + doubling_tuples(100) + b"Ns.")
    assert time.monotonic() - start < 1


def test_integers_chosen_to_collide_are_no_keys():
    with pytest.raises(WeightsError, match="as the key of a dictionary"):
        read(pickle.dumps({(2**61 - 1) * i: None for i in range(1, 50)}, 2))


def test_a_structure_with_more_leaves_than_atoms_is_read_in_no_time():
    start = time.monotonic()
    value = read(doubling_tuples(250) + b".")
    assert time.monotonic() - start < 1
    assert len(value) == 2


def test_nesting_has_no_limit_but_the_length():
    depth = 200_000
    value = read(b"]" * depth + b"a" * (depth - 1) + b".")
    for _ in range(depth - 1):
        (value,) = value
    assert value == []


def test_a_pickle_that_is_too_long_is_refused():
    with pytest.raises(WeightsError, match="longer than the 2 MiB"):
        read(b"(" * (MAX_BYTES + 1))


def test_every_truncation_is_an_error():
    data = pickle.dumps({"a": [1, 2.5, "x", (None, True)], "b": 2**70}, 2)
    for end in range(len(data)):
        with pytest.raises(WeightsError):
            read(data[:end])


@given(st.binary(max_size=60))
def test_random_bytes_never_raise_anything_else(data):
    try:
        read_pickle(data, names=NAMES, calls=CALLS, persistent=lambda pid: pid)
    except WeightsError as error:
        assert "\n" not in str(error)


programs = st.lists(
    st.sampled_from([c.encode("latin-1") for c in sorted(WRITTEN)])
    | st.sampled_from([b"ctorch\nFloatStorage\n", b"ccollections\nOrderedDict\n", b"cx\ny\n"])
    | st.binary(max_size=2),
    max_size=30,
).map(b"".join)


@given(programs)
def test_random_programs_never_raise_anything_else(program):
    try:
        read_pickle(program, names=NAMES, calls=CALLS, persistent=lambda pid: pid)
    except WeightsError as error:
        assert "\n" not in str(error)


def test_several_pickles_follow_one_another():
    file = io.BytesIO()
    for value in (1, ["a"], None):
        pickle.dump(value, file, 2)
    position, values = 0, []
    for _ in range(3):
        value, position = read_pickle(
            file.getvalue(), position, names=NAMES, calls=CALLS, persistent=lambda pid: pid
        )
        values.append(value)
    assert values == [1, ["a"], None]
