"""Tools: their definitions, the calls that questions lead to, their results, and the answers made from them."""

import json
from dataclasses import dataclass, field
from typing import Callable

from . import arithmetic
from .copying import phrase
from .fallback import TOPICS
from .geography import COUNTRIES
from .language import LANGUAGES, TRANSLATIONS
from .text import capitalized, chance, fill, pick, rng, small_first, typed, weighted, with_article
from .words import CATEGORIES, city, code, invented, person


@dataclass
class Parameter:
    name: str
    type: str = "string"
    required: bool = True


@dataclass
class Tool:
    name: str
    description: str
    parameters: list
    family: str
    # () -> (question, arguments)
    ask: Callable = field(default=None, repr=False)
    # (arguments) -> (result as the tool gives it, answer of the assistant)
    reply: Callable = field(default=None, repr=False)
    # (old arguments) -> (short question, arguments): "and in Rome?"; None where that makes no sense
    again: Callable = field(default=None, repr=False)

    def signature(self):
        """The line of the chat template: an optional parameter has a question mark."""
        inside = ", ".join(f"{p.name}{'' if p.required else '?'}: {p.type}" for p in self.parameters)
        return f"- {self.name}({inside})" + (f": {self.description}" if self.description else "")

    def schema(self):
        """The tool in a request to /v1/chat/completions."""
        properties = {p.name: {"type": p.type} for p in self.parameters}
        if chance(0.3):
            for p in self.parameters:
                properties[p.name]["description"] = f"The {p.name}"
        required = [p.name for p in self.parameters if p.required]
        parameters = {"type": "object", "properties": properties, "required": required}
        described = {"description": self.description} if self.description else {}
        return {"type": "function", "function": {"name": self.name, **described, "parameters": parameters}}


def dump(value):
    return json.dumps(value, ensure_ascii=False)


def result_json(value):
    """A result as JSON, with spaces as Python writes it or without as Java does."""
    return dump(value) if chance(0.5) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def call(tool, arguments):
    return '<tool_call>\n{"name": "%s", "arguments": %s}\n</tool_call>' % (tool.name, dump(arguments))


def response(result):
    return f"<tool_response>\n{result}\n</tool_response>"


# ---- weather ----

_WEATHER_QUESTION = (
    "[What is the weather in {c}|What's the weather in {c}|How is the weather in {c}|weather in {c}|What's the weather like in {c}"
    "|Weather for {c}|Is it raining in {c}|Is it sunny in {c}|How warm is it in {c}|What is the temperature in {c}"
    "|Tell me the weather in {c}|Do I need an umbrella in {c}|How is the weather in {c} today|Will it rain in {c}"
    "|what's the weather like in {c} right now|Check the weather in {c}|Can you get the weather in {c}|Is it cold in {c}"
    "|Is it going to rain in {c}|How cold is it in {c} today|I am going to {c}. How is the weather there"
    "|I am in {c}, do I need a jacket|Tomorrow I travel to {c}. What is the weather like|Please look up the weather for {c}"
    "|We meet in {c}. Will it be warm|What about the weather in {c}|Is there snow in {c}|{c} weather|forecast for {c}"
    "|My friend lives in {c}. Is it sunny there|Should I take an umbrella to {c}|I stay in {c} this week. How is the weather"
    "|Tomorrow I will be in {c} for work. Do I need a jacket|My train to {c} leaves soon, is it raining there"
    "|I have to go to {c} again, how cold is it][?|?|]"
)
_CONDITIONS = ["sunny", "rainy", "cloudy", "windy", "snowy", "foggy", "clear", "partly cloudy", "stormy"]


def _and_there(parameter):
    def again(arguments):
        other = city()
        return fill("[And in {c}|What about {c}|And {c}|how about {c}|and in {c}][?|?|]", c=other), {parameter: other}

    return again


