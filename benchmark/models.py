"""Models by spec text: `rage_fusion`, `rage_fusion:preset=paper`, `late_fusion+temperature`."""

from ..baselines.base import Model, ReadsFiles
from .registry import CALIBRATORS, MODELS, canonical_text, make_call, source_key, summary
from .specs import parse


def make_model(text: str) -> Model:
    """Return the model that a spec text describes; calls after the first are calibrators, applied left to right.

    Raises
    ------
    SpecError, UnknownName
        One line: what was expected, what was got, what to type.
    """
    first, *rest = parse(text)
    model: Model = make_call(MODELS, first)
    if not rest:
        return model
    from ..baselines.calibrated import Calibrated

    return Calibrated(model, tuple(make_call(CALIBRATORS, call) for call in rest))


def canonical_model(text: str) -> str:
    """Return the one spelling of a model's text; errors as in `make_model`."""
    return canonical_text(MODELS, text, suffixes=CALIBRATORS)


def before_calibration(text: str) -> str:
    """Return the text of a model without its calibrators."""
    return str(parse(text)[0])


def model_summary(text: str) -> str:
    """Return in one sentence what a model is."""
    first, *rest = parse(text)
    sentence = summary(MODELS, first.name)
    return " ".join([sentence, *(f"Then: {summary(CALIBRATORS, call.name)}" for call in rest)])


def model_sources(text: str) -> tuple[str, ...]:
    """Return keys of the code of those parts that are not part of this package, and of the files that a model reads.

    Raises
    ------
    DataError
        When a file that the model reads cannot be read.
    """
    first, *rest = parse(text)
    keys = (source_key(MODELS, first.name), *(source_key(CALIBRATORS, call.name) for call in rest))
    model = make_call(MODELS, first)
    return (*keys, model.content_key()) if isinstance(model, ReadsFiles) else keys
