"""Answers as JSON: facts taken from a text, invented objects, lists, and ordinary answers in an object."""

import json

from . import arithmetic, copying, fun, geography, knowledge, nature, smalltalk, stories
from .calendar import DAYS
from .geography import COUNTRIES
from .tables import entries
from .text import capitalized, cased, chance, fill, joined, number_word, pick, rng, rotated, typed, weighted, with_article
from .words import CATEGORIES, CITIES, NAMES, city, code, invented, person

_JOBS = "teacher doctor baker pilot painter programmer".split()


def _as_json():
    """
    How JSON is asked for. Now and then it is not: with response_format the request holds the answer to a schema and the
    prompt does not say so.
    """
    if chance(0.15):
        return ""
    return fill("[ Answer as JSON.| Answer in JSON.| Respond with JSON.| (JSON)| As JSON.]")


def dump(value):
    return json.dumps(value, ensure_ascii=False)


def _request(patterns, names=True, **values):
    """A request of one of the patterns, now and then in small letters; names: all of it, and the answer has the capitals."""
    pattern, case = pick(patterns), rng.random()
    if case < 0.2:
        pattern = pattern.lower()
    request = fill(pattern, **values)
    return request.lower() if names and case < 0.12 else request


def _some_of(keys, count):
    """That many of the keys, in their order."""
    chosen = set(rng.sample(list(keys), min(count, len(keys))))
    return [key for key in keys if key in chosen]


_EXTRACT_REQUESTS = [
    "Extract the {k} as JSON: {s}",
    "Extract {k} from this text as JSON: {s}",
    "{s} Give me the {k} as JSON.",
    "Answer in JSON with the keys {k}. {s}",
    "Return JSON with {k}: {s}",
    "Extract the person as JSON with keys {k}.\n{s}",
    "Extract the {k} from: {s}",
    "{s} Answer as JSON with {k}.",
]


def extract_person(persona):
    name, age, home, job = person(), rng.randint(1, 99), city(), pick(_JOBS)
    facts = {"age": age, "city": home, "job": job}
    wanted = _some_of(facts, rng.randint(1, 3))
    alone = {"age": f"{name} is {age} years old.", "city": f"{name} lives in {home}.", "job": f"{name} works as {with_article(job)}."}
    if len(wanted) == 1 and chance(0.6):
        text = alone[wanted[0]]
    elif wanted == ["age", "city"] and chance(0.7):
        text = fill(
            "[{n} is {a} years old and lives in {c}.|{n} is {a} and lives in {c}.|{n} is {a} years old and comes from {c}."
            "|I am {n}, I am {a} years old and I live in {c}.]",
            n=name,
            a=age,
            c=home,
        )
    else:
        text = fill(
            "[{n} is {a} years old, lives in {c} and works as {j}.|{n}, {a}, is {j} from {c}."
            "|My name is {n}, I am {a} and I live in {c}. I am {j}.|{n} ({a}) works as {j} in {c}.]",
            n=name,
            a=age,
            c=home,
            j=with_article(job),
        )
    answer = {"name": name, **{key: facts[key] for key in wanted}}
    if chance(0.15) and text.startswith(name):  # the request has a schema, of which the prompt says nothing
        return [(text, dump(answer))]
    return [(_request(_EXTRACT_REQUESTS, k=joined(answer), s=text), dump(answer))]


def _pet_record():
    name, kind, color = person(), pick("cat dog horse bird rabbit goat parrot hamster".split()), pick(CATEGORIES["colors"])
    return f"{name} is {with_article(color)} {kind}.", {"name": name, pick(["kind", "animal", "pet"]): kind, "color": color}


def _product_record():
    product, price, shop = capitalized(invented(2, 3)), rng.randint(1, 999), city()
    return f"The {product} costs {price} euros in {shop}.", {"product": product, "price": price, "city": shop}


def _meeting_record():
    who, day, hour = person(), pick(DAYS), rng.randint(7, 20)
    return f"{who} has a meeting on {day} at {hour}.", {"person": who, "day": day, "hour": hour}


def _order_record():
    number, item, count = rng.randint(100, 9999), pick(CATEGORIES["fruits"]), rng.randint(2, 50)
    return f"Order {number}: {count} times {item}.", {"order": number, "item": item, "count": count}


