package io.panallama.internal.request;

import io.panallama.error.InfillNotSupportedException;
import io.panallama.internal.llama.ModelHandle;
import io.panallama.internal.llama.TokenizerCalls;
import io.panallama.internal.llama.VocabularyFacts;
import io.panallama.request.GenerationOptions;
import io.panallama.request.InfillRequest;
import io.panallama.vocabulary.InfillTokens;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/** Builds the prompt of an {@link InfillRequest} like {@code format_prompt_infill} of llama-server v0.5.0. */
public final class InfillPrompt {
  /** llama-server's names for a project, a file without a name, and the file with the gap. */
  private static final String PROJECT = "myproject\n";

  private static final String NAMELESS = "tmp";
  private static final String CURRENT_FILE = "filename\n";

  /** The separator between pieces for models without a file token; llama-server's choice too. */
  private static final String SNIPPET = "\n\n--- snippet ---\n\n";

  private final InfillRequest request;
  private final ModelHandle model;
  private final VocabularyFacts vocabulary;
  private final InfillTokens tokens;
  private final int contextSize;

  private InfillPrompt(InfillRequest request, ModelHandle model, VocabularyFacts vocabulary, int contextSize) {
    this.request = request;
    this.model = model;
    this.vocabulary = vocabulary;
    this.tokens = vocabulary.infill();
    this.contextSize = contextSize;
    if (!tokens.complete()) {
      throw new InfillNotSupportedException(tokens.missing());
    }
  }

  /**
   * @param contextSize of one sequence
   * @throws InfillNotSupportedException if the model lacks the tokens
   */
  public static int[] tokens(InfillRequest request, ModelHandle model, VocabularyFacts vocabulary, int contextSize) {
    return new InfillPrompt(request, model, vocabulary, contextSize).build();
  }

  private int[] build() {
    // llama-server lets the window fill all of a small context, which then has no room for an answer.
    int window = Math.min(request.window(), contextSize / 4 * 3);
    int quarter = window / 4;
    int[] prompt = text(request.prompt());
    int[] prefix = last(text(request.prefix()), 3 * quarter);
    int[] suffix = first(text(request.suffix()), Math.max(0, quarter - (2 + prompt.length)));
    int[] before = concat(of(tokens.prefix()), prefix, prompt);
    int[] after = concat(of(tokens.suffix()), suffix);
    int[] beginning = vocabulary.addsBos() ? of(vocabulary.bos()) : new int[0];
    int[] gap = request.suffixFirst() ? concat(after, before) : concat(before, after);
    return concat(last(extra(), roomForExtra(window)), beginning, gap, of(tokens.middle()));
  }

  private int roomForExtra(int window) {
    int answer = request.options().maxTokens();
    long reserved = answer == GenerationOptions.UNLIMITED ? contextSize / 4 : 2L * answer;
    return (int) Math.max(0, contextSize - window - reserved);
  }

  private int[] extra() {
    IntStream.Builder all = IntStream.builder();
    if (tokens.repository().isPresent()) {
      add(all, of(tokens.repository()), text(PROJECT));
    }
    for (InfillRequest.File file : request.extra()) {
      String name = file.name().isEmpty() ? NAMELESS : file.name();
      add(all, tokens.file().isPresent() ? concat(of(tokens.file()), text(name + "\n")) : text(SNIPPET));
      add(all, text(file.text()));
    }
    if (tokens.file().isPresent()) {
      add(all, of(tokens.file()), text(CURRENT_FILE));
    }
    return all.build().toArray();
  }

  private static void add(IntStream.Builder all, int[]... parts) {
    for (int[] part : parts) {
      for (int token : part) {
        all.add(token);
      }
    }
  }

  private int[] text(String text) {
    return text.isEmpty() ? new int[0] : TokenizerCalls.tokenize(model, text, false, false);
  }

  private static int[] of(OptionalInt token) {
    return token.stream().toArray();
  }

  private static int[] first(int[] all, int count) {
    return Arrays.copyOf(all, Math.min(count, all.length));
  }

  private static int[] last(int[] all, int count) {
    return Arrays.copyOfRange(all, all.length - Math.min(count, all.length), all.length);
  }

  private static int[] concat(int[]... parts) {
    return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
  }
}
