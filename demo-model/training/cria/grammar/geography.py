"""Countries, capitals, continents and languages."""

from .tables import rows
from .text import capitalized, chance, fill, pick, rng, typed

COUNTRIES = rows("countries.tsv")
_OTHER_NAMES = {
    "the United States": ["the USA", "the US", "America", "USA"],
    "the United Kingdom": ["the UK", "Great Britain", "Britain"],
    "the Netherlands": ["Holland", "Netherlands"],
}


def spoken(country):
    """A country as people call it."""
    return pick(_OTHER_NAMES[country]) if country in _OTHER_NAMES and chance(0.5) else country


def _capital_answer(country, capital):
    return pick(
        [f"The capital of {country} is {capital}."] * 4 + [f"It is {capital}.", f"{capital} is the capital of {country}."]
    )


CAPITAL_QUESTION = (
    "[What is the capital of {c}?|What's the capital of {c}?|capital of {c}|Capital of {c}?|the capital of {c}?"
    "|Which city is the capital of {c}?|Do you know the capital of {c}?|Tell me the capital of {c}.|{c}'s capital?"
    "|What is {c}'s capital city?|Name the capital of {c}.|What is the capital city of {c}?|capital city of {c}?"
    "|Can you tell me the capital of {c}?|whats the capital of {c}|What city is the capital of {c}"
    "|{c}: what is its capital?|I need the capital of {c}|The capital of {c} is called what?|Geography question: the capital of {c}?"
    "|My friend lives in the capital of {c}. Which city is that?|I go to {c}, to the capital. Which city is it?|Capital city, {c}?"
    "|Which capital does {c} have?|Give me the name of the capital of {c}"
    "|I look for the capital of {c}, what is it called?|Tell me, for {c}, the capital.|Only the capital, please: {c}]"
)
FOLLOW_UP = (
    "[And [in|of] {c}|and {c}|What about {c}|How about {c}|and of {c}|what about the one of {c}|and the capital of {c}][?|?|]"
)


def _capital(country, capital, continent, language):
    turns = [(typed(fill(CAPITAL_QUESTION, c=spoken(country))), _capital_answer(country, capital))]
    while chance(0.3) and len(turns) < 4:
        country, capital, continent, language = pick(COUNTRIES)
        turns.append((typed(fill(FOLLOW_UP, c=spoken(country))), _capital_answer(country, capital)))
    kind = rng.random()
    if kind < 0.15:
        where = fill("[Where is that|On which continent is that|What continent is that|Which continent is it on]?")
        turns.append((typed(where), f"{capitalized(country)} is in {continent}."))
    elif kind < 0.25:
        ask = fill("[What language do they speak there|Which language is spoken there|and the language]?")
        turns.append((typed(ask), f"In {country} people speak {language}."))
    elif kind < 0.31:
        turns.append((typed("Are you sure?"), f"Yes, the capital of {country} is {capital}."))
    return turns


def _country_of(country, capital):
    ask = fill(
        "[{a} is the capital of which country|Which country has the capital {a}|Of which country is {a} the capital"
        "|What country is {a} the capital of]?",
        a=capital,
    )
    owner = "England and the United Kingdom" if capital == "London" else country
    return [(typed(ask), f"{capital} is the capital of {owner}.")]


def _continent(country, continent):
    ask = fill(
        "[Where is {c}|On which continent is {c}|Which continent is {c} in|What continent is {c} on|Where can I find {c}]?",
        c=spoken(country),
    )
    return [(typed(ask), f"{capitalized(country)} is in {continent}.")]


def _language(country, language):
    ask = fill(
        "[What language do they speak in {c}|Which language is spoken in {c}|What do people speak in {c}|language of {c}"
        "|What is the language of {c}]?",
        c=spoken(country),
    )
    return [(typed(ask), f"In {country} people speak {language}.")]


def _is_it_the_capital(country, capital):
    asked = capital if chance(0.5) else pick(COUNTRIES)[1]
    answer = f"Yes, {capital} is the capital of {country}." if asked == capital else f"No, the capital of {country} is {capital}."
    return [(typed(fill("Is {a} the capital of {c}?", a=asked, c=spoken(country))), answer)]


def _where_is_city(country, capital):
    owner = "England" if capital == "London" else country
    return [(typed(fill("Where is {a}?", a=capital)), f"{capital} is the capital of {owner}.")]


def countries(persona):
    country, capital, continent, language = pick(COUNTRIES)
    kind = rng.random()
    if kind < 0.62:
        return _capital(country, capital, continent, language)
    if kind < 0.75:
        return _country_of(country, capital)
    if kind < 0.85:
        return _continent(country, continent)
    if kind < 0.93:
        return _language(country, language)
    return _is_it_the_capital(country, capital) if chance(0.5) else _where_is_city(country, capital)


def about_country(persona):
    country, capital, continent, language = pick(COUNTRIES)
    ask = fill(
        "[Tell me about {c}|What do you know about {c}|What is {c}|Describe {c}|Tell me something about {c}"
        "|Give me some facts about {c}|{c}][?|.|]",
        c=spoken(country),
    )
    answer = f"{capitalized(country)} is in {continent}. {pick(['Its', 'The'])} capital is {capital}, and people speak {language} there."
    return [(typed(ask), answer)]
