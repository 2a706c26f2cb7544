"""What an input must not do: run code, start processes, open sockets, write elsewhere, take much memory."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from fuzz_gadgets import CANARY

_FORBIDDEN = (
    "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile", "subprocess.Popen",
    "pty.spawn",
    "socket.", "ctypes.", "webbrowser.", "urllib.", "http.", "smtplib.", "ftplib.", "telnetlib.", "poplib.",
    "imaplib.", "nntplib.",
    "pickle.find_class", "os.kill", "signal.", "sys.setprofile",
    "os.chown", "os.link", "os.symlink", "os.putenv", "os.unsetenv",
)  # fmt: skip
"""Audit events, or what their names begin with, that reading has no need of.

`sys.settrace` is not among them: a thread that starts while coverage is measured begins with it.
"""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Watch:
    """Listens to what Python tells of itself (PEP 578); deaf but within `of`."""

    def __init__(self) -> None:
        self._folders: tuple[str, ...] = ()
        self._allowed: tuple[str, ...] = ()
        self.heard: list[str] = []
        """What went on that must not, since the last `of`."""
        sys.addaudithook(self._hear)

    @contextlib.contextmanager
    def of(self, folder: Path, *, allowed: tuple[str, ...] = ()) -> Iterator[None]:
        """Listen; files may be written below the folder only, and events that are `allowed` may happen."""
        # What can be computed again is kept below the latter.
        self.heard, self._allowed, self._folders = [], allowed, (str(folder), os.environ["EMOBENCH_HOME"])
        try:
            yield
        finally:
            self._folders = ()

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self._folders:
            return
        if event == "open":
            path, mode, flags = (*arguments, None, None)[:3]
            if isinstance(path, (str, bytes)) and (
                (isinstance(flags, int) and flags & _WRITING) or (mode and mode != "r")
            ):
                self._written(os.fsdecode(path), mode, flags)
        elif event in ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "shutil.rmtree"):
            # A name beside an open folder is in that folder, which has been looked at.
            if arguments[-1] in (-1, None) or (
                isinstance(arguments[-1], int) and event == "os.chmod" and len(arguments) < 3
            ):
                self._written(str(arguments[0]), event, None)
        elif event == "exec":
            # Modules that are imported are run too; only what is of an input tells of its canary.
            constants = getattr(arguments[0], "co_consts", ())
            if CANARY in repr(constants):
                self.heard.append("exec of what the input says")
        elif event == "import":
            if arguments[0] in (
                "antigravity",
                "idlelib.run",
                "pip",
                "cProfile",
                "doctest",
                "numpy.f2py",
                "numpy.distutils",
            ):
                self.heard.append(f"import of {arguments[0]}")
        elif event.startswith(_FORBIDDEN) and not event.startswith(self._allowed or "\0"):
            self.heard.append(f"{event} {arguments!r:.100}")

    def _written(self, path: str, mode: object, flags: object) -> None:
        # Python keeps compiled modules, and matplotlib what it knows of fonts, once.
        if path.startswith(("/dev/null", "/proc/self/")) or "__pycache__" in path or "matplotlib" in path:
            return
        whole = os.path.abspath(path)  # noqa: PTH100 (links are not followed)
        if not any(os.path.commonpath([whole, folder]) == folder for folder in self._folders):
            self.heard.append(f"{path} opened to be written ({mode}, {flags})")


def resident_peak() -> int:
    """Return the most bytes that this process has had since `forget_peak`; 0 where the system does not tell."""
    with contextlib.suppress(OSError), Path("/proc/self/status").open(encoding="ascii") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
    return 0


def forget_peak() -> int:
    """Begin to count anew, and return what the process has now."""
    with contextlib.suppress(OSError), Path("/proc/self/clear_refs").open("w", encoding="ascii") as peaks:
        peaks.write("5")
    return resident_peak()


def limit_memory(more: int) -> None:
    """Let this process have so many bytes more than it has now, where the system can hold it to that."""
    try:
        import resource
    except ImportError:
        return
    with contextlib.suppress(OSError), Path("/proc/self/statm").open(encoding="ascii") as told:
        now = int(told.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + more, resource.getrlimit(resource.RLIMIT_AS)[1]))
