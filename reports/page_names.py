"""What templates of the page call by name: functions of the report, and texts."""

from collections.abc import Callable, Mapping
from typing import Any

from . import latency_cells, numbers
from .acting import ACTING_COLUMNS, acting_rows, cost_metrics, shown_for, told, wanted_of, why_not
from .conformal import absent, methods_of, promise, rows_of
from .conformal import told as told_of_sets
from .constant import constant_sentence
from .dialogue_cells import colour_class, gold_cells, gold_tokens, short_names, speaker, strip_cells, tokens
from .dialogue_sentences import choice_sentence, dialogue_sentence, part_sentence, seed_sentence, turn_cell
from .figure_views import NOTES
from .figures import legend_entries
from .glance import at_a_glance, leaders
from .heat import heat_maps
from .latency_figures import latency_legend
from .other_figures import other_metrics, part_tables
from .published import beside, told_of_published
from .realised import realised_cell, realised_notes, realised_title
from .reliance import how_to_measure, lacking, reliance_rows, told_of_reliance
from .removal_sentences import told_of_removals
from .selection import optimism_sentences
from .sentences import in_short, lowered
from .stability import flip_rows
from .stress_contents import CLEAN
from .stress_sentences import context_free_cel, not_removed_sentence, remarks
from .transfer import told_of_transfer, transfers
from .verdicts import by_quality, nothing_left, verdicts
from .vocabulary import METRICS, text_of
from .whole_curves import curve_tables

# `Any`: templates are not typed.
FILTERS: Mapping[str, Callable[..., Any]] = {
    "number": numbers.number,
    "signed": numbers.signed,
    "spread": numbers.spread,
    "percent": numbers.percent,
    "count": numbers.count,
    "results_of": lambda model, condition: model.results(condition),
    "acting_rows_of": acting_rows,
    **latency_cells.FILTERS,
}
"""By name."""
GLOBALS: Mapping[str, Any] = {
    "ACTING_COLUMNS": ACTING_COLUMNS,
    "CLEAN": CLEAN,
    "METRICS": METRICS,
    "NOTES": NOTES,
    "acting_rows": acting_rows,
    "at_a_glance": at_a_glance,
    "beside": beside,
    "by_quality": by_quality,
    "cost_metrics": cost_metrics,
    "curve_tables": curve_tables,
    "choice_sentence": choice_sentence,
    "colour_class": colour_class,
    "dialogue_sentence": dialogue_sentence,
    "gold_cells": gold_cells,
    "gold_tokens": gold_tokens,
    "part_sentence": part_sentence,
    "seed_sentence": seed_sentence,
    "short_names": short_names,
    "speaker": speaker,
    "strip_cells": strip_cells,
    "tokens": tokens,
    "turn_cell": turn_cell,
    "flip_rows": flip_rows,
    "heat_maps": heat_maps,
    "latency_legend": latency_legend,
    **latency_cells.template_globals(),
    "constant_sentence": constant_sentence,
    "in_short": in_short,
    "leaders": leaders,
    "legend_entries": legend_entries,
    "nothing_left": nothing_left,
    "conformal_absent": absent,
    "conformal_methods": methods_of,
    "conformal_promise": promise,
    "conformal_rows": rows_of,
    "conformal_told": told_of_sets,
    "context_free_cel": context_free_cel,
    "not_removed_sentence": not_removed_sentence,
    "optimism_sentences": optimism_sentences,
    "realised_cell": realised_cell,
    "realised_notes": realised_notes,
    "realised_title": realised_title,
    "remarks": remarks,
    "how_to_measure": how_to_measure,
    "lacking_reliance": lacking,
    "lowered": lowered,
    "reliance_rows": reliance_rows,
    "told_of_reliance": told_of_reliance,
    "other_metrics": other_metrics,
    "part_tables": part_tables,
    "shown_for": shown_for,
    "text_of": text_of,
    "told": told,
    "told_of_removals": told_of_removals,
    "told_of_published": told_of_published,
    "told_of_transfer": told_of_transfer,
    "transfers": transfers,
    "wanted_of": wanted_of,
    "verdicts": verdicts,
    "why_not": why_not,
}
"""By name."""
