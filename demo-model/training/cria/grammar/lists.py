"""Lists of things, and what kind of thing something is."""

from .text import capitalized, chance, fill, joined, number_word, pick, rng, rotated, typed, with_article
from .words import CATEGORIES

_IRREGULAR_SINGULAR = {
    "countries": "country",
    "cities": "city",
    "continents": "continent",
    "programming languages": "programming language",
    "clothes": "piece of clothing",
}
_KEEPS_CAPITALS = ("countries", "cities", "planets", "languages", "programming languages", "continents")


def _singular(category):
    return _IRREGULAR_SINGULAR.get(category, category[:-1])


def lists(persona):
    category = pick(list(CATEGORIES))
    items = rotated(CATEGORIES[category])
    count = min(pick([1, 2, 3, 3, 3, 3, 4, 5, 5, 6]), len(items))
    spoken = "colours" if category == "colors" and chance(0.3) else category
    if count == 1:
        one = _singular(category)
        return [(typed(fill("[Name|Give me|Tell me] {a}[.|]", a=pick([with_article(one), "one " + one]))), capitalized(items[0]) + ".")]
    ask = fill(
        "[Name {n} {k}|List {n} {k}|Give me {n} {k}|Tell me {n} {k}|{n} {k}|Can you name {n} {k}?|Write {n} {k}"
        "|Give me a list of {n} {k}|I need {n} {k}|list of {n} {k}|What are {n} {k}?|Show me {n} {k}]",
        n=pick([str(count), number_word(count)]),
        k=spoken,
    )
    form = rng.random()
    if form < 0.65:
        sentence = form < 0.5
        answer = capitalized(joined(items[:count])) + "." if sentence else ", ".join(items[:count])
        turns = [(typed(ask), answer)]
        if sentence and len(items) > count + 1 and chance(0.25):
            more = fill("[One more|another one|And one more|More|Give me one more|and another][?||]")
            turns.append((typed(more), capitalized(items[count]) + "."))
        return turns
    if form < 0.82:
        ask = ask.rstrip("?.") + fill("[ as a numbered list| in a numbered list|, numbered]")
        answer = "\n".join(f"{i + 1}. {capitalized(item)}" for i, item in enumerate(items[:count]))
    else:
        ask = ask.rstrip("?.") + fill("[ as a list| as bullet points| as bullets| in a list| as a bullet list]")
        answer = "\n".join(f"- {capitalized(item)}" for item in items[:count])
    return [(typed(ask), answer)]


_KINDS = (
    "fruits vegetables animals colors birds planets sports drinks instruments metals flowers trees insects tools shapes countries "
    "cities languages"
).split()
_UNCOUNTED = ("colors", "metals", "drinks", "sports")
_WITHOUT_ARTICLE = ("corn", "spinach")


def kinds(persona):
    """Is a carrot a fruit?"""
    actual = pick(_KINDS)
    # A tomato is both, and pliers are several.
    item = pick([one for one in CATEGORIES[actual] if one not in ("tomato", "pliers")])
    plain = item[0].isupper() or actual in _UNCOUNTED or item in _WITHOUT_ARTICLE
    thing = item if plain else with_article(item)
    answer_kind = with_article(_singular(actual))
    if chance(0.4) and actual not in ("animals", "birds", "insects", "trees", "planets", "countries", "cities", "languages"):
        return [(typed(f"What is {thing}?"), f"{capitalized(thing)} is {answer_kind}.")]
    asked = actual if chance(0.5) else pick(_KINDS)
    right = item in CATEGORIES[asked] or (asked == "animals" and actual in ("birds", "insects"))
    ask = f"Is {thing} {with_article(_singular(asked))}?"
    if right:
        return [(typed(ask), f"Yes, {thing} is {with_article(_singular(asked))}.")]
    return [(typed(ask), f"No, {thing} is {answer_kind}.")]
