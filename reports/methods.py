"""The protocol of a run in prose, for the methods section of a paper: nothing in it but what the run recorded."""

from collections.abc import Iterable, Iterator, Sequence

from .comparisons import ComparisonView
from .contents import DataView, ModelView, RunView
from .latency_paper import latency_methods
from .numbers import count, percent, short
from .references import Reference, keys_of
from .sentences import lowered
from .stress_contents import CLEAN
from .stresses import protocol_of
from .tex import Tex, breakable, code, escape, prose
from .vocabulary import MAIN, METRICS, arguments_of, text_of

_BINNED = ("ece", "mce", "rmsce", "adaptive_ece", "debiased_ece", "classwise_ece", "reliability")
BINS = 15
"""Of calibration errors, where their text names no other number."""
GAPS = ("ece", "mce", "rmsce", "adaptive_ece", "classwise_ece")
"""Metrics whose intervals are not the bootstrap's."""


def methods(run: RunView, references: Sequence[Reference], comparisons: ComparisonView | None = None) -> Tex:
    """Return paragraphs with run-in headings; they cite what `references` hold."""
    found = [
        *(("Data", _data(data, references, scored=run.scored)) for data in run.data),
        ("Models and training", _models(run, references)) if run.scored else ("Models", _timed(run, references)),
        *(_of_figures(run, references, comparisons) if run.scored else ()),
        ("Latency", latency_methods(run)),
        ("Software", _software(run)),
    ]
    told = ((name, [sentence for sentence in said if sentence]) for name, said in found)
    return Tex("\n\n".join(rf"\paragraph{{{name}.}} {' '.join(said)}" for name, said in told if said))


def _of_figures(
    run: RunView, references: Sequence[Reference], comparisons: ComparisonView | None
) -> Iterator[tuple[str, Iterator[str]]]:
    yield "Conditions", _conditions(run, references)
    yield "Metrics", _metrics(run, references)
    yield "Uncertainty", _uncertainty(run, references, comparisons)


def _cite(names: Iterable[str], references: Sequence[Reference]) -> str:
    keys = keys_of(names, references)
    return rf"~\cite{{{','.join(keys)}}}" if keys else ""


def _data(data: DataView, references: Sequence[Reference], *, scored: bool) -> Iterator[str]:
    record = data.record
    kind = "simulated conversations" if data.simulated else "the data set"
    sizes = "; ".join(
        f"{split}: {count(of.get('dialogues'))} dialogues with {count(of.get('utterances'))} utterances"
        for split, of in record.sizes.items()
    )
    yield f"We use {kind} {code(data.name)}{_cite([data.name], references)} ({escape(sizes)})."
    are = "scored" if scored else "there to be asked about"
    yield (
        f"Of its test split, {count(data.utterances)} utterances in {count(data.dialogues)} dialogues are {are}, with "
        f"the classes {_listed(map(breakable, record.classes))}."
    )
    widths = _listed(escape(f"{name} ({width} numbers)") for name, width in record.widths.items())
    yield f"Features of each utterance: {widths}."
    yield f"Fingerprint of the content (SHA-256): {code(record.fingerprint)}."
    if record.leaks:
        yield rf"Known of these data: {prose('; '.join(record.leaks))}."
    if record.overlaps:
        yield rf"The splits overlap: {prose('; '.join(record.overlaps))}."


def _models(run: RunView, references: Sequence[Reference]) -> Iterator[str]:
    record = run.record
    shown = list({model.name: model for data in run.data for model in data.models}.values())
    asked = [f"{code(model.name)}{_cite([model.name], references)}" for model in shown if not model.reference]
    yield f"We compare {_listed(asked)}, written as emobench takes them; what a text leaves open is at its default."
    ceiling = [code(model.name) for model in shown if model.reference]
    if ceiling:
        yield (
            f"{_listed(ceiling)}{_cite([model.name for model in shown if model.reference], references)}, the exact "
            "posterior of the simulated process, is the ceiling of every condition under which it is known."
        )
    seeds = ", ".join(map(str, record.seeds))
    if len(record.seeds) == 1:
        yield f"Each model is trained once (seed {seeds}); what another training would change is not known."
    else:
        yield (
            f"Each model is trained with {len(record.seeds)} seeds ({seeds}); figures are means over them. A model in "
            "whose training nothing is random is trained once."
        )
    yield from _selection(run, shown)


def _timed(run: RunView, references: Sequence[Reference]) -> Iterator[str]:
    """Name the models of a folder that holds latencies alone; their settings say whether they were trained."""
    names = dict.fromkeys(model for data in (run.latency.data if run.latency else ()) for model in data.models)
    asked = [f"{code(name)}{_cite([name], references)}" for name in names]
    yield f"We time {_listed(asked)}, written as emobench takes them; what a text leaves open is at its default."


