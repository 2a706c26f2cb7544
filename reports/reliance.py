"""What predictions depend on: what a report says of Shapley values and of modality weights, page and paper alike."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..benchmark.run_record import ConditionRecord, RunRecord
from .contents import DataView, ModelView
from .numbers import interval, number, percent, signed
from .results import Result
from .sentences import Phrase, Sentence, joined
from .vocabulary import CONTEXTS, MODES, OPERATORS

SLICES = {"all": "", "uncertain": "uncertain: ", "other": "other: "}
"""Utterances by their name in tables, and what the parts of metrics begin with."""
GAMES = ("modalities", "contexts")
"""Players are shared out among in two games."""
_HOWS = {"modalities": OPERATORS, "contexts": MODES}
_SAME = 1e-6
_WORDS = {
    "modalities": ("the modalities", "Its predictions depend most on"),
    "contexts": ("context", "Of context they depend most on"),
}
"""How a game is called, and how a sentence about its players begins."""


@dataclass(frozen=True)
class Reliance:
    """What predictions of a model depend on: one player, or a whole game."""

    player: str
    """Modality or context; of a game `modalities` or `contexts`."""
    game: str
    """`modalities` or `contexts`."""
    how: str
    """How it was removed, in words."""
    shares: Mapping[str, Result]
    """By slice, as far as they are defined; empty for a game."""
    values: Mapping[str, Result]
    """By slice, as far as they are defined."""

    @property
    def whole(self) -> bool:
        """Whether it is the sum over a game."""
        return self.player == self.game

    @property
    def title(self) -> str:
        """As in tables: an operator or mode that is not the standard is named."""
        name = f"all {self.player}" if self.whole else self.player
        return name if self.how == _HOWS[self.game][""] else f"{name}, {self.how}"


def reliance_rows(model: ModelView, data: DataView) -> tuple[Reliance, ...]:
    """Return what a model's predictions depend on, modalities before contexts; empty: not measured."""
    return tuple(_rows(model, data))


def players_of(rows: tuple[Reliance, ...], game: str) -> tuple[Reliance, ...]:
    """Return the players of a game, removed in the standard way."""
    standard = _HOWS[game][""]
    return tuple(row for row in rows if row.game == game and row.how == standard and not row.whole)


def uncertain_share(model: ModelView) -> Result | None:
    """Return the share of utterances that are uncertain: by all standard removals that the run has; None: not known."""
    standard = ("zeros, strict", "zeros", "strict")
    unions = [one for one in model.removals if one.part in ("all", *GAMES) and one.how in standard]
    return unions[-1].uncertain if unions else None


def weights_change(model: ModelView, conditions: Iterable[str]) -> bool:
    """Whether a model's weights differ between some conditions at all."""
    by_modality: dict[str, list[float]] = {}
    for condition in conditions:
        for modality, weight in model.weights.get(condition, {}).items():
            by_modality.setdefault(modality, []).append(weight.value)
    return any(max(values) - min(values) > _SAME for values in by_modality.values())


def told_of_reliance(data: DataView) -> tuple[tuple[ModelView, Sentence], ...]:
    """Return of each model that was measured what its predictions depend on."""
    found = ((model, reliance_rows(model, data)) for model in data.models)
    return tuple((model, _sentence(model, rows)) for model, rows in found if rows)


def how_to_measure(data: DataView, record: RunRecord) -> str:
    """Say what to type for a run that measures nothing of this; empty: it does, or was not to, or something failed."""
    asked = not record.metrics or any(metric.startswith("shapley") for metric in record.metrics)
    if not asked or not data.models or any(model.reliance for model in data.models) or _conditions(data):
        return ""
    return (
        "This run does not tell what predictions depend on. Exact Shapley values of the modalities and of context need "
        "predictions with every subset of them removed: type the command of this run again with --protocol coalitions "
        "and, with --out, this folder; what is there already is kept."
    )


def lacking(data: DataView) -> tuple[str, ...]:
    """Say of which models and games there are no values although the run holds their removals, and why."""
    if not _conditions(data):
        return ()
    told = [
        f"No Shapley values of {game} for {model.name}: {why}."
        for game in GAMES
        for model in data.models
        if model.clean
        and game not in {row.player for row in reliance_rows(model, data)}
        and (why := _why(model, game, data))
    ]
    if len(data.record.widths) == 1:
        told.insert(0, "These data have one modality: there is nothing to share out among modalities.")
    return tuple(told)


