package io.panallama.internal.llama;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.vocabulary.InfillTokens;
import io.panallama.vocabulary.VocabularyType;
import java.lang.foreign.MemorySegment;
import java.util.OptionalInt;

/** The facts of a vocabulary, read once, so that they outlive the native model. */
public final class VocabularyFacts {
  private final int type;
  private final int[] attributes;
  private final boolean[] endOfGeneration;
  private final int bos;
  private final int eos;
  private final int eot;
  private final int sep;
  private final int pad;
  private final int fimPrefix;
  private final int fimSuffix;
  private final int fimMiddle;
  private final int fimRepository;
  private final int fimFile;
  private final boolean addsBos;
  private final boolean addsEos;

  private VocabularyFacts(MemorySegment vocabulary, int size) {
    type = LlamaCpp.llama_vocab_type(vocabulary);
    attributes = new int[size];
    endOfGeneration = new boolean[size];
    for (int token = 0; token < size; token++) {
      attributes[token] = LlamaCpp.llama_vocab_get_attr(vocabulary, token);
      endOfGeneration[token] = LlamaCpp.llama_vocab_is_eog(vocabulary, token);
    }
    bos = LlamaCpp.llama_vocab_bos(vocabulary);
    eos = LlamaCpp.llama_vocab_eos(vocabulary);
    eot = LlamaCpp.llama_vocab_eot(vocabulary);
    sep = LlamaCpp.llama_vocab_sep(vocabulary);
    pad = LlamaCpp.llama_vocab_pad(vocabulary);
    fimPrefix = LlamaCpp.llama_vocab_fim_pre(vocabulary);
    fimSuffix = LlamaCpp.llama_vocab_fim_suf(vocabulary);
    fimMiddle = LlamaCpp.llama_vocab_fim_mid(vocabulary);
    fimRepository = LlamaCpp.llama_vocab_fim_rep(vocabulary);
    fimFile = LlamaCpp.llama_vocab_fim_sep(vocabulary);
    addsBos = LlamaCpp.llama_vocab_get_add_bos(vocabulary);
    addsEos = LlamaCpp.llama_vocab_get_add_eos(vocabulary);
  }

  static VocabularyFacts read(MemorySegment vocabulary, int size) {
    return new VocabularyFacts(vocabulary, size);
  }

  public int size() {
    return attributes.length;
  }

  /** llama.h's {@code llama_vocab_type}. */
  public int type() {
    return type;
  }

  /** Whether the tokenizer is SentencePiece's byte-pair encoding with byte fallback. */
  public boolean isSentencePiece() {
    return type == VocabularyType.SPM.ordinal();
  }

  /** Whether the tokenizer is a byte-level byte-pair encoding. */
  public boolean isBytePair() {
    return type == VocabularyType.BPE.ordinal();
  }

  public boolean isEndOfGeneration(int token) {
    return endOfGeneration[token];
  }

  public boolean isControl(int token) {
    return (attributes[token] & LlamaCpp.LLAMA_TOKEN_ATTR_CONTROL()) != 0;
  }

  /** Whether the token absorbs white space beside it, if its text is in a prompt. */
  public boolean absorbsSpaces(int token) {
    int absorbing = LlamaCpp.LLAMA_TOKEN_ATTR_LSTRIP() | LlamaCpp.LLAMA_TOKEN_ATTR_RSTRIP();
    return (attributes[token] & absorbing) != 0;
  }

  /** Whether the token has no text in output, by the rule of {@code llama_token_to_piece} without {@code special}. */
  boolean isHidden(int token) {
    return (attributes[token] & (LlamaCpp.LLAMA_TOKEN_ATTR_CONTROL() | LlamaCpp.LLAMA_TOKEN_ATTR_UNKNOWN())) != 0;
  }

  public OptionalInt bos() {
    return optional(bos);
  }

  public OptionalInt eos() {
    return optional(eos);
  }

  public OptionalInt eot() {
    return optional(eot);
  }

  /** The token between two texts. */
  public OptionalInt sep() {
    return optional(sep);
  }

  public OptionalInt pad() {
    return optional(pad);
  }

  /** The tokens of infilling, see llama.h's {@code llama_vocab_fim_*}. */
  public InfillTokens infill() {
    return new InfillTokens(
        optional(fimPrefix), optional(fimSuffix), optional(fimMiddle), optional(fimRepository), optional(fimFile));
  }

  public boolean addsBos() {
    return addsBos;
  }

  public boolean addsEos() {
    return addsEos;
  }

  private static OptionalInt optional(int token) {
    return token < 0 ? OptionalInt.empty() : OptionalInt.of(token);
  }
}
