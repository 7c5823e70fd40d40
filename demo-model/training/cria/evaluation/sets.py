"""Sets of questions in the wording of the training text, made with seeds that no training uses."""

import json
import re

from ..grammar import (
    arithmetic,
    calendar,
    copying,
    fallback,
    geography,
    json_answers,
    knowledge,
    lists,
    memory,
    nature,
    persona,
    reading,
    smalltalk,
    stories,
    tools,
)
from ..grammar.conversation import BESIDE_TOOLS
from ..grammar.text import fill, pick, rng, typed
from ..grammar.words import CATEGORIES, invented, surname
from .question import Question, check, conversation, numbers

CRIA = persona.Persona()


def ask(text, kind, *values):
    return Question([{"role": "user", "content": text}], check(kind, *values))


def from_turns(turns, kind, *values):
    """The last turn is the question, those before are the conversation so far."""
    return Question(conversation(turns), check(kind, *values))


# ---- sums ----


def held_out_pair(operators="+-", low=0):
    """A pair that training left out."""
    arithmetic.Pairs.held_out = True
    try:
        while True:
            a, operator, b, value = arithmetic.sum_pair(operators)
            if min(a, b) >= low and a >= b - (operator == "+") * 99:
                return a, operator, b, value
    finally:
        arithmetic.Pairs.held_out = False


def _sum(text, value):
    return ask(text, "last number", str(value))


def sums_held_out():
    a, operator, b, value = held_out_pair()
    return _sum(typed(arithmetic.question(a, operator, b)), value)


def subtraction():
    """Two-digit subtraction of held-out pairs above 20."""
    a, _, b, value = held_out_pair("-", 21)
    return _sum(f"What is {a} - {b}?", value)


def addition():
    a, _, b, value = held_out_pair("+", 21)
    return _sum(f"What is {a} + {b}?", value)


def small_sums():
    operator = pick("+-x")
    a, b = rng.randint(1, 10), rng.randint(1, 10)
    if operator == "-" and b > a:
        a, b = b, a
    return _sum(f"What is {a} {operator} {b}?", arithmetic.result(a, operator, b))


def several_sums():
    """Three held-out sums in one message, all of them right."""
    pairs = [held_out_pair() for _ in range(3)]
    return ask(", ".join(f"{a} {o} {b}" for a, o, b, _ in pairs), "results", *[str(value) for *_, value in pairs])


def json_sums():
    """{"result": n}"""
    a, operator, b, value = held_out_pair()
    how = pick(["Answer as JSON with the key result.", "Answer in JSON.", "Return JSON with the key result."])
    return ask(f"What is {a} {operator} {b}? {how}", "json", {"result": value})


def word_problems():
    """With pairs that training left out."""
    arithmetic.Pairs.held_out = True
    try:
        text, answer = arithmetic.word_problem(CRIA)[0]
    finally:
        arithmetic.Pairs.held_out = False
    return ask(text, "last number", numbers(answer)[-1])


# ---- facts ----


def capitals():
    country, capital, *_ = pick(geography.COUNTRIES)
    return ask(typed(fill(geography.CAPITAL_QUESTION, c=country)), "contains", capital)


def capital_follow_ups():
    (first, capital, *_), (second, wanted, *_) = rng.sample(geography.COUNTRIES, 2)
    turns = [
        (f"What is the capital of {first}?", f"The capital of {first} is {capital}."),
        (typed(fill(geography.FOLLOW_UP, c=second)), wanted),
    ]
    return from_turns(turns, "contains", wanted)


def knowledge_questions():
    entry = pick([e for e in knowledge.BOOK if not e.answers[0].startswith("`")])
    answers = [a.replace("{context}", persona.FACTS["context"]) for a in entry.answers]
    return ask(typed(fill(pick(entry.questions))), "exactly", *answers)


def colors():
    thing = pick(list(nature.THING_COLORS))
    return ask(typed(f"What color is {thing}?"), "contains", "is " + nature.THING_COLORS[thing])


def dates():
    text, answer = calendar.dates(CRIA)[0]
    return ask(text, "exactly", answer)


def list_lengths():
    """As many as asked for, none twice."""
    category, count = pick(["fruits", "animals", "colors", "planets", "countries", "sports"]), rng.randint(2, 6)
    return ask(f"{pick(['Name', 'List', 'Give me'])} {count} {category}.", "count of", count, *CATEGORIES[category])


# ---- reading, copying, remembering ----


def reading_questions():
    text, answer = reading.questions(CRIA)[0]
    return ask(text, "exactly", answer)


def reading_three():
    """Three people and who has or is where."""
    while True:
        text, question, answer = pick([reading._rooms, reading._belongings])()
        if text.count(".") == 3:
            return ask(f"{text} {question}", "exactly", answer)


def repeat():
    text, answer = copying.repeat(CRIA)[0]
    return ask(text, "copy", answer)


def rare_words():
    """Two words that training most likely never had."""
    words = f"{invented(3, 4)} {surname()}"
    return ask(pick(["Repeat after me: %s", "Say: %s", 'Write "%s"']) % words, "copy", words)


def summaries():
    text, answer = stories.summaries(CRIA)[0]
    return ask(text, "exactly", answer)


def name_memory():
    while True:
        turns = memory.name(CRIA)
        if len(turns) > 1:
            told = re.findall(r"[\w'-]+", turns[-1][1])[-1]
            return from_turns(turns, "contains", told)


def fact_memory():
    turns = memory.told_fact(CRIA)
    value = re.sub(r"^(You told me: |In |Your .* (?:is called|color is) |The number is |It was |You are |You like )", "", turns[-1][1])
    return from_turns(turns, "contains", value.rstrip("."))


# ---- system prompts ----


