"""Text features by a sentence encoder."""

import sys
from pathlib import Path

import numpy as np
import pytest

from emobench.benchmark import text_encoder
from emobench.benchmark.errors import DataError, MissingPackage
from emobench.benchmark.text_encoder import TextEncoder

from .conftest import FakeEncoder

SENTENCES = [f"sentence {number}" for number in range(1100)]


@pytest.fixture(autouse=True)
def _home(emobench_home: Path) -> None:
    pass


def test_each_sentence_gets_its_own_vector_in_order(fake_encoder: FakeEncoder) -> None:
    steps = []
    vectors = TextEncoder("some/name").encode(
        SENTENCES, what="encoding x", progress=lambda what, done, total: steps.append((what, done, total))
    )
    assert vectors.dtype == np.float32
    assert vectors.shape == (1100, 4)
    np.testing.assert_array_equal(
        vectors[700], fake_encoder.encode(SENTENCES[700:701], batch_size=64, show_progress_bar=False)[0]
    )
    assert steps == [("encoding x", done, 1100) for done in (0, 512, 1024, 1100)]


def test_a_second_time_nothing_is_encoded_nor_loaded(
    fake_encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = TextEncoder("some/name").encode(SENTENCES)
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    np.testing.assert_array_equal(TextEncoder("some/name").encode(SENTENCES), first)
    assert (fake_encoder.loaded, len(fake_encoder.encoded)) == (["some/name"], 1100)


def test_only_blocks_that_are_missing_are_encoded(fake_encoder: FakeEncoder) -> None:
    TextEncoder("some/name").encode(SENTENCES)
    TextEncoder("some/name").encode([*SENTENCES[:1099], "changed"])
    assert fake_encoder.encoded[1100:] == [*SENTENCES[1024:1099], "changed"]


UNKNOWN_TYPE = b'{"vectors":{"dtype":"F8_E4M3","shape":[1,2],"data_offsets":[0,2]}}'
"""numpy has no such numbers."""


@pytest.mark.parametrize(
    "content",
    [b"", b"rubbish", b"\x02\0\0\0\0\0\0\0{}", len(UNKNOWN_TYPE).to_bytes(8, "little") + UNKNOWN_TYPE + b"\0\0"],
)
def test_a_damaged_cache_is_made_again(fake_encoder: FakeEncoder, emobench_home: Path, content: bytes) -> None:
    first = TextEncoder("some/name").encode(["a"])
    [cached] = (emobench_home / "cache" / "text").iterdir()
    cached.write_bytes(content)
    np.testing.assert_array_equal(TextEncoder("some/name").encode(["a"]), first)
    assert fake_encoder.encoded == ["a", "a"]


def test_another_encoder_is_another_cache(fake_encoder: FakeEncoder, tmp_path: Path) -> None:
    for name in ("one/name", "other/name"):
        TextEncoder(name).encode(["a"])
    assert fake_encoder.loaded == ["one/name", "other/name"]


def test_a_folder_counts_by_its_content(fake_encoder: FakeEncoder, tmp_path: Path) -> None:
    for name in ("here", "there", "changed"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "weights").write_text("1" if name != "changed" else "2")
        TextEncoder(str(tmp_path / name)).encode(["a"])
    assert fake_encoder.loaded == [str(tmp_path / "here"), str(tmp_path / "changed")]


def test_a_file_is_no_encoder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"^expected the text encoder's folder or its name on the hub, got the file"):
        TextEncoder(str(tmp_path / "file"))


def test_a_missing_package_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingPackage) as caught:
        TextEncoder("some/name").encode(["a"])
    assert str(caught.value).endswith("; type: pip install 'emobench[text]'")


def test_an_encoder_that_cannot_be_loaded_is_one_line(fake_encoder: FakeEncoder) -> None:
    with pytest.raises(DataError) as caught:
        TextEncoder("no/such").encode(["a"])
    assert str(caught.value) == (
        "cannot load the text encoder 'no/such' (no/such is not a local folder and is not a valid model identifier); "
        "expected a folder or a name on the hub such as sentence-transformers/all-MiniLM-L6-v2"
    )


@pytest.mark.parametrize("vectors", [np.full((1, 4), np.nan), np.ones(4), np.ones((2, 4)), np.full((1, 4), np.inf)])
def test_vectors_that_are_none_are_refused(fake_encoder: FakeEncoder, vectors: np.ndarray, emobench_home: Path) -> None:
    fake_encoder.vectors = vectors
    with pytest.raises(DataError, match=r"^expected one finite vector per sentence from the text encoder 'x'"):
        TextEncoder("x").encode(["a"])
    assert not (emobench_home / "cache").exists()


def test_a_cache_that_cannot_be_written_is_named(
    fake_encoder: FakeEncoder, emobench_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emobench_home.write_text("")
    with pytest.raises(DataError, match=r"^cannot write .*safetensors: .*name another folder in EMOBENCH_HOME"):
        TextEncoder("x").encode(["a"])


def test_progress_and_cache_go_by_blocks_of_one_size() -> None:
    assert text_encoder.BLOCK % text_encoder.BATCH == 0
