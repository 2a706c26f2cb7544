"""The Markdown summary: what a reader of a pull request needs on one screen, all conditions folded away."""

import shlex
from collections import Counter
from collections.abc import Iterator

from .comparisons import OUTDATED, ComparisonView
from .contents import DataView, ModelView, Row, RunView
from .latency_summary import latency_markdown
from .markdown_text import Markdown, block, code, fold, table, text
from .numbers import MISSING, count
from .page import headline
from .paper_marks import leaders
from .paper_tables import seeds_sentence
from .problems import ProblemGroup
from .results import Result
from .selection import warnings
from .sentences import Sentence, in_short
from .stress_contents import CLEAN
from .verdicts import by_quality, nothing_left, verdicts
from .vocabulary import text_of

PROBLEMS_SHOWN = 5
"""Groups of failures that are told; the others are counted."""
REASON = 200
"""Characters of a reason that are told."""
LONGEST = 60_000
"""Characters; GitHub takes 65,536 in a comment."""
_BOLD = " Bold: best of the models; differences may be within chance."
_ARROWS = {"higher": " ↑", "lower": " ↓"}


def render(run: RunView, comparisons: ComparisonView | None = None) -> str:
    """Return the summary; what would make it longer than a comment may be is left out, and that is said."""
    lines = [f"## emobench: {text(headline(run))}", ""]
    lines += [line for sentence in run.missing for line in (f"**Missing:** {text(sentence)}.", "")]
    lines += [f"Shown is a part of the run ({text(run.only)}).", ""] if run.only else []
    for data in run.data:
        lines += [*_data(data, run), ""]
    lines += [*latency_markdown(run), *_problems(run), *_comparisons(comparisons)]
    closing = [*fold("How to make this run again", [*block("\n".join(run.commands)), "", *_made(run)]), ""]
    folded = [(data, metric) for data in run.data if len(data.conditions) > 1 for metric in main_metrics(data)]
    folded = folded if run.shows("conditions") else []
    for place, (data, metric) in enumerate(folded):
        further = fold(f"All conditions: {text_of(metric).title} on {_name(data)}", _conditions(data, metric))
        if sum(len(line) + 1 for line in (*lines, *further, *closing)) > LONGEST:
            left = len(folded) - place
            lines += [f"Too long for a comment: {left} table{'s' * (left > 1)} of all conditions left out.", ""]
            break
        lines += [*further, ""]
    return "\n".join([*lines, *closing])


def short(run: RunView) -> str:
    """Return the headline and the small table of each data set."""
    lines = [f"**{text(headline(run))}**", ""]
    for data in run.data:
        lines += [f"{text(_name(data))}, clean input:", "", *clean_table(data, run), ""]
    return "\n".join(lines)


def clean_table(data: DataView, run: RunView) -> list[str]:
    """Return the lines of the small table: clean input, and the condition that hurts each model most."""
    metrics = main_metrics(data)
    head = ["Model", *(metric_title(metric) for metric in metrics)]
    stressed = [(model, worst(model, data)) for model in by_quality(data)]
    with_worst = any(row for _, row in stressed)
    rows: list[list[Markdown]] = []
    for model, row in stressed:
        bold = [metric for metric in metrics if model.name in leaders(data.models, CLEAN, metric)[0]]
        cells = [_cell(model.clean.get(metric), metric, bold=metric in bold) for metric in metrics]
        rows.append([_model(model), *cells, *([_worst(row, data)] if with_worst else [])])
    return table([*head, *[f"Worst condition, {text_of(data.quality).title}"] * with_worst], rows)


def worst(model: ModelView, data: DataView) -> Row | None:
    """Return the condition under which the quality of a model is lowest; None: no stress that counts."""
    found = [row for row in model.stressed if data.quality in row.results]
    return min(found, key=lambda row: row.results[data.quality].value, default=None)


def _data(data: DataView, run: RunView) -> Iterator[str]:
    yield f"### {text(_name(data))}"
    yield ""
    sizes = f"Test split: {count(data.dialogues)} dialogues, {count(data.utterances)} utterances."
    if not run.scored:
        yield sizes
        return
    yield (
        f"{sizes} {seeds_sentence(run)} Brackets: 95 % intervals over dialogues.{_BOLD * (len(data.competitors) > 1)}"
    )
    rough = ["with fewer than 50 dialogues the intervals are rough"] * data.rough
    absent = [f"no test utterance is labelled {', '.join(data.absent)}"] * bool(data.absent)
    for warning in (*rough, *absent, *(one.removesuffix(".") for one in warnings(data))):
        yield ""
        yield f"**Note:** {text(warning)}."
    yield ""
    told = (verdicts(data) or in_short(data)) if run.shows("overview") else ()
    yield from (f"- **{_model(model, in_table=False)}**: {_said(sentence)}" for model, sentence in told)
    yield from [""] * bool(told)
    without = nothing_left(data) if told else ()
    yield from [_said(without), ""] * bool(without)
    if main_metrics(data):
        yield from clean_table(data, run)
    else:
        yield "No figure of quality, calibration or likelihood is in this run; its page has the others."


