"""The check: rules × cells, each figure against its limit and against the baseline.

A rule asks one or two questions of every figure it matches: is it beyond `limit`, and is its loss against the baseline
beyond `max_loss`? The answer is *regression* where both hold:

- the figure itself is beyond what is allowed: by more than `min_effect` beyond the limit; or with a loss of more than
  both `max_loss` and `min_effect`;
- noise does not explain it: the lower end of what it is beyond the limit, or of the loss, is above `min_effect`.

Lower ends come from the paired bootstrap over dialogues and hold jointly for all questions of a check with 95 %
(`joint`), so a build whose model has not changed fails at most one time in 20, however many conditions it has. Where
one of the sides has several training seeds, figures are means over them, and the lower ends allow for the luck of
training too (`trainings`).

Figures such as ECE are above 0 for a perfectly calibrated model, by its noise floor f. Against a limit the lower end L
counts as √(L² − f²): what calibration explains, not what the sample does. Between two models the floors cancel.
"""

import contextlib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from ..errors import SpecError, suggestion
from ..paired_sources import Cell, Place, Source, require_same_data
from ..progress import Progress, silent
from ..registry import METRICS, make
from ..scoring_figures import Name
from ..scoring_metrics import asked_for
from .floors import floor_of, has_noise_floor
from .joint import Difference, Joint
from .matching import failure_of, is_of_curves, models_of, places_of, why_nothing
from .questions import Question, excess_of, is_defined, loss_of
from .rules import Rule
from .sentences import Subject, title_of
from .sides import Baseline, Figure, figures_of_cell, open_baseline, require_same_setup
from .timing_check import NOTE, latency_verdicts
from .timings import LATENCY_METRICS
from .verdicts import Outcome, Status, Verdict

FEW_DIALOGUES = 50
"""With fewer, intervals over dialogues are rough."""
_Numbered = tuple[int, Rule]


def check(run: Path, rules: Sequence[Rule], *, against: Path | None = None, progress: Progress = silent) -> Outcome:
    """Return what a run's figures are by the rules.

    Parameters
    ----------
    run
        Run folder.
    against
        What `emobench accept` wrote, or another run folder; None will do where no rule has `max_loss`.

    Raises
    ------
    SpecError
        When a rule has `max_loss` and there is no baseline.
    RunFolderError, PredictionError
        When one side is missing, damaged, or of other data or another stress than the other.
    """
    needy = [number for number, rule in enumerate(rules, 1) if rule.max_loss is not None]
    if needy and against is None:
        raise SpecError(f"rule {needy[0]} has max_loss, so it needs a baseline; type --against BASELINE")
    numbered = list(enumerate(rules, 1))
    timed = [(number, rule) for number, rule in numbered if rule.metric in LATENCY_METRICS]
    others = [(number, rule) for number, rule in numbered if rule.metric not in LATENCY_METRICS]
    if not timed:
        return _scored(run, others, against, progress)
    verdicts = tuple(latency_verdicts(run, timed, against))
    scored = _scored(run, others, against, progress) if others else Outcome(str(run), str(against or ""), ())
    together = sorted((*scored.verdicts, *verdicts), key=lambda verdict: verdict.rule)
    return replace(scored, verdicts=tuple(together), notes=(*scored.notes, NOTE))


def _scored(run: Path, rules: Sequence[_Numbered], against: Path | None, progress: Progress) -> Outcome:
    """Return what the figures of predictions are by the rules."""
    with contextlib.ExitStack() as opened:
        source = opened.enter_context(Source(run))
        baseline = open_baseline(against) if against is not None else None
        if baseline is not None:
            if baseline.source is not None:
                opened.enter_context(baseline.source)
            require_same_setup(source, baseline)
        return _Check(source, baseline, rules).outcome(progress)


