package io.panallama.internal.embed;

import io.panallama.error.EmbeddingException;
import io.panallama.error.EmbeddingException.Reason;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.error.PanallamaException;
import io.panallama.internal.decode.Batch;
import io.panallama.internal.decode.Decoder;
import io.panallama.internal.decode.Outputs;
import io.panallama.internal.embed.EmbeddingQueue.Row;
import io.panallama.internal.engine.Lifecycle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The thread that computes embeddings: takes texts from the queue, as many as make a batch, until it is closed or an error
 * ends it. Confined to that thread, which alone owns the decoder.
 */
final class EmbeddingLoop {
  private final EmbeddingSettings settings;
  private final Supplier<Decoder> decoders;
  private final EmbeddingQueue queue;
  private final Lifecycle life;
  private final List<Row> rows = new ArrayList<>();

  EmbeddingLoop(EmbeddingSettings settings, Supplier<Decoder> decoders, EmbeddingQueue queue, Lifecycle life) {
    this.settings = settings;
    this.decoders = decoders;
    this.queue = queue;
    this.life = life;
  }

  /** Runs the whole life of the thread. Throws nothing: an error is recorded as {@link Lifecycle#failure}. */
  void run() {
    Decoder decoder;
    try {
      decoder = decoders.get();
    } catch (Throwable failure) {
      life.notStarted(failure);
      return;
    }
    RuntimeException reason = new EngineClosedException();
    try {
      serve(decoder);
    } catch (Throwable failure) {
      life.failed(failure);
      reason = new EngineFailedException(failure);
    } finally {
      RuntimeException unserved = reason;
      try {
        queue.close(unserved, job -> job.result().completeExceptionally(unserved));
        fail(rows, unserved);
      } finally {
        life.ended();
        try {
          decoder.close();
        } finally {
          life.stopped();
        }
      }
    }
  }

  private void serve(Decoder decoder) {
    life.started(decoder);
    while (!life.isClosing()) {
      if (queue.take(settings.targetTokens(), decoder.sequenceIds(), rows)) {
        PanallamaException obstacle = settings.model().obstacle();
        if (obstacle != null) {
          throw obstacle;
        }
        settings.observer().began();
        compute(decoder, rows);
        settings.observer().ended(true);
        rows.clear();
      } else {
        LockSupport.park(this);
      }
    }
  }

  /** Computes the texts together, or one by one if llama.cpp fails, so that only the culprit's job fails. */
  private void compute(Decoder decoder, List<Row> together) {
    String failure = decode(decoder, together);
    if (failure == null) {
      read(decoder, together);
    } else if (life.isClosing()) {
      fail(together, new EngineClosedException());
    } else if (together.size() == 1) {
      fail(together, new EmbeddingException(Reason.COMPUTE_FAILED, "The text was not computed: " + failure, null));
    } else {
      for (Row row : together) {
        compute(decoder, List.of(row));
      }
    }
  }

  /** Why llama.cpp did not compute; null if it did. */
  private static @Nullable String decode(Decoder decoder, List<Row> together) {
    Batch batch = decoder.batch();
    batch.clear();
    for (int sequence = 0; sequence < together.size(); sequence++) {
      int[] tokens = together.get(sequence).piece().tokens();
      for (int position = 0; position < tokens.length; position++) {
        batch.addToken(tokens[position], position, sequence, true);
      }
    }
    Decoder.Status status = decoder.decode();
    // What a decoder remembers of these texts must not be seen by the next ones.
    for (int sequence = 0; sequence < together.size(); sequence++) {
      decoder.memory().remove(sequence);
    }
    return switch (status) {
      case OK -> null;
      case NO_ROOM -> "the context has no room";
      case ABORTED -> "it was stopped";
      case FAILED -> decoder.failure();
    };
  }

  private static void read(Decoder decoder, List<Row> together) {
    Outputs outputs = decoder.outputs();
    int first = 0;
    for (int sequence = 0; sequence < together.size(); sequence++) {
      Row row = together.get(sequence);
      int rows = row.piece().tokens().length;
      float[] vector = new float[outputs.pools() ? outputs.pooledSize() : rows * outputs.pooledSize()];
      if (outputs.pools()) {
        outputs.pooled(sequence, vector);
      } else {
        outputs.vectors(first, rows, vector);
      }
      first += rows;
      if (Vectors.isFinite(vector)) {
        row.job().add(row.piece(), vector);
      } else {
        fail(
            List.of(row),
            new EmbeddingException(
                Reason.NOT_FINITE,
                "The model gave numbers that are infinite or none for texts[" + row.piece().text() + "].",
                null));
      }
    }
  }

  private static void fail(List<Row> failed, RuntimeException reason) {
    for (Row row : failed) {
      row.job().result().completeExceptionally(reason);
    }
  }
}
