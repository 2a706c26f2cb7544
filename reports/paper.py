"""The LaTeX file: which tables it holds and what their captions say."""

from collections.abc import Iterator, Sequence
from itertools import groupby, islice

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .contents import CLEAN, DataView, ModelView, Row, RunView
from .figure_views import NOTES
from .figures import figures
from .numbers import count, interval, number, percent, signed
from .page import TEMPLATES, headline
from .results import Result
from .sentences import summary
from .tex import Tex, breakable, code, escape, prose, table
from .vocabulary import MAIN, text_of

PAGE_WIDTH = 16.6
"""Centimetres."""
MODELS_SIDE_BY_SIDE = 4
"""Columns of a table of conditions; more models go into a further table."""
_FIRST = 4.2


def render(run: RunView) -> str:
    """Return a LaTeX document that compiles by itself; figures are shown where `figures/` is beside it."""
    return (
        _environment()
        .get_template("report.tex")
        .render(
            run=run,
            figures=figures(run),
            headline=headline(run),
            tables={data.name: tuple(_tables(data, run)) for data in run.data},
            code=code,
            summary=lambda model, data: Tex("".join(_phrase(phrase) for phrase in summary(model, data))),
            breakable=breakable,
            prose=prose,
            notes=NOTES,
            count=count,
            problems=_problems(run),
        )
    )


def best(models: Sequence[ModelView], condition: str, metric: str) -> frozenset[str]:
    """Return the names of the models with the best figure; empty where fewer than two models compete for it."""
    found = {
        model.name: model.results(condition)[metric].value
        for model in models
        if not model.reference and metric in model.results(condition)
    }
    found = {name: value for name, value in found.items() if value == value}
    better = text_of(metric).better
    if len(found) < 2 or better == "none":
        return frozenset()
    order = {"higher": lambda value: -value, "lower": lambda value: value, "zero": abs}[better]
    top = min(map(order, found.values()))
    return frozenset(name for name, value in found.items() if order(value) == top)


