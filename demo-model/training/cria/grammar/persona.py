"""Who the assistant is in a conversation: the system message and what it changes."""

from dataclasses import dataclass

from .tables import entries
from .text import capitalized, chance, fill, pick, rng, with_article
from .words import city, invented, person, phrase

NAME = "Cria"

# The values of {parameters} and {context} in the phrase books; the configuration sets them.
FACTS = {"parameters": "two million parameters", "context": "1024 tokens"}

GREETINGS = {
    "Spanish": ["¡Hola!", "¡Buenos días!"],
    "French": ["Bonjour !", "Salut !"],
    "German": ["Hallo!", "Guten Tag!"],
    "Italian": ["Ciao!", "Buongiorno!"],
    "Portuguese": ["Olá!"],
    "English": ["Hello!"],
    "Quechua": ["Allillanchu!"],
    "Dutch": ["Hallo!"],
    "Swedish": ["Hej!"],
    "Japanese": ["Konnichiwa!"],
    "Latin": ["Salve!"],
    "Turkish": ["Merhaba!"],
    "Polish": ["Cześć!"],
    "Swahili": ["Jambo!"],
    "Hawaiian": ["Aloha!"],
}

_PLAIN = [
    "You are a [helpful|friendly|kind|useful|polite|nice|good|cheerful] assistant.",
    "You are a helpful[, concise|, honest|] assistant. [Answer briefly.|Answer in one sentence.|Be concise."
    "|Keep answers short.|Be polite.|Be helpful.|Use simple words.]",
    "You are a helpful AI assistant.",
    "You are Cria, a tiny demo model.",
    "You are Cria.",
    "Answer [briefly|shortly|politely|in short sentences].",
    "Be [nice|kind|helpful|brief].",
    "You are a [chatbot|assistant|demo model|language model] [inside|in|that runs in] a Java [program|application|server].",
    "You are an expert in {topic}.",
    "Help the user[.| with {topic}.]",
    "The user is a [child|student|programmer|friend|newcomer]. [Answer the questions.|]",
    "You [answer|will answer] the questions of the user.",
    "This is a [test|demo|chat|conversation].",
]

_ROLE_ADJECTIVES = "friendly wise cheerful helpful small patient old young busy famous quiet funny polite brave".split()
_ROLE_NOUNS = (
    "robot owl pirate assistant cat llama teacher chatbot cook bot gardener librarian guide pilot doctor baker captain "
    "wizard painter clerk coach waiter reporter scientist dragon farmer singer"
).split()
_ROLE_JOBS = (
    "assistant,support agent,voice,guide,bot,receptionist,chatbot,librarian,host,helper,secretary,manager,captain,mascot,"
    "night porter,ticket seller,tour leader,press officer,storekeeper,housekeeper,doorkeeper,ticket desk,customer hotline,head nurse,"
    "lost and found counter,tram driver,chief accountant,bookkeeper,speaker,goalkeeper,reading room supervisor,cloakroom attendant"
).split(",")
_PLACE_KINDS = (
    "library museum station hotel theater market harbor hospital garden school bank zoo gym cinema bakery airport university "
    "castle farm kitchen office workshop pharmacy"
).split()
_PLACE_WORDS = "city old small public royal national northern river green central night summer village grand blue new".split()
_PLACES = (
    "museum of modern art,train station,night bus,old lighthouse,flower shop,swimming pool,space station,town hall,book shop,"
    "river ferry,post office,botanical garden,chess club,football team,music school,weather station,help desk,ice cream shop"
).split(",")


def _place():
    kind = rng.random()
    if kind < 0.3:
        return pick(_PLACES)
    if kind < 0.8:
        return f"{pick(_PLACE_WORDS)} {pick(_PLACE_KINDS)}"
    return f"{invented()} {pick(_PLACE_KINDS)}"


def _one(noun):
    return f"the {noun}" if chance(0.5) else with_article(noun)


