/**
 * Checks a model before llama.cpp quantises it, for every case in which llama.cpp would abort the process.
 */
@NullMarked
package io.panallama.internal.quantize;

import org.jspecify.annotations.NullMarked;
