"""What the command line does, as short calls."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from .errors import RunFolderError, SpecError, suggestion
from .files import write_text
from .progress import Progress, silent
from .provenance import key
from .reading import read_json, regular
from .registry import FORMATS, built_in, make
from .run_folder import RunFolder, StillFolder
from .run_record import RunRecord, SuiteRecord

if TYPE_CHECKING:
    import pandas as pd

    from .executors.execution import Execution
    from .plan import Options, Plan, Request
    from .suite_requests import Resolved


class Outcome(NamedTuple):
    """What a run left behind."""

    folder: RunFolder
    """Where it is."""
    record: RunRecord
    """What run.json says."""


class Reported(NamedTuple):
    """What was reported on."""

    folder: RunFolder
    """The run, or the part of it that was asked for."""
    record: RunRecord
    """What run.json says of the whole."""
    paths: tuple[Path, ...]
    """Of the reports, by format: files, or folders of files."""


_KEYS = "reports.json"


def run(
    *,
    models: Sequence[str] | str,
    protocols: Sequence[str] | str = (),
    data: Sequence[str] | str = ("simulated",),
    out: Path | str | None = None,
    options: "Options | None" = None,
    suites: Sequence[SuiteRecord] = (),
    formats: Sequence[str] | None = None,
    execution: "Execution | None" = None,
    progress: Progress = silent,
) -> Outcome:
    """Plan, predict, score and report.

    Parameters
    ----------
    models, protocols, data
        Spec texts, or one; a bare protocol name stands for its ladder, and `clean` is always there.
    out
        Run folder; None: below `runs/`, named after what is run. A folder that already holds a run is continued:
        what was asked for before and what is asked for now are in it afterwards.
    options
        Seeds, device and the like.
    suites
        Suites that part of the above comes from, see `suite_requests.resolve`.
    formats
        Report formats; None: all that come with emobench; empty: none.
    execution
        Who computes, and how much may go wrong; None: this process, and whatever may.
    progress
        Called with what is done, how far, of how many.

    Raises
    ------
    EmobenchError
        One line; cells that fail do not raise but are recorded with their reason.
    """
    # Reports are written without what it needs.
    from .executors.choice import require_package
    from .executors.execution import Execution
    from .harness import execute
    from .plan import Options, Request

    execution = execution or Execution()
    require_package(execution)
    wanted = [*built_in(FORMATS)] if formats is None else list(formats)
    writers = [make(FORMATS, text) for text in wanted]  # an unknown format is found before hours of work
    request = Request(_names(models), _names(protocols), _names(data), options or Options(), tuple(suites))
    plan, folder = _planned(request, out)
    record = execute(plan, folder, execution=execution, progress=progress)
    _score(folder, progress)
    opened = _part(folder, record, ())
    for text, writer in zip(wanted, writers, strict=True):
        _write_if_outdated(opened, text, writer, progress)
    return Outcome(opened, record)


def run_resolved(
    asked: "Resolved",
    *,
    out: Path | str | None = None,
    formats: Sequence[str] | None = None,
    execution: "Execution | None" = None,
    progress: Progress = silent,
) -> Outcome:
    """Run what suites, and what was typed beside them, come to; see `run` and `suite_requests.resolve`."""
    return run(
        models=asked.models,
        protocols=asked.protocols,
        data=asked.data,
        out=out,
        options=options(**asked.options),
        suites=asked.suites,
        formats=formats,
        execution=execution,
        progress=progress,
    )


def plan_resolved(asked: "Resolved", *, out: Path | str | None = None) -> tuple["Plan", RunFolder]:
    """Return what `run_resolved` would carry out, and where; nothing is computed or written."""
    from .plan import Request

    request = Request(asked.models, asked.protocols, asked.data, options(**asked.options), asked.suites)
    return _planned(request, out, StillFolder)


def _planned(request: "Request", out: Path | str | None, kind: type[RunFolder] = RunFolder) -> tuple["Plan", RunFolder]:
    """Return the plan of what was asked for, together with what its folder was asked for before, and the folder."""
    from .plan import make_plan

    folder = None if out is None else kind(Path(out))
    if folder and folder.record_path.exists():
        request = request.joined_to(folder.read_record())
    plan = make_plan(request)
    return plan, folder or kind(plan.default_folder)


def score(folder: Path, *, progress: Progress = silent) -> Outcome:
    """Compute all figures of a run folder from its predictions; neither torch nor a model is needed."""
    outcome = Outcome(RunFolder(folder), RunFolder(folder).read_record())
    _score(outcome.folder, progress)
    return outcome


def merge(runs: Sequence[Path], out: Path, *, progress: Progress = silent) -> Outcome:
    """Put run folders together into a new one and compute its figures; see `merging.merge`."""
    from .merging import merge as merge_folders

    folder = merge_folders(runs, out, progress=progress)
    return Outcome(folder, folder.read_record())


def report(folder: Path, *, formats: Sequence[str] | str | None = None, only: Sequence[str] | str = ()) -> Reported:
    """Write the reports of a scored run folder; neither torch nor a model is needed.

    Parameters
    ----------
    formats
        Report formats; None or empty: all that come with emobench.
    only
        Parts to report on, such as `model=m3net` (see `reports.only.only_of`); empty: all.

    Raises
    ------
    SpecError
        When there is no such format, or no such part.
    RunFolderError
        When the folder cannot be read or not written to.
    """
    whole = RunFolder(folder)
    record, asked = whole.read_older()[0], _names(formats or built_in(FORMATS))
    shown = _part(whole, record, _names(only))
    paths = []
    # A mistyped one is found before any is written.
    for text, writer in [(text, make(FORMATS, text)) for text in map(_single, asked)]:
        if only:
            # Otherwise a run that is continued would take the part for the whole.
            _forget(whole, text)
        paths.append(writer.write(shown))
    return Reported(shown, record, tuple(paths))


def _score(folder: RunFolder, progress: Progress) -> None:
    from .scoring import score as score_folder

    score_folder(folder, progress=progress)


def _part(folder: RunFolder, record: RunRecord, only: Sequence[str]) -> RunFolder:
    """Return a folder that is read once for all its reports."""
    from ..reports.only import PartOfRun, only_of

    return PartOfRun(folder.path, only_of(only, record))


def _forget(folder: RunFolder, text: str) -> None:
    """Take back that a report is written."""
    keys = _written(folder)
    if text in keys:
        write_text(folder.path / _KEYS, json.dumps({name: one for name, one in keys.items() if name != text}, indent=1))


def results(folder: RunFolder) -> "pd.DataFrame":
    """Return results.parquet as a data frame; columns as in `run_folder.RESULT_COLUMNS`.

    Raises
    ------
    RunFolderError
        When the folder was not scored yet.
    """
    import pandas as pd

    if not folder.results_path.exists():
        raise RunFolderError(f"{folder.path} has no results yet; type: emobench score {folder.path}")
    return pd.read_parquet(folder.results_path)


# `Any`: values come from a command line or a caller, and it is this function that gives them a type.
def options(**values: Any) -> "Options":
    """Return options from plain values.

    Raises
    ------
    SpecError
        When a value is not allowed; the line names the option as typed.
    """
    from .plan import Options

    known = {field.name for field in fields(Options)}
    for name in values:
        if name not in known:
            raise SpecError(f"unknown option {name!r}; {suggestion(name, known)}")
    try:
        return TypeAdapter(Options).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:  # a range, checked by Options itself
            raise SpecError(first["msg"].removeprefix("Value error, ")) from None
        name = str(first["loc"][0]).replace("_", "-")
        raise SpecError(f"--{name}: {first['msg'].lower()}, got {first['input']!r}") from None


def _names(texts: Sequence[str] | str) -> tuple[str, ...]:
    # A text is a sequence too, of letters; nobody means that.
    return (texts,) if isinstance(texts, str) else tuple(texts)


def _single(text: str) -> str:
    """Return the text of a format, which is one: arguments have commas between them, formats have not."""
    if "," in text and ":" not in text:
        typed = " ".join(f"--format {name.strip()}" for name in text.split(","))
        raise SpecError(f"--format {text}: expected one format, got several; type {typed}")
    return text


# `Any`: a writer is what a format's PLUGIN makes; `reports.base` has its interface, and reports are loaded by name.
def _write_if_outdated(folder: RunFolder, text: str, writer: Any, progress: Progress) -> None:
    """Write a report unless the same code wrote it from the same figures."""
    now, keys = _report_key(folder, text), _written(folder)
    written, path = keys.get(text, ["", ""])
    if written == now and (folder.path / path).exists():
        return
    progress(f"writing the report: {text}", 0, 1)
    path = writer.write(folder).relative_to(folder.path).as_posix()
    progress(f"writing the report: {text}", 1, 1)
    write_text(folder.path / _KEYS, json.dumps({**keys, text: [now, path]}, indent=1) + "\n")


def _written(folder: RunFolder) -> dict[str, Any]:
    """Return by format the key it was written under and its path; empty where that cannot be read."""
    try:
        return dict(read_json(folder.path / _KEYS))
    except (OSError, ValueError, TypeError):
        return {}


def _report_key(folder: RunFolder, text: str) -> str:
    from .latency.files import json_path, samples_path

    reports = Path(__file__).parent.parent / "reports"
    code = [(path.name, path.read_bytes()) for path in sorted(reports.rglob("*.*")) if path.suffix != ".pyc"]
    paths = (folder.record_path, folder.results_path, folder.comparisons_path, json_path(folder), samples_path(folder))
    inputs = [hashlib.sha256(regular(path).read_bytes()).hexdigest() if path.exists() else "" for path in paths]
    return key(text, code, inputs)