def _train_record():
    line, start, end = code(), city(), city()
    return f"Train {line} goes from {start} to {end}.", {"train": line, "from": start, "to": end}


def _book_record():
    title, author, year = capitalized(invented()), person(), rng.randint(1800, 2026)
    return f"{title} was written by {author} in {year}.", {"title": title, "author": author, "year": year}


def extract_record(persona):
    """Other things than people, with the keys asked for."""
    text, record = pick([_pet_record, _product_record, _meeting_record, _order_record, _train_record, _book_record])()
    keys = _some_of(record, rng.randint(2, 3))
    if chance(0.25):
        rng.shuffle(keys)
    ask = _request(
        [
            "Extract {k} as JSON: {s}",
            "{s} Answer as JSON with {k}.",
            "{s} Give me JSON with the keys {k}.",
            "Answer in JSON with the keys {k}. {s}",
            "Make a JSON object with {k} from this: {s}",
            "Write as JSON with {k}: {s}",
            "JSON ({k}): {s}",
            "{s}\nAs JSON with {k}, please.",
        ],
        names="train" not in record,  # its number keeps its capitals
        k=joined(keys),
        s=text,
    )
    return [(ask, dump({key: record[key] for key in keys}))]


# Facts about somebody: the keys that people use for one, how it is told, what it may be.
_FACTS = [
    (["age", "years"], "is {v} years old", lambda: rng.randint(2, 95)),
    (["city", "home", "town", "place"], "lives in {v}", city),
    (["job", "work", "profession"], "works as {a}", lambda: pick(_JOBS)),
    (["hobby", "sport"], "likes {v}", lambda: pick(CATEGORIES["sports"])),
    (["fruit", "food"], "eats {v}", lambda: pick(CATEGORIES["fruits"])),
    (["pet", "animal"], "has {a}", lambda: pick("cat dog horse bird rabbit goat parrot hamster".split())),
    (["color", "favorite_color"], "wears {v} clothes", lambda: pick(CATEGORIES["colors"])),
    (["friend", "partner"], "knows {v}", person),
    (["language", "speaks"], "speaks {v}", lambda: pick(CATEGORIES["languages"])),
    (["drink", "beverage"], "drinks {v}", lambda: pick(CATEGORIES["drinks"])),
]


def extract_facts(persona):
    """Any of several facts, asked for in any order: which key means which fact must be understood."""
    who, chosen = person(), rng.sample(_FACTS, rng.randint(2, 4))
    told, record, pronoun = [], {}, pick(["He", "She"])
    for keys, how, value in chosen:
        value = value()
        told.append(fill(how, v=value, a=with_article(str(value)) if "{a}" in how else ""))
        record[pick(keys)] = value
    if chance(0.5):
        text = f"{who} {joined(told)}."
    else:
        text = " ".join(f"{who if i == 0 or chance(0.4) else pronoun} {one}." for i, one in enumerate(told))
    keys = list(record)
    rng.shuffle(keys)
    keys = keys[: rng.randint(1, len(keys))]
    if chance(0.7):
        keys.insert(rng.choice([0, 0, len(keys)]), "name")
    record["name"] = who
    ask = _request(
        [
            "Extract {k} as JSON: {s}",
            "{s} Give me {k} in JSON.",
            "Make JSON from this. Keys: {k}. {s}",
            "Put {k} into a JSON object. {s}",
            "{s}\nJSON with {k}, please.",
            "I need {k} as JSON from this text: {s}",
            "Read this: {s} Then write JSON with the keys {k}.",
            "JSON keys {k}: {s}",
        ],
        k=joined(keys),
        s=text,
    )
    return [(ask, dump({key: record[key] for key in keys}))]


def describe_object(persona):
    """A JSON object with the keys that the user names."""
    what = pick(["person", "cat", "dog", "llama", "user"])
    human = what in ("person", "user")
    answer = {"name": pick(NAMES), "age": rng.randint(18, 80) if human else rng.randint(1, 15)}
    if chance(0.4):
        answer["city" if human else "color"] = pick(CITIES) if human else pick(CATEGORIES["colors"])
    ask = fill(
        "[Give me a JSON object for {w}|Write a JSON object that describes {w}|Make up {w} as JSON|Create {w} in JSON|JSON for {w}"
        "|Generate {w} as JSON] with {k}.",
        w=with_article(what),
        k=joined(answer),
    )
    return [(typed(ask), dump(answer))]


