"""Text features by a sentence encoder, batched and cached.

Vectors are kept under `$EMOBENCH_HOME/cache/text`, a file per block of sentences, so that a second conversion encodes
nothing and an interrupted one goes on where it stopped. A block is found by the encoder and the block's sentences: a
folder counts by the content of its files, a name on a hub by the name. What a sentence gets therefore never depends on
what was encoded before.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32
from safetensors import SafetensorError
from safetensors.numpy import save_file

from .array_files import Unreadable, read_tensors
from .errors import DataError, MissingPackage, RunFolderError
from .files import write_whole
from .home import VARIABLE, cache_folder
from .progress import silent
from .reading import with_home

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

HUB_EXAMPLE = "sentence-transformers/all-MiniLM-L6-v2"
"""Shown where a name is expected."""
BLOCK = 512
"""Sentences per cached file and step of the progress."""
BATCH = 64
"""Sentences that go through the encoder at once."""


class TextEncoder:
    """A sentence encoder that is loaded when the first sentence needs it: with a full cache it never is."""

    def __init__(self, name: str) -> None:
        """Take the folder of a sentence-transformers model, or its name on the hub.

        Raises
        ------
        DataError
            When `name` is a file.
        """
        self.name = name
        self._identity = _identity(name)
        self._model: SentenceTransformer | None = None

    def encode(
        self, sentences: Sequence[str], *, what: str = "encoding", progress: Callable[[str, int, int], None] = silent
    ) -> Float32[np.ndarray, "sentences width"]:
        """Return one vector per sentence.

        Parameters
        ----------
        sentences
            One or more.
        what
            Name of the work in the progress.

        Raises
        ------
        MissingPackage
            When something is to be encoded and sentence-transformers is not installed.
        DataError
            When the encoder cannot be loaded or gives vectors that are not finite.
        """
        blocks = []
        for start in range(0, len(sentences), BLOCK):
            progress(what, start, len(sentences))
            blocks.append(self._block(list(sentences[start : start + BLOCK])))
        progress(what, len(sentences), len(sentences))
        return np.concatenate(blocks)

    def _block(self, block: list[str]) -> Float32[np.ndarray, "sentences width"]:
        path = _path(self._identity, block)
        vectors = _read(path, len(block))
        if vectors is None:
            self._model = self._model or _load(self.name)
            vectors = _encode_block(self._model, block, self.name)
            _write(path, vectors)
        return vectors


def _identity(encoder: str) -> str:
    folder = with_home(encoder)
    if not folder.exists():
        return f"hub:{encoder}"
    if not folder.is_dir():
        raise DataError(f"expected the text encoder's folder or its name on the hub, got the file {encoder}")
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()}|{content}|".encode())
    return f"folder:{digest.hexdigest()}"


def _path(identity: str, block: list[str]) -> Path:
    key = hashlib.sha256(repr((identity, block)).encode()).hexdigest()
    return cache_folder() / "text" / f"{key}.safetensors"


def _read(path: Path, sentences: int) -> Float32[np.ndarray, "sentences width"] | None:
    try:
        vectors = read_tensors(path)["vectors"]
    except (OSError, Unreadable, KeyError):
        return None
    return vectors if vectors.ndim == 2 and len(vectors) == sentences and vectors.dtype == np.float32 else None


def _write(path: Path, vectors: Float32[np.ndarray, "sentences width"]) -> None:
    try:
        with write_whole(path) as temporary:
            save_file({"vectors": vectors}, temporary)
    except (RunFolderError, SafetensorError) as error:
        raise DataError(
            f"cannot write {path}: {error.__cause__ or error}; free some space or name another folder in {VARIABLE}"
        ) from error


def _load(encoder: str) -> "SentenceTransformer":
    try:
        from sentence_transformers import SentenceTransformer
    except ModuleNotFoundError:
        raise MissingPackage(
            "text features need the package sentence-transformers; type: pip install 'emobench[text]'"
        ) from None
    folder = with_home(encoder)
    try:
        return SentenceTransformer(str(folder) if folder.exists() else encoder)
    except Exception as error:  # whatever the library, the hub or the network may raise
        first = str(error).strip().partition("\n")[0]
        raise DataError(
            f"cannot load the text encoder {encoder!r} ({first}); expected a folder or a name on the hub "
            f"such as {HUB_EXAMPLE}"
        ) from error


def _encode_block(
    model: "SentenceTransformer", block: list[str], encoder: str
) -> Float32[np.ndarray, "sentences width"]:
    vectors = np.asarray(model.encode(block, batch_size=BATCH, show_progress_bar=False), dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(block) or not np.isfinite(vectors).all():
        raise DataError(
            f"expected one finite vector per sentence from the text encoder {encoder!r}, "
            f"got shape {vectors.shape} for {len(block)} sentences, {np.isnan(vectors).sum()} values NaN"
        )
    return np.ascontiguousarray(vectors)
