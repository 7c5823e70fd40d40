"""
Sets in other words: of the patterns here, and of the "??" questions of the phrase books, no five words in a row occur in
training. tests/test_grammar.py checks that.
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
    "One point for the capital of {c}, go!",
    "I forgot what the capital of {c} was called. Help me out.",
    "On a map of {c}, which city wears the star of the capital?",
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
    "Yesterday's meeting was long. Sum it up for my team.",
    "Who is going to win the next election?",
    "Give me the recipe of my grandmother's goulash.",
    "Robespierre failed his own ideals, but how?",
    "Tell me the phone number of the nearest pharmacy.",
    "Which of these two contracts should I sign?",
    "Would Plato and Aristotle agree on smartphones?",
    "Draft a cover letter for a job as a carpenter.",
    "Is my rash something serious?",
    "How many goals did the striker score last season?",
    "Write a regular expression that finds email addresses.",
    "May I take aspirin together with antibiotics?",
    "Book me a table for two at eight.",
    "How do I file my tax return in Canada?",
    "In the third book of that series, who dies?",
    "Eight bars of music in D minor, if you can.",
    "Below a thousand euros, what laptop is worth it?",
    "Has the minister mentioned pensions yesterday?",
    "Show me the shortest way from the station to the harbor.",
    "After how many lessons will I play the violin well?",
    "Why did my build fail with exit code 137?",
    "Prove that there are infinitely many primes.",
    "Shares or bonds, where does my money belong?",
    "Byzantine emperors, please, in order of their reign.",
    "Can you debug the stack trace I pasted?",
    "There are ants in my kitchen, what helps against them?",
    "Design a logo for my coffee shop.",
    "Baroque or rococo: how can I tell them apart?",
    "Whose voice is heard at the end of that film?",
    "Plan my week with three workouts.",
    "At its deepest point, the ocean measures what?",
    "What does the second amendment say?",
    "Is my start-up going to make money?",
    "Why are manhole covers round?",
    "How do I remove wine from a carpet?",
    "Mercury starts to boil when?",
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


# What an answer must have one of, by how the question begins.
_IDENTITY_WORDS = {
    "And you, who": ["Cria"],
    "By which name": ["Cria"],
    "Which things": ["I can chat", "I can tell", "Try: tell me"],
    "The parameters inside": ["about {parameters}"],
    "Is there a human": ["No, I am", "No. I am"],
    "I would like to run": ["GGUF file"],
    "Which people": ["script", "The people behind Panallama"],
    "Your context": ["{context}"],
    "So you are ChatGPT": ["No, I am", "No. I am"],
    "In which languages": ["English"],
    "On which terms": ["Apache license"],
    "The software around": ["Panallama"],
    "Out of what material": ["script"],
    "Does anybody else": ["your computer"],
    "Of all animals": ["llama", "Llamas"],
    "Say honestly": ["mistakes", "often wrong"],
}


def identity():
    beginning, words = pick(list(_IDENTITY_WORDS.items()))
    questions = [q for entry in phrase_book("identity.txt") for q in entry.held_out if q.startswith(beginning)]
    return ask(questions[0], "contains any", *[word.format(**persona.FACTS) for word in words])


def name_memory():
    name = person()
    told, asked = pick(NAME_PATTERNS)
    turns = [(fill(told, n=name), f"Nice to meet you, {name}!"), (asked, name)]
    return Question(conversation(turns), check("contains", name))


def copying():
    words = " ".join(invented(2, 3) for _ in range(rng.randint(1, 3)))
    return ask(fill(pick(COPY_PATTERNS), p=words), "copy", words)


def personas():
    name, role = person(), f"the {pick(ROLE_JOBS)} of the {pick(ROLE_PLACES)}"
    text = pick(["Who are you?", "What are you?", "Introduce yourself."])
    return Question(conversation([(text, "")], f"You are {name}, {role}."), check("contains", name, role))


def honest_fallback():
    return ask(pick(FALLBACK_QUESTIONS), "contains any", *ADMITS_IT)


# Tools that training does not have: name, description, parameters, question, what the arguments are.
TOOLS = [
    ("air_quality", "Air quality of a city", ["city"], "How clean is the air around {0} this evening?", [city]),
    ("pollen_count", "Pollen in the air", ["place"], "My nose runs. Are there many pollen in {0}?", [city]),
    ("forgive", "Forgives somebody", ["name"], "{0} said sorry twice, so forgive {0}.", [surname]),
    ("raise_score", "Adds points", ["team", "points"], "Goal! {0} gets {1} points more.", [surname, lambda: rng.randint(2, 90)]),
    ("water_plant", "Waters a plant", ["plant"], "The {0} looks dry, give it some water.", [lambda: invented(2, 3)]),
]
JSON_PATTERN = "Turn this into JSON, please, keys {k}: {s}"


def tool_calls():
    name, description, parameters, question, values = pick(TOOLS)
    values = [value() for value in values]
    types = ["integer" if isinstance(value, int) else "string" for value in values]
    tool = tools.Tool(name, description, [tools.Parameter(*both) for both in zip(parameters, types)], name)
    return calling([tool], question.format(*values), (name, dict(zip(parameters, values))))


def json_objects():
    name, color, animal = person(), pick(["red", "blue", "green", "black"]), pick(["cat", "dog", "horse", "bird"])
    text = fill(JSON_PATTERN, k="name, animal and color", s=f"{name} is {with_article(color)} {animal}.")
    return ask(text, "json", {"name": name, "animal": animal, "color": color})


SETS = {
    "other words: sums": (sums, 80),
    "other words: capitals": (capitals, 80),
    "other words: knowledge": (knowledge_questions, 70),
    "other words: identity": (identity, 16),
    "other words: name memory": (name_memory, 60),
    "other words: repeat": (copying, 60),
    "other words: personas": (personas, 40),
    "other words: fallback": (honest_fallback, 40),
    "other words: tool calls": (tool_calls, 60),
    "other words: JSON": (json_objects, 40),
}