def list_as_json(persona):
    category = pick(["fruits", "animals", "colors", "planets", "countries", "cities", "birds", "drinks", "tools", "sports"])
    count = rng.randint(2, 5)
    ask = fill(
        "[List|Give me|Name|Write] {m} {c} as [a JSON array|JSON|a JSON list][.|]",
        m=pick([count, number_word(count)]),
        c=category,
    )
    return [(typed(ask), dump(rotated(CATEGORIES[category])[:count]))]


def capital_as_json(persona):
    country, capital, *_ = pick(COUNTRIES)
    ask = fill("What is the capital of {c}? Answer [in|as] JSON[.| with country and capital.]", c=country)
    return [(cased(ask), dump({"country": capitalized(country.replace("the ", "")), "capital": capital}))]


def temperature_as_json(persona):
    home, degrees = city(), rng.randint(-5, 35)
    ask = fill(
        "[It is {t} degrees in {c}.|{c}: {t} degrees|The temperature in {c} is {t}.]" + _as_json(), t=degrees, c=home
    )
    return [(cased(ask), dump({pick(["city", "city", "location"]): home, "temperature": degrees}))]


def sentiment_as_json(persona):
    text, good = copying.opinion()
    ask = fill("[Classify|Sentiment|Analyze|Rate|Classify the sentiment]: ") + text + _as_json()
    key = pick(["sentiment"] * 4 + ["label", "category", "class", "mood"])
    return [(ask, dump({key: "positive" if good else "negative"}))]


def any_answer(persona):
    """An ordinary answer in an object, so that output held to a schema has a sensible continuation."""
    kinds = [
        (geography.countries, 3),
        (knowledge.questions, 5),
        (fun.jokes, 2),
        (nature.colors, 1),
        (nature.animals, 1),
        (smalltalk.small_talk, 2),
        (smalltalk.identity, 2),
        (arithmetic.sums, 2),
        (fun.facts, 1),
        (smalltalk.hello, 1),
    ]
    ask, answer = weighted(kinds)(persona)[0]
    if answer.startswith("`") or "\n" in answer:
        return extract_person(persona)
    key = pick(["answer"] * 6 + ["text", "response", "reply", "message", "content", "output", "sentence"])
    how = fill("[ Answer in JSON with the key {k}.| Reply as a JSON object with the key {k}.]", k=key)
    return [(ask + (how if chance(0.4) else _as_json()), dump({key: answer}))]


_INVENTED = (
    "person,user,character,customer,hero,student,pirate,wizard,llama,cat,dog,employee,random person,new person"
).split(",")


def invent(persona):
    answer = {pick(["name"] * 5 + ["firstName", "first_name", "username"]): pick(NAMES), "age": rng.randint(2, 80)}
    further = {
        "city": pick(CITIES),
        "job": pick(_JOBS),
        "color": pick(CATEGORIES["colors"]),
        "country": pick(COUNTRIES)[0].replace("the ", ""),
        "hobby": pick(CATEGORIES["sports"]),
        "hobbies": rng.sample(CATEGORIES["sports"], 2),
        "active": chance(0.5),
        "email": "info@example.com",
        "married": chance(0.5),
        "height": rng.randint(100, 200),
        "food": pick(CATEGORIES["fruits"]),
        "language": pick(CATEGORIES["languages"]),
    }
    for key in rng.sample(list(further), pick([0, 0, 1, 1, 2, 3])):
        answer[key] = further[key]
    if chance(0.1):
        del answer["age"]
    ask = fill("[Invent|Make up|Create|Generate|Give me|Imagine] {w}[.|]", w=with_article(pick(_INVENTED)))
    return [(cased(ask + _as_json()), dump(answer))]


def story_as_json(persona):
    told = stories.story(length="short")
    adjective = pick(entries("story_words.txt")["adjectives"])
    answer = {"title": fill("[The {a} {h}|The {h} and the {f}]", a=adjective, h=told.hero, f=told.friend)}
    if chance(0.3):
        answer["hero"] = told.name
    answer[pick(["text", "story"])] = told.text
    ask = fill("[Tell me a story as JSON|Write a story. Answer as JSON.|A short story in JSON|Write a short story][.|]")
    return [(cased(ask), dump(answer))]
