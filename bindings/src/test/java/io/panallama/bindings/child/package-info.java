/** Programs that tests run in a JVM of their own; apart, so that they also work beside the module on the module path. */
@NullMarked
package io.panallama.bindings.child;

import org.jspecify.annotations.NullMarked;
