package io.panallama.testkit;

import io.panallama.gguf.GgufType;
import java.util.List;
import java.util.function.Consumer;

/**
 * What a tiny model is like. Equal specs give equal bytes.
 *
 * @param architecture what llama.cpp builds from it
 * @param seed of its weights
 * @param layers blocks
 * @param width embedding length, a multiple of {@code heads} and of 32
 * @param heads attention heads; their size is {@code width / heads}, which must be even
 * @param keyValueHeads heads of keys and values, a divisor of {@code heads}; fewer make grouped-query attention
 * @param feedForward width of the gated feed-forward layers
 * @param vocabulary tokens, at least {@link TinyVocabulary#SMALLEST}
 * @param contextLength tokens it claims to be trained for
 * @param slidingWindow tokens that the windowed layers of {@link Architecture#SLIDING_WINDOW} see
 * @param type how matrices are stored; norms are always F32
 * @param template chat template; empty for none
 * @param end how likely end-of-generation tokens are
 * @param printable whether only tokens of printable ASCII are generated; otherwise all bytes are, so that the text is
 *     mostly not valid UTF-8
 * @param infill whether the vocabulary has the tokens for filling gaps
 * @param words texts that are one token each and as likely as any other, such as the tags around a tool call
 * @param suppressed texts of single bytes or words whose tokens the file wants never to be generated
 */
public record TinySpec(
    Architecture architecture,
    long seed,
    int layers,
    int width,
    int heads,
    int keyValueHeads,
    int feedForward,
    int vocabulary,
    int contextLength,
    int slidingWindow,
    GgufType type,
    String template,
    End end,
    boolean printable,
    boolean infill,
    List<String> words,
    List<String> suppressed) {

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
    words = List.copyOf(words);
    suppressed = List.copyOf(suppressed);
    if (layers < 1 || width < 32 || width % 32 != 0 || heads < 1 || width % heads != 0 || width / heads % 2 != 0) {
      throw new IllegalArgumentException("layers " + layers + ", width " + width + ", heads " + heads);
    }
    if (keyValueHeads < 1 || heads % keyValueHeads != 0 || feedForward < 32 || feedForward % 32 != 0) {
      throw new IllegalArgumentException("key-value heads " + keyValueHeads + ", feed-forward " + feedForward);
    }
    if (vocabulary < TinyVocabulary.SMALLEST || contextLength < 1 || slidingWindow < 1) {
      throw new IllegalArgumentException("vocabulary " + vocabulary + ", context " + contextLength);
    }
  }

  /** A llama of 2 layers, 64 wide, 320 tokens, 512 tokens of context, ChatML, that never ends by itself. */
  public static TinySpec defaults() {
    return new Draft().build();
  }

  public TinySpec withArchitecture(Architecture value) {
    return with(draft -> draft.architecture = value);
  }

  public TinySpec withSeed(long value) {
    return with(draft -> draft.seed = value);
  }

  /**
   * Another size: layers, embedding length and heads. As many heads for keys and values, and feed-forward layers of twice
   * the width.
   */
  public TinySpec withSize(int newLayers, int newWidth, int newHeads) {
    return with(draft -> {
      draft.layers = newLayers;
      draft.width = newWidth;
      draft.heads = newHeads;
      draft.keyValueHeads = newHeads;
      draft.feedForward = 2 * newWidth;
    });
  }

  public TinySpec withKeyValueHeads(int value) {
    return with(draft -> draft.keyValueHeads = value);
  }

  public TinySpec withFeedForward(int value) {
    return with(draft -> draft.feedForward = value);
  }

  public TinySpec withVocabulary(int value) {
    return with(draft -> draft.vocabulary = value);
  }

  public TinySpec withContextLength(int value) {
    return with(draft -> draft.contextLength = value);
  }

  public TinySpec withSlidingWindow(int value) {
    return with(draft -> draft.slidingWindow = value);
  }

  public TinySpec withType(GgufType value) {
    return with(draft -> draft.type = value);
  }

  /** Another chat template; empty for a model without one. */
  public TinySpec withTemplate(String value) {
    return with(draft -> draft.template = value);
  }

  public TinySpec withEnd(End value) {
    return with(draft -> draft.end = value);
  }

  public TinySpec withPrintable(boolean value) {
    return with(draft -> draft.printable = value);
  }

  public TinySpec withInfill(boolean value) {
    return with(draft -> draft.infill = value);
  }

  public TinySpec withWords(List<String> value) {
    return with(draft -> draft.words = value);
  }

  public TinySpec withSuppressed(List<String> value) {
    return with(draft -> draft.suppressed = value);
  }

  private TinySpec with(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.build();
  }

  /** The components as variables, so that changing one does not mean naming all of them. */
  private static final class Draft {
    private Architecture architecture = Architecture.TRANSFORMER;
    private long seed = 1;
    private int layers = 2;
    private int width = 64;
    private int heads = 2;
    private int keyValueHeads = 2;
    private int feedForward = 128;
    private int vocabulary = 320;
    private int contextLength = 512;
    private int slidingWindow = 32;
    private GgufType type = GgufType.F16;
    private String template = CHATML;
    private End end = End.NEVER;
    private boolean printable = true;
    private boolean infill;
    private List<String> words = List.of();
    private List<String> suppressed = List.of();

    Draft() {}

    Draft(TinySpec from) {
      architecture = from.architecture;
      seed = from.seed;
      layers = from.layers;
      width = from.width;
      heads = from.heads;
      keyValueHeads = from.keyValueHeads;
      feedForward = from.feedForward;
      vocabulary = from.vocabulary;
      contextLength = from.contextLength;
      slidingWindow = from.slidingWindow;
      type = from.type;
      template = from.template;
      end = from.end;
      printable = from.printable;
      infill = from.infill;
      words = from.words;
      suppressed = from.suppressed;
    }

    TinySpec build() {
      return new TinySpec(
          architecture,
          seed,
          layers,
          width,
          heads,
          keyValueHeads,
          feedForward,
          vocabulary,
          contextLength,
          slidingWindow,
          type,
          template,
          end,
          printable,
          infill,
          words,
          suppressed);
    }
  }
}
