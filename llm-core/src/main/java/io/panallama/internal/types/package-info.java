/** The JSON representation of Java types: their schemas, their outlines for prompts, and the conversion between JSON and values. Pure Java. */
@NullMarked
package io.panallama.internal.types;

import org.jspecify.annotations.NullMarked;
