"""Made-up conditions: the ladder of one protocol, or many protocols with all that a condition may have."""

from collections.abc import Iterator

from emobench.benchmark.run_record import ConditionRecord, SkippedRecord

RATES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.7)
MODALITIES = ("audio", "text", "video")
MEANINGS = {
    "modality_drop": "with drop, modalities are <missing>; with rate, at random.",
    "noise": "noise is added to the features of the named modalities; the model is not told.",
    "occlusion": "a share of the features of the named modalities is hidden.",
    "context_removal": "each utterance is predicted without the context named.",
    "order": "some turns trade places in their dialogue.",
}
UNKNOWN_MEAN = "a dialogue mean in the place of what is missing still tells of the dialogue"
UNKNOWN_ORDER = "the order of the turns is not known"
SKIPPED = "noise: burst cannot be reached with 80 % of the turns & more"


def ladder() -> tuple[ConditionRecord, ...]:
    """The standard ladder of modality_drop."""
    subsets = [*MODALITIES, "audio/text", "audio/video", "text/video"]
    return (
        ConditionRecord(text="clean"),
        *(_drop(drop, removal=drop) for drop in subsets),
        *(_rung("modality_drop", "", "rate", rate, str(rate)) for rate in RATES),
    )


def many() -> tuple[ConditionRecord, ...]:
    """Six protocols: families on one argument, conditions without ceiling, other operators and modes, a chain."""
    return (*ladder(), *_noise(), *_occlusion(), *_context(), *_others())


def some() -> tuple[str, ...]:
    """Texts of some of the many: every protocol but occlusion, two curves of noise."""
    left_out = ("modality=audio", "modality=video", "occlusion", "audio/", "/video", "rate=0.2", "rate=0.4")
    return tuple(one.text for one in many() if not any(part in one.text for part in left_out))


def skipped(data: str) -> tuple[SkippedRecord, ...]:
    """Rungs that are not defined for the data."""
    texts = ("noise:pattern=burst,rate=0.8,snr_db=20", "noise:pattern=burst,rate=0.8,snr_db=10")
    lost = SkippedRecord(data=data, condition="speaker_confusion:kind=lost", why="one speaker only")
    return (*(SkippedRecord(data=data, condition=text, why=SKIPPED) for text in texts), lost)


def realised(condition: ConditionRecord) -> dict[str, float]:
    """What was really done: rates as asked for, a little beside them."""
    found = {f"missing {modality}": 0.0 for modality in MODALITIES}
    arguments = dict(pair.partition("=")[::2] for pair in condition.text.partition(":")[2].split(","))
    named = [arguments["modality"]] if "modality" in arguments else list(MODALITIES)
    if condition.protocol == "noise" and condition.severity:
        found |= {f"snr_db {modality}": float(arguments["snr_db"]) + 0.04 for modality in named}
    elif condition.protocol == "occlusion" and condition.severity:
        found |= {f"hidden {modality}": condition.severity + 0.001 for modality in named}
    elif condition.protocol == "context_removal":
        found["context"] = 0.25
    elif "rate" in arguments and condition.protocol == "modality_drop":
        found |= {f"missing {modality}": float(arguments["rate"]) - 0.003 for modality in MODALITIES}
    elif "drop" in arguments:
        found |= {f"missing {modality}": 1.0 for modality in arguments["drop"].split("/")}
    return found


def _noise() -> Iterator[ConditionRecord]:
    for modality in ("text", "audio", "video", ""):
        for level in (20, 10, 5, 0, -5):
            yield _rung("noise", modality, "snr_db", 10 ** (-level / 20), str(level))


def _occlusion() -> Iterator[ConditionRecord]:
    for modality in ("text", "audio", "video", ""):
        for fraction in (0.1, 0.25, 0.5, 0.75):
            yield _rung("occlusion", modality, "fraction", fraction, str(fraction))


def _context() -> Iterator[ConditionRecord]:
    for context in ("intra", "inter", "all", "future"):
        text = f"context_removal:context={context}"
        removal = context if context in ("intra", "inter") else ""
        yield ConditionRecord(text=text, protocol="context_removal", removal=removal)
    for window in (5, 3, 1):
        yield _rung("context_removal", "", "window", 1 / window, str(window), random=False)
    for context in ("intra", "inter"):
        yield ConditionRecord(
            text=f"context_removal:context={context},mode=graph",
            protocol="context_removal",
            removal=f"{context}:graph",
            unknown="no exact posterior is defined for the graph mode",
        )


def _others() -> Iterator[ConditionRecord]:
    yield from (_drop(modality, removal=f"{modality}:mean", fill=",fill=mean") for modality in MODALITIES)
    yield from (_rung("order", "", "rate", rate, str(rate), unknown=UNKNOWN_ORDER) for rate in (0.25, 1.0))
    chain = "noise:snr_db=5+modality_drop:rate=0.3"
    yield ConditionRecord(text=chain, protocol="modality_drop", random=True)


def _drop(drop: str, *, removal: str, fill: str = "") -> ConditionRecord:
    unknown = UNKNOWN_MEAN if fill else ""
    text = f"modality_drop:drop={drop}{fill}"
    return ConditionRecord(text=text, protocol="modality_drop", removal=removal, unknown=unknown)


def _rung(
    protocol: str, modality: str, argument: str, severity: float, typed: str, *, random: bool = True, unknown: str = ""
) -> ConditionRecord:
    def text(value: str) -> str:
        return f"{protocol}:{','.join(sorted([f'{argument}={value}', *[f'modality={modality}'] * bool(modality)]))}"

    return ConditionRecord(
        text=text(typed), protocol=protocol, family=text("*"), severity=severity, rung=typed, random=random,
        unknown=unknown,
    )  # fmt: skip
