package io.panallama.observe;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The facts about a loaded model. Names and units are those of {@link io.panallama.Model}.
 *
 * @param path the file as it was given
 * @param metadata every entry of the file's metadata as text, in the file's order; unmodifiable
 * @param chatTemplate the Jinja source of the chat template
 */
public record ModelFacts(
    Path path,
    String name,
    String description,
    String architecture,
    long parameterCount,
    long sizeBytes,
    int layerCount,
    int embeddingSize,
    int trainedContextSize,
    Map<String, String> metadata,
    Optional<String> chatTemplate) {
  public ModelFacts {
    metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
  }
}
