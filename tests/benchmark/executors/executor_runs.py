"""Runs of strange models, by whoever computes them."""

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from emobench.benchmark.executors.execution import Execution
from emobench.benchmark.harness import execute
from emobench.benchmark.plan import Options, Plan, Request, make_plan
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import RunRecord

FOLDER = "EMOBENCH_TEST_STRANGE"
"""Variable that names where the strange models meet the test."""
PLUGIN = Path(__file__).parent / "plugin"
DATA = "simulated:audio_width=2,test=4,text_width=3,train=4,validation=3,video_width=2"
PROTOCOLS = ("modality_drop:drop=audio", "modality_drop:drop=text", "noise:modality=audio,snr_db=10")


def install(folder: Path) -> None:
    """Make of the strange models an installed package, for whoever has the folder on its path."""
    shutil.copy(PLUGIN / "strange_models.py", folder)
    about = folder / "strange_models-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: strange-models\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[emobench.models]\nstrange = strange_models:Strange\n")


def plan_of(*models: str, seeds: int = 1, hidden: bool = False, protocols: tuple[str, ...] = PROTOCOLS) -> Plan:
    options = Options(seeds=seeds, stress_draws=2, device="cpu", hidden=hidden)
    return make_plan(Request(models, protocols, (DATA,), options))


def run(plan: Plan, folder: Path, **how: Any) -> RunRecord:
    return execute(plan, RunFolder(folder), execution=Execution(**how))


def contents(folder: Path) -> dict[str, object]:
    """Return what is in a run folder, by name: bytes, and of run.json what is no time."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            found[name] = timeless(json.loads(path.read_text())) if name == "run.json" else path.read_bytes()
    return found


def timeless(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record without what a clock says."""
    for one in (*record["fits"], *record["cells"]):
        del one["seconds"]
        one.get("notes", {}).pop("milliseconds per utterance", None)
    return record | {"created": ""}


def ended(record: RunRecord) -> dict[tuple[str, str], str]:
    """Return state and reason of the cells of a run with one data set and seed, by model and condition."""
    return {(cell.model, cell.condition): f"{cell.state} {cell.why}".strip() for cell in record.cells}


def begun(meeting: Path, wrong: str) -> int:
    """Return how often something has gone wrong."""
    return len(list(meeting.glob(f"{wrong}.*")))


def process_of(mark: Path) -> int:
    """Return the process that left a mark."""
    return int(mark.name.rpartition(".")[2])


def when(meeting: Path, pattern: str, act: Callable[[Path], object]) -> threading.Thread:
    """Do something as soon as a file appears, on a thread of its own."""

    def watch() -> None:
        while not (found := sorted(meeting.glob(pattern))):
            threading.Event().wait(0.01)
        act(found[-1])

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


def is_alive(process: int) -> bool:
    """Return whether a process is there and does something; one that nobody has asked how it ended does nothing."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
