"""Single dialogues turn by turn: what each model predicted on clean input and under stress, beside what was felt."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from jaxtyping import Float, Int64

from ..benchmark.errors import RunFolderError
from ..benchmark.run_folder import RunFolder
from ..benchmark.run_record import RunRecord
from .contents import DataView, RunView
from .dialogue_choice import Chosen, Tally, choose, most_changed, sure_and_wrong, window
from .outputs import Outputs, Said, Source, read_said, sources_of
from .stress_contents import CLEAN

DIALOGUES = 8
"""Dialogues of each data set that are shown, unless they are too large together."""
STRIPS = 60
"""Strips of one dialogue, over all models, that the number of conditions is chosen for."""
TURNS = 40
"""Turns of one dialogue that are shown."""
ROOM = 1_000_000
"""Bytes of the page, about, that dialogues may take; one of each data set is always shown."""


@dataclass(frozen=True)
class Limits:
    """How much is shown; None: as much as fits."""

    dialogues: int | None = None
    """Of each data set."""
    conditions: int | None = None
    """Of each dialogue, beside clean input."""
    turns: int = TURNS
    """Of each dialogue."""


@dataclass(frozen=True, eq=False)
class Strip:
    """What one model gave for the turns shown under one condition."""

    condition: str
    probabilities: Float[np.ndarray, "turns classes"] | None
    """None: it was not computed."""
    missing: str = ""
    """Why not."""


@dataclass(frozen=True, eq=False)
class ModelStrips:
    """One model in one dialogue."""

    name: str
    seed: int
    """Training seed."""
    reference: bool
    """True: the exact posterior."""
    strips: tuple[Strip, ...]
    """Clean input first."""

    @property
    def clean(self) -> Strip:
        """On clean input."""
        return self.strips[0]

    def changed(self, turn: int) -> tuple[int, int]:
        """Return under how many of the conditions shown a turn's predicted class differs from clean, and of how many.

        Only for a model whose clean input is there.
        """
        clean = self.clean.probabilities
        assert clean is not None
        there = [strip.probabilities for strip in self.strips[1:] if strip.probabilities is not None]
        return sum(int(p[turn].argmax()) != int(clean[turn].argmax()) for p in there), len(there)


@dataclass(frozen=True, eq=False)
class Dialogue:
    """A dialogue, or a part of a long one."""

    name: str
    chosen: Chosen
    """Why it is shown."""
    turn: Int64[np.ndarray, " turns"]
    """Position in the dialogue, from 0."""
    speaker: Int64[np.ndarray, " turns"]
    label: Int64[np.ndarray, " turns"]
    """Gold class; −1: unknown."""
    transcripts: tuple[str | None, ...]
    speakers: int
    """Speakers of the whole dialogue."""
    surest_error: int
    """Position of the turn at which models are most surely wrong on clean input; −1: nowhere."""
    conditions: int
    """How many conditions there are, clean left out; the strips may show less."""
    models: tuple[ModelStrips, ...]

    @property
    def whole(self) -> int:
        """Turns of the whole dialogue."""
        return len(self.chosen.rows)

    @property
    def shown_conditions(self) -> int:
        """How many conditions the strips show, clean left out."""
        return max((len(model.strips) - 1 for model in self.models), default=0)


@dataclass(frozen=True)
class DialogueView:
    """The dialogues of one data set that are shown."""

    data: DataView
    total: int
    """Dialogues of the test split."""
    dialogues: tuple[Dialogue, ...]
    transcribed: bool
    """Whether anything that was said is known."""
    missing: tuple[str, ...]
    """What cannot be shown, and why; a sentence each."""

    @property
    def left_out(self) -> int:
        """Dialogues that are not shown."""
        return self.total - len(self.dialogues)

    @property
    def with_reference(self) -> bool:
        """Whether the exact posterior is among the models."""
        return any(model.reference for dialogue in self.dialogues for model in dialogue.models)


def dialogues_of(folder: RunFolder, run: RunView, limits: Limits) -> dict[str, DialogueView]:
    """Return what is shown of single dialogues, by data set."""
    try:
        said = read_said(folder)
    except RunFolderError as error:
        return {data.name: DialogueView(data, 0, (), False, (_told(error, folder),)) for data in run.data}
    room = ROOM // max(len(run.data), 1)
    return {
        data.name: _of_data(folder, run.record, data, said[data.name], limits, room)
        if data.name in said
        else DialogueView(data, 0, (), False, ("utterances.parquet holds no utterance of these data",))
        for data in run.data
    }


@dataclass(frozen=True, eq=False)
class _Plan:
    """What is shown of one dialogue."""

    chosen: Chosen
    rows: Int64[np.ndarray, " turns"]
    conditions: tuple[str, ...]
    """Clean first."""


def _of_data(
    folder: RunFolder, record: RunRecord, data: DataView, said: Said, limits: Limits, room: int
) -> DialogueView:
    opened, missing = _open(folder, record, data, said)
    try:
        tally, readable, unreadable = _tally(data, opened, said)
        plans = tuple(_plans(data, said, tally, limits, room, models=len(readable)))
        strips = [_strips(record, data, one, plans) for one in readable]
    finally:
        for one in opened:
            one.close()
    return DialogueView(
        data=data,
        total=len(set(said.utterances.dialogue.tolist())),
        dialogues=tuple(
            _dialogue(said, tally, plan, tuple(model[place] for model in strips)) for place, plan in enumerate(plans)
        )
        if strips
        else (),
        transcribed=said.transcribed,
        missing=tuple(_told(error, folder) for error in (*missing, *unreadable)),
    )


def _open(
    folder: RunFolder, record: RunRecord, data: DataView, said: Said
) -> tuple[list[Outputs], list[RunFolderError]]:
    """Open the predictions of each model, references last; what cannot be opened is told."""
    opened, missing = [], []
    sources = {source.model: source for source in sources_of(record, data.name)}
    for model in data.models:
        if model.name in sources:
            try:
                size, classes = len(said.utterances), len(data.record.classes)
                opened.append(Outputs(folder, sources[model.name], utterances=size, classes=classes))
            except RunFolderError as error:
                missing.append(error)
    return opened, missing


def _tally(data: DataView, opened: Sequence[Outputs], said: Said) -> tuple[Tally, list[Outputs], list[RunFolderError]]:
    """Read all predictions once and keep what the choice needs; also return which files could be read."""
    references = {model.name for model in data.models if model.reference}
    compared = {one.source.model for one in opened if one.source.model not in references} or references
    changed = {one.text: np.zeros(len(said.utterances), np.int64) for one in data.conditions if one.text != CLEAN}
    pairs, clean, readable, unreadable = 0, [], [], []
    for one in opened:
        try:
            predicted = {condition: one.predicted(condition) for condition in one.source.conditions}
        except RunFolderError as error:
            unreadable.append(error)
            continue
        readable.append(one)
        if one.source.model in compared and CLEAN in predicted:
            clean.append(one.read(CLEAN))
            for condition in changed.keys() & predicted.keys():
                changed[condition] += predicted[condition] != predicted[CLEAN]
                pairs += 1
    return Tally(changed, pairs, sure_and_wrong(clean, said.utterances.label)), readable, unreadable


def _plans(data: DataView, said: Said, tally: Tally, limits: Limits, room: int, *, models: int) -> Iterator[_Plan]:
    """Yield what is shown of which dialogue, until the number wanted or the room is used up."""
    wanted = DIALOGUES if limits.dialogues is None else limits.dialogues
    conditions = max(STRIPS // max(models, 1) - 1, 1) if limits.conditions is None else limits.conditions
    used = 0.0
    for place, chosen in enumerate(islice(choose(said.utterances, tally), wanted)):
        rows = window(tally, chosen, limits.turns)
        shown = (CLEAN, *most_changed(tally, rows, conditions))
        used += _weight(models, len(shown), len(rows), len(data.record.classes))
        if limits.dialogues is None and used > room and place:
            return
        yield _Plan(chosen, rows, shown)


def _weight(models: int, conditions: int, turns: int, classes: int) -> float:
    """Return about how many bytes of the page a dialogue takes: its strips and its transcript."""
    return models * conditions * (110 + turns * (32 + 2.7 * classes)) + turns * (220 + 115 * models)


def _strips(record: RunRecord, data: DataView, outputs: Outputs, plans: Sequence[_Plan]) -> list[ModelStrips]:
    """Return one model's strips in every dialogue that is shown."""
    source = outputs.source
    wanted = dict.fromkeys(condition for plan in plans for condition in plan.conditions)
    found: dict[str, list[Float[np.ndarray, "turns classes"]]] = {}
    for condition in wanted:
        if condition in source.conditions:
            probabilities = outputs.read(condition)
            found[condition] = [probabilities[plan.rows] for plan in plans]
    why = _reasons(record, source)
    reference = any(model.reference for model in data.models if model.name == source.model)
    return [
        ModelStrips(
            name=source.model,
            seed=source.seed,
            reference=reference,
            strips=tuple(
                Strip(condition, found[condition][place])
                if condition in found
                else Strip(condition, None, why.get(condition, "not asked for"))
                for condition in plan.conditions
            ),
        )
        for place, plan in enumerate(plans)
    ]


