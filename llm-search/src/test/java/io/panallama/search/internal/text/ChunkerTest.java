package io.panallama.search.internal.text;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.search.document.Document;
import io.panallama.search.document.Section;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ChunkerTest {
  /** One token per word. */
  private static int words(String text) {
    return text.isBlank() ? 0 : text.strip().split("\\s+").length;
  }

  private static List<Chunk> chunks(Document document, int max, int overlap) {
    return new Chunker(ChunkerTest::words, max, overlap).chunks(document);
  }

  private static List<String> texts(String text, int max, int overlap) {
    return chunks(Document.of("d", text), max, overlap).stream()
        .map(chunk -> text.substring(chunk.start(), chunk.end()))
        .toList();
  }

  @Test
  void chunksEndWithSentences() {
    assertThat(texts("One two three. Four five six. Seven eight.", 8, 0))
        .containsExactly("One two three. Four five six. Seven eight.");
    assertThat(texts("One two three. Four five six. Seven eight nine. Ten.", 8, 0))
        .containsExactly("One two three. Four five six.", "Seven eight nine. Ten.");
  }

  @Test
  void theLastSentencesAreRepeated() {
    assertThat(texts("A b c. D e. F g h. I j k. L m n.", 8, 3))
        .containsExactly("A b c. D e. F g h.", "F g h. I j k.", "I j k. L m n.");
    // A sentence that is longer than the overlap is not.
    assertThat(texts("A b c d. E f g h. I j k l.", 8, 3)).containsExactly("A b c d. E f g h.", "I j k l.");
  }

  @Test
  void blankLinesAreBorders() {
    assertThat(texts("no end\n\nof a sentence here\n \nand one more", 4, 0))
        .containsExactly("no end", "of a sentence here", "and one more");
  }

  @Test
  void longSentencesAreDividedAtLinesThenWordsThenCharacters() {
    assertThat(texts("one two\nthree four five\nsix seven eight nine\n", 5, 0))
        .containsExactly("one two\nthree four five", "six seven eight nine");
    assertThat(texts("a b c d e f g h i j k", 5, 0)).containsExactly("a b c d e", "f g h i j", "k");
    String word = "x".repeat(1_000);
    List<String> parts = texts(word, 8, 0);
    assertThat(String.join("", parts)).isEqualTo(word);
    assertThat(parts).allSatisfy(part -> assertThat(part).hasSizeLessThanOrEqualTo(128));
  }

  @Test
  void charactersStayWhole() {
    String smile = new String(Character.toChars(0x1F600));
    List<String> parts = texts(smile.repeat(301), 8, 0);
    assertThat(String.join("", parts)).isEqualTo(smile.repeat(301));
    assertThat(parts).allSatisfy(part -> assertThat(part.length() % 2).isZero());
  }

  @Test
  void headingsAreBordersAndPagesAreNot() {
    String text = "Intro.\n# A\nOne.\n# B\nTwo. Three.";
    int a = text.indexOf("# A");
    int b = text.indexOf("# B");
    int three = text.indexOf("Three");
    Document document =
        new Document(
            "d",
            "Title",
            text,
            List.of(
                new Section(a, List.of("A"), 1), new Section(b, List.of("B"), 2), new Section(three, List.of("B"), 3)),
            Map.of());

    List<Chunk> chunks = chunks(document, 16, 0);
    assertThat(chunks).extracting(Chunk::headings).containsExactly(List.of(), List.of("A"), List.of("B"));
    assertThat(chunks).extracting(Chunk::context).containsExactly("Title\n", "Title > A\n", "Title > B\n");
    assertThat(chunks).extracting(Chunk::firstPage).containsExactly(0, 1, 2);
    assertThat(chunks).extracting(Chunk::lastPage).containsExactly(0, 1, 3);
    assertThat(chunks.getLast().start()).isEqualTo(b);
    assertThat(chunks.getLast().end()).isEqualTo(text.length());
  }

  @Test
  void theContextTakesAQuarterAtMost() {
    Document document =
        new Document(
            "d", "a title of many words", "Text.", List.of(new Section(0, List.of("x", "last one"), 0)), Map.of());
    assertThat(chunks(document, 40, 0).getFirst().context()).isEqualTo("a title of many words > x > last one\n");
    assertThat(chunks(document, 12, 0).getFirst().context()).isEqualTo("last one\n");
    assertThat(chunks(document, 8, 0).getFirst().context()).isEqualTo("last one\n");
    assertThat(chunks(document.withTitle("t"), 8, 0).getFirst().context()).isEqualTo("last one\n");
    Document long2 =
        new Document("d", "", "Text.", List.of(new Section(0, List.of("a heading of many words"), 0)), Map.of());
    assertThat(chunks(long2, 8, 0).getFirst().context()).isEmpty();
  }

  /** Every character that is no white space is in a chunk, no chunk is too long, and all go forward. */
  @Test
  void randomTextsAreCovered() {
    String[] pieces = {
      "a", "word", " ", " ", "\n", "\n\n", ". ", "? ", "...", "ü", "漢字", "\uD83D\uDE00", "\t", "x".repeat(50)
    };
    Random random = new Random(3);
    for (int round = 0; round < 300; round++) {
      StringBuilder built = new StringBuilder("s");
      for (int i = random.nextInt(400); i > 0; i--) {
        built.append(pieces[random.nextInt(pieces.length)]);
      }
      String text = built.toString();
      int max = 8 + random.nextInt(20);
      List<Chunk> chunks = chunks(Document.of("d", text), max, random.nextInt(max / 2));
      BitSet covered = new BitSet();
      int start = -1;
      int end = -1;
      for (Chunk chunk : chunks) {
        assertThat(chunk.start()).isGreaterThan(start);
        assertThat(chunk.end()).isGreaterThan(end);
        start = chunk.start();
        end = chunk.end();
        assertThat(words(text.substring(start, end))).isLessThanOrEqualTo(max);
        covered.set(start, end);
      }
      for (int i = 0; i < text.length(); i++) {
        assertThat(covered.get(i) || Character.isWhitespace(text.charAt(i))).as("%d of %s", i, text).isTrue();
      }
    }
  }

  @Test
  void longTextsTakeLittleTime() {
    char[] text = new char[400_000];
    Arrays.fill(text, 'y');
    assertThat(texts(new String(text), 256, 32)).hasSizeGreaterThan(90);
  }
}
