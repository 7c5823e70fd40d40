/**
 * The loader of the native libraries; the functions themselves are in {@code io.panallama.bindings.generated}, made by
 * jextract from llama.cpp's headers and the bridge's.
 *
 * {@snippet :
 * NativeLibraries libraries = NativeLibraries.load();
 * System.out.println(libraries);
 * long devices = LlamaCpp.ggml_backend_dev_count();
 * }
 *
 * <p>This is the only module that makes restricted calls. Start Java with {@code --enable-native-access=ALL-UNNAMED}
 * when it is on the class path, and with {@code --enable-native-access=io.panallama.bindings} when it is a module. The
 * jar of the libraries is not required by any module; on the module path it has to be named in {@code --add-modules}.
 *
 * <table class="striped">
 * <caption>Settings; a system property goes before the environment variable</caption>
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
