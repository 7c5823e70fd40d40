package io.panallama.internal.wordpiece;

import io.panallama.error.InvalidRequestException;
import io.panallama.gguf.GgufArray;
import io.panallama.gguf.GgufFile;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * The WordPiece tokenizer of BERT with the vocabulary of a GGUF file, and with the ids that Hugging Face's tokenizers
 * (0.21) give for it: {@code BertNormalizer}, {@code BertPreTokenizer}, and for each word the longest tokens from left to
 * right.
 *
 * <p>It differs from Hugging Face's by purpose unless special tokens are asked for: there a text can spell {@code [SEP]}
 * and so end its own input; here that is a bracket, a word and a bracket.
 *
 * <p>Immutable, so thread-safe. A text takes a time in proportion to its length (a word has at most 100 characters, so
 * neither long words nor long tokens matter), and memory for its ids.
 */
public final class WordPiece {
  private static final String KEY = "tokenizer.ggml.";

  // llama_token_type of llama.h.
  private static final int NORMAL = 1;
  private static final int UNKNOWN = 2;
  private static final int CONTROL = 3;
  private static final int USER_DEFINED = 4;
  private static final int UNUSED = 5;

  /** What the tokens that begin a word have in front in a GGUF file; those that continue one have nothing. */
  private static final char BEGINNING = '\u2581';

  /** {@code max_input_chars_per_word} of BERT's tokenizer, in code points. A longer word is one unknown token. */
  private static final int LONGEST_WORD = 100;

  /** llama.cpp's default ids of the vocabulary type "bert", which are those of BERT's own vocabulary. */
  private static final int DEFAULT_UNKNOWN = 100;

  private static final int DEFAULT_BEGINNING = 101;
  private static final int DEFAULT_SEPARATOR = 102;

  private final BertNormalizer normalizer;
  private final TokenTrie beginnings = new TokenTrie();
  private final TokenTrie continuations = new TokenTrie();

  /** Found in any text. */
  private final TokenTrie userDefined = new TokenTrie();

  /** Found where special tokens are asked for: these and those that the user defined. */
  private final TokenTrie special = new TokenTrie();

  private final OptionalInt unknown;
  private final OptionalInt first;
  private final OptionalInt last;

  private WordPiece(GgufFile file, GgufArray tokens) {
    boolean lowercase = file.bool(KEY + "normalizer.lowercase").orElse(true);
    normalizer = new BertNormalizer(lowercase, file.bool(KEY + "normalizer.strip_accents").orElse(lowercase));
    unknown = id(file, "unknown_token_id", DEFAULT_UNKNOWN, tokens.size());
    first = id(file, "bos_token_id", DEFAULT_BEGINNING, tokens.size());
    last = id(file, "seperator_token_id", DEFAULT_SEPARATOR, tokens.size());
    GgufArray types = file.array(KEY + "token_type").orElse(null);
    for (int token = 0; token < tokens.size(); token++) {
      boolean control = isOneOf(token, unknown, first, last);
      long type = types == null ? NORMAL : types.integer(token);
      add(tokens.string(token), token, control ? CONTROL : (int) type);
    }
  }

  private static boolean isOneOf(int token, OptionalInt... ids) {
    for (OptionalInt id : ids) {
      if (id.isPresent() && id.getAsInt() == token) {
        return true;
      }
    }
    return false;
  }

  /** Like llama.cpp: an id that is out of range counts for nothing. */
  private static OptionalInt id(GgufFile file, String key, int standard, int size) {
    OptionalLong given = file.integer(KEY + key);
    if (given.isPresent() && given.getAsLong() >= 0 && given.getAsLong() < size) {
      return OptionalInt.of((int) given.getAsLong());
    }
    return standard < size ? OptionalInt.of(standard) : OptionalInt.empty();
  }

  /**
   * Takes the vocabulary and the normalizer's settings of a file whose {@code tokenizer.ggml.model} is {@code bert}.
   *
   * @throws IllegalArgumentException if the file has no tokens; files that passed
   *     {@link io.panallama.gguf.ModelPreflight} have them
   */
  public static WordPiece of(GgufFile file) {
    return new WordPiece(
        file, file.array(KEY + "tokens").orElseThrow(() -> new IllegalArgumentException("no " + KEY + "tokens")));
  }

  private void add(String text, int token, int type) {
    boolean begins = !text.isEmpty() && text.charAt(0) == BEGINNING;
    String written = begins ? text.substring(1) : text;
    switch (type) {
      case UNKNOWN, CONTROL -> special.add(written, token);
      case USER_DEFINED -> {
        special.add(written, token);
        userDefined.add(written, token);
      }
      case UNUSED -> {}
      default -> {
        // Longer ones match in no word.
        if (written.length() <= 2 * LONGEST_WORD) {
          (begins ? beginnings : continuations).add(written, token);
        }
      }
    }
  }

