package io.panallama.cli.profile;

/** What made tokens late. */
public enum Cause {
  /** Prompts of others took the step, or the steps that a generation waited for. */
  PROMPT("prompt", "Prompts took the time of llama_decode. --itl-target limits how long a step may get by them."),

  /** Sampling on the engine thread. */
  SAMPLING("sampling", "Sampling took the time: a grammar, many alternatives, or a large vocabulary."),

  /** A logit processor of the request. */
  LOGIT_PROCESSOR("logit processor", "A logit processor took the time; its generation is paused meanwhile."),

  /** A sample that takes much work on a grammar. */
  GRAMMAR("grammar", "A grammar took the time; its generation is paused meanwhile. A simpler schema or grammar helps."),

  /** Prefixes were copied or cells freed. */
  CACHE(
      "cache",
      "Prefixes were copied out of the KV cache or into it, or generations made room. A larger context, fewer slots or"
          + " a smaller --cache-ram helps."),

  /** The JVM stopped its threads to collect garbage. */
  GARBAGE("garbage collection", "The JVM stopped its threads. A larger heap (-Xmx) makes that rarer."),

  /** Other programs had the processors. */
  OTHER_PROCESSES("other processes", "Other programs had the processors."),

  /** Other threads of the same JVM computed. */
  OTHER_THREADS("other threads", "Other threads of the same JVM had the processors; the flame graph shows at what."),

  /** The decoder itself took longer than usual. */
  DECODE("decode", "llama_decode took longer for the running generations: longer texts, or a slower processor."),

  /** The reader did not take its tokens. */
  READER(
      "reader",
      "Tokens waited for their reader: the client reads slowly, or the thread that writes its answer did not run."),

  /** The generation waited for a slot or for cells. */
  SLOTS(
      "slots",
      "The generation waited for a slot or for cells of the KV cache. More --slots or a larger context helps."),

  /** The engine thread did not run, and nothing recorded says why. */
  NOT_RUNNING("not running", "The engine thread did not run, and nothing that was recorded says why.");

  private final String label;
  private final String meaning;

  Cause(String label, String meaning) {
    this.label = label;
    this.meaning = meaning;
  }

  /** Its name in reports. */
  public String label() {
    return label;
  }

  /** What it means and what helps, in a sentence or two. */
  public String meaning() {
    return meaning;
  }
}
