"""
A question with what a right answer must be. The check is data, so that a question can be written to a file and asked from
another program: the Java test that guards the shipped model does that.
"""

import json
import re
from dataclasses import dataclass, field


@dataclass
class Question:
    messages: list  # as in a request to /v1/chat/completions
    check: dict  # {"kind": ..., "values": [...]}
    tools: list = field(default_factory=list)
    response_format: dict = None
    seed: int = None  # sampled with it as the model's file recommends; None: greedily

    def right(self, message):
        return _KINDS[self.check["kind"]](message, self.check["values"])

    def request(self):
        """The body of a request, without the model's name."""
        chosen = {"temperature": 0} if self.seed is None else {"seed": self.seed}
        body = {"messages": self.messages, **chosen, "max_tokens": 300}
        if self.tools:
            body["tools"] = self.tools
        if self.response_format:
            body["response_format"] = self.response_format
        return body


def conversation(turns, system=""):
    """Messages of (user, assistant) turns up to the last user's."""
    messages = [{"role": "system", "content": system}] if system else []
    for ask, answer in turns:
        messages += [{"role": "user", "content": ask}, {"role": "assistant", "content": answer}]
    return messages[:-1]


def _text(message):
    return (message.get("content") or "").strip()


def _plain(text):
    return text.strip().lower().rstrip(".!")


def numbers(text):
    return re.findall(r"-?\d+", text)


def _parsed(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


def calls_of(message):
    """[name, arguments] of each tool call."""
    return [[c["function"]["name"], _parsed(c["function"]["arguments"])] for c in message.get("tool_calls") or []]


# ---- the kinds of checks: (message, values) -> whether it is right ----


def _exactly(message, values):
    return _plain(_text(message)) in {_plain(value) for value in values}


def _copy(message, values):
    return _text(message) in values


def _holds(text, value):
    """Whether the text has the value as words of its own: "Tunis" is not in "Tunisia"."""
    return re.search(rf"(?<!\w){re.escape(value.lower())}(?!\w)", text.lower()) is not None


def _contains(message, values):
    return all(_holds(_text(message), value) for value in values)


def _contains_any(message, values):
    return any(_holds(_text(message), value) for value in values)


def _last_number(message, values):
    return numbers(_text(message))[-1:] == values


def _results(message, values):
    """The results alone, or equations with them."""
    found = numbers(_text(message))
    return values in (found, found[2::3])


def _count_of(message, values):
    """A list of as many as the first value says, all of the others, none twice."""
    count, *allowed = values
    items = [re.sub(r"^(?:-|\d+\.)\s*", "", item.strip()) for item in re.split(r",|\band\b|\n", _plain(_text(message)))]
    return len(items) == len(set(items)) == count and set(items) <= {one.lower() for one in allowed}


def _lines_with(message, values):
    """That many lines, with one of the words in them."""
    count, *words = values
    text = _text(message)
    return len(text.split("\n")) == count and any(_holds(text, word) for word in words)


def _json(message, values):
    return _parsed(_text(message)) in values


def _json_like(message, values):
    """An object with the same keys, or an array of the same length."""
    found, wanted = _parsed(_text(message)), values[0]
    if isinstance(wanted, dict):
        return isinstance(found, dict) and set(found) == set(wanted)
    return isinstance(found, list) and len(found) == len(wanted)


def _calls(message, values):
    found = calls_of(message)
    return len(found) == len(values) and all(call in found for call in values) and all(call in values for call in found)


_KINDS = {
    "exactly": _exactly,
    "copy": _copy,
    "contains": _contains,
    "contains any": _contains_any,
    "last number": _last_number,
    "results": _results,
    "count of": _count_of,
    "lines with": _lines_with,
    "json": _json,
    "json like": _json_like,
    "calls": _calls,
}


def check(kind, *values):
    if kind not in _KINDS:
        raise ValueError(f"no check is called {kind!r}; there are {', '.join(_KINDS)}")
    return {"kind": kind, "values": list(values)}
