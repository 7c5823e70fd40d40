/**
 * llama-server's own routes: {@code /infill} and {@code /apply-template}.
 *
 * <p>{@code /infill} has llama-server's fields and answers; its streams are server-sent events without a {@code [DONE]} at their
 * end. {@code /apply-template} shows the prompt that a conversation would be generated from. Nothing outside imports this package
 * except the server's list of dialects.
 */
@NullMarked
package io.panallama.server.dialect.llamacpp;

import org.jspecify.annotations.NullMarked;