def _weather_reply(arguments):
    where, degrees, sky = next(iter(arguments.values())), rng.randint(-10, 38), pick(_CONDITIONS)
    kind, unit = rng.random(), "degrees"
    if kind < 0.45:
        result = {
            pick(["temperature", "temp", "temperature_c", "temp_c", "temperature"]): degrees,
            pick(["condition", "conditions", "weather", "description", "sky", "forecast"]): sky,
        }
        if chance(0.25):
            result = {pick(["city", "location"]): where, **result}
        if chance(0.2):
            result[pick(["humidity", "wind"])] = rng.randint(1, 99)
        if chance(0.2):
            result["unit"] = arguments.get("unit", "celsius")
            unit = "degrees " + capitalized(result["unit"])
        answer = "[In {c} it is {t} {u} and {d}.|It is {t} {u} and {d} in {c}.|The weather in {c}: {t} {u}, {d}.]"
        return result_json(result), fill(answer, c=where, t=degrees, d=sky, u=unit)
    if kind < 0.6:
        return result_json({pick(["temperature", "temp"]): degrees}), f"It is {degrees} degrees in {where}."
    if kind < 0.75:
        return pick([sky, capitalized(sky)]), f"It is {sky} in {where}."
    plain = pick(["{t} degrees, {d}", "{d}, {t} C", "{D}, {t}°C", "{t}°C and {d}", "{D} {t} C", "{t} C, {d}"])
    return fill(plain, t=degrees, d=sky, D=capitalized(sky)), f"In {where} it is {degrees} degrees and {sky}."


def weather():
    place = pick(["city"] * 4 + ["location"] * 3 + ["place", "town"])
    optional = pick(["unit", "unit", "units", "days", "date", "language"]) if chance(0.4) else None
    parameters = [Parameter(place)]
    if optional:
        parameters.append(Parameter(optional, "integer" if optional == "days" else "string", required=False))

    def ask():
        where = city()
        question, arguments = fill(_WEATHER_QUESTION, c=where), {place: where}
        if optional and chance(0.4):  # only what the user says goes into an optional argument
            bare = question.rstrip("?")
            if optional in ("unit", "units"):
                unit = pick(["celsius", "fahrenheit", "Celsius", "Fahrenheit"])
                question, arguments[optional] = f"{bare} in {unit}" + pick(["?", ""]), unit.lower()
            elif optional == "days":
                days = rng.randint(2, 10)
                question, arguments[optional] = f"{bare} for {days} days" + pick(["?", ""]), days
            elif optional == "date":
                date = f"2026-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
                question, arguments[optional] = f"{bare} on {date}" + pick(["?", ""]), date
            else:
                language = pick(LANGUAGES)
                question, arguments[optional] = f"{bare}? Answer in {language}.", language
        return question, arguments

    name = pick(["get_weather"] * 5 + ["get_current_weather"] * 3 + ["weather", "getWeather", "fetch_weather", "current_weather", "weather_lookup"])
    about = pick(
        [
            "Get the weather",
            "Get the current weather",
            "Get the current weather in a city",
            "Returns the weather for a city",
            "Weather of a place",
            "Gets the weather of a given location",
            "",
        ]
    )
    return Tool(name, about, parameters, "weather", ask, _weather_reply, _and_there(place))


# What else one may want to know of a place: tool, description, questions, answer.
_SERVICES = [
    ("get_sunset", "Time of sunset", "When does the sun set in {c}|How long is there light in {c} today", "The sun sets at {h} in {c}."),
    ("traffic", "Traffic in a city", "How is the traffic in {c}|Are the streets of {c} full this morning", "In {c} the traffic is {s}."),
    ("find_events", "Events in a city", "What is going on in {c} tonight|Is there a concert in {c}", "The tool says: {s}"),
    ("water_temperature", "Temperature of the sea", "How warm is the sea at {c}|Can I swim in {c} in May", "It is {d} degrees at {c}."),
    ("hotel_price", "Price of a hotel room", "What does a room in {c} cost|How much is a hotel in {c} per night", "A room in {c} costs {d} euros."),
    ("snow_depth", "Depth of snow", "How much snow lies in {c}|Is there enough snow in {c} to ski", "In {c} there are {d} cm of snow."),
    ("get_mayor", "Mayor of a city", "Who governs the city of {c}|Which mayor does {c} have now", "The mayor of {c} is {s}."),
    ("noise_level", "Noise in a place", "How loud is it in {c} at night|Is {c} a quiet place these days", "In {c} the level is {d}."),
]


