"""What the grammar promises: what is held out stays out, and what the model says about itself is true."""

import re
import unittest

from cria.config import Config
from cria.evaluation import held_out
from cria.evaluation.run import questions
from cria.grammar import arithmetic, persona, stories, tools
from cria.grammar.conversation import conversation, rendered_text
from cria.grammar.tables import phrase_book
from cria.grammar.text import alternatives, fill, rng
from cria.model import Layout

_SIGN = r"(\d+) ([-+]) (\d+) (?:=|is) -?\d+"


def _runs(text):
    """Each five words in a row."""
    words = re.findall(r"[a-z0-9'-]+", text.lower())
    return set(zip(*[words[i:] for i in range(5)]))


class GrammarTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        rng.seed(11)
        cls.texts = [rendered_text(conversation()) for _ in range(12_000)]

    def test_no_training_text_holds_a_held_out_sum(self):
        found = 0
        for text in self.texts:
            for a, operator, b in re.findall(_SIGN, text):
                found += 1
                self.assertFalse(arithmetic.is_held_out(int(a), operator, int(b)), text)
        self.assertGreater(found, 3000)

    def test_a_tenth_of_the_pairs_is_held_out(self):
        pairs = [arithmetic.is_held_out(a, "-", b) for a in range(21, 100) for b in range(21, 100)]
        self.assertAlmostEqual(sum(pairs) / len(pairs), 0.1, delta=0.01)

    def test_no_call_of_a_calculator_holds_a_held_out_sum(self):
        found = [sum_ for text in self.texts for sum_ in re.findall(r'": "(\d+) ?([-+]) ?(\d+)"', text)]
        for a, operator, b in found:
            self.assertFalse(arithmetic.is_held_out(int(a), operator, int(b)), f"{a} {operator} {b}")
        self.assertGreater(len(found), 20)

    def test_evaluation_asks_held_out_sums(self):
        for name, asked in questions(["two-digit subtraction", "JSON sums", "other words: sums"]).items():
            for question in asked:
                a, operator, b = re.search(r"(\d+) ([-+]) (\d+)", question.messages[0]["content"]).groups()
                self.assertTrue(arithmetic.is_held_out(int(a), operator, int(b)), f"{name}: {question.messages}")

    def test_a_sum_is_held_out_in_both_orders(self):
        for a in range(11, 100):
            for b in range(11, 100):
                self.assertEqual(arithmetic.is_held_out(a, "+", b), arithmetic.is_held_out(b, "+", a))

    def test_no_five_words_of_a_held_out_wording_occur_in_training(self):
        training = {run for text in self.texts for run in _runs(text)}
        patterns = [
            *held_out.SUM_PATTERNS,
            *held_out.CAPITAL_PATTERNS,
            *held_out.COPY_PATTERNS,
            *[part for pair in held_out.NAME_PATTERNS for part in pair],
            *held_out.FALLBACK_QUESTIONS,
            *[question for *_, question, _ in held_out.TOOLS],
            held_out.JSON_PATTERN,
        ]
        for book in ("knowledge.txt", "identity.txt"):
            patterns += [question for entry in phrase_book(book) for question in entry.held_out]
        for pattern in patterns:
            for fragment in re.split(r"\{\w+\}", pattern):
                self.assertFalse(_runs(fragment) & training, pattern)

    def test_held_out_places_and_tools_do_not_occur_in_training(self):
        training = "\n".join(self.texts).lower()
        for held in held_out.ROLE_PLACES + [name for name, *_ in held_out.TOOLS]:
            self.assertNotIn(held, training)

    def test_held_out_questions_are_no_alternatives_of_a_pattern(self):
        for book in ("knowledge.txt", "identity.txt"):
            asked = {t.lower().rstrip("?.") for e in phrase_book(book) for q in e.questions for t in alternatives(q)}
            for entry in phrase_book(book):
                for question in entry.held_out:
                    self.assertNotIn(question.lower().rstrip("?."), asked)

    def test_optional_arguments_are_filled_only_when_said(self):
        rng.seed(5)
        checked = 0
        for _ in range(4000):
            tool = tools.any_tool()
            text, arguments = tool.ask()
            for parameter in tool.parameters:
                if not parameter.required and parameter.name in arguments:
                    checked += 1
                    self.assertIn(str(arguments[parameter.name]).lower(), text.lower())
        self.assertGreater(checked, 50)

    def test_arguments_are_in_the_question(self):
        rng.seed(6)
        for _ in range(3000):
            text, arguments = tools.any_tool().ask()
            for value in arguments.values():
                self.assertIn(str(value).lower(), text.lower())

    def test_stories_have_many_plots(self):
        self.assertGreaterEqual(len(stories.PLOTS), 25)
        for plot in stories.PLOTS:
            for part in ("problem", "attempt", "help", "ending"):
                self.assertEqual(len(plot.parts[part]), 3, f"{plot.key}: {part}")

    def test_nothing_is_left_unfilled(self):
        for text in self.texts:
            for left in re.findall(r"\{(\w{1,10})\}", text):
                self.fail(f"{{{left}}} is left in: {text}")

    def test_same_seed_same_text(self):
        made = []
        for _ in range(2):
            rng.seed(21)
            made.append([rendered_text(conversation()) for _ in range(50)])
        self.assertEqual(*made)


class AboutItselfTest(unittest.TestCase):
    def test_size_that_it_names_is_its_size(self):
        config = Config.load()
        words = {"two million parameters": 2e6, "three million parameters": 3e6}
        self.assertAlmostEqual(Layout(config.shape).size / words[config.parameters], 1, delta=0.2)
        config.tell_grammar()
        self.assertEqual(persona.FACTS["context"], f"{config.shape.context} tokens")


class PatternTest(unittest.TestCase):
    def test_alternatives_nest_and_may_be_empty(self):
        self.assertEqual(set(alternatives("[a|b[1|2]|]x")), {"ax", "b1x", "b2x", "x"})
        rng.seed(1)
        self.assertIn(fill("[a|b] {n}", n=3), {"a 3", "b 3"})


if __name__ == "__main__":
    unittest.main()
