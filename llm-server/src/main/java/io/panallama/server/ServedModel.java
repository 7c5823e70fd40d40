package io.panallama.server;

import io.panallama.sampling.Sampling;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * What the server tells clients about its model, and the defaults of requests that leave something out.
 *
 * @param id the name in {@code /v1/models} and in every answer; requests may also say {@code "default"}
 * @param aliases other names that requests may use
 * @param description one line for people
 * @param demo whether this is the embedded demo model; the chat page then says so
 * @param contextSize tokens that one conversation may hold
 * @param parameters the number of weights, 0 if unknown
 * @param created when the model was made or loaded
 * @param ownedBy who made it
 * @param sampling gives a fresh builder with this model's sampling defaults; a request's own fields are set over them
 */
public record ServedModel(
    String id,
    List<String> aliases,
    String description,
    boolean demo,
    int contextSize,
    long parameters,
    Instant created,
    String ownedBy,
    Supplier<Sampling.Builder> sampling) {
  public ServedModel {
    Objects.requireNonNull(description, "description");
    Objects.requireNonNull(created, "created");
    Objects.requireNonNull(ownedBy, "ownedBy");
    Objects.requireNonNull(sampling, "sampling");
    aliases = List.copyOf(aliases);
    if (id.isBlank()) {
      throw new IllegalArgumentException("id is blank; a model needs a name.");
    }
    if (contextSize < 1) {
      throw new IllegalArgumentException("contextSize is " + contextSize + "; it must be at least 1.");
    }
  }

  /** A model with llama.cpp's sampling defaults and nothing else to say about it. */
  public static ServedModel of(String id, int contextSize) {
    return new ServedModel(id, List.of(), "", false, contextSize, 0, Instant.now(), "panallama", Sampling::builder);
  }

  public ServedModel withAliases(String... newAliases) {
    return new ServedModel(
        id, List.of(newAliases), description, demo, contextSize, parameters, created, ownedBy, sampling);
  }

  public ServedModel withDescription(String newDescription) {
    return new ServedModel(id, aliases, newDescription, demo, contextSize, parameters, created, ownedBy, sampling);
  }

  public ServedModel withDemo(boolean newDemo) {
    return new ServedModel(id, aliases, description, newDemo, contextSize, parameters, created, ownedBy, sampling);
  }

  public ServedModel withParameters(long newParameters) {
    return new ServedModel(id, aliases, description, demo, contextSize, newParameters, created, ownedBy, sampling);
  }

  public ServedModel withSampling(Supplier<Sampling.Builder> newSampling) {
    return new ServedModel(id, aliases, description, demo, contextSize, parameters, created, ownedBy, newSampling);
  }

  /** Whether a request may call this model {@code name}. */
  public boolean answersTo(String name) {
    return name.equals(id) || name.equals("default") || aliases.contains(name);
  }
}
