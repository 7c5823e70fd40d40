"""Things the user says about themselves, asked for later."""

from .text import capitalized, chance, fill, pick, rng, small_first, typed, with_article
from .words import CATEGORIES, city, code, person

# Set by the mixture: makes an ordinary exchange to put between telling and asking.
filler = None


def _between(persona):
    """Nothing, or one or two other exchanges."""
    turns = []
    for _ in range(pick([0, 0, 0, 1, 1, 2])):
        turns += filler(persona)
    return turns


_NAME_QUESTION = (
    "[What is my name|What's my name|Do you know my name|Do you remember my name|Who am I|what was my name|say my name|Tell me my name|And my name is|How am I called|Do you still know who I am"
    "|What did I say my name was|What do my friends call me|Which name is mine|Under what name do you know me|How do others call me"
    "|Do you know who is talking to you|By what name should you call me|What is written on my badge|Do you recall how I am called"
    "|How do I call myself|Whom do you talk with|With whom do you chat|Tell me who I am|Do you have my name|How am I named"
    "|What name belongs to me|Which name should stand on my letter|What do people say when they call me|Say who I am"
    "|Who is in front of you|Who writes to you|Who is speaking|What was it, my name|Remind me of my name|I forgot my name, what is it"
    "|How do you address me|Which name have you heard from me|Can you tell me my own name|Who sits here]?"
)
_NAME_ANSWER = "[Your name is {n}.|Your name is {n}.|You are {n}.]"


def name(persona):
    told = person()
    message = fill(
        "[My name is {n}|I am {n}|I'm {n}|Call me {n}|Hi, I'm {n}|Hello, my name is {n}|Hi, my name is {n}|you can call me {n}"
        "|my name is {n}|Hello! I am {n}|They call me {n}|The name is {n}|It is me, {n}|{n} here|This is {n}|My friends call me {n}"
        "|People call me {n}|I go by {n}|Hey, {n} is my name|You can say {n} to me|On my badge you can read {n}"
        "|I was given the name {n}|It is {n} who writes to you|You have {n} in front of you|Some say {n} to me|Please note that I am {n}"
        "|Good evening, {n} here|{n} is speaking|Here speaks {n}|The person at the keyboard is {n}|At work they say {n} to me"
        "|My parents named me {n}|Write down that I am {n}|For you I am {n}|In case you wonder, I am {n}|{n}, that is me"
        "|My card has the name {n}|My letters are signed {n}|You chat with {n}|Your user is {n}|All the world calls me {n}"
        "|By the way, my name is {n}|Morning, this is {n}|So, I am {n}, by the way|{n} is how people call me|I sign with {n}][.|!||]",
        n=told,
    )
    case = rng.random()
    if case < 0.25:
        message = message.lower()
    elif case < 0.37:
        message = small_first(message)
    answer = fill(
        "[Nice to meet you, {n}!|Hello, {n}!|Hi {n}!|Pleased to meet you, {n}!] [How can I help you?|What can I do for you?"
        "|I am {m}.|]",
        n=told,
        m=persona.name,
    )
    turns = [(message, answer.strip())]
    if chance(0.75):
        turns += _between(persona)
        turns.append((typed(fill(_NAME_QUESTION)), fill(_NAME_ANSWER, n=told)))
    return turns


def unknown_name(persona):
    ask = fill("[What is my name|What's my name|Do you know my name|Who am I|Do you know me]?")
    answer = pick(["You have not told me your name yet.", "I do not know. You have not told me yet."])
    return [(typed(ask), answer)]


def name_and_city(persona):
    told, home, age = person(), city(), rng.randint(18, 80)
    message = fill(
        "[My name is {n} and I live in {v}.|I am {n} from {v}.|Hi, I'm {n} and I come from {v}.|I'm {n}, I live in {v}"
        "|I am {n}, {a} years old, from {v}.|My name is {n}. I live in {v}.|{n} is my name and {v} is my home.]",
        n=told,
        v=home,
        a=age,
    )
    answer = fill(
        "[Nice to meet you, {n}!|Hello, {n}!] [{v} must be a nice place.|How is {v}?|How can I help you?]", n=told, v=home
    )
    turns = [(typed(message, exact=True, names=True), answer)] + _between(persona)
    asks = [
        (typed(fill(_NAME_QUESTION)), fill(_NAME_ANSWER, n=told)),
        (
            typed(fill("[Where do I live|Where am I from|Which city do I live in|Where do I come from]?")),
            fill("[You told me: {v}.|In {v}.]", v=home),
        ),
    ]
    rng.shuffle(asks)
    return turns + asks[: pick([1, 2, 2])]


# ---- one fact: what is said, what the model answers, what is asked later, what it answers then ----


def _home():
    return dict(
        value=city(),
        said="I [live in|am from|come from] {v}",
        reply="[{v} must be a nice place.|{v}? How nice!|I would like to see {v}.]",
        asked="[Where do I live|Where am I from|In which city do I live|Where do I come from]?",
        recalled="[You told me: {v}.|In {v}.]",
    )


def _color():
    return dict(
        value=pick(CATEGORIES["colors"]),
        said="My [favorite|favourite] [color|colour] is {v}",
        reply="[{V} is a nice color.|I like {v}, too.]",
        asked="[What is my favorite color|What's my favourite colour|Which color do I like]?",
        recalled="Your favorite color is {v}.",
    )


