/**
 * OpenAI's Responses API: create, stream, retrieve, cancel and delete responses, list their input, and count it.
 *
 * <p>A response is made of items: messages, reasoning, function calls and their outputs. They are read into one normal form
 * ({@link io.panallama.server.dialect.responses.InputItems}), which is what the store keeps and what a conversation for the model is
 * made from. Responses are kept in memory, within limits, until the server ends.
 */
@NullMarked
package io.panallama.server.dialect.responses;

import org.jspecify.annotations.NullMarked;
