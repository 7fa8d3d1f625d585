"""The network: shapes, how far it sees, and the mean of its members."""

import pytest
import torch

from bineego.heads.config import HeadConfig
from bineego.heads.temporal import HeadEnsemble, TemporalHead


def head(**changes) -> TemporalHead:
    torch.manual_seed(0)
    values = {"n_features": 6, "n_classes": 4, "n_scenes": 2, "width": 8, "layers": 3} | changes
    return TemporalHead(HeadConfig(**values)).eval()


@pytest.mark.parametrize("n", [1, 2, 37])
def test_every_step_has_an_answer_and_every_edge_a_boundary(n):
    scores = head()(torch.randn(n, 6))
    assert scores.actions.shape == (n, 4)
    assert scores.boundaries.shape == (n + 1, 1)
    assert scores.proposals.shape == (n, 3)
    assert scores.distances.shape == (n, 2)
    assert scores.scenes.shape == (2,)
    assert (scores.distances > 0).all()


def test_boundaries_by_class_where_actions_overlap():
    assert head(multi=True)(torch.randn(9, 6)).boundaries.shape == (10, 3)


def test_a_head_of_scenes_alone_and_of_actions_alone():
    scores = head(n_classes=0)(torch.randn(9, 6))
    assert scores.actions is None
    assert scores.boundaries is None
    assert scores.scenes.shape == (2,)
    assert head(n_scenes=0)(torch.randn(9, 6)).scenes is None


def test_a_layer_looks_its_dilation_far_both_ways():
    network = head(n_scenes=0)
    features = torch.randn(60, 6, requires_grad=True)
    # Group normalisation sees the whole video; what reaches a step otherwise is 1 + 2 + 4 steps either way.
    for layer in network.layers:
        layer.norm = torch.nn.Identity()
    network(features).actions[30].sum().backward()
    seen = features.grad.abs().sum(1).nonzero()[:, 0]
    assert (seen.min().item(), seen.max().item()) == (23, 37)


def test_members_that_agree_are_their_mean():
    torch.manual_seed(0)
    ensemble = HeadEnsemble(HeadConfig(n_features=6, n_classes=4, n_scenes=2, width=8, layers=2, members=3)).eval()
    for member in ensemble.members[1:]:
        member.load_state_dict(ensemble.members[0].state_dict())
    features = torch.randn(20, 6)
    one, all_ = ensemble.members[0](features), ensemble(features)
    assert torch.allclose(one.actions.softmax(1), all_.actions.softmax(1), atol=1e-6)
    assert torch.allclose(one.boundaries, all_.boundaries, atol=1e-4)
    assert torch.allclose(one.distances, all_.distances, atol=1e-5)
    assert torch.allclose(one.scenes.softmax(0), all_.scenes.softmax(0), atol=1e-6)


def test_some_members_alone():
    torch.manual_seed(0)
    ensemble = HeadEnsemble(HeadConfig(n_features=6, n_classes=4, width=8, layers=2, members=3)).eval()
    features = torch.randn(20, 6)
    mine = ensemble.members[2](features).actions.softmax(1)
    assert torch.allclose(ensemble(features, [2]).actions.softmax(1), mine, atol=1e-6)


@pytest.mark.parametrize(
    "values",
    [
        {"n_features": 0},
        {"layers": 0},
        {"n_classes": 1, "n_scenes": 1},
        {"n_classes": 0, "n_scenes": 0},
        {"dropout": 1},
    ],
)
def test_shapes_that_cannot_be_built_are_refused(values):
    with pytest.raises(ValueError, match=r"must|do not make a head"):
        HeadConfig(**({"n_features": 4, "n_classes": 3} | values))
