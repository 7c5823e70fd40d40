package io.panallama.models;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.panallama.Embedder;
import io.panallama.config.EmbedderConfig;
import io.panallama.config.ModelConfig;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.Pooling;
import io.panallama.quantize.QuantizationType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The vectors of MiniLM and bge-small-zh against ONNX Runtime on the same ONNX files: 200 texts in twenty languages, of 3 to
 * some 430 tokens. Not against LangChain4j's own vectors, which are of the first 128 tokens only.
 */
class EmbeddingParityTest {
  private static final long SEED = 17;
  private static final int TEXTS = 200;
  private static final int LONGEST = 430;

  private static final List<String> SENTENCES =
      List.of(
          "The invoice is due within thirty days of receipt.",
          "How do I reset my password if I no longer have access to my e-mail?",
          "Die Rechnung ist innerhalb von dreißig Tagen fällig; später kostet es Gebühren.",
          "Où se trouve la bibliothèque municipale, et jusqu'à quelle heure est-elle ouverte ?",
          "¿Cuánto tarda el tren de Sevilla a Madrid los domingos?",
          "La temperatura media di luglio è aumentata di due gradi.",
          "O relatório anual foi publicado às três da tarde.",
          "De sleutel ligt onder de mat bij de achterdeur.",
          "Przesyłka dotrze jutro między ósmą a dziesiątą.",
          "Vlak z Prahy do Brna jede každou hodinu.",
          "Raporten är klar och ligger i den delade mappen.",
          "Toplantı yarın sabah dokuz buçukta başlayacak.",
          "Hóa đơn phải được thanh toán trong vòng ba mươi ngày.",
          "Съешь же ещё этих мягких французских булок, да выпей чаю.",
          "Η συνάντηση αναβλήθηκε λόγω της απεργίας.",
          "הפגישה נדחתה ליום ראשון בבוקר.",
          "يجب دفع الفاتورة خلال ثلاثين يوما.",
          "बैठक कल सुबह दस बजे शुरू होगी।",
          "会议推迟到下周一上午九点，请提前准备材料。",
          "請求書は三十日以内にお支払いください。",
          "송장은 삼십 일 이내에 지불해야 합니다.",
          "การประชุมถูกเลื่อนไปเป็นวันจันทร์",
          "for (int i = 0; i < n; i++) { sum += values[i] * weights[i]; }",
          "SELECT name, COUNT(*) FROM orders WHERE total >= 99.95 GROUP BY name;",
          "https://example.org/docs/index.html?lang=en#section-4.2",
          "🙂 Thanks — see you at 17:30 (±5 min.)!");

  @TempDir private static Path folder;

  /** A model as ONNX Runtime computes it, with what sentence-transformers does behind it. */
  private static final class Reference implements AutoCloseable {
    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession session;
    private final boolean mean;

    Reference(Path onnx, boolean mean) throws OrtException {
      this.session = environment.createSession(onnx.toString());
      this.mean = mean;
    }

    float[] embed(int[] ids) throws OrtException {
      long[][] tokens = {Arrays.stream(ids).asLongStream().toArray()};
      long[][] ones = {new long[ids.length]};
      Arrays.fill(ones[0], 1);
      try (OnnxTensor input = OnnxTensor.createTensor(environment, tokens);
          OnnxTensor mask = OnnxTensor.createTensor(environment, ones);
          OnnxTensor types = OnnxTensor.createTensor(environment, new long[1][ids.length]);
          OrtSession.Result result =
              session.run(Map.of("input_ids", input, "attention_mask", mask, "token_type_ids", types))) {
        float[][] rows = ((float[][][]) result.get(0).getValue())[0];
        return mean ? mean(rows) : rows[0];
      }
    }

    private static float[] mean(float[][] rows) {
      float[] mean = new float[rows[0].length];
      for (float[] row : rows) {
        for (int i = 0; i < mean.length; i++) {
          mean[i] += row[i] / rows.length;
        }
      }
      return mean;
    }

    @Override
    public void close() throws OrtException {
      session.close();
    }
  }

  private static Path copy(String resource) throws IOException {
    Path file = folder.resolve(resource);
    try (InputStream in = EmbeddingParityTest.class.getResourceAsStream("/" + resource)) {
      assertThat(in).as(resource).isNotNull();
      Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
    }
    return file;
  }

