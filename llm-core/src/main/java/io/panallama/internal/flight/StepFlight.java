package io.panallama.internal.flight;

import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * Records the steps of one engine. The events are made once and filled again for each step, so that recording allocates
 * nothing either. As long as the JVM has no flight recorder they are not made: that takes a new process up to a tenth of a
 * second. Engine thread only.
 */
public final class StepFlight {
  private @Nullable StepEvent step;
  private @Nullable PrefillEvent prefill;
  private @Nullable SampleEvent sample;

  /** The event of the current step; null if the step is not recorded. */
  private @Nullable StepEvent current;

  private long began;

  /** A step begins. */
  public void begin() {
    if (step == null && FlightRecorder.isInitialized()) {
      step = new StepEvent();
      prefill = new PrefillEvent();
      sample = new SampleEvent();
      MemoryFlight.recorderSeen();
    }
    StepEvent begun = step != null && step.isEnabled() ? step : null;
    if (begun != null) {
      begun.begin();
      begun.decode = 0;
      begun.prefill = 0;
      begun.sample = 0;
      begun.processors = 0;
    }
    current = begun;
  }

  /** A call of the decoder or of the sampler begins. */
  public void callBegins() {
    if (current != null) {
      began = System.nanoTime();
    }
  }

  /** The decoder has computed the tokens of running generations. */
  public void decoded() {
    if (current != null) {
      current.decode += System.nanoTime() - began;
    }
  }

  /** A chunk of prompts begins. */
  public void prefillBegins() {
    if (prefill != null && prefill.isEnabled()) {
      prefill.begin();
    }
    callBegins();
  }

  /** The decoder has computed a chunk of prompts. */
  public void prefilled(int prompts, int tokens) {
    if (current != null) {
      current.prefill += System.nanoTime() - began;
    }
    if (prefill != null && prefill.isEnabled()) {
      prefill.end();
      prefill.prompts = prompts;
      prefill.tokens = tokens;
      prefill.commit();
    }
  }

  /** Sampling begins. */
  public void samplingBegins() {
    if (sample != null && sample.isEnabled()) {
      sample.begin();
    }
    callBegins();
  }

  /** Sampling has ended. */
  public void sampled(int samples) {
    if (current != null) {
      current.sample += System.nanoTime() - began;
    }
    if (sample != null && sample.isEnabled()) {
      sample.end();
      sample.samples = samples;
      sample.commit();
    }
  }

  /** Logit processors have been waited for. */
  public void awaited() {
    if (current != null) {
      current.processors += System.nanoTime() - began;
    }
  }

  /** The step has ended, and its tokens are in the mailboxes. */
  public void end(int generating, int prompts, int promptTokens) {
    if (current != null) {
      current.end();
      current.generating = generating;
      current.prompts = prompts;
      current.promptTokens = promptTokens;
      current.commit();
    }
  }
}
