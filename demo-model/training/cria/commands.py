"""The command line: ./train STAGE."""

import argparse
import sys
from pathlib import Path

from .config import ROOT, Config


def _sample(options):
    """Prints conversations as the model sees them."""
    from .grammar.conversation import conversation, rendered_text
    from .grammar.text import rng

    Config.load(options.config).tell_grammar()
    rng.seed(options.seed)
    for _ in range(options.count):
        print(rendered_text(conversation()) + "\n" + "-" * 40)


def _tokenizer(options):
    """Makes the vocabulary from generated conversations."""
    from .grammar.conversation import conversation, rendered_text
    from .grammar.text import rng
    from .tokenizer import train

    config = Config.load(options.config)
    config.tell_grammar()
    rng.seed(f"{config.training.seed}/tokenizer")
    tokenizer = train((rendered_text(conversation()) for _ in range(config.vocabulary_texts)), config.shape.vocabulary)
    tokenizer.save(options.tokenizer)
    print(f"{options.tokenizer}: {len(tokenizer)} tokens")


def _tokenizer_of(options):
    """Takes the vocabulary of a GGUF file, to train its weights further."""
    from .gguf import read
    from .tokenizer import Tokenizer

    Tokenizer(merge.split(" ") for merge in read(options.file)[0]["tokenizer.ggml.merges"]).save(options.tokenizer)


def _train(options):
    from .train import train

    train(options)


def _export(options):
    from .export import export

    export(options)


def _evaluate(options):
    from .evaluation.run import evaluate

    evaluate(options)


def _guard(options):
    from .evaluation.guard import write

    write(options)


def _compare(options):
    from .evaluation.run import compare

    compare(options)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="train", description="Makes the embedded demo model.")
    parser.add_argument("--config", default=str(ROOT / "config.toml"), help="default: config.toml beside this program")
    parser.add_argument("--tokenizer", default=str(ROOT / "tokenizer.json"))
    stages = parser.add_subparsers(dest="stage", required=True)

    stage = stages.add_parser("sample", help="print training conversations")
    stage.add_argument("--seed", type=int, default=5)
    stage.add_argument("--count", type=int, default=20)
    stage.set_defaults(run=_sample)

    stage = stages.add_parser("tokenizer", help="make the vocabulary; older checkpoints do not fit a new one")
    stage.set_defaults(run=_tokenizer)

    stage = stages.add_parser("tokenizer-of", help="take the vocabulary of a GGUF file, to train its weights further")
    stage.add_argument("file")
    stage.set_defaults(run=_tokenizer_of)

    stage = stages.add_parser("model", help="train, or continue from the checkpoint in the folder")
    stage.add_argument("folder", help="for checkpoints")
    stage.add_argument("--time", type=float, default=0, metavar="MINUTES", help="end after this time; 0: after the tokens of the configuration")
    stage.add_argument("--tokens", type=float, help="end after this many, rather than those of the configuration")
    stage.add_argument("--workers", type=int, metavar="COUNT", help="processes on a CPU, rather than those of the configuration")
    stage.add_argument("--resume", metavar="FILE", help="start from this checkpoint rather than FOLDER/checkpoint.pt")
    stage.add_argument("--start", metavar="GGUF", help="begin a new run with the weights of this file")
    stage.add_argument("--rate", type=float, default=1.0, help="scales the learning rates")
    stage.add_argument("--device", default="cpu", help="cpu or cuda")
    stage.add_argument("--plain", action="store_true", help="plain PyTorch on the CPU too, as on a GPU: slow, needs no gcc")
    stage.add_argument("--pause-file", metavar="FILE", help="pause while this file exists")
    stage.add_argument("--checkpoint-minutes", type=float, default=5)
    stage.add_argument("--log-every", type=int, default=50, metavar="STEPS")
    stage.set_defaults(run=_train)

    stage = stages.add_parser("export", help="write a GGUF file from a checkpoint")
    stage.add_argument("checkpoint")
    stage.add_argument("output")
    stage.add_argument("--mix-with", metavar="GGUF", help="the file whose weights training started from: write a mean of both")
    stage.add_argument("--share", type=float, default=0.7, help="of the checkpoint in that mean; default: 0.7")
    stage.add_argument("--type", choices=["q8_0", "f16", "f32"], default="q8_0")
    stage.set_defaults(run=_export)

    stage = stages.add_parser("evaluate", help="ask a running server all questions; print a table, write JSON")
    stage.add_argument("output", help="the JSON file")
    stage.add_argument("--url", default="http://127.0.0.1:8080")
    stage.add_argument("--share", type=float, default=1.0, help="of the questions of each set")
    stage.add_argument("--sets", default="", help="names, with commas between; default: all")
    stage.add_argument("--failures", metavar="FILE", help="write wrong answers there")
    stage.set_defaults(run=_evaluate)

    stage = stages.add_parser("guard", help="write what the Java test of the shipped model asks and expects")
    stage.add_argument("output")
    stage.add_argument("--count", type=int, default=260, help="of questions, about")
    stage.set_defaults(run=_guard)

    stage = stages.add_parser("compare", help="a table of two evaluations")
    stage.add_argument("before")
    stage.add_argument("after")
    stage.set_defaults(run=_compare)

    options = parser.parse_args(arguments)
    options.run(options)
    return 0
