/** Artifacts of Maven repositories, resolved as the user's own Maven would, and the models in them. */
@NullMarked
package io.panallama.models.internal.maven;

import org.jspecify.annotations.NullMarked;
