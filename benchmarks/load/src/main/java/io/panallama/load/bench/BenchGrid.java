package io.panallama.load.bench;

import io.panallama.config.EngineConfig;
import io.panallama.config.FlashAttention;
import io.panallama.config.KvCacheType;
import io.panallama.config.LoadMode;
import io.panallama.config.ModelConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Everything to be measured, as lists of which every combination is a {@link BenchCase}.
 *
 * @param models GGUF files
 * @param loadMode how models are loaded
 * @param gpuLayers as {@link ModelConfig#gpuLayers}
 * @param prompts tokens of prompts; 0 measures none
 * @param answers tokens to generate; 0 measures none
 * @param both prompts and answers that are measured together
 * @param depths tokens already in the context, not measured
 * @param streams numbers of streams at a time
 * @param batchSizes as {@link EngineConfig#batchSize}
 * @param microBatchSizes as {@link EngineConfig#microBatchSize}
 * @param threads as {@link EngineConfig#threads}
 * @param keyTypes of the KV cache
 * @param valueTypes of the KV cache; if empty, each key type is that of the values, too
 * @param flashAttention as {@link EngineConfig#flashAttention}
 */
public record BenchGrid(
    List<Path> models,
    LoadMode loadMode,
    List<Integer> gpuLayers,
    List<Integer> prompts,
    List<Integer> answers,
    List<PromptAndAnswer> both,
    List<Integer> depths,
    List<Integer> streams,
    List<Integer> batchSizes,
    List<Integer> microBatchSizes,
    List<Integer> threads,
    List<KvCacheType> keyTypes,
    List<KvCacheType> valueTypes,
    List<FlashAttention> flashAttention) {
  /** A larger number of tests is taken for a mistake in a range. */
  private static final int MOST_CASES = 10_000;

  private static final Set<KvCacheType> PLAIN_TYPES = Set.of(KvCacheType.F32, KvCacheType.F16, KvCacheType.BF16);

  public BenchGrid {
    models = List.copyOf(models);
    Objects.requireNonNull(loadMode, "loadMode");
    gpuLayers = List.copyOf(gpuLayers);
    prompts = List.copyOf(prompts);
    answers = List.copyOf(answers);
    both = List.copyOf(both);
    depths = List.copyOf(depths);
    streams = List.copyOf(streams);
    batchSizes = List.copyOf(batchSizes);
    microBatchSizes = List.copyOf(microBatchSizes);
    threads = List.copyOf(threads);
    keyTypes = List.copyOf(keyTypes);
    valueTypes = List.copyOf(valueTypes);
    flashAttention = List.copyOf(flashAttention);
  }

  /**
   * A prompt and an answer that are measured together.
   *
   * @param prompt tokens
   * @param answer tokens
   */
  public record PromptAndAnswer(int prompt, int answer) {}

  /**
   * Every combination, those on the same model next to each other.
   *
   * @throws BenchException if a test cannot be measured, or there are no tests or too many
   * @throws IllegalArgumentException if the engine or the model cannot be configured like this
   */
  public List<BenchCase> cases() {
    requireFew();
    List<BenchCase> cases = new ArrayList<>();
    for (Path file : models) {
      for (int layers : gpuLayers) {
        ModelConfig model = ModelConfig.builder().loadMode(loadMode).gpuLayers(layers).build();
        for (EngineConfig engine : engines()) {
          for (BenchTest test : tests()) {
            cases.add(new BenchCase(file, model, Workload.config(engine, test), test));
          }
        }
      }
    }
    return cases;
  }

  /** Checked before the tests are created: the combinations of ten lists of a thousand numbers do not fit into memory. */
  private void requireFew() {
    long work =
        prompts.stream().filter(tokens -> tokens != 0).count()
            + answers.stream().filter(tokens -> tokens != 0).count()
            + both.stream().filter(pair -> pair.prompt() != 0 || pair.answer() != 0).count();
    if (work == 0) {
      throw new BenchException("There is nothing to measure: every prompt and every answer has 0 tokens.");
    }
    List<List<?>> lists =
        List.of(
            models,
            gpuLayers,
            depths,
            streams,
            batchSizes,
            microBatchSizes,
            threads,
            keyTypes,
            valueTypes.isEmpty() ? List.of(0) : valueTypes,
            flashAttention);
    long tests = work;
    for (List<?> list : lists) {
      if (list.isEmpty()) {
        throw new BenchException("There is nothing to measure: one of the lists is empty.");
      }
      if (tests <= MOST_CASES) {
        tests *= list.size();
      }
    }
    if (tests > MOST_CASES) {
      throw new BenchException("These are more than " + MOST_CASES + " tests; give shorter lists or ranges.");
    }
  }

  private List<EngineConfig> engines() {
    List<EngineConfig> engines = new ArrayList<>();
    EngineConfig.Builder builder = EngineConfig.builder();
    for (int batch : batchSizes) {
      for (int microBatch : microBatchSizes) {
        for (KvCacheType keys : keyTypes) {
          for (KvCacheType values : valueTypes.isEmpty() ? List.of(keys) : valueTypes) {
            for (int count : threads) {
              for (FlashAttention attention : flashAttention) {
                builder.batchSize(batch).microBatchSize(microBatch).keyType(keys).valueType(values);
                builder.threads(count).batchThreads(count).flashAttention(attention);
                engines.add(checked(builder.build()));
              }
            }
          }
        }
      }
    }
    return engines;
  }

  /** Refuses combinations for which llama.cpp creates no context and gives no reason. */
  private static EngineConfig checked(EngineConfig engine) {
    boolean plain = PLAIN_TYPES.contains(engine.valueType());
    if (!plain && engine.flashAttention() == FlashAttention.DISABLED) {
      throw new BenchException(
          "Values of the KV cache in "
              + engine.valueType()
              + " need flash attention, which is off in some of these tests.");
    }
    return engine;
  }

  private List<BenchTest> tests() {
    List<BenchTest> tests = new ArrayList<>();
    for (int depth : depths) {
      for (int count : streams) {
        for (int prompt : prompts) {
          add(tests, prompt, 0, depth, count);
        }
        for (int answer : answers) {
          add(tests, 0, answer, depth, count);
        }
        for (PromptAndAnswer pair : both) {
          add(tests, pair.prompt(), pair.answer(), depth, count);
        }
      }
    }
    return tests;
  }

  /** As with llama-bench, 0 tokens mean no such test. */
  private static void add(List<BenchTest> tests, int prompt, int answer, int depth, int streams) {
    if (prompt != 0 || answer != 0) {
      tests.add(new BenchTest(prompt, answer, depth, streams));
    }
  }
}
