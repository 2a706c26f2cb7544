"""The check of latencies: rules × settings, each figure against its limit and against the baseline's."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from ..errors import suggestion
from ..paired_sources import Place
from ..run_folder import RunFolder
from .accepted import read_accepted
from .rules import Rule
from .sides import require_same_data_sets
from .timing_questions import limit_question, loss_question, subject
from .timings import AcceptedLatency, Timings, timings_of
from .verdicts import Status, Verdict

NOTE = (
    "bounds of latencies hold with 95 % each, not jointly, and know nothing of what differs between two runs on one "
    "machine; a latency fails only where they exclude what is allowed"
)
"""Told with every check of latencies."""


def latency_verdicts(run: Path, rules: Sequence[tuple[int, Rule]], against: Path | None) -> Iterator[Verdict]:
    """Yield the verdicts of rules about latencies, which are given with their numbers.

    Raises
    ------
    RunFolderError
        When one side is missing, damaged, or of other data than the other.
    """
    mine = timings_of(RunFolder(run))
    theirs = _baseline(run, against)
    for number, rule in rules:
        found = [*_of_rule(number, rule, mine, theirs)]
        yield from found
        if not found:
            place = Place(rule.model, rule.data, rule.condition)
            why = _why(rule, mine, run)
            yield _plain(number, rule, place, "not measured", f"rule {number} matches nothing: {why}")


def _baseline(run: Path, against: Path | None) -> Mapping[Place, AcceptedLatency] | None:
    if against is None:
        return None
    record = RunFolder(run).read_record()
    if against.is_dir():
        require_same_data_sets(run, record, against, RunFolder(against).read_record())
        return timings_of(RunFolder(against)).done
    accepted = read_accepted(against)
    require_same_data_sets(run, record, against, accepted)
    return {
        Place(model, data, setting): one
        for data, models in accepted.latencies.items()
        for model, settings in models.items()
        for setting, one in settings.items()
    }


def _of_rule(
    number: int, rule: Rule, mine: Timings, theirs: Mapping[Place, AcceptedLatency] | None
) -> Iterator[Verdict]:
    for place, why in mine.failed.items():
        if _wants(rule, place):
            what = f"{place.model} on {place.data} under {place.condition} was not timed: {why}"
            yield _plain(number, rule, place, "failed", what)
    for place, one in mine.done.items():
        if _wants(rule, place):
            other = theirs.get(_there(rule, place)) if theirs is not None else None
            yield from _of_figure(number, rule, place, one, other)
    if theirs is None or rule.max_loss is None:
        return
    models = dict.fromkeys(place.model for place in (*mine.done, *mine.failed))
    for there in theirs:
        for model in models:
            place = there._replace(model=model)
            tried = place in mine.done or place in mine.failed
            if _there(rule, place) == there and _wants(rule, place) and not tried:
                what = f"{subject(rule, place)}: the run lacks it and the baseline has it; measure it too"
                yield _plain(number, rule, place, "not measured", what)


def _of_figure(
    number: int, rule: Rule, place: Place, mine: AcceptedLatency, theirs: AcceptedLatency | None
) -> Iterator[Verdict]:
    """Yield what becomes of a figure: two verdicts where the rule asks two questions."""
    figure = mine.figures.get(rule.metric)
    if figure is None and rule.metric == "over_budget" and place.condition.startswith("batch:"):
        return  # batches are not judged
    if figure is None:
        yield _lacking(number, rule, place)
        return
    if rule.limit is not None:
        question = limit_question(number, rule, place, figure)
        # What interferes makes waits longer: what is short enough even so, is.
        sure = not mine.disturbed or question.within
        yield question.answer() if sure else _disturbed(number, rule, place, mine.disturbed)
    if rule.max_loss is None:
        return
    if theirs is None or rule.metric not in theirs.figures:
        lacks = "lacks it" if theirs is None else "has too few iterations for it, or no budget"
        said = f"the baseline {lacks}; accept a run that has it, or name another model with baseline_model"
        what = f"{subject(rule, place)}: {said}"
        yield _plain(number, rule, place, "not measured", what)
        return
    asked = loss_question(number, rule, place, mine, theirs)
    disturbed = [
        *[f"in the run {mine.disturbed}"] * bool(mine.disturbed),
        *[f"in the baseline {theirs.disturbed}"] * bool(theirs.disturbed),
    ]
    if isinstance(asked, str):
        yield _plain(number, rule, place, "inconclusive", f"{subject(rule, place)}: {asked}")
    elif disturbed:
        yield _disturbed(number, rule, place, "; ".join(disturbed))
    else:
        yield asked.answer()


def _lacking(number: int, rule: Rule, place: Place) -> Verdict:
    """Say why a measurement does not have a figure."""
    if rule.metric == "over_budget":
        what = f"{subject(rule, place)}: it was held against no budget; type emobench latency --budget-ms 50"
        return _plain(number, rule, place, "not measured", what)
    what = f"{subject(rule, place)}: too few iterations for its bounds; type more with --iterations"
    return _plain(number, rule, place, "inconclusive", what)


def _disturbed(number: int, rule: Rule, place: Place, what: str) -> Verdict:
    said = f"{subject(rule, place)}: something interfered: {what}; measure again on a quiet machine"
    return _plain(number, rule, place, "inconclusive", said)


def _wants(rule: Rule, place: Place) -> bool:
    return rule.wants(model=place.model, data=place.data, condition=place.condition)


def _there(rule: Rule, place: Place) -> Place:
    return place._replace(model=rule.baseline_model or place.model)


def _why(rule: Rule, mine: Timings, run: Path) -> str:
    """Return why a rule matches no measurement, with what is near to what it names."""
    places = [*mine.done, *mine.failed]
    if not places:
        return f"the run has no latencies; type for example: emobench latency --model {_typed(rule)} --out {run}"
    for what, glob, names in (
        ("model", rule.model, [place.model for place in places]),
        ("data set", rule.data, [place.data for place in places]),
        ("setting", rule.condition, [place.condition for place in places]),
    ):
        if not any(fnmatchcase(name, glob) for name in names):
            return f"no {what} matches {glob!r}; {suggestion(glob, dict.fromkeys(names))}"
    return "no measurement has all that it names"


def _typed(rule: Rule) -> str:
    return "rage_fusion" if set("*?[") & set(rule.model) else rule.model


def _plain(number: int, rule: Rule, place: Place, status: Status, message: str) -> Verdict:
    return Verdict(
        rule=number, about=rule, kind="", data=place.data, model=place.model, condition=place.condition, part="",
        status=status, message=message,
    )  # fmt: skip
