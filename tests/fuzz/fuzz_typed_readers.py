"""Readers of what is typed: spec texts and options."""

from pathlib import Path

from fuzz_bytes import damaged
from fuzz_draws import Draw
from fuzz_inputs import Input, Make, Reader
from fuzz_values import TEXTS

from emobench.benchmark import registry
from emobench.benchmark.conditions import expand, expand_all
from emobench.benchmark.executors.execution import memory_of
from emobench.benchmark.models import canonical_model, make_model, model_summary
from emobench.benchmark.registry import DATASETS, FORMATS, METRICS, MODELS, PROTOCOLS, canonical_text, make
from emobench.protocols.base import DataFacts

_FACTS = (DataFacts(("text", "audio", "video"), 2, 8), DataFacts(("text",), 1, 1))
_VALUES = (
    "0", "1", "-1", "0.5", "2", "1e999", "nan", "inf", "-inf", "9" * 400, "9" * 5000, "1e308", "0x10", "1_0", "true",
    "false", "None",
    "text", "audio/text", "audio/audio", "a/b/c", "", "told", "silent", "..", "../../etc/passwd", "~", "~root", "%00",
    "%2e%2e%2f", "*",
    "ece", "cel:form=sum", "cel:form=sum/space=log", "sliced:by=shift", "x" * 3000, "é", "\0", "\n", "a=b", "a:b", ":",
    "=", "+", ",", "/", "-0", "1e-320",
)  # fmt: skip


def spec_text(draw: Draw, kind: registry.Kind) -> str:
    """Return a spec text that is nearly right."""
    from emobench.benchmark.arguments import describe

    calls = []
    for _ in range(draw.few(3)):
        name = draw.choice(registry.names(kind))
        if draw.chance(0.1):
            name = draw.choice(TEXTS)
            calls.append(name)
            continue
        arguments = describe(registry.plugin_class(kind, name))
        pairs = []
        for _ in range(draw.randrange(4)):
            argument = (
                draw.choice(arguments).name
                if arguments and draw.chance(0.85)
                else draw.choice(("", "x", "path", *TEXTS[:20]))
            )
            known = [one.kind for one in arguments if one.name == argument]
            choices = known[0].split(" | ") if known and " | " in known[0] else ["0.2", "1"]
            pairs.append(f"{argument}={draw.choice(_VALUES) if draw.chance(0.6) else draw.choice(choices)}")
        calls.append(
            f"{name}{':' * bool(pairs or draw.chance(0.05))}{draw.choice((',', ',', ',', '/', ';')).join(pairs)}"
        )
    text = "+".join(calls)
    return damaged(draw, text.encode("utf-8", "replace")).decode("utf-8", "replace") if draw.chance(0.3) else text


def _specs(kept: Path) -> Make:
    def input_of(draw: Draw, folder: Path) -> Input:
        kind = draw.choice(
            (MODELS, MODELS, PROTOCOLS, PROTOCOLS, PROTOCOLS, METRICS, METRICS, DATASETS, FORMATS, registry.CALIBRATORS)
        )
        text = spec_text(draw, kind)
        if kind is MODELS and draw.chance(0.5):
            text += f"+{draw.choice((*registry.names(registry.CALIBRATORS), *registry.names(registry.METHODS), 'x'))}"

        def read() -> object:
            if kind is MODELS:
                canonical_model(text)
                make_model(text)
                return model_summary(text)
            if kind is PROTOCOLS:
                return [expand(text, facts) for facts in _FACTS], expand_all([text], {"a": _FACTS[0], "b": _FACTS[1]})
            make(kind, text)
            return canonical_text(kind, text)

        return Input(read)

    return input_of


def _options(kept: Path) -> Make:
    from scoring_runs import Run

    from emobench.benchmark.api import options
    from emobench.benchmark.comparisons import Asking
    from emobench.reports.only import only_of

    record = Run(models=("gated", "prior")).write(kept).read_record()

    def input_of(draw: Draw, folder: Path) -> Input:
        text = draw.choice(
            (
                *TEXTS,
                *_VALUES,
                "model=gated",
                "data=small",
                "section=calibration",
                "4GB",
                "1e3GB",
                "9" * 400 + "TB",
                "metric=gated",
            )
        )
        text = damaged(draw, text.encode("utf-8", "replace")).decode("utf-8", "replace") if draw.chance(0.4) else text
        number = draw.choice(
            (0, -1, 1, 2**31, 2**70, 0.5, 1e300, float("nan"), float("inf"), "5", "x", None, True, [1], 10**400)
        )
        name = draw.choice(
            (
                "seeds",
                "first_seed",
                "stress_seed",
                "stress_draws",
                "selection",
                "device",
                "draws",
                "hidden",
                "metrics",
                "threads",
                text,
            )
        )
        read = draw.choice(
            (
                lambda: only_of([text, "prior"], record),
                lambda: memory_of(text),
                lambda: options(**{name: draw.choice((number, text))}),
                lambda: Asking(metrics=(text,), level=number if isinstance(number, float) else 0.9),
                lambda: (
                    registry.summary(MODELS, text)
                    if text in registry.names(MODELS)
                    else registry.plugin_class(MODELS, text)
                ),
            )
        )
        return Input(read)

    return input_of


TYPED_READERS = (
    Reader("spec_texts", 70, _specs),
    Reader("options", 20, _options),
)
