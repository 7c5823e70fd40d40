package io.panallama.internal.schedule;

import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.request.Tenant;
import java.util.Arrays;
import java.util.function.IntSupplier;

/**
 * What {@link Admission} has to know of a request.
 *
 * @param tokens the length of its prompt; 0 while that is not known
 * @param identity by which the request is known again when it comes back after a refusal; called only if the engine is
 *     busy
 */
public record Applicant(Tenant tenant, int priority, int maxTokens, int tokens, IntSupplier identity) {
  /** A request whose prompt was not tokenized yet. */
  public static Applicant of(GenerationRequest request) {
    GenerationOptions options = request.options();
    return new Applicant(options.tenant(), options.priority(), options.maxTokens(), 0, request::hashCode);
  }

  /** A prompt without a request. */
  public static Applicant of(int[] prompt, GenerationOptions options) {
    return new Applicant(
        options.tenant(), options.priority(), options.maxTokens(), prompt.length, () -> Arrays.hashCode(prompt));
  }

  /** The same with the length of its prompt. */
  public Applicant withTokens(int count) {
    return new Applicant(tenant, priority, maxTokens, count, identity);
  }
}
