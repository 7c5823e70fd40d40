"""Questions with fixed answers."""

from .persona import FACTS
from .tables import phrase_book
from .text import chance, fill, pick, typed

BOOK = phrase_book("knowledge.txt")
_HOW = (
    "[ in one sentence| in simple words| briefly|? Answer in one sentence.|? Answer briefly.| in a few words|? Explain it simply."
    "| like I am five|? Keep it short.]"
)


def questions(persona):
    entry = pick(BOOK)
    ask, answer = fill(pick(entry.questions)), pick(entry.answers).replace("{context}", FACTS["context"])
    if chance(0.12) and not answer.startswith("`") and len(answer) < 150:
        ask = ask.rstrip("?.!") + fill(_HOW)
    return [(typed(ask), answer)]
