"""
Trains the model.

On a CPU each worker is a process with one thread: the parameters lie in shared memory, each worker adds up the gradient of its
own batches, then updates its share of the matrices. On a GPU one process does the same with PyTorch's autograd.

A run ends when it has seen the tokens of the configuration, or when the time given is over; the learning rate follows whichever
is further. It continues from its checkpoint.
"""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import torch
import torch.multiprocessing as multiprocessing

from .config import Config
from .data import Stream, validation
from .export import load_into
from .model import Layout, PlainModel, initialize
from .optimizer import Optimizer
from .tokenizer import Tokenizer

_LEARNED_SHARE = 0.4  # of the tokens, about; sets the scale of the gradient only


class Progress:
    """How far a run is, from 0 to 1, and the learning rate that follows from it."""

    def __init__(self, training, start, minutes):
        self._training = training
        self._start = start  # progress when this process began
        self._minutes = minutes
        self._began = time.monotonic()

    def at(self, tokens):
        by_tokens = tokens / self._training.tokens
        if not self._minutes:
            return by_tokens
        elapsed = (time.monotonic() - self._began) / 60 / self._minutes
        return max(by_tokens, self._start + (1 - self._start) * elapsed)

    def rate(self, progress, step):
        """The share of the full learning rate: up over the first steps, constant, then linearly to zero."""
        warm = min(1.0, step / self._training.warmup_steps)
        return warm * min(1.0, max(0.0, (1 - progress) / self._training.decay_share))


class Shared:
    """What the workers share."""

    def __init__(self, layout, workers, device):
        def tensor(*shape, dtype=torch.float32):
            made = torch.zeros(*shape, dtype=dtype, device=device)
            return made.share_memory_() if device == "cpu" else made

        self.flat = tensor(layout.size)
        self.gradients = tensor(workers, layout.size)
        self.tokens = torch.zeros(workers, dtype=torch.int64).share_memory_()
        self.progress = torch.zeros(1, dtype=torch.float64).share_memory_()
        self.stop = torch.zeros(1, dtype=torch.int64).share_memory_()
        self.barrier = multiprocessing.get_context("fork").Barrier(workers)