def main_metrics(data: DataView) -> tuple[str, ...]:
    """Return the metrics of the small table that the run has."""
    return tuple(metric for metric in (data.quality, "ece", "nll") if metric in data.metrics)


def metric_title(metric: str) -> str:
    """Return the head of a column, with the direction that is better."""
    told = text_of(metric)
    return f"{told.title}{_ARROWS.get(told.better, '')}{' (noise floor)' * (metric == 'ece')}"


def _cell(figure: Result | None, metric: str, *, bold: bool = False) -> Markdown:
    if figure is None:
        return Markdown(MISSING)
    value = text(figure.shown.value)
    floor = f" (≤ {figure.beside(figure.floor_high)})" if metric == "ece" and figure.floor_high >= 0 else ""
    shown = f"{f'**{value}**' if bold else value} {text(figure.shown.interval)}".rstrip()
    return Markdown(f"{shown}{floor}")


def _worst(row: Row | None, data: DataView) -> Markdown:
    if row is None:
        return Markdown(MISSING)
    return Markdown(f"{code(row.condition.text, in_table=True)} {_cell(row.results[data.quality], data.quality)}")


def _conditions(data: DataView, metric: str) -> list[str]:
    """Return all conditions of a metric, one model a column."""
    shown = [model for model in data.models if metric in model.metrics]
    rows = [
        [
            code(condition.text, in_table=True),
            *(_cell(model.results(condition.text).get(metric), metric) for model in shown),
        ]
        for condition in data.conditions
    ]
    return table(["Condition", *map(_model, shown)], rows)


def _problems(run: RunView) -> Iterator[str]:
    groups = run.problem_groups
    if groups:
        yield "**Not computed**, and in no mean:"
        yield ""
        yield from map(_problem, groups[:PROBLEMS_SHOWN])
        if groups[PROBLEMS_SHOWN:]:
            yield f"- and {len(groups) - PROBLEMS_SHOWN} more"
        yield ""


def _problem(one: ProblemGroup) -> str:
    what = f"{len(one.conditions)} conditions" if one.conditions[1:] else "".join(map(code, one.conditions))
    seeds = f"seed{'s' * (len(one.seeds) > 1)} {', '.join(map(str, one.seeds))}"
    why = one.why if len(one.why) <= REASON else f"{one.why[:REASON].rstrip()}…"
    return f"- {code(one.model)} on {text(one.data)}, {what or 'training'} ({seeds}), {one.state}: {text(why)}"


def _comparisons(comparisons: ComparisonView | None) -> Iterator[str]:
    if comparisons:
        rows = [row for one in comparisons.tables for row in one.rows]
        verdicts = Counter(row.verdict for row in rows)
        counted = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in sorted(verdicts))
        outdated = "".join(f" {one}" for one in comparisons.sentences if one == OUTDATED)
        yield text(f"Comparisons (verdicts by adjusted p): {counted}.{outdated}")
        yield ""


def _made(run: RunView) -> list[str]:
    record = run.record
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    scored = [f"epochs chosen on {record.selection}", f"{count(record.draws)} bootstrap draws"] if run.scored else []
    revision = [f"revision {record.git_revision[:12]}"] if record.git_revision else []
    return [
        f"{'; '.join([text(versions), *scored, *revision])}.",
        f"The whole report: {code(f'emobench report {shlex.quote(run.name)}')}.",
    ]


def _name(data: DataView) -> str:
    return f"{data.name} (simulated data)" if data.simulated else data.name


def _model(model: ModelView, *, in_table: bool = True) -> Markdown:
    return Markdown(f"{code(model.name, in_table=in_table)}{' (ceiling)' * model.reference}")


def _said(sentence: Sentence) -> str:
    return "".join(code(piece.text) if piece.spec else _kept(piece.text) for piece in sentence)


def _kept(words: str) -> str:
    """Return a piece of a sentence as Markdown, with the spaces at its ends."""
    return f"{' ' * words.startswith(' ')}{text(words)}{' ' * (words.endswith(' ') and bool(words.strip()))}"
