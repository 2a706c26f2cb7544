"""What may be found in the place of a file."""

import os
from pathlib import Path

from fuzz_draws import Draw


def put_in_place(draw: Draw, path: Path) -> None:
    """Let there be nothing in the place of a file, or a folder, a link, a pipe, or a file that is not what it was."""
    content = path.read_bytes()
    path.unlink()
    way = draw.randrange(8)
    if way == 0:
        path.mkdir()
    elif way == 1:
        os.mkfifo(path)
    elif way == 2:
        path.symlink_to(
            draw.choice((path.name, "nowhere", "/dev/zero", "/dev/null", "/etc/passwd", "..", "/proc/self/mem"))
        )
    elif way == 3:
        path.write_bytes(b"")
    elif way == 4:
        path.write_bytes(content[: len(content) // 2])
    elif way == 5:
        elsewhere = path.with_name(f"{path.stem}.elsewhere")
        elsewhere.write_bytes(content)
        path.symlink_to(elsewhere)
    elif way == 6:
        path.write_bytes(draw.randbytes(300))
