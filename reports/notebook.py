"""A run as a notebook shows it: the small table of the summary as HTML, in which every name is text."""

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .contents import RunView
from .markdown import main_metrics, metric_title, worst
from .page import TEMPLATES, headline
from .verdicts import by_quality
from .vocabulary import text_of


def summary_html(run: RunView) -> str:
    """Return headline and small table of each data set: no script, no style that reaches beyond."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    template = environment.get_template("notebook.html")
    return template.render(
        run=run, headline=headline(run), main_metrics=main_metrics, metric_title=metric_title, worst=worst,
        by_quality=by_quality, quality=lambda data: text_of(data.quality).title,
    )  # fmt: skip
