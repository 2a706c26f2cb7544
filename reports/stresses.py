"""From run record to the views of `stress_contents`: conditions by protocol and curve, and what was really done."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from ..benchmark.run_record import ConditionRecord, DataRecord, RunRecord, SkippedRecord
from .numbers import short
from .realised import realised
from .stress_contents import CHAINS, CLEAN, Curve, Rung, Stress


def stresses(record: RunRecord, data: DataRecord, conditions: Sequence[ConditionRecord]) -> tuple[Stress, ...]:
    """Return by protocol what there is to say; `conditions` are those with a place in the report."""
    groups: defaultdict[str, list[ConditionRecord]] = defaultdict(list)
    for condition in conditions:
        if condition.text != CLEAN:
            groups[protocol_of(condition.text)].append(condition)
    skipped = [one for one in record.skipped if one.data == data.name]
    names = dict.fromkeys([*groups, *(protocol_of(one.condition) for one in skipped)])
    return tuple(
        _stress(record, data, name, groups[name], [one for one in skipped if protocol_of(one.condition) == name])
        for name in names
    )


def protocol_of(condition: str) -> str:
    """Return the protocol that a condition is told under.

    Examples
    --------
    >>> protocol_of("noise:snr_db=5"), protocol_of("noise:snr_db=5+modality_drop:rate=0.1")
    ('noise', 'chains')
    """
    return CHAINS if "+" in condition else condition.partition(":")[0]


def curves_of(conditions: Iterable[ConditionRecord]) -> tuple[Curve, ...]:
    """Return the degradation curves that conditions are on, each from clean to severe; one rung alone is no curve."""
    families: defaultdict[str, list[ConditionRecord]] = defaultdict(list)
    for condition in conditions:
        if condition.family and condition.severity is not None:
            families[condition.family].append(condition)
    return tuple(_curve(family, rungs) for family, rungs in families.items() if len(rungs) > 1)


def _stress(
    record: RunRecord,
    data: DataRecord,
    protocol: str,
    conditions: Sequence[ConditionRecord],
    skipped: Sequence[SkippedRecord],
) -> Stress:
    unknown: defaultdict[str, list[str]] = defaultdict(list)
    for condition in conditions if data.posterior else ():
        if condition.unknown:
            unknown[condition.unknown].append(condition.text)
    reasons = dict.fromkeys(one.why for one in skipped)
    return Stress(
        protocol=protocol,
        meaning=record.meanings.get(protocol, ""),
        conditions=tuple(conditions),
        curves=curves_of(conditions),
        unknown={why: tuple(texts) for why, texts in unknown.items()},
        skipped={why: tuple(one for one in skipped if one.why == why) for why in reasons},
        realised=realised(record, data, conditions),
        parts=_parts(record, conditions) if protocol == CHAINS else {},
    )


def _parts(record: RunRecord, chains: Sequence[ConditionRecord]) -> dict[str, str]:
    """Return the meanings of the protocols that chains are made of, in the order in which they occur."""
    names = dict.fromkeys(part.partition(":")[0] for chain in chains for part in chain.text.split("+"))
    return {name: record.meanings[name] for name in names if name in record.meanings}


def _curve(family: str, conditions: Sequence[ConditionRecord]) -> Curve:
    pairs = family.partition(":")[2].split(",")
    argument = next((pair.removesuffix("=*") for pair in pairs if pair.endswith("=*")), "severity")
    rungs = sorted(Rung(one.severity or 0.0, one.text, _label(one)) for one in conditions)
    return Curve(
        family=family,
        protocol=protocol_of(family),
        argument=argument,
        label=",".join(pair for pair in pairs if not pair.endswith("=*")),
        rungs=(Rung(0.0, CLEAN, CLEAN), *rungs),
    )


def _label(condition: ConditionRecord) -> str:
    return condition.rung.replace("-", "\u2212") if condition.rung else short(condition.severity or 0.0)
