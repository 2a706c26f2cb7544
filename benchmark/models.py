"""Models by spec text: `rage_fusion`, `m3net:preset=paper+cmerc`, `sdt+ensemble:members=5+temperature`.

What follows a model is a training method, which changes how it is trained, or a calibrator, which changes what it says
afterwards; methods come first.
"""

from ..baselines.base import Model, ReadsFiles
from .errors import SpecError
from .registry import CALIBRATORS, METHODS, MODELS, canonical_text, kind_of, make_call, source_key, summary
from .specs import Call, join, parse

SUFFIXES = (METHODS, CALIBRATORS)
"""What may follow a model, in this order."""


def make_model(text: str) -> Model:
    """Return the model that a spec text describes; methods and calibrators are applied left to right.

    Raises
    ------
    SpecError, UnknownName
        One line: what was expected, what was got, what to type.
    """
    first, methods, calibrators = _parts(text)
    model: Model = make_call(MODELS, first)
    for place, call in enumerate(methods):
        model = make_call(METHODS, call).applied_to(model, text=join((first, *methods[: place + 1])))
    if not calibrators:
        return model
    from ..baselines.calibrated import Calibrated

    return Calibrated(model, tuple(make_call(CALIBRATORS, call) for call in calibrators))


def canonical_model(text: str) -> str:
    """Return the one spelling of a model's text; errors of names, arguments and order as in `make_model`."""
    _parts(text)
    return canonical_text(MODELS, text, suffixes=SUFFIXES)


def before_calibration(text: str) -> str:
    """Return the text of a model without its calibrators, training methods included."""
    first, methods, _ = _parts(text)
    return join((first, *methods))


def model_summary(text: str) -> str:
    """Return in one sentence what a model is, and one more for each method and calibrator."""
    first, methods, calibrators = _parts(text)
    return " ".join(
        [
            summary(MODELS, first.name),
            *(f"Trained with: {summary(METHODS, call.name)}" for call in methods),
            *(f"Then: {summary(CALIBRATORS, call.name)}" for call in calibrators),
        ]
    )


def model_sources(text: str) -> tuple[str, ...]:
    """Return keys of the code of those parts that are not part of this package, and of the files that a model reads.

    Raises
    ------
    DataError
        When a file that the model reads cannot be read.
    """
    first, methods, calibrators = _parts(text)
    keys = (
        source_key(MODELS, first.name),
        *(source_key(METHODS, call.name) for call in methods),
        *(source_key(CALIBRATORS, call.name) for call in calibrators),
    )
    model = make_call(MODELS, first)
    return (*keys, model.content_key()) if isinstance(model, ReadsFiles) else keys


def _parts(text: str) -> tuple[Call, tuple[Call, ...], tuple[Call, ...]]:
    """Return the model, the methods and the calibrators of a text, each method once and all before the calibrators."""
    first, *rest = parse(text)
    kinds = [kind_of(call, SUFFIXES) for call in rest]
    methods = tuple(call for call, kind in zip(rest, kinds, strict=True) if kind is METHODS)
    calibrators = tuple(call for call, kind in zip(rest, kinds, strict=True) if kind is CALIBRATORS)
    twice = next(
        (call.name for place, call in enumerate(methods) if call.name in {m.name for m in methods[:place]}), ""
    )
    if twice:
        raise SpecError(f"expected each training method once in {text!r}, got {twice} twice; type +{twice} once")
    if (*methods, *calibrators) != tuple(rest):
        raise SpecError(
            f"expected training methods before calibrators in {text!r}; type {join((first, *methods, *calibrators))}"
        )
    return first, methods, calibrators
