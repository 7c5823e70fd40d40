package io.panallama.generation;

import java.time.Duration;

/**
 * How far the prompt of a generation has been computed.
 *
 * @param total tokens of the prompt, without those that were discarded to make it fit
 * @param cached those that the KV cache had
 * @param processed those that are in the KV cache now, the cached ones included
 * @param elapsed since the first step of the prompt began
 */
public record PromptProgress(int total, int cached, int processed, Duration elapsed) {}