def _selection(run: RunView, models: Sequence[ModelView]) -> Iterator[str]:
    if any(fit.epochs for model in models for fit in model.fits):
        split = run.record.selection
        flatters = " As this is the split that is scored, figures are too good." if split == "test" else ""
        yield f"Of every training the epoch that scores best on the {split} split is kept.{flatters}"
    if run.problems:
        cells = sum(len(one.seeds) for one in run.problems)
        yield f"{count(cells)} of the trainings and predictions asked for were not computed and are in no mean."


def _conditions(run: RunView, references: Sequence[Reference]) -> Iterator[str]:
    record = run.record
    there = dict.fromkeys(one.text for data in run.data for one in data.conditions if one.text != CLEAN)
    if not there:
        yield "All figures are of the input as recorded."
        return
    yield "Models are trained on the data as recorded and tested on these and on altered input."
    meanings = {
        name: meaning
        for data in run.data
        for stress in data.stresses
        for name, meaning in {stress.protocol: stress.meaning, **stress.parts}.items()
        if meaning
    }
    for protocol in dict.fromkeys(map(protocol_of, there)):
        own = _listed(code(text) for text in there if protocol_of(text) == protocol)
        if protocol in meanings:
            yield rf"{code(protocol)}{_cite([protocol], references)}: {prose(meanings[protocol])} Conditions: {own}."
        else:
            yield rf"One after the other: {own}."
    drawn = [one for data in run.data for one in data.conditions if one.random]
    yield (
        f"Stresses are drawn from seed {record.stress_seed}"
        + (f", each that depends on chance {record.stress_draws} times" if drawn and record.stress_draws > 1 else "")
        + ", and all models and training seeds meet the same altered input."
    )


def _metrics(run: RunView, references: Sequence[Reference]) -> Iterator[str]:
    there = dict.fromkeys(metric for data in run.data for metric in data.metrics)
    named = run.record.metrics or [metric for metric in MAIN if metric in there]
    for metric in named:
        name, arguments = metric.partition(":")[0], arguments_of(metric)
        if name not in METRICS:
            yield f"{code(metric)}: as its plug-in defines it."
            continue
        about = METRICS[name].about or text_of(metric).about
        title = METRICS[name].title
        bins = f" {arguments.get('bins', BINS)} bins." if name in _BINNED else ""
        others = [f"{key}={value}" for key, value in arguments.items() if key != "bins"]
        spec = f" ({', '.join(code(one) for one in others)})" if others else ""
        yield rf"\emph{{{escape(title)}}}{spec}{_cite([name], references)}: {prose(_first(lowered(about)))}{bins}"


def _uncertainty(run: RunView, references: Sequence[Reference], comparisons: ComparisonView | None) -> Iterator[str]:
    draws = count(run.record.draws)
    there = {metric.partition(":")[0] for data in run.data for metric in data.metrics}
    yield (
        rf"Brackets hold 95\,\% intervals over test dialogues, which are resampled as wholes: BCa bootstrap, {draws} "
        rf"draws~\cite{{efron1987}}, the same for all models."
    )
    gaps = [name for name in GAPS if name in there]
    if gaps:
        yield (
            "Of calibration errors, which noise only raises, the lower end inverts a test and the upper end is the "
            f"jackknife's{_cite_keys(('davison1997', 'efron1981'), references)}; their noise floor is what a perfectly "
            "calibrated model shows on a sample of this size."
        )
    if comparisons is not None and comparisons.tables:
        row = comparisons.tables[0].rows[0]
        yield (
            "Differences are paired over the same dialogues and draws, p two-sided and adjusted over all "
            rf"{count(row.compared)} comparisons to a false discovery rate~\cite{{benjamini1995}}; level "
            f"{escape(percent(row.level, decimals=0))}, margin of equivalence {escape(short(row.margin))}."
        )


def _cite_keys(keys: Sequence[str], references: Sequence[Reference]) -> str:
    known = [one.key for one in references if one.key in keys]
    return rf"~\cite{{{','.join(known)}}}" if known else ""


def _software(run: RunView) -> Iterator[str]:
    record = run.record
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items() if name != "emobench")
    revision = f", revision {record.git_revision}" if record.git_revision else ""
    yield (
        f"emobench {breakable(record.versions.get('emobench', ''))}{breakable(revision)}"
        rf"~\cite{{emobench}}, with {prose(versions)}; device: {prose(record.hardware.get('device', 'not recorded'))}."
    )
    if run.scored:
        yield f"Run of {record.created[:10]}; again: {code(record.command)}"


def _first(sentences: str) -> str:
    """Return the first sentence; the others say how to read a report."""
    return f"{sentences.partition('. ')[0].rstrip('.')}."


def _listed(pieces: Iterable[str]) -> str:
    known = list(pieces)
    return f"{', '.join(known[:-1])} and {known[-1]}" if known[1:] else "".join(known)