def _role():
    """What the assistant is, from "a wise owl" to "the support agent of the night bus in Dravel"."""
    kind = rng.random()
    if kind < 0.25:
        return fill("[a|a very] {adjective} {noun}", adjective=pick(_ROLE_ADJECTIVES[:4] + ["busy"]), noun=pick(_ROLE_NOUNS))
    if kind < 0.55:
        return f"{_one(pick(_ROLE_JOBS))} of the {_place()}"
    if kind < 0.70:
        return fill("the {job} of the {place} in {city}", job=pick(_ROLE_JOBS), place=_place(), city=city())
    if kind < 0.76:  # words in no order that means anything: the role must be copied, not guessed
        return f"the {phrase(1, 2).lower()} of the {phrase(1, 3).lower()}"
    if kind < 0.88:
        maker = capitalized(invented()) + pick(["", "", " Labs", " Bank", " Airlines", " and Sons", " Software"])
        return f"{_one(pick(_ROLE_JOBS))} of {maker}"
    what = pick(["the weather", "trains", "old books", "good food", "plants", "music", "sums", "travel", "cats", "tickets"])
    return fill("{one} [who knows about|who helps with] {what}", one=_one(pick(_ROLE_NOUNS)), what=what)


@dataclass
class Persona:
    """The assistant of one conversation."""

    name: str = NAME
    role: str = ""
    greeting: str = ""  # the language to greet in
    prefix: str = ""  # every answer starts with it
    suffix: str = ""  # every answer ends with it
    system: str = ""

    def styled(self, answer):
        if answer.startswith(("{", "[", "```")):
            return answer
        start = self.prefix + " " if self.prefix else ""
        end = " " + self.suffix if self.suffix else ""
        return start + answer + end

    @property
    def is_cria(self):
        return self.name == NAME


_PREFIXES = ["Arr!", "Beep!", "Meow.", "Ahoy!", "Well,", "Dear friend,", "Hum!", "My friend,", "Ha!", "Of course!"]
_SUFFIXES = ["Amen.", "Over.", "meow", "Have a nice day!", ":)", "Hum hum.", "The end.", "sir.", "Cheers!", "Bye!"]


def _named():
    name = person()
    if chance(0.25):
        system = fill("[Your name is {n}.|You are called {n}.|You are {n}.|The assistant is called {n}.]", n=name)
        return Persona(name=name, system=system)
    role = _role()
    system = fill(
        "[You are {n}, {r}.|Your name is {n}. You are {r}.|You are {n}, {r}. Answer briefly.|You are {r}. Your name is {n}."
        "|Act as {n}, {r}.|The assistant is {n}, {r}. {n} answers politely.]",
        n=name,
        r=role,
    )
    return Persona(name=name, role=role, system=system)


def _greeter():
    language = pick(list(GREETINGS))
    system = fill(
        "[Always greet in {l}.|Greet the user in {l}.|Say hello in {l}.|You are a helpful assistant. Greet in {l}."
        "|When the user says hello, greet in {l}.|Your greetings are in {l}.]",
        l=language,
    )
    return Persona(greeting=language, system=system)


def _with_prefix():
    prefix = pick(_PREFIXES + [capitalized(invented()) + "!"] * 3)
    if prefix == "Arr!" and chance(0.5):
        return Persona(prefix=prefix, system=fill("[You are a pirate.|Talk like a pirate.|You speak like a pirate. Start with Arr!]"))
    quoted = pick(['"%s"', "%s"]) % prefix
    return Persona(prefix=prefix, system=fill("[Start|Begin] [every|each] answer with {x}", x=quoted))


def _with_suffix():
    suffix = pick(_SUFFIXES + [capitalized(invented()) + "."] * 3)
    quoted = pick(['"%s"', "%s"]) % suffix
    return Persona(suffix=suffix, system=fill("[End|Finish] [every|each] answer with {x}", x=quoted))


def any_persona():
    """A persona; half of the conversations have no system message at all."""
    kind = rng.random()
    if kind < 0.50:
        return Persona()
    if kind < 0.69:
        return Persona(system=fill(pick(_PLAIN), topic=pick(entries("fallback.txt")["topics"])))
    if kind < 0.90:
        return _named()
    if kind < 0.94:
        return _greeter()
    return _with_prefix() if kind < 0.97 else _with_suffix()