  /**
   * Tokenizes a text.
   *
   * @param addSpecial whether to put {@code [CLS]} in front and {@code [SEP]} behind
   * @param parseSpecial whether special tokens that are written in the text become those tokens, as with Hugging Face's;
   *     without it they are plain text
   * @param checkpoint called now and then; it may throw to end the work
   * @throws InvalidRequestException if a word is unknown and the vocabulary has no token for such words
   */
  public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial, Runnable checkpoint) {
    int[] everything = {0, text.length()};
    return tokenize(text, addSpecial, parseSpecial ? new int[0] : everything, checkpoint);
  }

  /**
   * Tokenizes a text of which some parts have no special tokens.
   *
   * @param literals pairs of offsets in UTF-16 units, in order, between which special tokens are plain text
   * @see #tokenize(String, boolean, boolean, Runnable)
   */
  public int[] tokenize(String text, boolean addSpecial, int[] literals, Runnable checkpoint) {
    IntStream.Builder ids = IntStream.builder();
    if (addSpecial) {
      first.ifPresent(ids);
    }
    Words words = new Words(ids);
    int done = 0;
    int at = 0;
    for (int i = 0; i < literals.length; i += 2) {
      // Special tokens in front of the literal, and what the user defined also in it.
      done = tokenize(text, done, at, literals[i], special, words, checkpoint);
      at = Math.max(done, literals[i]);
      done = tokenize(text, done, at, literals[i + 1], userDefined, words, checkpoint);
      at = Math.max(done, literals[i + 1]);
    }
    done = tokenize(text, done, at, text.length(), special, words, checkpoint);
    words.take(text, done, text.length(), checkpoint);
    if (addSpecial) {
      last.ifPresent(ids);
    }
    return ids.build().toArray();
  }

  /**
   * Searches a part of the text for tokens that are written out, and tokenizes as far as behind the last one.
   *
   * @param done how far the text is tokenized
   * @return how far it is now
   */
  private static int tokenize(
      String text, int done, int from, int to, TokenTrie written, Words words, Runnable checkpoint) {
    if (written.isEmpty()) {
      return done;
    }
    int tokenized = done;
    for (int i = from; i < to; ) {
      int node = written.longest(text, i, to);
      if (node == TokenTrie.NONE) {
        i++;
      } else {
        words.take(text, tokenized, i, checkpoint);
        words.ids.accept(written.token(node));
        i += written.length(node);
        tokenized = i;
      }
    }
    return tokenized;
  }

  /** Splits normalized text into words, like {@code BertPreTokenizer}, and words into tokens. */
  private final class Words implements IntConsumer {
    private final IntStream.Builder ids;
    private final StringBuilder word = new StringBuilder();
    private final int[] pieces = new int[LONGEST_WORD];

    /** The word's length in code points; beyond the longest, the word itself is incomplete. */
    private int length;

    Words(IntStream.Builder ids) {
      this.ids = ids;
    }

    /** Tokenizes a part of a text that is not one with what is in front of it or behind it. */
    void take(String text, int from, int to, Runnable checkpoint) {
      normalizer.normalize(text, from, to, this, checkpoint);
      end();
    }

    @Override
    public void accept(int point) {
      if (point == ' ') {
        end();
      } else if (UnicodeTables.PUNCTUATION.get(point)) {
        end();
        append(point);
        end();
      } else {
        append(point);
      }
    }

    private void append(int point) {
      length++;
      if (length <= LONGEST_WORD) {
        word.appendCodePoint(point);
      }
    }

    private void end() {
      if (length == 0) {
        return;
      }
      int count = length <= LONGEST_WORD ? spell() : 0;
      if (count == 0) {
        ids.accept(unknown.orElseThrow(WordPiece::noUnknownToken));
      }
      for (int i = 0; i < count; i++) {
        ids.accept(pieces[i]);
      }
      word.setLength(0);
      length = 0;
    }

    /** Spells the word with the longest tokens from left to right; returns their number, 0 if that leads nowhere. */
    private int spell() {
      int count = 0;
      for (int i = 0; i < word.length(); ) {
        TokenTrie trie = i == 0 ? beginnings : continuations;
        int node = trie.longest(word, i, word.length());
        if (node == TokenTrie.NONE) {
          return 0;
        }
        pieces[count++] = trie.token(node);
        i += trie.length(node);
      }
      return count;
    }
  }

  private static InvalidRequestException noUnknownToken() {
    return new InvalidRequestException(
        "prompt", "The vocabulary can't spell a word of the text, and has no token for unknown words.");
  }
}
