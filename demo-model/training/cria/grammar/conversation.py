"""Puts the domains together: one call of conversation() is one training example."""

from dataclasses import dataclass

from . import (
    arithmetic,
    calendar,
    copying,
    fallback,
    fun,
    geography,
    json_answers,
    knowledge,
    language,
    lists,
    memory,
    nature,
    poems,
    reading,
    smalltalk,
    stories,
    tools,
)
from .persona import NAME, Persona, any_persona
from .tables import items, rows
from .text import chance, pick, rng, typed, weighted


@dataclass
class Message:
    role: str  # system, user, assistant, tool; "raw" is a text without chat template
    text: str

    @property
    def learned(self):
        """Whether the model learns to write it."""
        return self.role in ("assistant", "raw")


# What is talked about, and how often.
MIXTURE = [
    (arithmetic.sums, 26),
    (arithmetic.several, 14),
    (arithmetic.json_sum, 5),
    (arithmetic.result_only, 4),
    (arithmetic.word_problem, 5),
    (arithmetic.numbers, 5),
    (arithmetic.powers, 2.5),
    (geography.countries, 9),
    (geography.about_country, 1.5),
    (nature.animals, 5),
    (nature.about_animal, 1.5),
    (nature.colors, 3),
    (calendar.dates, 7),
    (language.words, 8),
    (language.counting, 0.6),
    (language.foreign, 1.2),
    (knowledge.questions, 23),
    (lists.lists, 8),
    (lists.kinds, 1.5),
    (smalltalk.hello, 7),
    (smalltalk.foreign_hello, 0.7),
    (smalltalk.how_are_you, 2),
    (smalltalk.i_am_fine, 0.4),
    (smalltalk.small_talk, 8),
    (smalltalk.identity, 8),
    (smalltalk.name_suggestions, 1),
    (fun.jokes, 4),
    (fun.riddles, 1.5),
    (fun.facts, 1.2),
    (fun.emoji, 0.7),
    (fun.beginnings, 0.7),
    (fun.sentences, 1),
    (fun.greeting_for, 0.8),
    (poems.poems, 3.5),
    (poems.haiku, 3),
    (stories.stories, 9),
    (stories.summaries, 1.3),
    (memory.name, 6),
    (memory.unknown_name, 0.3),
    (memory.told_fact, 5),
    (memory.name_and_city, 1.5),
    (memory.last_message, 1.2),
    (memory.introduced, 0.8),
    (copying.repeat, 8),
    (copying.spell_name, 0.8),
    (copying.word_lists, 1.2),
    (copying.extremes, 0.6),
    (copying.sentiment, 0.8),
    (reading.questions, 12),
    (json_answers.extract_person, 5),
    (json_answers.extract_record, 4),
    (json_answers.extract_facts, 2.5),
    (json_answers.describe_object, 1),
    (json_answers.list_as_json, 0.8),
    (json_answers.capital_as_json, 0.8),
    (json_answers.any_answer, 1.2),
    (json_answers.invent, 0.8),
    (json_answers.sentiment_as_json, 0.4),
    (json_answers.story_as_json, 0.3),
    (json_answers.temperature_as_json, 0.3),
    (fallback.fallback, 13),
]

# Short exchanges that stand between others.
_SIMPLE = [
    (arithmetic.sums, 10),
    (geography.countries, 8),
    (nature.animals, 5),
    (nature.colors, 3),
    (calendar.dates, 4),
    (language.words, 5),
    (knowledge.questions, 12),
    (lists.lists, 5),
    (smalltalk.small_talk, 8),
    (smalltalk.identity, 6),
    (arithmetic.numbers, 5),
    (fun.jokes, 2),
    (fun.facts, 1),
    (smalltalk.how_are_you, 2),
    (fallback.fallback, 6),
]

# What people say while tools are there and none is needed.
BESIDE_TOOLS = [
    (smalltalk.hello, 4),
    (smalltalk.how_are_you, 2),
    (smalltalk.identity, 4),
    (smalltalk.small_talk, 3),
    (geography.countries, 3),
    (nature.animals, 2),
    (knowledge.questions, 4),
    (poems.poems, 1),
    (stories.stories, 1),
    (fallback.fallback, 2),
    (memory.name, 1),
    (nature.colors, 1),
    (fun.jokes, 3),
    (arithmetic.sums, 4),
]


def _simple(persona):
    return weighted(_SIMPLE)(persona)[:1]


memory.filler = _simple


