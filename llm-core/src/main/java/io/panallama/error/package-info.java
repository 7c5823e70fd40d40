/**
 * The exceptions of the library, all of them unchecked subclasses of {@link io.panallama.error.PanallamaException}.
 *
 * <pre>{@code
 * try {
 *   engine.generate(request);
 * } catch (EngineBusyException busy) {
 *   // every slot and the queue are taken: try again later
 * } catch (InvalidRequestException wrong) {
 *   System.err.println(wrong.parameter() + ": " + wrong.getMessage());
 * }
 * }</pre>
 *
 * <p>Each message says what is wrong, where, and what is allowed. Exceptions with several causes have a {@code Reason} to switch on, so no caller needs to parse a message. Nothing here refers to native code.
 */
@NullMarked
package io.panallama.error;

import org.jspecify.annotations.NullMarked;
