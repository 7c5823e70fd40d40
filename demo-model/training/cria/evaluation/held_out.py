"""
Sets whose wording occurs nowhere in training: every pattern here, and every "??" question of the phrase books, is kept out of
the grammar. tests/test_grammar.py checks that.
"""

from ..grammar import geography, persona, tools
from ..grammar.tables import phrase_book
from ..grammar.text import fill, pick, rng, with_article
from ..grammar.words import city, invented, person, surname
from .question import Question, check, conversation
from .sets import ADMITS_IT, ask, calling, held_out_pair

SUM_PATTERNS = [
    "My homework says {a} {o} {b}. What should I write down?",
    "I need the value of {a} {o} {b} for my shopping list.",
    "{a} {o} {b} gives which number?",
    "Quickly, {a} {o} {b}!",
    "If I type {a} {o} {b} into a calculator, what does it show?",
]
CAPITAL_PATTERNS = [
    "In which city does the government of {c} sit, I mean the capital?",
    "My flight goes to the capital of {c}. Where will I land?",
    "Quiz: capital city, {c}!",
    "I forgot what the capital of {c} was called. Help me out.",
    "For the country {c}, give me only the name of the capital.",
]
NAME_PATTERNS = [
    ("Everybody calls me {n}, by the way.", "So how do people call me?"),
    ("Good morning, {n} speaking.", "Which name did I give you?"),
    ("You are talking to {n} today.", "Can you say who you are talking to?"),
    ("On my passport it says {n}.", "What does it say on my passport?"),
]
COPY_PATTERNS = [
    "Write down these words exactly as they are: {p}",
    "I say {p}, you say the same.",
    "Give back this text without any change: {p}",
    "Parrot mode on. {p}",
]
ROLE_PLACES = [
    "city aquarium",
    "regional tax office",
    "second floor cafeteria",
    "animal shelter",
    "open air cinema",
    "public transport museum",
]
ROLE_JOBS = ["spokesperson", "caretaker", "front desk clerk", "information desk"]
FALLBACK_QUESTIONS = [
    "How much does a plane ticket to the moon cost these days?",
    "Could you proofread the letter I sent to my insurance?",
    "Which vaccine do I need before a trip to the jungle?",
    "Please summarize yesterday's meeting for my team.",
    "Who is going to win the next election?",
    "Give me the recipe of my grandmother's goulash.",
    "Explain why the French Revolution failed its own ideals.",
    "Tell me the phone number of the nearest pharmacy.",
    "Which of these two contracts should I sign?",
    "What would Plato have thought about smartphones?",
    "Draft a cover letter for a job as a carpenter.",
    "Is my rash something serious?",
    "How many goals did the striker score last season?",
    "Write a regular expression that finds email addresses.",
    "What are the side effects of aspirin?",
    "Book me a table for two at eight.",
    "How do I file my tax return in Canada?",
    "What is the plot of the third book of that series?",
    "Compose a symphony in D minor for me.",
    "Recommend me a laptop below a thousand euros.",
    "What did the minister say about pensions?",
    "Show me the shortest way from the station to the harbor.",
    "How long does it take to learn the violin?",
    "Why did my build fail with exit code 137?",
    "Prove that there are infinitely many primes.",
    "Which stocks are going to rise this year?",
    "Tell me everything about the Byzantine Empire.",
    "Can you debug the stack trace I pasted?",
    "How do I get rid of ants in my kitchen?",
    "Design a logo for my coffee shop.",
    "What is the difference between baroque and rococo?",
    "Who sang the title song of that film?",
    "Plan my week with three workouts.",
    "How deep is the Mariana Trench?",
    "What does the second amendment say?",
    "Give me feedback on my business plan.",
    "Why are manhole covers round?",
    "How do I remove wine from a carpet?",
    "What is the boiling point of mercury?",
    "Write unit tests for my parser.",
]


def sums():
    a, operator, b, value = held_out_pair()
    return ask(fill(pick(SUM_PATTERNS), a=a, o=operator, b=b), "last number", str(value))