def _raw():
    """A text without a chat template, so that plain completion works too."""
    country, capital, continent, _ = pick(geography.COUNTRIES)
    kind = rng.random()
    if kind < 0.5:
        return stories.story().text
    if kind < 0.6:
        return poems.poem()
    if kind < 0.75:
        return pick(
            [
                f"The capital of {country} is {capital}.",
                f"{capital} is the capital of {country}.",
                f"Q: What is the capital of {country}?\nA: {capital}",
                f"Question: What is the capital of {country}?\nAnswer: The capital of {country} is {capital}.",
            ]
        )
    if kind < 0.85:
        a, operator, b, value = arithmetic.sum_pair()
        return pick([f"{a} {operator} {b} = {value}", f"Q: What is {a} {operator} {b}?\nA: {value}"])
    if kind < 0.9:
        return ", ".join(str(n) for n in range(1, rng.randint(5, 20) + 1))
    return pick(
        [
            pick(items("fun_facts.txt")),
            " ".join(pick(rows("jokes.tsv"))),
            f"Hello! I am {NAME}, a tiny demo model.",
            f"My name is {NAME}. I am a tiny demo model.",
            "A llama is a woolly animal from the Andes.",
            "Hello, world!",
        ]
    )


def _chat():
    persona = any_persona()
    turns = []
    if persona.greeting and chance(0.7):
        turns += smalltalk.hello(persona)
    elif persona.role and chance(0.6):
        turns += smalltalk.identity(persona) if chance(0.7) else smalltalk.hello(persona)
    elif not persona.is_cria and chance(0.5):
        turns += smalltalk.identity(persona)
    wanted = weighted([(1, 62), (2, 20), (3, 11), (5, 5), (9, 2), (16, 0.4)])
    while len(turns) < wanted:
        turns += weighted(MIXTURE)(persona)
    messages = [Message("system", persona.system)] if persona.system else []
    for ask, answer in turns:
        messages += [Message("user", ask), Message("assistant", persona.styled(answer))]
    return messages


def _tool_chat():
    persona = any_persona() if chance(0.4) else Persona()
    if persona.greeting or persona.prefix or persona.suffix:
        persona = Persona()
    available = tools.tool_set()
    messages = [Message("system", tools.system_text(available, persona.system))]
    own_role = chance(0.12)  # results in messages of the role "tool", as other templates have it

    def add_results(results):
        if own_role:
            messages.extend(Message("tool", result) for result in results)
        else:
            messages.append(Message("user", "\n".join(tools.response(result) for result in results)))

    for _ in range(weighted([(1, 70), (2, 22), (3, 8)])):
        if chance(0.22):
            for ask, answer in tools.unneeded(available, persona, BESIDE_TOOLS):
                messages += [Message("user", ask), Message("assistant", answer)]
            continue
        asked = tools.parallel_request(available) if chance(0.14) else None
        if asked is None:
            tool = pick(available)
            question, arguments = tools.request(tool)
            asked = question, [(tool, arguments)]
        question, calls = asked
        messages.append(Message("user", question))
        messages.append(Message("assistant", "\n".join(tools.call(tool, arguments) for tool, arguments in calls)))
        if chance(0.28):
            break  # the conversation ends with the call
        replies = [tool.reply(arguments) for tool, arguments in calls]
        add_results([result for result, _ in replies])
        messages.append(Message("assistant", " ".join(answer for _, answer in replies)))
        tool, arguments = calls[0]
        if len(calls) == 1 and tool.again and chance(0.25):
            question, arguments = tool.again(arguments)
            question = tools.small_letters(typed(question, exact=True), [(tool, arguments)])
            messages += [Message("user", question), Message("assistant", tools.call(tool, arguments))]
            result, answer = tool.reply(arguments)
            add_results([result])
            messages.append(Message("assistant", answer))
    return messages


def conversation():
    """The messages of one conversation."""
    kind = rng.random()
    if kind < 0.03:
        return [Message("raw", _raw())]
    return _tool_chat() if kind < 0.22 else _chat()


def rendered(messages):
    """The messages as the chat template writes them: (text, whether it is learned) pieces."""
    if messages[0].role == "raw":
        return [(messages[0].text + "<|endoftext|>", True)]
    pieces = []
    for message in messages:
        pieces.append((f"<|im_start|>{message.role}\n", False))
        pieces.append((message.text + "<|im_end|>", message.learned))
        pieces.append(("\n", False))
    return pieces[:-1]


def rendered_text(messages):
    return "".join(text for text, _ in rendered(messages))
