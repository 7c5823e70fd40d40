"""
Batches of training text, made while the model trains: chunk i of a run depends only on the run's seed and i, so a run that
continues from a checkpoint sees new text, and the same text as a run without a break.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch

from .grammar import text as grammar_text
from .grammar.conversation import conversation, rendered


@dataclass
class Batch:
    """Rows of tokens, shorter ones filled up at the end, and the positions whose next token is learned."""

    inputs: torch.Tensor  # [rows, length]
    positions: torch.Tensor  # flat positions in inputs
    targets: torch.Tensor  # the token that follows at each position
    tokens: int  # without the filling

    def to(self, device):
        return Batch(self.inputs.to(device), self.positions.to(device), self.targets.to(device), self.tokens)


def _seed(seed, index):
    return int.from_bytes(hashlib.sha256(f"{seed}/{index}".encode()).digest()[:8], "big")


def examples(tokenizer, seed, index, count, longest):
    """The conversations of one chunk as (ids, whether each is learned) pairs."""
    grammar_text.rng.seed(_seed(seed, index))
    made = []
    while len(made) < count:
        ids, learned = [], []
        for piece, learn in rendered(conversation()):
            piece_ids = tokenizer.encode(piece)
            ids += piece_ids
            learned += [learn] * len(piece_ids)
        if len(ids) <= longest:
            made.append((ids, learned))
    return made


def batches_of(made, budget, order):
    """Batches of at most `budget` tokens each, of conversations of like length, in random order."""
    made = sorted(made, key=lambda example: len(example[0]))
    groups, group = [], []
    for example in made:
        if group and len(example[0]) * (len(group) + 1) > budget:
            groups.append(group)
            group = []
        group.append(example)
    groups.append(group)
    order.shuffle(groups)
    return [_batch(group) for group in groups]


def _batch(group):
    length = max(len(ids) for ids, _ in group)
    tokens = np.zeros((len(group), length), np.int64)
    learned = np.zeros((len(group), length), bool)
    for row, (ids, flags) in enumerate(group):
        tokens[row, : len(ids)] = ids
        learned[row, : len(ids)] = flags
    positions = np.flatnonzero(learned[:, 1:])
    return Batch(
        torch.from_numpy(np.ascontiguousarray(tokens[:, :-1])),
        torch.from_numpy(positions),
        torch.from_numpy(tokens[:, 1:].reshape(-1)[positions]),
        sum(len(ids) for ids, _ in group),
    )


class Stream:
    """The batches of one worker, without end. `chunk` and `used` say where it is; a checkpoint keeps them."""

    def __init__(self, tokenizer, training, worker, chunk=None, used=0):
        self._tokenizer, self._training = tokenizer, training
        self.chunk = worker if chunk is None else chunk
        self.used = used
        self._batches = None

    def __next__(self):
        if self._batches is None:
            self._batches = self._made()
        if self.used >= len(self._batches):
            self.chunk += self._training.workers
            self.used = 0
            self._batches = self._made()
        self.used += 1
        return self._batches[self.used - 1]

    def _made(self):
        training = self._training
        made = examples(self._tokenizer, training.seed, self.chunk, training.chunk, training.longest)
        order = np.random.RandomState(_seed(training.seed, self.chunk) % 2**32)
        return batches_of(made, training.batch_tokens, order)


def validation(tokenizer, training, count=600):
    """Batches that no run sees: their seed is that of no chunk."""
    made = examples(tokenizer, training.seed, "validation", count, training.longest)
    return batches_of(made, 4096, np.random.RandomState(0))
