"""Short runs of a very small model."""

import contextlib
import io
import shutil
import tempfile
import unittest
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import torch

from cria.config import ROOT, Config
from cria.data import Stream, validation
from cria.export import export, load_into
from cria.model import Layout
from cria.tokenizer import Tokenizer
from cria.train import train

_SMALL = """
[model]
name = "Small"
parameters = "few parameters"

[tokenizer]
size = 2048
texts = 1

[shape]
width = 32
layers = 1
heads = 1
kv_heads = 1
head_width = 32
feed_forward = 32
context = 1024
norm_epsilon = 1e-5
rope_base = 10000.0

[training]
seed = 1
tokens = 30000
workers = 1
batch_tokens = 1024
batches_per_step = 1
muon_rate = 0.02
muon_momentum = 0.95
muon_decay = 0.02
adam_rate = 0.01
adam_betas = [0.9, 0.98]
warmup_steps = 2
decay_share = 0.5
longest = 300
chunk = 100
"""


class RunTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_training(self, **changes):
        (self.folder / "config.toml").write_text(_SMALL)
        options = dict(
            config=str(self.folder / "config.toml"),
            tokenizer=str(ROOT / "tokenizer.json"),
            folder=str(self.folder),
            device="cpu",
            plain=True,
            time=0,
            tokens=None,
            workers=None,
            resume=None,
            start=None,
            rate=1.0,
            pause_file=None,
            checkpoint_minutes=60,
            log_every=1000,
        )
        with contextlib.redirect_stdout(io.StringIO()):
            train(Namespace(**{**options, **changes}))
        return torch.load(self.folder / "checkpoint.pt")

    def export(self, output, **changes):
        options = dict(
            config=str(self.folder / "config.toml"),
            checkpoint=self.folder / "checkpoint.pt",
            output=output,
            type="q8_0",
            mix_with=None,
            share=0.7,
        )
        with contextlib.redirect_stdout(io.StringIO()):
            export(Namespace(**{**options, **changes}))

    def test_loss_falls(self):
        checkpoint = self.run_training()
        self.assertGreaterEqual(checkpoint["tokens"], 30_000)
        self.assertLess(checkpoint["validation"], 6.5)  # 7.6 is that of guessing among 2048 tokens

    @unittest.skipUnless(shutil.which("gcc"), "the kernels need gcc")
    def test_two_workers_with_fused_kernels(self):
        checkpoint = self.run_training(workers=2, plain=False)
        self.assertLess(checkpoint["validation"], 6.5)
        self.assertEqual(len(checkpoint["streams"]), 2)

    def test_run_starts_from_the_weights_of_a_file(self):
        first = self.run_training()
        file = self.folder / "first.gguf"
        self.export(file)
        (self.folder / "checkpoint.pt").unlink()
        second = self.run_training(start=str(file), tokens=1)  # one step
        self.assertEqual(second["step"], 1)
        self.assertLess(second["validation"], first["validation"] + 0.1)

    def test_export_mixes_with_an_older_file(self):
        old, mixed = self.folder / "old.gguf", self.folder / "mixed.gguf"
        older = self.run_training()["flat"]
        self.export(old, type="f32")
        newer = self.run_training(tokens=60_000)["flat"]
        self.export(mixed, type="f32", mix_with=str(old), share=0.25)
        found = torch.zeros_like(older)
        load_into(mixed, Layout(Config.load(self.folder / "config.toml").shape), found)
        torch.testing.assert_close(found, 0.25 * newer + 0.75 * older)
        self.assertFalse(torch.allclose(older, newer, atol=1e-3))

    def test_count_of_workers_can_be_given(self):
        self.assertEqual(len(self.run_training(workers=2, plain=True)["streams"]), 2)

    def test_run_continues_from_its_checkpoint(self):
        first = self.run_training()
        longer = self.run_training(tokens=60_000)
        self.assertGreater(longer["step"], first["step"])
        self.assertGreaterEqual(longer["tokens"], 60_000)

    def test_checkpoint_of_another_vocabulary_is_refused(self):
        checkpoint = self.run_training()
        checkpoint["merges"] = checkpoint["merges"][:-1]
        torch.save(checkpoint, self.folder / "checkpoint.pt")
        with self.assertRaisesRegex(SystemExit, "another tokenizer"):
            self.run_training()


class StreamTest(unittest.TestCase):
    tokenizer = Tokenizer.load(ROOT / "tokenizer.json")
    training = Config.load().training

    def test_continued_stream_gives_what_the_first_would_have_given(self):
        first = Stream(self.tokenizer, self.training, 0)
        for _ in range(3):
            next(first)
        second = Stream(self.tokenizer, self.training, 0, chunk=first.chunk, used=first.used)
        for _ in range(2):
            self.assertTrue(torch.equal(next(first).inputs, next(second).inputs))

    def test_stream_continued_at_the_end_of_a_chunk_takes_the_next(self):
        training = replace(self.training, chunk=20)
        first = Stream(self.tokenizer, training, 0)
        next(first)
        while first.used < len(first._batches):
            next(first)
        second = Stream(self.tokenizer, training, 0, chunk=first.chunk, used=first.used)
        self.assertTrue(torch.equal(next(first).inputs, next(second).inputs))
        self.assertEqual(second.chunk, training.workers)

    def test_workers_see_different_text(self):
        one, other = (next(Stream(self.tokenizer, self.training, worker)) for worker in (0, 1))
        self.assertFalse(one.inputs.shape == other.inputs.shape and torch.equal(one.inputs, other.inputs))

    def test_targets_are_the_tokens_that_follow(self):
        for batch in validation(self.tokenizer, self.training, 40):
            flat = batch.inputs.reshape(-1)
            length = batch.inputs.shape[1]
            for position, target in zip(batch.positions.tolist(), batch.targets.tolist()):
                if position % length < length - 1:
                    self.assertEqual(flat[position + 1], target)


if __name__ == "__main__":
    unittest.main()
