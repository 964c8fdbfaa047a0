"""Files of users that hold something else are named, in whatever way the libraries stumble over them."""

import numpy
import pytest

from proofs_check.commands._inputs import load_array, load_object, load_tensors

HEADER = b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (3, 1), }".ljust(128)


def test_an_array_is_read(tmp_path):
    numpy.save(tmp_path / "x.npy", numpy.eye(2))
    assert load_array(tmp_path / "x.npy").tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("content", [b"", b"x,y\n1,2\n", HEADER[:70], HEADER.replace(b"}", b"("), HEADER, b"PK\x03\x04"], ids=repr)
def test_what_is_no_array_is_named(tmp_path, content):
    file = tmp_path / "x.npy"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.npy: expected an array as \.npy, got something else"):
        load_array(file)


def test_an_archive_of_arrays_is_named(tmp_path):
    numpy.savez(tmp_path / "x.npz", x=numpy.eye(2))
    with pytest.raises(ValueError, match="expected one array as .npy, got an archive"):
        load_array(tmp_path / "x.npz")


def test_a_missing_file_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_array(tmp_path / "x.npy")


@pytest.mark.parametrize("content", [b"", b"{}", b"\x08\0\0\0\0\0\0\0{'a': 1}"], ids=repr)
def test_what_holds_no_tensors_is_named(tmp_path, content):
    file = tmp_path / "x.safetensors"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="is no safetensors file"):
        load_tensors(file)


@pytest.mark.parametrize("described", ["x.py", "x.py:", "x.py:1a", "missing.py:module"])
def test_what_describes_no_object_is_named(described):
    with pytest.raises(ValueError, match="expected"):
        load_object(described)


def test_an_object_comes_from_a_python_file(tmp_path):
    file = tmp_path / "net.txt"
    file.write_text("net = 1")
    with pytest.raises(ValueError, match=r"expected a Python file \(PATH\.py\) before the colon, got .*net\.txt"):
        load_object(f"{file}:net")
