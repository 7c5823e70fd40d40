package io.panallama.testkit;

import io.panallama.gguf.GgufType;

/**
 * What a tiny model is like. Equal specs give equal bytes.
 *
 * @param architecture what llama.cpp builds from it
 * @param seed of its weights
 * @param layers blocks
 * @param width embedding length, a multiple of {@code heads} and of 32
 * @param heads attention heads; their size is {@code width / heads}, which must be even
 * @param vocabulary tokens, at least {@link TinyVocabulary#SMALLEST}
 * @param contextLength tokens it claims to be trained for
 * @param slidingWindow tokens that the windowed layers of {@link Architecture#SLIDING_WINDOW} see
 * @param type how matrices are stored; norms are always F32
 * @param template chat template; empty for none
 * @param end how likely end-of-generation tokens are
 * @param printable whether only tokens of printable ASCII are generated; otherwise all bytes are, so that the text is
 *     mostly not valid UTF-8
 */
public record TinySpec(
    Architecture architecture,
    long seed,
    int layers,
    int width,
    int heads,
    int vocabulary,
    int contextLength,
    int slidingWindow,
    GgufType type,
    String template,
    End end,
    boolean printable) {

  /** The kinds of memory a model can have. */
  public enum Architecture {
    /** {@code llama}: full attention in every layer. */
    TRANSFORMER("llama"),
    /** {@code gemma3}: full attention in every second layer, a sliding window in the others. */
    SLIDING_WINDOW("gemma3"),
    /** {@code mamba}: a recurrent state and no KV cache. */
    RECURRENT("mamba");

    private final String label;

    Architecture(String label) {
      this.label = label;
    }

    /** The value of {@code general.architecture}. */
    public String label() {
      return label;
    }
  }

  /** How likely end-of-generation tokens are. */
  public enum End {
    /** As likely as any other token. */
    NATURAL,
    /** Never generated, so that only a limit ends a generation. */
    NEVER,
    /** Always the first token generated. */
    ALWAYS
  }

  /** The template that Qwen and others use, as far as system, user and assistant messages go. */
  public static final String CHATML =
      "{%- for message in messages -%}"
          + "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
          + "{%- endfor -%}"
          + "{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}";

  public TinySpec {
    if (layers < 1 || width < 32 || width % 32 != 0 || heads < 1 || width % heads != 0 || width / heads % 2 != 0) {
      throw new IllegalArgumentException("layers " + layers + ", width " + width + ", heads " + heads);
    }
    if (vocabulary < TinyVocabulary.SMALLEST || contextLength < 1 || slidingWindow < 1) {
      throw new IllegalArgumentException("vocabulary " + vocabulary + ", context " + contextLength);
    }
  }

  /** A llama of 2 layers, 64 wide, 320 tokens, 512 tokens of context, ChatML, that never ends by itself. */
  public static TinySpec defaults() {
    return new TinySpec(Architecture.TRANSFORMER, 1, 2, 64, 2, 320, 512, 32, GgufType.F16, CHATML, End.NEVER, true);
  }

  public TinySpec withArchitecture(Architecture architecture) {
    return new TinySpec(
        architecture,
        seed,
        layers,
        width,
        heads,
        vocabulary,
        contextLength,
        slidingWindow,
        type,
        template,
        end,
        printable);
  }

  public TinySpec withSeed(long seed) {
    return new TinySpec(
        architecture,
        seed,
        layers,
        width,
        heads,
        vocabulary,
        contextLength,
        slidingWindow,
        type,
        template,
        end,
        printable);
  }

  /** Another size: layers, embedding length and heads. */
  public TinySpec withSize(int layers, int width, int heads) {
    return new TinySpec(
        architecture,
        seed,
        layers,
        width,
        heads,
        vocabulary,
        contextLength,
        slidingWindow,
        type,
        template,
        end,
        printable);
  }

  public TinySpec withVocabulary(int vocabulary) {
    return new TinySpec(
        architecture,
        seed,
        layers,
        width,
        heads,
        vocabulary,
        contextLength,
        slidingWindow,
        type,
        template,
        end,
        printable);
  }

  public TinySpec withContextLength(int contextLength) {
    return new TinySpec(
        architecture,
        seed,
        layers,
        width,
        heads,
        vocabulary,
        contextLength,
        slidingWindow,
        type,
        template,
        end,
        printable);
  }

  public TinySpec withSlidingWindow(int slidingWindow) {
    return new TinySpec(
        architecture,
        seed,
        layers,
        width,
        heads,
        vocabulary,
        contextLength,
        slidingWindow,
        type,
        template,
        end,
        printable);
  }

  public TinySpec withType(GgufType type) {
    return new TinySpec(
        architecture,
        seed,
        layers,
        width,
        heads,
        vocabulary,
        contextLength,
        slidingWindow,
        type,
        template,
        end,
        printable);
  }

  /** Another chat template; empty for a model without one. */
  public TinySpec withTemplate(String template) {
    return new TinySpec(
        architecture,
        seed,
        layers,
        width,
        heads,
        vocabulary,
        contextLength,
        slidingWindow,
        type,
        template,
        end,
        printable);
  }

  public TinySpec withEnd(End end) {
    return new TinySpec(
        architecture,
        seed,
        layers,
        width,
        heads,
        vocabulary,
        contextLength,
        slidingWindow,
        type,
        template,
        end,
        printable);
  }

  public TinySpec withPrintable(boolean printable) {
    return new TinySpec(
        architecture,
        seed,
        layers,
        width,
        heads,
        vocabulary,
        contextLength,
        slidingWindow,
        type,
        template,
        end,
        printable);
  }
}
