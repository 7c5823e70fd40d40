/**
 * Events for the JDK Flight Recorder: what a step of an engine consists of, how long generations
 * wait, when tokens reach their readers, what goes through the caches, and what llama.cpp holds. While
 * nothing is recorded they cost a branch each and allocate nothing. docs/performance.md says how to read them.
 */
@NullMarked
package io.panallama.internal.flight;

import org.jspecify.annotations.NullMarked;
