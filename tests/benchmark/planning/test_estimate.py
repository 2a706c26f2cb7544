"""What is taken to be alike, and how wide what it says is."""

import pytest

from emobench.benchmark.planning.estimate import Estimates, most_epochs
from emobench.benchmark.planning.recorded import CellTime, FitTime, Times
from emobench.benchmark.planning.schedule import makespan
from emobench.benchmark.planning.span import Span


def fit(
    seconds: float, *, model: str = "rage_fusion", data: str = "meld", epochs: int = 20, utterances: int = 100
) -> FitTime:
    return FitTime(model, data, seconds, epochs, utterances, int(seconds))


def cell(
    seconds: float, *, model: str = "rage_fusion", data: str = "meld", condition: str = "clean", utterances: int = 100
) -> CellTime:
    return CellTime(model, data, condition, seconds, utterances)


def fits(here: list[FitTime], elsewhere: list[FitTime]) -> Estimates:
    return Estimates(Times(fits=here), Times(fits=elsewhere))


def cells(here: list[CellTime], elsewhere: list[CellTime]) -> Estimates:
    return Estimates(Times(cells=here), Times(cells=elsewhere))


def test_spans_add_up_and_widen() -> None:
    assert Span.total([Span(1, 2), Span(10, 30)]) == (11, 32)
    assert Span.total([]) == (0, 0)
    assert Span.over([Span(4, 5), Span(1, 2)]) == (1, 5)
    assert Span(1, 2).times(3) == (3, 6)
    assert (Span(1, 2).scaled(3), Span(1, 2).scaled(0.5), Span(1, 2).scaled(1)) == ((1, 6), (0.5, 2), (1, 2))


class TestFits:
    def test_this_folder_counts_before_others_and_others_before_other_data(self) -> None:
        other = [fit(7), fit(9), fit(50, data="mosi")]
        assert fits([fit(3), fit(5), fit(60, data="mosi")], other).fit("rage_fusion", "meld", 100) == (3, 5)
        assert fits([fit(60, data="mosi")], other).fit("rage_fusion", "meld", 100) == (7, 9)
        assert fits([], [fit(50, data="mosi", utterances=200)]).fit("rage_fusion", "meld", 100) == (25, 50)
        assert fits([], [fit(50, data="mosi", utterances=0)]).fit("rage_fusion", "meld", 2) == (50, 100)

    def test_another_number_of_epochs_widens(self) -> None:
        assert most_epochs("rage_fusion:epochs=10") == 10
        known = [fit(40, model="rage_fusion:epochs=30")]  # stopped after 20
        assert fits(known, []).fit("rage_fusion:epochs=10", "meld", 100) == (20, 40)
        assert fits(known, []).fit("rage_fusion:epochs=40", "meld", 200) == (40, 160)
        assert fits(known, []).fit("rage_fusion:epochs=30", "meld", 100) == (40, 40)

    def test_what_nothing_like_it_is_recorded_of_is_not_known(self) -> None:
        known = [fit(40), fit(1, model="prior", epochs=0)]
        for model in ("m3net", "rage_fusion:gamma=0", "rage_fusion+cmerc"):
            assert fits(known, known).fit(model, "meld", 100) is None
        assert fits(known, known).fit("prior", "mosi", 100) == (1, 1)
        assert fits([fit(1, epochs=0)], []).fit("rage_fusion:epochs=3", "meld", 100) is None, "it has no epochs"
        assert (most_epochs("prior"), most_epochs("m3net:preset=paper"), most_epochs("m3net")) == (None, 80, 50)

    def test_checkpoints_are_as_large_as_the_largest(self) -> None:
        known = fits([fit(40)], [fit(50, model="rage_fusion:epochs=2"), fit(0.5)])
        assert (known.checkpoint("rage_fusion:epochs=9"), known.checkpoint("m3net")) == (50, None)


class TestCells:
    def test_the_same_condition_counts_before_others_of_its_protocol(self) -> None:
        noise = [cell(3, condition="noise:snr_db=5"), cell(8, condition="noise:snr_db=10", data="mosi")]
        assert cells(noise, []).cell("rage_fusion", "meld", "noise:snr_db=5", 100) == (3, 3)
        assert cells(noise, []).cell("rage_fusion", "meld", "noise:snr_db=10", 50) == (4, 8)
        assert cells(noise, []).cell("rage_fusion", "meld", "noise:snr_db=0", 100) == (3, 8)
        assert cells(noise, []).cell("rage_fusion", "meld", "noise:snr_db=0+order", 100) is None
        assert cells(noise, []).cell("rage_fusion", "meld", "clean", 100) is None

    def test_this_folder_counts_before_others(self) -> None:
        assert cells([cell(3), cell(4)], [cell(9)]).cell("rage_fusion", "meld", "clean", 100) == (3, 4)
        assert cells([cell(3, data="mosi")], [cell(9), cell(8)]).cell("rage_fusion", "meld", "clean", 100) == (8, 9)

    def test_epochs_do_not_matter_and_calibrators_little(self) -> None:
        known = cells([cell(3, model="rage_fusion:epochs=3")], [])
        assert known.cell("rage_fusion:epochs=9+temperature", "meld", "clean", 100) == (3, 3)
        own = cells([cell(3), cell(5, model="rage_fusion+temperature")], [])
        assert own.cell("rage_fusion+temperature", "mosi", "clean", 200) == (5, 10)
        assert own.cell("rage_fusion+cmerc", "meld", "clean", 100) is None


@pytest.mark.parametrize(
    ("jobs", "workers", "seconds"),
    [([], 3, 0), ([5], 4, 5), ([1, 2, 3], 1, 6), ([3, 3, 2, 2, 2], 2, 7), ([4, 1, 1, 1, 1], 2, 4)],
)
def test_workers_take_the_longest_first(jobs: list[float], workers: int, seconds: float) -> None:
    assert makespan(jobs, workers) == seconds
