package io.panallama.internal.engine;

/**
 * What the loop needs to know beside its decoder.
 *
 * @param name names the thread
 * @param slots sequences that may be active at once
 * @param queueLimit generations that may wait for a slot
 * @param mailboxCapacity tokens that a generation may be ahead of its reader
 */
public record EngineSettings(String name, int slots, int queueLimit, int mailboxCapacity) {}
