"""Where things are kept."""

from pathlib import Path

import platformdirs
import pytest

from emobench.benchmark.home import cache_folder, data_folder, home


def test_the_environment_names_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOBENCH_HOME", "~/kept")
    assert home() == Path.home() / "kept"
    assert data_folder("mosi") == home() / "data" / "mosi"
    assert cache_folder() == home() / "cache"


@pytest.mark.parametrize("value", [None, ""])
def test_unset_or_empty_is_the_platforms_folder(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("EMOBENCH_HOME", raising=False)
    if value is not None:
        monkeypatch.setenv("EMOBENCH_HOME", value)
    assert home() == Path(platformdirs.user_data_dir("emobench", appauthor=False))


def test_a_spec_text_with_arguments_is_a_safe_and_distinct_folder() -> None:
    names = {data_folder(text).name for text in ("corpus", "corpus:a=../x", "corpus:a=.-x")}
    assert len(names) == 3
    assert not any("/" in name or ":" in name for name in names)
