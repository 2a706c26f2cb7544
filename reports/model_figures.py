"""Figures of models by themselves: confusion, classes, modality weights, training."""

from collections.abc import Sequence
from functools import partial

from . import plots
from .canvas import cut, wrapped
from .contents import DataView, ModelView
from .figure_views import FigureView, TableView, modality_first, named
from .numbers import count, number, percent
from .plots import Series, Trace
from .results import Result


def confusion_figure(data: DataView, model: ModelView) -> FigureView:
    """Return the confusion matrix of a model on clean input."""
    classes = data.record.classes
    rows = tuple(
        (gold, *(count(value) for value in counts), percent(counts[place] / sum(counts) if sum(counts) else None))
        for place, (gold, counts) in enumerate(zip(classes, model.confusion, strict=True))
    )
    return FigureView(
        "confusion", data.name, model.name, f"confusion-{data.name}-{model.name}",
        model.name, f"Confusion matrix of {model.name} on clean input, on {named(data)}",
        TableView(("gold", *(f"as {name}" for name in classes), "found"), rows),
        partial(plots.confusion, counts=model.confusion, classes=classes, place=model.place),
    )  # fmt: skip


def classes_figure(data: DataView) -> FigureView | None:
    """Return F1 per class on clean input, all models together; None: not in the run."""
    series = tuple(
        Series(model.name, model.place, _by_class(model, data.record.classes))
        for model in data.models
        if model.class_f1
    )
    if not series:
        return None
    classes = data.record.classes
    counts = data.record.label_counts.get("test", ())
    rows = tuple(
        (
            one.name,
            classes[int(place)],
            found.shown.value,
            found.shown.interval,
            count(counts[int(place)] if len(counts) == len(classes) else None),
        )
        for one in series
        for place, found in one.points
    )
    return FigureView(
        "classes", data.name, "", f"classes-{data.name}",
        "F1 per class", f"F1 per class on clean input, on {named(data)}",
        TableView(("model", "class", "F1", "95 % interval", "test utterances"), rows),
        partial(plots.intervals, rows=list(map(cut, classes)), series=series, title="F1", unit_range=True),
    )  # fmt: skip


def weights_figure(
    data: DataView, model: ModelView, modalities: Sequence[str], group: tuple[str, tuple[str, ...]]
) -> FigureView:
    """Return the modality weights of a model by condition.

    Parameters
    ----------
    modalities
        In the order of their colours.
    group
        Protocol (empty: none) and the conditions to show.
    """
    protocol, conditions = group
    label = {row.condition.text: row.label for row in model.rows}
    weights = {label[text]: model.weights[text] for text in conditions}
    rows = tuple((name, *(_cell(found.get(modality)) for modality in modalities)) for name, found in weights.items())
    shares = [
        [found[modality].value if modality in found else 0.0 for modality in modalities] for found in weights.values()
    ]
    under = f" under {protocol}" if protocol else ""
    return FigureView(
        "weights", data.name, model.name, "-".join(filter(None, ("weights", data.name, model.name, protocol))),
        f"{model.name}{under}", f"Mean modality weights of {model.name} by condition{under}, on {named(data)}",
        TableView(("condition", *modalities), rows),
        partial(
            plots.weights, rows=[wrapped(modality_first(name)) for name in weights], modalities=modalities,
            shares=shares,
        ),
        protocol,
    )  # fmt: skip


def training_figure(data: DataView, model: ModelView, score: str, title: str) -> FigureView:
    """Return a score of a model over epochs, one line per seed and split."""
    traces = tuple(
        Trace(
            tuple((epoch.number, scores[score]) for epoch, scores in epochs if score in scores),
            place,
            fit.chosen_epoch,
        )
        for fit in model.fits
        for place, epochs in enumerate(([(e, e.validation) for e in fit.epochs], [(e, e.test) for e in fit.epochs]))
        if any(score in scores for _, scores in epochs)
    )
    rows = tuple(
        (
            str(fit.seed),
            f"{epoch.number}{' (chosen)' if epoch.number == fit.chosen_epoch else ''}",
            number(epoch.train_loss),
            number(epoch.validation.get(score)),
            number(epoch.test.get(score)),
        )
        for fit in model.fits
        for epoch in fit.epochs
    )
    return FigureView(
        "training", data.name, model.name, f"training-{data.name}-{model.name}-{score}",
        f"{model.name}: {title}", f"{title} of {model.name} over the epochs of training, on {named(data)}",
        TableView(("seed", "epoch", "training loss", f"{title}, validation", f"{title}, test"), rows),
        partial(plots.training, traces=traces, title=title, names=("validation", "test")),
    )  # fmt: skip


def _by_class(model: ModelView, classes: tuple[str, ...]) -> tuple[tuple[float, Result], ...]:
    return tuple((float(place), model.class_f1[name]) for place, name in enumerate(classes) if name in model.class_f1)


def _cell(figure: Result | None) -> str:
    if figure is None:
        return number(None)
    return str(figure.shown)
