"""The figures of a paper: those of the page, and those that only paper has room for."""

from collections.abc import Iterator

from ..benchmark.run_folder import RunFolder
from .figure_views import FigureView
from .figures import figures, unique_slugs
from .heat_figures import heat_figures
from .only import read_view
from .rank_figures import rank_figures
from .reliance_swarm import swarm_figures
from .sections import section_of_figure


def paper_figures(folder: RunFolder) -> tuple[FigureView, ...]:
    """Return the figures of a run folder in the order of the report, then the others.

    Raises
    ------
    RunFolderError
        When the folder cannot be read.
    """
    run, comparisons = read_view(folder)

    def found() -> Iterator[FigureView]:
        yield from figures(run)
        yield from rank_figures(comparisons.ranks if comparisons else ())
        for data in run.data:
            yield from heat_figures(data)
        yield from swarm_figures(folder, run)

    return tuple(one for one in unique_slugs(found()) if run.shows(section_of_figure(one.group)))
