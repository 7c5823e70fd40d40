package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.bindings.generated.llama_batch;
import io.panallama.bindings.generated.llama_context_params;
import io.panallama.bindings.generated.panallama_sample;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A context whose logits are written by the test: one batch is decoded, one output per sequence, and what it left in
 * llama.cpp's output buffer is then replaced.
 */
final class LogitRows implements AutoCloseable {
  /** More of them would wait for each other on a busy machine of two cores. */
  static final int THREADS = 2;

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment context;
  private final ThreadPool threads;
  private final int rows;
  private final int vocabulary;

  LogitRows(ModelHandle model, int rows) {
    this.rows = rows;
    this.vocabulary = model.vocabularySize();
    MemorySegment parameters = LlamaCpp.llama_context_default_params(arena);
    llama_context_params.n_ctx(parameters, 256);
    llama_context_params.n_batch(parameters, rows);
    llama_context_params.n_ubatch(parameters, rows);
    llama_context_params.n_seq_max(parameters, rows);
    llama_context_params.n_outputs_max(parameters, rows);
    llama_context_params.n_threads(parameters, 1);
    llama_context_params.n_threads_batch(parameters, 1);
    llama_context_params.kv_unified(parameters, true);
    this.context = LlamaCpp.llama_init_from_model(model.pointer(), parameters);
    assertThat(context.address()).isNotZero();
    this.threads = ThreadPool.create(new ThreadPoolParams(THREADS));
    threads.attachTo(context);
    decode();
  }

  SamplingPool pool(int count) {
    return SamplingPool.borrow(threads, count);
  }

  private void decode() {
    MemorySegment batch = LlamaCpp.llama_batch_init(arena, rows, 0, 1);
    llama_batch.n_tokens(batch, rows);
    for (int i = 0; i < rows; i++) {
      llama_batch.token(batch).setAtIndex(JAVA_INT, i, 40 + i);
      llama_batch.pos(batch).setAtIndex(JAVA_INT, i, 0);
      llama_batch.n_seq_id(batch).setAtIndex(JAVA_INT, i, 1);
      llama_batch.seq_id(batch).getAtIndex(LlamaCpp.C_POINTER, i).set(JAVA_INT, 0, i);
      llama_batch.logits(batch).setAtIndex(JAVA_BYTE, i, (byte) 1);
    }
    MemorySegment error = arena.allocate(ADDRESS);
    assertThat(LlamaCpp.panallama_decode(context, batch, error)).isZero();
    LlamaCpp.llama_batch_free(batch);
  }

  void put(int row, float[] logits) {
    assertThat(logits).hasSize(vocabulary);
    MemorySegment.copy(logits, 0, LlamaCpp.llama_get_logits_ith(context, row), JAVA_FLOAT, 0, vocabulary);
  }

  /** What llama.cpp itself samples from a row. */
  int sampleByLlama(SamplerChain chain, int row) {
    return LlamaCpp.llama_sampler_sample(chain.pointer(), context, row);
  }

  /** What the bridge made of one sample. */
  record Sampled(int status, int token, float logprob, List<Integer> top) {}

  /** What the bridge made of a step, and the text of its first failure. */
  record Step(int failed, String error, List<Sampled> samples) {}

  /** Samples row i with chain i by the bridge. */
  Step sample(List<SamplerChain> chains, SamplingPool pool, int top) {
    int[] outputs = new int[chains.size()];
    for (int i = 0; i < outputs.length; i++) {
      outputs[i] = i;
    }
    return sample(chains, outputs, pool, top);
  }

  Step sample(List<SamplerChain> chains, int[] outputs, SamplingPool pool, int top) {
    try (Arena scratch = Arena.ofConfined()) {
      int count = chains.size();
      MemorySegment samples = panallama_sample.allocateArray(count, scratch);
      MemorySegment tokens = scratch.allocate(JAVA_INT, (long) count * Math.max(1, top));
      MemorySegment logprobs = scratch.allocate(JAVA_FLOAT, (long) count * Math.max(1, top));
      for (int i = 0; i < count; i++) {
        MemorySegment sample = panallama_sample.asSlice(samples, i);
        panallama_sample.chain(sample, chains.get(i).pointer());
        panallama_sample.shortlist(sample, chains.get(i).shortlist());
        panallama_sample.output_index(sample, outputs[i]);
        panallama_sample.n_top(sample, top);
        panallama_sample.top_tokens(sample, tokens.asSlice((long) i * top * Integer.BYTES));
        panallama_sample.top_logprobs(sample, logprobs.asSlice((long) i * top * Float.BYTES));
      }
      ErrorText error = new ErrorText(scratch);
      int failed = LlamaCpp.panallama_sample(context, samples, count, pool.pointer(), error.slot());
      List<Sampled> result = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        MemorySegment sample = panallama_sample.asSlice(samples, i);
        List<Integer> likeliest = new ArrayList<>();
        for (int rank = 0; rank < panallama_sample.n_top_filled(sample); rank++) {
          likeliest.add(tokens.getAtIndex(JAVA_INT, (long) i * top + rank));
        }
        result.add(
            new Sampled(
                panallama_sample.status(sample),
                panallama_sample.token(sample),
                panallama_sample.logprob(sample),
                likeliest));
      }
      return new Step(failed, failed == 0 ? "" : error.take(), result);
    }
  }

  @Override
  public void close() {
    LlamaCpp.llama_free(context);
    threads.close();
    arena.close();
  }
}
