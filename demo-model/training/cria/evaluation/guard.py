"""
Writes what the Java test of the shipped model needs: texts with their token ids, requests with the prompts that the chat
template must make of them, questions with their checks, and answers with the verdicts that the checks must give. Training and
product therefore cannot drift apart unnoticed.
"""

import json

from ..config import Config
from ..grammar import tools
from ..grammar.conversation import _chat, conversation, rendered, rendered_text
from ..grammar.text import rng
from ..tokenizer import Tokenizer
from .as_typed import GREETS_BACK, SUGGESTIONS
from .examples import EXAMPLES
from .question import check
from .run import questions

_ODD_TEXTS = ["", " ", "\n\n  x", "it's I'LL", "a1b22 333", "¡Hola! 🦙", "tabs\tand\r\nlines ", "<|im_start|>user\nhi<|im_end|>"]


def _tokens(tokenizer):
    texts = _ODD_TEXTS + [rendered_text(conversation()) for _ in range(60)]
    return [{"text": text, "tokens": tokenizer.encode(text)} for text in texts]


def _prompt_of(messages):
    return "".join(text for text, _ in rendered(messages)) + "\n<|im_start|>assistant\n"


def _plain_prompt():
    messages = _chat()[:-1]
    request = {"messages": [{"role": m.role, "content": m.text} for m in messages]}
    return {"request": request, "prompt": _prompt_of(messages)}


def _tool_prompt():
    """A question, the calls, their results: as the template renders it and as training writes it."""
    while True:
        available = tools.tool_set()
        asked = tools.parallel_request(available)
        system = tools.system_text(available, "Be brief.")
        if asked and system.startswith("Be brief.\n\n# Tools\n- "):
            break
    question, calls = asked
    results = [tool.reply(arguments)[0] for tool, arguments in calls]
    described = [
        {"id": f"call{i}", "type": "function", "function": {"name": tool.name, "arguments": tools.dump(arguments)}}
        for i, (tool, arguments) in enumerate(calls)
    ]
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": question},
        {"role": "assistant", "content": "", "tool_calls": described},
    ]
    messages += [{"role": "tool", "tool_call_id": f"call{i}", "content": result} for i, result in enumerate(results)]
    prompt = (
        f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
        + "\n".join(tools.call(tool, arguments) for tool, arguments in calls)
        + "<|im_end|>\n<|im_start|>user\n"
        + "\n".join(tools.response(result) for result in results)
        + "<|im_end|>\n<|im_start|>assistant\n"
    )
    return {"request": {"messages": messages, "tools": [tool.schema() for tool in available]}, "prompt": prompt}


def _questions(count):
    """Of the sets that are asked greedily."""
    made = {name: asked for name, asked in questions().items() if asked[0].seed is None}
    total = sum(len(asked) for asked in made.values())
    return [
        {"set": name, "request": question.request(), "check": question.check}
        for name, asked in made.items()
        for question in asked[: max(1, round(len(asked) * count / total))]
    ]


def _sampled():
    """First messages that the test asks with several seeds each, sampled as the page samples."""
    small = {text.lower().rstrip("?"): wanted for text, wanted in SUGGESTIONS.items()}
    greetings = {text: check("contains any", *GREETS_BACK) for text in ("hi", "Hi", "hello")}
    return [{"text": text, "check": wanted} for text, wanted in {**SUGGESTIONS, **small, **greetings}.items()]


def contents(config, tokenizer, count):
    config.tell_grammar()
    rng.seed("guard")
    return {
        "tokens": _tokens(tokenizer),
        "prompts": [_plain_prompt() for _ in range(10)] + [_tool_prompt() for _ in range(10)],
        "questions": _questions(count),
        "sampled": _sampled(),
        "verdicts": [{"check": check, "message": message, "right": right} for check, message, right in EXAMPLES],
    }


def write(options):
    made = contents(Config.load(options.config), Tokenizer.load(options.tokenizer), options.count)
    parts = []
    for name, entries in made.items():
        lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
        parts.append(f'"{name}": [\n{lines}\n]')
    with open(options.output, "w", encoding="utf-8") as file:
        file.write("{\n" + ",\n".join(parts) + "\n}\n")
    print(f"{options.output}: " + ", ".join(f"{len(entries)} {name}" for name, entries in made.items()))
