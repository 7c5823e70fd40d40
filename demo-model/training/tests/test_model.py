"""The fused kernels against PyTorch's autograd."""

import shutil
import unittest

import torch

from cria.config import Shape
from cria.data import Batch
from cria.model import Layout, PlainModel, initialize

SMALL = Shape(64, 64, 2, 3, 1, 32, 96, 32, 1e-5, 10_000.0)


def random_batch(shape, rows, length):
    inputs = torch.randint(0, shape.vocabulary, (rows, length))
    positions = torch.arange(1, rows * length, 2)
    return Batch(inputs, positions, torch.randint(0, shape.vocabulary, (len(positions),)), rows * length)


def exact_gradient(layout, flat, batch):
    """Loss and gradient in double precision."""
    leaf = flat.double().requires_grad_()
    loss = PlainModel(layout).loss(layout.views(leaf), batch)
    loss.backward()
    return loss.item(), leaf.grad


class PlainModelTest(unittest.TestCase):
    def test_gradient_is_the_slope_of_the_loss(self):
        torch.manual_seed(1)
        layout = Layout(SMALL)
        flat = torch.zeros(layout.size)
        initialize(flat, layout, 1)
        batch = random_batch(SMALL, 3, 7)
        _, gradient = exact_gradient(layout, flat, batch)
        direction = torch.randn(layout.size).double()
        step = 1e-5
        model = PlainModel(layout)
        above, below = (
            model.loss(layout.views(flat.double() + sign * step * direction), batch).item() for sign in (1, -1)
        )
        self.assertAlmostEqual((above - below) / (2 * step), gradient.dot(direction).item(), places=3)

    def test_token_sees_only_what_came_before(self):
        layout = Layout(SMALL)
        flat = torch.zeros(layout.size)
        initialize(flat, layout, 1)
        inputs = torch.randint(0, SMALL.vocabulary, (1, 9))
        changed = inputs.clone()
        changed[0, 6] = (changed[0, 6] + 1) % SMALL.vocabulary
        hidden, other = (PlainModel(layout).hidden(layout.views(flat), x) for x in (inputs, changed))
        self.assertTrue(torch.equal(hidden[:6], other[:6]))
        self.assertFalse(torch.equal(hidden[6:], other[6:]))


@unittest.skipUnless(shutil.which("gcc"), "the kernels need gcc")
class FusedModelTest(unittest.TestCase):
    def test_gradient_agrees_with_autograd(self):
        from cria.fused import FusedModel

        torch.manual_seed(2)
        layout = Layout(SMALL)
        flat = torch.zeros(layout.size)
        initialize(flat, layout, 2)
        flat.copy_(flat.bfloat16().float())  # so that rounding the weights is no difference
        for rows, length in [(3, 7), (1, 31), (16, 2)]:
            batch = random_batch(SMALL, rows, length)
            loss, gradient = exact_gradient(layout, flat, batch)
            model, found = FusedModel(layout), torch.zeros(layout.size)
            model.load(flat)
            fused_loss = model.loss_and_gradient(layout.views(flat), batch, 0.5, layout.views(found))
            self.assertAlmostEqual(fused_loss / loss, 1, places=2)
            for name, expected in layout.views(gradient).items():
                difference = (layout.views(found)[name].double() / 0.5 - expected).norm() / expected.norm()
                self.assertLess(difference, 0.03, f"{name} at {rows} x {length}")


if __name__ == "__main__":
    unittest.main()
