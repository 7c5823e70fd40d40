"""Stories: a hero, a place, and a plot from data/plots.txt."""

from dataclasses import dataclass

from .tables import entries, lines
from .text import capitalized, chance, fill, pick, rng, small_first, typed, weighted, with_article
from .words import CATEGORIES, city, invented, person

_WORDS = entries("story_words.txt")
HEROES = _WORDS["heroes"]
_PARTS = ("problem", "attempt", "help", "ending", "summary")


@dataclass
class Plot:
    """The sentences of one plot: a story takes one of each part."""

    key: str
    topic: str
    parts: dict


def _read_plots():
    plots = []
    for line in lines("plots.txt"):
        mark, _, text = line.strip().partition(" ")
        if mark == "plot":
            key, _, topic = text.partition(" ")
            plots.append(Plot(key, topic, {part: [] for part in _PARTS}))
        else:
            plots[-1].parts[mark.rstrip(":")].append(text)
    return plots


PLOTS = _read_plots()


@dataclass
class Story:
    text: str
    hero: str
    name: str
    friend: str
    place: str
    summary: str


def _pronouns(hero):
    female = hero in _WORDS["she"] or (hero not in _WORDS["he"] and chance(0.5))
    return ("she", "her", "her") if female else ("he", "him", "his")


_THOUGHTS = [
    "The {hero} thought about it all night.",
    '"What shall I do?" {he} asked the moon, but the moon said nothing.',
    '"I will find a way," said {name}.',
    "{name} took a deep breath and made a plan.",
    "The others only shook their heads, but {name} did not give up.",
    "{name} wrote it all down in a small book.",
    "An old song came to {his} mind, and that helped a little.",
]
_THANKS = [
    "{name} could hardly believe it.",
    '"Thank you," said {name}.',
    "The {friend} smiled and waved.",
    "And so they did.",
    "It took them the whole day.",
    "The {friend} only laughed.",
]
_LAST_WORDS = [
    "The end.",
    "And if you listen closely, you can hear them laugh.",
    "That is the end of the story.",
    "And that was that.",
    "What came next is another story.",
]


def story(hero=None, plot=None, name=None, length=None, place=None, adjective=None):
    """A story; what is not given is chosen."""
    hero = hero or pick(HEROES)
    plot = plot or pick(PLOTS)
    he, him, his = _pronouns(hero)
    if name is None:
        name = pick(_WORDS["girls"] if he == "she" else _WORDS["boys"]) if chance(0.85) else capitalized(invented(2, 2))
    friend = pick([word for word in _WORDS["friends"] if word != hero])
    length = length or weighted([("short", 25), ("medium", 50), ("long", 25)])
    where = place or pick(_WORDS["places"])
    values = dict(name=name, hero=hero, he=he, He=capitalized(he), him=him, his=his, His=capitalized(his), friend=friend)
    values.update(afriend=with_article(friend), Afriend=capitalized(with_article(friend)))

    # Sentences of one number belong together; now and then they are mixed.
    number = rng.randrange(3) if chance(0.65) else None

    def sentence(options):
        return fill(pick(options) if number is None else options[number % len(options)], **values)

    described = with_article(adjective or pick(_WORDS["adjectives"])) + " " + hero
    opening = fill(
        "[Once upon a time there was {d} [named|called] {n} who lived {p}.|Once there was {d} [named|called] {n}. {n} lived {p}."
        "|There was once {d} [named|called] {n} who lived {p}.|A long time ago there was {d} [named|called] {n}. {n} lived {p}."
        "|{P} lived {d} [named|called] {n}.]",
        d=described,
        n=name,
        p=where,
        P=capitalized(where),
    )
    middle = [sentence(plot.parts["problem"]), sentence(plot.parts["attempt"])]
    if length == "long" or (length == "medium" and chance(0.4)):
        middle.insert(1, fill(pick(_THOUGHTS), **values))
    end = [sentence(plot.parts["help"])]
    if length == "long":
        end.append(fill(pick(_THANKS), **values))
    end.append(sentence(plot.parts["ending"]))
    if chance(0.25):
        end.append(pick(_LAST_WORDS))
    first, second = " ".join([opening] + middle), " ".join(end)
    text = first + ("\n\n" if length == "long" and chance(0.5) else " ") + second
    return Story(text, hero, name, friend, where, sentence(plot.parts["summary"]))


# ---- asking for one ----

_WISHES = (
    "learns Java,loves music,wants to fly,finds a treasure,gets lost,goes to school,travels to {city},meets {other},lost a hat,"
    "learns to code,likes {fruit},saves the day,goes on a trip,dreams of the sea,cannot sleep,wins a race"
).split(",")
_SETTINGS = {
    "the forest": "in the forest",
    "the sea": "by the sea",
    "the city": "in the city",
    "the mountains": "in the mountains",
    "Peru": "in Peru",
    "space": "in space",
    "the desert": "in the desert",
    "a castle": "in a castle",
    "the jungle": "in the jungle",
}


