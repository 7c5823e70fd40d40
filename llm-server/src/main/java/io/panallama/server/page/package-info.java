/**
 * The chat page at {@code /}. Its files are in the jar and are served unchanged, with a policy that lets nothing else run. It uses
 * the same API as any other client.
 */
@NullMarked
package io.panallama.server.page;

import org.jspecify.annotations.NullMarked;