def _reasons(record: RunRecord, source: Source) -> Mapping[str, str]:
    place = (source.model, source.data, source.seed)
    return {
        cell.condition: f"{cell.state}: {cell.why}"
        for cell in record.cells
        if (cell.model, cell.data, cell.seed) == place and cell.state != "done"
    }


def _dialogue(said: Said, tally: Tally, plan: _Plan, models: tuple[ModelStrips, ...]) -> Dialogue:
    rows, utterances, chosen = plan.rows, said.utterances, plan.chosen
    error = chosen.rows[chosen.wrong_turn] if chosen.wrong_turn >= 0 else None
    return Dialogue(
        name=said.dialogue_ids[rows[0]],
        chosen=chosen,
        turn=utterances.turn[rows],
        speaker=utterances.speaker[rows],
        label=utterances.label[rows],
        transcripts=tuple(said.transcripts[row] for row in rows),
        speakers=len(set(utterances.speaker[chosen.rows].tolist())),
        surest_error=-1 if error is None else int(utterances.turn[error]),
        conditions=len(tally.changed),
        models=models,
    )


def _told(error: RunFolderError, folder: RunFolder) -> str:
    """Return what is wrong, without saying where the folder lies: it may be moved."""
    return str(error).replace(f"{folder.path}/", "")
