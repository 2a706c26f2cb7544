"""What an earlier report wrote goes with the next; what a user put beside it stays."""

from collections.abc import Callable
from pathlib import Path

import pytest

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.formats.csv import CsvTables
from emobench.reports.formats.figures import FigureFiles
from emobench.reports.leftovers import LIST, keep_only
from emobench.reports.only import Only, PartOfRun

Maker = Callable[..., RunFolder]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {LIST}


def written(folder: Path, *files: str) -> None:
    for name in files:
        (folder / name).write_text(name)
    keep_only(folder, files)


def test_files_of_the_earlier_report_go_and_others_stay(tmp_path: Path) -> None:
    written(tmp_path, "a.csv", "b.csv", "c.csv")
    (tmp_path / "mine.csv").write_text("mine")
    (tmp_path / "c.csv").write_text("c.csv, with a note of mine")
    written(tmp_path, "a.csv")
    assert names(tmp_path) == {"a.csv", "c.csv", "mine.csv"}
    # What was changed is nobody's leftover any more, not even when it looks like one again.
    (tmp_path / "c.csv").write_text("c.csv")
    written(tmp_path, "a.csv")
    assert names(tmp_path) == {"a.csv", "c.csv", "mine.csv"}


@pytest.mark.parametrize("said", ["", "[1]", "{", '{"b.csv": 3}', "\udcff"])
def test_a_damaged_list_removes_nothing(tmp_path: Path, said: str) -> None:
    written(tmp_path, "a.csv", "b.csv")
    (tmp_path / LIST).write_bytes(said.encode(errors="surrogateescape"))
    written(tmp_path, "a.csv")
    assert names(tmp_path) == {"a.csv", "b.csv"}


def test_a_list_names_files_of_its_own_folder_only(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    written(tmp_path, "a.csv")
    said = (tmp_path / LIST).read_text().replace("a.csv", "../a.csv")
    (tmp_path / "tables" / LIST).write_text(said)
    written(tmp_path / "tables", "b.csv")
    assert (tmp_path / "a.csv").exists()


def test_what_cannot_be_removed_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, "a.csv", "b.csv", "gone.csv")
    (tmp_path / "gone.csv").unlink()

    def refused(path: Path) -> None:
        raise PermissionError(path)

    monkeypatch.setattr(Path, "unlink", refused)
    (tmp_path / "a.csv").write_text("a.csv")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("emobench.reports.leftovers.write_text", lambda path, text: None)
        keep_only(tmp_path, ["a.csv"])
    assert names(tmp_path) == {"a.csv", "b.csv"}


@pytest.mark.parametrize("kind", [CsvTables(), FigureFiles(), FigureFiles(style="acl")])
def test_a_report_on_a_part_leaves_nothing_of_the_whole(
    make_run: Maker, tmp_path: Path, kind: CsvTables | FigureFiles
) -> None:
    run = make_run(
        tmp_path, models=("rage_fusion",), dialogues=5, only=("clean", "modality_drop:drop=text"), seeds=(0,)
    )
    folder = kind.write(run)
    (folder / "mine.csv").write_text("mine")
    whole = names(folder)
    kind.write(PartOfRun(run.path, Only((), (), ("classes",))))
    part = names(folder)
    assert "mine.csv" in part < whole
    assert len(part) > 1
    assert all("classes" in name or "confusion" in name for name in part - {"mine.csv"})
    kind.write(run)
    assert names(folder) == whole
