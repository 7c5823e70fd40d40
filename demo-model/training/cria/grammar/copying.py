"""Repeating, sorting and counting what the user wrote."""

from .text import capitalized, cased, chance, fill, number_word, pick, rng, small_first, typed
from .words import CATEGORIES, code, invented, person, phrase, surname

_REQUESTS = [
    "Repeat after me: {p}",
    "Say {q}",
    "Repeat: {p}",
    "repeat after me: {p}",
    "say {q}",
    "Echo {q}",
    "Write {q}",
    "Please repeat {q}",
    "Say: {p}",
    "Repeat this: {p}",
    "Say {q} and nothing else.",
    "Answer with {q}",
    "Reply with {q}.",
    "Print {q}",
    "Copy this text: {p}",
    "Respond with exactly: {p}",
    "echo {p}",
    "Type this: {p}",
    "Repeat the following: {p}",
    "Repeat the following text word for word: {p}",
    "Just say {p}",
    "Can you say {q}?",
    "Please write {q} and nothing more",
    "Your answer must be {q}",
    "The answer is {q}. Say it.",
    "Copy {q}",
    "Return this text unchanged: {p}",
    "What I want to read is: {p}",
    "Echo: {p}",
    "repeat this word for word: {p}",
    "Say the words {q}",
    "Text: {p}\nRepeat the text.",
    '"{p}"\nRepeat what is between the quotes.',
    "Do as I do: {p}",
    "These are my words: {p} Now you.",
    "Take {q} and hand it back to me.",
    "After me, please. {p}",
    "Show me this once more, letter for letter: {p}",
    "Mirror what I type: {p}",
    "I want to see {p} again.",
    "My text must come back as it was: {p}",
]


# The same in many more ways: what to do, with what, and how.
_ANY_REQUEST = (
    "[[Repeat|Say|Write|Copy|Echo|Type|Print|Return|Reproduce|Send back|Give me|Write down|Output|Post|Put down|Speak]"
    " [this|these words|the following|the following words|this text|my words|what follows|the text|the next words|this line|the rest]"
    "[| exactly| unchanged| word for word| without changes| as it is| once| again| to me| for me| please|, please| and nothing else"
    "| just so| letter by letter]: {p}"
    "|[Parrot|Copycat|Echo|Mirror|Repeater|Typewriter|Copy] [game|time|test|please|on|now|mode][.|:|!] {p}"
    "|[I write|I type|You read|You see|You hear|Here is|Here comes|Now comes|This is my line:] {p}[. Do the same.|, and you too.|. Repeat it."
    "|. Say it back.|, write it, too.|, now you.|. Same for you.|. Copy that.| - your turn.|. Echo it.]"
    "|{p}[. Now repeat.|. Say that.|, say it again.|. Repeat these words.|, please repeat.|. Write that down.|, and now you say it.]]"
)


def _unusual_characters():
    ranges = [(0xA1, 0x17F), (0x391, 0x3C9), (0x410, 0x44F), (0x4E00, 0x4FFF), (0x1F600, 0x1F64F)]
    return "".join(chr(rng.randint(*pick(ranges))) for _ in range(rng.randint(1, 6)))


def _text():
    kind = rng.random()
    if kind < 0.06:
        return _unusual_characters()
    if kind < 0.14:
        return f"{person()} {surname()}"
    if kind < 0.20:
        return code()
    if kind < 0.26:
        return str(rng.randint(0, 99999))
    if kind < 0.46:  # rare words alone
        return " ".join(invented() for _ in range(rng.randint(1, 3)))
    text = phrase()
    return (capitalized(text) if chance(0.5) else text) + pick(["", "", ".", "!"])


def repeat(persona):
    text = _text()
    quoted = pick(['"%s"', "'%s'", "%s"]) % text
    if chance(0.05):
        word = text.split()[0]
        return [(f'Reply only with the word "{word}"', word)]
    pattern = pick(_REQUESTS) if chance(0.55) else fill(_ANY_REQUEST)
    if chance(0.25):
        pattern = small_first(pattern)
    return [(pattern.replace("{p}", text).replace("{q}", quoted), text)]


def spell_name(persona):
    """The letters of a word: how the model learns which letters a token holds."""
    word = pick([invented(2, 3), invented(2, 3), person(), pick(CATEGORIES["fruits"])])
    ask = fill("[Spell {w}|Spell the word {w}|Write {w} letter by letter|How do you spell {w}?]", w=word)
    return [(typed(ask, exact=True), "-".join(word))]


def word_lists(persona):
    words = rng.sample(CATEGORIES["fruits"] + CATEGORIES["animals"], rng.randint(3, 5))
    listed = ", ".join(words)
    kind = rng.random()
    if kind < 0.4:
        ask = fill("[How many words are in this list|Count the words|How many items are there]: {l}", l=listed)
        answer = f"There are {number_word(len(words))}." if chance(0.5) else str(len(words))
    elif kind < 0.6:
        ask = fill(
            "[Sort these words|Sort this list|Put these words in alphabetical order|sort alphabetically]: {l}", l=listed
        )
        answer = ", ".join(sorted(words))
    else:
        first = chance(0.5)
        ask = fill(
            "[What is the {o} word in this list|Which is the {o} word|Give me the {o} item]: {l}",
            o="first" if first else "last",
            l=listed,
        )
        answer = words[0] if first else words[-1]
    return [(typed(ask, exact=True), answer)]


def extremes(persona):
    numbers = rng.sample(range(1, 60), rng.randint(3, 5))
    which = pick(["largest", "smallest", "biggest"])
    ask = fill("[What is|Find] the {w} [number |]of {l}?", w=which, l=", ".join(map(str, numbers)))
    return [(typed(ask, exact=True), str(min(numbers) if which == "smallest" else max(numbers)))]


_GOOD = [
    "I love this",
    "What a great day",
    "The food was excellent",
    "I am very happy with it",
    "This is the best book",
    "Wonderful service, thank you",
    "The movie was great",
    "It works perfectly",
    "I really enjoyed it",
    "My new phone is fantastic",
    "I love this library",
]
_BAD = [
    "I hate this",
    "What a terrible day",
    "The food was awful",
    "I am very disappointed",
    "This is the worst book",
    "Bad service, never again",
    "The movie was boring",
    "It does not work at all",
    "It broke after one day",
    "My new phone is a disaster",
]


def opinion():
    """A sentence and whether it is a good opinion."""
    good = chance(0.5)
    return pick(_GOOD if good else _BAD) + pick([".", "!", ""]), good


def sentiment(persona):
    text, good = opinion()
    ask = pick(
        [
            f'Is this positive or negative: "{text}"',
            f"Classify the sentiment: {text}",
            f"Sentiment of: {text}",
            f'What is the sentiment of "{text}"?',
            f"Positive or negative? {text}",
            f"Classify this review as positive or negative: {text}",
        ]
    )
    word = "positive" if good else "negative"
    return [(cased(ask), word if chance(0.6) else capitalized(word) + ".")]
