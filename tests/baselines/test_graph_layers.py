"""What the graph models share, against loops and closed forms."""

import math

import numpy as np
import pytest
import torch

from emobench.baselines.graph_layers import (
    GraphConvolutions,
    angular_similarity,
    convolve,
    dialogue_graph,
    group_states,
    grouped,
)
from emobench.benchmark.training.conversation_layers import Recurrent
from tests.baselines.literal_graphs import convolution, edges, shaken


def random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


class TestSimilarity:
    def test_of_equal_orthogonal_opposite_and_zero_vectors(self) -> None:
        vectors = torch.tensor([[2.0, 0.0], [0.0, 3.0], [-1.0, 0.0], [0.0, 0.0]])
        found = angular_similarity(vectors)
        most = 1 - math.acos(0.99999) / math.pi
        assert found[0].tolist() == pytest.approx([most, 0.5, 1 - most, 0.5], abs=1e-5)
        assert found[3].tolist() == [0.5] * 4

    @pytest.mark.parametrize("rows", [[[1.0, 2.0], [1.0, 2.0]], [[0.0, 0.0], [0.0, 0.0]], [[1e-30, 0.0], [3.0, 1e30]]])
    def test_its_gradient_is_finite(self, rows: list[list[float]]) -> None:
        vectors = torch.tensor(rows, requires_grad=True)
        found = angular_similarity(vectors)
        (found * random(2, 2)).sum().backward()
        assert found.isfinite().all()
        assert vectors.grad is not None
        assert vectors.grad.isfinite().all()


class TestGraph:
    @pytest.mark.parametrize("modalities", [1, 2, 3])
    def test_it_is_the_list_of_edges(self, modalities: int) -> None:
        turns = 5
        vectors, there = random(2, modalities, turns, 3), random(2, modalities, turns + 1)[..., 1:] > -0.7
        pairs = (random(2, turns, turns) > 0) | torch.eye(turns, dtype=torch.bool)
        found = dialogue_graph(vectors, there, pairs)
        for dialogue in range(2):
            nodes = {
                (str(m), t): vectors[dialogue, m, t].double().numpy()
                for m in range(modalities)
                for t in range(turns)
                if there[dialogue, m, t]
            }
            expected = np.zeros((modalities * turns, modalities * turns))
            for ((m, t), (n, s)), weight in edges(nodes, pairs[dialogue].numpy()).items():
                expected[int(m) * turns + t, int(n) * turns + s] = weight
            assert np.allclose(found[dialogue], expected, atol=1e-5)

    def test_all_present_it_has_three_n_squared_and_six_n_edges_and_is_symmetric(self) -> None:
        vectors, turns = random(1, 3, 4, 6), 4
        found = dialogue_graph(vectors, torch.ones(1, 3, 4, dtype=torch.bool), torch.ones(1, 4, 4, dtype=torch.bool))
        assert int((found > 0).sum()) == 3 * turns**2 + 6 * turns
        assert torch.allclose(found, found.transpose(1, 2))

    def test_what_others_draw_on_a_source_is_not_told(self) -> None:
        """Turn 1 may draw on turn 0 and so may turn 2: turn 1 must not learn of turn 2 by turn 0's degree."""
        pairs = torch.tril(torch.ones(3, 3, dtype=torch.bool)).unsqueeze(0)
        vectors, there = random(1, 1, 3, 4), torch.ones(1, 1, 3, dtype=torch.bool)
        other = vectors.clone()
        other[0, 0, 2] = -other[0, 0, 0]
        first, second = (dialogue_graph(x, there, pairs) for x in (vectors, other))
        assert torch.equal(first[0, :2], second[0, :2])
        assert not torch.allclose(first[0, 2], second[0, 2])


class TestConvolutions:
    def test_folded_weights_are_the_equations(self) -> None:
        layers = GraphConvolutions(3, 4, residual=0.2, mapping=0.5).double()
        shaken(layers)
        hidden, first = random(1, 5, 4).double(), random(1, 5, 4).flip(1).double()
        adjacency = random(1, 5, 5).double()
        weighted = {(("m", k), ("m", j)): float(adjacency[0, k, j]) for k in range(5) for j in range(5)}
        h, h0 = ({("m", k): x.numpy() for k, x in enumerate(rows[0])} for rows in (hidden, first))
        with torch.no_grad():
            for number, maps in enumerate(layers.maps(), 1):
                hidden = convolve(adjacency, hidden, first, maps)
                h = convolution(weighted, h, h0, layers.weight[number - 1].numpy(), layer=number, alpha=0.2)
                assert np.allclose(hidden[0], np.stack(list(h.values())), atol=1e-12)

    def test_first_weights_are_uniform_within_one_over_the_root_of_the_width(self) -> None:
        weight = GraphConvolutions(8, 25, residual=0.1, mapping=0.5).weight.detach()
        assert weight.shape == (8, 50, 25)
        assert 0.19 < float(weight.abs().max()) <= 0.2
        assert float(weight.std()) == pytest.approx(0.2 / math.sqrt(3), rel=0.02)


class TestGroups:
    part = torch.tensor([[True, True, False, True, True], [True, True, True, False, False]])
    group = torch.tensor([[1, 0, 1, 1, 0], [2, 2, 0, 0, 0]])

    def test_each_group_keeps_its_order(self) -> None:
        rows = torch.arange(10.0).view(2, 5, 1)
        found = grouped(rows, self.part, self.group)
        assert found.valid.tolist() == [[True, True], [True, True], [True, False], [True, True]]
        assert found.rows.squeeze(-1).tolist() == [[1, 4], [0, 3], [7, 0], [5, 6]]
        assert found.place.tolist() == [1, 4, 0, 3, 7, 5, 6]

    @pytest.mark.parametrize("packed", [True, False])
    @pytest.mark.parametrize("kind", ["lstm", "gru"])
    def test_states_are_those_of_a_loop_over_groups(self, kind: str, packed: bool) -> None:
        layer = Recurrent("lstm" if kind == "lstm" else "gru", 3, 2, layers=2, packed=packed)
        shaken(layer)
        rows = random(2, 5, 3)
        expected = torch.zeros(2, 5, 4)
        for dialogue in range(2):
            for speaker in range(3):
                own = (self.part[dialogue] & (self.group[dialogue] == speaker)).nonzero().squeeze(1)
                sequence = rows[dialogue, own]
                if not packed:
                    sequence = torch.cat([sequence, torch.zeros(5 - len(own), 3)])
                if len(own):
                    expected[dialogue, own] = layer.layer(sequence.unsqueeze(0))[0][0, : len(own)].detach()
        with torch.no_grad():
            assert torch.allclose(group_states(layer, rows, self.part, self.group), expected, atol=1e-6)

    @pytest.mark.parametrize("packed", [True, False])
    def test_where_nobody_takes_part_states_are_zero(self, packed: bool) -> None:
        layer = Recurrent("gru", 3, 2, packed=packed)
        found = group_states(layer, random(2, 5, 3), torch.zeros(2, 5, dtype=torch.bool), self.group)
        assert found.shape == (2, 5, 4)
        assert not found.any()
