/**
 * Conversations as values: messages, the tools that a model may call, and how the chat template is applied.
 *
 * <pre>{@code
 * List<ChatMessage> conversation =
 *     List.of(ChatMessage.system("Answer in one sentence."), ChatMessage.user("What is a KV cache?"));
 * }</pre>
 *
 * <p>These types have no behaviour beyond validating themselves. A {@link io.panallama.request.ChatRequest} combines them with the options of a generation. All of them are immutable and thread-safe.
 */
@NullMarked
package io.panallama.chat;

import org.jspecify.annotations.NullMarked;
