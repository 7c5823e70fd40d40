"""
Sets of messages as people type them: in small letters, without the mark at the end, sums and JSON without spaces; and what the
chat page suggests. Greetings and suggestions are sampled as the page samples, each with its own seed; the rest is greedy.
"""

import json

from ..grammar import copying, json_answers, persona, smalltalk, tools
from ..grammar.conversation import BESIDE_TOOLS
from ..grammar.tables import phrase_book
from ..grammar.text import alternatives, fill, pick, rng, small_first
from . import sets
from .question import Question, check
from .sets import CRIA, ask, calling, from_turns

# What the chat page suggests (locales/en.js), and the check of the answer.
SUGGESTIONS = {
    "Tell me a short story": check("contains any", "once", "a long time ago", "lived"),
    "What can you help me with?": check("contains any", "I can chat", "I can tell", "Try: tell me"),
    "Write a haiku about rain": check("lines with", 3, "rain"),
}
_GREETINGS = "hi,hello,hey,hi there,hello there,good morning,good evening,good afternoon,greetings,howdy".split(",")
GREETS_BACK = ["hello", "hi", "good morning", "good evening", "good afternoon"]


def _sampled(question):
    question.seed = rng.randrange(1_000_000)
    return question


def suggestions():
    text = pick(list(SUGGESTIONS))
    return _sampled(Question([{"role": "user", "content": text}], SUGGESTIONS[text]))


def suggestions_retyped():
    """Small first letter, all small, the mark at the end left out or added."""
    text = pick(list(SUGGESTIONS))
    typed = pick([small_first, str.lower])(text).rstrip("?") + pick(["", "", "."])
    return _sampled(Question([{"role": "user", "content": typed}], SUGGESTIONS[text]))


def greetings():
    text = pick([str, str, str.capitalize, str.upper])(pick(_GREETINGS)) + pick(["", "", "!", "."])
    return _sampled(ask(text, "contains any", *GREETS_BACK))


# ---- the questions of other sets, typed otherwise ----


def _retyped(question, change):
    """The question with all messages of the user changed."""
    for message in question.messages:
        if message["role"] == "user":
            message["content"] = change(message["content"])
    return question


def _without_mark(text):
    return text.rstrip("?.!")


def _small(text):
    """All small, or the first letter only; often without the mark at the end."""
    text = pick([str.lower, str.lower, small_first])(text)
    return _without_mark(text) if rng.random() < 0.5 else text


_FACTS = [
    sets.capitals,
    sets.capital_follow_ups,
    sets.knowledge_questions,
    sets.colors,
    sets.dates,
    sets.list_lengths,
]


def small_facts():
    return _retyped(pick(_FACTS)(), _small)


def small_sums():
    return _retyped(pick([sets.sums_held_out, sets.word_problems, sets.small_sums, sets.subtraction])(), _small)


def small_memory():
    return _retyped(pick([sets.name_memory, sets.fact_memory])(), _small)


def small_reading():
    return _retyped(sets.reading_questions(), _small)


def _beginnings(entry):
    """The first three words of each answer of an entry."""
    answers = {text for answer in entry.answers for text in alternatives(answer.replace("{tip}", smalltalk.tip()))}
    filled = [text.format(name=CRIA.name, **persona.FACTS) for text in answers]
    return sorted({" ".join(text.split()[:3]).rstrip(".,!") for text in filled})


def small_talk():
    """Questions about the model, and small talk."""
    entry = pick(phrase_book(pick(["identity.txt", "smalltalk.txt"])))
    text = fill(pick(entry.questions), name=CRIA.name, city="Rome", k=30)
    return ask(_small(text), "contains any", *_beginnings(entry))


def small_fallback():
    return _retyped(sets.honest_fallback(), _small)


def small_json():
    text, answer = pick([json_answers.extract_person, json_answers.extract_facts])(CRIA)[0]
    return ask(_small(text), "json", json.loads(answer))


def small_copying():
    """The first letter of the request only: the text itself must come back as it was."""
    text, answer = copying.repeat(CRIA)[0]
    while text.startswith(answer):
        text, answer = copying.repeat(CRIA)[0]
    return ask(small_first(text), "copy", answer)


def small_tool_calls():
    while True:
        available = tools.tool_set(pick([1, 1, 2, 3]))
        tool = pick(available)
        text, arguments = tool.ask()
        if all(tools.may_lack_capitals(tool, value) for value in arguments.values()):
            return calling(available, _small(text), (tool.name, arguments))


def small_tool_not_needed():
    available = tools.tool_set()
    question = from_turns(tools.unneeded(available, CRIA, BESIDE_TOOLS)[:1], "calls")
    question.tools = [tool.schema() for tool in available]
    return _retyped(question, _small)


def without_mark():
    makers = _FACTS + [sets.reading_questions, sets.word_problems, sets.fact_memory, sets.name_memory, sets.sums_held_out]
    return _retyped(pick(makers)(), _without_mark)


# ---- without spaces ----


def unspaced_sums():
    pairs = [sets.held_out_pair() for _ in range(rng.randint(2, 4))]
    return ask(", ".join(f"{a}{o}{b}" for a, o, b, _ in pairs), "results", *[str(value) for *_, value in pairs])


def compact_results():
    """Results of tools as Java writes JSON."""
    while True:
        question = sets.tool_answers()
        result = question.messages[-1]["content"]
        if result.startswith("{"):
            question.messages[-1]["content"] = json.dumps(json.loads(result), ensure_ascii=False, separators=(",", ":"))
            return question


def compact_weather():
    """Two facts of the weather, both told."""
    while True:
        tool = tools.weather()
        text, arguments = tool.ask()
        degrees, sky = rng.randint(-9, 35), pick(["sunny", "rainy", "cloudy", "windy", "snowy", "foggy"])
        if len(arguments) == 1:
            break
    call = {"id": "call1", "type": "function", "function": {"name": tool.name, "arguments": json.dumps(arguments)}}
    messages = [
        {"role": "user", "content": text},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call1", "content": f'{{"temperature":{degrees},"condition":"{sky}"}}'},
    ]
    return Question(messages, check("contains", str(degrees), sky), [tool.schema()])


SETS = {
    "suggestions": (suggestions, 120),
    "suggestions retyped": (suggestions_retyped, 120),
    "greetings as typed": (greetings, 90),
    "small letters: facts": (small_facts, 90),
    "small letters: sums": (small_sums, 60),
    "small letters: memory": (small_memory, 80),
    "small letters: reading": (small_reading, 60),
    "small letters: talk": (small_talk, 90),
    "small letters: fallback": (small_fallback, 60),
    "small letters: JSON": (small_json, 60),
    "small letters: repeat": (small_copying, 60),
    "small letters: tool calls": (small_tool_calls, 80),
    "small letters: tool not needed": (small_tool_not_needed, 60),
    "no mark at the end": (without_mark, 80),
    "unspaced sums": (unspaced_sums, 60),
    "compact results": (compact_results, 60),
    "compact weather": (compact_weather, 60),
}
