"""Asks all questions through /v1/chat/completions; prints a table and writes JSON."""

import hashlib
import json
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from ..config import Config
from ..grammar.text import rng
from .as_typed import SETS as AS_TYPED
from .held_out import SETS as HELD_OUT
from .sets import SETS

ALL = {**SETS, **HELD_OUT, **AS_TYPED}
_PARALLEL = 8


def _request(url, body=None):
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=300) as response:
        return json.load(response)


def _wait_until_ready(url, seconds=60):
    """A server that has just been started says 503 until its model is loaded, or takes no connection yet."""
    until = time.monotonic() + seconds
    while True:
        try:
            return _request(url + "/v1/models")["data"][0]["id"]
        except (urllib.error.URLError, ConnectionError) as failure:
            if time.monotonic() > until:
                raise SystemExit(f"no model at {url} within {seconds} s: {failure}") from failure
            time.sleep(0.5)


def _answer(url, question):
    """The message of the greedy answer; an error of the server is an answer too, and a wrong one."""
    try:
        return _request(url + "/v1/chat/completions", question.request())["choices"][0]["message"]
    except urllib.error.HTTPError as error:
        return {"content": f"HTTP {error.code}: {error.read().decode()[:300]}"}


def questions(names=(), share=1.0):
    """
    The questions of each set, none twice. Each set has its own seed, so that one more set changes no other. Where the grammar
    has no more different questions, a set is smaller.
    """
    made = {}
    for name, (make, count) in ALL.items():
        if names and name not in names:
            continue
        rng.seed(f"evaluation/{name}")
        wanted, found = max(1, round(count * share)), {}
        for _ in range(50 * wanted):
            question = make()
            found.setdefault(json.dumps(question.request()), question)
            if len(found) == wanted:
                break
        made[name] = list(found.values())
    return made


def _digest(asked):
    """Tells whether two evaluations asked the same."""
    content = json.dumps([[question.request(), question.check] for question in asked])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _row(name, right, count):
    return f"{name:28} {right:4d} / {count:<4d} {100 * right / count:5.1f} %"


def evaluate(options):
    Config.load(options.config).tell_grammar()
    names = [name.strip() for name in options.sets.split(",") if name.strip()]
    unknown = set(names) - set(ALL)
    if unknown:
        raise SystemExit(f"no set is called {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    model = _wait_until_ready(options.url)
    began, results, failures = time.time(), {}, []
    with ThreadPoolExecutor(_PARALLEL) as threads:
        for name, asked in questions(names, options.share).items():
            answers = list(threads.map(lambda question: _answer(options.url, question), asked))
            verdicts = [bool(question.right(answer)) for question, answer in zip(asked, answers)]
            results[name] = {"right": sum(verdicts), "questions": len(asked), "digest": _digest(asked)}
            print(_row(name, sum(verdicts), len(asked)), flush=True)
            for question, answer, verdict in zip(asked, answers, verdicts):
                if not verdict:
                    failures.append((name, question, answer))
    with open(options.output, "w", encoding="utf-8") as file:
        json.dump({"model": model, "seconds": round(time.time() - began, 1), "sets": results}, file, indent=2)
        file.write("\n")
    if options.failures:
        with open(options.failures, "w", encoding="utf-8") as file:
            for name, question, answer in failures:
                last = {key: value for key, value in answer.items() if key in ("content", "tool_calls") and value}
                file.write(f"{name}\n  asked    {question.messages[-1]['content']!r}\n")
                file.write(f"  check    {json.dumps(question.check, ensure_ascii=False)}\n  answered {json.dumps(last, ensure_ascii=False)}\n")


def compare(options):
    """A Markdown table of two evaluations of the same questions."""
    tables = []
    for path in (options.before, options.after):
        with open(path, encoding="utf-8") as file:
            tables.append(json.load(file)["sets"])
    before, after = tables
    different = [name for name in {**before, **after} if before.get(name, {}).get("digest") != after.get(name, {}).get("digest")]
    if different:
        raise SystemExit(f"not the same questions: {', '.join(different)}; ask both models with the same grammar")
    print("| set | questions | before | after |\n|---|---:|---:|---:|")
    for name in after:
        cells = [f"{100 * table[name]['right'] / table[name]['questions']:.1f} %" for table in tables]
        print(f"| {name} | {after[name]['questions']} | {cells[0]} | {cells[1]} |")
