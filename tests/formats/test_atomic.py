import os

import pytest

from spikejax.formats.atomic import replacing, require_regular_file


def test_file_appears_when_the_block_ends(tmp_path):
    target = tmp_path / "x.txt"
    target.write_text("old")
    with replacing(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
        assert temporary.parent == tmp_path
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit, SystemExit])
def test_nothing_is_left_when_the_block_fails(tmp_path, error):
    target = tmp_path / "x.txt"
    target.write_text("old")

    def interrupted():
        with replacing(target) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        interrupted()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_block_that_writes_nothing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "x"):
        pass


def test_permissions_are_those_of_any_new_file(tmp_path):
    with replacing(tmp_path / "x") as temporary:
        temporary.write_text("")
    (tmp_path / "y").write_text("")
    assert (tmp_path / "x").stat().st_mode == (tmp_path / "y").stat().st_mode


def test_links_are_followed(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "x")
    with replacing(tmp_path / "link") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder" / "x").read_text() == "new"


def test_only_regular_files_are_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="a device or a pipe"), replacing(tmp_path / "pipe"):
        pass
    with pytest.raises(IsADirectoryError, match="is a directory"), replacing(tmp_path):
        pass
    with (
        pytest.raises(FileNotFoundError, match="none does not exist"),
        replacing(tmp_path / "none" / "x"),
    ):
        pass


def test_only_regular_files_are_read(tmp_path):
    (tmp_path / "x").write_text("")
    assert require_regular_file(str(tmp_path / "x"), "a file") == tmp_path / "x"
    with pytest.raises(FileNotFoundError, match="y: no such file; expected a cat"):
        require_regular_file(tmp_path / "y", "a cat")
