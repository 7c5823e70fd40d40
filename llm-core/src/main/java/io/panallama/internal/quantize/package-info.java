/**
 * What is checked before llama.cpp quantizes a file: every case in which it would abort the process.
 */
@NullMarked
package io.panallama.internal.quantize;

import org.jspecify.annotations.NullMarked;
