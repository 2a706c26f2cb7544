"""What is known about comparisons: the columns of comparisons.parquet."""

COMPARISON_COLUMNS = (
    "run", "model", "data", "condition", "reference_run", "reference_model", "reference_data", "reference_condition",
    "metric", "part", "direction", "value", "reference_value", "difference", "low", "high", "level", "lower_bound",
    "upper_bound", "p", "p_adjusted", "compared", "standard_error", "seed_error", "seed_variance",
    "sample_variance", "detectable", "margin", "verdict", "draws",
    "utterances", "dialogues", "note",
)  # fmt: skip
"""Columns of comparisons.parquet. One row compares one figure with the same figure elsewhere, on the same utterances.

run, model, data, condition   whose figure it is; a condition may be a family (`modality_drop:rate=*`): a whole curve
reference_…                   what it is compared with
metric, part, direction       which figure, and what is better: higher, lower, zero or none
value, reference_value        the two figures, means over draws of the stress and over training seeds
difference                    value − reference_value; of figures that are best at zero, of their distances from zero
low, high, level              paired interval over dialogues (`benchmark.paired_intervals`), and its level; NaN: none
lower_bound, upper_bound      one-sided bounds at that level; together the interval at 2·level − 1
p                             two-sided p of no difference, by inverting the interval; NaN: none
p_adjusted, compared          p after Benjamini and Hochberg, and over how many comparisons: all rows that have a p
standard_error                of the difference, over test dialogues
seed_error                    of the difference, over training seeds; NaN: not known
seed_variance                 of the figure itself, for one training: over training seeds (n − 1); NaN: not known
sample_variance               the same over test dialogues: mean over seeds of the variance over bootstrap draws
detectable                    smallest true difference that is shown with 80 % power: about 2.8 standard errors
margin                        difference that does not matter
verdict                       better, worse (higher, lower where neither is better), equivalent (inside ± margin),
                              not told apart, not defined
draws                         bootstrap draws behind interval and p: fewer for metrics that rank utterances
utterances, dialogues         how many were scored
note                          what makes the two less comparable; empty: nothing
"""
