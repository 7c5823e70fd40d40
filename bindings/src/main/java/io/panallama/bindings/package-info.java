/**
 * The loader of the native libraries. The functions themselves are in {@code io.panallama.bindings.generated}, which
 * jextract generates from the headers of llama.cpp and of the bridge.
 *
 * {@snippet :
 * NativeLibraries libraries = NativeLibraries.load();
 * System.out.println(libraries);
 * long devices = LlamaCpp.ggml_backend_dev_count();
 * }
 *
 * <p>This is the only module that makes restricted calls. Start Java with {@code --enable-native-access=ALL-UNNAMED}
 * when it is on the class path, and with {@code --enable-native-access=io.panallama.bindings} when it is a module. The jar
 * of the libraries needs no option in either case: on the class path its resources are found, and on the module path its
 * module is resolved because it provides the service that this one uses.
 *
 * <table class="striped">
 * <caption>Settings; a system property takes precedence over its environment variable</caption>
 * <tr><th>property<th>variable<th>meaning
 * <tr><td>{@code panallama.backend}<td>{@code PANALLAMA_BACKEND}<td>{@code auto} (default), {@code cpu} or {@code cuda}
 * <tr><td>{@code panallama.native.dir}<td>{@code PANALLAMA_NATIVE_DIR}<td>a folder of your own build instead of the
 * packaged libraries
 * <tr><td>{@code panallama.cache.dir}<td>{@code PANALLAMA_CACHE_DIR}<td>where packaged libraries are unpacked, once per
 * version
 * <tr><td>{@code panallama.native.verify}<td><td>{@code true}: compare the hashes of unpacked files at every start, not
 * only their sizes
 * </table>
 */
@NullMarked
package io.panallama.bindings;

import org.jspecify.annotations.NullMarked;
