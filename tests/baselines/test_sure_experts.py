"""The mixture of experts of SURE and its loss: weights, draws, and the sums over turns and experts."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from emobench.baselines.sure import Sure
from emobench.baselines.sure_experts import Mixture
from emobench.baselines.sure_network import Switches
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.training.batches import make_batch
from emobench.benchmark.training.task import Task
from tests.baselines.literal import Weights, hidden_turns, output, shaken, weights_of
from tests.baselines.test_sure_network import PLAIN, SUITE, expert_says, network, shares_of

Make = Callable[..., Conversations]


def mixture(**changes: int | str | bool) -> Mixture:
    """Return a mixture of 4 experts, 3 of which are heard, with drawn weights."""
    sizes = {"experts": 4, "top": 3, "route": "softmax", "latent": "sample", "normalise": "sample", "residual": False}
    made = shaken(lambda: Mixture(5, **{**sizes, **changes}))
    assert isinstance(made, Mixture)
    return made


def some_rows() -> torch.Tensor:
    return torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0))


class TestMixture:
    def test_weights_sum_to_one_over_the_chosen(self) -> None:
        _, routing = mixture()(some_rows())
        assert torch.equal(routing.chosen.sum(dim=-1), torch.full((3, 4), 3))
        assert torch.equal(routing.weights > 0, routing.chosen)
        assert torch.allclose(routing.weights.sum(dim=-1), torch.ones(3, 4))
        assert not torch.allclose(routing.weights, routing.shares, atol=1e-3)

    def test_normalised_over_the_batch_they_sum_to_its_size_for_each_turn_and_expert(self) -> None:
        _, routing = mixture(normalise="batch", top=1)(some_rows())
        heard = routing.chosen.any(dim=0)
        assert torch.allclose(routing.weights.sum(dim=0), 3.0 * heard)
        assert not heard.all()
        kept = (routing.shares * routing.chosen).detach()
        turn, expert = (int(place) for place in heard.nonzero()[0])
        expected = [3 * float(own / kept[:, turn, expert].sum()) for own in kept[:, turn, expert]]
        assert routing.weights[:, turn, expert].tolist() == pytest.approx(expected)

    def test_one_dialogue_alone_then_hears_every_chosen_expert_in_full(self) -> None:
        _, routing = mixture(normalise="batch")(some_rows()[:1])
        assert torch.allclose(routing.weights, routing.chosen.float())

    def test_the_uncertain_are_heard_less_where_the_route_goes_by_it(self) -> None:
        plain, wary = mixture(), mixture(route="uncertainty")
        rows = some_rows()
        for made in (plain, wary):
            with torch.no_grad():
                # The log variance of the first expert grows by 5, whatever it reads.
                made.experts.bias[5:10] += 5
        assert (wary(rows)[1].shares[..., 0] < plain(rows)[1].shares[..., 0]).all()
        assert torch.allclose(plain(rows)[1].shares, mixture()(rows)[1].shares)

    def test_in_training_experts_draw_around_their_mean_with_their_deviation(self) -> None:
        made = mixture(experts=1, top=1).train()
        row = some_rows()[:1, :1]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            said, routing = made(row.expand(4000, 1, 5))
        mean, deviation = routing.mean[0, 0, 0], (routing.log_variance[0, 0, 0] / 2).exp()
        assert torch.allclose(said.mean(dim=0)[0], mean, atol=0.1)
        assert torch.allclose(said.std(dim=0)[0], deviation, rtol=0.05)

    def test_otherwise_they_say_their_mean(self) -> None:
        rows = some_rows()
        drawn, plain = mixture(), mixture(latent="mean").train()
        assert torch.equal(drawn(rows)[0], plain(rows)[0])
        assert not torch.equal(drawn.train()(rows)[0], plain(rows)[0])


def literal_loss(w: Weights, rows: list[np.ndarray], switches: Switches) -> float:
    """Work the loss of one mixture out over the given turns."""
    experts = range(switches.experts)
    mean_share, share_chosen = np.zeros(switches.experts), np.zeros(switches.experts)
    kl = routed = 0.0
    for x in rows:
        shares, chosen = shares_of(w, "mixtures.0", x, switches)
        means, log_variances = expert_says(w, "mixtures.0", x, switches)
        for e in experts:
            variance = np.exp(log_variances[e])
            mean_share[e] += shares[e] / len(rows)
            share_chosen[e] += (e in chosen) / len(rows)
            divergence = sum(0.5 * (means[e] ** 2 + variance - 1 - log_variances[e]))
            kl += divergence / switches.experts / len(rows)
            if e in chosen:
                routed += shares[e] / sum(shares[other] for other in chosen) * variance.sum() / len(rows)
    balance = sum(mean_share[e] * share_chosen[e] for e in experts) / switches.experts * switches.experts**2
    return float(balance + kl + routed)


class TestLoss:
    @pytest.mark.parametrize("aware", [True, False])
    def test_it_is_balance_and_kl_and_routing_over_the_turns_that_count(self, small: Make, aware: bool) -> None:
        conversations = hidden_turns(small(lengths=(5, 2, 1), modalities=("text",)), [1, 7])
        switches = replace(PLAIN, mask_aware=aware, route="uncertainty")
        made = network(conversations, switches)
        kept = [row for row in range(8) if not aware or row not in (1, 7)]
        w = weights_of(made)
        text = np.where(conversations.observed["text"][:, None], conversations.features["text"], 0)
        rows = [w["projections.0.0.weight"] @ text[row].astype(np.float64) for row in kept]
        got = output(made, conversations).auxiliary["uncertainty"].item()
        assert got == pytest.approx(literal_loss(w, rows, switches), rel=1e-5)

    def test_it_is_the_sum_over_modalities_and_zero_without_experts_or_turns(self, small: Make) -> None:
        conversations = small(lengths=(4,), modalities=("text", "audio"))
        made = network(conversations, SUITE)
        nothing = np.zeros(4, bool)

        def loss(*gone: str) -> float:
            observed = {name: nothing if name in gone else flags for name, flags in conversations.observed.items()}
            return output(made, conversations.with_modalities(observed=observed)).auxiliary["uncertainty"].item()

        assert loss() == pytest.approx(loss("text") + loss("audio"), rel=1e-5)
        assert loss("text", "audio") == 0
        without = network(conversations, replace(SUITE, experts=0))
        assert output(without, conversations).auxiliary["uncertainty"].item() == 0

    def test_a_gate_that_spreads_evenly_is_balanced_best(self, small: Make) -> None:
        conversations = small(lengths=(4,), modalities=("text",))
        made = network(conversations, replace(PLAIN, top=4))
        with torch.no_grad():
            for name, parameter in made.named_parameters():
                if name.startswith("mixtures"):
                    parameter.zero_()
        # Shares of 1/4, all chosen: 4 · (1/4 · 1)/4 · 16. KL 0; variance 1 in 6 dimensions.
        assert output(made, conversations).auxiliary["uncertainty"].item() == pytest.approx(4 + 0 + 6)

    def test_its_weight_is_the_argument(self, small: Make) -> None:
        conversations = small(lengths=(4, 2))
        made, batch = network(conversations, PLAIN), make_batch(conversations, np.arange(2), device="cpu")
        got = made(batch)
        task = Task.of(conversations)
        plain = Sure(uncertainty=0.0).objective(task)(got, batch)
        assert Sure(uncertainty=0.5).objective(task)(got, batch).item() == pytest.approx(
            (plain + 0.5 * got.auxiliary["uncertainty"]).item()
        )
        assert Sure(preset="paper", class_power=0.5).objective(task)(got, batch).item() == plain.item()
