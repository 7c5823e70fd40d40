"""Poems of two couplets, and haiku."""

from .tables import sections
from .text import capitalized, chance, fill, pick, rng, typed
from .words import invented

_COUPLETS = sections("couplets.txt")
_ANY_TOPIC = [
    "O {t}, so quiet and so bright, / you walk with me from day to night.",
    "I thought of {t} the whole day through, / and then I wrote these lines for you.",
    "I tell the wind of {t} today, / it takes my words and flies away.",
    "So here is {t} in four small lines, / a little lamp that sometimes shines.",
    "A word for {t}, a word for me, / and one for all that yet may be.",
]
_SPOKEN = {
    "java": ["Java"],
    "love": ["love"],
    "winter": ["winter"],
    "spring": ["spring"],
    "autumn": ["autumn"],
    "coffee": ["coffee"],
    "friend": ["a friend", "friendship", "my friend"],
    "llama": ["llamas", "a llama", "the llama"],
    "rain": ["rain", "the rain"],
    "cat": ["a cat", "cats", "my cat"],
    "dog": ["a dog", "dogs", "my dog"],
    "star": ["a star", "the stars", "stars"],
    "tree": ["a tree", "trees"],
    "mountain": ["mountains", "the mountains", "a mountain"],
    "computer": ["computers", "a computer"],
    "night": ["the night", "night"],
}
_OTHER_TOPICS = (
    "the sky,my mother,my grandmother,my father,Peru,a horse,the wind,tokens,the river,bread,my garden,a bird,time,a boat,the fire,"
    "my friend Tom,your weights,a little mouse,threads,the old house,summer,hope,the future,music,a flower,cheese,football,pizza,"
    "my sister,the city,a bridge,an old clock,the teacher,snow,the sea wind,red shoes,my bike,the train"
).split(",")


def poem(topic=None):
    """Two couplets that follow each other; a topic without its own gets the ones that fit any."""
    if topic is None:
        topic = pick(list(_COUPLETS))
    couplets = _COUPLETS.get(topic, _ANY_TOPIC)
    i = rng.randrange(len(couplets))
    chosen = [couplets[i], couplets[(i + 1) % len(couplets)]]
    lines = [line.replace("{t}", topic) for couplet in chosen for line in couplet.split(" / ")]
    return "\n".join(capitalized(line) for line in lines)


_HAIKU_1 = (
    "High in the mountains,|A small llama hums,|The morning is still,|Soft rain on the roof,|The old pond is still,"
    "|Snow on the dark pines,|A cup of green tea,|The moon climbs the hill,|One leaf on the path,|The stars are awake,"
).split("|")
_HAIKU_2 = (
    "the wind is telling stories|a cloud is resting its head|the grass is listening to me|a bird forgets its own song"
    "|the river carries the light|a frog is counting the drops|the night is folding its wings|a bee is late for dinner"
).split("|")
_HAIKU_3 = (
    "and nobody speaks.|the day can begin.|time for a small nap.|the world holds its breath.|I wave to the moon."
    "|all threads are asleep.|and then it is gone.|how quiet it is."
).split("|")
_HAIKU_JAVA = [
    "Cup of hot Java,\nthe compiler is happy,\nno nulls anywhere.",
    "Threads run through the night,\nthe garbage is collected,\nall my tests are green.",
    "Tokens, one by one,\na very small model speaks,\nthe weights are so light.",
]


def _haiku():
    topic = pick(["", " about nature", " about llamas", " about the moon", " about winter", " about the sea", " about rain"])
    text = "\n".join(pick(part) for part in (_HAIKU_1, _HAIKU_2, _HAIKU_3))
    if chance(0.4):
        topic = pick([" about Java", " about programming", " about AI", " about coding", " about computers"])
        text = pick(_HAIKU_JAVA)
    ask = fill("[Write a haiku{t}|A haiku{t}|haiku{t}|Can you write a haiku{t}|Give me a haiku{t}][.|?|]", t=topic)
    return [(typed(ask), text)]


_REQUEST = (
    "[Write a poem|Write me a poem|A poem|Can you write a poem|Tell me a poem|poem|Make a poem|Write a short poem|I want a poem"
    "|Please write a poem|Give me a poem|write a rhyme|Write four lines]"
)


def poems(persona):
    if chance(0.25):
        return _haiku()
    if chance(0.3):
        topic = pick(_OTHER_TOPICS + ["a " + invented(), capitalized(invented()), "my " + invented(), "the " + invented()])
        spoken = topic
    else:
        topic = pick(list(_COUPLETS))
        spoken = pick(_SPOKEN.get(topic, ["the " + topic]))
        if chance(0.2):
            spoken = None
    ask = fill(_REQUEST) + (f" about {spoken}" if spoken else "") + pick(["", ".", "?", ""])
    text = poem(topic)
    turns = [(typed(ask, exact=topic not in _COUPLETS), text)]
    if chance(0.2):
        turns.append((typed(fill("[Another one|One more|another|Write another one][?|.|]")), poem(topic)))
    elif chance(0.1):
        ask = fill("[Make it shorter|shorter please|Only two lines|Shorter]")
        turns.append((typed(ask), "\n".join(text.split("\n")[:2])))
    return turns
