package io.panallama.models;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.Model;
import io.panallama.Tokenizer;
import io.panallama.config.ModelConfig;
import io.panallama.gguf.GgufArray;
import io.panallama.gguf.GgufValueType;
import io.panallama.gguf.GgufWriter;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The tokens of BERT's vocabularies, as the public {@link Tokenizer} gives them, against those of Hugging Face's own
 * tokenizer: each character by itself, and texts of everything that occurs in texts.
 */
class WordPieceParityTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The same texts in every run; what differs is shown with its text. */
  private static final long SEED = 20261129;

  static {
    // The library would otherwise ask whether the machine is one of a cloud, and report its use there.
    System.setProperty("OPT_OUT_TRACKING", "true");
  }

  @TempDir static Path folder;

  /**
   * A tokenizer of a Maven artifact, with settings of its normalizer.
   *
   * @param stripAccents null to leave that to {@code lowercase}
   */
  private record Setup(String resource, boolean lowercase, @Nullable Boolean stripAccents) {
    static final Setup MINILM = new Setup("/all-minilm-l6-v2-tokenizer.json", true, null);
    static final Setup BGE = new Setup("/bge-small-zh-v1.5-tokenizer.json", false, null);

    JsonNode json() throws IOException {
      try (InputStream in = WordPieceParityTest.class.getResourceAsStream(resource)) {
        assertThat(in).as(resource).isNotNull();
        ObjectNode tokenizer = (ObjectNode) JSON.readTree(in);
        ObjectNode normalizer = (ObjectNode) tokenizer.get("normalizer");
        normalizer.put("lowercase", lowercase).put("strip_accents", stripAccents);
        // Left over from training.
        tokenizer.putNull("truncation").putNull("padding");
        return tokenizer;
      }
    }

    /** Hugging Face's tokenizer; without special tokens, it takes their texts as any other. */
    HuggingFaceTokenizer reference(boolean special) throws IOException {
      ObjectNode tokenizer = (ObjectNode) json();
      if (!special) {
        tokenizer.putArray("added_tokens");
      }
      return HuggingFaceTokenizer.newInstance(
          new ByteArrayInputStream(JSON.writeValueAsBytes(tokenizer)),
          Map.of("padding", "false", "truncation", "false"));
    }

    /** A model of nothing but the vocabulary, in llama.cpp's form. */
    Model model() throws IOException {
      JsonNode tokenizer = json();
      Map<Integer, String> byId = new TreeMap<>();
      tokenizer.at("/model/vocab").properties().forEach(entry -> byId.put(entry.getValue().intValue(), entry.getKey()));
      List<String> special = new ArrayList<>();
      tokenizer.get("added_tokens").forEach(token -> special.add(token.get("content").textValue()));
      List<String> texts = new ArrayList<>();
      long[] types = new long[byId.size()];
      byId.forEach((id, text) -> {
        boolean control = special.contains(text);
        types[id] = control ? 3 : 1;
        texts.add(control ? text : text.startsWith("##") ? text.substring(2) : "\u2581" + text);
      });
      GgufWriter writer =
          new GgufWriter()
              .put("general.architecture", "bert")
              .put("tokenizer.ggml.model", "bert")
              .put("tokenizer.ggml.tokens", texts)
              .put("tokenizer.ggml.token_type", GgufArray.ofIntegers(GgufValueType.INT32, types))
              .put("tokenizer.ggml.normalizer.lowercase", lowercase);
      if (stripAccents != null) {
        writer.put("tokenizer.ggml.normalizer.strip_accents", stripAccents);
      }
      Path file = folder.resolve("vocabulary-" + hashCode() + ".gguf");
      writer.write(file);
      return Model.load(file, ModelConfig.builder().vocabularyOnly(true).build());
    }
  }

  static Stream<Setup> vocabularies() {
    return Stream.of(Setup.MINILM, Setup.BGE);
  }

  static Stream<Setup> settings() {
    return Stream.of(false, true)
        .flatMap(
            lowercase -> Stream.of(false, true).map(strip -> new Setup(Setup.MINILM.resource(), lowercase, strip)));
  }

  private static int[] ids(HuggingFaceTokenizer reference, String text, boolean addSpecial) {
    return Arrays.stream(reference.encode(utf16(text), addSpecial, false).getIds())
        .mapToInt(Math::toIntExact)
        .toArray();
  }

  /** The text that Hugging Face's tokenizer can get: in Rust there are no surrogates that are alone. */
  private static String utf16(String text) {
    int[] points = text.codePoints().map(c -> c >= 0xD800 && c <= 0xDFFF ? 0xFFFD : c).toArray();
    return new String(points, 0, points.length);
  }

  /** Every code point of the planes that have letters, assigned or not, and what is stripped or dropped beyond them. */
  private static Stream<String> characters() {
    return Stream.of(
            IntStream.range(0, 0x33480), IntStream.range(0xE0000, 0xF0100), IntStream.range(0x10FF00, 0x110000))
        .flatMap(range -> range.filter(point -> point < 0xD800 || point > 0xDFFF).mapToObj(Character::toString));
  }

  @ParameterizedTest
  @MethodSource("vocabularies")
  void eachCharacterBetweenLetters(Setup setup) throws IOException {
    requireEqual(setup, characters().map(character -> "a" + character + "b").toList());
  }

  @ParameterizedTest
  @MethodSource("settings")
  void eachCharacterByItselfUnderEachSettingOfTheNormalizer(Setup setup) throws IOException {
    requireEqual(setup, characters().toList());
  }

  /** Compares many short texts in groups, between whose members there is a space, and then those of a group that differs. */
  private static void requireEqual(Setup setup, List<String> texts) throws IOException {
    List<String> different = new ArrayList<>();
    try (HuggingFaceTokenizer reference = setup.reference(false);
        Model model = setup.model()) {
      Tokenizer tokenizer = model.tokenizer();
      for (int i = 0; i < texts.size(); i += 256) {
        List<String> group = texts.subList(i, Math.min(texts.size(), i + 256));
        String joined = String.join(" ", group);
        if (!Arrays.equals(tokenizer.tokenize(joined, false, false), ids(reference, joined, false))) {
          group.stream()
              .filter(text -> !Arrays.equals(tokenizer.tokenize(text, false, false), ids(reference, text, false)))
              .map(WordPieceParityTest::escaped)
              .forEach(different::add);
        }
      }
    }
    assertThat(different).as("characters whose tokens differ, of " + texts.size()).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("vocabularies")
  void textsOfEverything(Setup setup) throws IOException {
    requireEqual(setup, 20_000);
  }

  @ParameterizedTest
  @MethodSource("settings")
  void textsUnderEachSettingOfTheNormalizer(Setup setup) throws IOException {
    requireEqual(setup, 5000);
  }

  private static void requireEqual(Setup setup, int count) throws IOException {
    MixedTexts texts = new MixedTexts(new Random(SEED));
    try (HuggingFaceTokenizer plain = setup.reference(false);
        HuggingFaceTokenizer special = setup.reference(true);
        Model model = setup.model()) {
      Tokenizer tokenizer = model.tokenizer();
      for (int i = 0; i < count; i++) {
        String text = texts.next();
        boolean addSpecial = i % 2 == 0;
        assertThat(tokenizer.tokenize(text, addSpecial, true))
            .as(() -> "with special tokens: " + escaped(text))
            .isEqualTo(ids(special, text, addSpecial));
        int[] ids = tokenizer.tokenize(text, false, false);
        assertThat(ids).as(() -> "as plain text: " + escaped(text)).isEqualTo(ids(plain, text, false));
        assertThat(ids).as(() -> "no special token: " + escaped(text)).doesNotContain(0, 101, 102, 103);
      }
    }
  }

  private static String escaped(String text) {
    StringBuilder escaped = new StringBuilder();
    text.chars()
        .forEach(unit -> escaped.append(unit > ' ' && unit < 127 ? (char) unit : String.format("\\u%04x", unit)));
    return escaped.toString();
  }

  /** Texts that mix phrases of many languages with what is between languages. */
  private static final class MixedTexts {
    private static final List<String> PHRASES =
        List.of(
            "The quick brown fox jumps over the lazy dog.",
            "Größenwahn, Straße, ÄÖÜ: fünfzig Öfen!",
            "Où est passé l'élève naïf ? « Là-bas », dit-il.",
            "¿Dónde está el niño? ¡Aquí!",
            "A ação começou às três; não há pão.",
            "Příliš žluťoučký kůň úpěl ďábelské ódy",
            "Zażółć gęślą jaźń",
            "İstanbul'da ıhlamur ağacı, DİYARBAKIR",
            "Tôi không hiểu tiếng Việt, nhưng tôi muốn học thử",
            "Съешь же ещё этих мягких французских булок, да выпей чаю. Йод",
            "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία. ΟΔΥΣΣΕΥΣ",
            "שָׁלוֹם עֲלֵיכֶם, מה שלומך?",
            "السَّلَامُ عَلَيْكُم، كيف حالك؟",
            "हिन्दी में लिखना आसान है। क्षत्रिय",
            "বাংলা ভাষা আমার মাতৃভাষা। কো",
            "தமிழ் மொழி, கொடு",
            "ไม่เป็นไร ขอบคุณครับ",
            "ខ្ញុំស្រលាញ់ភាសាខ្មែរ",
            "မြန်မာဘာသာ",
            "བོད་སྐད། ཀྵ",
            "ქართული ენა, ᲥᲐᲠᲗᲣᲚᲘ",
            "Հայերեն լեզու։",
            "አማርኛ ቋንቋ።",
            "한국어 문장을 읽습니다.",
            "日本語の文章、ガギグゲゴ、パピプペポ、「括弧」。",
            "中文句子，没有空格。龍龜",
            "臺灣繁體字：豈更車",
            "e\u0301le\u0300ve A\u030Angstro\u0308m n\u0303",
            "\u1112\u1161\u11AB\u1100\u1173\u11AF",
            "👩‍👩‍👧‍👦 👍🏽 🇩🇪 1️⃣ ❤️ 🏴\uDB40\uDC67\uDB40\uDC62\uDB40\uDC7F",
            "ﬁne ＡＢＣ１２３ ① ½ ™ ㎏ ℃ Å K Ω ℵ",
            "https://example.org/a_b/c-d?q=%20x&y=[1]#frag",
            "for (int i = 0; i < n; i++) { sum += a[i] * 0x1F; } // ok",
            "{\"key\": [1.5e-3, null, true]}\\n\\t",
            "mail@example.com, +49 (0)30 1234-567, $9.99, 50%, C:\\temp",
            "x² + y² ≠ z², ∑ ∮ ≤ ≥ ≮ ∄ \u226E",
            "[CLS] [SEP] [MASK][PAD][UNK] [sep] [ SEP ] [[SEP]] ##ing ##s [unused5]",
            "supercalifragilisticexpialidocious antidisestablishmentarianism",
            "\u1D15E\uD834\uDD5E\uD834\uDD60\u302E\u302F\u1B44",
            "don't can't it's O'Neill rock 'n' roll -- — – … “quoted” ‘single’");

    private static final int[][] RANGES = {
      {0, 0x20},
      {0x20, 0x7F},
      {0x7F, 0x100},
      {0x100, 0x250},
      {0x2B0, 0x370},
      {0x300, 0x370},
      {0x370, 0x530},
      {0x590, 0x8FF},
      {0x900, 0xDFF},
      {0xE00, 0x1000},
      {0x1000, 0x1800},
      {0x1800, 0x2000},
      {0x1AB0, 0x1B00},
      {0x1DC0, 0x1E00},
      {0x1E00, 0x2000},
      {0x2000, 0x2100},
      {0x2100, 0x2C00},
      {0x2E00, 0x3100},
      {0x3000, 0x3100},
      {0x3400, 0xA000},
      {0xA000, 0xAC00},
      {0xAC00, 0xD7A4},
      {0x1100, 0x1200},
      {0xD800, 0xE000},
      {0xE000, 0xF900},
      {0xF900, 0x10000},
      {0x10000, 0x11000},
      {0x11000, 0x12000},
      {0x1B000, 0x1D000},
      {0x1D100, 0x1D200},
      {0x1E000, 0x1F000},
      {0x1F300, 0x1FB00},
      {0x20000, 0x2FA20},
      {0xE0000, 0xE0200},
      {0, 0x110000}
    };

    /** What is put between pieces. */
    private static final String[] BETWEEN = {
      " ", " ", " ", "", "", "", "\n", "\t", "\u00A0", "\u200B", "\u3000", "-", "\0"
    };

    /** Combining characters of different classes, those that stay among them. */
    private static final int[] MARKS = {
      0x300, 0x316, 0x334, 0x345, 0x5B0, 0x8D4, 0x8E0, 0x8E3, 0x93C, 0x94D, 0x1B44, 0x1BAA, 0x1DFB, 0x1DF6, 0x302E,
      0x3099, 0x1ABF, 0x11442, 0x11446, 0x1D165, 0x1D16E, 0x1D17B, 0x1E000, 0x1E944, 0x1E94A, 0x11C3F, 0x93E, 0x941
    };

    private final Random random;

    MixedTexts(Random random) {
      this.random = random;
    }

    String next() {
      StringBuilder text = new StringBuilder();
      int pieces = 1 + random.nextInt(8);
      for (int i = 0; i < pieces; i++) {
        text.append(piece()).append(BETWEEN[random.nextInt(BETWEEN.length)]);
      }
      return text.toString();
    }

    private String piece() {
      String phrase = PHRASES.get(random.nextInt(PHRASES.size()));
      return switch (random.nextInt(10)) {
        case 0, 1 -> phrase;
        case 2 -> cut(phrase);
        case 3 -> random.nextBoolean() ? phrase.toUpperCase(Locale.ROOT) : normalized(phrase);
        case 4 -> points(RANGES[random.nextInt(RANGES.length)], 1 + random.nextInt(12));
        case 5 -> points(RANGES[random.nextInt(RANGES.length)], 1 + random.nextInt(3));
        case 6 -> marked();
        case 7 -> cut(phrase) + cut(PHRASES.get(random.nextInt(PHRASES.size())));
        case 8 -> longWord();
        default -> points(new int[] {'a', 'z' + 1}, 1 + random.nextInt(15));
      };
    }

    /** A piece that may begin or end in the middle of a character. */
    private String cut(String phrase) {
      int from = random.nextInt(phrase.length());
      return phrase.substring(from, from + random.nextInt(phrase.length() - from + 1));
    }

    private String normalized(String phrase) {
      Normalizer.Form[] forms = Normalizer.Form.values();
      return Normalizer.normalize(phrase, forms[random.nextInt(forms.length)]);
    }

    private String points(int[] range, int count) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < count; i++) {
        int point = range[0] + random.nextInt(range[1] - range[0]);
        if (Character.isBmpCodePoint(point)) {
          text.append((char) point);
        } else {
          text.appendCodePoint(point);
        }
      }
      return text.toString();
    }

    private String marked() {
      StringBuilder text = new StringBuilder();
      int letters = 1 + random.nextInt(3);
      for (int i = 0; i < letters; i++) {
        text.append(points(new int[] {'a', 'z' + 1}, 1));
        int marks = random.nextInt(random.nextInt(10) == 0 ? 40 : 5);
        for (int m = 0; m < marks; m++) {
          text.appendCodePoint(MARKS[random.nextInt(MARKS.length)]);
        }
      }
      return text.toString();
    }

    /** Around the hundred characters up to which a word has tokens. */
    private String longWord() {
      String unit = points(RANGES[random.nextInt(RANGES.length)], 1);
      return (random.nextBoolean() ? "a" : unit).repeat(97 + random.nextInt(7)) + (random.nextBoolean() ? unit : "");
    }
  }
}