  /** Short ones first; each is some of the sentences. */
  private static List<String> texts() {
    Random random = new Random(SEED);
    List<String> texts = new ArrayList<>(SENTENCES);
    texts.addAll(List.of("a", ".", "Hi", "llama", "42", "naïve café"));
    while (texts.size() < TEXTS) {
      StringBuilder text = new StringBuilder();
      int sentences = 1 + random.nextInt(1 + 24 * texts.size() / TEXTS);
      for (int i = 0; i < sentences; i++) {
        text.append(SENTENCES.get(random.nextInt(SENTENCES.size()))).append(' ');
      }
      texts.add(text.toString().strip());
    }
    return texts;
  }

  private static OnnxImportConfig config(String name, Pooling pooling, String type) {
    return OnnxImportConfig.DEFAULT.withName(name).withPooling(pooling).withType(QuantizationType.valueOf(type));
  }

  private static double distance(float[] a, float[] b) {
    double dot = 0;
    double lengthA = 0;
    double lengthB = 0;
    for (int i = 0; i < a.length; i++) {
      dot += (double) a[i] * b[i];
      lengthA += (double) a[i] * a[i];
      lengthB += (double) b[i] * b[i];
    }
    return 1 - dot / Math.sqrt(lengthA * lengthB);
  }

  @ParameterizedTest
  @CsvSource({
    "all-minilm-l6-v2, MEAN, F32, 1e-5",
    "all-minilm-l6-v2, MEAN, F16, 1e-5",
    "all-minilm-l6-v2, MEAN, Q8_0, 5e-3",
    "bge-small-zh-v1.5, CLS, F32, 1e-5",
    "bge-small-zh-v1.5, CLS, F16, 1e-5",
    "bge-small-zh-v1.5, CLS, Q8_0, 5e-3",
  })
  void vectorsAreThoseOfOnnxRuntime(String name, Pooling pooling, String type, double bound)
      throws IOException, OrtException {
    Path onnx = copy(name + ".onnx");
    Path tokenizer = copy(name + "-tokenizer.json");
    Path gguf = folder.resolve(name + "-" + type + ".gguf");
    OnnxImporter.importModel(onnx, tokenizer, gguf, config(name, pooling, type));
    List<String> texts = texts();
    double worst = 0;
    int longest = 0;
    try (HuggingFaceTokenizer huggingFace =
            HuggingFaceTokenizer.newInstance(tokenizer, Map.of("padding", "false", "truncation", "false"));
        Reference reference = new Reference(onnx, pooling == Pooling.MEAN);
        Embedder embedder = Embedder.load(gguf, ModelConfig.defaults(), EmbedderConfig.defaults())) {
      List<int[]> ids = new ArrayList<>();
      for (String text : texts) {
        int[] tokens = Arrays.stream(huggingFace.encode(text).getIds()).mapToInt(Math::toIntExact).toArray();
        assertThat(embedder.model().tokenizer().tokenize(text, true, true)).as(text).isEqualTo(tokens);
        ids.add(tokens.length <= LONGEST ? tokens : Arrays.copyOf(tokens, LONGEST));
      }
      List<Embedding> embeddings = embedder.embedTokens(ids, EmbeddingOptions.defaults());
      for (int i = 0; i < texts.size(); i++) {
        double distance = distance(embeddings.get(i).vector(), reference.embed(ids.get(i)));
        assertThat(distance).as(texts.get(i)).isLessThan(bound);
        worst = Math.max(worst, distance);
        longest = Math.max(longest, ids.get(i).length);
      }
    }
    assertThat(longest).isGreaterThan(300);
    assertThat(worst).as("the references differ by what llama.cpp's GELU does").isPositive();
    System.getLogger("io.panallama.models.parity")
        .log(System.Logger.Level.DEBUG, "{0} {1}: 1 - cosine at most {2}", name, type, worst);
  }

  @ParameterizedTest
  @CsvSource({"all-minilm-l6-v2, MEAN"})
  void textsThatMeanTheSameAreClose(String name, Pooling pooling) throws IOException {
    Path gguf = folder.resolve(name + "-meaning.gguf");
    OnnxImporter.importModel(copy(name + ".onnx"), copy(name + "-tokenizer.json"), gguf, config(name, pooling, "F16"));
    try (Embedder embedder = Embedder.load(gguf)) {
      List<Embedding> vectors =
          embedder.embed(
              List.of("reset my password", "forgot my login credentials", "the quick brown fox", "stock market fell"));
      double close = distance(vectors.get(0).vector(), vectors.get(1).vector());
      assertThat(close).isLessThan(0.5);
      assertThat(distance(vectors.get(0).vector(), vectors.get(2).vector())).isGreaterThan(close + 0.3);
      assertThat(distance(vectors.get(0).vector(), vectors.get(3).vector())).isGreaterThan(close + 0.3);
    }
  }
}
