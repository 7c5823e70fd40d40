"""Opposites, plurals, spelling, rhymes, translations, and questions in other languages."""

from .tables import pairs, rows, sections
from .text import capitalized, chance, fill, joined, number_word, pick, rng, typed, weighted
from .words import SPELLING

LANGUAGES = ["Spanish", "French", "German", "Italian"]
TRANSLATIONS = {english: foreign for english, *foreign in rows("translations.tsv")}
_OPPOSITES = pairs("words.txt", "opposites")
_PLURALS = pairs("words.txt", "plurals")
_PAST = pairs("words.txt", "past tenses")
_RHYMES = {word: rhymes.split() for word, rhymes in pairs("words.txt", "rhymes").items()}
_COUNTING = {
    "Spanish": "uno dos tres cuatro cinco seis siete ocho nueve diez",
    "French": "un deux trois quatre cinq six sept huit neuf dix",
    "German": "eins zwei drei vier fünf sechs sieben acht neun zehn",
    "Italian": "uno due tre quattro cinque sei sette otto nove dieci",
}


def _quoted(word):
    return pick(["'%s'", '"%s"', "%s", "%s", "%s"]) % word


def _opposite():
    word = pick(list(_OPPOSITES))
    ask = fill(
        "[What is the opposite of {w}|Opposite of {w}|What's the opposite of {w}|the opposite of {w}|antonym of {w}]?",
        w=_quoted(word),
    )
    return [(typed(ask), f"The opposite of {word} is {_OPPOSITES[word]}.")]


def _plural():
    word = pick(list(_PLURALS))
    ask = fill("[What is the plural of {w}|plural of {w}|The plural of {w}]?", w=word)
    return [(typed(ask), f"The plural of {word} is {_PLURALS[word]}.")]


def _past_tense():
    word = pick(list(_PAST))
    ask = fill("[What is the past tense of {w}|past tense of {w}|past of {w}]?", w=word)
    return [(typed(ask), f"The past tense of {word} is {_PAST[word]}.")]


def _spelling():
    word = pick(SPELLING)
    if chance(0.6):
        ask = fill("[Spell {w}|How do you spell {w}|Spell the word {w}|spelling of {w}]?", w=word)
        return [(typed(ask), "-".join(word))]
    ask = fill(
        "[How many letters are in {w}|How many letters does {w} have|How many letters are in the word {w}]?",
        w=pick(["%s", '"%s"']) % word,
    )
    return [(typed(ask), f"The word {word} has {len(word)} letters.")]


def _rhyme():
    word = pick(list(_RHYMES))
    found = _RHYMES[word][:2]
    ask = fill(
        "[What rhymes with {w}|Give me a rhyme for {w}|Find a rhyme for {w}|a word that rhymes with {w}]?", w=word
    )
    return [(typed(ask), f"{capitalized(joined(found))} {'rhyme' if len(found) > 1 else 'rhymes'} with {word}.")]


def _translation():
    word = pick(list(TRANSLATIONS))
    i = rng.randrange(len(LANGUAGES))
    foreign, language = TRANSLATIONS[word][i], LANGUAGES[i]
    if chance(0.15):
        ask = fill("[What does {w} mean|What does {w} mean in English|Translate {w} to English]?", w=pick(['"%s"', "%s"]) % foreign)
        return [(typed(ask, exact=True), f'"{foreign}" means "{word}" in {language}.')]
    ask = fill(
        "[How do you say {w} in {l}|What is {w} in {l}|Translate {w} to {l}|{w} in {l}|Translate {w} into {l}"
        "|What's the {l} word for {w}|How do I say {w} in {l}|translate to {l}: {w}|say {w} in {l}][?||]",
        w=_quoted(word),
        l=language,
    )
    answer = pick([f'"{capitalized(word)}" in {language} is "{foreign}".', f'In {language}, {word} is "{foreign}".', foreign])
    turns = [(typed(ask), answer)]
    if chance(0.35):
        j = pick([k for k in range(len(LANGUAGES)) if k != i])
        ask = fill("[And in {l}|and in {l}|What about {l}|in {l}][?|]", l=LANGUAGES[j])
        turns.append((typed(ask), f'In {LANGUAGES[j]}, {word} is "{TRANSLATIONS[word][j]}".'))
    return turns


def words(persona):
    kinds = [(_opposite, 2), (_plural, 1), (_past_tense, 1), (_spelling, 1), (_rhyme, 1), (_translation, 3)]
    return weighted(kinds)()


def counting(persona):
    language, count = pick(LANGUAGES), pick([3, 5, 5, 10])
    ask = fill("[Count to {n} in {l}|Count from 1 to {n} in {l}|count in {l} to {n}]", n=count, l=language)
    return [(typed(ask), ", ".join(_COUNTING[language].split()[:count]))]


_FOREIGN = sections("foreign_questions.txt")


def foreign(persona):
    """A question in another language: the model says which one it is, and asks for English."""
    language = pick(list(_FOREIGN))
    ask = pick(_FOREIGN[language])
    if chance(0.3):
        ask = ask.lower()
    if chance(0.3):
        ask = ask.rstrip("?.! ")
    answer = fill(
        "[That looks like {l}.|I think that is {l}.] [Sorry, I speak only English.|I know only a few words of it. Please ask in "
        "English.|Please ask me in English.]",
        l=language,
    )
    return [(ask, answer)]
