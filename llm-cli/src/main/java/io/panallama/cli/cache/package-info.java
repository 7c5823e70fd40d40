/**
 * What Panallama leaves in its cache folder: unpacked libraries, the demo model, what a build fetched, and prefixes.
 *
 * <p>{@link io.panallama.cli.cache.Caches} lists it with sizes and says what this version uses. It deletes only what it
 * knows by name, and never the folder itself, which a user may have chosen.
 */
@NullMarked
package io.panallama.cli.cache;

import org.jspecify.annotations.NullMarked;
