"""What is said in words about dialogues that are shown turn by turn."""

from markupsafe import Markup

from ..benchmark.conversations import UNKNOWN
from ..benchmark.run_record import RunRecord
from .dialogue_choice import LONG_ENOUGH
from .dialogues import Dialogue, DialogueView, ModelStrips
from .numbers import MISSING, count, percent, whole_percent


def choice_sentence(view: DialogueView) -> str:
    """Return which dialogues are shown, and by which rule."""
    if not view.left_out:
        return f"{_several(view.total, 'dialogue')}, all of the test split; those that change most come first."
    stressed = any(dialogue.chosen.compared for dialogue in view.dialogues)
    change = (
        "the share of predictions under stress that differ from those on clean input (dialogues of "
        f"{LONG_ENOUGH} turns or more first)"
    )
    error = "the turn at which a wrong class has the highest probability on clean input"
    rule = f"chosen alternately by {change} and by {error}" if stressed else f"chosen by {error}"
    compared = any(not model.reference for model in view.dialogues[0].models)
    over = "over all models" + " but the ceiling" * (compared and view.with_reference)
    return f"Shown are {len(view.dialogues)} of {count(view.total)} dialogues of the test split, {rule}, {over}."


def seed_sentence(record: RunRecord, view: DialogueView) -> str:
    """Return which seed and draw the predictions are of."""
    random = any(condition.random for condition in view.data.conditions) and record.stress_draws > 1
    return "Predictions are those of one training seed, named beside the model" + (
        "; of a stress that was drawn several times they are the first draw." if random else "."
    )


def dialogue_sentence(dialogue: Dialogue) -> str:
    """Return how long a dialogue is and what speaks for showing it."""
    chosen = dialogue.chosen
    pieces = [f"{_several(dialogue.whole, 'turn')}, {_several(dialogue.speakers, 'speaker')}"]
    if chosen.compared:
        share = percent(chosen.changed / chosen.compared)
        pieces.append(f"{share} of {count(chosen.compared)} predictions under stress differ from clean input")
    if dialogue.surest_error >= 0:
        pieces.append(f"surest error on clean input: turn {dialogue.surest_error + 1}, {percent(chosen.wrong_by)}")
    return " · ".join(pieces)


def part_sentence(dialogue: Dialogue) -> str:
    """Return what of a dialogue is left out, and what to type to see it; empty: nothing is."""
    pieces = []
    if len(dialogue.turn) < dialogue.whole:
        first, last = int(dialogue.turn[0]) + 1, int(dialogue.turn[-1]) + 1
        pieces.append(
            f"Turns {first} to {last} of {dialogue.whole}, where most predictions change; all of them: "
            f"--format html:turns={dialogue.whole}."
        )
    if dialogue.shown_conditions < dialogue.conditions:
        pieces.append(
            f"{dialogue.shown_conditions} of {_several(dialogue.conditions, 'condition')}, under which most of its "
            f"predictions change; all of them: --format html:conditions={dialogue.conditions}."
        )
    return " ".join(pieces)


def turn_cell(dialogue: Dialogue, model: ModelStrips, turn: int, classes: tuple[str, ...]) -> Markup:
    """Return the cell of a turn in the table of transcripts: what a model predicts on clean input."""
    p = model.clean.probabilities
    if p is None:
        return Markup('<td class="text">%s</td>') % MISSING
    predicted, gold = int(p[turn].argmax()), int(dialogue.label[turn])
    wrong = Markup(' <span class="wrong">wrong</span>') if gold not in (predicted, UNKNOWN) else Markup("")
    changed, conditions = model.changed(turn)
    below = Markup(' <span class="floor">other under %d of %d</span>') % (changed, conditions) if conditions else ""
    return Markup('<td class="text"><span class="find">%s</span> %s %%%s%s</td>') % (
        classes[predicted],
        whole_percent(float(p[turn, predicted])),
        wrong,
        below,
    )


def _several(number: int, name: str) -> str:
    return f"{count(number)} {name}{'s' * (number != 1)}"
