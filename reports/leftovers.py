"""What an earlier report left in a folder: a list of the files that were written, so that those of a larger one can go.

Only a file that is in the list and still as it was written is removed; whatever else lies there is somebody's own.
"""

import contextlib
import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path

from ..benchmark.files import write_text
from ..benchmark.reading import read_json, regular

LIST = ".emobench.json"
"""Name of the list: by file name the SHA-256 of what was written."""


def keep_only(folder: Path, written: Collection[str]) -> None:
    """Remove from a folder what an earlier report wrote there and this one did not, and list what this one wrote.

    `written`: names of files in the folder. What cannot be removed stays.
    """
    digests = {name: _digest(folder / name) for name in sorted(written)}
    for name, digest in _listed(folder).items():
        # A list may come from elsewhere: it names files of its own folder, or none.
        if name not in digests and Path(name).name == name and digest and _digest(folder / name) == digest:
            with contextlib.suppress(OSError):
                (folder / name).unlink()
    folder.mkdir(parents=True, exist_ok=True)
    if digests:
        write_text(folder / LIST, json.dumps(digests, indent=1) + "\n")
    else:
        (folder / LIST).unlink(missing_ok=True)


def _listed(folder: Path) -> Mapping[str, str]:
    """Return what the last report listed; empty: none did, or its list is damaged."""
    try:
        found = read_json(folder / LIST)
    except (OSError, ValueError):
        return {}
    return {str(name): str(digest) for name, digest in found.items()} if isinstance(found, dict) else {}


def _digest(path: Path) -> str:
    """Return the digest of a file; empty: it cannot be read."""
    try:
        return hashlib.sha256(regular(path).read_bytes()).hexdigest()
    except (OSError, ValueError):  # a name that no file can have
        return ""
