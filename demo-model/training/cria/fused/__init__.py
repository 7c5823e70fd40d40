"""
The model for CPUs: bf16 matrix products by PyTorch (oneDNN: AVX512-BF16 or AMX), all between them in C, gradients by hand.
"""

import ctypes
import os
import subprocess
import tempfile
from hashlib import sha256
from pathlib import Path

import torch

from ..model import rope_tables

_SOURCE = Path(__file__).with_name("kernels.c")
_FLAGS = ["-O3", "-march=native", "-mprefer-vector-width=512", "-ffast-math", "-shared", "-fPIC"]


def _library():
    """The compiled kernels, kept in the temporary folder under the hash of source and processor."""
    source = _SOURCE.read_bytes()
    target = subprocess.run(["gcc", "-march=native", "-Q", "--help=target"], capture_output=True, check=True).stdout
    key = sha256(source + target + " ".join(_FLAGS).encode()).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"cria-kernels-{os.getuid()}-{key}.so"
    if not path.exists():
        part = path.with_suffix(f".{os.getpid()}")
        subprocess.run(["gcc", *_FLAGS, str(_SOURCE), "-o", str(part), "-lm"], check=True)
        part.replace(path)
    library = ctypes.CDLL(str(path))
    library.cross_entropy.restype = ctypes.c_double
    return library


def _call(function, *arguments):
    """Tensors become pointers, integers longs, floats floats."""
    converted = []
    for argument in arguments:
        if isinstance(argument, torch.Tensor):
            if not argument.is_contiguous():
                raise ValueError("a kernel needs contiguous tensors")
            converted.append(ctypes.c_void_p(argument.data_ptr()))
        elif isinstance(argument, int):
            converted.append(ctypes.c_long(argument))
        else:
            converted.append(ctypes.c_float(argument))
    return function(*converted)


def _empty(*shape):
    return torch.empty(*shape, dtype=torch.bfloat16)


