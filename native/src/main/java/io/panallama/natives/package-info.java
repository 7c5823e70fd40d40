/** The provider of the native libraries in this jar. */
@NullMarked
package io.panallama.natives;

import org.jspecify.annotations.NullMarked;
