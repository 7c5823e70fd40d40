@NullMarked
package io.panallama.bindings;

import org.jspecify.annotations.NullMarked;
