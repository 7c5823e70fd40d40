"""The checks of answers, and the comparison of two evaluations."""

import contextlib
import io
import json
import tempfile
import unittest
from argparse import Namespace
from pathlib import Path

from cria.evaluation.examples import EXAMPLES
from cria.evaluation.as_typed import SETS as AS_TYPED
from cria.evaluation.held_out import SETS as HELD_OUT
from cria.evaluation.question import _KINDS, Question
from cria.evaluation.run import ALL, compare, questions
from cria.evaluation.sets import SETS


class CheckTest(unittest.TestCase):
    def test_examples(self):
        for check, message, right in EXAMPLES:
            self.assertEqual(bool(Question([], check).right(message)), right, f"{check} {message}")

    def test_each_kind_has_examples_of_both_verdicts(self):
        self.assertEqual({(c["kind"], right) for c, _, right in EXAMPLES}, {(k, v) for k in _KINDS for v in (True, False)})


class QuestionsTest(unittest.TestCase):
    def test_no_question_is_asked_twice(self):
        for name, asked in questions(share=0.3).items():
            requests = [json.dumps(question.request()) for question in asked]
            self.assertEqual(len(set(requests)), len(requests), name)

    def test_same_seed_same_questions(self):
        names = ["tool calls", "reading"]
        first, second = questions(names), questions(names)
        self.assertEqual([q.request() for q in first["reading"]], [q.request() for q in second["reading"]])
        self.assertEqual([q.request() for q in first["tool calls"]], [q.request() for q in second["tool calls"]])

    def test_names_of_sets_are_different(self):
        self.assertEqual(len(ALL), len(SETS) + len(HELD_OUT) + len(AS_TYPED))


class CompareTest(unittest.TestCase):
    def compared(self, before, after):
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for name, digest in (("before", before), ("after", after)):
                paths.append(Path(folder) / name)
                paths[-1].write_text(json.dumps({"sets": {"sums": {"right": 2, "questions": 3, "digest": digest}}}))
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                compare(Namespace(before=paths[0], after=paths[1]))
            return output.getvalue()

    def test_same_questions(self):
        self.assertIn("| sums | 3 | 66.7 % | 66.7 % |", self.compared("a", "a"))

    def test_other_questions_are_refused(self):
        with self.assertRaisesRegex(SystemExit, "not the same questions: sums"):
            self.compared("a", "b")


if __name__ == "__main__":
    unittest.main()
