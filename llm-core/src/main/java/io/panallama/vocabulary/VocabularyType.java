package io.panallama.vocabulary;

/** The tokenizer families of llama.h, in the order of {@code llama_vocab_type}. */
public enum VocabularyType {
  /** No vocabulary. */
  NONE,
  /** SentencePiece BPE with byte fallback (Llama 2). */
  SPM,
  /** Byte-level BPE (GPT-2, Llama 3, Qwen). */
  BPE,
  /** WordPiece (BERT). */
  WPM,
  /** Unigram (T5). */
  UGM,
  /** Greedy (RWKV). */
  RWKV,
  /** Aho-Corasick with dynamic programming (PLaMo 2). */
  PLAMO2,
  /** llama.cpp's own test tokenizer. */
  TEST
}
