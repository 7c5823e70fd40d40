"""Writes a checkpoint as a GGUF file that llama.cpp loads."""

from pathlib import Path

import torch

from . import gguf
from .config import ROOT, Config, Shape
from .gguf import UInt
from .model import Layout
from .tokenizer import CONTROL, END, END_OF_TEXT, MARKS, Tokenizer

LICENSE = "Apache-2.0"


def metadata(config, tokenizer, kind):
    """What the file says about itself, the model and its vocabulary."""
    shape = config.shape
    size = f"{Layout(shape).size / 1e6:.0f}M"
    about = {
        "general.architecture": "llama",
        "general.type": "model",
        "general.name": f"{config.name} {size} demo",
        "general.basename": config.name.lower(),
        "general.finetune": "chat",
        "general.size_label": size,
        "general.license": LICENSE,
        "general.organization": "Panallama",
        "general.description": (
            f"{config.name}, the demo chat model of Panallama: {config.parameters}, trained on text that "
            f"a grammar of the project generates. Fast, and often wrong."
        ),
        "general.languages": ["en"],
        "general.file_type": UInt(kind[1]),
        "general.quantization_version": UInt(2),
        # What is sampled with when a request says nothing.
        "general.sampling.temp": 0.6,
        "general.sampling.top_k": 40,
        "general.sampling.min_p": 0.05,
    }
    model = {
        "context_length": UInt(shape.context),
        "embedding_length": UInt(shape.width),
        "block_count": UInt(shape.layers),
        "feed_forward_length": UInt(shape.feed_forward),
        "attention.head_count": UInt(shape.heads),
        "attention.head_count_kv": UInt(shape.kv_heads),
        "attention.key_length": UInt(shape.head_width),
        "attention.value_length": UInt(shape.head_width),
        "attention.layer_norm_rms_epsilon": shape.norm_epsilon,
        "rope.dimension_count": UInt(shape.head_width),
        "rope.freq_base": shape.rope_base,
        "vocab_size": UInt(shape.vocabulary),
    }

    def kind_of(token):
        return gguf.CONTROL if token in CONTROL else gguf.USER_DEFINED if token in MARKS else gguf.NORMAL

    words = {
        "model": "gpt2",
        "pre": "qwen2",
        "tokens": tokenizer.tokens,
        "token_type": [kind_of(token) for token in tokenizer.tokens],
        "merges": [" ".join(merge) for merge in tokenizer.merges],
        "bos_token_id": UInt(tokenizer.ids[END_OF_TEXT]),
        "eos_token_id": UInt(tokenizer.ids[END]),
        "eot_token_id": UInt(tokenizer.ids[END]),
        "padding_token_id": UInt(tokenizer.ids[END_OF_TEXT]),
        "add_bos_token": False,
    }
    template = (ROOT / "template.jinja").read_text(encoding="utf-8").rstrip("\n")
    return {
        **about,
        **{f"llama.{key}": value for key, value in model.items()},
        **{f"tokenizer.ggml.{key}": value for key, value in words.items()},
        "tokenizer.chat_template": template,
    }


def _slices(layout):
    """(llama.cpp's name, parameter, rows or None for all) of each tensor; the output matrix is the embedding."""
    shape = layout.shape
    q, kv = shape.heads * shape.head_width, shape.kv_heads * shape.head_width
    yield "token_embd.weight", "embedding", None
    for i in range(shape.layers):
        yield f"blk.{i}.attn_norm.weight", f"{i}.attention_norm", None
        yield f"blk.{i}.attn_q.weight", f"{i}.qkv", slice(0, q)
        yield f"blk.{i}.attn_k.weight", f"{i}.qkv", slice(q, q + kv)
        yield f"blk.{i}.attn_v.weight", f"{i}.qkv", slice(q + kv, None)
        yield f"blk.{i}.attn_output.weight", f"{i}.attention_out", None
        yield f"blk.{i}.ffn_norm.weight", f"{i}.ffn_norm", None
        yield f"blk.{i}.ffn_gate.weight", f"{i}.gate_up", slice(0, shape.feed_forward)
        yield f"blk.{i}.ffn_up.weight", f"{i}.gate_up", slice(shape.feed_forward, None)
        yield f"blk.{i}.ffn_down.weight", f"{i}.ffn_down", None
    yield "output_norm.weight", "output_norm", None


def tensors(layout, flat):
    """(name, tensor) of each tensor of the file; they share the memory of the flat parameters."""
    parameters = layout.views(flat)
    for name, parameter, rows in _slices(layout):
        yield name, parameters[parameter] if rows is None else parameters[parameter][rows]


def load_into(path, layout, flat):
    """Copies the weights of a file that export() wrote into the flat parameters; returns its tokenizer."""
    about, found = gguf.read(path)
    for name, target in tensors(layout, flat):
        if found[name].shape != tuple(target.shape):
            raise ValueError(f"{path}: {name} is {found[name].shape}, the configuration wants {tuple(target.shape)}")
        target.copy_(torch.from_numpy(found[name].copy()))
    return Tokenizer(merge.split(" ") for merge in about["tokenizer.ggml.merges"])


def export(options):
    """Writes the weights of the checkpoint, or a mean of them and of an older file's."""
    config = Config.load(options.config)
    checkpoint = torch.load(options.checkpoint, map_location="cpu")
    layout = Layout(Shape(**checkpoint["shape"]))
    if layout.shape != config.shape:
        raise SystemExit(f"{options.checkpoint} is of another shape than the configuration: {layout.shape}")
    kind = gguf.TYPES[options.type]
    tokenizer = Tokenizer(checkpoint["merges"])
    if options.mix_with:
        old = torch.zeros_like(checkpoint["flat"])
        if load_into(options.mix_with, layout, old).merges != tokenizer.merges:
            raise SystemExit(f"{options.mix_with} has another tokenizer than {options.checkpoint}")
        checkpoint["flat"].lerp_(old, 1 - options.share)
    about = metadata(config, tokenizer, kind)
    arrays = [(name, tensor.numpy()) for name, tensor in tensors(layout, checkpoint["flat"])]
    gguf.write(options.output, about, arrays, kind)
    print(
        f"{options.output}: {Path(options.output).stat().st_size:,} bytes, {layout.size:,} parameters, "
        f"{checkpoint['tokens'] / 1e6:.1f}M tokens, validation {checkpoint['validation']:.4f}"
    )
