/**
 * Anthropic's API: messages, the counting of their tokens, and models for clients that send {@code anthropic-version}.
 *
 * <p>Requests and answers have Anthropic's field names and shapes. A request may also have llama-server's sampling fields. Streams
 * are server-sent events that end with {@code message_stop}; errors are {@code {"type": "error", "error": {"type", "message"}}}.
 * Nothing outside imports this package except the server's list of dialects.
 */
@NullMarked
package io.panallama.server.dialect.anthropic;

import org.jspecify.annotations.NullMarked;
