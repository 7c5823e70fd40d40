"""
Sums. A tenth of the pairs above ten is held out: no module may write one of them into training text, whatever the wording
and the order.

A sum always comes before what follows from it ("13 + 6 = 19. You have 19 pears."): the other way round the model has to know
the result before it has written the sum, and does not learn it.
"""

import json
import zlib

from .text import capitalized, cased, chance, fill, number_or_word, number_word, pick, rng, typed, weighted
from .words import person, phrase

SPOKEN = {
    "+": ["+", "plus", "and", "added to"],
    "-": ["-", "minus"],
    "x": ["x", "*", "times", "multiplied by"],
    "/": ["/", "divided by", ":"],
}


class Pairs:
    """Whether held-out pairs are asked for; the evaluation sets it."""

    held_out = False


def result(a, operator, b):
    return {"+": a + b, "-": a - b, "x": a * b, "/": a // b if b else 0}[operator]


def is_small(a, operator, b):
    """The sums that everybody knows by heart are never held out: one-digit ones and the tables."""
    return operator in "x/" or (a <= 10 and b <= 10)


def is_held_out(a, operator, b):
    if is_small(a, operator, b) or max(abs(a), abs(b)) > 99:
        return False
    if operator == "+":  # as the other way round
        a, b = min(a, b), max(a, b)
    return zlib.crc32(f"{a}|{operator}|{b}".encode()) % 10 == 0


def may_use(a, operator, b):
    """Whether a text may hold this sum: the others in training, only the held-out ones in that part of the evaluation."""
    return is_held_out(a, operator, b) == Pairs.held_out


def _candidate(operator):
    if operator == "+":
        top = weighted([(10, 20), (20, 25), (100, 55)])
        return min(rng.randint(0, top), 99), min(rng.randint(0, top), 99)
    if operator == "-":
        top = weighted([(10, 15), (20, 20), (100, 65)])
        a = rng.randint(0, top)
        b = rng.randint(0, a)
        return (b, a) if chance(0.03) else (a, b)
    if operator == "x":
        return rng.randint(0, 12), rng.randint(0, 12)
    b = rng.randint(1, 10)
    return b * rng.randint(0, 10), b


def sum_pair(operators="+-x/"):
    """(a, operator, b, result), without the pairs that are held out."""
    weights = {"+": 32, "-": 38, "x": 22, "/": 8}
    while True:
        operator = weighted([(o, weights[o]) for o in operators])
        a, b = _candidate(operator)
        if may_use(a, operator, b):
            return a, operator, b, result(a, operator, b)


def equation(a, operator, b, value):
    return f"{a} {operator} {b} = {value}"


def _answer(a, operator, b, value):
    return pick(["{e}", "{e}.", "{e}.", "{s} is {v}."]).format(
        e=equation(a, operator, b, value), s=f"{a} {operator} {b}", v=value
    )


def _spoken(a, operator, b):
    sign = pick(SPOKEN[operator])
    left, right = number_or_word(a), number_or_word(b)
    if sign in "+-*/" and chance(0.35) and left.isdigit() and right.isdigit():
        return f"{left}{sign}{right}"
    return f"{left} {sign} {right}"


_QUESTION = (
    "[What is {e}?|What's {e}?|{e}|{e}=|{e} = ?|How much is {e}?|Calculate {e}|Compute {e}.|{e}?|what does {e} make?|Solve {e}"
    "|Can you tell me what {e} is?|tell me {e}|Work out {e}.|what is the result of {e}?|I have to calculate {e}|My exercise: {e}|Do you know what {e} is?"
    "|the answer to {e}, please|{e} makes what?|{e} is how much?|My son asks: what is {e}?"
    "|I want to know {e}.|Please solve: {e}|Let us see, {e}?|How many are {e}?]"
)
_VERBAL = {
    "+": "[Add {a} and {b}|What is the sum of {a} and {b}?|sum of {a} and {b}|add {b} to {a}]",
    "-": "[Subtract {b} from {a}|Take {b} away from {a}|What is the difference of {a} and {b}?|Take {b} from {a}.]",
    "x": "[Multiply {a} by {b}|What is the product of {a} and {b}?|multiply {a} and {b}]",
    "/": "[Divide {a} by {b}|divide {a} by {b}]",
}


# What may stand around a sum; with words that mean nothing as well, because no list holds all that people write.
_BEFORE = (
    "My teacher asks|On the board stands|In my book I found|The next one is|Somebody asked me|Here is|Look at|For the test:|The bill says"
    "|I typed|My sister has|Then there is|First|My task:|On the paper I see|This one is hard:|We have to know"
).split("|")
_AFTER = (
    ". What comes out?|, and the result?|. Can you do it?|. How do I answer?|, please help me.|. Is that easy?|. Your turn.| makes how much?"
    "|, what do I get?|, a number please|. What is right?| is what in the end?"
).split("|")


def _framed(expression):
    before = pick(_BEFORE) if chance(0.7) else capitalized(phrase(1, 4))
    after = pick(_AFTER) if chance(0.7) else f" {phrase(1, 4)}" + pick(["?", ".", ""])
    return fill("[{b} {e}{a}|{b} {e}{a}|{b} {e}?|{e}{a}]", b=before, e=expression, a=after)


def question(a, operator, b):
    if chance(0.12):
        return _framed(_spoken(a, operator, b) if chance(0.5) else f"{a} {operator} {b}")
    if chance(0.14):
        return fill(_VERBAL[operator], a=a, b=b)
    if chance(0.5):  # the usual ways to ask
        return fill("[What is {e}?|What is {e}?|What's {e}?|{e}|How much is {e}?]", e=_spoken(a, operator, b))
    return fill(_QUESTION, e=_spoken(a, operator, b))


def sums(persona):
    a, operator, b, value = sum_pair()
    turns = [(typed(question(a, operator, b)), _answer(a, operator, b, value))]
    kind = rng.random()
    if kind < 0.15:
        turns += _go_on_from(value)
    elif kind < 0.23:
        again = typed(fill("[Are you sure|Really|Is that right|sure]?"))
        turns.append((again, fill("Yes[.|:] {e}.", e=equation(a, operator, b, value))))
    elif kind < 0.36:
        c, operator, d, value = sum_pair()
        ask = fill("[And {e}|What about {e}|now {e}|And what is {e}|{e}][?|]", e=f"{c} {operator} {d}")
        turns.append((typed(ask), _answer(c, operator, d, value)))
    return turns


def _go_on_from(value):
    """ "and plus 5?" after a result."""
    operator, number = pick("+-x"), rng.randint(1, 10)
    fits = 0 <= value <= 99 and not (operator == "x" and value > 12) and not (operator == "-" and number > value)
    if not fits or not may_use(value, operator, number):
        return []
    sign = "times" if operator == "x" else pick(SPOKEN[operator][:2])
    ask = fill("[and |And |now |Then |||]{o} {k}[?||]", o=sign, k=number)
    return [(typed(ask), _answer(value, operator, number, result(value, operator, number)))]


def several(persona):
    """Several sums in one message: the most practice per token."""
    operators = weighted([("+-", 5), ("-", 4), ("+", 2), ("x", 1), ("+-x/", 2)])
    chosen = [sum_pair(operators) for _ in range(rng.randint(2, 7))]
    separator = pick([", ", ", ", "\n", "; ", "\n", ",", " and "])
    space = "" if chance(0.35) else " "
    asked = separator.join(f"{a}{space}{operator}{space}{b}" for a, operator, b, _ in chosen)
    intro = cased(fill("[What are|What is|Calculate|Solve these:|Compute:|Work these out:|Sums:|||]").strip())
    request = f"{intro}\n{asked}" if separator == "\n" and intro else f"{intro} {asked}".strip()
    if chance(0.35):  # the results alone
        request += fill("[ Only the results.|\nOnly the numbers, please.| Give me just the results.]")
        return [(request, (", " if separator != "\n" else "\n").join(str(value) for *_, value in chosen))]
    if chance(0.2):
        request += fill("[ Answer as a JSON array.| As JSON.|\nAs a JSON list.]")
        return [(request, json.dumps([value for *_, value in chosen]))]
    return [(request, (", " if separator != "\n" else "\n").join(equation(*one) for one in chosen))]


def result_only(persona):
    """The number and nothing else."""
    a, operator, b, value = sum_pair()
    request = pick(
        [
            "Answer only with the number: ",
            "Only the number: ",
            "Answer with a number. ",
            "Just the number: ",
            "Reply with the number only: ",
            "Result only: ",
        ]
    )
    request += pick(["what is ", "What is ", ""]) + (f"{a} {operator} {b}" if chance(0.75) else f"{a}{operator}{b}")
    return [(cased(request) + pick(["?", ""]), str(value))]


# ---- word problems ----

_THINGS = (
    "apples pears books coins stones cookies eggs cats flowers balls stars pens carrots llamas cards marbles shells nuts "
    "stickers candles buttons keys tickets sheep"
).split()
_GAIN = [
    "{N} {has} {a} {t} and {gets} {b} more. How many {t} {does} {n} have[ now|]?",
    "{N} {has} {a} {t}. A friend brings {b} more. How many {t} {does} {n} have[ now|]?",
    "There are {a} {t} [on the table|in the box|in the garden]. {N} {puts} {b} more there. How many {t} are there[ now|]?",
    "{N} {has} {a} red {t} and {b} blue {t}. How many {t} {does} {n} have?",
]
_LOSS = [
    "{N} {has} {a} {t} and {loses} {b}. How many {t} [{does} {n} have left|are left]?",
    "{N} {has} {a} {t}. {b} of them are gone. How many {t} are left?",
    "There are {a} {t} [on the table|in the box|in the garden]. {N} {takes} {b} away. How many {t} are left?",
]


def word_problem(persona):
    thing, me = pick(_THINGS), chance(0.4)
    gain = chance(0.5)
    operator = "+" if gain else "-"
    while True:
        top = pick([10, 20, 20, 60])
        a, b = rng.randint(2, top), rng.randint(2, min(top, 30))
        if not gain and b > a:
            a, b = b, a
        if may_use(a, operator, b) and result(a, operator, b) != 1:  # "1 pears" would be wrong
            break
    name = "I" if me else person()
    verbs = (
        {"has": "have", "does": "do", "gets": pick(["get", "buy", "find"]), "loses": pick(["lose", "give away", "sell"]), "puts": "put", "takes": "take"}
        if me
        else {"has": "has", "does": "does", "gets": pick(["gets", "buys", "finds"]), "loses": pick(["loses", "gives away", "sells"]), "puts": "puts", "takes": "takes"}
    )
    request = fill(pick(_GAIN if gain else _LOSS), N=name, n=name, a=a, b=b, t=thing, **verbs)
    value = result(a, operator, b)
    if "are left" in request or "are there" in request:
        end = f"There are {value} {thing}" + (" left." if not gain else ".")
    else:
        end = ("You have" if me else f"{name} has") + f" {value} {thing}" + (" left." if not gain else ".")
    return [(typed(request, exact=True, names=True), f"{equation(a, operator, b, value)}. {end}")]


# ---- counting and comparing ----


def _count():
    low, high = 1, pick([3, 4, 5, 5, 6, 7, 8, 10, 10, 10, 12, 15, 20])
    request = fill(
        "[Count to {b}|Count from 1 to {b}|Can you count to {b}?|count up to {b}|Please count to {b}.|List the numbers from 1 to {b}"
        "|numbers 1 to {b}]",
        b=number_or_word(high),
    )
    if chance(0.25):
        low = rng.randint(2, 30)
        high = low + rng.randint(2, 10)
        request = fill("[Count from {a} to {b}|list the numbers from {a} to {b}|numbers {a} to {b}]", a=low, b=high)
    return request, ", ".join(str(n) for n in range(low, high + 1)) + pick(["", "."])


def _count_down():
    high = pick([3, 5, 10, 10, 8])
    request = fill("[Count down from {b}|count backwards from {b}|Countdown from {b}|Count from {b} to 1]", b=high)
    return request, ", ".join(str(n) for n in range(high, 0, -1)) + pick(["", "!", "."])


def _compare():
    a, b = rng.sample(range(100), 2)
    bigger = chance(0.5)
    word = pick(["bigger", "larger", "greater"]) if bigger else pick(["smaller", "less"])
    request = fill("[Which [number |]is {w}|What is {w}|{w}], {a} or {b}?", w=word, a=a, b=b)
    return request, f"{max(a, b) if bigger else min(a, b)} is {'bigger' if bigger else 'smaller'}."


def _parity():
    n = rng.randint(0, 99)
    kind = "odd" if n % 2 else "even"
    if chance(0.5):
        return fill("Is {n} [even or odd|odd or even]?", n=n), f"{n} is {kind}."
    asked = pick(["even", "odd"])
    return f"Is {n} {asked}?", f"{'Yes' if asked == kind else 'No'}, {n} is {kind}."


def _next():
    n = rng.randint(0, 99)
    return fill("[What comes after {n}|Which number comes after {n}|next number after {n}]?", n=n), f"{n + 1} comes after {n}."


def _double_or_half():
    n = rng.randint(1, 50)
    while not may_use(n, "+", n) and not Pairs.held_out:  # the double of n is n + n
        n = rng.randint(1, 50)
    if chance(0.5):
        return fill("[What is the double of {n}|Double {n}|What is twice {n}]?", n=n), f"The double of {n} is {2 * n}."
    return fill("[What is half of {n}|Half of {n}|Halve {n}]?", n=2 * n), f"Half of {2 * n} is {n}."


def _series():
    count, even = pick([5, 5, 10, 4, 6]), chance(0.5)
    request = fill("[List|Name|Give me|What are] the first {m} {e} numbers[.|]", m=count, e="even" if even else "odd")
    return request, ", ".join(str(2 * i + (2 if even else 1)) for i in range(count))


def _in_words():
    n = rng.randint(0, 20)
    return fill("[Write {n} as a word|Spell the number {n}|How do you write {n} in words|{n} in words][?|]", n=n), number_word(n)


_PRIMES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]


