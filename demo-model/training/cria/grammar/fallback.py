"""What the model does not know: it says so, and names --model."""

from .persona import FACTS
from .geography import COUNTRIES, spoken
from .language import LANGUAGES
from .smalltalk import tip
from .tables import sections
from .text import capitalized, chance, fill, pick, rng, typed, weighted, with_article
from .words import city, invented, person, phrase, surname

_TABLE = sections("fallback.txt")
TOPICS = _TABLE["topics"]
_OBJECTS = _TABLE["objects"]
_NEAR = _TABLE["near"]

_ABOUT_TOPIC = (
    "[What is {t}|Explain {t}|Tell me about {t}|How does {t} work|Can you explain {t}|What do you know about {t}|Describe {t}"
    "|Why is {t} important|Who invented {t}|Give me an overview of {t}|What are the benefits of {t}|teach me {t}"
    "|Compare {t} and {u}|What is the difference between {t} and {u}|Where can I learn {t}|Summarize {t}"
    "|explain {t} to a child|What is the history of {t}|When was {t} discovered|who discovered {t}|Write an essay about {t}"
    "|Write an article about {t}|Write a report on {t}|I have a question about {t}|Help me with {t}|What's {t}"
    "|Is {t} hard to learn|What should I know about {t}|How did {t} begin][?|?|.|]"
)
_ABOUT_PERSON = (
    "[Who is {n}|Who was {n}|When was {n} born|What did {n} do|Tell me about {n}|How old is {n}|Where does {n} live"
    "|What is {n} famous for|who is {n}|Did {n} win a prize][?|]"
)
_VERBS = (
    "fix repair install build sell buy clean paint write find open remove design train deploy compile debug grow measure download "
    "delete connect move replace"
).split()
_THINGS = (
    "my car,a house,the roof,my phone,a website,a server,my bike,a contract,a novel,the printer,my computer,a database,an app,"
    "the engine,tomatoes,a loan,the wall,a wedding,the washing machine,a company"
).split(",")
_HOW_TO = (
    "[How do I {v} {o}|How can I {v} {o}|How to {v} {o}|What is the best way to {v} {o}|Can you {v} {o}|Please {v} {o}"
    "|Help me {v} {o}|Write a program to {v} {o}|I want to {v} {o}|Could you help me {v} {o}][?||.]"
)
_ABOUT_TEXT = (
    "[Translate this sentence to {l}: {p}|Write an email to {n} about {p}|Fix this code: {p}|Is {t} better than {p}|Rate {p}"
    "|What does {p} mean|Correct this sentence: {p}|Finish this: {p}|Which {p} is {p2}|Write an email to my {r}"
    "|Help me write an email to {n}|Can you help me write a letter to my {r}?]"
)
_RELATIVES = "boss teacher landlord neighbor doctor mother bank colleague customer friend".split()
_ASCII = "abcdefghijklmnopqrstuvwxyz  0123456789.,;:!?/()#$%&*+-=<>@[]{}~^_|\"'ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_RANGES = [(0xA1, 0x17F), (0x391, 0x3C9), (0x410, 0x44F), (0x4E00, 0x4FFF), (0x1F600, 0x1F64F), (0x3041, 0x3090), (32, 32)]


_TASKS = (
    "[Book|Order|Plan|Design|Compose|Recommend|Draft|Review|Check|Predict|Estimate|Prepare|Organize|Cancel|Send|Sketch|Forecast"
    "|Proofread|Rewrite|Improve] [me |us ||||]{w} [for {x}|about {x}|with {x}|in {p}|until tomorrow|next week||][.|, please.|?||]"
)
_WORKS = (
    "a hotel,a flight,a taxi,a table,a menu,a diet,a workout,a budget,a logo,a poster,a symphony,a song,a cover letter,a speech,"
    "a business plan,a contract,my essay,my thesis,my code,my homework,a recipe,a book,a movie,a laptop,a phone,a present,"
    "an invoice,a budget plan,the weather report,the stock prices,a schedule,a toast,a garden,a survey,a newsletter,the minutes"
).split(",")
_LONG_QUESTIONS = (
    "[Why did|How did|When did|Where did] {n} [leave|find|invent|visit|win|lose|build|write] {w}[?|]"
    "|[Which|What kind of] {o} is the best for {x}?|How long does it take to [learn|build|cook|repair|understand] {w}?"
    "|[Why is|Why are|How come] {o}s [so expensive|so heavy|so popular|round|red|dangerous]?"
    "|What would {n} have thought about {t}?|What are the [side effects|rules|dangers|reasons|main ideas|parts] of {t}?"
    "|Is it true that {o}s [can swim|hate {x}|come from {p}]?|My {o} is broken. What should I do?|What is the difference between "
    "{w} and {w2}?|How do I get rid of {o}s in my {x}?|Who [sang|directed|won|designed|discovered] {w} in {y}?"
    "|Tell me everything about {t}.|Can you explain the error in my {o}?|What did {n} say about {t}?"
    "|How [deep|high|old|long|heavy] is the {o} of {p}?|Give me [feedback on|advice about|an opinion on] {w}."
)


