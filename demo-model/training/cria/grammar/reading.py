"""Questions about a text in the message: who is where, who has what, when, how much."""

from .calendar import DAYS
from .text import capitalized, chance, fill, pick, rng, with_article
from .words import CATEGORIES, NAMES, city, code, invented, person

_OBJECTS = "ball book hat cup key lamp box coat bag pen map shoe plate rope bike".split()
_ROOMS = "kitchen garden garage bedroom bathroom office cellar school park library attic barn hall".split()
_JOBS = "teacher doctor baker pilot painter nurse farmer cook".split()


def _people(count):
    people = rng.sample(NAMES, count)
    for i in range(count):
        if chance(0.25):
            people[i] = capitalized(invented(2, 2))
    return people


def _together(text, question):
    return pick(
        [
            f"{text} {question}",
            f"{text} {question}",
            f"Context: {text}\nQuestion: {question}",
            f"Use this text to answer. {text}\n\n{question}",
            f"{text}\n{question}",
            f"Context:\n{text}\n\nQuestion: {question}",
            f"{question}\n\n{text}",
            f"Answer from the context.\n\nContext: {text}\n\nQuestion: {question}",
        ]
    )


def _rooms():
    count = rng.randint(2, 4)
    people, rooms = _people(count), rng.sample(_ROOMS, count)
    i = rng.randrange(count)
    text = " ".join(f"{who} is in the {room}." for who, room in zip(people, rooms))
    if chance(0.3):
        return text, f"Who is in the {rooms[i]}?", f"{people[i]} is in the {rooms[i]}."
    return text, f"Where is {people[i]}?", f"{people[i]} is in the {rooms[i]}."


def _belongings():
    count = rng.randint(1, 4)
    people, objects, colors = _people(count), rng.sample(_OBJECTS, count), rng.sample(CATEGORIES["colors"], count)
    i = rng.randrange(count)
    text = " ".join(f"{who} has {with_article(color)} {thing}." for who, color, thing in zip(people, colors, objects))
    kind = rng.random()
    if kind < 0.4:
        return text, f"What color is the {objects[i]}?", f"The {objects[i]} is {colors[i]}."
    if kind < 0.8:
        return text, f"Who has the {objects[i]}?", f"{people[i]} has the {objects[i]}."
    return text, f"What does {people[i]} have?", f"{people[i]} has {with_article(colors[i])} {objects[i]}."


def _likes():
    count = rng.randint(2, 4)
    people, things = _people(count), rng.sample(CATEGORIES["fruits"] + CATEGORIES["sports"], count)
    i = rng.randrange(count)
    text = " ".join(f"{who} likes {thing}." for who, thing in zip(people, things))
    if chance(0.5):
        return text, f"Who likes {things[i]}?", f"{people[i]} likes {things[i]}."
    return text, f"What does {people[i]} like?", f"{people[i]} likes {things[i]}."


def _ages():
    count = rng.randint(2, 3)
    people, ages = _people(count), rng.sample(range(3, 90), count)
    i = rng.randrange(count)
    text = " ".join(f"{who} is {age} years old." for who, age in zip(people, ages))
    return text, f"How old is {people[i]}?", f"{people[i]} is {ages[i]} years old."


def _opening_hours():
    place = pick("shop,library,museum,bakery,pool,school,bank,office,cafe".split(","))
    opens, closes = rng.randint(6, 11), rng.randint(15, 23)
    text = f"The {place} opens at {opens} and closes at {closes}."
    if chance(0.5):
        day = pick(DAYS)
        text += f" It is closed on {day}."
        if chance(0.3):
            return text, f"When is the {place} closed?", f"The {place} is closed on {day}."
    if chance(0.5):
        return text, f"When does the {place} open?", f"The {place} opens at {opens}."
    return text, f"When does the {place} close?", f"The {place} closes at {closes}."


def _product():
    product, price = capitalized(invented(2, 3)), rng.randint(2, 99)
    year, where = rng.randint(1950, 2026), city()
    text = f"The {product} costs {price} euros. It was made in {year} in {where}."
    question, answer = pick(
        [
            (f"How much does the {product} cost?", f"The {product} costs {price} euros."),
            (f"Where was the {product} made?", f"It was made in {where}."),
            (f"When was the {product} made?", f"It was made in {year}."),
        ]
    )
    return text, question, answer


def _biography():
    who, job, home, age = person(), pick(_JOBS), city(), rng.randint(18, 80)
    text = f"{who} is {age} years old. {pick(['She', 'He'])} works as {with_article(job)} in {home}."
    question, answer = pick(
        [
            (f"How old is {who}?", f"{who} is {age} years old."),
            (f"Where does {who} work?", f"{who} works in {home}."),
            (f"What is the job of {who}?", f"{who} is {with_article(job)}."),
            (f"What does {who} do?", f"{who} works as {with_article(job)}."),
        ]
    )
    return text, question, answer


def _journey():
    line, start, end, gate = code(), city(), city(), rng.randint(1, 40)
    text = f"Train {line} goes from {start} to {end}. It leaves from platform {gate}."
    question, answer = pick(
        [
            (f"Where does train {line} go?", f"Train {line} goes to {end}."),
            (f"From which platform does train {line} leave?", f"Train {line} leaves from platform {gate}."),
            (f"Where does train {line} come from?", f"Train {line} comes from {start}."),
        ]
    )
    return text, question, answer


def questions(persona):
    kind = pick([_rooms, _rooms, _belongings, _belongings, _likes, _ages, _opening_hours, _product, _biography, _journey])
    text, question, answer = kind()
    asked = _together(text, question)
    if kind is not _journey and chance(0.12):  # a train's number keeps its capitals
        asked = asked.lower()
    elif chance(0.1):
        asked = asked.rstrip("?")
    return [(asked, answer)]
