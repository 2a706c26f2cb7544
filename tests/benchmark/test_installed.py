"""Whether a package may offer plug-ins is known without importing what knows for certain, and never missed."""

import subprocess
import sys
import zipfile
from importlib.machinery import PathFinder
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from emobench.benchmark.installed import may_offer

GROUP = "emobench.strangers"


def install(folder: Path, *, about: str = "strange-1.0.dist-info", group: str = GROUP) -> Path:
    """Lay down what pip leaves of a package that offers something."""
    (folder / about).mkdir(parents=True)
    (folder / about / "METADATA").write_text("Metadata-Version: 2.1\nName: strange\nVersion: 1.0\n")
    (folder / about / "entry_points.txt").write_text(f"[{group}]\nodd = strange:Odd\n")
    return folder


def test_it_says_no_only_where_nobody_offers_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not may_offer(GROUP)
    monkeypatch.syspath_prepend(install(tmp_path / "other", group="console_scripts"))
    assert not may_offer(GROUP)
    monkeypatch.syspath_prepend(tmp_path / "is not there")
    assert not may_offer(GROUP)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for odd in (tmp_path / "loop", "/" + 300 * "x"):
        monkeypatch.syspath_prepend(odd)
        assert not may_offer(GROUP)
    names = ("strange-1.0.dist-info", "strange.egg-info", "strange-1.0.DIST-INFO", ".dist-info")
    for number, about in enumerate(names):
        with monkeypatch.context() as patch:
            patch.syspath_prepend(install(tmp_path / str(number), about=about))
            assert may_offer(GROUP)
            assert [point.value for point in entry_points(group=GROUP)] == ["strange:Odd"], "the library agrees"
        assert not may_offer(GROUP)


def test_what_is_no_file_of_a_package_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "old.egg-info").write_text("Name: old\n")
    (tmp_path / "bare-1.0.dist-info").mkdir()
    bytes_only = install(tmp_path, about="bytes-1.0.dist-info", group="x") / "bytes-1.0.dist-info" / "entry_points.txt"
    bytes_only.write_bytes(b"\xff\xfe[x]")
    monkeypatch.syspath_prepend(tmp_path)
    assert not may_offer(GROUP)


def test_archives_and_finders_of_others_are_left_to_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "strange.zip", "w") as archive:
        archive.writestr("strange-1.0.dist-info/entry_points.txt", f"[{GROUP}]\nodd = strange:Odd\n")
        archive.writestr("strange-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: strange\nVersion: 1.0\n")
    with monkeypatch.context() as patch:
        patch.syspath_prepend(tmp_path / "strange.zip")
        assert may_offer(GROUP)
        assert [point.name for point in entry_points(group=GROUP)] == ["odd"], "the library looks into archives"
    for egg in ("strange.egg", "STRANGE-2.EGG", ".egg"):
        (tmp_path / egg).mkdir()
        with monkeypatch.context() as patch:
            patch.syspath_prepend(tmp_path / egg)
            assert may_offer(GROUP)
    assert not may_offer(GROUP)

    class Finder:
        find_distributions = PathFinder.find_distributions

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])
    assert may_offer(GROUP)


def test_a_list_does_without_the_library_where_nobody_offers_anything() -> None:
    code = (
        "import sys\n"
        "from emobench.benchmark import installed, registry\n"
        "registry.may_offer = lambda group: installed.may_offer('emobench.nobody')\n"
        "assert 'rage_fusion' in registry.names(registry.MODELS)\n"
        "print('importlib.metadata' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"