def _about_hero():
    hero, adjective = pick(HEROES), pick(_WORDS["adjectives"]) if chance(0.3) else None
    described = with_article(f"{adjective} {hero}" if adjective else hero)
    about = fill("[ about {a}| about {a}| of {a}| with {a}]", a=described)
    if chance(0.3):
        wish = fill(pick(_WISHES), city=city(), other=with_article(pick(HEROES)), fruit=pick(CATEGORIES["fruits"]))
        about += fill(" [who|that] {w}", w=wish)
    return about, dict(hero=hero, adjective=adjective)


def _about_named_hero():
    hero, name = pick(HEROES), person()
    about = fill("[ about {a} named {n}| about {a} called {n}|, the hero is {a} named {n}]", a=with_article(hero), n=name)
    return about, dict(hero=hero, name=name)


def _about_name():
    name = person()
    return f" about {name}", dict(name=name)


def _about_topic():
    plot = pick(PLOTS)
    return f" about {plot.topic}", dict(plot=plot)


def _about_invented():
    hero = invented(2, 2)
    return f" about {with_article(hero)}", dict(hero=hero)


def _about_setting():
    if chance(0.3):
        place = city()
        return fill("[ set in {p}| in {p}| that happens in {p}]", p=place), dict(place="in " + place)
    place = pick(list(_SETTINGS))
    return fill("[ set in {p}| in {p}| that happens in {p}]", p=place), dict(place=_SETTINGS[place])


_REQUEST = (
    "[Tell me a {l}story{t}|Write a {l}story{t}|A {l}story{t} please|{l}story{t}|Can you tell me a {l}story{t}|Tell a {l}story{t}"
    "|I want a {l}story{t}|Write me a {l}story{t}|Please write a {l}story{t}|Make up a {l}story{t}|Do you know a {l}story{t}"
    "|I would like to hear a {l}story{t}|Tell me a {l}bedtime story{t}|tell me a {l}tale{t}|Could you write a {l}story{t}][.|?||]"
)


def stories(persona):
    kinds = [
        (lambda: ("", {}), 30),
        (_about_hero, 32),
        (_about_named_hero, 10),
        (_about_name, 6),
        (_about_topic, 12),
        (_about_invented, 5),
        (_about_setting, 5),
    ]
    about, wanted = weighted(kinds)()
    length = pick(["", "", "", "short ", "short ", "long ", "little ", "very short ", "nice "])
    if "short" in length or "little" in length:
        wanted["length"] = "short"
    elif "long" in length:
        wanted["length"] = "long"
    ask = fill(_REQUEST, l=length, t=about)
    if chance(0.06):
        ask, wanted = fill("Once upon a time[|...]"), {}
    told = story(**wanted)
    copied = "name" in wanted or "place" in wanted
    turns = [(typed(ask, exact=copied, names=copied), told.text)]
    return turns + _after(told, wanted)


def _after(told, wanted):
    """What people say after a story."""
    kind = rng.random()
    if kind < 0.10:
        ask = fill("[Another one|One more|another story|Tell me another one|next one|more][?|.||!]")
        return [(typed(ask), story(**{key: value for key, value in wanted.items() if key != "name"}).text)]
    if kind < 0.18:
        ask = fill(
            "[Make it shorter|Shorter please|Summarize it|Sum it up|In one sentence|Can you make it shorter"
            "|Give me the short version|summarize the story|tl;dr|shorter][.|?||]"
        )
        return [(typed(ask), told.summary)]
    if kind < 0.23:
        ask = fill(
            "[What was the name of the {h}|What is the name of the hero|Who was the story about|What was the hero called"
            "|Who was the hero]?",
            h=told.hero,
        )
        return [(typed(ask), fill("The {h} was [called|named] {n}.", h=told.hero, n=told.name))]
    if kind < 0.26:
        return [(typed(fill("[Who helped {n}|Who was the friend|Who helped]?", n=told.name)), f"{capitalized(with_article(told.friend))} helped {told.name}.")]
    if kind < 0.29:
        ask = fill("[Where did {n} live|Where did the {h} live|Where did it happen]?", n=told.name, h=told.hero)
        return [(typed(ask), f"{told.name} lived {told.place}.")]
    if kind < 0.34:
        ask = fill("[Nice story|I like it|That was nice|great story|beautiful|Good story][!|.|]")
        answer = pick(
            ["Thank you! Do you want another one?", "I am glad that you like it.", "Thank you! I made it up just for you."]
        )
        return [(typed(ask), answer)]
    return []


def summaries(persona):
    told = story()
    ask = pick(
        [
            "Summarize this text: ",
            "Summarize: ",
            "Summarize this story in one sentence:\n\n",
            "TL;DR: ",
            "Make this shorter: ",
            "Give me a one-sentence summary of this text:\n\n",
            "Sum up the following story:\n",
            "Summarize the text.\n\n",
            "What is this story about?\n\n",
        ]
    )
    return [((small_first(ask) if chance(0.2) else ask) + told.text, told.summary)]