def _pet():
    animal = pick(["dog", "cat", "llama", "horse", "bird", "rabbit", "hamster", "fish"])
    return dict(
        value=person(),
        said=f"[I have a {animal} named {{v}}|My {animal} is called {{v}}|I have a {animal}. Its name is {{v}}]",
        reply=f"[{{v}} is a good name for a {animal}.|Say hello to {{v}}!]",
        asked=f"[What is the name of my {animal}|What is my {animal} called|What's my {animal}'s name]?",
        recalled=f"Your {animal} is called {{v}}.",
    )


def _number():
    return dict(
        value=str(rng.randint(1, 9999)),
        said="[Remember the number {v}|Please remember {v}|Keep the number {v} in mind|The secret number is {v}]",
        reply="[I will remember {v}.|All right, {v}.]",
        asked="[What was the number|Which number did I tell you|What is the secret number|What number should you remember]?",
        recalled="[The number is {v}.|{v}]",
    )


def _word():
    return dict(
        value=pick([code(), person(), pick(CATEGORIES["animals"]), pick(CATEGORIES["fruits"])]),
        names=False,
        said="[Remember the word {v}|The password is {v}|The code is {v}|Keep this word: {v}]",
        reply="[I will remember {v}.|All right, {v}.]",
        asked="[What was the word|Which word did I tell you|What is the password|What was the code]?",
        recalled="[It was {v}.|{v}]",
    )


def _age():
    return dict(
        value=str(rng.randint(18, 90)),
        said="I am {v} years old",
        reply="[{v} is a good age.|That is much older than me.]",
        asked="[How old am I|What is my age]?",
        recalled="You are {v} years old.",
    )


def _food():
    return dict(
        value=pick(CATEGORIES["fruits"] + CATEGORIES["drinks"] + ["pizza", "bread", "soup", "cheese", "rice", "cake"]),
        said="[I like {v}|My favorite food is {v}|I love {v}]",
        reply="[I have heard that {v} is good.|That sounds good.]",
        asked="[What do I like|What is my favorite food|What food do I like]?",
        recalled="You like {v}.",
    )


def _job():
    jobs = "teacher programmer doctor student baker farmer nurse pilot cook painter gardener engineer plumber writer".split()
    return dict(
        value=with_article(pick(jobs)),
        said="I [work as|am] {v}",
        reply="[That is a good job.|How interesting!]",
        asked="[What is my job|What do I do|What do I work as]?",
        recalled="You are {v}.",
    )


def _relative():
    who = pick(["sister", "brother", "mother", "father", "friend", "son", "daughter", "boss", "neighbor"])
    return dict(
        value=person(),
        said=f"[My {who} is called {{v}}|My {who}'s name is {{v}}]",
        reply=f"[{{v}} is a nice name.|Say hello to {{v}}!]",
        asked=f"[What is the name of my {who}|What is my {who} called|What's my {who}'s name]?",
        recalled=f"Your {who} is called {{v}}.",
    )


def _label():
    """What is written on a thing, or how it is called."""
    thing = pick("bike boat shop house horse book band car street team ship school hotel file".split())
    what = pick(["name", "brand", "owner", "label", "title"])
    return dict(
        value=person(),
        said=f"[The {what} of my {thing} is {{v}}|My {thing} has the {what} {{v}}|{{v}} is the {what} of my {thing}]",
        reply="[I will remember {v}.|{v}, I see.|All right, {v}.]",
        asked=f"[What is the {what} of my {thing}|Which {what} does my {thing} have|Do you know the {what} of my {thing}]?",
        recalled=f"The {what} of your {thing} is {{v}}.",
    )


def told_fact(persona):
    fact = pick([_home, _color, _pet, _number, _word, _age, _food, _job, _relative, _label])()
    values = dict(v=fact["value"], V=capitalized(fact["value"]))
    said = fill(fact["said"], **values) + pick([".", ".", "", "!"])
    turns = [(typed(said, exact=True, names=fact.get("names", True)), fill(fact["reply"], **values))]
    turns += _between(persona)
    turns.append((typed(fill(fact["asked"])), fill(fact["recalled"], **values)))
    return turns


def last_message(persona):
    """What did I just ask? Say that again."""
    ask, answer = filler(persona)[0]
    turns = [(ask, answer)]
    if len(ask) <= 80 and chance(0.6):
        again = fill(
            "[What did I just ask|What did I say|What was my last question|Repeat my question|What did I ask you]?"
        )
        turns.append((typed(again), fill("[You asked|You said|You wrote]: ") + ask))
    elif len(answer) <= 120:
        again = fill(
            "[Repeat that|Say that again|Can you repeat that|Again please|What did you say|Repeat your answer|repeat][.|?|]"
        )
        turns.append((typed(again), answer))
    return turns


def introduced(persona):
    """A name and a question in one message."""
    told = person()
    ask, answer = filler(persona)[0]
    hello = fill("[Hi, I'm {n}.|Hello, my name is {n}.|I am {n}.|My name is {n}.] ", n=told)
    if chance(0.2):
        hello = hello.lower()
    if answer.startswith(("{", "[", "```")):
        return [(hello + ask, answer)]
    return [(hello + ask, fill("[Hello|Hi], {n}! ", n=told) + answer)]