def city_service():
    name, description, questions, answer = pick(_SERVICES)
    place = pick(["city", "city", "location", "place"])

    def ask():
        where = city()
        return fill(f"[{questions}][?|?|]", c=where), {place: where}

    def reply(arguments):
        number, word, time = rng.randint(1, 300), capitalized(phrase(1, 2)), _clock()
        values = dict(c=arguments[place], d=number, s=word, h=time)
        result = str(number if "{d}" in answer else word if "{s}" in answer else time)
        return pick([result, result_json({name.split("_")[-1]: result})]), fill(answer, **values)

    return Tool(name, pick([description, description, ""]), [Parameter(place)], "service", ask, reply, _and_there(place))


# ---- time ----


def _clock():
    return f"{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}"


def local_time():
    place = pick(["city"] * 4 + ["location", "timezone", "place"])

    def ask():
        where = city()
        question = (
            "[What time is it in {c}|What's the time in {c}|time in {c}|What is the local time in {c}|Tell me the time in {c}"
            "|current time in {c}|How late is it in {c}|what time is it now in {c}|What time do they have in {c}][?|?|]"
        )
        return fill(question, c=where), {place: where}

    def reply(arguments):
        where, time = arguments[place], _clock()
        result = pick([time, time, result_json({"time": time}), result_json({"city": where, "time": time}), f"It is {time}"])
        return result, fill("[It is {h} in {c}.|In {c} it is {h}.]", h=time, c=where)

    name = pick(["get_time"] * 4 + ["get_current_time"] * 2 + ["current_time", "time_in", "getTime", "clock"])
    about = pick(["Get the time", "Get the current time in a city", "Returns the local time", "Current time of a place", ""])
    return Tool(name, about, [Parameter(place)], "time", ask, reply, _and_there(place))


def now():
    def ask():
        question = (
            "[What time is it|What day is it|What is the date|What's today's date|current time|Which day is today"
            "|what is the current time|Tell me the date][?|]"
        )
        return fill(question), {}

    def reply(arguments):
        date = f"{rng.randint(2024, 2030)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        result = pick([date, f"{date} {_clock()}", _clock()])
        return result, f"It is {result}."

    name = pick(["now", "current_date", "get_date", "today", "get_current_date", "get_current_time", "current_time", "get_time"])
    about = pick(["Get the current date and time", "Returns the date of today", "The current time", "Get the current time"])
    return Tool(name, about, [], "now", ask, reply)


# ---- sums ----

_OPERATOR_WORDS = {"+": ("plus", "+"), "-": ("minus", "-"), "x": ("times", "*"), "/": ("divided by", "/")}
_ARITHMETIC_NAMES = {
    "add": "+",
    "add_numbers": "+",
    "sum": "+",
    "plus": "+",
    "subtract": "-",
    "minus": "-",
    "multiply": "x",
    "mul": "x",
    "divide": "/",
}


def arithmetic_tool():
    name = pick(list(_ARITHMETIC_NAMES) + ["add", "multiply"])
    operator = _ARITHMETIC_NAMES[name]
    first, second = pick([("a", "b"), ("a", "b"), ("x", "y"), ("first", "second"), ("left", "right")])
    kind = pick(["integer", "number"])

    def ask():
        while True:
            top = pick([20, 100, 1000, 10000])
            a, b = rng.randint(0, top), rng.randint(1, top)
            if arithmetic.may_use(a, operator, b) or arithmetic.Pairs.held_out:
                break
        word, sign = _OPERATOR_WORDS[operator]
        question = (
            "[What is {a} {w} {b}|How much is {a} {w} {b}|{a} {w} {b}|What is {a} {y} {b}|{a} {y} {b}|Calculate {a} {w} {b}"
            "|Compute {a} {y} {b}|Use the tool: {a} {w} {b}|What's {a} {y} {b}|I need {a} {w} {b}|Let the tool compute {a} {y} {b}][?|?|]"
        )
        verbal = {"+": "[Please |]add {a} and {b}", "-": "Subtract {b} from {a}", "x": "Multiply {a} by {b}", "/": "Divide {a} by {b}"}
        if chance(0.25):
            question = verbal[operator] + "[.|]"
        return capitalized(fill(question, a=a, b=b, w=word, y=sign)), {first: a, second: b}

    def reply(arguments):
        a, b = arguments[first], arguments[second]
        value = round(a / b, 2) if operator == "/" else arithmetic.result(a, operator, b)
        key = pick(["result", "result", "sum" if operator == "+" else "value", "answer"])
        return pick([str(value), str(value), result_json({key: value})]), f"{a} {operator} {b} = {value}."

    about = {"+": ["Add two numbers", "Adds two integers", ""]}.get(operator, [f"{capitalized(name)} two numbers", ""])
    return Tool(name, pick(about), [Parameter(first, kind), Parameter(second, kind)], "arithmetic", ask, reply)