def _primes():
    count = pick([3, 5, 5, 10])
    request = fill("[List|Name|What are|Give me] the first {m} prime numbers", m=count)
    return request, ", ".join(str(prime) for prime in _PRIMES[:count])


def numbers(persona):
    kinds = [(_count, 4), (_count_down, 1), (_compare, 2), (_parity, 1), (_next, 1), (_double_or_half, 2), (_series, 1)]
    request, answer = weighted(kinds + [(_in_words, 1), (_primes, 1)])()
    return [(typed(request), answer)]


def powers(persona):
    kind, n = rng.randint(0, 3), rng.randint(1, 12)
    if kind == 0:
        request = fill("[What is the square root of {m}|Square root of {m}|sqrt({m})|What's the square root of {m}]?", m=n * n)
        return [(typed(request), f"The square root of {n * n} is {n}.")]
    if kind == 1:
        request = fill("[What is {n} squared|{n} squared|What is the square of {n}|{n}^2]?", n=n)
        return [(typed(request), f"{n} squared is {n * n}.")]
    if kind == 2:
        j = rng.randint(0, 10)
        request = fill("[What is 2 to the power of {j}|2^{j}|2 to the power {j}]?", j=j)
        return [(typed(request), f"2 to the power of {j} is {2**j}.")]
    n = rng.randint(1, 40)
    prime = n > 1 and all(n % d for d in range(2, n))
    request = fill("Is {n} [a prime|a prime number|prime]?", n=n)
    return [(typed(request), f"Yes, {n} is a prime number." if prime else f"No, {n} is not a prime number.")]


def json_sum(persona):
    """{"result": 42}: the number at once, as programs ask for it."""
    a, operator, b, value = sum_pair()
    # As a sum is asked without JSON, so that only the word JSON makes the difference.
    asked = question(a, operator, b)
    asked += "" if asked[-1] in "?." else pick([".", ":", ","])
    if chance(0.12):
        expression = f"{a} {operator} {b}"
        return [(asked + " Answer as JSON with expression and result.", json.dumps({"expression": expression, "result": value}))]
    key = pick(["result"] * 6 + ["answer", "value", "sum" if operator == "+" else "number"])
    how = fill("[ Answer in JSON.| Answer as JSON.| As JSON.]") if key == "result" else f" Answer as JSON with the key {key}."
    if key == "result" and chance(0.4):
        how = fill("[ Answer as JSON with the key result.| Return JSON with the key result.| JSON with result, please.| (JSON)]")
    request = f"{how.strip()} {asked}" if how.endswith(".") and chance(0.2) else asked + how
    return [(typed(request, exact=True), json.dumps({key: value}))]
