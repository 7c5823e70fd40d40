/** The routes: what each path does with a request, and what it answers. */
@NullMarked
package io.panallama.server.api;

import org.jspecify.annotations.NullMarked;