def calculator():
    parameter = pick(["expression", "expr", "input"])

    def ask():
        while True:
            a, operator, b = rng.randint(1, 999), pick("+-*/"), rng.randint(1, 99)
            if not arithmetic.is_held_out(a, operator, b):
                break
        expression = f"{a} {operator} {b}"
        if chance(0.3):
            expression += f" {pick('+-*')} {rng.randint(1, 99)}"
        if chance(0.3):
            expression = expression.replace(" ", "")
        question = fill("[Calculate {e}|What is {e}|Compute {e}|How much is {e}|Evaluate {e}][?|.|]", e=expression)
        return question, {parameter: expression}

    def reply(arguments):
        value = rng.randint(1, 9999)
        result = pick([str(value), result_json({"result": value})])
        return result, fill("[The result is {v}.|The answer is {v}.]", v=value)

    name = pick(["calculate", "calculator", "calc", "eval", "compute"])
    about = pick(["Calculate an expression", "Evaluates a math expression", "Calculator"])
    return Tool(name, about, [Parameter(parameter)], "arithmetic", ask, reply)


# ---- texts ----


def _found(arguments):
    """What a tool that finds or makes a text says."""
    if chance(0.25):
        error = pick([result_json({"error": "not found"}), "error: not found", "Error", "not found"])
        return error, pick(["Sorry, the tool found nothing.", "The tool reported an error."])
    text = capitalized(phrase(2, 7)) + "."
    result = pick([text, text, result_json({pick(["result", "text", "answer"]): text})])
    return result, fill("[The result is: |The tool says: |I found this: ]") + text


def _done(arguments):
    result = pick(["ok", "OK", "done", result_json({"status": "ok"}), result_json({"success": True}), "true", "success"])
    return result, pick(["Done.", "It is done.", "All right, done."])


def search():
    parameter = pick(["query", "query", "q", "text", "topic"])
    limit = Parameter(pick(["limit", "max_results"]), "integer", required=False) if chance(0.35) else None

    def ask():
        what = pick(TOPICS) if chance(0.45) else phrase(1, 3)
        question = fill(
            "[Search for {x}|Look up {x}|Find {x}|Search the web for {x}|google {x}|Find something about {x}"
            "|Please search for {x}|search {x}]",
            x=what,
        )
        arguments = {parameter: what}
        if limit and chance(0.35):
            arguments[limit.name] = rng.randint(2, 20)
            question += f", at most {arguments[limit.name]} results"
        return question + pick(["", ".", ""]), arguments

    name = pick("search,web_search,search_web,google,search_wikipedia,lookup,find_documents,search_docs".split(","))
    about = pick(["Search the web", "Search for a text", "Looks something up", "Full text search"])
    return Tool(name, about, [Parameter(parameter)] + ([limit] if limit else []), "search", ask, _found)


_NOTE_VERBS = {
    "set_reminder": "Remind me to",
    "add_todo": "Add a todo:",
    "create_note": "Create a note:",
    "save_note": "Save a note:",
    "remember": "Remember:",
    "add_task": "Add a task:",
    "send_message": "Send the message",
    "notify": "Notify me:",
    "log": "Log",
}