class _Check:
    """One check while it goes on."""

    def __init__(self, source: Source, baseline: Baseline | None, rules: Sequence[_Numbered]) -> None:
        """Begin with nothing asked."""
        self._source, self._baseline = source, baseline
        self._rules = rules
        self._draws = source.record.draws
        self._joint = Joint(self._draws)
        self._found: list[Verdict] = []
        self._questions: list[Question] = []
        self._parts: dict[int, set[str]] = {}
        self._known = baseline.models if baseline is not None else ()

    def outcome(self, progress: Progress) -> Outcome:
        """Ask everything, then answer it."""
        about: dict[Place, list[_Numbered]] = {}
        for number, rule in self._rules:
            strangers = self._strangers(number, rule)
            for place in places_of(self._source, rule):
                if place.model not in strangers or rule.limit is not None:
                    about.setdefault(place, []).append((number, rule))
        for done, (place, numbered) in enumerate(about.items()):
            progress("checking", done, len(about))
            self._cell(place, numbered)
        for number, rule in self._rules:
            self._left_out(number, rule)
        progress("checking", len(about), len(about))
        verdicts = [*self._found, *self._answers()]
        verdicts += [*self._unmatched({verdict.rule for verdict in verdicts})]
        return Outcome(
            run=str(self._source.folder.path),
            baseline=str(self._baseline.path) if self._baseline else "",
            verdicts=tuple(sorted(verdicts, key=lambda verdict: verdict.rule)),
            notes=tuple(self._notes({question.subject.data for question in self._questions})),
        )

    def _strangers(self, number: int, rule: Rule) -> set[str]:
        """Return the models that the baseline does not have, and say so once for each."""
        if self._baseline is None or rule.max_loss is None:
            return set()
        models = models_of(self._source, rule)
        strangers = {model for model in models if (rule.baseline_model or model) not in self._known}
        for model in sorted(strangers):
            wanted = rule.baseline_model or model
            what = f"the baseline has no model {wanted!r} to hold {model} against; {suggestion(wanted, self._known)}"
            what += "; accept a run that has it, or name another with baseline_model"
            place = Place(model, rule.data, rule.condition)
            self._found.append(_plain(number, rule, place, "not measured", what, rule.part))
        return strangers

    def _cell(self, place: Place, numbered: Sequence[_Numbered]) -> None:
        """Ask what the rules ask of one cell."""
        working: list[_Numbered] = []
        for number, rule in numbered:
            why = failure_of(self._source, place, curves=is_of_curves(rule))
            if why:
                what = f"{place.model} on {place.data} under {place.condition} failed: {why}"
                self._found.append(_plain(number, rule, place, "failed", what))
            else:
                working.append((number, rule))
        if not working or place not in self._source.places:
            return
        cell = self._source.cell(place, asked_for(sorted({rule.metric for _, rule in working})), self._draws)
        mine, theirs = figures_of_cell(cell), self._theirs(place, working)
        for number, rule in working:
            self._parts.setdefault(number, set()).update(name.part for name in mine if name.metric == rule.metric)
            other = theirs[rule.baseline_model or place.model]
            for name in _matched(rule, mine):
                self._figure(number, rule, cell, name, mine[name], other.get(name))
            if rule.max_loss is not None:
                gone = [name for name in _matched(rule, other) if name not in mine]
                self._found += [self._gone(number, rule, place, name) for name in gone]

    def _theirs(self, place: Place, numbered: Sequence[_Numbered]) -> Mapping[str, Mapping[Name, Figure]]:
        """Return the figures of the baseline, by the model they are of."""
        found: dict[str, Mapping[Name, Figure]] = {}
        for model in {rule.baseline_model or place.model for _, rule in numbered}:
            metrics = sorted({rule.metric for _, rule in numbered if rule.max_loss is not None})
            there = place._replace(model=model)
            found[model] = self._of_baseline(place, there, metrics)
        return found

    def _of_baseline(self, place: Place, there: Place, metrics: Sequence[str]) -> Mapping[Name, Figure]:
        if self._baseline is None or not metrics:
            return {}
        if self._baseline.source is not None and there.data in self._baseline.source.inputs:
            require_same_data(self._source, place, self._baseline.source, there)
        return self._baseline.figures(there, asked_for(metrics), self._draws)

    def _figure(
        self, number: int, rule: Rule, cell: Cell, name: Name, figure: Figure, reference: Figure | None
    ) -> None:
        """Ask what a rule asks of one figure."""
        metric, place = make(METRICS, rule.metric), cell.place
        direction = rule.direction or cell.directions[rule.metric]
        title = title_of(metric, rule.metric, name.part)
        subject = Subject(place.model, place.data, place.condition, title, direction)
        lacking = _lacking(rule, cell, figure, reference)
        if lacking:
            found = _plain(number, rule, place, "inconclusive", f"{subject.text}: {lacking}", name.part)
            self._found.append(found)
            return
        about = (place.data, place.model)
        if rule.limit is not None:
            question = Question(number, rule, "limit", subject, name.part, figure.value, rule.limit)
            floored = has_noise_floor(metric) and direction == "lower"
            if floored and question.worse > 0:
                question = replace(question, floor=floor_of(self._source, place, name))
            excess = excess_of(figure, direction, rule.limit, dialogues=cell.dialogues, biased=floored, about=about)
            self._ask(question, excess)
        if rule.max_loss is None:
            return
        if reference is None and (rule.baseline_model or place.model) in self._known:
            what = f"{subject.text}: the baseline has no such figure; accept a run that has it"
            self._found.append(_plain(number, rule, place, "not measured", what, name.part))
        if reference is None:  # said once for the whole model
            return
        loss = loss_of(figure, reference, direction, dialogues=cell.dialogues, about=about)
        self._ask(Question(number, rule, "loss", subject, name.part, figure.value, reference.value), loss)

    def _ask(self, question: Question, difference: Difference) -> None:
        self._questions.append(question)
        self._joint.add(difference)

    def _left_out(self, number: int, rule: Rule) -> None:
        """Say which figures of the baseline the run should have too: of the same models and data, under what it lacks.

        A gate that went green because a condition was no longer run would guard nothing.
        """
        if self._baseline is None or rule.max_loss is None:
            return
        done, curves = set(self._source.places), is_of_curves(rule)
        mine = set(places_of(self._source, rule))
        tried = {place for place in mine if place in done or failure_of(self._source, place, curves=curves)}
        for data in self._source.inputs:
            for model in models_of(self._source, rule):
                theirs = rule.baseline_model or model
                for condition in self._baseline.conditions(theirs, data, curves=curves):
                    place = Place(model, data, condition)
                    if place in tried or not rule.wants(model=model, data=data, condition=condition):
                        continue
                    there = self._of_baseline(place, place._replace(model=theirs), [rule.metric])
                    self._found += [self._gone(number, rule, place, name) for name in _matched(rule, there)]

    def _gone(self, number: int, rule: Rule, place: Place, name: Name) -> Verdict:
        title = title_of(make(METRICS, rule.metric), rule.metric, name.part)
        what = f"{place.model} on {place.data}: the run has no {title} under {place.condition}, and the baseline has"
        return _plain(number, rule, place, "not measured", f"{what}; run it too, or accept the run", name.part)

    def _answers(self) -> Iterator[Verdict]:
        ends, errors, quantile = self._joint.lower_ends(), self._joint.errors, self._joint.quantile
        for question, low, error in zip(self._questions, ends, errors, strict=True):
            yield question.answer(float(low), error=error, quantile=quantile)

    def _unmatched(self, matched: Container[int]) -> Iterator[Verdict]:
        """Yield a verdict for each rule that matches nothing: a build must not pass because of a misspelt name."""
        for number, rule in self._rules:
            if number not in matched:
                why = why_nothing(self._source, rule, sorted(self._parts.get(number, ())))
                place = Place(rule.model, rule.data, rule.condition)
                yield _plain(number, rule, place, "not measured", f"rule {number} matches nothing: {why}", rule.part)

    def _notes(self, datas: Iterable[str]) -> Iterator[str]:
        if self._baseline is not None and not self._baseline.paired:
            yield (
                f"the predictions beside {self._baseline.path} are missing, so differences are not paired: both "
                "intervals count, and only larger losses are seen"
            )
        if self._joint.draws < self._draws:
            yield (
                f"figures that rank utterances are drawn {self._joint.draws} times, so that is how many draws all "
                "lower ends of this check are from"
            )
        for data in sorted(datas):
            inputs = self._source.inputs[data]
            if inputs.dialogues < FEW_DIALOGUES:
                yield f"{data} has {inputs.dialogues} dialogues with labels; with fewer than 50 an interval is rough"


def _matched(rule: Rule, names: Iterable[Name]) -> list[Name]:
    return [name for name in names if name.metric == rule.metric and fnmatchcase(name.part, rule.part)]


def _lacking(rule: Rule, cell: Cell, figure: Figure, reference: Figure | None) -> str:
    """Return why nothing can be concluded; empty: it can."""
    if cell.utterances < rule.min_utterances:
        return f"expected {rule.min_utterances} labelled utterances or more, got {cell.utterances}"
    if cell.dialogues < 2:
        return "expected two dialogues or more to know how much chance there is, got 1"
    if not is_defined(figure):
        return "the figure is not defined on so few utterances"
    if reference is not None and not is_defined(reference):
        return "the baseline's figure is not defined, or has no interval"
    return ""


def _plain(number: int, rule: Rule, place: Place, status: Status, message: str, part: str = "") -> Verdict:
    return Verdict(
        rule=number,
        about=rule,
        kind="",
        data=place.data,
        model=place.model,
        condition=place.condition,
        part=part,
        status=status,
        message=message,
    )
