"""The HTML page: what the templates are given, and how figures get into them."""

import base64
import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from .comparisons import ComparisonView
from .compiled import Compiled
from .contents import DataView, ModelView, Row, RunView
from .dialogues import DialogueView
from .drawings import Drawings
from .exact_numbers import marked, unmarked
from .figure_views import FigureView
from .figures import figures
from .heat import HeatMap
from .page_names import FILTERS, GLOBALS
from .rank_figures import rank_figures
from .sentences import joined
from .slugs import Slugs
from .stress_contents import CLEAN
from .stresses import protocol_of
from .theme import WEB
from .tight import tightened
from .vocabulary import MAIN, text_of
from .whole_curves import CurveTable

TEMPLATES = Path(__file__).parent / "templates"
SCRIPTS = ("page.js", "dialogues.js")
"""Together they are the one script of the page."""
NOTHING: Mapping[str, DialogueView] = {}
"""No dialogues are shown."""
_PLACE = re.compile(r'<svg data-place="(\d+)"/>')


@dataclass(frozen=True)
class Drawn:
    """A figure as it stands on the page."""

    view: FigureView
    svg: Markup
    """Holds its place until it is drawn."""


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
    views = (*figures(run), *rank_figures(comparisons.ranks if comparisons else ()))
    pages: list[str] = []

    def write() -> None:
        page = (
            _environment()
            .get_template("report.html")
            .render(
                run=run,
                comparisons=comparisons,
                linked=linked,
                slugs=Slugs(),
                dialogues=dialogues,
                figures=_placed(views),
                script=Markup(script),  # noqa: S704 (a file of this package)
                script_hash=f"sha256-{digest}",
            )
        )
        pages.append(tightened(page))

    drawings = Drawings(WEB)
    # All but the figures: this process writes it while others draw.
    contents = drawings.drawn(views, ["page"], meanwhile=write)
    drawings.prune()
    return _PLACE.sub(lambda found: _named(views[int(found[1])], contents[int(found[1])]["page"].decode()), pages[0])


def tables_source(run: RunView, comparisons: ComparisonView | None = None) -> str:
    """Return the page without its figures, every number in full: what `csv_tables` reads the tables from."""
    environment = _environment(marked)
    # What the filter makes is markup, which is taken to hold marks.
    environment.filters["breakable"] = lambda name: breakable(unmarked(name))
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


def _placed(views: Sequence[FigureView]) -> dict[tuple[str, str], list[Drawn]]:
    """Return figures by data set and group, with what `_PLACE` finds for drawings; no text of a run is markup."""
    found: dict[tuple[str, str], list[Drawn]] = {}
    for number, view in enumerate(views):
        place = Markup(f'<svg data-place="{number}"/>')  # noqa: S704 (a number)
        found.setdefault((view.data, view.group), []).append(Drawn(view, place))
    return found


def _named(view: FigureView, svg: str) -> str:
    """Return a drawing with title and description; in the drawing itself matplotlib escapes names."""
    names = f'<title id="{view.slug}-title">{escape(view.title)}</title>'
    names += f'<desc id="{view.slug}-description">{escape(view.note)}</desc>'
    return svg.replace(">", f">{names}", 1)


def _environment(finalize: Callable[[object], object] | None = None) -> Environment:
    environment = Environment(
        bytecode_cache=Compiled("plain" if finalize is None else finalize.__qualname__),
        finalize=finalize,
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS, spec=spec, breakable=breakable)
    environment.globals.update(
        GLOBALS, headline=headline, main_metrics=main_metrics, metric_titles=metric_titles, row_groups=row_groups
    )
    return environment
