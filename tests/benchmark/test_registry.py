"""Finding plug-ins."""

import inspect
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from emobench.benchmark import registry
from emobench.benchmark.errors import MissingPackage, SpecError, UnknownName
from emobench.benchmark.registry import (
    KINDS,
    MODELS,
    PROTOCOLS,
    canonical_text,
    make,
    names,
    plugin_class,
    source_key,
    summary,
)


def test_built_in_plug_ins_are_found_by_their_file() -> None:
    assert "modality_drop" in names(PROTOCOLS)
    assert "base" not in names(PROTOCOLS), "a file without PLUGIN is no plug-in"


def test_a_summary_is_the_first_line_of_the_file() -> None:
    assert summary(PROTOCOLS, "modality_drop").startswith("Modalities go missing")


@pytest.mark.parametrize(
    "source",
    [
        '"""What it is.\n\nMore of it."""\nimport this\n',
        '"""What it is."""\n',
        '"""\nWhat it is.\n"""\n',
        '"""What it is\\x2e\n"""\n',
        "# A comment.\n'What it is.'\n",
    ],
)
def test_a_summary_is_read_however_the_docstring_is_written(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "some.py"
    path.write_text(source, encoding="utf-8")
    monkeypatch.setattr(registry, "_files", lambda kind: {"some": path})
    assert summary(PROTOCOLS, "some") == "What it is."
    path.write_text("import this\n", encoding="utf-8")
    assert summary(PROTOCOLS, "some") == ""


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_every_summary_is_that_of_the_docstring(kind: registry.Kind) -> None:
    for name in names(kind):
        assert summary(kind, name) == (inspect.getdoc(inspect.getmodule(plugin_class(kind, name))) or "").split("\n")[0]


def test_unknown_names_list_the_near_ones() -> None:
    with pytest.raises(UnknownName) as caught:
        make(PROTOCOLS, "modality_dorp")
    assert str(caught.value) == "unknown protocol 'modality_dorp'; did you mean 'modality_drop'?"


def test_a_chain_is_no_single_plug_in() -> None:
    with pytest.raises(SpecError, match=r"expected one protocol, got the chain 'modality_drop\+modality_drop'"):
        make(PROTOCOLS, "modality_drop+modality_drop")


def test_one_spelling() -> None:
    assert canonical_text(PROTOCOLS, "modality_drop:rate=0.50,signal=told") == "modality_drop:rate=0.5"


def test_a_plug_in_of_another_package_comes_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("elsewhere", "emobench.protocols.modality_drop:ModalityDrop", PROTOCOLS.group)
    monkeypatch.setattr(registry, "_entry_points", lambda kind: {"elsewhere": point} if kind is PROTOCOLS else {})
    source_key.cache_clear()
    assert "elsewhere" in names(PROTOCOLS)
    assert plugin_class(PROTOCOLS, "elsewhere").__name__ == "ModalityDrop"
    assert summary(PROTOCOLS, "elsewhere") == "from emobench.protocols.modality_drop:ModalityDrop"
    assert source_key(PROTOCOLS, "elsewhere").startswith("emobench.protocols.modality_drop:ModalityDrop")
    assert source_key(PROTOCOLS, "modality_drop") == ""


def test_a_plug_in_that_lacks_a_package_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_files", lambda kind: {"json_like": None})
    monkeypatch.setattr(
        registry.importlib,
        "import_module",
        lambda name: (_ for _ in ()).throw(ModuleNotFoundError(name="some_package")),
    )
    with pytest.raises(
        MissingPackage, match="model 'json_like' needs the package 'some_package': pip install some_pack"
    ):
        plugin_class(MODELS, "json_like")


def test_a_broken_import_inside_the_package_is_not_dressed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_files", lambda kind: {"ghost": None})
    assert "emobench.baselines.ghost" not in sys.modules
    with pytest.raises(ModuleNotFoundError, match=r"emobench\.baselines\.ghost"):
        plugin_class(MODELS, "ghost")
