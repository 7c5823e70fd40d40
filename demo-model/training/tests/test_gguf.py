"""GGUF files."""

import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

from cria import gguf
from cria.config import ROOT, SHIPPED, Config, Shape
from cria.export import load_into, metadata, tensors
from cria.model import Layout, initialize
from cria.tokenizer import Tokenizer



class GgufTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "x.gguf"

    def test_what_was_written_is_read(self):
        values = np.random.RandomState(0).randn(4, 64).astype(np.float32)
        about = {"a": "text", "b": gguf.UInt(7), "c": -1, "d": 0.5, "e": True, "f": ["x", "y"], "g": [1, 2]}
        for kind, tolerance in [(gguf.F32, 0), (gguf.F16, 2e-3), (gguf.Q8_0, 2e-2)]:
            gguf.write(self.path, about, [("m", values), ("v", values[0])], kind)
            found, arrays = gguf.read(self.path)
            self.assertEqual(found, about)
            self.assertLessEqual(np.abs(arrays["m"] - values).max(), tolerance)
            self.assertTrue(np.array_equal(arrays["v"], values[0]), "vectors stay f32")

    def test_quantizing_again_changes_nothing(self):
        values = np.random.RandomState(1).randn(64, 32).astype(np.float32)
        once = gguf.dequantized_q8_0(gguf.quantized_q8_0(values))
        self.assertTrue(np.array_equal(gguf.dequantized_q8_0(gguf.quantized_q8_0(once)), once))

    def test_zeros_are_quantized(self):
        self.assertEqual(gguf.dequantized_q8_0(gguf.quantized_q8_0(np.zeros(64))).max(), 0)

    def test_exported_weights_come_back(self):
        config = Config.load()
        layout = Layout(config.shape)
        flat, back = torch.zeros(layout.size), torch.zeros(layout.size)
        initialize(flat, layout, 3)
        tokenizer = Tokenizer.load(ROOT / "tokenizer.json")
        arrays = [(name, tensor.numpy()) for name, tensor in tensors(layout, flat)]
        gguf.write(self.path, metadata(config, tokenizer, gguf.F32), arrays, gguf.F32)
        self.assertEqual(load_into(self.path, layout, back).merges, tokenizer.merges)
        self.assertTrue(torch.equal(flat, back))

    def test_another_shape_is_refused(self):
        config = Config.load()
        layout = Layout(Shape(**{**vars(config.shape), "feed_forward": 32}))
        with self.assertRaisesRegex(ValueError, "ffn_gate"):
            load_into(SHIPPED, layout, torch.zeros(layout.size))


class ShippedFileTest(unittest.TestCase):
    """The file in the jar is of this configuration."""

    def test_shape_vocabulary_template_and_size(self):
        about, arrays = gguf.read(SHIPPED)
        config = Config.load()
        tokenizer = Tokenizer.load(ROOT / "tokenizer.json")
        expected = metadata(config, tokenizer, gguf.Q8_0)
        for key in ("tokenizer.ggml.tokens", "tokenizer.ggml.merges", "general.license", "llama.context_length"):
            self.assertEqual(about[key], expected[key], key)
        self.assertEqual(sum(array.size for array in arrays.values()), Layout(config.shape).size)
        self.assertLessEqual(SHIPPED.stat().st_size, 3_000_000)


if __name__ == "__main__":
    unittest.main()
