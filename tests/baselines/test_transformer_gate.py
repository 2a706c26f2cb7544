"""The Transformer gate: its parts against torch's own layers, and its size."""

import pytest
import torch
from torch import Tensor, nn

from emobench.baselines.transformer_gate import Attentions, Linears, Norms, TransformerGate


def shaken(layer: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.4)
    return layer.eval()


def gate(modalities: int = 3, *, dropout: float = 0.0) -> nn.Module:
    return shaken(TransformerGate(modalities, 4, heads=2, speakers=2, dropout=dropout, gates="learned"))


def inputs(modalities: int = 3, turns: int = 5) -> tuple[Tensor, Tensor, Tensor]:
    """Return rows, speakers and masks that allow everything, for two dialogues."""
    torch.manual_seed(1)
    everyone = torch.ones(modalities, 2, turns, turns, dtype=torch.bool)
    return torch.randn(modalities, 2, turns, 4), torch.randint(0, 2, (2, turns)), everyone


@pytest.mark.parametrize("bias", [True, False])
def test_linear_layers_side_by_side_are_those_of_torch(bias: bool) -> None:
    layers, rows = shaken(Linears(3, 4, 5, bias=bias)), torch.randn(3, 2, 6, 4)
    for place, got in enumerate(layers(rows)):
        own = nn.Linear(4, 5, bias=bias)
        with torch.no_grad():
            own.weight.copy_(layers.weight[place].T)
            if bias:
                own.bias.copy_(layers.bias[place, 0])
        assert torch.allclose(got, own(rows[place]), atol=1e-6)


def test_their_first_weights_are_spread_as_those_of_torch() -> None:
    torch.manual_seed(0)
    layers, own = Linears(2, 100, 60), nn.Linear(100, 60)
    for parameter, of_torch in ((layers.weight, own.weight), (layers.bias, own.bias)):
        assert parameter.abs().max() <= 0.1
        assert of_torch.abs().max() <= 0.1
        assert parameter.abs().max() > 0.09


def test_norms_side_by_side_are_those_of_torch() -> None:
    norms, rows = shaken(Norms(2, 5)), torch.randn(2, 3, 4, 5)
    for place, got in enumerate(norms(rows)):
        own = nn.LayerNorm(5)
        with torch.no_grad():
            own.weight.copy_(norms.weight[place, 0])
            own.bias.copy_(norms.bias[place, 0])
        assert torch.allclose(got, own(rows[place]), atol=1e-6)


def test_attentions_side_by_side_are_those_of_torch() -> None:
    layers = shaken(Attentions(2, 6, 3, dropout=0.0))
    asking, asked = torch.randn(2, 4, 5, 6), torch.randn(2, 4, 5, 6)
    allowed = (torch.rand(2, 4, 5, 5) < 0.5) | torch.eye(5, dtype=torch.bool)
    for place, got in enumerate(layers(asking, asked, allowed)):
        own = nn.MultiheadAttention(6, 3, batch_first=True).eval()
        with torch.no_grad():
            parts = (layers.query, layers.key, layers.value)
            own.in_proj_weight.copy_(torch.cat([part.weight[place].T for part in parts]))
            own.in_proj_bias.copy_(torch.cat([part.bias[place, 0] for part in parts]))
            own.out_proj.weight.copy_(layers.output.weight[place].T)
            own.out_proj.bias.copy_(layers.output.bias[place, 0])
        barred = ~allowed[place].repeat_interleave(3, dim=0)
        expected, _ = own(asking[place], asked[place], asked[place], attn_mask=barred, need_weights=False)
        assert torch.allclose(got, expected, atol=1e-5)


def test_who_may_ask_nobody_is_told_the_bias() -> None:
    layers = shaken(Attentions(1, 4, 2, dropout=0.0))
    rows = torch.randn(1, 1, 3, 4)
    got = layers(rows, rows, torch.zeros(1, 1, 3, 3, dtype=torch.bool))
    assert torch.allclose(got, layers.output.bias.view(1, 1, 1, 4).expand_as(got))


