/**
 * OpenAI's API: chat completions, completions and models.
 *
 * <p>Requests and answers have OpenAI's field names and shapes, extended by fields of llama-server and vLLM that OpenAI lacks.
 * Streams are server-sent events that end with {@code [DONE]}; errors are {@code {"error": {"message", "type", "param",
 * "code"}}}. Nothing outside imports this package except the server's list of dialects.
 */
@NullMarked
package io.panallama.server.dialect.openai;

import org.jspecify.annotations.NullMarked;
