"""
Muon for the matrices, Adam for the rest.

Muon (Jordan et al. 2024) orthogonalises the momentum of a matrix with five Newton-Schulz steps before it is applied.
"""

import torch

# The coefficients of the quintic Newton-Schulz iteration that Muon uses.
_A, _B, _C = 3.4445, -4.7750, 2.0315


def orthogonalized(matrix):
    """About the nearest matrix with orthonormal rows or columns."""
    x = (matrix / (matrix.norm() + 1e-7)).bfloat16()
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.t()
    for _ in range(5):
        gram = x @ x.t()
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=_B, alpha=_C), x, beta=_A)
    return (x.t() if tall else x).float()


class Optimizer:
    """Updates a share of the flat parameters: `worker` of `workers` takes every matrix and vector dealt to it."""

    def __init__(self, layout, training, worker=0, workers=1, device="cpu"):
        self._training = training
        loads = [0.0] * workers
        self._matrices, self._others = [], []
        for offset, rows, columns in sorted(layout.matrices(), key=lambda m: -m[1] * m[2] * min(m[1:])):
            least = loads.index(min(loads))
            loads[least] += rows * columns * min(rows, columns)
            if least == worker:
                self._matrices.append((offset, rows, columns))
        self._others = [vector for i, vector in enumerate(layout.others()) if i % workers == worker]
        self.state = {offset: torch.zeros(rows, columns, device=device) for offset, rows, columns in self._matrices}
        for offset, size in self._others:
            self.state[offset] = torch.zeros(2, size, device=device)

    def step(self, flat, gradient, scale, number):
        """
        One update. gradient(offset, size) is the gradient summed over all workers, scale the share of the full learning
        rate, number the count of this step from 1.
        """
        t = self._training
        rate = t.muon_rate * scale
        for offset, rows, columns in self._matrices:
            g = gradient(offset, rows * columns).view(rows, columns)
            momentum = self.state[offset]
            momentum.mul_(t.muon_momentum).add_(g)
            update = orthogonalized(g.add(momentum, alpha=t.muon_momentum))
            weights = flat[offset : offset + rows * columns].view(rows, columns)
            weights.mul_(1 - rate * t.muon_decay).add_(update, alpha=-rate * max(1.0, rows / columns) ** 0.5)
        beta1, beta2 = t.adam_betas
        for offset, size in self._others:
            g = gradient(offset, size)
            mean, square = self.state[offset]
            mean.mul_(beta1).add_(g, alpha=1 - beta1)
            square.mul_(beta2).addcmul_(g, g, value=1 - beta2)
            divisor = (square / (1 - beta2**number)).sqrt_().add_(1e-9)
            flat[offset : offset + size].addcdiv_(mean / (1 - beta1**number), divisor, value=-t.adam_rate * scale)
