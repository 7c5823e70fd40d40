/**
 * Events for the JDK Flight Recorder: what a step of an engine consists of and when its tokens reach their readers. While
 * nothing is recorded they cost a branch each and allocate nothing. docs/performance.md says how to read them.
 */
@NullMarked
package io.panallama.internal.flight;

import org.jspecify.annotations.NullMarked;
