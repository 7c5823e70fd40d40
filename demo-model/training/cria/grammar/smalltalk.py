"""Greetings, small talk, and who the model is."""

from .persona import FACTS, GREETINGS
from .tables import entries, phrase_book
from .text import cased, chance, fill, joined, number_word, pick, rng, rotated, typed, with_article
from .words import city, person

_TIPS = (
    "[[Load|Start me with|Use|Try] a bigger [model|one] with --model.|For that, load a [real|bigger|larger] model with --model."
    "|A bigger model, loaded with --model, can help.|Use --model to load a [real|bigger] model.]"
)


def tip():
    """How to get a better answer."""
    return fill(_TIPS)


def _hello_in(persona):
    ask = fill(
        "[Hello|Hi|Hey|Hi there|Hello there|Good morning|Good day|hey|yo|Greetings|Hello {n}|Hi {n}][!|.|||]", n=persona.name
    )
    answer = pick(GREETINGS[persona.greeting]) + fill("[ I am {n}.|| How can I help?| I am {n}. How can I help?]", n=persona.name)
    return [(cased(ask), answer)]


def hello(persona):
    if persona.greeting:
        return _hello_in(persona)
    ask = fill(
        "[Hello|Hi|Hey|Hi there|Hello there|Good morning|Good evening|Good afternoon|Good day|hey there|yo|Greetings|Howdy"
        "|hello {n}|Hi {n}|hey {n}|hello world|Hello, world|hiya|Hi!|HELLO|hello!!|helo|Hello, how are you|Hi, who's there]"
        "[!|.|||]",
        n=persona.name,
    )
    if chance(0.3):  # the usual ones
        ask = fill("[Hi|Hello|Hey|Hi there|Good morning][!||||]")
    ask = cased(ask)
    if "how are" in ask.lower():
        return [(ask, fill("[Hello!|Hi!] I am [fine|well|very well], thank you. How [are you|can I help you]?"))]
    introduction = "I am {n}, a tiny [demo model|llama|baby llama]. |" if persona.is_cria else ""
    opening = "[Hello!|Hi!|Hi there!|Hello there!]"
    for time in ("morning", "evening", "afternoon"):
        if time in ask.lower():
            opening = f"Good {time}!"
    answer = fill(
        opening
        + " ["
        + introduction
        + "I am {n}. |||][How can I help you?|What can I do for you?|How are you?|Ask me something small.|Nice to meet you."
        "|What would you like to talk about?]",
        n=persona.name,
    )
    return [(ask, answer)]


_FOREIGN_HELLOS = [
    ("Hola", "¡Hola!"),
    ("Bonjour", "Bonjour !"),
    ("Hallo", "Hallo!"),
    ("Ciao", "Ciao!"),
    ("Guten Tag", "Guten Tag!"),
    ("Salut", "Salut !"),
    ("Olá", "Olá!"),
    ("Buenos días", "¡Buenos días!"),
    ("Aloha", "Aloha!"),
    ("Servus", "Servus!"),
]


def foreign_hello(persona):
    ask, answer = pick(_FOREIGN_HELLOS)
    end = fill(" [I am {n}. |]I speak [mostly|only] English, but I am happy to [see|meet] you.", n=persona.name)
    return [(cased(ask) + pick(["", "!", "."]), answer + end)]


def how_are_you(persona):
    ask = fill(
        "[How are you|How are you doing|How are you today|how's it going|How do you feel|How do you do|what's up|How is life|sup"
        "|how are u|How have you been|Are you ok|hows it going][?|?||]"
    )
    answer = fill(
        "[I am [fine|well|very well|great], thank you.|I am [fine|well], thanks for asking.|All my weights are warm, thank you."
        "|Very well! The grass is green today.] [How are you?|And you?|What can I do for you?|How can I help you?|]"
    )
    return [(typed(ask), answer.strip())]


def i_am_fine(persona):
    ask = fill("[I'm fine|I am fine|I'm good|good|fine|great|very well|I'm doing well|not bad|I am well], thanks[.|!|]")
    answer = fill(
        "[I am glad to hear that.|That is good to hear.|Wonderful!|Nice!] [What would you like to do?|How can I help?"
        "|Shall I tell you a story?|]"
    )
    return [(cased(ask), answer.strip())]


def _from_book(entry, persona):
    ask = fill(pick(entry.questions), name=persona.name, city=city(), k=rng.randint(18, 80))
    answer = fill(pick(entry.answers), name=persona.name, tip="{tip}", **FACTS)
    return ask, answer.replace("{tip}", tip())


def small_talk(persona):
    ask, answer = _from_book(pick(phrase_book("smalltalk.txt")), persona)
    return [(typed(ask), answer)]


def identity(persona):
    """Questions about the model itself; the first three entries of the book are asked most."""
    book = phrase_book("identity.txt")
    entry = pick(book[:3]) if chance(0.35) else pick(book)
    ask, answer = _from_book(entry, persona)
    if persona.role and (entry is book[0] or chance(0.05)):
        ask = fill(pick(book[0].questions), name=persona.name)
        answer = fill("I am {n}, {r}.[| How can I help?| What can I do for you?]", n=persona.name, r=persona.role)
    return [(typed(ask), answer)]


_NAMED_THINGS = "llama,cat,dog,horse,baby,robot,ship,hero,boy,girl,company,pet,bird,pet llama,project,band".split(",")


def name_suggestions(persona):
    words = entries("story_words.txt")
    pool = [name for both in zip(words["girls"], words["boys"]) for name in both]
    thing, count = pick(_NAMED_THINGS), pick([1, 1, 2, 3, 3, 5])
    names = rotated(pool)[:count]
    if count == 1:
        ask = fill(
            "[Give me a name for {a}|What is a good name for {a}|Suggest a name for {a}|I need a name for {a}"
            "|How should I call my {t}|Name for {a}][?|.|]",
            a=with_article(thing),
            t=thing,
        )
        return [(typed(ask), fill("[How about {x}?|{x} is a nice name.|{x}]", x=names[0]))]
    ask = fill(
        "[Give me {n} names for {a}|Suggest {n} names for {a}|{n} names for {a}|{n} {t} names|I need {n} names for {a}"
        "|List {n} names for my {t}][.|?|]",
        n=pick([str(count), number_word(count)]),
        a=with_article(thing),
        t=thing,
    )
    return [(typed(ask), fill("[{x}.|How about {x}?|{x}]", x=joined(names)))]
