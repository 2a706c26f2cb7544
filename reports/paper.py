"""The LaTeX file: which tables it holds and what their captions say."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .acting_paper import acting_tables
from .comparison_paper import comparison_tables
from .comparisons import ComparisonView
from .conditions_paper import main_tables
from .conformal_paper import conformal_tables
from .constant import constant_sentence
from .contents import DataView, RunView
from .definitions import section_label
from .figure_views import FigureView
from .figures import figures
from .latency_figures import GROUPS
from .latency_paper import latency_tables
from .layout_paper import layout_tables
from .methods import methods
from .numbers import count
from .other_paper import other_tables
from .page import TEMPLATES, headline
from .paper_marks import Differences, differences
from .paper_tables import further_tables, problems_table, slug
from .published_paper import published_tables
from .rank_figures import rank_figures
from .references import cited
from .reliance_paper import reliance_tables
from .sections import section_of_label
from .selection import optimism_sentences
from .sentences import in_short
from .stress_sentences import remarks
from .tex import Remark, Tex, as_tex, breakable, code, escape, prose
from .transfer_paper import transfer_tables


def render(run: RunView, comparisons: ComparisonView | None = None, layout: str = "") -> str:
    """Return a LaTeX document that compiles by itself; figures are shown where `figures/` is beside it."""
    references = cited(run, compared=comparisons is not None)
    drawn, ranked = figures(run), rank_figures(comparisons.ranks if comparisons else ())
    return (
        _environment()
        .get_template("report.tex")
        .render(
            run=run,
            figures=drawn,
            ranked=ranked,
            captioned=_captions((*drawn, *ranked)),
            headline=headline(run),
            tables=data_tables(run, comparisons),
            section_label=lambda data: Tex(section_label(data)),
            code=code,
            constant_sentence=constant_sentence,
            in_short=lambda data: [(model, as_tex(said)) for model, said in in_short(data)],
            breakable=breakable,
            prose=prose,
            count=count,
            latency_groups=GROUPS,
            latencies=tuple(latency_tables(run)),
            layouts=tuple(layout_tables(run, layout)),
            methods=methods(run, references, comparisons),
            references=references,
            problems=problems_table(run),
            optimism_sentences=optimism_sentences,
            comparisons=comparison_tables(comparisons, run) if comparisons else None,
            remarks=lambda stress, data: Tex(
                " ".join(as_tex(sentence) for sentence in remarks(stress, data, run.record))
            ),
        )
    )


def data_tables(run: RunView, comparisons: ComparisonView | None = None) -> Mapping[str, tuple[Tex, ...]]:
    """Return by data set the tables of a run, and what is said between them."""
    told = differences(comparisons)
    return {data.name: tuple(one for one in _tables(data, run, told) if _is_shown(one, data, run)) for data in run.data}


def _is_shown(one: Tex, data: DataView, run: RunView) -> bool:
    if isinstance(one, Remark):
        return run.shows(one.section)
    label = re.search(r"\\label\{([^}]*)\}", one)
    return label is None or run.shows(section_of_label(label[1], slug(data)))


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


def _captions(views: Sequence[FigureView]) -> Callable[[FigureView], Tex]:
    """Return what shows a figure: of each group and data set the first says what is to be seen."""
    first = {(view.data, view.group): view.slug for view in reversed(views)}

    def captioned(view: FigureView) -> Tex:
        note = f" {escape(view.note)}" if first[view.data, view.group] == view.slug else ""
        return Tex(rf"\figureifthere{{{view.slug}}}{{{prose(view.title)}.{note}}}")

    return captioned


def _tables(data: DataView, run: RunView, told: Differences) -> Iterator[Tex]:
    yield from main_tables(data, run, told)
    yield from further_tables(data, run)
    yield from transfer_tables(data, run)
    yield from acting_tables(data, run)
    # Of a run without predictions there is nothing to say of prediction sets.
    yield from conformal_tables(data, run) if run.scored else ()
    yield from reliance_tables(data, run)
    yield from published_tables(data, run)
    yield from other_tables(data, run)
