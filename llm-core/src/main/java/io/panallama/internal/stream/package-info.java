/**
 * The path of an answer from the engine thread to its reader: token bytes through a mailbox, bytes into text, text into the events of a chat. The writing side allocates nothing and never blocks; the reading side belongs to one reader at a time. Nothing here decides what is computed.
 */
@NullMarked
package io.panallama.internal.stream;

import org.jspecify.annotations.NullMarked;