class Worker:
    """One worker's part of a run. Worker 0 also logs, writes checkpoints, and decides when to pause and to stop."""

    def __init__(self, number, options, config, shared, checkpoint):
        self._number, self._options, self._config, self._shared = number, options, config, shared
        self._layout = Layout(config.shape)
        self._tokenizer = Tokenizer.load(options.tokenizer)
        training = config.training
        self._workers = training.workers if options.device == "cpu" else 1
        self._optimizer = Optimizer(self._layout, training, number, self._workers, options.device)
        self._step = 0
        place = {}
        if checkpoint:
            self._step = checkpoint["step"]
            place = checkpoint["streams"][number] if number < len(checkpoint["streams"]) else {}
            for offset in self._optimizer.state:
                self._optimizer.state[offset].copy_(checkpoint["optimizer"][offset])
        self._stream = Stream(self._tokenizer, training, number, **place)
        self._progress = Progress(training, float(shared.progress[0]), options.time)
        self._parameters = self._layout.views(shared.flat)
        self._gradients = self._layout.views(shared.gradients[number])
        self._fused = options.device == "cpu" and not options.plain
        if self._fused:
            from .fused import FusedModel

            self._model = FusedModel(self._layout)
        else:
            self._model = PlainModel(self._layout, options.device)

    # ---- one step ----

    def _learn(self, batch, scale):
        if self._fused:
            return self._model.loss_and_gradient(self._parameters, batch, scale, self._gradients)
        leaf = self._shared.flat.detach().requires_grad_()
        with torch.autocast(self._options.device, torch.bfloat16):
            loss = self._model.loss(self._layout.views(leaf), batch.to(self._options.device))
        (loss * scale).backward()
        self._shared.gradients[self._number].add_(leaf.grad)
        return loss.item()

    def _gradient(self, offset, size):
        rows = self._shared.gradients[:, offset : offset + size]
        return rows[0] if self._workers == 1 else rows.sum(0)

    def _one_step(self):
        """Returns the summed loss and the count of learned tokens of this worker."""
        training, shared = self._config.training, self._shared
        shared.gradients[self._number].zero_()
        if self._fused:
            self._model.load(shared.flat)
        scale = 1 / (training.batch_tokens * training.batches_per_step * training.workers * _LEARNED_SHARE)
        # A GPU takes what the workers of a CPU would take together.
        count = training.batches_per_step * (training.workers if self._options.device != "cpu" else 1)
        loss, learned = 0.0, 0
        for _ in range(count):
            batch = next(self._stream)
            loss += self._learn(batch, scale)
            learned += len(batch.targets)
            shared.tokens[self._number] += batch.tokens
        self._wait()
        if self._number == 0:
            shared.progress[0] = self._progress.at(int(shared.tokens.sum()))
        self._wait()
        self._step += 1
        progress = float(shared.progress[0])
        rate = self._options.rate * self._progress.rate(progress, self._step)
        self._optimizer.step(shared.flat, self._gradient, rate, self._step)
        self._wait()
        return loss, learned

    def _wait(self):
        if self._workers > 1:
            self._shared.barrier.wait()

    # ---- the run ----

    def run(self):
        torch.set_num_threads(1)
        options, shared = self._options, self._shared
        log = Log(options, shared)
        while True:
            if self._number == 0:
                log.paused(self._pause())
                shared.stop[0] = float(shared.progress[0]) >= 1 or options.stopped
            self._wait()
            if shared.stop[0]:
                break
            loss, learned = self._one_step()
            log.add(loss, learned)
            if self._step % options.log_every == 0 and self._number == 0:
                log.line(self._step, self._progress.rate(float(shared.progress[0]), self._step))
            if log.due(shared, self._number, self._wait):
                self._checkpoint(log)
        self._checkpoint(log)

    def _pause(self):
        """Waits while the pause file exists; returns how long that was."""
        began = time.monotonic()
        while self._options.pause_file and os.path.exists(self._options.pause_file) and not self._options.stopped:
            time.sleep(1)
        return time.monotonic() - began

    def _checkpoint(self, log):
        """Each worker leaves its part, worker 0 joins them."""
        folder = Path(self._options.folder)
        part = {"state": self._optimizer.state, "stream": {"chunk": self._stream.chunk, "used": self._stream.used}}
        torch.save(part, folder / f"part{self._number}.tmp")
        self._wait()
        if self._number == 0:
            parts = [torch.load(folder / f"part{n}.tmp") for n in range(self._workers)]
            progress = float(self._shared.progress[0])
            saved = {
                "shape": vars(self._config.shape),
                "merges": self._tokenizer.merges,
                "step": self._step,
                "tokens": int(self._shared.tokens.sum()),
                "progress": progress,
                "flat": self._shared.flat.detach().cpu().clone(),
                "optimizer": {offset: state for p in parts for offset, state in p["state"].items()},
                "streams": [p["stream"] for p in parts],
                "validation": self._validate(),
            }
            torch.save(saved, folder / "checkpoint.tmp")
            os.replace(folder / "checkpoint.tmp", folder / "checkpoint.pt")
            if progress <= 1 - self._config.training.decay_share:
                # Before the learning rate falls: from here a longer run can continue.
                torch.save(saved, folder / "constant.tmp")
                os.replace(folder / "constant.tmp", folder / "constant.pt")
            for n in range(self._workers):
                (folder / f"part{n}.tmp").unlink()
            log.saved(saved)
        self._wait()

    def _validate(self):
        """The loss per learned token on conversations of no training chunk."""
        model = PlainModel(self._layout, self._options.device)
        batches = validation(self._tokenizer, self._config.training, 240)
        device = self._options.device
        with torch.no_grad(), torch.autocast(device, torch.bfloat16):
            summed = sum(float(model.loss(self._parameters, batch.to(device))) for batch in batches)
        return summed / sum(len(batch.targets) for batch in batches)


