package io.panallama.gguf;

import io.panallama.error.ModelLoadException;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Checks everything about a vocabulary that {@code llama_vocab::impl::load} and the tokenizers of llama.cpp v0.5.0 assert, or throw through the C API.
 */
final class VocabularyPreflight {
  /** The maximum number of tokens in a vocabulary; the largest have some 300,000. */
  static final int MAX_TOKENS = 1 << 24;

  private static final String KEY = "tokenizer.ggml.";
  private static final int BYTE_TOKEN = 6; // LLAMA_TOKEN_TYPE_BYTE
  private static final int NONE = -1;

  /** The ids that a tokenizer has by default. */
  private record Defaults(int bos, int eos, int separator) {}

  private static final Defaults NO_DEFAULTS = new Defaults(NONE, NONE, NONE);

  /** The names that {@code impl::load} knows, with their default ids. */
  private static final Map<String, Defaults> TOKENIZERS =
      Map.ofEntries(
          Map.entry("no_vocab", NO_DEFAULTS),
          Map.entry("none", NO_DEFAULTS),
          Map.entry("llama", new Defaults(1, 2, NONE)),
          Map.entry("bert", new Defaults(101, NONE, 102)),
          Map.entry("gpt2", new Defaults(11, 11, NONE)),
          Map.entry("hybriddna", new Defaults(11, 11, NONE)),
          Map.entry("whitespace", new Defaults(11, 11, NONE)),
          Map.entry("t5", new Defaults(NONE, 1, NONE)),
          Map.entry("rwkv", NO_DEFAULTS),
          Map.entry("test", NO_DEFAULTS),
          Map.entry("plamo2", new Defaults(1, 2, NONE)),
          Map.entry("gemma4", NO_DEFAULTS));

  private static final List<String> BYTE_PAIR = List.of("gpt2", "hybriddna", "whitespace", "gemma4");

  /** Pre-tokenizers after which {@code impl::load} turns on the BOS token unless the file says otherwise. */
  private static final List<String> PRE_WITH_BOS =
      List.of(
          "llama3",
          "llama-v3",
          "llama-bpe",
          "falcon3",
          "falcon-h1",
          "pixtral",
          "midm-2.0",
          "lfm2",
          "jina-v5-nano",
          "tekken",
          "chameleon");

  /** Pre-tokenizers that force the BOS token on. */
  private static final List<String> PRE_FORCING_BOS = List.of("gemma4", "granite-embed-multi-311m");

  private final Facts facts;
  private final String tokenizer;
  private final String pre;

  private VocabularyPreflight(Facts facts, String tokenizer, String pre) {
    this.facts = facts;
    this.tokenizer = tokenizer;
    this.pre = pre;
  }

  static void check(Facts facts, String architecture) {
    String tokenizer = facts.text(KEY + "model");
    if (tokenizer == null) {
      throw facts.corrupt("the key " + KEY + "model is missing");
    }
    if (!TOKENIZERS.containsKey(tokenizer)) {
      throw facts.corrupt(
          KEY
              + "model is \""
              + tokenizer
              + "\", expected one of "
              + String.join(", ", TOKENIZERS.keySet().stream().sorted().toList()));
    }
    if (tokenizer.equals("no_vocab") || tokenizer.equals("none")) {
      facts.optional(architecture + ".vocab_size", 0, 0, MAX_TOKENS); // the loader creates this many dummy tokens
      return;
    }
    String pre = facts.text(KEY + "pre");
    if (tokenizer.equals("gemma4")) {
      pre = "gemma4"; // like the loader
    }
    new VocabularyPreflight(facts, tokenizer, pre == null ? "" : pre).check();
  }

  private void check() {
    GgufArray tokens = facts.array(KEY + "tokens", GgufValueType.STRING);
    if (tokens == null || tokens.size() == 0) {
      throw facts.corrupt(KEY + "tokens " + (tokens == null ? "is missing" : "is empty"));
    }
    lengths(tokens);
    merges();
    @Nullable GgufArray types = facts.array(KEY + "token_type", GgufValueType.INT32);
    if (tokenizer.equals("bert") && types != null) {
      refuseByteTokens(types, tokens.size());
    }
    TokenSet set = new TokenSet(facts, tokens);
    bytes(set, tokens);
    special(tokens.size());
    if (tokenizer.equals("t5")) {
      charsmap();
    }
  }

  private void lengths(GgufArray tokens) {
    GgufArray scores = facts.array(KEY + "scores", GgufValueType.FLOAT32, GgufValueType.INT32);
    GgufArray types = facts.array(KEY + "token_type", GgufValueType.INT32);
    facts.array(KEY + "suppress_tokens", GgufValueType.INT32);
    if (scores != null && scores.size() < tokens.size()) {
      throw facts.corrupt(KEY + "scores has " + scores.size() + " elements for " + tokens.size() + " tokens");
    }
    if (types != null && types.size() < tokens.size()) {
      throw facts.corrupt(KEY + "token_type has " + types.size() + " elements for " + tokens.size() + " tokens");
    }
  }

