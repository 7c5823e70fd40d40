package io.panallama;

import io.panallama.internal.llama.VocabularyFacts;
import io.panallama.internal.stream.Pieces;
import io.panallama.request.InfillRequest;
import io.panallama.vocabulary.InfillTokens;
import io.panallama.vocabulary.VocabularyType;
import java.util.Arrays;
import java.util.OptionalInt;

/**
 * The tokens of a model. They are read once when the model is loaded. Thread-safe and usable after the model is closed.
 */
public final class Vocabulary {
  private final VocabularyFacts facts;
  private final Pieces pieces;

  Vocabulary(VocabularyFacts facts, Pieces pieces) {
    this.facts = facts;
    this.pieces = pieces;
  }

  /** The number of tokens; ids are 0 to {@code size() - 1}. */
  public int size() {
    return facts.size();
  }

  /** The type of tokenizer. */
  public VocabularyType type() {
    VocabularyType[] types = VocabularyType.values();
    return facts.type() >= 0 && facts.type() < types.length ? types[facts.type()] : VocabularyType.NONE;
  }

  /** The token at the beginning of a text. */
  public OptionalInt beginningOfText() {
    return facts.bos();
  }

  /** The token at the end of a text. */
  public OptionalInt endOfText() {
    return facts.eos();
  }

  /** The token at the end of a turn. */
  public OptionalInt endOfTurn() {
    return facts.eot();
  }

  /** The padding token. */
  public OptionalInt padding() {
    return facts.pad();
  }

  /** The tokens around a gap that the model fills; see {@link InfillRequest}. */
  public InfillTokens infillTokens() {
    return facts.infill();
  }

  /** Whether a prompt should begin with {@link #beginningOfText}. */
  public boolean addsBeginningOfText() {
    return facts.addsBos();
  }

  /** Whether a prompt should end with {@link #endOfText}. */
  public boolean addsEndOfText() {
    return facts.addsEos();
  }

  /**
   * Whether a generation ends with this token.
   *
   * @throws IndexOutOfBoundsException if the id is not in the vocabulary
   */
  public boolean isEndOfGeneration(int token) {
    return facts.isEndOfGeneration(token);
  }

  /**
   * Whether this is a control token, which has no visible text.
   *
   * @throws IndexOutOfBoundsException if the id is not in the vocabulary
   */
  public boolean isControl(int token) {
    return facts.isControl(token);
  }

  /**
   * The bytes that the token adds to the output: a part of a UTF-8 text, possibly only part of a character; empty for a control token.
   *
   * @throws IndexOutOfBoundsException if the id is not in the vocabulary
   */
  public byte[] piece(int token) {
    return Arrays.copyOfRange(pieces.bytes(), pieces.offsets()[token], pieces.offsets()[token + 1]);
  }

  VocabularyFacts facts() {
    return facts;
  }

  Pieces pieces() {
    return pieces;
  }
}
