"""Fixtures that several tests share."""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from executor_runs import FOLDER, install

from emobench.benchmark import registry
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import Kind

CLASSES = ("neutral", "joy", "anger")

# A shell that starts the tests in the background has them ignore Ctrl-C, and some of them press it.
signal.signal(signal.SIGINT, signal.default_int_handler)


def conversations(
    *,
    lengths: tuple[int, ...] = (3, 1, 5),
    modalities: tuple[str, ...] = ("text", "audio", "video"),
    split: str = "test",
    seed: int = 0,
) -> Conversations:
    """Return small conversations whose features tell a little about the label."""
    rng = Randomness(seed, ("conversations", split)).generator()
    rows = sum(lengths)
    label = rng.integers(0, len(CLASSES), rows)
    features = {
        modality: (rng.normal(size=(rows, 4 + place)) + label[:, None]).astype(np.float32)
        for place, modality in enumerate(modalities)
    }
    return Conversations(
        data="small",
        split=split,
        classes=CLASSES,
        features=features,
        observed={modality: np.ones(rows, bool) for modality in modalities},
        present={modality: np.ones(rows, bool) for modality in modalities},
        dialogue=np.repeat(np.arange(len(lengths)), lengths),
        speaker=rng.integers(0, 2, rows),
        label=label,
        target=np.arange(rows),
        utterance_ids=tuple(f"{split}_{row}" for row in range(rows)),
        dialogue_ids=tuple(f"{split}_dialogue_{dialogue}" for dialogue in range(len(lengths))),
    )


@pytest.fixture
def small() -> Callable[..., Conversations]:
    """Make small conversations; see `conversations`."""
    return conversations


@pytest.fixture
def small_splits() -> DataSplits:
    """Return a small data set."""
    lengths = (4, 6, 2, 5, 3, 7, 1, 6)
    return DataSplits(*(conversations(lengths=lengths, split=name) for name in ("train", "validation", "test")))


@dataclass(frozen=True)
class FakeEntryPoint:
    """An entry point whose plug-in is already in memory."""

    value: str
    plugin: object
    module: str = "emobench"
    dist: None = None

    def load(self) -> object:
        """Return the plug-in."""
        return self.plugin


Register = Callable[[Kind, str, object], None]


@pytest.fixture(scope="session", autouse=True)
def drawings_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what reports can compute again out of the user's cache."""
    from emobench.reports import compiled, drawings, planes

    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        for module in (compiled, drawings, planes):
            patch.setattr(module, "cache_folder", lambda: folder)
        yield


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Iterator[Register]:
    """Register plug-ins as another package would, for the length of a test."""
    points: dict[Kind, dict[str, FakeEntryPoint]] = {}
    installed = registry._entry_points
    monkeypatch.setattr(registry, "_entry_points", lambda kind: {**installed(kind), **points.get(kind, {})})

    def add(kind: Kind, name: str, plugin: object) -> None:
        points.setdefault(kind, {})[name] = FakeEntryPoint(f"elsewhere:{name}", plugin)

    registry.source_key.cache_clear()
    yield add
    registry.source_key.cache_clear()


@pytest.fixture
def strange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Have the model `strange`, here and in all processes that are started; return where it meets the test."""
    installed, meeting = tmp_path / "installed", tmp_path / "meeting"
    installed.mkdir()
    meeting.mkdir()
    install(installed)
    monkeypatch.syspath_prepend(installed)
    monkeypatch.setenv("PYTHONPATH", f"{installed}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setenv(FOLDER, str(meeting))
    registry._entry_points.cache_clear()
    registry.source_key.cache_clear()
    yield meeting
    registry._entry_points.cache_clear()
    registry.source_key.cache_clear()
