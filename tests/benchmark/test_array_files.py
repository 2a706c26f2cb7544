"""Arrays in files whose headers lie."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from emobench.benchmark import array_files
from emobench.benchmark.array_files import Unreadable, opened_arrays, read_array


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def headed(header: str, content: bytes = b"", version: bytes = b"\1\0") -> bytes:
    return (
        b"\x93NUMPY"
        + version
        + struct.pack("<H" if version == b"\1\0" else "<I", len(header))
        + header.encode()
        + content
    )


def described(shape: str = "(2,)", kind: str = "'<f8'", fortran: str = "False") -> str:
    return f"{{'descr': {kind}, 'fortran_order': {fortran}, 'shape': {shape}, }}"


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3)),
        np.zeros((0, 3), np.float32),
        np.array(5),
        np.array(["é", "ab"]),
        np.array([b"ab"]),
        np.zeros((2, 0), bool),
    ],
    ids=str,
)
def test_arrays_come_back(array: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(npy(array))
    found = read_array(path)
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype
    assert not found.flags.writeable
    np.savez_compressed(tmp_path / "a.npz", one=array, other=np.zeros(1))
    with opened_arrays(tmp_path / "a.npz") as arrays:
        assert arrays.names == ("one", "other")
        np.testing.assert_array_equal(arrays["one"], array)


LIES = {
    headed(described("(10**12,)")): "it is damaged, or none: malformed node or string",
    headed(
        described("(1000000000000,)")
    ): "it has 0 bytes where its shape and type make 8,000,000,000,000; is it complete?",
    headed(
        described("(4294967296, 4294967296)")
    ): "it has 0 bytes where its shape and type make 147,573,952,589,676,412,928",
    headed(described("(-1,)")): r"it has the shape \(-1,\), expected lengths from 0",
    headed(described(f"({'1,' * 40})")): "expected lengths from 0",
    headed(described(kind="'|O'")): "it holds values of the type object, expected numbers or texts",
    headed(described(kind="[('a', '<f8')]")): "it holds values of the type",
    headed(described("(1,)", kind="'<U1'"), b"\xff" * 4): "it holds codes that are no characters",
    headed(described(), version=b"\3\0"): "it is of version 3.0, expected 1.0 or 2.0",
    headed("(" * 3000): "it is damaged, or none",
    headed("__import__('os').system('true')"): "it is damaged, or none: malformed node or string",
    b"": "it is none as numpy.save writes it",
    b"PK\3\4": "it is none as numpy.save writes it",
}


@pytest.mark.parametrize("content", LIES, ids=lambda content: content[10:50])
def test_lies_are_found_out_before_there_is_memory_for_them(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=LIES[content]):
        read_array(path)


def archive(path: Path, method: int = zipfile.ZIP_DEFLATED, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", method) as opened:
        for name, content in files.items():
            opened.writestr(f"{name}.npy", content)
    return path


def test_archives_that_are_none_or_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(npy(np.zeros(3)))
    with pytest.raises(Unreadable, match="it is damaged, or none: File is not a zip file"), opened_arrays(path):
        pass
    with (
        opened_arrays(archive(path, a=npy(np.zeros(3)))) as arrays,
        pytest.raises(Unreadable, match="it has no array 'b'"),
    ):
        arrays["b"]
    with (
        opened_arrays(archive(path, zipfile.ZIP_LZMA, a=npy(np.zeros(3)))) as arrays,
        pytest.raises(Unreadable, match="the array 'a' is encrypted, or compressed in another way than numpy does"),
    ):
        arrays["a"]
    content = archive(path, a=npy(np.arange(300.0))).read_bytes()
    path.write_bytes(content[:200] + bytes(8) + content[208:])
    with opened_arrays(path) as arrays, pytest.raises(Unreadable, match="it is damaged, or none"):
        arrays["a"]
    archive(path, a=npy(np.zeros(100_000)))
    monkeypatch.setattr(array_files, "FREE", 1000)
    with pytest.raises(Unreadable, match="it unfolds to far more than it holds"), opened_arrays(path):
        pass