def note():
    name = pick(list(_NOTE_VERBS))
    parameter = pick(["text", "text", "message", "note", "task", "content"])
    when = Parameter(pick(["time", "when", "at"]), required=False) if chance(0.3) else None

    def ask():
        what = pick(
            [
                "buy milk",
                "call mom",
                "water the flowers",
                "pay the bill",
                "feed the cat",
                "meet " + person(),
                "clean the house",
                "write tests",
                "ask " + person() + " about " + invented(),
                phrase(2, 4),
                "go to " + city(),
            ]
        )
        question, arguments = f"{_NOTE_VERBS[name]} {what}", {parameter: what}
        if when and chance(0.4):
            arguments[when.name] = _clock()
            question += f" at {arguments[when.name]}"
        return question + pick(["", "."]), arguments

    about = pick(["Save a text", "Stores a note", "Add a task", "Send a text"])
    return Tool(name, about, [Parameter(parameter)] + ([when] if when else []), "note", ask, _done)


def translation():
    target = pick(["language", "target", "to"])

    def ask():
        text, language = pick([pick(list(TRANSLATIONS)), phrase(1, 3)]), pick(LANGUAGES + ["Dutch", "Japanese"])
        question = "[Translate {w} to {l}|Translate '{w}' into {l}|How do you say {w} in {l}][?|.|]"
        return fill(question, w=text, l=language), {"text": text, target: language}

    def reply(arguments):
        word = invented()
        return word, f'In {arguments[target]}, {arguments["text"]} is "{word}".'

    name = pick(["translate", "translate_text"])
    return Tool(name, pick(["Translate a text", "Translates a word"]), [Parameter("text"), Parameter(target)], "translation", ask, reply)


# ---- things ----

_VERBS = "open close start stop lock ring check delete play order show read call feed wake print".split()
_OBJECTS = "door window file song user lamp order robot pump book car page account device".split()


def one_thing():
    """open_door("front"): a verb, a kind of thing and which one."""
    verb, thing = pick(_VERBS), pick(_OBJECTS + [invented(2, 2)] * 3)
    parameter = Parameter(pick(["name", "id", thing, thing, "name", "item", "target", thing + "_name"]))
    if parameter.name == "id":
        parameter.type = "integer"

    def ask():
        values = dict(v=verb, V=capitalized(verb), o=thing)
        if parameter.type == "integer":
            number = rng.randint(1, 999)
            question = (
                "[{V} {o} {x}|Please {v} {o} {x}|Can you {v} {o} {x}|{v} the {o} number {x}|{V} the {o} with id {x}][.|?|]"
            )
            return fill(question, x=number, **values), {parameter.name: number}
        which = pick(
            [
                person(),
                invented(),
                pick(["main", "front", "blue", "red", "old", "left"]),
                invented() + ".txt",
                capitalized(invented()),
                code(),
            ]
        )
        question = (
            "[{V} the {o} {x}|Please {v} the {o} {x}|{V} {x}|Can you {v} {x}|Can you {v} the {o} {x}|{v} the {o} named {x}"
            "|{v} {x}][.|?|]"
        )
        return fill(question, x=which, **values), {parameter.name: which}

    name = pick([f"{verb}_{thing}", f"{verb}_{thing}", f"{verb}{capitalized(thing)}", verb])
    about = pick([f"{capitalized(verb)} a {thing}", f"{capitalized(verb)}s the given {thing}", f"{capitalized(verb)} {with_article(thing)} by {parameter.name}"])
    return Tool(name, about, [parameter], "thing", ask, _done)


def switch():
    device = pick("light lamp heater fan radio tv".split())
    room = Parameter("room", required=chance(0.5)) if chance(0.6) else None
    action = pick(["turn_on_", "turn_off_", "toggle_", "switch_"])

    def ask():
        state = "off" if "off" in action else "on"
        question = fill("[Turn {v} the {o}|Switch {v} the {o}|Turn the {o} {v}|{o} {v}]", v=state, o=device)
        if not room or (not room.required and chance(0.5)):
            return question, {}
        where = pick("kitchen,bedroom,office,garden,bathroom,living room,hall,garage".split(","))
        return f"{question} in the {where}", {"room": where}

    about = pick([f"Switch the {device}", f"Control the {device}"])
    return Tool(action + device, about, [room] if room else [], "switch", ask, _done)


