package io.panallama.cli;

import io.panallama.TextEmbedder;

/** An embedder together with the model it owns; closing it closes both. */
interface LoadedEmbedder extends LoadedModel {
  TextEmbedder embedder();

  /** The number of tokens of a text, without those that the model puts around it. */
  int countTokens(String text);
}