def test_a_turn_gets_nothing_of_one_that_it_may_not_ask() -> None:
    layer = gate()
    rows, speaker, allowed = inputs()
    # Turn 0 may not ask turn 3 in any modality, but those that it asks may.
    allowed[:, :, 0, 3] = False
    changed = rows.clone()
    changed[:, :, 3] += 1
    before, after = layer(rows, speaker, allowed), layer(changed, speaker, allowed)
    assert torch.equal(before[:, :, 0], after[:, :, 0])
    assert (before[:, :, 1:] != after[:, :, 1:]).any(dim=-1).all()


def test_masks_belong_to_the_source() -> None:
    layer = gate()
    rows, speaker, allowed = inputs()
    allowed[1, :, 2, 3] = False
    changed = rows.clone()
    changed[1, :, 3] += 1
    assert torch.equal(layer(rows, speaker, allowed)[:, :, 2], layer(changed, speaker, allowed)[:, :, 2])
    changed = rows.clone()
    changed[0, :, 3] += 1
    first, second = (layer(x, speaker, allowed)[:, :, 2] for x in (rows, changed))
    assert (first != second).any(dim=-1).all()


def test_order_and_speakers_matter() -> None:
    layer = gate(1)
    rows, speaker, allowed = inputs(1)
    plain = layer(rows, speaker, allowed)
    assert not torch.allclose(layer(rows.flip(2), speaker.flip(1), allowed).flip(2), plain, atol=1e-3)
    assert not torch.allclose(layer(rows, 1 - speaker, allowed), plain, atol=1e-3)


def test_speakers_beyond_those_of_training_have_the_vector_zero() -> None:
    torch.manual_seed(0)
    layer = TransformerGate(1, 4, heads=2, speakers=2, dropout=0.0, gates="identity").eval()
    rows, _, allowed = inputs(1)
    beyond = layer(rows, torch.full((2, 5), 7), allowed)
    assert torch.equal(beyond, layer(rows, torch.full((2, 5), 2), allowed))
    with torch.no_grad():
        layer.speakers.weight.zero_()
    assert torch.equal(beyond, layer(rows, torch.zeros(2, 5, dtype=torch.long), allowed))


def test_an_encoder_of_a_modality_on_itself_draws_its_dropout_once() -> None:
    layer = TransformerGate(1, 4, heads=2, speakers=1, dropout=0.5, gates="learned")
    layer.attention.dropout.p = 0.0
    seen: list[Tensor] = []
    layer.attention.register_forward_hook(lambda _, given, __: seen.extend(given[:2]))
    rows, _, allowed = inputs(1)
    layer.train()(rows, torch.zeros(2, 5, dtype=torch.long), allowed)
    asking, asked = seen
    assert torch.equal(asking, asked)
    assert (asking == 0).any()


def test_its_share_of_the_parameters_of_sure() -> None:
    """That of 176,230,418 which is left when SURE's other parts as specified are taken away."""
    linear = 1024 * 1024 + 1024
    classifier, inputs_ = 3072 * 6 + 6, (1024 + 1582 + 342) * 1024
    experts = 4 * 2 * linear + 1024 * 4 + 4
    lstm_in, lstm = 2 * 4 * (512 * 1024 + 512 * 512 + 2 * 512), 4 * (2048 * 1024 + 1024 * 1024 + 2 * 1024)
    reasoning = lstm_in + linear + 2 * linear + lstm + (2048 * 1024 + 1024)
    with torch.device("meta"):
        layer = TransformerGate(3, 1024, heads=8, speakers=2, dropout=0.5, gates="learned")
    own = sum(parameter.numel() for parameter in layer.parameters())
    assert own == 176_230_418 - classifier - inputs_ - 3 * (experts + reasoning)
