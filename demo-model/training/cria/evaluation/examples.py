"""Answers with their verdicts: what the checks here and those of the Java test must agree on."""

import json

from .question import check


def _says(text):
    return {"role": "assistant", "content": text}


def _calls(*calls):
    described = [{"type": "function", "function": {"name": name, "arguments": json.dumps(given)}} for name, given in calls]
    return {"role": "assistant", "content": None, "tool_calls": described}


_ROME, _OSLO = ("weather", {"city": "Rome"}), ("weather", {"city": "Oslo"})
_COLORS = check("count of", 3, "red", "blue", "light green", "black")

# (check, message, whether it is right)
EXAMPLES = [
    (check("exactly", "It is mine.", "Mine!"), _says("mine"), True),
    (check("exactly", "It is mine."), _says("It is mine, too."), False),
    (check("copy", "Ab c"), _says("Ab c\n"), True),
    (check("copy", "Ab c"), _says("ab c"), False),
    (check("copy", "Ab c"), _says("Ab c."), False),
    (check("contains", "Tunis"), _says("The capital of Tunisia is tunis."), True),
    (check("contains", "Tunis"), _says("The capital of Tunisia is Rabat."), False),
    (check("contains", "Sara", "12"), _says("Sara is 12."), True),
    (check("contains", "Sara", "12"), _says("Sarah is 12."), False),
    (check("contains", "12"), _calls(_ROME), False),
    (check("contains any", "do not know", "¡Hola!"), _says("¡Hola! I am here."), True),
    (check("contains any", "do not know", "too small"), _says("I know."), False),
    (check("last number", "-3"), _says("4 - 7 = -3."), True),
    (check("last number", "3"), _says("3 is right, not 4"), False),
    (check("last number", "3"), _says("three"), False),
    (check("results", "3", "12"), _says("1 + 2 = 3, 6 + 6 = 12"), True),
    (check("results", "3", "12"), _says("3\n12"), True),
    (check("results", "3", "12"), _says("1 + 2 = 3, 6 + 6 = 13"), False),
    (_COLORS, _says("- Red\n- Light green\n- Black"), True),
    (_COLORS, _says("1. red\n2. blue\n3. black"), True),
    (_COLORS, _says("Red, blue and black."), True),
    (_COLORS, _says("red, red, blue, black"), False),
    (_COLORS, _says("red, red and blue"), False),
    (_COLORS, _says("red, blue, light green, llama"), False),
    (check("lines with", 3, "rain", "drops"), _says("Soft rain,\na frog\nsleeps."), True),
    (check("lines with", 3, "rain", "drops"), _says("A frog\ncounts drops\nall night."), True),
    (check("lines with", 3, "rain"), _says("A rain of stars"), False),
    (check("lines with", 3, "rain"), _says("A train\nruns\non."), False),
    (check("json", {"result": 42}), _says('{"result":42}'), True),
    (check("json", {"result": 42}), _says('{"result": 42} and so on'), False),
    (check("json", {"result": 42}), _says('{"result": "42"}'), False),
    (check("json", {"result": 42}), _says("42"), False),
    (check("json like", {"name": "Ada", "age": 3}), _says('{"age": 7, "name": "Bo"}'), True),
    (check("json like", {"name": "Ada", "age": 3}), _says('{"name": "Bo"}'), False),
    (check("json like", ["a", "b"]), _says('["c", "d"]'), True),
    (check("json like", ["a", "b"]), _says('["c", "d", "e"]'), False),
    (check("json like", ["a", "b"]), _says("2"), False),
    (check("calls", list(_ROME), list(_OSLO)), _calls(_OSLO, _ROME), True),
    (check("calls", list(_ROME), list(_OSLO)), _calls(_ROME), False),
    (check("calls", list(_ROME), list(_OSLO)), _calls(_ROME, _ROME), False),
    (check("calls", list(_ROME)), _calls(("weather", {"city": "Rome", "unit": "celsius"})), False),
    (check("calls"), _says("No tool."), True),
    (check("calls"), _calls(_ROME), False),
]
