"""The content of the files that a foreign model is made of."""

import hashlib
import os
from pathlib import Path

from ...benchmark.digests import digest_of
from ...benchmark.errors import DataError
from .contract import SEED, Contract

MOST_FILES = 2000
"""Python files below the root; more are not one model's code."""
_SKIPPED = ("site-packages", "__pycache__")


def files_key(contract: Contract, path: Path) -> str:
    """Return the SHA-256 of the contract's file, the code below the root, the checkpoints and the further files.

    Raises
    ------
    DataError
        When one of them is not there or cannot be read, or the root holds more than one model's code.
    """
    named = [path, Path(contract.module), *checkpoints(contract), *map(Path, contract.files)]
    read = [(file.name, _digest(file)) for file in (*named, *_code(Path(contract.root)))]
    return hashlib.sha256(repr(read).encode()).hexdigest()


def checkpoints(contract: Contract) -> tuple[Path, ...]:
    """Return the checkpoints of all seeds; none where none is declared.

    Raises
    ------
    DataError
        When there is none of those declared.
    """
    if not contract.checkpoint:
        return ()
    path = Path(contract.checkpoint)
    before, _, after = path.name.partition(SEED)
    found = tuple(sorted(path.parent.glob(f"{before}*{after}"))) if SEED in path.name else (path,)
    if not found:
        raise DataError(f"expected checkpoints {path}, found none")
    return found


def checkpoint_of(contract: Contract, seed: int) -> str:
    """Return the checkpoint of a training seed; empty: none is declared.

    Raises
    ------
    DataError
        When it is not there.
    """
    path = contract.checkpoint.replace(SEED, str(seed))
    if path and not Path(path).is_file():
        raise DataError(f"{contract.name}: expected a checkpoint for seed {seed}, and there is no file {path}")
    return path


def _code(root: Path) -> list[Path]:
    """Return the Python files below a folder, hidden folders and installed packages left out."""
    found: list[Path] = []
    for folder, inside, names in os.walk(root):
        inside[:] = sorted(name for name in inside if not name.startswith(".") and name not in _SKIPPED)
        found += [Path(folder, name) for name in sorted(names) if name.endswith(".py")]
        if len(found) > MOST_FILES:
            raise DataError(
                f"expected root to be the folder of the model's code, got {root} with more than {MOST_FILES} Python "
                "files; type root=…"
            )
    return found


def _digest(file: Path) -> str:
    try:
        return digest_of(file)
    except OSError as error:
        raise DataError(f"cannot read {file}: {error.strerror}") from None
