"""A question with what a right answer must be."""

import json
import re
from dataclasses import dataclass, field
from typing import Callable


@dataclass
class Question:
    messages: list  # as in a request to /v1/chat/completions
    expected: str  # for people who read a wrong answer
    right: Callable  # takes the answer's message
    tools: list = field(default_factory=list)
    response_format: dict = None


def conversation(turns, system=""):
    """Messages of (user, assistant) turns up to the last user's."""
    messages = [{"role": "system", "content": system}] if system else []
    for ask, answer in turns:
        messages += [{"role": "user", "content": ask}, {"role": "assistant", "content": answer}]
    return messages[:-1]


def text_of(message):
    return (message.get("content") or "").strip()


def _same(text):
    return text.strip().lower().rstrip(".!")


def exactly(expected):
    """The text, but for case and a full stop."""
    return lambda message: _same(text_of(message)) == _same(expected)


def one_of(texts):
    wanted = {_same(text) for text in texts}
    return lambda message: _same(text_of(message)) in wanted


def contains(*parts):
    return lambda message: all(part.lower() in text_of(message).lower() for part in parts)


def numbers(text):
    return re.findall(r"-?\d+", text)


def ends_with_number(value):
    """The last number of the answer."""
    return lambda message: (numbers(text_of(message)) or [""])[-1] == str(value)


def parsed(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


def json_equal(expected):
    return lambda message: parsed(text_of(message)) == expected


def calls_of(message):
    """(name, arguments) of each tool call."""
    return [(c["function"]["name"], parsed(c["function"]["arguments"])) for c in message.get("tool_calls") or []]


def calls(*expected):
    """Exactly these calls, (name, arguments), in any order."""

    def right(message):
        found = calls_of(message)
        return len(found) == len(expected) and all(call in found for call in expected)

    return right
