"""Questions with fixed answers."""

import re

from .persona import FACTS
from .tables import phrase_book
from .text import chance, fill, pick, typed

BOOK = phrase_book("knowledge.txt")
_HOW = (
    "[ in one sentence| in simple words| briefly|? Answer in one sentence.|? Answer briefly.| in a few words|? Explain it simply."
    "| like I am five|? Keep it short.]"
)


_WHAT_IS = re.compile(r"What(?:'s| is) ((?:an? |the )?[\w.-]+)\?")


def _turned(ask):
    """ "What is a compiler?" with the compiler first."""
    found = _WHAT_IS.fullmatch(ask)
    if not found:
        return ask
    return fill(
        "[{x} is what?|{x}: please explain.|I read about {x}. What is it?|{x}, can you say what it is?|What do people mean by {x}?"
        "|{x}, what does one call so?|Explain to me: {x}]",
        x=found.group(1),
    )


def questions(persona):
    entry = pick(BOOK)
    ask, answer = fill(pick(entry.questions)), pick(entry.answers).replace("{context}", FACTS["context"])
    if chance(0.3):
        ask = _turned(ask)
    if chance(0.12) and not answer.startswith("`") and len(answer) < 150:
        ask = ask.rstrip("?.!") + fill(_HOW)
    return [(typed(ask), answer)]
