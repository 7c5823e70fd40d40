"""Small tools every domain writes with: one random source, patterns with alternatives, and typing noise."""

import random
import re
from functools import lru_cache

# All randomness of the grammar; whoever generates text seeds it first.
rng = random.Random(0)


def pick(options):
    return rng.choice(options)


def chance(probability):
    return rng.random() < probability


def weighted(pairs):
    """One of (value, weight) pairs."""
    return rng.choices([value for value, _ in pairs], [weight for _, weight in pairs])[0]


# ---- patterns: "[Hello|Hi] {name}" ----


@lru_cache(maxsize=None)
def _parse(pattern):
    """A pattern as a list of strings and of tuples (alternatives, each again such a list)."""
    position = 0

    def sequence(inside):
        nonlocal position
        parts, text = [], []
        while position < len(pattern):
            character = pattern[position]
            if inside and character in "|]":
                break
            position += 1
            if character == "[":
                if text:
                    parts.append("".join(text))
                    text = []
                alternatives = [sequence(True)]
                while pattern[position] == "|":
                    position += 1
                    alternatives.append(sequence(True))
                position += 1  # the closing bracket
                parts.append(tuple(alternatives))
            else:
                text.append(character)
        if text:
            parts.append("".join(text))
        return parts

    return sequence(False)


def _choose(parts, out):
    for part in parts:
        if isinstance(part, str):
            out.append(part)
        else:
            _choose(rng.choice(part), out)


def fill(pattern, **values):
    """Chooses among the alternatives of a pattern and puts the values in; "[a|b]" nests, "[|x]" may be empty."""
    out = []
    _choose(_parse(pattern), out)
    text = "".join(out)
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    return text


@lru_cache(maxsize=None)
def alternatives(pattern):
    """Every text that a pattern can give, as a tuple."""

    def spread(parts):
        texts = [""]
        for part in parts:
            ends = [part] if isinstance(part, str) else [end for option in part for end in spread(option)]
            texts = [text + end for text in texts for end in ends]
        return texts

    return tuple(spread(_parse(pattern)))


# ---- English ----

_NUMBER_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
).split()


def number_word(number):
    """The word for 0 to 20."""
    return _NUMBER_WORDS[number]


def number_or_word(number):
    return number_word(number) if 0 <= number <= 20 and chance(0.2) else str(number)


def capitalized(text):
    return text[:1].upper() + text[1:]


def with_article(noun):
    return ("an " if noun[:1].lower() in "aeiou" else "a ") + noun


def joined(items):
    items = list(items)
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def rotated(items):
    """The items from a random one on, cyclically. A tiny model can learn which item follows which, not a random order."""
    items = list(items)
    start = rng.randrange(len(items))
    return items[start:] + items[:start]


# ---- as people type ----


def _typo(word):
    i = rng.randrange(1, len(word) - 1)
    kind = rng.random()
    if kind < 0.3:  # a letter missing
        return word[:i] + word[i + 1 :]
    if kind < 0.6:  # two letters swapped
        return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    if kind < 0.8:  # a letter twice
        return word[:i] + word[i] + word[i:]
    return word[:i] + pick("abcdefghijklmnopqrstuvwxyz") + word[i + 1 :]


def _with_typo(text):
    words = text.split(" ")
    candidates = [i for i, word in enumerate(words) if len(word) > 4 and word.isalpha() and word.islower()]
    if candidates:
        i = pick(candidates)
        words[i] = _typo(words[i])
    return " ".join(words)


_OPENERS = (
    "[Please|please|Can you tell me,|Hey,|Hi,|hi|Hey Cria,|Cria,|ok,|Ok|So,|Quick question:|Now,|And|hello,|Hello,|well,"
    "|Tell me:|One more thing:|I wonder,|By the way,] "
)


def small_first(text):
    return text[:1].lower() + text[1:]


def cased(text):
    """A short message in small letters, in capitals, or as it is."""
    case = rng.random()
    if case < 0.35:
        return text.lower()
    if case < 0.42:
        return text.upper()
    return small_first(text) if case < 0.50 else text


def typed(text, exact=False, names=False):
    """
    A user's message with the noise of typing. exact keeps spelling and case, because the answer copies from it; names says
    that all it copies is names, which an answer writes with capitals even when the message has none.
    """
    if exact:
        case = rng.random()
        if names and case < 0.22:
            text = text.lower()
        elif case < 0.36:
            text = small_first(text)
    else:
        if chance(0.07):
            text = _with_typo(text)
        case = rng.random()
        if case < 0.28:
            text = text.lower()
        elif case < 0.40:
            text = text.upper()
        elif case < 0.47:
            text = small_first(text)
    if chance(0.25):
        text = text.rstrip("?.!")
    elif chance(0.03):
        text = text.rstrip("?.!") + pick(["??", "...", "!!", " ?"])
    if chance(0.10):
        keep = exact or text.startswith("I ")
        text = fill(_OPENERS) + (text if keep else small_first(text))
    if chance(0.05):
        text = text.rstrip("?.!") + fill("[ please| please?|, please|, thanks| thanks| :)| pls]")
    return text
