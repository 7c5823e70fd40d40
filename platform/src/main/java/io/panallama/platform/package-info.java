/**
 * The folders of the user's caches ({@link io.panallama.platform.CacheFolder}) and of what the user keeps ({@link
 * io.panallama.platform.DataFolder}), and the service through which the module
 * system finds a jar of native libraries ({@link io.panallama.platform.NativeResources}). The program that builds the
 * native libraries uses this package too, so it depends on nothing but {@code java.base}.
 */
@NullMarked
package io.panallama.platform;

import org.jspecify.annotations.NullMarked;
