"""The HTML page: what the templates are given, and how figures get into them."""

import base64
import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from . import numbers
from .acting import ACTING_COLUMNS, acting_rows, cost_metrics, shown_for, told, wanted_of, why_not
from .canvas import svg_for_page
from .comparisons import ComparisonView
from .conformal import absent, methods_of, promise, rows_of
from .conformal import told as told_of_sets
from .contents import DataView, ModelView, Row, RunView
from .dialogue_cells import colour_class, gold_cells, gold_tokens, short_names, speaker, strip_cells, tokens
from .dialogue_sentences import choice_sentence, dialogue_sentence, part_sentence, seed_sentence, turn_cell
from .dialogues import DialogueView
from .drawings import Drawings
from .exact_numbers import marked
from .figure_views import NOTES, FigureView
from .figures import figures, legend_entries
from .glance import at_a_glance, leaders
from .heat import HeatMap, heat_maps
from .latency_cells import FILTERS, template_globals
from .latency_figures import latency_legend
from .other_figures import other_metrics, part_tables
from .published import beside, told_of_published
from .rank_figures import rank_figures
from .realised import realised_cell, realised_notes, realised_title
from .reliance import how_to_measure, lacking, reliance_rows, told_of_reliance
from .removal_sentences import told_of_removals
from .selection import optimism_sentences
from .sentences import in_short, joined
from .slugs import Slugs
from .stability import flip_rows
from .stress_contents import CLEAN
from .stress_sentences import context_free_cel, not_removed_sentence, remarks
from .stresses import protocol_of
from .theme import WEB
from .transfer import told_of_transfer, transfers
from .verdicts import by_quality, verdicts
from .vocabulary import MAIN, METRICS, text_of
from .whole_curves import CurveTable, curve_tables

TEMPLATES = Path(__file__).parent / "templates"
SCRIPTS = ("page.js", "dialogues.js")
"""Together they are the one script of the page."""
NOTHING: Mapping[str, DialogueView] = {}
"""No dialogues are shown."""


@dataclass(frozen=True)
class Drawn:
    """A figure as it stands on the page."""

    view: FigureView
    svg: Markup


def render(
    run: RunView,
    comparisons: ComparisonView | None = None,
    dialogues: Mapping[str, DialogueView] = NOTHING,
    *,
    linked: Collection[str] = (),
) -> str:
    """Return the page: one file that loads nothing.

    `linked`: addresses of the tables and figures whose numbers stand in `tables/` beside the page; a link leads there.
    """
    script = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        _environment()
        .get_template("report.html")
        .render(
            run=run,
            comparisons=comparisons,
            linked=linked,
            slugs=Slugs(),
            dialogues=dialogues,
            figures=_drawn((*figures(run), *rank_figures(comparisons.ranks if comparisons else ()))),
            script=Markup(script),  # noqa: S704 (a file of this package)
            script_hash=f"sha256-{digest}",
        )
    )


def tables_source(run: RunView, comparisons: ComparisonView | None = None) -> str:
    """Return the page without its figures, every number in full: what `csv_tables` reads the tables from."""
    environment = _environment(marked)
    template = environment.get_template("report.html")
    return template.render(
        run=run,
        comparisons=comparisons,
        linked=(),
        slugs=Slugs(),
        dialogues={},
        figures={},
        script="",
        script_hash="",
    )


def main_metrics(of: DataView | ModelView) -> tuple[str, ...]:
    """Return the columns of the tables of conditions: the main metrics that there are."""
    return tuple(metric for metric in MAIN if metric in of.metrics)


def metric_titles(tables: Sequence[HeatMap | CurveTable]) -> tuple[str, ...]:
    """Return what to choose among: the metrics of tables that stand in one another's place."""
    return tuple(text_of(one.metric).title for one in tables)


def headline(run: RunView) -> str:
    """Return what the run is about, in one line."""
    asked = [model.name for model in run.record.models if not model.reference]
    if run.latency and not run.scored:
        timed = run.latency.models
        return f"Latency of {joined(timed) if len(timed) <= 3 else f'{len(timed)} models'}"
    models = ", ".join(asked) if len(asked) <= 3 else f"{len(asked)} models"
    conditions = [condition.text for condition in run.record.conditions if condition.text != CLEAN]
    protocols = list(dict.fromkeys(map(protocol_of, conditions)))
    if not protocols:
        return f"{models} on clean input"
    return f"{models} under {joined(protocols) if len(protocols) <= 3 else f'{len(protocols)} protocols'}"


