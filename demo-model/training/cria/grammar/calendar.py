"""Days, months and seasons."""

from .text import chance, fill, pick, rng, typed, weighted

DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
_LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
_SEASONS = ["winter"] * 2 + ["spring"] * 3 + ["summer"] * 3 + ["autumn"] * 3 + ["winter"]
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()


def _beside(names, patterns):
    step = pick([1, 1, -1])
    i = rng.randrange(len(names))
    where = "after" if step > 0 else "before"
    return fill(patterns, w=where, d=names[i]), f"{names[(i + step) % len(names)]} comes {where} {names[i]}."


def _day_beside():
    return _beside(DAYS, "[What day comes {w} {d}|Which day is {w} {d}|What is the day {w} {d}|What day is {w} {d}]?")


def _month_beside():
    return _beside(MONTHS, "[What month comes {w} {d}|Which month is {w} {d}|What is the month {w} {d}|what comes {w} {d}]?")


def _length():
    m = rng.randrange(12)
    ask = fill("[How many days are in {m}|How many days does {m} have|days in {m}|How long is {m}]?", m=MONTHS[m])
    return ask, f"{MONTHS[m]} has {_LENGTHS[m]} days." + (" In a leap year it has 29." if m == 1 else "")


def _season():
    m = rng.randrange(12)
    ask = fill("[In which season is {m}|Which season is {m}|What season is {m} in]?", m=MONTHS[m])
    return ask, f"In the north, {MONTHS[m]} is in {_SEASONS[m]}."


def _ordinal():
    m = rng.randrange(12)
    ask = fill("[What is the {o} month|Which month is the {o}|{o} month of the year]?", o=_ORDINALS[m])
    return ask, f"The {_ORDINALS[m]} month is {MONTHS[m]}."


def _weekend():
    i = rng.randrange(7)
    ask = fill("[Is {d} a weekend day|Is {d} on the weekend|Do people work on {d}]?", d=DAYS[i])
    return ask, f"{DAYS[i]} is part of the weekend." if i > 4 else f"{DAYS[i]} is a working day."


def _tomorrow():
    i = rng.randrange(7)
    if chance(0.5):
        ask = fill("[If today is {d}, what day is tomorrow|Today is {d}. What day is tomorrow]?", d=DAYS[i])
        return ask, f"Then tomorrow is {DAYS[(i + 1) % 7]}."
    ask = fill("[If today is {d}, what day was yesterday|Today is {d}. What day was yesterday]?", d=DAYS[i])
    return ask, f"Then yesterday was {DAYS[(i - 1) % 7]}."


def dates(persona):
    kinds = [(_day_beside, 3), (_month_beside, 3), (_length, 1), (_season, 1), (_ordinal, 1.5), (_weekend, 1), (_tomorrow, 1.5)]
    ask, answer = weighted(kinds)()
    return [(typed(ask), answer)]
