/**
 * Models small enough to be written by a test, and files that are no models: for the tests and benchmarks of every
 * module (the {@code tests} jar of {@code panallama-core}).
 */
@NullMarked
package io.panallama.testkit;

import org.jspecify.annotations.NullMarked;
