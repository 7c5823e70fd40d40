/**
 * Scheduling policy in pure Java: which sequences are admitted or wait, and which tokens a step computes. It knows no decoder, no cache and no clock of its own; callers pass in times and counts. A sequence is seen only as a {@link io.panallama.internal.schedule.Schedulable}.
 */
@NullMarked
package io.panallama.internal.schedule;

import org.jspecify.annotations.NullMarked;
