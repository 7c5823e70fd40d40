package io.panallama.models;

import java.nio.file.Path;
import java.util.Optional;

/**
 * A model in the cache folder.
 *
 * @param file the GGUF file
 * @param sha512 SHA-512 of the jar that it was just made from; empty if it was in the cache already
 */
public record PulledModel(Path file, Optional<String> sha512) {}
