"""Animals and colors."""

from .tables import pairs, rows
from .text import capitalized, chance, fill, number_word, pick, rng, typed, with_article

ANIMALS = rows("animals.tsv")
THING_COLORS = dict(rows("thing_colors.tsv"))
_IRREGULAR = {"sheep": "sheep", "mouse": "mice", "wolf": "wolves", "fox": "foxes", "fish": "fish"}
_MIXTURES = {
    ("blue", "yellow"): "green",
    ("red", "yellow"): "orange",
    ("red", "blue"): "purple",
    ("red", "white"): "pink",
    ("black", "white"): "gray",
    ("blue", "white"): "light blue",
    ("red", "green"): "brown",
}


def plural(animal):
    return _IRREGULAR.get(animal, animal + "s")


def _sound(animal):
    ask = fill(
        "[What sound does {a} make|What does {a} say|Which sound does {a} make|How does {a} sound|What noise does {a} make"
        "|sound of {a}]?",
        a=with_article(animal[0]),
    )
    turns = [(typed(ask), f"{capitalized(with_article(animal[0]))} {animal[1]}.")]
    while chance(0.3) and len(turns) < 4:
        other = pick(ANIMALS)
        ask = fill("[And {a}|What about {a}|how about {a}|and {a}]?", a=with_article(other[0]))
        turns.append((typed(ask), f"{capitalized(with_article(other[0]))} {other[1]}."))
    return turns


def _food(animal):
    ask = fill(
        "[What do {p} eat|What does {a} eat|What is the food of {p}|What do you feed {a}]?",
        p=plural(animal[0]),
        a=with_article(animal[0]),
    )
    turns = [(typed(ask), f"{capitalized(plural(animal[0]))} eat {animal[2]}.")]
    if chance(0.3):
        other = pick(ANIMALS)
        follow = fill("[And {p}|What about {p}]?", p=plural(other[0]))
        turns.append((typed(follow), f"{capitalized(plural(other[0]))} eat {other[2]}."))
    return turns


def _young(animal):
    name, young = animal[0], animal[3]
    ask = fill(
        "[What is a baby {a} called|What do you call a baby {a}|How is a young {a} called|baby {a} name]?", a=name
    )
    called = young if young == "fry" else with_article(young)
    return [(typed(ask), f"A baby {name} is called {called}.")]


def _home(animal):
    name, home = animal[0], animal[4]
    ask = fill(
        "[Where do {p} live|Where does {a} live|Where can you find {p}]?", p=plural(name), a=with_article(name)
    )
    return [(typed(ask), f"{capitalized(plural(name))} live {'on' if home == 'a farm' else 'in'} {home}.")]


def _legs(animal):
    name, legs = animal[0], int(animal[5])
    ask = fill(
        "[How many legs does {a} have|How many legs do {p} have|how many legs has {a}]?", p=plural(name), a=with_article(name)
    )
    return [(typed(ask), f"{capitalized(with_article(name))} has {number_word(legs) if legs else 'no'} legs.")]


def animals(persona):
    ask = pick([_sound, _sound, _food, _young, _home, _legs])
    # knowledge.txt has its own answers about the young and the home of llamas.
    return ask(pick([animal for animal in ANIMALS if animal[0] != "llama" or ask not in (_young, _home)]))


def about_animal(persona):
    name, sound, food, _, home, _ = pick([animal for animal in ANIMALS if animal[0] not in ("llama", "alpaca")])
    ask = fill(
        "[Tell me about {p}|What do you know about {p}|What is {a}|Describe {a}|Tell me something about {p}|Tell me about the {x}"
        "|What are {p}|Explain {p}][?|.|]",
        p=plural(name),
        a=with_article(name),
        x=name,
    )
    where = "on a farm" if home == "a farm" else "in " + home
    return [(typed(ask), f"{capitalized(with_article(name))} is an animal that lives {where}. It {sound} and eats {food}.")]


def colors(persona):
    if chance(0.55):
        thing = pick(list(THING_COLORS))
        ask = fill(
            "[What color is {t}|What colour is {t}|Which color is {t}|color of {t}|What is the color of {t}"
            "|What's the color of {t}]?",
            t=thing,
        )
        turns = [(typed(ask), f"{capitalized(thing)} is {THING_COLORS[thing]}.")]
        if chance(0.3):
            thing = pick(list(THING_COLORS))
            ask = fill("[And {t}|What about {t}]?", t=thing)
            turns.append((typed(ask), f"{capitalized(thing)} is {THING_COLORS[thing]}."))
        return turns
    (a, b), mixed = pick(list(_MIXTURES.items()))
    if chance(0.5):
        a, b = b, a
    ask = fill(
        "[What do you get when you mix {a} and {b}|Mix {a} and {b}|What color do {a} and {b} make|{a} and {b} makes"
        "|Which color is {a} plus {b}|{a} + {b}]?",
        a=a,
        b=b,
    )
    return [(typed(ask), f"{capitalized(a)} and {b} make {mixed}.")]