class Log:
    """Lines about the run, and when the next checkpoint is due."""

    def __init__(self, options, shared):
        self._options, self._shared = options, shared
        self._loss, self._learned = 0.0, 0
        self._since, self._tokens = time.monotonic(), int(shared.tokens.sum())
        self._checkpoint_at = time.monotonic() + 60 * options.checkpoint_minutes

    def add(self, loss, learned):
        self._loss += loss
        self._learned += learned

    def paused(self, seconds):
        if seconds > 1:
            self._since += seconds
            print(f"paused for {seconds:.0f} s", flush=True)

    def line(self, step, rate):
        tokens, now = int(self._shared.tokens.sum()), time.monotonic()
        print(
            f"{time.strftime('%H:%M:%S')} step {step} tokens {tokens / 1e6:.2f}M loss {self._loss / self._learned:.4f} "
            f"progress {float(self._shared.progress[0]):.3f} rate {rate:.2f} "
            f"{(tokens - self._tokens) / (now - self._since):.0f} tokens/s",
            flush=True,
        )
        self._loss, self._learned, self._since, self._tokens = 0.0, 0, now, tokens

    def due(self, shared, number, wait):
        """Whether all workers write a checkpoint now; worker 0 looks at the clock for all."""
        if number == 0:
            shared.stop[0] = 2 if time.monotonic() > self._checkpoint_at else 0
        wait()
        now = int(shared.stop[0]) == 2
        wait()
        if now:
            self._checkpoint_at = time.monotonic() + 60 * self._options.checkpoint_minutes
        return now

    def saved(self, checkpoint):
        print(
            f"{time.strftime('%H:%M:%S')} checkpoint at {checkpoint['tokens'] / 1e6:.2f}M tokens, "
            f"validation {checkpoint['validation']:.4f}",
            flush=True,
        )


def _work(number, options, config, shared, checkpoint):
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def stop(*_):
        options.stopped = True

    if number == 0:
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
    else:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Worker(number, options, config, shared, checkpoint).run()


def train(options):
    """Runs until the end or SIGTERM; options are those of the command line."""
    config = Config.load(options.config)
    given = {"tokens": int(options.tokens or 0), "workers": options.workers}
    config = replace(config, training=replace(config.training, **{key: value for key, value in given.items() if value}))
    config.tell_grammar()
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    options.stopped = False
    layout = Layout(config.shape)
    workers = config.training.workers if options.device == "cpu" else 1
    shared = Shared(layout, workers, options.device)
    initialize(shared.flat, layout, config.training.seed)
    checkpoint = None
    source = Path(options.resume) if options.resume else folder / "checkpoint.pt"
    if source.exists():
        checkpoint = torch.load(source, map_location="cpu")
        if checkpoint["shape"] != vars(config.shape):
            raise SystemExit(f"{source} is of another shape than the configuration: {checkpoint['shape']}")
        if [tuple(m) for m in checkpoint["merges"]] != Tokenizer.load(options.tokenizer).merges:
            raise SystemExit(f"{source} was trained with another tokenizer than {options.tokenizer}")
        shared.flat.copy_(checkpoint["flat"])
        shared.tokens[0] = checkpoint["tokens"]
        # By time a run goes on from where it was; by tokens, from its share of them, which may have become more.
        by_tokens = min(1.0, checkpoint["tokens"] / config.training.tokens)
        shared.progress[0] = checkpoint["progress"] if options.time else by_tokens
        print(f"continues {source} at step {checkpoint['step']}, {checkpoint['tokens'] / 1e6:.2f}M tokens", flush=True)
    elif options.resume:
        raise SystemExit(f"{source} does not exist")
    elif options.start:
        if load_into(options.start, layout, shared.flat).merges != Tokenizer.load(options.tokenizer).merges:
            raise SystemExit(f"{options.start} has another tokenizer than {options.tokenizer}")
        print(f"starts from the weights of {options.start}", flush=True)
    print(f"{layout.size} parameters, {workers} workers on {options.device}", flush=True)
    if workers == 1:
        _work(0, options, config, shared, checkpoint)
        return
    # Forked, one thread each: the workers share memory, and PyTorch's own threads do not survive a fork.
    torch.set_num_threads(1)
    context = multiprocessing.get_context("fork")
    processes = [
        context.Process(target=_work, args=(number, options, config, shared, checkpoint)) for number in range(workers)
    ]

    def forward(signum, _):
        os.kill(processes[0].pid, signum)

    for process in processes:
        process.start()
    signal.signal(signal.SIGTERM, forward)
    signal.signal(signal.SIGINT, forward)
    for process in processes:
        process.join()
    failed = [process.exitcode for process in processes if process.exitcode]
    if failed:
        raise SystemExit(f"a worker ended with {failed[0]}")
