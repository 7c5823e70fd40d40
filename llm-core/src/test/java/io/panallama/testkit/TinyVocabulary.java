package io.panallama.testkit;

import io.panallama.gguf.GgufArray;
import io.panallama.gguf.GgufValueType;
import io.panallama.gguf.GgufWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A byte-level vocabulary in the manner of GPT-2: a token for every byte, merges of two letters, unused tokens up to
 * the size asked for, and the control tokens at the end. Every text can be tokenized and comes back unchanged.
 */
public final class TinyVocabulary {
  /** Bytes and control tokens. */
  public static final int SMALLEST = 256 + 4;

  /** Beginning of sequence; not added unless asked for. */
  public static final String BOS = "<|bos|>";

  /** End of sequence, {@code tokenizer.ggml.eos_token_id}. */
  public static final String EOS = "<|eos|>";

  /** Opens a message of a ChatML conversation. */
  public static final String IM_START = "<|im_start|>";

  /** Closes a message of a ChatML conversation; llama.cpp takes it for an end of generation by its text. */
  public static final String IM_END = "<|im_end|>";

  /** What llama.cpp takes for the tokens around a gap, by their texts; the last one ends a generation, too. */
  private static final List<String> INFILL =
      List.of("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|repo_name|>", "<|file_sep|>", "<|fim_pad|>");

  private static final int NORMAL = 1; // LLAMA_TOKEN_TYPE_NORMAL
  private static final int CONTROL = 3; // LLAMA_TOKEN_TYPE_CONTROL
  private static final int USER_DEFINED = 4; // LLAMA_TOKEN_TYPE_USER_DEFINED
  private static final int UNUSED = 5; // LLAMA_TOKEN_TYPE_UNUSED

  /** The most frequent pairs of English; a blank stands for a leading space. */
  private static final String FREQUENT =
      " t|he| a|in|re|on| s|er| w|at|en|nd| o|it|es|is|or| c|an| h| f| b| m| d|ed|ar|al|ou|ll|as|le|ve|st|ro|ic|to|se";

  private final List<String> suppressed;
  private final List<String> tokens = new ArrayList<>();
  private final Map<String, Integer> ids = new HashMap<>();
  private final List<String> merges = new ArrayList<>();
  private final List<Integer> types = new ArrayList<>();

  /** The bytes each token stands for; empty for control and unused tokens. */
  private final List<byte[]> bytes = new ArrayList<>();

  TinyVocabulary(TinySpec spec) {
    suppressed = spec.suppressed();
    int size = spec.vocabulary() - spec.words().size();
    List<String> controls = new ArrayList<>(List.of(BOS, EOS, IM_START, IM_END));
    if (spec.infill()) {
      controls.addAll(INFILL);
    }
    for (int b = 0; b < 256; b++) {
      add(String.valueOf(symbol(b)), NORMAL, new byte[] {(byte) b});
    }
    Map<String, String> pairs = pairs();
    for (Map.Entry<String, String> pair : pairs.entrySet()) {
      if (tokens.size() + controls.size() < size) {
        String text = pair.getKey();
        add(encoded(text), NORMAL, text.getBytes(StandardCharsets.US_ASCII));
        merges.add(pair.getValue());
      }
    }
    while (tokens.size() + controls.size() < size) {
      add("<|unused_" + tokens.size() + "|>", UNUSED, new byte[0]);
    }
    for (String control : controls) {
      add(control, CONTROL, new byte[0]);
    }
    for (String word : spec.words()) {
      add(word, USER_DEFINED, word.getBytes(StandardCharsets.UTF_8));
    }
  }

  private void add(String token, int type, byte[] meaning) {
    ids.put(token, tokens.size());
    tokens.add(token);
    types.add(type);
    bytes.add(meaning);
  }

  /** Text of a merge to its two halves, the most frequent first; only pairs of single bytes. */
  private static Map<String, String> pairs() {
    Map<String, String> pairs = new LinkedHashMap<>();
    for (String pair : FREQUENT.split("\\|")) {
      if (pair.length() == 2) {
        pairs.put(pair, halves(pair));
      }
    }
    for (char a = 'a'; a <= 'z'; a++) {
      for (char b = 'a'; b <= 'z'; b++) {
        String pair = "" + a + b;
        pairs.putIfAbsent(pair, halves(pair));
      }
    }
    return pairs;
  }

  private static String halves(String pair) {
    return symbol(pair.charAt(0)) + " " + symbol(pair.charAt(1));
  }

  private static String encoded(String text) {
    StringBuilder encoded = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      encoded.append(symbol(text.charAt(i)));
    }
    return encoded.toString();
  }

  /** GPT-2's printable stand-in for a byte: itself, or one of the characters from U+0100 on. */
  private static char symbol(int b) {
    if (isItself(b)) {
      return (char) b;
    }
    int shifted = 0;
    for (int i = 0; i < b; i++) {
      shifted += isItself(i) ? 0 : 1;
    }
    return (char) (256 + shifted);
  }

  private static boolean isItself(int b) {
    return b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE && b <= 0xFF;
  }

  int size() {
    return tokens.size();
  }

  /** The texts of all tokens, in the order of their ids. */
  public List<String> texts() {
    return List.copyOf(tokens);
  }

  /** The number of a token. */
  public int id(String token) {
    Integer id = ids.get(token);
    if (id == null) {
      throw new IllegalArgumentException("no token " + token);
    }
    return id;
  }

  boolean isEnd(int token) {
    String text = tokens.get(token);
    return text.equals(EOS) || text.equals(IM_END) || INFILL.indexOf(text) > 2;
  }

  /** Whether the token stands for text of printable ASCII. */
  boolean isPrintable(int token) {
    if (types.get(token) == USER_DEFINED) {
      return true;
    }
    for (byte b : bytes.get(token)) {
      if (b < ' ' || b > '~') {
        return false;
      }
    }
    return bytes.get(token).length > 0;
  }

  boolean isText(int token) {
    return types.get(token) == NORMAL || types.get(token) == USER_DEFINED;
  }

  void put(GgufWriter writer) {
    writer
        .put("tokenizer.ggml.model", "gpt2")
        .put("tokenizer.ggml.pre", "qwen2")
        .put("tokenizer.ggml.tokens", tokens)
        .put(
            "tokenizer.ggml.token_type",
            GgufArray.ofIntegers(GgufValueType.INT32, types.stream().mapToLong(Integer::longValue).toArray()))
        .put("tokenizer.ggml.merges", merges)
        .put("tokenizer.ggml.bos_token_id", id(BOS))
        .put("tokenizer.ggml.eos_token_id", id(EOS))
        .put("tokenizer.ggml.padding_token_id", id(BOS))
        .put("tokenizer.ggml.add_bos_token", false);
    if (!suppressed.isEmpty()) {
      long[] never = suppressed.stream().mapToLong(this::id).toArray();
      writer.put("tokenizer.ggml.suppress_tokens", GgufArray.ofIntegers(GgufValueType.INT32, never));
    }
  }
}
