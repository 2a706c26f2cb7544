"""What papers print about the models of the field: a table of figures, each with its place and how epochs were chosen.

The table is `published.csv` beside this file, one row per figure. Metrics, parts and conditions have the names they
have in `results.parquet`; what only a paper has is declared in `ELSEWHERE` and `OWN_METRICS`. A figure that a paper
gives in per cent is kept so (`value`, `unit`) and as a share (`share`), the scale of the suite.
"""

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from .errors import DataError, SpecError, UnknownName
from .specs import Call, parse

Selection = Literal["test", "validation", "unknown"]
"""Split that chose the epoch. `test`: the released code reads the test split; `unknown`: neither code nor paper say."""
TABLE = Path(__file__).with_name("published.csv")
CLEAN = "clean"
"""The condition of most figures."""
CORPORA = {
    "iemocap": frozenset({"happy", "sad", "neutral", "angry", "excited", "frustrated"}),
    "meld": frozenset({"neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger"}),
    "mosi": frozenset({"negative", "positive"}),
}
"""Data sets of the table by name, and their classes."""
TEST_UTTERANCES = {"iemocap": 1623, "meld": 2610}
"""Size of the test split that the papers use, by data set; those of MOSI differ."""
ELSEWHERE = frozenset(
    {
        "awtpn", "cfn_esa", "cmtnet", "cosmic", "der_gcn", "df_erc", "dialogue_trm", "dmcges", "elr_gnn", "hcam",
        "joyful", "mamba_like", "merc_gcn", "mm_nodeformer", "mmgat_emo", "mmpcgn", "roberta", "smin", "tel_me",
    }
)  # fmt: skip
"""Systems of papers that are no models of the suite."""
OWN_METRICS = {"weighted_accuracy": "as the paper prints it; how it is defined is not stated"}
"""Metrics of papers that are none of the suite's."""


@dataclass(frozen=True)
class Published:
    """One figure of a paper."""

    system: str
    """Spec text of the model; one of `ELSEWHERE` where the suite has none."""
    features: str
    """What the model read; empty: not stated."""
    data: str
    """One of `CORPORA`."""
    condition: str
    """Canonical condition; `clean`: the input as recorded."""
    metric: str
    """Canonical text, or one of `OWN_METRICS`."""
    part: str
    """Class or removal; empty: the figure itself."""
    value: float
    """As printed."""
    spread: float
    """Standard deviation over runs, as printed; NaN: none."""
    unit: Literal["%", ""]
    """`%`: hundredths."""
    paper: str
    """Where it is printed, which need not be where the model was published."""
    place: str
    """Table, figure or file there."""
    selection: Selection
    """Split that chose the epoch."""
    runs: int
    """Trainings behind the figure; 0: not stated."""
    note: str
    """What to know about it; empty: nothing more."""

    @property
    def share(self) -> float:
        """The figure in the scale of the suite: between 0 and 1 where the paper prints per cent."""
        return _in_scale(self.value, self.unit)

    @property
    def share_spread(self) -> float:
        """The spread in the scale of `share`; NaN: none."""
        return _in_scale(self.spread, self.unit)

    @property
    def printed(self) -> str:
        """The figure as text, with spread and unit."""
        spread = "" if math.isnan(self.spread) else f" ± {self.spread:.10g}"
        return f"{self.value:.10g}{spread}{f' {self.unit}' if self.unit else ''}"

    @property
    def source(self) -> str:
        """Paper and place."""
        return f"{self.paper}, {self.place}"

    @property
    def calls(self) -> tuple[Call, ...]:
        """The system as calls."""
        return parse(self.system)


@cache
def published() -> tuple[Published, ...]:
    """Return the table that comes with the package, in its order: paper by paper."""
    return read_published(TABLE)


