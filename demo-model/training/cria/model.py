"""
The model in plain PyTorch: what the fused kernels must agree with, and what trains on a GPU.

All parameters lie in one flat tensor, so that workers can share it and an optimizer can cut it as it likes.
"""

import math

import torch
import torch.nn.functional as F


class Layout:
    """Where each parameter lies in the flat tensor."""

    def __init__(self, shape):
        self.shape = shape
        s = shape
        attention = s.heads * s.head_width
        parameters = {"embedding": (s.vocabulary, s.width)}
        for i in range(s.layers):
            parameters[f"{i}.attention_norm"] = (s.width,)
            parameters[f"{i}.qkv"] = (attention + 2 * s.kv_heads * s.head_width, s.width)
            parameters[f"{i}.attention_out"] = (s.width, attention)
            parameters[f"{i}.ffn_norm"] = (s.width,)
            parameters[f"{i}.gate_up"] = (2 * s.feed_forward, s.width)
            parameters[f"{i}.ffn_down"] = (s.width, s.feed_forward)
        parameters["output_norm"] = (s.width,)
        self.shapes = parameters
        self.offsets = {}
        self.size = 0
        for name, dimensions in parameters.items():
            self.offsets[name] = self.size
            self.size += math.prod(dimensions)

    def views(self, flat):
        """The parameters by name; they share the flat tensor's memory."""
        return {
            name: flat[self.offsets[name] : self.offsets[name] + math.prod(dimensions)].view(dimensions)
            for name, dimensions in self.shapes.items()
        }

    def matrices(self):
        """(offset, rows, columns) of each matrix that Muon updates; q, k, v, gate and up are matrices of their own."""
        s = self.shape
        cuts = {
            "qkv": [s.heads * s.head_width, s.kv_heads * s.head_width, s.kv_heads * s.head_width],
            "gate_up": [s.feed_forward, s.feed_forward],
        }
        found = []
        for name, dimensions in self.shapes.items():
            if len(dimensions) == 2 and name != "embedding":
                offset = self.offsets[name]
                for rows in cuts.get(name.split(".")[1], [dimensions[0]]):
                    found.append((offset, rows, dimensions[1]))
                    offset += rows * dimensions[1]
        return found

    def others(self):
        """(offset, size) of the embedding and the norms, which Adam updates."""
        return [
            (self.offsets[name], math.prod(dimensions))
            for name, dimensions in self.shapes.items()
            if len(dimensions) == 1 or name == "embedding"
        ]


def initialize(flat, layout, seed):
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in layout.views(flat).items():
        if parameter.dim() == 1:
            parameter.fill_(1.0)
            continue
        scale = 0.02 if name == "embedding" else 0.7 * parameter.shape[1] ** -0.5
        if name.endswith(("attention_out", "ffn_down")):  # what is added to the residual stream starts small
            scale = parameter.shape[1] ** -0.5 / math.sqrt(2 * layout.shape.layers)
        parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale)


def rope_tables(shape):
    """Cosines and sines, [context, head_width / 2]."""
    frequencies = shape.rope_base ** (-torch.arange(0, shape.head_width, 2).double() / shape.head_width)
    angles = torch.arange(shape.context).double()[:, None] * frequencies
    return angles.cos().float().contiguous(), angles.sin().float().contiguous()


class PlainModel:
    """Loss and logits with PyTorch's autograd, in the dtype of the parameters (or under autocast)."""

    def __init__(self, layout, device="cpu"):
        self.layout = layout
        self._cos, self._sin = (table.to(device) for table in rope_tables(layout.shape))

    def _norm(self, x, weight):
        x32 = x if x.dtype == torch.float64 else x.float()
        scale = torch.rsqrt(x32.pow(2).mean(-1, keepdim=True) + self.layout.shape.norm_epsilon)
        return x32 * scale * weight

    def _rope(self, x):
        """Neighbouring values turn together (llama.cpp's NORM convention), so the weights need no permutation."""
        length = x.shape[-2]
        cos, sin = self._cos[:length].to(x.dtype), self._sin[:length].to(x.dtype)
        even, odd = x[..., 0::2], x[..., 1::2]
        return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2)

    def hidden(self, parameters, inputs):
        """The last hidden states, [rows * length, width]."""
        s = self.layout.shape
        rows, length = inputs.shape
        mask = torch.ones(length, length, dtype=torch.bool, device=inputs.device).triu(1)
        x = parameters["embedding"][inputs]
        for i in range(s.layers):
            qkv = self._norm(x, parameters[f"{i}.attention_norm"]) @ parameters[f"{i}.qkv"].t()
            qkv = qkv.view(rows, length, s.heads + 2 * s.kv_heads, s.head_width).transpose(1, 2)
            q = self._rope(qkv[:, : s.heads])
            k = self._rope(qkv[:, s.heads : s.heads + s.kv_heads])
            v = qkv[:, s.heads + s.kv_heads :]
            repeat = s.heads // s.kv_heads
            k, v = k.repeat_interleave(repeat, 1), v.repeat_interleave(repeat, 1)
            scores = (q @ k.transpose(-1, -2)) * s.head_width**-0.5
            attended = scores.masked_fill(mask, float("-inf")).softmax(-1).to(v.dtype) @ v
            x = x + attended.transpose(1, 2).reshape(rows, length, -1) @ parameters[f"{i}.attention_out"].t()
            gate_up = self._norm(x, parameters[f"{i}.ffn_norm"]) @ parameters[f"{i}.gate_up"].t()
            gate, up = gate_up[..., : s.feed_forward], gate_up[..., s.feed_forward :]
            x = x + (F.silu(gate) * up) @ parameters[f"{i}.ffn_down"].t()
        return self._norm(x, parameters["output_norm"]).view(rows * length, -1)

    def loss(self, parameters, batch):
        """The summed cross entropy of the learned tokens."""
        hidden = self.hidden(parameters, batch.inputs)[batch.positions]
        logits = hidden @ parameters["embedding"].t()
        return F.cross_entropy(logits if logits.dtype == torch.float64 else logits.float(), batch.targets, reduction="sum")