_WITHOUT_ARGUMENTS = {
    "roll_dice": "[Roll the dice|Roll a dice|Throw the dice]",
    "roll_die": "Roll a die",
    "random_number": "Give me a random number",
    "flip_coin": "Flip a coin",
    "get_joke": "Tell me a joke",
    "list_files": "[List my files|Which files are there|Show the files]",
    "get_status": "[What is the status|Show the status|How is the system]",
    "get_user": "[Who is the user|Get the user|Which user is this]",
    "list_users": "[List the users|Which users are there|Show all users]",
}


def without_arguments():
    name = pick(list(_WITHOUT_ARGUMENTS))

    def ask():
        return fill(_WITHOUT_ARGUMENTS[name]) + pick(["", ".", "?"]), {}

    def reply(arguments):
        if name not in ("roll_dice", "roll_die", "random_number"):
            return _found(arguments)
        value = rng.randint(1, 6)
        answer = f"The number is {value}." if "random" in name else fill("[You rolled a {v}.|The number is {v}.]", v=value)
        return pick([str(value), result_json({"result": value}), result_json({"value": value})]), answer

    return Tool(name, pick(["", "No arguments"]), [], "plain", ask, reply)


# What is looked up: (its name, parameter names)
_LOOKUPS = {
    "stock price": ["symbol", "ticker", "company"],
    "price": ["item", "product"],
    "population": ["country", "city"],
    "balance": ["account", "user"],
    "capital": ["country"],
    "age": ["name", "person"],
    "temperature": ["room", "city"],
    "order": ["order_id", "id"],
    "user": ["name", "user_id"],
    "phone": ["name", "person"],
    "address": ["name", "company"],
    "rating": ["movie", "book"],
}


