/**
 * Flight recordings of a server: made of its processes, read, and explained.
 *
 * <p>{@link io.panallama.cli.profile.Jcmd} finds Java processes and records them, {@link io.panallama.cli.profile.FlightReader} reads what was
 * recorded, {@link io.panallama.cli.profile.SpikeFinder} says where latency spikes came from (the recipe of docs/performance.md), and {@link
 * io.panallama.cli.profile.ProfilePage} shows it with a flame graph as one HTML file.
 */
@NullMarked
package io.panallama.cli.profile;

import org.jspecify.annotations.NullMarked;
