/**
 * The reader's side of a generation: tokens into text, text into pieces, pieces into events of a chat.
 */
@NullMarked
package io.panallama.internal.stream;

import org.jspecify.annotations.NullMarked;
