"""What is read from anywhere has to be a file, and what cannot be read is an error of one of two kinds."""

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any


def with_home(text: str) -> Path:
    """Return the path that was typed: `~` stands for the home folder of a user, where there is such a user."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def regular(path: Path) -> Path:
    """Return a path if a file is there, or a link to one, which whoever reads it need not wait for.

    Raises
    ------
    OSError
        When nothing is there, or a folder, a pipe or a device.
    """
    try:
        mode = path.stat().st_mode
    except ValueError as error:  # a zero byte in its name
        raise OSError(errno.EINVAL, str(error), str(path)) from None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is no file but a pipe or a device", str(path))
    return path


# `Any`: what a file holds; whoever asked for it gives it a type.
def read_json(path: Path) -> Any:
    """Return what a file of JSON holds.

    Raises
    ------
    OSError
        When it cannot be read, or is no regular file.
    ValueError
        When it is no JSON in UTF-8, or nested too deeply.
    """
    try:
        return json.loads(regular(path).read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
