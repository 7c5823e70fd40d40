"""
Byte-level BPE with the pre-tokenizer that llama.cpp calls "qwen2": digits stand alone, which makes sums easier to learn.

The ids are the 256 bytes, then the merges in order, then the special tokens.
"""

import json
from collections import Counter, defaultdict

import regex

# llama.cpp, src/llama-vocab.cpp, LLAMA_VOCAB_PRE_TYPE_QWEN2.
_PIECES = regex.compile(
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

END_OF_TEXT, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
# Control tokens are never part of a text; the others are, and stay visible in it.
CONTROL = [END_OF_TEXT, START, END]
MARKS = ["<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"]
SPECIAL = CONTROL + MARKS
_SPECIAL_SPLIT = regex.compile("(" + "|".join(regex.escape(token) for token in SPECIAL) + ")")


def _byte_letters():
    """The printable character that stands for each byte in a GPT-2 vocabulary."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {byte: chr(byte) for byte in printable}
    for byte in range(256):
        if byte not in letters:
            letters[byte] = chr(256 + len(letters) - len(printable))
    return letters


_LETTER = _byte_letters()
_BYTE = {letter: byte for byte, letter in _LETTER.items()}


def train(texts, size):
    """A tokenizer of that many tokens: merges the most frequent pair until there are enough."""
    counts = Counter()
    for text in texts:
        for part in _SPECIAL_SPLIT.split(text):
            if part not in SPECIAL:
                counts.update(_PIECES.findall(part))
    words = [([_LETTER[b] for b in word.encode()], n) for word, n in counts.items() if n >= 2 and len(word) > 1]
    pairs, where = Counter(), defaultdict(set)
    for i, (letters, n) in enumerate(words):
        for pair in zip(letters, letters[1:]):
            pairs[pair] += n
            where[pair].add(i)
    merges = []
    while len(merges) < size - 256 - len(SPECIAL):
        best = max(pairs.items(), key=lambda item: (item[1], item[0]))[0]
        merges.append(best)
        for i in list(where[best]):
            letters, n = words[i]
            for pair in zip(letters, letters[1:]):
                pairs[pair] -= n
                where[pair].discard(i)
            letters = _merge(letters, best)
            words[i] = (letters, n)
            for pair in zip(letters, letters[1:]):
                pairs[pair] += n
                where[pair].add(i)
        pairs.pop(best, None)
    return Tokenizer(merges)


def _merge(letters, pair):
    merged, i = [], 0
    while i < len(letters):
        if i + 1 < len(letters) and letters[i] == pair[0] and letters[i + 1] == pair[1]:
            merged.append(pair[0] + pair[1])
            i += 2
        else:
            merged.append(letters[i])
            i += 1
    return merged


class Tokenizer:
    """Encodes and decodes. Texts may hold special tokens, as the chat template writes them."""

    def __init__(self, merges):
        self.merges = [tuple(merge) for merge in merges]
        self.tokens = [_LETTER[b] for b in range(256)] + [a + b for a, b in self.merges] + SPECIAL
        self.ids = {token: i for i, token in enumerate(self.tokens)}
        self._rank = {merge: rank for rank, merge in enumerate(self.merges)}
        self._cache = {}
        if len(self.ids) != len(self.tokens):
            raise ValueError("two merges make the same token")

    def __len__(self):
        return len(self.tokens)

    @staticmethod
    def load(path):
        with open(path, encoding="utf-8") as file:
            return Tokenizer(merge.split(" ") for merge in json.load(file)["merges"])

    def save(self, path):
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"merges": [" ".join(merge) for merge in self.merges]}, file, ensure_ascii=False, indent=0)
            file.write("\n")

    def _word(self, word):
        ids = self._cache.get(word)
        if ids is None:
            letters = [_LETTER[b] for b in word.encode()]
            while len(letters) > 1:
                ranks = [self._rank.get(pair, len(self.merges)) for pair in zip(letters, letters[1:])]
                first = min(range(len(ranks)), key=ranks.__getitem__)
                if ranks[first] == len(self.merges):
                    break
                letters[first : first + 2] = [letters[first] + letters[first + 1]]
            ids = [self.ids[letter] for letter in letters]
            if len(self._cache) < 200_000:
                self._cache[word] = ids
        return ids

    def encode(self, text):
        ids = []
        for part in _SPECIAL_SPLIT.split(text):
            if part in SPECIAL:
                ids.append(self.ids[part])
            else:
                for word in _PIECES.findall(part):
                    ids += self._word(word)
        return ids

    def decode(self, ids):
        data = b""
        for i in ids:
            token = self.tokens[i]
            data += token.encode() if token in SPECIAL else bytes(_BYTE[letter] for letter in token)
        return data.decode(errors="replace")
