/**
 * Ollama's API: generate, chat, and what its clients ask about models.
 *
 * <p>Requests and answers have Ollama's field names and shapes. Streams are lines of JSON, and the default; errors are {@code {"error":
 * "..."}}. The server's models are fixed: nothing can be pulled, created or deleted, and they stay loaded. Nothing outside imports
 * this package except the server's list of dialects.
 */
@NullMarked
package io.panallama.server.dialect.ollama;

import org.jspecify.annotations.NullMarked;
