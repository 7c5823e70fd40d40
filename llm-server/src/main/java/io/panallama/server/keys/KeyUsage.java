package io.panallama.server.keys;

/**
 * What a key has done since the server's start.
 *
 * @param id the key's id; {@link KeyAccounts#FIXED} for all keys without an id together
 * @param requests admitted requests that its limits count
 * @param limited requests that a limit refused
 * @param running requests that are being answered
 * @param promptTokens tokens of prompts and other texts
 * @param answerTokens generated tokens
 */
public record KeyUsage(String id, long requests, long limited, long running, long promptTokens, long answerTokens) {}