class FusedModel:
    """Loss and gradients. Not for several threads at once."""

    def __init__(self, layout):
        self.layout = layout
        self._c = _library()
        self._cos, self._sin = rope_tables(layout.shape)
        self._flat = _empty(layout.size)
        self._weights = layout.views(self._flat)
        self._row = torch.empty(layout.shape.vocabulary)

    def load(self, flat):
        """Takes over the parameters; call it after every update."""
        _call(self._c.to_bf16, flat, self._flat, flat.numel())

    def loss_and_gradient(self, parameters, batch, scale, gradients):
        """The summed cross entropy; adds the gradient times scale to the views in gradients."""
        states, residual = self._forward(parameters, batch)
        return self._backward(parameters, batch, scale, gradients, states, residual)

    # ---- pieces ----

    def _norm(self, x, weight):
        y, scales = _empty(x.shape), torch.empty(x.shape[0])
        _call(self._c.norm_forward, x, weight, y, scales, x.shape[0], x.shape[1], self.layout.shape.norm_epsilon)
        return y, scales

    def _norm_backward(self, x, weight, scales, dy, dx, dweight):
        _call(self._c.norm_backward, x, weight, scales, dy, dx, dweight, x.shape[0], x.shape[1])

    def _plus(self, x, y):
        out = torch.empty_like(x)
        _call(self._c.add, x, y, out, x.numel())
        return out

    def _accumulate(self, product, gradient):
        product = product.contiguous()
        _call(self._c.accumulate, product, gradient, product.numel())

    def _rounded(self, x):
        y = _empty(x.shape)
        _call(self._c.to_bf16, x, y, x.numel())
        return y

    # ---- passes ----

    def _forward(self, parameters, batch):
        s, c, w = self.layout.shape, self._c, self._weights
        rows, length = batch.inputs.shape
        n, group = rows * length, s.heads // s.kv_heads
        states = []
        x = parameters["embedding"][batch.inputs.reshape(-1)]
        for i in range(s.layers):
            a, a_scales = self._norm(x, parameters[f"{i}.attention_norm"])
            qkv = a @ w[f"{i}.qkv"].t()
            # The heads that share keys lie one after another, so one product covers them.
            q = _empty(rows * s.kv_heads, group * length, s.head_width)
            k = _empty(rows * s.kv_heads, length, s.head_width)
            v = _empty(rows * s.kv_heads, length, s.head_width)
            _call(c.split_forward, qkv, self._cos, self._sin, q, k, v, rows, length, s.heads, s.kv_heads, s.head_width)
            p = torch.bmm(q, k.transpose(1, 2))
            if not _call(c.softmax_forward, p, rows * s.heads * length, length, s.head_width**-0.5):
                raise ValueError(f"rows of {length} tokens are longer than the softmax kernel takes")
            attended = torch.bmm(p, v)
            joined = _empty(n, s.heads * s.head_width)
            _call(c.join_heads, attended, joined, rows, length, s.heads, s.head_width)
            x1 = self._plus(x, joined @ w[f"{i}.attention_out"].t())
            f, f_scales = self._norm(x1, parameters[f"{i}.ffn_norm"])
            gate_up = f @ w[f"{i}.gate_up"].t()
            h = _empty(n, s.feed_forward)
            _call(c.swiglu_forward, gate_up, h, n, s.feed_forward)
            states.append((x, a_scales, a, q, k, v, p, joined, x1, f_scales, f, gate_up, h))
            x = self._plus(x1, h @ w[f"{i}.ffn_down"].t())
        return states, x

    def _backward(self, parameters, batch, scale, g, states, x):
        s, c, w = self.layout.shape, self._c, self._weights
        rows, length = batch.inputs.shape
        n, group = rows * length, s.heads // s.kv_heads
        y, y_scales = self._norm(x, parameters["output_norm"])
        learned = y[batch.positions]
        logits = learned @ w["embedding"].t()
        count = len(batch.targets)
        loss = _call(c.cross_entropy, logits, batch.targets, count, s.vocabulary, scale, self._row)
        self._accumulate(logits.t() @ learned, g["embedding"])
        dy = torch.zeros(n, s.width, dtype=torch.bfloat16)
        dy[batch.positions] = logits @ w["embedding"]
        dx = torch.zeros(n, s.width)
        self._norm_backward(x, parameters["output_norm"], y_scales, dy, dx, g["output_norm"])
        for i in reversed(range(s.layers)):
            x, a_scales, a, q, k, v, p, joined, x1, f_scales, f, gate_up, h = states[i]
            d = self._rounded(dx)
            self._accumulate(d.t() @ h, g[f"{i}.ffn_down"])
            dh = d @ w[f"{i}.ffn_down"]
            dgate_up = _empty(n, 2 * s.feed_forward)
            _call(c.swiglu_backward, gate_up, dh, dgate_up, n, s.feed_forward)
            self._accumulate(dgate_up.t() @ f, g[f"{i}.gate_up"])
            df = dgate_up @ w[f"{i}.gate_up"]
            self._norm_backward(x1, parameters[f"{i}.ffn_norm"], f_scales, df, dx, g[f"{i}.ffn_norm"])
            d = self._rounded(dx)
            self._accumulate(d.t() @ joined, g[f"{i}.attention_out"])
            djoined = d @ w[f"{i}.attention_out"]
            dattended = _empty(rows * s.kv_heads, group * length, s.head_width)
            _call(c.part_heads, djoined, dattended, rows, length, s.heads, s.head_width)
            dp = torch.bmm(dattended, v.transpose(1, 2))
            dv = torch.bmm(p.transpose(1, 2), dattended)
            _call(c.softmax_backward, p, dp, rows * s.heads * length, length, s.head_width**-0.5)
            dq, dk = torch.bmm(dp, k), torch.bmm(dp.transpose(1, 2), q)
            dqkv = _empty(n, (s.heads + 2 * s.kv_heads) * s.head_width)
            tables = self._cos, self._sin
            _call(c.split_backward, dq, dk, dv, *tables, dqkv, rows, length, s.heads, s.kv_heads, s.head_width)
            self._accumulate(dqkv.t() @ a, g[f"{i}.qkv"])
            da = dqkv @ w[f"{i}.qkv"]
            self._norm_backward(x, parameters[f"{i}.attention_norm"], a_scales, da, dx, g[f"{i}.attention_norm"])
        _call(c.embedding_backward, dx, batch.inputs, g["embedding"], n, s.width)
        return loss
