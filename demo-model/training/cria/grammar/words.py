"""Names, places and invented words. Invented words teach the model to copy instead of to guess."""

from .tables import entries
from .text import capitalized, chance, pick, rng, weighted

NAMES = entries("names.txt")["names"]
CITIES = entries("names.txt")["cities"]
CATEGORIES = entries("categories.txt")
SPELLING = entries("words.txt")["spelling"]

_SYLLABLES = (
    "ba be bi bo bu da de di do du fa fe fi fo ga go gu ha he hi ka ki ko ku la le li lo lu ma me mi mo mu na ne ni no "
    "nu pa pe pi po ra re ri ro ru sa se si so su ta te ti to tu va ve vi vo wa wi ya yo za ze zi zo an en in on ar er or "
    "al el il ol sha cha tri bra dra gra kra pla ster lin den mar ton vel nor gan ric"
).split()
_ONSETS = (
    "b br c ch cl cr d dr f fl fr g gl gr h j k kl kr l m n p ph pl pr qu r rh s sch sh sk sl sm sn sp st str t th tr v w wh "
    "x y z"
).split()
_NUCLEI = "a e i o u a e i o u ai au ea ee ei ia ie io oa oo ou ui y é ü ö á".split()
_CODAS = (
    "b ck d f ff g gh k l ld ll lm lt m mb mp n nd ng nk nn ns nt p pp r rd rk rl rn rs rt rth s sk ss st t th tt tz v x z"
).split()

COMMON_WORDS = [word for word in CATEGORIES["animals"] + CATEGORIES["fruits"] + CATEGORIES["colors"] + SPELLING] + (
    "the a my your is was in on under near big small old new very and but with for red house runs sleeps sings likes "
    "sees goes comes here there today tomorrow never always every table window between yellow winter quickly slowly"
).split()


def _syllable_word(count):
    return "".join(pick(_SYLLABLES) for _ in range(count))


def _spoken_word(count):
    """Consonants and vowels as in real languages, rare letters included."""
    word = ""
    for _ in range(count):
        word += pick(_ONSETS) + pick(_NUCLEI) + (pick(_CODAS) if chance(0.5) else "")
    return word


def invented(low=2, high=4):
    """A lower-case word that means nothing."""
    kind = rng.random()
    if kind < 0.55:
        return _syllable_word(rng.randint(low, high))
    if kind < 0.92:
        return _spoken_word(rng.randint(1, 2 if high < 4 else 3))
    return "".join(pick("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(3, 7)))


def code():
    """A part number, a flight, an identifier."""
    letters = "".join(pick("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(rng.randint(1, 3)))
    digits = "".join(pick("0123456789") for _ in range(rng.randint(1, 4)))
    return pick([letters + digits, letters + "-" + digits, digits + letters])


def person():
    return capitalized(invented(2, 3)) if chance(0.35) else pick(NAMES)


def surname():
    return capitalized(invented(2, 3))


def city():
    return capitalized(invented(2, 3)) if chance(0.3) else pick(CITIES)


def phrase(low=1, high=7):
    """Words in no order that means anything."""
    words = []
    for _ in range(rng.randint(low, high)):
        words.append(weighted([(invented, 28), (lambda: pick(COMMON_WORDS), 64), (person, 5), (code, 3)])())
    return " ".join(words)
