package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.error.InvalidRequestException;
import io.panallama.internal.wordpiece.WordPiece;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;

/**
 * Converts text to tokens and back. llama.cpp's tokenizers are thread-safe; the model is retained during each call. Text
 * becomes tokens of BERT's kind in Java; see {@link WordPiece}.
 */
public final class TokenizerCalls {
  private TokenizerCalls() {}

  public static int[] tokenize(ModelHandle model, String text, boolean addSpecial, boolean parseSpecial) {
    WordPiece wordPiece = model.wordPiece();
    if (wordPiece != null) {
      return retained(model, () -> wordPiece.tokenize(text, addSpecial, parseSpecial, NativeInterruption::checkpoint));
    }
    return tokenize(
        model,
        text.getBytes(StandardCharsets.UTF_8),
        (arena, source, length, tokens, capacity, count, error) ->
            LlamaCpp.panallama_tokenize(
                model.vocabulary(), source, length, addSpecial, parseSpecial, tokens, capacity, count, error));
  }

  /**
   * Tokenizes a prompt including its special tokens and those that the vocabulary adds.
   *
   * @param literals pairs of byte offsets, in order, between which there are no special tokens
   */
  public static int[] tokenizePrompt(ModelHandle model, byte[] prompt, int[] literals) {
    WordPiece wordPiece = model.wordPiece();
    if (wordPiece != null) {
      return retained(model, () -> tokenizePrompt(wordPiece, prompt, literals));
    }
    return tokenize(
        model,
        prompt,
        (arena, source, length, tokens, capacity, count, error) ->
            LlamaCpp.panallama_tokenize_prompt(
                model.vocabulary(),
                source,
                length,
                literals.length == 0 ? MemorySegment.NULL : arena.allocateFrom(JAVA_INT, literals),
                literals.length / 2,
                tokens,
                capacity,
                count,
                error));
  }

  private static int[] tokenizePrompt(WordPiece wordPiece, byte[] prompt, int[] literals) {
    StringBuilder text = new StringBuilder();
    int[] offsets = new int[literals.length];
    int decoded = 0;
    for (int i = 0; i < literals.length; i++) {
      text.append(new String(prompt, decoded, literals[i] - decoded, StandardCharsets.UTF_8));
      decoded = literals[i];
      offsets[i] = text.length();
    }
    text.append(new String(prompt, decoded, prompt.length - decoded, StandardCharsets.UTF_8));
    return wordPiece.tokenize(text.toString(), true, offsets, NativeInterruption::checkpoint);
  }

  /**
   * @throws IllegalStateException if the model is closed
   */
  private static int[] retained(ModelHandle model, Supplier<int[]> work) {
    model.retain();
    try {
      return work.get();
    } finally {
      model.release();
    }
  }

  /** A call of the bridge. */
  private interface Call {
    int run(
        Arena arena,
        MemorySegment source,
        int length,
        MemorySegment tokens,
        int capacity,
        MemorySegment count,
        MemorySegment error);
  }

  private static int[] tokenize(ModelHandle model, byte[] bytes, Call call) {
    model.retain();
    try (Arena arena = Arena.ofConfined()) {
      ErrorText error = new ErrorText(arena);
      MemorySegment source = arena.allocate(Math.max(1, bytes.length));
      MemorySegment.copy(bytes, 0, source, JAVA_BYTE, 0, bytes.length);
      MemorySegment count = arena.allocate(JAVA_INT);
      // There are rarely more tokens than bytes, plus those that the vocabulary adds.
      int capacity = bytes.length + 4;
      while (true) {
        MemorySegment tokens = arena.allocate(JAVA_INT, capacity);
        int status = call.run(arena, source, bytes.length, tokens, capacity, count, error.slot());
        NativeInterruption.check(status, error);
        if (status == LlamaCpp.PANALLAMA_NO_MEMORY()) {
          throw MemoryShortage.ofNative("the tokens of a text of " + bytes.length + " bytes");
        }
        if (status != LlamaCpp.PANALLAMA_OK()) {
          throw new InvalidRequestException("prompt", "The text can't be tokenized: " + error.take());
        }
        int needed = count.get(JAVA_INT, 0);
        if (needed <= capacity) {
          return tokens.asSlice(0, needed * JAVA_INT.byteSize()).toArray(JAVA_INT);
        }
        capacity = needed;
      }
    } finally {
      model.release();
    }
  }

  public static String detokenize(ModelHandle model, int[] tokens, boolean removeSpecial, boolean unparseSpecial) {
    model.retain();
    try (Arena arena = Arena.ofConfined()) {
      for (int token : tokens) {
        if (token < 0 || token >= model.vocabularySize()) {
          throw new InvalidRequestException(
              "prompt",
              "Token " + token + " is not in the vocabulary; ids are 0 to " + (model.vocabularySize() - 1) + ".");
        }
      }
      ErrorText error = new ErrorText(arena);
      MemorySegment source = arena.allocate(JAVA_INT, Math.max(1, tokens.length));
      MemorySegment.copy(tokens, 0, source, JAVA_INT, 0, tokens.length);
      MemorySegment count = arena.allocate(JAVA_INT);
      int capacity = 8 * tokens.length + 16;
      while (true) {
        MemorySegment text = arena.allocate(capacity);
        int status =
            LlamaCpp.panallama_detokenize(
                model.vocabulary(),
                source,
                tokens.length,
                removeSpecial,
                unparseSpecial,
                text,
                capacity,
                count,
                error.slot());
        if (status == LlamaCpp.PANALLAMA_NO_MEMORY()) {
          throw MemoryShortage.ofNative("the text of " + tokens.length + " tokens");
        }
        if (status != LlamaCpp.PANALLAMA_OK()) {
          throw new InvalidRequestException("prompt", "The tokens can't be turned into text: " + error.take());
        }
        int needed = count.get(JAVA_INT, 0);
        if (needed <= capacity) {
          return new String(text.asSlice(0, needed).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
        }
        capacity = needed;
      }
    } finally {
      model.release();
    }
  }
}
