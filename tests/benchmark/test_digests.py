"""The key of a file follows its content, and a file that has not changed is not read again."""

import hashlib
import os
from pathlib import Path

import pytest

from emobench.benchmark.digests import digest_of


def test_it_is_the_sha_256_of_the_content(tmp_path: Path) -> None:
    file = tmp_path / "a.bin"
    for content in (b"first", b"other content"):
        file.write_bytes(content)
        assert digest_of(file) == hashlib.sha256(content).hexdigest()


def test_a_file_is_read_again_when_it_was_written_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(b"x")
    first = digest_of(file)
    then = file.stat().st_mtime_ns
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", None)
        assert digest_of(file) == first
    file.write_bytes(b"y")
    os.utime(file, ns=(then + 1, then + 1))
    assert digest_of(file) != first


def test_what_cannot_be_read_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        digest_of(tmp_path / "none")
