"""The page on latency promises what the code does: each number on it, and who keeps state."""

import re
from pathlib import Path

import pytest

from emobench.baselines.base import FitContext
from emobench.baselines.sessions import session_of
from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.latency import interference, timing
from emobench.benchmark.latency.asking import Asking
from emobench.benchmark.latency.percentiles import CONFIDENCE
from emobench.benchmark.latency.reference import SIZES, UNTIMED
from emobench.benchmark.models import make_model
from emobench.benchmark.registry import MODELS, names, plugin_class
from emobench.benchmark.training.batches import PADDED_ROWS
from emobench.benchmark.training.network_model import untrained_network
from emobench.benchmark.training.recipe import Recipe
from tests.baselines.small_models import SMALL

PAGE = " ".join((Path(__file__).parents[3] / "docs" / "latency.md").read_text(encoding="utf-8").split())
USUAL = Asking()
WORDS = {4: "four", 10: "ten"}


@pytest.mark.parametrize(
    "said",
    [
        f"windows of at least {WORDS[timing.LEAST_WARM_UP]} iterations",
        f"until the medians of two in a row differ by at most {100 * timing.SETTLED:g} %",
        f"at least `--iterations` ({USUAL.iterations}) **and** `--seconds` ({USUAL.seconds:g})",
        f"`--limit` ({USUAL.limit:g} s)",
        f"About {WORDS[timing.BLOCKS]} times in between",
        f"`--threads` (default {USUAL.threads[0]})",
        f"`{' '.join(f'--batch {size}' for size in USUAL.batches)}` dialogues so far at once",
        f"P(Binomial(n, p) < k) ≥ {100 * CONFIDENCE:g} %",
        f"a verdict about p{USUAL.budget_percent:g} (`--budget-percentile`)",
        f"two {SIZES['cpu']} × {SIZES['cpu']} matrices is timed ({SIZES['cuda']} × {SIZES['cuda']} on CUDA)",
        f"spread by more than {100 * interference.MOST_DRIFT:g} % of their median",
        f"more than {interference.MOST_BUSY:g} cores busy".replace("0.", "."),
        f"put aside more than {interference.MOST_SWITCHES:g} times a second",
        f"flagged above {interference.MOST_NEIGHBOURS:g}".replace("0.", "."),
        f"{WORDS[UNTIMED]} products go untimed before each reading",
        f"at most {PADDED_ROWS} rows",
    ],
)
def test_the_numbers_on_the_page_are_those_of_the_code(said: str) -> None:
    assert said in PAGE


def test_the_warm_up_takes_half_of_the_limit_as_the_page_says() -> None:
    assert timing.SHARE_OF_WARM_UP == 0.5
    assert "takes at most half of it" in PAGE


def test_the_networks_that_the_page_says_keep_state_do_and_no_others(small_splits: DataSplits) -> None:
    said = PAGE.partition("**Who keeps state.**")[2].partition(" keep what they need")[0]
    assert said.strip().startswith("In `stream`, ")
    # Models without a network are tried by their own tests.
    named = {*re.findall(r"`([a-z_:=0]+)`", said)} - {"stream", "late_fusion", "prior"}
    switched = {"dialogue_rnn:directions=forward,width=8", "sure:iterations=0,width=8,heads=2"}
    assert named == {"rage_fusion", "sdt", "sure", "iterations=0", "dialogue_rnn:directions=forward"}
    networks = {name for name in names(MODELS) if hasattr(plugin_class(MODELS, name), "network")} - {"foreign_network"}
    for text in (*(SMALL.get(name, name) for name in networks), *switched):
        recipe = make_model(text)
        assert isinstance(recipe, Recipe)
        fitted = untrained_network(recipe, small_splits.train, context=FitContext(seed=0))
        keeps = text in switched or text.partition(":")[0] in {"rage_fusion", "sdt"}
        assert (session_of(fitted) is not None) == keeps, text
