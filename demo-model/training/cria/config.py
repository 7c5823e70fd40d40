"""The configuration file."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT.parent / "src/main/resources/io/panallama/demo/panallama-demo-q8_0.gguf"


@dataclass(frozen=True)
class Shape:
    """The model: a llama with grouped-query attention and tied embeddings."""

    vocabulary: int
    width: int
    layers: int
    heads: int
    kv_heads: int
    head_width: int
    feed_forward: int
    context: int
    norm_epsilon: float
    rope_base: float

    def __post_init__(self):
        if self.heads % self.kv_heads:
            raise ValueError(f"heads ({self.heads}) is no multiple of kv_heads ({self.kv_heads})")
        for name in ("width", "head_width", "feed_forward"):
            if getattr(self, name) % 32:
                raise ValueError(f"{name} ({getattr(self, name)}) is no multiple of 32, the block size of Q8_0")


@dataclass(frozen=True)
class Training:
    seed: int
    tokens: int
    workers: int
    batch_tokens: int
    batches_per_step: int
    muon_rate: float
    muon_momentum: float
    muon_decay: float
    adam_rate: float
    adam_betas: list
    warmup_steps: int
    decay_share: float
    longest: int
    chunk: int


@dataclass(frozen=True)
class Config:
    name: str
    parameters: str
    vocabulary_texts: int
    shape: Shape
    training: Training

    @staticmethod
    def load(path=None):
        with open(path or ROOT / "config.toml", "rb") as file:
            table = tomllib.load(file)
        return Config(
            name=table["model"]["name"],
            parameters=table["model"]["parameters"],
            vocabulary_texts=table["tokenizer"]["texts"],
            shape=Shape(vocabulary=table["tokenizer"]["size"], **table["shape"]),
            training=Training(**table["training"]),
        )

    def tell_grammar(self):
        """The model says its own size: the texts take it from here."""
        from .grammar.persona import FACTS

        FACTS["parameters"] = self.parameters
        FACTS["context"] = f"{self.shape.context} tokens"