def row_groups(model: ModelView) -> tuple[tuple[str, tuple[Row, ...]], ...]:
    """Return the conditions of a model by protocol, clean input (empty text) first."""
    groups: dict[str, list[Row]] = {}
    for row in model.rows:
        name = "" if row.condition.text == CLEAN else protocol_of(row.condition.text)
        groups.setdefault(name, []).append(row)
    return tuple((name, tuple(rows)) for name, rows in groups.items())


def spec(text: str) -> Markup:
    """Return a condition as it is typed, with places where a line may break."""
    return Markup("<code>%s</code>") % Markup("<wbr>").join(re.split(r"(?<=[:,+/])", text))


def breakable(name: str) -> Markup:
    """Return a name with places where a line may break."""
    return Markup("<wbr>").join(re.split(r"(?<=[:,+/])", name))


def _drawn(views: Iterable[FigureView]) -> dict[tuple[str, str], list[Drawn]]:
    """Draw figures, by data set and group."""
    found: dict[tuple[str, str], list[Drawn]] = {}
    drawings = Drawings(WEB)
    with WEB.active():
        for view in views:
            svg = drawings.drawn(view, "page", partial(_draw, view)).decode()
            names = f'<title id="{view.slug}-title">{escape(view.title)}</title>'
            names += f'<desc id="{view.slug}-description">{escape(view.note)}</desc>'
            # matplotlib escapes names in the drawing; title and description are escaped here.
            drawn = Drawn(view, Markup(svg.replace(">", f">{names}", 1)))  # noqa: S704
            found.setdefault((view.data, view.group), []).append(drawn)
    drawings.prune()
    return found


def _draw(view: FigureView) -> bytes:
    return svg_for_page(view.draw(WEB), view.slug).encode()


def _environment(finalize: Callable[[object], object] | None = None) -> Environment:
    environment = Environment(
        finalize=finalize,
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=numbers.number,
        signed=numbers.signed,
        spread=numbers.spread,
        percent=numbers.percent,
        count=numbers.count,
        spec=spec,
        breakable=breakable,
        results_of=lambda model, condition: model.results(condition),
        acting_rows_of=acting_rows,
        **FILTERS,
    )
    environment.globals.update(
        ACTING_COLUMNS=ACTING_COLUMNS,
        CLEAN=CLEAN,
        METRICS=METRICS,
        NOTES=NOTES,
        acting_rows=acting_rows,
        at_a_glance=at_a_glance,
        beside=beside,
        by_quality=by_quality,
        cost_metrics=cost_metrics,
        curve_tables=curve_tables,
        choice_sentence=choice_sentence,
        colour_class=colour_class,
        dialogue_sentence=dialogue_sentence,
        gold_cells=gold_cells,
        gold_tokens=gold_tokens,
        part_sentence=part_sentence,
        seed_sentence=seed_sentence,
        short_names=short_names,
        speaker=speaker,
        strip_cells=strip_cells,
        tokens=tokens,
        turn_cell=turn_cell,
        flip_rows=flip_rows,
        headline=headline,
        heat_maps=heat_maps,
        latency_legend=latency_legend,
        **template_globals(),
        in_short=in_short,
        leaders=leaders,
        legend_entries=legend_entries,
        main_metrics=main_metrics,
        metric_titles=metric_titles,
        conformal_absent=absent,
        conformal_methods=methods_of,
        conformal_promise=promise,
        conformal_rows=rows_of,
        conformal_told=told_of_sets,
        context_free_cel=context_free_cel,
        not_removed_sentence=not_removed_sentence,
        optimism_sentences=optimism_sentences,
        realised_cell=realised_cell,
        realised_notes=realised_notes,
        realised_title=realised_title,
        remarks=remarks,
        row_groups=row_groups,
        how_to_measure=how_to_measure,
        lacking_reliance=lacking,
        reliance_rows=reliance_rows,
        told_of_reliance=told_of_reliance,
        other_metrics=other_metrics,
        part_tables=part_tables,
        shown_for=shown_for,
        text_of=text_of,
        told=told,
        told_of_removals=told_of_removals,
        told_of_published=told_of_published,
        told_of_transfer=told_of_transfer,
        transfers=transfers,
        wanted_of=wanted_of,
        verdicts=verdicts,
        why_not=why_not,
    )
    return environment
