"""The device is resolved without importing torch where there can be no CUDA."""

import pytest

from emobench.benchmark import device
from emobench.benchmark.errors import NotApplicable


@pytest.mark.parametrize(
    ("asked", "files", "available", "resolved"),
    [
        ("cpu", True, True, "cpu"),
        ("auto", False, True, "cpu"),
        ("auto", True, True, "cuda"),
        ("auto", True, False, "cpu"),
        ("cuda", True, True, "cuda"),
    ],
)
def test_resolution(monkeypatch: pytest.MonkeyPatch, asked: str, files: bool, available: bool, resolved: str) -> None:
    monkeypatch.setattr(device, "_may_have_cuda", lambda: files)
    monkeypatch.setattr("torch.cuda.is_available", lambda: available)
    assert device.resolve_device(asked) == resolved


def test_a_device_that_is_not_there_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(NotApplicable, match="expected a CUDA device for --device cuda, got none; type --device cpu"):
        device.resolve_device("cuda")


@pytest.mark.parametrize(
    ("platform", "exists", "may"), [("linux", False, False), ("linux", True, True), ("win32", False, True)]
)
def test_only_linux_tells_by_its_device_files(
    monkeypatch: pytest.MonkeyPatch, platform: str, exists: bool, may: bool
) -> None:
    monkeypatch.setattr(device.sys, "platform", platform)
    monkeypatch.setattr(device.Path, "exists", lambda path: exists)
    assert device._may_have_cuda() == may