def read_published(path: Path) -> tuple[Published, ...]:
    """Return the figures of a file of the same form.

    Raises
    ------
    DataError
        When the file cannot be read, or a line is not of the form; one line with file and line number.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            expected = list(Published.__dataclass_fields__)
            if reader.fieldnames != expected:
                raise DataError(f"{path}: expected the columns {', '.join(expected)}, got {reader.fieldnames}")
            return tuple(_figure(row, f"{path}, line {reader.line_num}") for row in reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"cannot read {path}: {error}; install emobench again") from None


def find(
    model: str = "", data: str = "", metric: str = "", *, among: Sequence[Published] | None = None
) -> tuple[Published, ...]:
    """Return the figures of a model, a data set and a metric; what is empty asks for nothing.

    Parameters
    ----------
    model
        A name: the model with all that is chained to it and with all arguments. A chain or a text with arguments: the
        system of that very text, in any order of the arguments.
    data
        One of `CORPORA`.
    metric
        A name: with all arguments. A text with arguments: that very metric.
    among
        Where to look; None: the table of the package.

    Raises
    ------
    SpecError, UnknownName
        When no figure at all is of the model, data set or metric asked for.
    """
    figures = published() if among is None else among
    _require("published model", model, {one.system for one in figures} | {one.calls[0].name for one in figures})
    _require("published data set", data, {one.data for one in figures})
    _require("published metric", metric, {name for one in figures for name in (one.metric, _bare(one.metric))})
    return tuple(
        one
        for one in figures
        if (not model or _texts(model) in (_texts(one.system), _texts(one.calls[0].name)))
        and data in ("", one.data)
        and (not metric or _texts(metric) in (_texts(one.metric), _texts(_bare(one.metric))))
    )


def comparable(model: str, figures: Iterable[Published]) -> tuple[Published, ...]:
    """Return the figures of the published system that a model of a run stands for; empty: of none.

    The same names are chained in the same order, and what the paper's text says (`curriculum=false`) the model's says
    too. Where several systems fit, those are returned that say most; other arguments of the model do not count.
    """
    try:
        calls = parse(model)
    except SpecError:
        return ()
    fitting = [one for one in figures if _fits(one.calls, calls)]
    most = max((_said(one.calls) for one in fitting), default=0)
    return tuple(one for one in fitting if _said(one.calls) == most)


def merged(figures: Iterable[Published]) -> tuple[Published, ...]:
    """Return the figures, those that a paper prints in several places once, with all of these places."""
    found: dict[tuple[object, ...], list[Published]] = {}
    for one in figures:
        key = (one.system, one.features, one.data, one.condition, one.metric, one.part, one.value, one.paper)
        found.setdefault(key, []).append(one)
    return tuple(_together(same) for same in found.values())


def corpus_of(data: str, classes: Iterable[str]) -> str:
    """Return the data set of the table that the data of a run are; empty: none.

    By name (`meld`) or by an argument that names it (`corpus=iemocap`), and in either case with the same classes.
    """
    try:
        calls = parse(data)
    except SpecError:
        return ""
    said = {word for call in calls for word in (call.name, *(value for _, value in call.arguments))}
    named = [name for name in CORPORA if name in said]
    return named[0] if len(named) == 1 and CORPORA[named[0]] == frozenset(classes) else ""


def _in_scale(value: float, unit: str) -> float:
    # 71.85/100 is a little below .7185 in floating point, and would be rounded the wrong way.
    return round(value / 100, 10) if unit == "%" else value


def _figure(row: dict[str, str], place: str) -> Published:
    if None in row or None in row.values():
        raise DataError(f"{place}: expected {len(Published.__dataclass_fields__)} fields, got another number of them")
    for name in ("system", "data", "condition", "metric", "value", "paper", "place"):
        if not row[name]:
            raise DataError(f"{place}: expected a {name}, got none")
    for name, known in (("data", tuple(CORPORA)), ("selection", get_args(Selection)), ("unit", ("%", ""))):
        if row[name] not in known:
            choice = " | ".join(filter(None, known))
            raise DataError(f"{place}: expected {name} to be {choice}, got {row[name]!r}")
    try:
        numbers = {"value": float(row["value"]), "spread": float(row["spread"] or "nan"), "runs": int(row["runs"] or 0)}
        parse(row["system"])
    except ValueError as error:
        raise DataError(f"{place}: {error}") from None
    return Published(**{**row, **numbers})  # type: ignore[arg-type]  # the loop above has checked what is Literal


def _require(kind: str, name: str, known: set[str]) -> None:
    if name and _texts(name) not in map(_texts, known):
        raise UnknownName(kind, name, known)


def _texts(text: str) -> tuple[str, ...]:
    """Return the calls of a text in one spelling."""
    return tuple(map(str, parse(text)))


def _bare(metric: str) -> str:
    return metric.partition(":")[0]


def _fits(paper: tuple[Call, ...], model: tuple[Call, ...]) -> bool:
    return len(paper) == len(model) and all(
        theirs.name == own.name and {*theirs.arguments} <= {*own.arguments}
        for theirs, own in zip(paper, model, strict=True)
    )


def _said(calls: tuple[Call, ...]) -> int:
    return sum(len(call.arguments) for call in calls)


def _together(same: Sequence[Published]) -> Published:
    """Return one for several, which differ in where they are printed and what is said about them."""
    places = [one.place for one in same]
    numbers = [place.removeprefix("Table ") for place in places]
    tables = len(same) > 1 and all(place.startswith("Table ") for place in places)
    notes = dict.fromkeys(note for one in same for note in one.note.split("; ") if note)
    return replace(
        same[0],
        place=f"Tables {', '.join(sorted(numbers))}" if tables else ", ".join(places),
        runs=max(one.runs for one in same),
        note="; ".join(notes),
    )
