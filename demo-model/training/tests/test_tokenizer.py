"""The tokenizer by itself; that llama.cpp agrees is tested in Java, on the file that `./train guard` writes."""

import tempfile
import unittest

from cria.config import ROOT
from cria.tokenizer import MARKS, Tokenizer, train


class TokenizerTest(unittest.TestCase):
    tokenizer = Tokenizer.load(ROOT / "tokenizer.json")

    def test_every_text_comes_back(self):
        for text in ["", "Hello, world!", "  two  spaces\n\n", "naïve 🦙 漢字", "17 + 25 = 42", "\x00\x7f", "it's"]:
            self.assertEqual(self.tokenizer.decode(self.tokenizer.encode(text)), text)

    def test_digits_stand_alone(self):
        self.assertEqual(len(self.tokenizer.encode("12345")), 5)

    def test_special_tokens_are_one_token(self):
        for text in ["<|im_start|>", "<|im_end|>", "<|endoftext|>", *MARKS]:
            self.assertEqual(self.tokenizer.encode(text), [self.tokenizer.ids[text]])

    def test_pieces_split_at_special_tokens_are_encoded_as_the_whole(self):
        pieces = ["<|im_start|>user\n", "Hi there<|im_end|>", "\n", "<|im_start|>assistant\n", "Hello!<|im_end|>"]
        joined = [i for piece in pieces for i in self.tokenizer.encode(piece)]
        self.assertEqual(joined, self.tokenizer.encode("".join(pieces)))

    def test_training_merges_what_is_frequent(self):
        tokenizer = train(["llama llama llama alpaca"] * 3, 256 + 7 + 4)
        self.assertIn("llama", tokenizer.tokens)
        self.assertEqual(len(tokenizer), 267)

    def test_file_keeps_the_merges(self):
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            self.tokenizer.save(file.name)
            self.assertEqual(Tokenizer.load(file.name).merges, self.tokenizer.merges)


if __name__ == "__main__":
    unittest.main()
