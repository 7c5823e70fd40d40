package io.panallama.server.registry;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A model cannot be used now. {@link #reason} says why, and whether it is worth trying again. */
public final class ModelUnavailableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Why the model cannot be used. */
  public enum Reason {
    /** No model has been loaded yet. */
    LOADING(true),
    /** The server is being closed; another instance, or this one after its restart, may answer. */
    SHUTTING_DOWN(true),
    /** The engine's process has died and is being replaced. Requests are taken and wait; only readiness is denied. */
    RESTARTING(true),
    /** The engine was closed by its owner, who may serve another one. */
    ENGINE_CLOSED(true),
    /** The engine ended by a fault. It does not come back by itself. */
    ENGINE_FAILED(false),
    /** No served model generates text: the server was started for embeddings or rankings only. */
    NONE_GENERATES(false);

    private final boolean retriable;

    Reason(boolean retriable) {
      this.retriable = retriable;
    }

    /** Whether the same request may succeed later. */
    public boolean retriable() {
      return retriable;
    }
  }

  private final Reason reason;

  ModelUnavailableException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  static ModelUnavailableException loading() {
    return new ModelUnavailableException(
        Reason.LOADING, "The model is still being loaded; try again in a moment.", null);
  }

  static ModelUnavailableException restarting(String id) {
    return new ModelUnavailableException(
        Reason.RESTARTING, "The engine of the model \"" + id + "\" is being restarted; requests wait for it.", null);
  }

  /**
   * Does nothing if a model that generates no text is healthy.
   *
   * @throws ModelUnavailableException if it is not
   */
  static void unlessUp(String id, Health health) {
    String text = "The engine of the model \"" + id + "\" " + health.told();
    switch (health.status()) {
      case UP -> {}
      case RESTARTING -> throw restarting(id);
      case CLOSED -> throw new ModelUnavailableException(Reason.ENGINE_CLOSED, text + ".", null);
      case FAILED ->
          throw new ModelUnavailableException(Reason.ENGINE_FAILED, text + "; the server's log says why.", null);
    }
  }

  static ModelUnavailableException noneGenerates(List<ServedModel> served) {
    return new ModelUnavailableException(
        Reason.NONE_GENERATES,
        "This server generates no text: it serves "
            + served.stream()
                .map(model -> "\"" + model.id() + "\" " + does(model.kind()))
                .collect(Collectors.joining(", "))
            + ". Start it without --embedding and --reranking for a model that does.",
        null);
  }

  private static String does(ServedModel.Kind kind) {
    return switch (kind) {
      case GENERATES -> "for conversations";
      case EMBEDS -> "for embeddings";
      case RANKS -> "for rankings";
      case CLASSIFIES -> "for labels";
    };
  }

  static ModelUnavailableException shuttingDown() {
    return new ModelUnavailableException(
        Reason.SHUTTING_DOWN, "The server is shutting down: it finishes running requests and takes no new ones.", null);
  }

  /** Why the model cannot be used. */
  public Reason reason() {
    return reason;
  }
}
