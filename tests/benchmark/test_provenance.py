"""Keys change when anything they stand for does."""

import subprocess
from pathlib import Path

import pytest

from emobench.benchmark import provenance


@pytest.fixture(autouse=True)
def _fresh() -> None:
    for function in (provenance.code_key, provenance.versions, provenance.git_revision, provenance.hardware):
        function.cache_clear()


def test_keys_tell_their_parts_apart() -> None:
    assert provenance.key("a", 1) == provenance.key("a", 1)
    assert (
        len({provenance.key("a", 1), provenance.key("a", "1"), provenance.key("a1"), provenance.key("a", 1, None)}) == 4
    )


def test_the_code_key_sees_predicting_code_and_library_versions_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("benchmark/harness.py", "benchmark/metrics/ece.py", "baselines/m.py", "reports/html.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    monkeypatch.setattr(provenance, "_PACKAGE", tmp_path)
    keys = [provenance.code_key()]
    for name in ("benchmark/metrics/ece.py", "reports/html.py", "baselines/m.py", "benchmark/harness.py"):
        (tmp_path / name).write_text("2")
        provenance.code_key.cache_clear()
        keys.append(provenance.code_key())
    assert keys[0] == keys[1] == keys[2]
    assert len(set(keys)) == 3
    monkeypatch.setattr(provenance, "_version", lambda package: "another")
    provenance.code_key.cache_clear()
    assert provenance.code_key() not in keys


def test_versions_name_what_numbers_depend_on() -> None:
    assert {"emobench", "Python", "numpy", "torch"} <= provenance.versions().keys()
    assert provenance._version("no-such-package-at-all") == "not installed"


def test_the_revision_says_whether_the_checkout_was_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "_PACKAGE", tmp_path)
    assert provenance.git_revision() == ""
    commands = ("init -q", "config user.email a@b.c", "config user.name a", "add file", "commit -qm first")
    (tmp_path / "file").write_text("1")
    for command in commands:
        subprocess.run(["git", "-C", str(tmp_path), *command.split()], check=True)
    provenance.git_revision.cache_clear()
    revision = provenance.git_revision()
    assert len(revision) == 12
    (tmp_path / "file").write_text("2")
    provenance.git_revision.cache_clear()
    assert provenance.git_revision() == revision + "+"


def test_a_machine_without_git_has_no_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*args: object, **kwargs: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(provenance.subprocess, "run", gone)
    assert provenance._git("status") == ""


def test_hardware_is_named_even_where_linux_files_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert provenance.hardware("cpu")["memory"].endswith("GiB")
    monkeypatch.setattr(provenance.Path, "read_text", lambda *args, **kwargs: (_ for _ in ()).throw(FileNotFoundError))
    monkeypatch.setattr(provenance.os, "sysconf_names", {})
    provenance.hardware.cache_clear()
    hardware = provenance.hardware("cuda")
    assert (hardware["memory"], hardware["device"]) == ("unknown", "cuda")
    assert int(hardware["cores"]) >= 1
