package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.PromptProgress;
import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a stream tells of its own speed if its client asks, in llama-server's fields: the {@code prompt_progress} while the prompt is
 * computed, and the {@code timings} so far in each chunk. For one thread.
 */
public final class Telemetry {
  /**
   * What a client asks for.
   *
   * @param progress {@code return_progress}: chunks while the prompt is computed
   * @param timings {@code timings_per_token}
   */
  public record Wanted(boolean progress, boolean timings) {
    /** Nothing. */
    public static final Wanted NONE = new Wanted(false, false);

    /** Reads the fields of a body. */
    static Wanted read(JsonFields body) {
      return new Wanted(body.bool("return_progress"), body.bool("timings_per_token"));
    }
  }

  private final Wanted wanted;
  private @Nullable PromptProgress prompt;
  private int pieces;
  private long firstPiece;
  private long lastPiece;

  /** The telemetry of a stream that has not begun. */
  public Telemetry(Wanted wanted) {
    this.wanted = wanted;
  }

  /** Whether the states of the prompt are of use. */
  public boolean wantsPrompt() {
    return wanted.progress() || wanted.timings();
  }

  /** Whether chunks have timings. */
  public boolean wantsTimings() {
    return wanted.timings();
  }

  /** Takes a state of the prompt; true if the stream has to tell it. */
  public boolean take(PromptProgress state) {
    prompt = state;
    return wanted.progress();
  }

  /** Counts an event of the answer. */
  public void take(GenerationEvent event) {
    int tokens =
        event instanceof GenerationEvent.Text piece && !piece.logprobs().isEmpty() ? piece.logprobs().size() : 1;
    boolean ofAnswer = !(event instanceof GenerationEvent.Finished || event instanceof GenerationEvent.PromptLogprobs);
    if (wanted.timings() && ofAnswer) {
      lastPiece = System.nanoTime();
      firstPiece = pieces == 0 ? lastPiece : firstPiece;
      pieces += tokens;
    }
  }

  /** Writes {@code prompt_progress}, for a chunk that tells the last state. */
  public void progress(JsonGenerator json) throws IOException {
    PromptProgress state = prompt;
    if (state == null) {
      return;
    }
    json.writeObjectFieldStart("prompt_progress");
    json.writeNumberField("total", state.total());
    json.writeNumberField("cache", state.cached());
    json.writeNumberField("processed", state.processed());
    json.writeNumberField("time_ms", state.elapsed().toMillis());
    json.writeEndObject();
  }

  /** Writes the {@code timings} so far, if they are wanted and something has been computed. Each piece of text counts as the tokens that came with it, or as one. */
  public void timings(JsonGenerator json) throws IOException {
    if (!wanted.timings() || prompt == null && pieces == 0) {
      return;
    }
    PromptProgress state = prompt == null ? new PromptProgress(0, 0, 0, Duration.ZERO) : prompt;
    Usage usage = new Usage(state.processed(), state.cached(), pieces, 0);
    // The first state is told before anything of the prompt is computed.
    Duration prefill = state.processed() > state.cached() ? state.elapsed() : Duration.ZERO;
    Timings times = new Timings(Duration.ZERO, prefill, Duration.ofNanos(pieces == 0 ? 0 : lastPiece - firstPiece));
    UsageFields.timings(json, List.of(UsageFields.sofar(usage, times)));
  }
}