def near_known():
    """A question that looks like one the model knows."""
    thing = pick(_OBJECTS) if chance(0.75) else invented(2, 3)
    pattern = pick(_NEAR)
    return fill(
        pattern,
        o=thing,
        ao=with_article(thing),
        p=city() if chance(0.7) else pick(COUNTRIES)[0],
        q=city(),
        c=spoken(pick(COUNTRIES)[0]),
        n=f"{person()} {surname()}",
        y=rng.randint(1500, 2030),
        k=rng.randint(150, 9999),
        j=rng.randint(2, 9),
        m=rng.randint(130, 999),
        w=invented(2, 3),
    ) + pick(["?", "?", "", "."])


def _topic():
    return pick(TOPICS) if chance(0.65) else phrase(1, 3)


def unknown():
    """(question, what it is about or None)"""
    kind = rng.random()
    if kind < 0.34:
        return near_known(), None
    if kind < 0.50:
        thing = pick(_OBJECTS)
        values = dict(w=pick(_WORKS), w2=pick(_WORKS), x=pick(_OBJECTS + [city()]), o=thing, p=city(), t=pick(TOPICS))
        values.update(n=person(), y=rng.randint(1900, 2030))
        return fill("[" + _LONG_QUESTIONS + "]" if chance(0.55) else _TASKS, **values).strip(), None
    kind = rng.random()
    if kind < 0.45:
        topic = _topic()
        return fill(_ABOUT_TOPIC, t=topic, u=pick(TOPICS)), topic
    if kind < 0.58:
        name = f"{person()} {surname()}"
        return fill(_ABOUT_PERSON, n=name), name
    if kind < 0.75:
        thing = pick(_THINGS) if chance(0.7) else pick(["my ", "the ", "a "]) + invented(2, 3)
        return fill(_HOW_TO, v=pick(_VERBS), o=thing), None
    if kind < 0.84:
        language = pick(LANGUAGES + ["Chinese", "Russian", "Latin"])
        words = dict(l=language, n=person(), p=phrase(2, 7), t=_topic(), p2=phrase(1, 2), r=pick(_RELATIVES))
        return fill(_ABOUT_TEXT, **words), None
    if kind < 0.90:
        return phrase(2, 12), None
    if kind < 0.94:
        return " ".join(invented() for _ in range(rng.randint(1, 6))), None
    if kind < 0.97:
        return "".join(pick(_ASCII) for _ in range(rng.randint(2, 30))).strip() or "x", None
    return "".join(chr(rng.randint(*pick(_RANGES))) for _ in range(rng.randint(2, 14))).strip() or "ß", None


_ANSWERS = [
    "I am only a tiny demo model, so I do not know that. {tip}",
    "Sorry, I am too small for that. {tip}",
    "I have not learned that. {tip}",
    "That is too hard for a tiny model like me. {tip}",
    "I wish I knew. I am only a small demo. {tip}",
    "I do not know. I was trained on a few simple things only. {tip}",
    "Sorry, I cannot do that. I am a demo with {parameters}. {tip}",
    "My {parameters} do not cover that. {tip}",
]
_ANSWERS_WITH_TOPIC = [
    "I know nothing about {t}, sorry. I am only a tiny demo model. {tip}",
    "I have not learned about {t}. {tip}",
    "I would like to know more about {t}, too. {tip}",
]


def answer(about=None):
    pattern = pick(_ANSWERS_WITH_TOPIC) if about else pick(_ANSWERS)
    return fill(pattern.replace("{tip}", "{end}"), end=tip(), **FACTS).replace("{t}", about or "")


def fallback(persona):
    ask, topic = unknown()
    ask = typed(ask) if chance(0.8) else ask
    about = topic if topic and topic in ask and chance(0.4) else None
    turns = [(ask, answer(about))]
    if chance(0.06):
        why = pick(
            [
                "Because I am very small. A model needs many more parameters to know that.",
                f"I have only {FACTS['parameters']}, and most of them hold stories.",
            ]
        )
        turns.append((typed(fill("[Why not|Why|why don't you know that]?")), why))
    return turns
