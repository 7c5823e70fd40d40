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


# Topic: how it is called in a request, and the first, second and third lines, any of which go together.
_HAIKU = {
    "rain": (
        ["rain", "rain", "rain", "the rain"],
        "Soft rain on the roof,|All morning the rain,|Rain falls on the pond,|A warm summer rain,",
        "a frog is counting the drops,|the river carries the light,|the gutters sing all night long,",
        "how quiet it is.|and then it is gone.|the garden says thanks.",
    ),
    "sea": (
        ["the sea", "the ocean", "the waves"],
        "The sea is awake,|Blue sea, little boat,|Salt wind from the sea,",
        "the waves are telling stories,|a gull forgets its own song,|the tide is folding its wings,",
        "the day can begin.|I wave to the waves.|and nobody speaks.",
    ),
    "winter": (
        ["winter", "snow", "the snow"],
        "Snow on the dark pines,|Winter at the door,|The first snow of night,",
        "the river wears a white coat,|a bird leaves three little signs,|the wind is telling stories,",
        "time for a small nap.|the world holds its breath.|how quiet it is.",
    ),
    "spring": (
        ["spring"],
        "Spring comes through the gate,|The first day of spring,",
        "a bird remembers its song,|a bee is late for dinner,",
        "the day can begin.|all windows open.",
    ),
    "autumn": (
        ["autumn", "leaves"],
        "Autumn in the park,|A red autumn leaf,",
        "the wind is counting the leaves,|the geese are writing letters,",
        "and then it is gone.|how quiet it is.",
    ),
    "moon": (
        ["the moon", "the night"],
        "The moon climbs the hill,|Moon over the roof,|One moon, many ponds,",
        "the night is folding its wings,|a cat is counting the stars,|a cloud is resting its head,",
        "I wave to the moon.|all windows are dark.|and nobody speaks.",
    ),
    "stars": (
        ["the stars", "stars"],
        "The stars are awake,|A sky full of stars,",
        "the night is folding its wings,|a dog is counting them all,",
        "the world holds its breath.|I wave to them all.",
    ),
    "llamas": (
        ["llamas", "a llama", "the Andes"],
        "A small llama hums,|Llamas on the hill,|High up, a llama,",
        "the grass listens to the hum,|a cloud is resting its head,|the wind combs the soft brown wool,",
        "time for a small nap.|hay for everyone.|the day can begin.",
    ),
    "cats": (
        ["cats", "a cat", "my cat"],
        "A cat on the sill,|The cat is asleep,|Two cats in the sun,",
        "a bird forgets its own song,|the yarn rolls under the chair,",
        "how quiet it is.|time for a small nap.",
    ),
    "coffee": (
        ["coffee"],
        "Coffee in the cup,|Morning, hot coffee,",
        "the steam is telling stories,|the spoon draws a small circle,",
        "the day can begin.|now I am awake.",
    ),
    "trees": (
        ["trees", "a tree", "the forest"],
        "An old tree stands still,|Under the tall tree,",
        "a bird forgets its own song,|the shade has room for us all,",
        "how quiet it is.|the world holds its breath.",
    ),
    "nature": (
        ["nature", "", "", ""],
        "The morning is still,|One leaf on the path,|The old pond is still,",
        "a cloud is resting its head,|a frog jumps into the light,|a bee is late for dinner,",
        "how quiet it is.|and nobody speaks.|the day can begin.",
    ),
}
_HAIKU_JAVA = [
    "Cup of hot Java,\nthe compiler is happy,\nno nulls anywhere.",
    "Threads run through the night,\nthe garbage is collected,\nall my tests are green.",
    "Tokens, one by one,\na very small model speaks,\nthe weights are so light.",
]


def haiku(persona):
    """Three lines, the first of which names what the haiku is about."""
    kind, exact = rng.random(), False
    if kind < 0.15:
        spoken, text = pick("Java programming AI coding computers threads".split()), pick(_HAIKU_JAVA)
    elif kind < 0.3:
        spoken, exact = pick(_OTHER_TOPICS + ["a " + invented(), "my " + invented()]), True
        _, _, second, third = _HAIKU["nature"]
        text = f"I think of {spoken},\n{pick(second.split('|'))}\n{pick(third.split('|'))}"
    else:
        names, *parts = _HAIKU["rain" if kind < 0.4 else pick(list(_HAIKU))]
        spoken, text = pick(names), "\n".join(pick(part.split("|")) for part in parts)
    ask = fill(
        "[Write a haiku{t}|Write a haiku{t}|A haiku{t}|haiku{t}|Can you write a haiku{t}|Give me a haiku{t}|Write me a haiku{t}"
        "|Please write a haiku{t}|Tell me a haiku{t}|I want a haiku{t}|Make a haiku{t}|a [short|nice] haiku{t}][.|?||]",
        t=f" about {spoken}" if spoken else "",
    )
    return [(typed(ask, exact=exact), text)]


_REQUEST = (
    "[Write a poem|Write me a poem|A poem|Can you write a poem|Tell me a poem|poem|Make a poem|Write a short poem|I want a poem"
    "|Please write a poem|Give me a poem|write a rhyme|Write four lines]"
)


def poems(persona):
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