def capitals():
    country, capital, *_ = pick(geography.COUNTRIES)
    return ask(fill(pick(CAPITAL_PATTERNS), c=country), "contains", capital)


def _book_question(name):
    entry = pick([entry for entry in phrase_book(name) if entry.held_out])
    answers = [answer.replace("{context}", persona.FACTS["context"]) for answer in entry.answers]
    return entry, answers


def knowledge_questions():
    entry, answers = _book_question("knowledge.txt")
    return ask(pick(entry.held_out), "exactly", *answers)


_IDENTITY_WORDS = {
    "And you, who": ["Cria", "tiny", "small"],
    "By which name": ["Cria"],
    "Which things": ["stor"],
    "Of how many": ["million"],
    "Is there a human": ["program", "model", "no,", "no."],
    "I would like to run": ["--model"],
    "Which people": ["script", "Panallama", "library"],
    "Your context": ["1024"],
    "So you are ChatGPT": ["no,", "no.", "not"],
    "In which languages": ["English"],
}


def identity():
    """Any of the words that such an answer holds."""
    beginning, words = pick(list(_IDENTITY_WORDS.items()))
    questions = [q for entry in phrase_book("identity.txt") for q in entry.held_out if q.startswith(beginning)]
    return ask(questions[0], "contains any", *words)


def name_memory():
    name = person()
    told, asked = pick(NAME_PATTERNS)
    turns = [(fill(told, n=name), f"Nice to meet you, {name}!"), (asked, name)]
    return Question(conversation(turns), check("contains", name))


def copying():
    words = " ".join(invented(2, 3) for _ in range(rng.randint(1, 3)))
    return ask(fill(pick(COPY_PATTERNS), p=words), "exactly", words)


def personas():
    name, role = person(), f"the {pick(ROLE_JOBS)} of the {pick(ROLE_PLACES)}"
    text = pick(["Who are you?", "What are you?", "Introduce yourself."])
    return Question(conversation([(text, "")], f"You are {name}, {role}."), check("contains", name, role))


def honest_fallback():
    return ask(pick(FALLBACK_QUESTIONS), "contains any", *ADMITS_IT)


def tool_calls():
    """Tools that training does not have, asked for in other words."""
    kind = rng.randrange(4)
    if kind == 0:
        where = city()
        tool = tools.Tool("air_quality", "Air quality of a city", [tools.Parameter("city")], "weather")
        text, arguments = f"How clean is the air in {where} right now?", {"city": where}
    elif kind == 1:
        where = city()
        tool = tools.Tool("get_weather", "Get the current weather", [tools.Parameter("city")], "weather")
        text, arguments = f"I fly to {where} tonight, should I pack a coat for the weather?", {"city": where}
    elif kind == 2:
        who = surname()
        tool = tools.Tool("invite", "Invite a person", [tools.Parameter("name")], "thing")
        text, arguments = f"We should have {who} here as well, please invite {who}.", {"name": who}
    else:
        a, b = rng.randint(100, 9999), rng.randint(100, 9999)
        tool = tools.Tool("add", "Adds two numbers", [tools.Parameter("a", "integer"), tools.Parameter("b", "integer")], "arithmetic")
        text, arguments = f"I have {a} euros and get {b} more. Use the tool to add them.", {"a": a, "b": b}
    return calling([tool], text, (tool.name, arguments))


def json_objects():
    name, color, animal = person(), pick(["red", "blue", "green", "black"]), pick(["cat", "dog", "horse", "bird"])
    text = f"Turn this into JSON, please, keys name, animal and color: {name} is {with_article(color)} {animal}."
    expected = {"name": name, "animal": animal, "color": color}
    return ask(text, "json", expected)


SETS = {
    "other words: sums": (sums, 80),
    "other words: capitals": (capitals, 80),
    "other words: knowledge": (knowledge_questions, 80),
    "other words: identity": (identity, 40),
    "other words: name memory": (name_memory, 60),
    "other words: repeat": (copying, 60),
    "other words: personas": (personas, 40),
    "other words: fallback": (honest_fallback, 40),
    "other words: tool calls": (tool_calls, 60),
    "other words: JSON": (json_objects, 40),
}
