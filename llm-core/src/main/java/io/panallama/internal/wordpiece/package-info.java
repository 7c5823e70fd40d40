/**
 * WordPiece, the tokenizer of BERT and its kin, with the ids that Hugging Face's tokenizers give. Why it is not left to
 * llama.cpp: docs/architecture.md, "Tokens of BERT".
 */
@NullMarked
package io.panallama.internal.wordpiece;

import org.jspecify.annotations.NullMarked;