def _lookup_value(parameter):
    if "id" in parameter:
        return rng.randint(1, 9999)
    if parameter in ("symbol", "ticker"):
        return pick(["AAPL", "GOOG", "TSLA", "MSFT", "NVDA", "".join(pick("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(4))])
    if parameter == "company":
        return pick(["Apple", "Google", "Tesla", "Microsoft", capitalized(invented()), capitalized(invented())])
    if parameter in ("item", "product"):
        return pick(CATEGORIES["fruits"] + [invented(2, 3)] * 6)
    if parameter == "country":
        return pick(COUNTRIES)[0].replace("the ", "")
    if parameter == "city":
        return city()
    if parameter == "room":
        return pick("kitchen bedroom office garden hall cellar attic".split())
    if parameter in ("movie", "book"):
        return " ".join(capitalized(invented()) for _ in range(rng.randint(1, 2)))
    return person()


def lookup():
    what = pick(list(_LOOKUPS))
    parameter = pick(_LOOKUPS[what])
    kind = "integer" if "id" in parameter else "string"
    name = pick(["get_{x}", "get_{x}", "find_{x}", "{x}", "{x}_of"]).format(x=what.replace(" ", "_"))

    def ask():
        value = _lookup_value(parameter)
        question = (
            "[What is the {x} of {v}|Get the {x} of {v}|Tell me the {x} of {v}|{x} of {v}|Show me the {x} of {v}|{x} for {v}"
            "|What's the {x} of {v}|Look up the {x} of {v}|I need the {x} of {v}][?|?|]"
        )
        return fill(question, x=what, v=value), {parameter: value}

    def reply(arguments):
        value = pick([rng.randint(1, 99999), round(rng.random() * 500, 2), capitalized(invented()), city()])
        result = pick([str(value), result_json({what.split()[-1]: value}), result_json({"value": value})])
        return result, f"The {what} of {arguments[parameter]} is {value}."

    def again(arguments):
        value = _lookup_value(parameter)
        return fill("[And of {v}|What about {v}|And {v}|how about {v}][?|]", v=value), {parameter: value}

    about = pick([f"Get the {what}", f"Returns the {what} of a {parameter}", f"Get the {what} by {parameter}", ""])
    return Tool(name, about, [Parameter(parameter, kind)], "lookup", ask, reply, again)


# Tools of two arguments: name, parameters, questions, kinds of values
_TWO_ARGUMENTS = [
    ("send_message", ("to", "text"), "[Send {b} to {a}|Tell {a}: {b}|Write to {a}: {b}]", ("person", "words")),
    ("send_email", ("recipient", "subject"), "[Email {a} about {b}|Send an email to {a} with the subject {b}]", ("person", "words")),
    ("book_table", ("people", "time"), "[Book a table for {a} at {b}|A table for {a} people at {b}, please]", ("count", "clock")),
    ("transfer", ("amount", "account"), "[Transfer {a} euros to {b}|Send {a} euros to {b}|Pay {b} {a} euros]", ("amount", "person")),
    ("create_user", ("name", "age"), "[Create a user {a}, age {b}|Add the user {a}, who is {b}|New user: {a}, {b}]", ("person", "age")),
    ("create_event", ("title", "date"), "[Create the event {a} on {b}|Put {a} on {b} into my calendar]", ("words", "date")),
    ("convert", ("amount", "currency"), "[Convert {a} to {b}|How much is {a} in {b}|Change {a} into {b}]", ("amount", "currency")),
    ("move", ("item", "room"), "[Move the {a} to the {b}|Put the {a} into the {b}|Bring the {a} to the {b}]", ("thing", "room")),
    ("buy", ("item", "quantity"), "[Buy {b} {a}|Order {b} {a}|I need {b} {a}]", ("item", "count")),
    ("route", ("start", "destination"), "[How do I get from {a} to {b}|The way from {a} to {b}|Route from {a} to {b}]", ("city", "city")),
    ("play_song", ("title", "artist"), "[Play {a} by {b}|Put on {a} by {b}|I want to hear {a} by {b}]", ("title", "person")),
]
_VALUES = {
    "person": person,
    "words": lambda: phrase(1, 4),
    "count": lambda: rng.randint(2, 12),
    "amount": lambda: rng.randint(1, 5000),
    "age": lambda: rng.randint(2, 99),
    "clock": lambda: _clock(),
    "date": lambda: f"2026-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
    "currency": lambda: pick("euros,dollars,yen,pesos,francs,pounds,rupees".split(",")),
    "thing": lambda: pick([pick("box ball lamp book chair plant".split()), invented(2, 3)]),
    "room": lambda: pick("kitchen bedroom office garden hall cellar attic".split()),
    "item": lambda: pick(CATEGORIES["fruits"]) + "s" if chance(0.5) else invented(2, 3),
    "city": city,
    "title": lambda: " ".join(capitalized(invented()) for _ in range(rng.randint(1, 3))),
}


def two_arguments():
    name, (first, second), questions, kinds = pick(_TWO_ARGUMENTS)

    def ask():
        a, b = _VALUES[kinds[0]](), _VALUES[kinds[1]]()
        return fill(questions, a=a, b=b) + pick(["", ".", ""]), {first: a, second: b}

    types = ["integer" if kind in ("count", "amount", "age") else "string" for kind in kinds]
    parameters = [Parameter(first, types[0]), Parameter(second, types[1])]
    about = pick(["", capitalized(name.replace("_", " ")), f"{capitalized(name.split('_')[0])}s something"])
    reply = _found if name in ("route", "convert") else _done
    return Tool(name, about, parameters, "two", ask, reply)


_PERSON_VERBS = "invite call greet find block follow pay remove hire thank visit phone".split()


def one_person():
    """invite("Dravel")"""
    verb = pick(_PERSON_VERBS)
    parameter = Parameter(pick(["name", "person", "who", "user", "contact"]))

    def ask():
        who = person()
        question = (
            "[{V} {x}|Please {v} {x}|Can you {v} {x}|I want you to {v} {x}|We should {v} {x}|{x} is here. {V} {x}"
            "|Do not forget to {v} {x}|Could you {v} {x} for me|It is time to {v} {x} now|{V} {x} today|Will you {v} {x} again"
            "|I have not seen {x} for a long time. {V} {x}|{x} waits outside, so {v} {x}][.|?|]"
        )
        return fill(question, v=verb, V=capitalized(verb), x=who), {parameter.name: who}

    # llama.cpp has a rule "tool-call" of its own, and would name the rule of a tool "call" alike.
    name = pick([verb if verb != "call" else "call_now", f"{verb}_person", f"{verb}_user", f"{verb}Contact"])
    return Tool(name, pick(["", f"{capitalized(verb)} a person", f"{capitalized(verb)}s somebody"]), [parameter], "person", ask, _done)


_KINDS = [
    (weather, 9),
    (local_time, 4),
    (city_service, 3),
    (now, 1.5),
    (arithmetic_tool, 6),
    (calculator, 1.5),
    (search, 3),
    (one_thing, 4),
    (switch, 1.5),
    (without_arguments, 2),
    (note, 2.5),
    (translation, 1),
    (lookup, 4),
    (two_arguments, 4),
    (one_person, 2),
]


def any_tool():
    return weighted(_KINDS)()


def _clash(tool, other):
    """Whether a question could mean either."""
    if tool.name == other.name or {tool.family, other.family} == {"time", "now"}:
        return True
    return tool.family == other.family and tool.family not in ("thing", "lookup", "two", "person", "service")


def tool_set(count=None):
    """Tools that no question confuses."""
    count = count or weighted([(1, 42), (2, 32), (3, 16), (4, 6), (5, 4)])
    tools = []
    while len(tools) < count:
        tool = any_tool()
        if not any(_clash(tool, other) for other in tools):
            tools.append(tool)
    return tools


def system_text(tools, system):
    """The system message with the tools: as our chat template writes it, now and then as Hermes and Qwen 2.5 do."""
    if chance(0.88):
        return (system + "\n\n" if system else "") + "# Tools\n" + "\n".join(tool.signature() for tool in tools)
    listed = "".join("\n" + dump(tool.schema()) for tool in tools)
    return (
        (system or "You are a helpful assistant.")
        + "\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are provided with function "
        "signatures within <tools></tools> XML tags:\n<tools>"
        + listed
        + "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
        "<tool_call></tool_call> XML tags:\n<tool_call>\n"
        '{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>'
    )


_ABOUT_NAMES = ("weather", "time", "service", "lookup", "person")


def may_lack_capitals(tool, value):
    """Whether an argument stays what it is when the question is in small letters: a name gets its capitals back."""
    text = str(value)
    if text == text.lower():
        return True
    return tool.family in _ABOUT_NAMES and text == " ".join(capitalized(word.lower()) for word in text.split(" "))


def small_letters(question, calls):
    """A fifth of the questions in small letters, where the arguments can still be told from them."""
    able = all(may_lack_capitals(tool, value) for tool, arguments in calls for value in arguments.values())
    return question.lower() if able and chance(0.2) else question


def request(tool):
    """A question that leads to one call: (message, arguments)."""
    question, arguments = tool.ask()
    if chance(0.12):
        question = small_first(question)
    else:
        question = small_letters(question, [(tool, arguments)])
    if chance(0.08):
        question = fill("[Please |Hi, |Can you help me? |Hey, |ok, |Hello! ]") + question
    return question, arguments


def parallel_request(tools):
    """A question that leads to two calls: (message, [(tool, arguments), ...]), or None where these tools allow none."""
    able = [tool for tool in tools if tool.again]
    if not able:
        return None
    tool = pick(able)
    question, arguments = tool.ask()
    parameter, value = next(iter(arguments.items()))
    if len(able) > 1 and chance(0.35):  # two different tools
        other = pick([one for one in able if one is not tool])
        second, more = other.ask()
        calls = [(tool, arguments), (other, more)]
        return small_letters(f"{question.rstrip('?')} and {small_first(second)}", calls), calls
    second = tool.again(arguments)[1][parameter]
    if second == value or str(value) not in question:
        return None
    calls = [(tool, arguments), (tool, {**arguments, parameter: second})]
    return small_letters(question.replace(str(value), f"{value} and {second}", 1), calls), calls


# Words that make a question sound as if a tool were meant.
_DISTRACTING = (
    "weather,rain,time,date, day,remember,search,translate,number,capital,roll,flip,year,temperature,snow,how much,light,old is,old am"
).split(",")


def unneeded(tools, persona, exchanges):
    """An exchange of the kinds given that needs none of the tools."""
    families = {tool.family for tool in tools}
    allowed = [
        (make, weight)
        for make, weight in exchanges
        if not (make is arithmetic.sums and "arithmetic" in families) and not (make.__name__ == "jokes" and "plain" in families)
    ]
    while True:
        turns = weighted(allowed)(persona)[:2]
        asked = " ".join(ask for ask, _ in turns).lower()
        if not any(word in asked for word in _DISTRACTING):
            return turns
