"""What an input is, who reads it, and what came of that."""

import contextlib
import shutil
import time
import traceback
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from fuzz_draws import Draw
from fuzz_gadgets import CANARY
from fuzz_watch import Watch, forget_peak, resident_peak

from emobench.benchmark.errors import EmobenchError

SECONDS = 10.0
"""Of computing that an input may take, whatever it is; the machine may be slow."""
MEMORY = 1 << 29
"""Bytes that may be needed while it is read."""
LONGEST = 3_000
"""Characters of a message."""


STARTED = ("subprocess.Popen", "os.posix_spawn", "os.fork", "os.kill")
"""Audit events of a reader that has a process of this very Python help."""


class Input(NamedTuple):
    """Something to be read."""

    read: Callable[[], object]
    """Reads it."""
    allowed: tuple[str, ...] = ()
    """Audit events that belong to reading it."""


Make = Callable[[Draw, Path], Input]
"""Makes an input in a folder that is empty."""


@dataclass(frozen=True)
class Reader:
    """Something of emobench that reads what it was given."""

    name: str
    share: float
    """Of a thousand inputs so many are for it."""
    prepare: Callable[[Path], Make]
    """Keeps in a folder what inputs are made of."""


class Outcome(NamedTuple):
    """What became of an input."""

    kind: Literal["result", "refused", "fault"]
    text: str
    """The message, or what the fault is."""
    seconds: float
    """Of computing."""
    memory: int
    """Bytes that the process grew by at most."""


def outcome_of(number: int, reader: str, make: Make, folder: Path, watch: Watch, *, seed: int) -> Outcome:
    """Read an input and say what became of it; its folder is left empty."""
    folder.mkdir(exist_ok=True)
    try:
        with warnings.catch_warnings():
            # Numbers that are too large for their type are meant.
            warnings.simplefilter("ignore")
            read, allowed = make(Draw.of(seed, reader, number), folder)
    except Exception as error:  # not the reader's, but it has to be mended too
        return Outcome("fault", f"the input could not be made: {type(error).__name__}: {error}", 0.0, 0)
    before, begun = forget_peak(), time.process_time()
    fault, message = "", ""
    with watch.of(folder, allowed=allowed), warnings.catch_warnings():
        # A warning is several lines, and names lines of code.
        warnings.simplefilter("error")
        try:
            read()
        except EmobenchError as error:
            message = str(error)
            fault = wrong_with(message)
        except BaseException as error:  # whatever it is, it is what is looked for
            if isinstance(error, KeyboardInterrupt):
                raise
            fault = _told(error)
    seconds, memory = time.process_time() - begun, resident_peak() - before
    if watch.heard:
        fault = f"code ran or something was written: {watch.heard[0]}"
    elif (folder / CANARY).exists() or Path(CANARY).exists():
        fault = "code ran: the canary is there"
    elif seconds > SECONDS and not fault:
        fault = f"it took {seconds:.1f} s"
    elif memory > MEMORY and not fault:
        fault = f"it took {memory >> 20} MiB"
    shutil.rmtree(folder, ignore_errors=True)
    return Outcome("fault" if fault else "refused" if message else "result", fault or message, seconds, memory)


def wrong_with(message: str) -> str:
    """Return what is wrong with a message; empty: nothing."""
    if not message.strip():
        return "an empty message"
    odd = next((letter for letter in message if unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp", "Cs")), None)
    if odd is not None:
        return f"a message with {odd!a}: {message!a:.200}"
    if len(message) > LONGEST:
        return f"a message of {len(message):,} characters: {message!a:.200}"
    return ""


def _told(error: BaseException) -> str:
    """Return exception, first line and where it was raised in emobench."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/tests/" not in frame.filename]
    own = [frame for frame in frames if "/emobench/" in frame.filename]
    place = own[-1] if own else frames[-1] if frames else None
    where = f"{place.filename.rpartition('/emobench/')[2]}:{place.lineno} in {place.name}" if place else "nowhere"
    said = str(error).partition("\n")[0]
    return f"{type(error).__name__} at {where}: {said!a:.160}"


@contextlib.contextmanager
def prepared(reader: Reader, folder: Path) -> Iterator[Make]:
    """Yield what makes inputs for a reader; what it keeps is removed afterwards."""
    kept = folder / "kept"
    kept.mkdir(parents=True)
    try:
        yield reader.prepare(kept)
    finally:
        shutil.rmtree(kept, ignore_errors=True)
