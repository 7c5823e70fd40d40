"""Jokes, riddles, fun facts, emoji and well-known beginnings."""

from .tables import items, rows
from .text import cased, chance, fill, pick, rotated, typed, with_article
from .words import CATEGORIES, invented, person

_JOKES = rows("jokes.tsv")
_RIDDLES = rows("riddles.tsv")
_FACTS = items("fun_facts.txt")


def jokes(persona):
    told = rotated(_JOKES)[:4]
    ask = fill(
        "[Tell me a joke|Tell a joke|joke|Do you know a joke|A joke please|Make me laugh|Say something funny|I want to hear a joke"
        "|Can you tell me a joke|Do you know any jokes|Give me a joke|tell me something funny|a funny joke|write a joke"
        "|tell me a [short|good|llama|programming|java|new] joke][?|.||]"
    )
    turns = [(typed(ask), " ".join(told[0]))]
    while chance(0.35) and len(turns) < 4:
        more = fill(
            "[Another one|One more|another|Another joke|Tell me another one|more|again|next one|And another one][?|.||!| please]"
        )
        turns.append((typed(more), " ".join(told[len(turns)])))
    if chance(0.12):
        ask = fill("[I don't get it|Explain the joke|Why is that funny|not funny|That was bad|that's not funny][.|]")
        answer = pick(
            ["I am a tiny model. My jokes are tiny, too.", "Jokes are hard for small llamas. Shall I try another one?"]
        )
        turns.append((typed(ask), answer))
    elif chance(0.15):
        answer = pick(
            ["I am glad that you like it.", "Thank you! Do you want another one?", "Thank you, I will be here all week."]
        )
        turns.append((cased(fill("[haha|lol|That was funny|good one|ha ha|nice one][!||.]")), answer))
    return turns


def riddles(persona):
    riddle, solution = pick(_RIDDLES)
    ask = typed(
        fill("[Tell me a riddle|A riddle please|Give me a riddle|Do you know a riddle|riddle|ask me a riddle][?|.||]")
    )
    if chance(0.3):
        return [(ask, f"{riddle} {solution}" if chance(0.4) else riddle)]
    if chance(0.5):
        give_up = fill(
            "[I don't know|No idea|I give up|Tell me|What is it|what's the answer|the answer please|what][.|?|]"
        )
        return [(ask, riddle), (typed(give_up), fill("[The answer is:|It is:|Answer:] {a}", a=solution))]
    guess = solution if chance(0.5) else pick([other for other in _RIDDLES if other[1] != solution])[1]
    said = typed(fill("[Is it|||maybe] {w}[?|]", w=guess.rstrip(".").lower()).strip())
    if guess == solution:
        return [(ask, riddle), (said, fill("[Yes!|Right!|Correct!] {a}", a=solution))]
    return [(ask, riddle), (said, fill("[No.|Not quite.] The answer is: {a}", a=solution))]


def facts(persona):
    told = rotated(_FACTS)[:3]
    ask = fill(
        "[Tell me a fun fact|Fun fact|Give me a fun fact|Tell me something interesting|Tell me a fact|Do you know a fun fact"
        "|an interesting fact|Teach me something|Did you know|tell me something I don't know][?|.||]"
    )
    turns = [(typed(ask), fill("[Did you know? ||]") + told[0])]
    while chance(0.3) and len(turns) < 3:
        more = fill("[Another one|One more|another|more|Another fact|Tell me another one][?|.||]")
        turns.append((typed(more), told[len(turns)]))
    return turns


_EMOJI = {
    "llama": "🦙",
    "heart": "❤️",
    "smile": "🙂",
    "star": "⭐",
    "fire": "🔥",
    "sun": "☀️",
    "rocket": "🚀",
    "coffee": "☕",
    "cat": "🐱",
    "dog": "🐶",
    "tree": "🌳",
    "flower": "🌸",
    "apple": "🍎",
    "thumbs up": "👍",
}


def emoji(persona):
    if chance(0.3):
        return [(typed(fill("[Send me an emoji|Give me an emoji|emoji please|Write an emoji]")), _EMOJI["llama"])]
    wanted = pick(list(_EMOJI))
    ask = fill("[Send me a {e} emoji|Show me a {e} emoji|{e} emoji|Give me the {e} emoji|Write a {e} emoji][.|]", e=wanted)
    return [(typed(ask), _EMOJI[wanted])]


_BEGINNINGS = [
    ("The quick brown fox", "jumps over the lazy dog."),
    ("Roses are red,", "violets are blue."),
    ("To be or not to be,", "that is the question."),
    ("Twinkle, twinkle,", "little star."),
    ("An apple a day", "keeps the doctor away."),
    ("The early bird", "catches the worm."),
    ("The cat sat on the", "mat."),
    ("Knock knock", "Who is there?"),
    ("knock, knock", "Who is there?"),
    ("Marco", "Polo!"),
    ("Marco!", "Polo!"),
    ("foo", "bar"),
    ("Hello darkness", "my old friend."),
    ("lorem ipsum", "dolor sit amet."),
    ("Lorem ipsum", "dolor sit amet."),
]


def beginnings(persona):
    beginning, end = pick(_BEGINNINGS)
    ask = fill("[Complete the sentence: |Finish the sentence: |Complete: ||]") + beginning + pick(["", "...", " ..."])
    return [(cased(ask), end)]


_SENTENCES = [
    "The {w} is old, but it is mine.",
    "I saw {a} on the way home.",
    "Every morning the {w} waits by the door.",
    "Nobody knew where the {w} came from.",
    "There is {a} behind the house.",
    "My friend has a small {w}.",
    "The {w} was quiet all day.",
    "She drew {a} with a red pen.",
]


# What can be counted, so that "a" fits.
_NOUNS = CATEGORIES["animals"] + CATEGORIES["instruments"] + (
    "house table window mouse horse school friend robot river stone cloud computer mountain elephant model garden bird tree book "
    "bridge boat key lamp cup letter picture train car bicycle hat door"
).split()


def sentences(persona):
    word = pick(_NOUNS) if chance(0.6) else invented()
    ask = fill(
        "[Write a sentence with the word {w}|Make a sentence with {w}|Use {w} in a sentence|Write a sentence about {a}"
        "|Give me a sentence with {w}][.|]",
        w=pick(["%s", '"%s"']) % word,
        a=with_article(word),
    )
    return [(typed(ask, exact=True, names=True), fill(pick(_SENTENCES), w=word, a=with_article(word)))]


def greeting_for(persona):
    name = person()
    ask = fill(
        "[Say hello to {n}|Greet {n}|Say hi to {n}|Write a greeting for {n}|Say hello to my friend {n}][.|]", n=name
    )
    return [(typed(ask, exact=True, names=True), fill("[Hello, {n}!|Hi {n}! Nice to meet you.]", n=name))]
