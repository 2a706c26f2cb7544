"""The process that reads a pickle: the pickle as standard input, standard output for what is in it, nothing else.

No name in the file is looked up anywhere but in `allowed`. Bytes of arrays are neither read nor written, wherever they
stand in the file as they are: their place is told instead.
"""

import gc
import io
import mmap
import os
import pickle
from collections.abc import Sequence
from io import BufferedIOBase
from typing import NoReturn

from . import allowed
from .left_bytes import LeftBytes
from .scanner import shortened
from .wording import Refused, unwanted
from .writer import Writer


def main(arguments: Sequence[str], *, source: int = 0, sink: int = 1) -> None:
    """Read a file into another, given bytes of memory, seconds of computing and bytes of output that are allowed."""
    gc.disable()
    pickled = mmap.mmap(source, 0, access=mmap.ACCESS_READ)
    with open(sink, "wb", closefd=False) as written:
        limit(*map(int, arguments))
        read(pickled, written)
    # Without the end of Python, which would take down what was read piece by piece.
    os._exit(0)


def limit(memory: int, seconds: int, output: int) -> None:
    """Let the system hold this process to what it needs: from here on it can open no file and start no process."""
    try:
        import resource
    except ImportError:  # systems without it, such as Windows
        return
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, output),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 3),
        (resource.RLIMIT_NPROC, 0),
    ):
        _, hard = resource.getrlimit(what)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))


def read(source: mmap.mmap, sink: BufferedIOBase) -> None:
    """Write what the pickle `source` holds to `sink`, or why it is refused."""
    left = LeftBytes(source)
    writer = Writer(sink, left)
    try:
        # latin1 gives the text of Python 2, and bytes that it wrote as text, one character for each byte.
        writer.write(_Unpickler(io.BytesIO(shortened(source, left)), encoding="latin1").load())
    except Refused as refused:
        writer.refuse(str(refused))
    except MemoryError:
        writer.refuse("it needs more memory than a file of its size may")
    except EOFError:
        writer.refuse("it ends too early")
    except Exception as error:  # whatever a damaged pickle makes the machine that reads it say
        said = str(error).partition("\n")[0]
        truncated = "truncated" in said
        writer.refuse("it ends too early" if truncated else f"it is no pickle, or damaged ({_short(said)})")


class _Unpickler(pickle.Unpickler):
    """Knows the names of `allowed` only."""

    def find_class(self, module: str, name: str) -> object:
        """Return what stands in the place of a name."""
        return allowed.find(module, name)

    def persistent_load(self, reference: object) -> NoReturn:
        """Refuse a reference to something that is kept elsewhere."""
        raise unwanted("a reference to something outside the file")


def _short(text: str) -> str:
    return ascii(text)[1:-1][:120]