def _conditions(data: DataView) -> tuple[ConditionRecord, ...]:
    """Return the conditions that remove several things at once; a run without any was not asked for coalitions."""
    return tuple(condition for condition in data.conditions if "/" in condition.removal)


def _why(model: ModelView, game: str, data: DataView) -> str:
    """Return why a game of the standard operator is not complete; empty: the run was not asked for it."""
    of_contexts = game == "contexts"
    removing = [
        condition.text
        for condition in data.conditions
        if condition.removal
        and ":" not in condition.removal
        and ({*condition.removal.split("/")} <= {*CONTEXTS}) == of_contexts
    ]
    rows = {row.condition.text: row for row in model.rows}
    failed = [text for text in removing if text in rows and rows[text].problems]
    if not failed:
        return ""
    reasons = dict.fromkeys(problem.why for text in failed for problem in rows[text].problems)
    return f"not all of it was predicted under {joined(failed)} ({'; '.join(reasons)})"


def _rows(model: ModelView, data: DataView) -> Iterator[Reliance]:
    names = {"modalities": tuple(data.record.widths), "contexts": CONTEXTS}
    for game in GAMES:
        for arguments, how in _HOWS[game].items():
            own = f":{arguments}" if arguments else ""
            values, shares = model.reliance.get(f"shapley{own}", {}), model.reliance.get(f"shapley_share{own}", {})
            for player in (*names[game], game):
                # A named part that is not defined anywhere, such as the shares of a model that uses no context, stays.
                if player in values or player in shares:
                    yield Reliance(player, game, how, _by_slice(shares, player), _by_slice(values, player))


def _by_slice(parts: Mapping[str, Result], player: str) -> dict[str, Result]:
    found = {name: parts.get(f"{prefix}{player}") for name, prefix in SLICES.items()}
    return {name: figure for name, figure in found.items() if figure is not None and not math.isnan(figure.value)}


def _sentence(model: ModelView, rows: tuple[Reliance, ...]) -> Sentence:
    parts = [phrase for game in GAMES for phrase in _of_game(players_of(rows, game), _total(rows, game), game)]
    agreement = model.reliance.get("weight_agreement", {})
    if "" in agreement and not math.isnan(agreement[""].value):
        parts.append(Phrase(_of_agreement(agreement)))
    return tuple(parts)


def _total(rows: tuple[Reliance, ...], game: str) -> Result | None:
    standard = _HOWS[game][""]
    return next((row.values.get("all") for row in rows if row.whole and (row.game, row.how) == (game, standard)), None)


def _of_game(players: tuple[Reliance, ...], total: Result | None, game: str) -> Iterator[Phrase]:
    if total is None:
        return
    of, lead = _WORDS[game]
    shared = sorted((one for one in players if "all" in one.shares), key=lambda one: -one.shares["all"].value)
    if shared:
        first, *others = shared
        then = joined([f"{one.player} ({number(one.shares['all'].value)})" for one in others])
        yield Phrase(f"{lead} {first.player} (share {_share(first.shares['all'])}), then {then}{_by_slices(first)}. ")
        yield Phrase(f"Together they change the probability of the class predicted by {_with(total)}. ")
    elif abs(total.value) > _SAME:
        yield Phrase(f"{of.capitalize()} changes the probability of the class predicted by {_with(total)}. ")
    else:
        yield Phrase(f"Its predictions do not depend on {of}. ")
    against = [one.player for one in players if "all" in one.values and one.values["all"].high < 0]
    if against:
        verb = "makes" if len(against) == 1 else "make"
        yield Phrase(f"On average {joined(against)} {verb} it less sure of what it says. ")


def _by_slices(first: Reliance) -> str:
    if "uncertain" not in first.shares or "other" not in first.shares:
        return ""
    uncertain, other = (number(first.shares[name].value) for name in ("uncertain", "other"))
    return f"; on uncertain utterances {first.player} has {uncertain}, on the others {other}"


def _of_agreement(agreement: Mapping[str, Result]) -> str:
    first = agreement.get("first")
    if not first or math.isnan(first.value):
        return "It weights modalities alike."
    return (
        f"The modality that it weights most is the one its prediction depends on most in {percent(first.value)} of "
        f"utterances (rank agreement τ {_share(agreement[''])})."
    )


def _share(figure: Result) -> str:
    return f"{number(figure.value)} {interval(figure.low, figure.high)}".strip()


def _with(figure: Result) -> str:
    return f"{signed(figure.value)} {interval(figure.low, figure.high)}".strip()
