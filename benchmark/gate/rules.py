"""What a team will not accept: a file of rules.

```toml
[[rule]]
metric = "ece"                  # any metric, with its arguments
model = "*"                     # globs over canonical texts, as tables show them
data = "*"
condition = "modality_drop:*"
part = ""                       # glob over the parts of a metric; "" is the figure itself
limit = 0.15                    # absolute: never worse than this
max_loss = 0.02                 # against the baseline, in the metric's own direction
min_effect = 0.005              # smaller differences never fail
min_utterances = 300            # less: inconclusive
direction = "lower"             # only where the metric has none, or to say otherwise
baseline_model = "rage_fusion"  # model of the baseline, where it has another text there
```

A metric of latencies is one of `latency_p50`, `latency_p90`, `latency_p95`, `latency_p99`, `latency_ratio`,
`over_budget` and `throughput`; its condition is a setting such as `single:device=cpu`, and see `timing_questions`.

Every key but `metric` may be left out; `limit` or `max_loss` has to be there.
"""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import EmobenchError, SpecError, UnknownName, suggestion
from ..reading import regular
from ..registry import METRICS, canonical_text, make, names
from ..toml_text import parsed
from .timings import LATENCY_METRICS


class Rule(BaseModel):
    """One rule."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    metric: str
    """Canonical text of the metric."""
    model: str = "*"
    """Glob over the models of the run; those added for comparison are matched by their full text only."""
    data: str = "*"
    """Glob over data sets."""
    condition: str = "*"
    """Glob over conditions, and over families such as `modality_drop:rate=*` for metrics of whole curves."""
    part: str = ""
    """Glob over the parts of the metric; empty: the figure itself."""
    limit: float | None = None
    """The worst allowed figure, in the metric's unit; of a metric that is best at zero, its distance from zero; None:
    any."""
    max_loss: float | None = Field(None, ge=0)
    """By how much the figure may be worse than the baseline's, in the metric's unit; None: by anything."""
    min_effect: float = Field(0.0, ge=0)
    """What is not beyond the limit, or not worse than the baseline, by more than this never fails."""
    min_utterances: int = Field(1, ge=1)
    """On fewer labelled utterances the rule is inconclusive."""
    direction: Literal["higher", "lower", "zero"] | None = None
    """What is better; None: what the metric says."""
    baseline_model: str | None = None
    """Text of the model in the baseline to compare with; None: the same as in the run."""

    def wants(self, *, model: str, data: str, condition: str) -> bool:
        """Return whether the rule is about a cell."""
        pairs = ((model, self.model), (data, self.data), (condition, self.condition))
        return all(fnmatchcase(text, glob) for text, glob in pairs)


def read_rules(path: Path) -> tuple[Rule, ...]:
    """Return the rules of a file.

    Raises
    ------
    SpecError
        One line that names the file, the number of the rule and its line.
    """
    try:
        text = regular(path).read_text(encoding="utf-8")
        content = parsed(text)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise SpecError(f"cannot read the rules {path}: {reason}; see docs/gate.md") from None
    except ValueError as error:
        raise SpecError(f"{path} is no TOML: {error}") from None
    unknown = [key for key in content if key != "rule"]
    if unknown:
        raise SpecError(f"{path}: unknown key {unknown[0]!r}; {suggestion(unknown[0], ['rule'])}")
    tables = content.get("rule", [])
    if not isinstance(tables, list) or not tables:
        raise SpecError(f"{path}: expected one [[rule]] or more, got none")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if line.strip().startswith("[[rule]]")]
    # Tables may be written as `rule = [{…}]` too; then there is no line to name.
    places = [f", line {lines[place]}" if place < len(lines) else "" for place in range(len(tables))]
    return tuple(
        make_rule(table, where=f"{path}, rule {number}{place}")
        for number, (table, place) in enumerate(zip(tables, places, strict=True), 1)
    )


# `Any`: what a file or a caller gives; it is this function that gives it a type.
def make_rule(values: Any, *, where: str) -> Rule:
    """Return a rule from plain values, its metric written canonically.

    Raises
    ------
    SpecError
        One line that begins with `where`.
    """
    try:
        rule = Rule.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        if first["type"] == "extra_forbidden":
            raise SpecError(f"{where}: unknown key {name!r}; {suggestion(name, Rule.model_fields)}") from None
        if first["type"] == "missing":
            raise SpecError(f'{where}: expected the key {name!r}, such as {name} = "ece"') from None
        said = first["msg"][:1].lower() + first["msg"][1:]
        raise SpecError(f"{where}: {name or 'the rule'}: {said}, got {first['input']!r}") from None
    if rule.limit is None and rule.max_loss is None:
        raise SpecError(f"{where}: expected limit or max_loss or both, got neither")
    if rule.metric in LATENCY_METRICS:
        return _about_latency(rule, where)
    try:
        metric = canonical_text(METRICS, rule.metric)
    except UnknownName:
        unknown = UnknownName("metric", rule.metric.partition(":")[0], [*names(METRICS), *LATENCY_METRICS])
        raise SpecError(f"{where}: metric: {unknown}") from None
    except EmobenchError as error:
        raise SpecError(f"{where}: metric: {error}") from None
    direction = rule.direction or make(METRICS, metric).direction
    if direction == "zero" and rule.limit is not None and rule.limit < 0:
        raise SpecError(f"{where}: limit: expected a distance from zero, got {rule.limit:g}")
    if direction == "none":
        raise SpecError(f'{where}: neither more nor less of {metric} is better; add direction = "higher" or the like')
    return rule.model_copy(update={"metric": metric})


def _about_latency(rule: Rule, where: str) -> Rule:
    """Return a rule about latencies, which takes fewer keys."""
    fixed = LATENCY_METRICS[rule.metric].direction
    for name, given, usual in (("part", rule.part, ""), ("min_utterances", rule.min_utterances, 1)):
        if given != usual:
            raise SpecError(f"{where}: {name}: a latency has none; leave it out")
    if rule.limit is not None and rule.limit < 0:
        raise SpecError(f"{where}: limit: expected 0 or more for {rule.metric}, got {rule.limit:g}")
    if rule.metric == "over_budget" and (rule.limit or 0) > 1:
        raise SpecError(f"{where}: limit: expected a share from 0 to 1, such as 0.05, got {rule.limit:g}")
    if rule.direction not in (None, fixed):
        raise SpecError(f"{where}: direction: of {rule.metric} {fixed} is better, got {rule.direction!r}")
    return rule
