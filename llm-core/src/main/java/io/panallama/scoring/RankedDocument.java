package io.panallama.scoring;

/**
 * A document with its score.
 *
 * @param index of the document among those given, from 0
 * @param score how well it answers the query; only the scores of one query and model can be compared
 * @param tokens how many tokens were computed for it, those of the query and around both included
 * @param truncated whether the end of the document was left out ({@link RerankOptions#truncate})
 */
public record RankedDocument(int index, float score, int tokens, boolean truncated) {}
