/** Java types as JSON: their schemas, and the way from JSON to values and back. Pure Java. */
@NullMarked
package io.panallama.internal.types;

import org.jspecify.annotations.NullMarked;
