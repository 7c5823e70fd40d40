"""Reads the tables in data/: what the model knows."""

from functools import lru_cache
from pathlib import Path

_DATA = Path(__file__).with_name("data")


def lines(name):
    """The lines of a table without comments and blank lines."""
    text = (_DATA / name).read_text(encoding="utf-8")
    return [line for line in text.split("\n") if line.strip() and not line.startswith("#")]


@lru_cache(maxsize=None)
def rows(name):
    """A table of tab-separated columns as a list of tuples."""
    return [tuple(line.split("\t")) for line in lines(name)]


@lru_cache(maxsize=None)
def entries(name):
    """A table of "key: a, b, c" lines as a dictionary of lists."""
    table = {}
    for line in lines(name):
        key, _, values = line.partition(": ")
        table[key] = values.split(", ")
    return table


@lru_cache(maxsize=None)
def pairs(name, key):
    """An entry "key: a/x, b/y" as a dictionary."""
    return dict(value.split("/") for value in entries(name)[key])


@lru_cache(maxsize=None)
def items(name):
    """A table of one item per line."""
    return [line.strip() for line in lines(name)]


@lru_cache(maxsize=None)
def sections(name):
    """A table of "key:" lines, each followed by indented lines, as a dictionary of lists."""
    table, current = {}, None
    for line in lines(name):
        if line.startswith("  "):
            table[current].append(line.strip())
        else:
            key, _, rest = line.partition(":")
            current = key
            table[key] = rest.strip().split(", ") if rest.strip() else []
    return table


class Entry:
    """One entry of a phrase book: questions for training, questions kept for the evaluation, and answers."""

    def __init__(self):
        self.questions = []
        self.held_out = []
        self.answers = []


@lru_cache(maxsize=None)
def phrase_book(name):
    """
    A phrase book: "? question", "?? question kept for the evaluation", "! answer", "| further line of the answer"; a
    question starts a new entry when answers came before it.
    """
    book = []
    for line in lines(name):
        mark, _, text = line.partition(" ")
        if mark in ("?", "??"):
            if not book or book[-1].answers:
                book.append(Entry())
            (book[-1].questions if mark == "?" else book[-1].held_out).append(text)
        elif mark == "!":
            book[-1].answers.append(text)
        elif mark == "|":
            book[-1].answers[-1] += "\n" + text
        else:
            raise ValueError(f"{name}: a line starts with {mark!r}, not with ?, ??, ! or |: {line}")
    return book
