"""Readers of tensors: checkpoints, converted data, hidden vectors, encoded sentences, weights of foreign models."""

import io
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from fuzz_arrays import hostile_npz, hostile_safetensors
from fuzz_draws import Draw
from fuzz_formats import hostile_json, hostile_parquet
from fuzz_inputs import Input, Make, Reader
from fuzz_pickles import hostile_pickle
from fuzz_places import put_in_place

from emobench.benchmark import store, text_encoder
from emobench.benchmark.checkpoints import load_checkpoint, save_checkpoint
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.hidden_vectors import key_of_hidden, read_hidden


def _checkpoint(kept: Path) -> Make:
    from emobench.baselines.base import State

    arrays = {"weight": np.arange(6, dtype=np.float32).reshape(2, 3), "bias": np.zeros(2), "there": np.ones(3, bool)}
    settings = {"classes": ["a", "b"], "width": 3, "inner": {"a": [1, 2, {"b": 0.5}]}}
    save_checkpoint(kept / "stem", State(arrays=arrays, settings=settings), "k" * 64)
    content = {"key": "k" * 64, "settings": settings}
    plain = {name: (kept / name).read_bytes() for name in ("stem.safetensors", "stem.json")}

    def input_of(draw: Draw, folder: Path) -> Input:
        hurt = draw.choice(("tensors", "tensors", "settings", "place"))
        for name, written in plain.items():
            (folder / name).write_bytes(written)
        if hurt == "tensors":
            (folder / "stem.safetensors").write_bytes(hostile_safetensors(draw, arrays, {"key": "k" * 64}))
        elif hurt == "settings":
            (folder / "stem.json").write_bytes(hostile_json(draw, content))
        else:
            put_in_place(draw, folder / draw.choice(list(plain)))
        return Input(lambda: load_checkpoint(folder / "stem", "k" * 64))

    return input_of


def _hidden(kept: Path) -> Make:
    arrays = {"vectors": np.linspace(0, 1, 12, dtype=np.float32).reshape(4, 3), "key": np.array("k" * 64)}

    def input_of(draw: Draw, folder: Path) -> Input:
        path = folder / "hidden.npz"
        path.write_bytes(hostile_npz(draw, arrays))
        if draw.chance(0.05):
            put_in_place(draw, path)
        return Input(
            lambda: (
                (read_hidden(path), key_of_hidden(path))
                if draw.chance(0.5)
                else (key_of_hidden(path), read_hidden(path))
            )
        )

    return input_of


def _stored(kept: Path) -> Make:
    def split(name: str, lengths: tuple[int, ...]) -> Conversations:
        rows = sum(lengths)
        return Conversations(
            data="mosi", split=name, classes=("negative", "positive"),
            features={"text": np.ones((rows, 2), np.float32), "audio": np.ones((rows, 1), np.float32)},
            observed={modality: np.ones(rows, bool) for modality in ("text", "audio")},
            present={modality: np.ones(rows, bool) for modality in ("text", "audio")},
            dialogue=np.repeat(np.arange(len(lengths)), lengths), speaker=np.zeros(rows, np.int64),
            label=np.arange(rows) % 2, target=np.arange(rows),
            utterance_ids=tuple(f"{name}{row}" for row in range(rows)),
            dialogue_ids=tuple(f"{name}_{one}" for one in range(len(lengths))),
            transcripts=tuple(f"said {row}" for row in range(rows)),
        )  # fmt: skip

    folder_of = store.save(DataSplits(split("train", (2, 3)), split("validation", (1, 2)), split("test", (2,))))
    plain = {path.name: path.read_bytes() for path in folder_of.iterdir()}
    manifest = store.read_manifest("mosi").model_dump(mode="json")
    table, tensors = pq.read_table(io.BytesIO(plain["test.parquet"])), store._tensors(split("test", (2,)))

    def input_of(draw: Draw, folder: Path) -> Input:
        for name, content in plain.items():
            path = folder_of / name
            # A link to a folder is no folder.
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
            path.write_bytes(content)
        hurt = draw.choice(("table", "table", "tensors", "tensors", "manifest", "place"))
        if hurt == "table":
            (folder_of / "test.parquet").write_bytes(hostile_parquet(draw, table))
        elif hurt == "tensors":
            (folder_of / "test.safetensors").write_bytes(hostile_safetensors(draw, tensors, {}))
        elif hurt == "manifest":
            (folder_of / "dataset.json").write_bytes(hostile_json(draw, manifest))
        else:
            put_in_place(draw, folder_of / draw.choice(list(plain)))
        return Input(lambda: (store.installed(), store.load("mosi")))

    return input_of


def _encoded(kept: Path) -> Make:
    def input_of(draw: Draw, folder: Path) -> Input:
        path = folder / "vectors.safetensors"
        path.write_bytes(hostile_safetensors(draw, {"vectors": np.ones((3, 4), np.float32)}, {}))
        if draw.chance(0.05):
            put_in_place(draw, path)
        return Input(lambda: text_encoder._read(path, 3))

    return input_of


def _weights(kept: Path) -> Make:
    """Checkpoints of foreign models, as their process reads them."""
    import torch

    from emobench.baselines.foreign_models.child import loading, shapes
    from emobench.benchmark.errors import DataError

    torch.set_num_threads(1)
    weights = {"weight": torch.ones(2, 3), "bias": torch.zeros(2)}
    stream = io.BytesIO()
    torch.save({"model": weights, "epoch": 3}, stream)
    saved = stream.getvalue()

    def input_of(draw: Draw, folder: Path) -> Input:
        from fuzz_bytes import damaged

        path = folder / draw.choice(("weights.pt", "weights.pt", "weights.safetensors"))
        if path.suffix == ".safetensors":
            content = hostile_safetensors(draw, {name: one.numpy() for name, one in weights.items()}, {})
        else:
            content = draw.choice(
                (
                    lambda: damaged(draw, saved),
                    lambda: _in_archive(saved, hostile_pickle(draw)),
                    lambda: hostile_pickle(draw),
                )
            )()
        path.write_bytes(content)
        contract = {
            "checkpoint": str(path),
            "checkpoint_key": "model" if path.suffix == ".pt" else "",
            "checkpoint_prefix": "",
        }

        def read() -> None:
            model = torch.nn.Linear(3, 2)
            try:
                loading.load_weights(contract, model)
            except shapes.Mismatch as error:
                # What the process answers is what the message of the error says.
                raise DataError(str(error)) from None

        return Input(read)

    return input_of


def _in_archive(saved: bytes, pickled: bytes) -> bytes:
    """Return an archive of torch whose pickle is another."""
    import zipfile

    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            new.writestr(name, pickled if name.endswith("data.pkl") else old.read(name))
    return stream.getvalue()


ARRAY_READERS = (
    Reader("checkpoint", 40, _checkpoint),
    Reader("hidden_vectors", 40, _hidden),
    Reader("stored_data", 30, _stored),
    Reader("encoded_text", 15, _encoded),
    Reader("foreign_weights", 12, _weights),
)
