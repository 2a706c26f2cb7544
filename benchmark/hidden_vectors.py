"""Hidden vectors of a run folder: what a fitted model computes of clean test input before its last layer.

hidden/*.npz, one file per model × data × seed: `vectors` (float32, utterances × width, in the order of the test split;
width 0: the model has none) and `key`, the content key of the fit they come from.
"""

import io
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from .array_files import Unreadable, opened_arrays
from .errors import RunFolderError
from .files import write_whole

_AGAIN = "delete it and run the same `emobench run` again"
_BYTES = 4
"""Of a number, at most: larger ones need not fit."""


def write_hidden(path: Path, vectors: Float32[np.ndarray, "utterances width"], key: str) -> None:
    """Write the vectors of one fitted model whole or not at all.

    Raises
    ------
    RunFolderError
        When the file cannot be written.
    """
    with io.BytesIO() as stream, write_whole(path) as temporary:
        np.savez_compressed(stream, vectors=vectors, key=np.array(key))
        temporary.write_bytes(stream.getvalue())


def read_hidden(path: Path) -> Float32[np.ndarray, "utterances width"]:
    """Return the vectors.

    Raises
    ------
    RunFolderError
        When the file is missing or damaged, or holds something else than a matrix of float32.
    """
    vectors = _read(path, "vectors")
    if vectors.ndim != 2 or vectors.dtype.kind != "f" or vectors.dtype.itemsize > _BYTES:
        shown = f"{vectors.dtype} of the shape {vectors.shape}"
        raise RunFolderError(f"{path}: expected float32, utterances × width, got {shown}; {_AGAIN}")
    return np.asarray(vectors, np.float32)


def key_of_hidden(path: Path) -> str:
    """Return the content key of the fit that the vectors come from; errors as `read_hidden`."""
    return str(_read(path, "key"))


def _read(path: Path, name: str) -> np.ndarray:
    try:
        with opened_arrays(path) as arrays:
            return arrays[name]
    except FileNotFoundError:
        raise RunFolderError(f"{path} is missing; run the same `emobench run` again to complete the folder") from None
    except (OSError, Unreadable) as error:
        first = str(error).partition("\n")[0]
        raise RunFolderError(f"{path} is damaged ({first}); {_AGAIN}") from None