def personas():
    """A role of several words must come back whole."""
    while True:
        who = persona._named()
        if len(who.role.split()) >= 5:
            text = pick(["Who are you?", "What are you?", "Introduce yourself", "Tell me about yourself."])
            return Question(conversation([(text, "")], who.system), check("contains", who.name, who.role))


def greetings():
    who = persona._greeter()
    wanted = persona.GREETINGS[who.greeting]
    return Question(conversation([(pick(["Hello", "Hi", "Good morning"]), "")], who.system), check("contains any", *wanted))


# ---- JSON ----


def json_exact():
    text, answer = pick([json_answers.extract_person, json_answers.extract_person, json_answers.capital_as_json])(CRIA)[0]
    return ask(text, "json", json.loads(answer))


def json_valid():
    """The keys, or as many items, as were asked for."""
    make = pick([json_answers.describe_object, json_answers.list_as_json, json_answers.extract_person])
    text, answer = make(CRIA)[0]
    return ask(text, "json like", json.loads(answer))


_PERSON_SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}, "city": {"type": "string"}},
    "required": ["name", "age", "city"],
    "additionalProperties": False,
}


def json_schema():
    """Facts of a text in a schema that the server enforces."""
    name, home, age = surname(), surname(), rng.randint(10, 90)
    question = ask(
        f"{name} is {age} years old and lives in {home}.", "json", {"name": name, "age": age, "city": home}
    )
    question.response_format = {"type": "json_schema", "json_schema": {"name": "person", "schema": _PERSON_SCHEMA}}
    return question


# ---- what it does not know ----


# One of these is in every answer of the fallback; the last was said by the first version only.
ADMITS_IT = [
    "do not know",
    "have not learned",
    "too small for",
    "too hard for",
    "I wish I knew",
    "cannot do that",
    "do not cover that",
    "know nothing about",
    "like to know more about",
    "too big a topic",
]


def honest_fallback():
    return ask(typed(fallback.unknown()[0]), "contains any", *ADMITS_IT)


# ---- tools ----


def _tool_question(families=None, optional=False):
    while True:
        available = tools.tool_set(pick([1, 1, 2, 3]))
        tool = pick(available)
        if families and tool.family not in families:
            continue
        if optional and all(p.required for p in tool.parameters):
            continue
        text, arguments = tool.ask()
        return available, tool, text, arguments


def calling(available, text, *expected):
    """A question that must lead to these calls, each a name and its arguments."""
    question = ask(text, "calls", *[list(call) for call in expected])
    question.tools = [tool.schema() for tool in available]
    return question


def tool_calls():
    available, tool, text, arguments = _tool_question()
    return calling(available, text, (tool.name, arguments))


def optional_arguments():
    """Tools with optional arguments, which only some questions mention."""
    available, tool, text, arguments = _tool_question(optional=True)
    return calling(available, text, (tool.name, arguments))


def parallel_calls():
    while True:
        available = tools.tool_set(pick([1, 2, 3]))
        asked = tools.parallel_request(available)
        if asked:
            return calling(available, asked[0], *[(tool.name, arguments) for tool, arguments in asked[1]])


def tool_not_needed():
    available = tools.tool_set()
    turns = tools.unneeded(available, CRIA, BESIDE_TOOLS)[:1]
    question = from_turns(turns, "calls")
    question.tools = [tool.schema() for tool in available]
    return question


def _told(result, answer):
    """What of a result must be in the answer: its numbers, times and names."""
    if result.startswith("{"):
        result = " ".join(str(value) for value in json.loads(result).values())
    words = [word.rstrip(".,") for word in re.findall(r"[\w.:-]+", result)]
    said = set(re.findall(r"[\w.:-]*\w", answer.lower()))
    return [w for w in words if w.lower() in said and (w[-1].isdigit() or len(w) > 3) and w != "degrees"]


def tool_answers():
    """The answer made from a result."""
    told = []
    while not told:
        available, tool, text, arguments = _tool_question(("weather", "time", "service", "arithmetic", "lookup"))
        result, answer = tool.reply(arguments)
        told = _told(result, answer)
    call = {"id": "call1", "type": "function", "function": {"name": tool.name, "arguments": json.dumps(arguments)}}
    messages = [
        {"role": "user", "content": text},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call1", "content": result},
    ]
    return Question(messages, check("contains", *told), [t.schema() for t in available])


SETS = {
    "sums held out": (sums_held_out, 200),
    "two-digit subtraction": (subtraction, 150),
    "two-digit addition": (addition, 150),
    "one-digit sums": (small_sums, 100),
    "several sums": (several_sums, 60),
    "JSON sums": (json_sums, 60),
    "word problems": (word_problems, 60),
    "capitals": (capitals, 120),
    "capitals, follow-up": (capital_follow_ups, 60),
    "knowledge": (knowledge_questions, 150),
    "colors": (colors, 60),
    "dates": (dates, 60),
    "list lengths": (list_lengths, 60),
    "reading": (reading_questions, 100),
    "reading, three people": (reading_three, 60),
    "repeat": (repeat, 80),
    "rare words": (rare_words, 80),
    "summaries": (summaries, 40),
    "name memory": (name_memory, 80),
    "fact memory": (fact_memory, 60),
    "personas": (personas, 60),
    "greetings": (greetings, 40),
    "JSON exact": (json_exact, 60),
    "JSON valid": (json_valid, 60),
    "JSON schema": (json_schema, 60),
    "honest fallback": (honest_fallback, 100),
    "tool calls": (tool_calls, 200),
    "optional arguments": (optional_arguments, 60),
    "parallel calls": (parallel_calls, 60),
    "tool not needed": (tool_not_needed, 60),
    "tool answers": (tool_answers, 60),
}