def _environment() -> Environment:
    # Autoescape knows HTML only: here every expression goes through `escape`, which leaves alone what is LaTeX already.
    return Environment(  # noqa: S701
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        finalize=escape,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _phrase(phrase: tuple[str, bool]) -> Tex:
    text, spec = phrase
    return code(text) if spec else prose(text)


def _tables(data: DataView, run: RunView) -> Iterator[Tex]:
    for metric in MAIN:
        shown = [model for model in data.models if metric in model.metrics]
        # The ceiling stands in every table, beside whichever models are in it.
        ceiling = [model for model in shown if model.reference]
        others = iter([model for model in shown if not model.reference])
        while chunk := list(islice(others, MODELS_SIDE_BY_SIDE - len(ceiling))):
            yield _conditions(data, run, metric, [*chunk, *ceiling])
    if any(model.removals for model in data.models):
        yield _removals(data, run)
    if any(fit.epochs for model in data.models for fit in model.fits):
        yield _trainings(data)


def _conditions(data: DataView, run: RunView, metric: str, models: Sequence[ModelView]) -> Tex:
    head = [Tex("Condition"), *(Tex(f"{breakable(model.name)}{_mark(model)}") for model in models)]
    rows: list[Sequence[Tex] | Tex] = []
    conditions = {row.condition.text: row for model in data.models for row in model.rows}
    ordered = [conditions[record.text] for record in run.record.conditions if record.text in conditions]
    for protocol, group in groupby(ordered, key=lambda row: row.condition.protocol):
        rows += [code(protocol)] if protocol else []
        rows += [_condition(row, metric, models) for row in group]
    width = min((PAGE_WIDTH - _FIRST) / len(models) - 0.25, 4.5)
    return table(
        _caption(data, run, metric, models), f"tab:{_slug(data)}-{metric}", head, rows, [_FIRST, *[width] * len(models)]
    )


def _condition(row: Row, metric: str, models: Sequence[ModelView]) -> list[Tex]:
    text = row.condition.text
    bold = best(models, text, metric)
    return [code(row.label), *(_figure(model.results(text).get(metric), bold=model.name in bold) for model in models)]


def _figure(figure: Result | None, *, bold: bool = False) -> Tex:
    if figure is None:
        return escape(number(None))
    value = escape(number(figure.value))
    value = Tex(rf"\textbf{{{value}}}") if bold else value
    within = r"\textsuperscript{\dag}" if figure.within_floor else ""
    ends = escape(interval(figure.low, figure.high))
    # The interval goes to a line of its own as a whole where the column is narrow.
    spread = rf" {{\scriptsize\mbox{{{ends}}}}}" if ends else ""
    return Tex(f"{value}{within}{spread}")


def _mark(model: ModelView) -> str:
    if model.reference:
        return " (ceiling)"
    return r"\textsuperscript{t}" if model.test_selected else ""


def _caption(data: DataView, run: RunView, metric: str, models: Sequence[ModelView]) -> Tex:
    told = text_of(metric)
    sentences = [
        f"{told.title}{f' ({told.arrow})' if told.arrow else ''} on {_named(data)}, test split: "
        f"{count(data.dialogues)} dialogues, {count(data.utterances)} utterances.",
        _seeds(run),
        f"Epochs chosen on {run.record.selection}.",
        f"Brackets: 95 % BCa intervals over dialogues ({count(run.record.draws)} draws).",
    ]
    if metric == "macro_f1" and data.absent:
        sentences.append(f"No test utterance is labelled {', '.join(data.absent)}, which counts as 0.")
    if data.rough:
        sentences.append("With fewer than 50 dialogues the intervals are rough.")
    if sum(not model.reference for model in models) > 1 and told.better != "none":
        sentences.append("Bold: best of the models compared, the ceiling left out; differences may be within chance.")
    if any(row.results[metric].within_floor for model in models for row in model.rows if metric in row.results):
        sentences.append("†: within the noise floor (95th percentile), no evidence of miscalibration.")
    text = " ".join(map(escape, sentences))
    if any(model.test_selected for model in models):
        text += r" \textsuperscript{t}: selected on test, too good by about the selection optimism."
    protocols = dict.fromkeys(row.condition.protocol for model in models for row in model.rows)
    meanings = run.record.meanings
    about = [rf"{code(name)}: {escape(meanings[name])}" for name in protocols if name in meanings]
    return Tex(" ".join([text, rf"{code(CLEAN)}: the input as recorded.", *about]))


def _removals(data: DataView, run: RunView) -> Tex:
    head = [Tex(name) for name in ("Model, removed", "CEL", "Excess over floor", "CEL (log)", "Uncertain share")]
    rows: list[Sequence[Tex] | Tex] = []
    for model in data.models:
        rows += [breakable(model.name)] if model.removals else []
        for removal in model.removals:
            cel, share = removal.cel, removal.uncertain
            excess = signed(cel.value - cel.floor if cel else None)
            cells = (
                _figure(cel),
                escape(excess),
                _figure(removal.cel_log),
                escape(percent(share.value if share else None)),
            )
            rows.append([breakable(removal.part), *cells])
    caption = (
        f"Confidence under removal on {_named(data)}, clean input against each modality removed. {_seeds(run)} "
        "The floor is the exact posterior's own CEL, where it is known. CEL is no "
        "proper score: a constant predictor has 0, and flatter probabilities lower it."
    )
    return table(escape(caption), f"tab:{_slug(data)}-cel", head, rows, [_FIRST, 3.4, 2.2, 3.4, 2.2])


def _trainings(data: DataView) -> Tex:
    head = [Tex(name) for name in ("Model", "Seed", "Chosen epoch", "Chosen on", "Selection optimism", "Parameters")]
    rows = [
        [
            breakable(model.name),
            escape(fit.seed),
            escape(f"{count(fit.chosen_epoch)} of {len(fit.epochs)}"),
            escape(fit.selection),
            escape(signed(fit.selection_optimism)),
            escape(count(fit.parameters)),
        ]
        for model in data.models
        for fit in model.fits
        if fit.epochs
    ]
    caption = (
        f"Trainings on {_named(data)}. Selection optimism: best test weighted F1 over epochs minus that of the "
        "epoch best on validation."
    )
    return table(escape(caption), f"tab:{_slug(data)}-training", head, rows, [_FIRST, 1.2, 2.4, 2.2, 2.6, 2.2])


def _problems(run: RunView) -> Tex | None:
    if not run.problems:
        return None
    rows = [
        [
            breakable(f"{problem.model} on {problem.data}"),
            code(problem.condition) if problem.condition else Tex("training"),
            escape(", ".join(map(str, problem.seeds))),
            prose(f"{problem.state}: {problem.why}"),
        ]
        for problem in run.problems
    ]
    head = [Tex(name) for name in ("Model", "Condition", "Seeds", "Reason")]
    return table(escape("What was not computed; it is in no mean."), "tab:problems", head, rows, [4.2, 4.2, 1.6, 5.6])


def _seeds(run: RunView) -> str:
    seeds = len(run.record.seeds)
    return (
        f"Means over {seeds} training seeds (one training where nothing is random)."
        if seeds > 1
        else "One training seed."
    )


def _named(data: DataView) -> str:
    return f"the simulated data {data.name}" if data.simulated else data.name


def _slug(data: DataView) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in data.name)