  private void merges() {
    if (!BYTE_PAIR.contains(tokenizer)) {
      return;
    }
    GgufArray merges = facts.array(KEY + "merges", GgufValueType.STRING);
    if (merges == null && !pre.equals("kimi-k2")) {
      throw facts.corrupt(KEY + "merges is missing, which the tokenizer " + tokenizer + " needs");
    }
    // Only the session of the tokenizer "whitespace" keeps blanks out of find_bpe_rank, which asserts on them.
    if (pre.equals("whitespace") && !tokenizer.equals("whitespace")) {
      throw facts.corrupt(KEY + "pre is \"whitespace\" for the tokenizer " + tokenizer + ", expected whitespace");
    }
  }

  /** {@code token_to_byte} aborts for the tokenizer "bert". */
  private void refuseByteTokens(GgufArray types, int count) {
    for (int i = 0; i < count; i++) {
      if (types.integer(i) == BYTE_TOKEN) {
        throw facts.corrupt(KEY + "token_type makes token " + i + " a byte, which the tokenizer bert does not have");
      }
    }
  }

  /**
   * Text that no token covers falls back to single bytes. If a byte has no token, {@code byte_to_token} throws through {@code llama_tokenize}, which ends the process, and the RWKV tokenizer never returns.
   */
  private void bytes(TokenSet set, GgufArray tokens) {
    switch (tokenizer) {
      case "llama" -> requireBytes(set);
      case "rwkv" -> {
        BitSet found = new BitSet(256);
        for (int i = 0; i < tokens.size(); i++) {
          byte[] token = RwkvToken.unescape(TokenSet.cString(tokens.raw(i)));
          if (token.length == 1) {
            found.set(token[0] & 0xFF);
          }
        }
        int missing = found.nextClearBit(0);
        if (missing < 256) {
          throw missingByte(missing);
        }
      }
      default -> {}
    }
  }

  private void requireBytes(TokenSet set) {
    for (int b = 0; b < 256; b++) {
      boolean named = set.contains(String.format("<0x%02X>", b).getBytes(StandardCharsets.US_ASCII));
      if (!named && !(b != 0 && set.contains(new byte[] {(byte) b}))) {
        throw missingByte(b);
      }
    }
  }

  private ModelLoadException missingByte(int b) {
    return facts.corrupt(
        String.format(
            "%stokens has no token for the byte 0x%02X, which the tokenizer %s falls back to", KEY, b, tokenizer));
  }

  /** A tokenizer that adds BOS, EOS or a separator asserts that the token exists. */
  private void special(int tokens) {
    Defaults defaults = TOKENIZERS.getOrDefault(tokenizer, NO_DEFAULTS);
    int bos = id("bos_token_id", defaults.bos(), tokens);
    int eos = id("eos_token_id", defaults.eos(), tokens);
    int separator = id("seperator_token_id", defaults.separator(), tokens);
    boolean wordPiece = tokenizer.equals("bert");
    boolean addBos = tokenizer.equals("llama") || PRE_WITH_BOS.contains(pre) && BYTE_PAIR.contains(tokenizer);
    boolean forced = wordPiece || PRE_FORCING_BOS.contains(pre) && BYTE_PAIR.contains(tokenizer);
    if (bos == NONE && (forced || facts.bool(KEY + "add_bos_token", addBos)) && usesSpecials()) {
      throw noSuchId("bos_token_id", "add_bos_token", tokens);
    }
    if (eos == NONE && !wordPiece && facts.bool(KEY + "add_eos_token", tokenizer.equals("t5")) && usesSpecials()) {
      throw noSuchId("eos_token_id", "add_eos_token", tokens);
    }
    if (separator == NONE && wordPiece) {
      throw noSuchId("seperator_token_id", "add_sep_token", tokens);
    }
  }

  /** The tokenizers of RWKV, PLaMo and tests never add any. */
  private boolean usesSpecials() {
    return !List.of("rwkv", "plamo2", "test").contains(tokenizer);
  }

  private int id(String name, int fallback, int tokens) {
    OptionalLong id = facts.u32(KEY + name);
    if (id.isPresent() && id.getAsLong() < tokens) {
      return (int) id.getAsLong();
    }
    return fallback < tokens ? fallback : NONE; // out of range: llama.cpp warns and keeps the default
  }

  private ModelLoadException noSuchId(String id, String switchedOn, int tokens) {
    return facts.corrupt(
        KEY
            + id
            + " names none of the "
            + tokens
            + " tokens, but "
            + switchedOn
            + " is on for the tokenizer "
            + tokenizer);
  }

  private void charsmap() {
    GgufArray map = facts.array(KEY + "precompiled_charsmap", GgufValueType.INT8, GgufValueType.UINT8);
    if (map != null) {
      CharacterMap.check(facts, map.data());
    }
  }
}
