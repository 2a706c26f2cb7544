"""What a report says about acting on confidence: wanted error rates, thresholds, and the harm done."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .contents import DataView, ModelView, Row
from .numbers import number, percent
from .results import Result
from .sentences import Phrase, Sentence, joined
from .stress_contents import CLEAN, Stress
from .vocabulary import ACTING, WANTED_RISK, arguments_of

ACTING_COLUMNS = ("act_share", "act_risk", "unsafe_share")
"""Metrics of the table, in its order."""
HARDLY, FEW = 0.01, 20
"""Share of turns below which a model hardly ever acts, and turns below which they are counted."""
COST = "decision_cost"
"""Metric of what decisions cost."""


@dataclass(frozen=True)
class Wanted:
    """What an interface was asked to hold to."""

    risk: float
    """Largest error rate when acting."""
    delta: float
    """Probability with which the threshold may miss it; 0: no bound."""
    arguments: str
    """Of the metrics, as typed; empty: none."""

    def text(self, metric: str) -> str:
        """Return the canonical text of one of the metrics."""
        return f"{metric}:{self.arguments}" if self.arguments else metric

    @property
    def title(self) -> str:
        """What is wanted, in words.

        Examples
        --------
        >>> Wanted(0.1, 0.05, "delta=0.05").title
        'At most 10 % wrong when acting, with 95 % confidence'
        """
        bound = f", with {_whole(1 - self.delta)} confidence" if self.delta else ""
        return f"At most {_whole(self.risk)} wrong when acting{bound}"


def wanted_of(data: DataView) -> tuple[Wanted, ...]:
    """Return what the run looked at, the strictest first; empty: nothing."""
    metrics = [metric for metric in data.metrics if metric.partition(":")[0] == "unsafe_share"]
    found = []
    for metric in metrics:
        arguments = arguments_of(metric)
        risk, delta = (float(arguments.get(name, default)) for name, default in (("risk", WANTED_RISK), ("delta", 0)))
        found.append(Wanted(risk, delta, metric.partition(":")[2]))
    whole = [one for one in found if all(one.text(metric) in data.metrics for metric in ("act_share", "act_risk"))]
    return tuple(sorted(whole, key=lambda one: (one.risk, -one.delta)))


def shown_for(data: DataView, wanted: Wanted) -> tuple[ModelView, ...]:
    """Return the models that have the figures."""
    return tuple(model for model in data.models if wanted.text("unsafe_share") in model.metrics)


def acting_rows(model: ModelView, wanted: Wanted) -> tuple[Row, ...]:
    """Return the conditions of a model that have the figures."""
    return tuple(row for row in model.rows if wanted.text("unsafe_share") in row.results)


def why_not(data: DataView, asked: tuple[str, ...]) -> str:
    """Say why nothing, or nothing of some models, is shown; empty: all is shown, or it was not asked for.

    Parameters
    ----------
    asked
        Texts of the metrics that the run computes; empty: all.
    """
    if asked and not {text.partition(":")[0] for text in asked} & set(ACTING):
        return ""
    # Figures of some of the metrics make no section; they stand among all other figures.
    there = {model.name for model in data.models if any(text.partition(":")[0] in ACTING for text in model.metrics)}
    without = [model for model in data.models if model.metrics and model.name not in there]
    lacking = [model.name for model in without]
    if not lacking:
        return ""
    if data.validated and all(fit.validation_state == "done" for model in without for fit in model.fits):
        return (
            f"Acting on confidence is not shown for {joined(lacking)}: the results were written without it; type "
            "`emobench score` for this folder."
        )
    if not there:
        return (
            "How an interface would fare that acts on confidence is not shown: a threshold is chosen on validation, "
            "and the run folder has no predictions on labelled utterances of that split. The same `emobench run` adds "
            "them where data and model have them."
        )
    return (
        f"Not shown for {joined(lacking)}: the run folder has no predictions of "
        f"{'it' if len(lacking) == 1 else 'them'} on labelled validation utterances."
    )


def told(model: ModelView, wanted: Wanted, before: Sequence[Wanted] = ()) -> Sentence:
    """Return what becomes of an interface that acts on the confidence of a model.

    Parameters
    ----------
    before
        What was told already: a model with the same threshold fares the same, and that is not told twice.
    """
    for one in before:
        if _thresholds(model, one) == _thresholds(model, wanted) != []:
            return (Phrase(_again(model, one, wanted)),)
    rows = acting_rows(model, wanted)
    if not any(row.results[wanted.text("act_share")].value > 0 for row in rows):
        return (Phrase(_never(model, wanted)),)
    return tuple(
        phrase for part in (_threshold(model, wanted), *_under(model, wanted, rows)) for phrase in (*part, Phrase(" "))
    )[:-1]


def most_unsafe(stress: Stress, data: DataView, wanted: Wanted) -> str:
    """Return the condition of a protocol with most confident errors, mean over the models; empty: no figures."""
    unsafe = wanted.text("unsafe_share")
    found = {
        condition.text: [r[unsafe].value for model in data.models if unsafe in (r := model.results(condition.text))]
        for condition in stress.conditions
        if condition.text not in data.nothing_left
    }
    return max((text for text in found if found[text]), key=lambda t: sum(found[t]) / len(found[t]), default="")


def cost_metrics(data: DataView) -> tuple[tuple[str, str], ...]:
    """Return the texts of cost and share abstained of each table of costs; an empty second: the run lacks it."""
    costs = [metric for metric in data.metrics if metric.partition(":")[0] == COST]
    pairs = ((text, "abstain_share" + text.removeprefix(COST)) for text in costs)
    return tuple((cost, share if share in data.metrics else "") for cost, share in pairs)


def _never(model: ModelView, wanted: Wanted) -> str:
    if wanted.delta:
        return (
            f"Never acts: clean validation does not show, with {_whole(1 - wanted.delta)} confidence, that any "
            f"threshold keeps the error rate at {_whole(wanted.risk)}."
        )
    return f"Never acts: even its surest predictions on clean validation are wrong in more than {_whole(wanted.risk)}."


def _again(model: ModelView, before: Wanted, wanted: Wanted) -> str:
    """Say that a threshold was told before, and how often it is wrong on clean input if that is still more."""
    said = f"Its threshold is that for {_whole(before.risk)}, and so it fares the same"
    clean = model.results(CLEAN).get(wanted.text("act_risk"))
    if clean is None or not clean.low > wanted.risk:
        return f"{said}."
    return f"{said}; {percent(clean.value)} wrong on clean input is more than the {_whole(wanted.risk)} wanted too."


def _thresholds(model: ModelView, wanted: Wanted) -> list[float]:
    """Return the confidences from which it acts, by training seed; empty: not known, or never in one of them."""
    metric = wanted.text("act_threshold")
    found = [figures[metric].value for figures in model.per_seed.values() if metric in figures]
    return [] if any(map(math.isnan, found)) else found


def _threshold(model: ModelView, wanted: Wanted) -> Sentence:
    """Say from which confidence it acts, by training seed where they differ."""
    metric = wanted.text("act_threshold")
    found = [figures[metric].value for figures in model.per_seed.values() if metric in figures]
    known = [number(value) for value in sorted(found) if not math.isnan(value)]
    if not known:
        return ()
    several = f"–{known[-1]} (by training seed)" if known[0] != known[-1] else ""
    never = f", never in {len(found) - len(known)} of {len(found)} trainings" if len(known) < len(found) else ""
    return (Phrase(f"Acts from a confidence of {known[0]}{several} up{never}."),)


def _under(model: ModelView, wanted: Wanted, rows: tuple[Row, ...]) -> Iterator[Sentence]:
    """Say what it does on clean input, where its confident errors are most, and where it acts least."""
    share, risk, unsafe = (wanted.text(metric) for metric in ACTING_COLUMNS)
    clean = model.results(CLEAN)
    if unsafe in clean:
        wrongly = " wrongly" if math.isnan(clean[risk].value) else ""
        shown = percent(clean[unsafe].value)
        harm = f", {shown} of all turns{wrongly}" if clean[share].value >= HARDLY else ""
        yield (Phrase(f"On clean input it {_acts(clean, wanted)}{harm}."),)
    stressed = [row for row in rows if row.condition.text != CLEAN and not row.nothing_left]
    if not stressed:
        return
    worst = max(stressed, key=lambda row: row.results[unsafe].value)
    if unsafe in clean and worst.results[unsafe].value <= clean[unsafe].value:
        # No merit of a model that does not act.
        if clean[share].value >= HARDLY:
            yield (Phrase("No stress makes confident errors more frequent."),)
    else:
        less = share in clean and worst.results[share].value < clean[share].value
        yield (
            Phrase("Under "),
            Phrase(worst.condition.text, spec=True),
            Phrase(
                f" it {'still ' * less}{_acts(worst.results, wanted)}: {percent(worst.results[unsafe].value)} of all "
                "turns are confident and wrong."
            ),
        )
    least = min(stressed, key=lambda row: row.results[share].value)
    if least is not worst and share in clean and least.results[share].value < clean[share].value:
        yield (
            Phrase("It acts least under "),
            Phrase(least.condition.text, spec=True),
            Phrase(f", on {percent(least.results[share].value)}."),
        )


def _acts(figures: Mapping[str, Result], wanted: Wanted) -> str:
    share, risk, _ = (figures[wanted.text(metric)] for metric in ACTING_COLUMNS)
    if share.value == 0:
        return "never acts"
    acted = round(share.value * share.utterances)
    counts = f"{acted:,} of {share.utterances:,}"
    if share.value < HARDLY:
        return f"hardly ever acts ({percent(share.value)} of turns, {counts})"
    acts = f"acts on {percent(share.value)} of turns{f' ({counts})' if acted < FEW else ''}"
    if math.isnan(risk.value):
        return acts
    above = f" (more than the {_whole(wanted.risk)} wanted)" if risk.low > wanted.risk else ""
    return f"{acts} and is wrong in {percent(risk.value)} of those{above}"


def _whole(share: float) -> str:
    """Return a share that somebody typed as a percentage."""
    return f"{round(share * 100, 6):g} %"
