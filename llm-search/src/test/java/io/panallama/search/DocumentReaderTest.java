package io.panallama.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.panallama.search.document.Document;
import io.panallama.search.document.Section;
import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import io.panallama.search.ingest.ReadLimits;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DocumentReaderTest {
  @TempDir Path folder;

  private Path file(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  private static Document read(Path file) {
    try (DocumentReader reader = new DocumentReader()) {
      return reader.read(file, "id");
    }
  }

  private static void assertRefused(DocumentReader reader, Path file, String message) {
    assertThatExceptionOfType(SearchException.class)
        .isThrownBy(() -> reader.read(file, "id"))
        .satisfies(failure -> assertThat(failure.reason()).isEqualTo(Reason.UNREADABLE_DOCUMENT))
        .withMessageStartingWith(file + ": ")
        .withMessageContaining(message);
  }

  @Test
  void markdownKeepsItsOffsets() throws IOException {
    String text =
        """
        Some words first.

        # The *Guide*

        ## Install `it`

        Run this.

        ```
        # no heading
        ```

        Usage
        -----

        Then that.
        # Appendix
        The end.
        """;
    Document document = read(file("guide.md", text));
    assertThat(document.text()).isEqualTo(text);
    assertThat(document.title()).isEqualTo("The Guide");
    assertThat(document.sections())
        .containsExactly(
            new Section(text.indexOf("# The"), List.of("The Guide", "Install it"), 0),
            new Section(text.indexOf("Usage"), List.of("The Guide", "Usage"), 0),
            new Section(text.indexOf("# Appendix"), List.of("Appendix"), 0));
  }

  @Test
  void frontMatterIsNoTextOfMarkdown() throws IOException {
    String front = "---\r\ntitle: \"A \\\"big\\\" Guide\" # shown\r\ntags:\r\n- one\r\n  - two\r\n---\r\n";
    String text = front + "\n# Chapter\n\nWords.\n";
    Document document = read(file("guide.md", text));
    assertThat(document.title()).isEqualTo("A \"big\" Guide");
    assertThat(document.text()).hasSameSizeAs(text).endsWith("\n# Chapter\n\nWords.\n");
    assertThat(document.text().substring(0, front.length())).isBlank();
    assertThat(document.sections()).containsExactly(new Section(text.indexOf("# Ch"), List.of("Chapter"), 0));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "---;title: Plain # comment;---|Plain",
        "---;title: C# and 'more';...|C# and 'more'",
        "---;title: 'It''s';---|It's",
        "---;date: 2024-01-01;title: >-;  Two;  lines;other: x;---|Two lines",
        "---;\"title\": \"\\u00fcber\";list: [;  1,;];---|über",
        "---;author: Ada;---|Heading",
        "---;title:;---|Heading",
        "+++;title = \"Toml\";[params];x = 1;+++|Toml"
      })
  void theTitleOfFrontMatterIsTheDocuments(String front, String title) throws IOException {
    Document document = read(file("a.md", "\uFEFF" + front.replace(';', '\n') + "\n# Heading\n\nWords."));
    assertThat(document.title()).isEqualTo(title);
    assertThat(document.text().strip()).isEqualTo("# Heading\n\nWords.");
  }

  @Test
  void aRuleAtTheBeginningIsNoFrontMatter() throws IOException {
    for (String text :
        List.of(
            "---\nSome words.\n---\nMore.",
            "---\n\nnote: x",
            "---\n---\nMore.",
            "\n---\ntitle: x\n---\nMore.",
            "---\ntitle: nothing else\n---\n")) {
      assertThat(read(file("a.md", text)).text()).isEqualTo(text);
    }
  }

  @Test
  void markdownOfAnyDepthIsRead() throws IOException {
    for (String part : List.of(">", "- ", "*", "[", "![", "_a", "<b>")) {
      Document document = read(file("deep.md", "# " + part.repeat(3_000) + "x\n\n" + part.repeat(3_000) + " y"));
      assertThat(document.sections()).as(part).hasSize(1);
    }
  }

  @Test
  void htmlIsWhatIsVisible() throws IOException {
    Document document =
        read(
            file(
                "page.html",
                """
                <!doctype html><html><head><title> A page </title><style>p { color: red }</style></head>
                <body><h1>Top <b>heading</b></h1><p>First   paragraph,&nbsp;two
                lines.</p><p>Second.</p><script>alert(1)</script>
                <h2>Lists</h2><ul><li>one<li>two</ul><pre>a
                  b</pre><table><tr><td>1</td><td>2</td></tr></table></body></html>
                """));
    assertThat(document.title()).isEqualTo("A page");
    assertThat(document.text())
        .isEqualTo(
            """
            Top heading

            First paragraph, two lines.

            Second.

            Lists

            - one
            - two

            a
              b

            1 2

            """);
    assertThat(document.sections())
        .containsExactly(
            new Section(0, List.of("Top heading"), 0),
            new Section(document.text().indexOf("Lists"), List.of("Top heading", "Lists"), 0));
  }

  @Test
  void htmlOfAnyDepthAndCharsetIsRead() throws IOException {
    assertThat(read(file("deep.html", "<div>".repeat(50_000) + "deep")).text()).contains("deep");
    Path latin = folder.resolve("latin.html");
    Files.write(latin, "<meta charset=iso-8859-1><p>M\u00fcller".getBytes(StandardCharsets.ISO_8859_1));
    assertThat(read(latin).text()).contains("Müller");
  }

  @Test
  void htmlWithoutItsMenusAndWhatIsHidden() throws IOException {
    Document document =
        read(
            file(
                "page.html",
                """
                <body style="display:none"><nav><ul><li>Home<li>About</ul></nav><p>Seen.
                <p hidden>one<div style="color:red; DISPLAY : none !important">two<h1>three</h1></div>
                <template>four</template><noscript>five</noscript>
                <p hidden="until-found">Found.<p style="display: nonesuch" aria-hidden="true">Shown.
                """));
    assertThat(document.text().lines().filter(line -> !line.isBlank())).containsExactly("Seen.", "Found.", "Shown.");
    assertThat(document.title()).isEqualTo("page.html");
  }

  @Test
  void htmlHasWholeWordsAndWhatPicturesShow() throws IOException {
    Document document =
        read(file("page.html", "<p>Soft&shy;ware<img alt='A  llama'><img src=x>hums.<pre>so&shy;on</pre>"));
    assertThat(document.text()).isEqualTo("Software A llama hums.\n\nsoon\n\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "windows-1252|<p>",
        "windows-1252|<meta charset=iso-8859-1><p>",
        "windows-1252|<meta charset=nonsense><p>",
        "UTF-8|<p>",
        "UTF-8|<meta charset=utf-16><p>",
        "windows-1254|<meta http-equiv=content-type content='text/html; charset=iso-8859-9'><p>",
        "UTF-8|\uFEFF<meta charset=iso-8859-1><p>",
        "UTF-16LE|\uFEFF<meta charset=utf-8><p>"
      })
  void htmlIsDecodedAsBrowsersDo(String charset, String head) throws IOException {
    Path page = folder.resolve("page.html");
    Files.write(page, (head + "Die K\u00f6nigin f\u00fchrt f\u00fcr 5 \u20ac").getBytes(charset));
    assertThat(read(page).text().strip()).isEqualTo("Die Königin führt für 5 €");
  }

  /** What is declared holds, also where some bytes are wrong. */
  @Test
  void htmlThatSaysUtf8IsUtf8() throws IOException {
    Path page = folder.resolve("page.html");
    Files.write(page, "<meta charset='utf-8'><p>f\u00fcr".getBytes(StandardCharsets.ISO_8859_1));
    assertThat(read(page).text().strip()).isEqualTo("f\uFFFDr");
  }

  @Test
  void plainTextIsUnicode() throws IOException {
    assertThat(read(file("a.txt", "\uFEFFHéllo")).text()).isEqualTo("Héllo");
    Path wide = folder.resolve("b.TXT");
    Files.write(wide, "\uFEFFwide".getBytes(StandardCharsets.UTF_16LE));
    assertThat(read(wide).text()).isEqualTo("wide");
    assertThat(read(wide).title()).isEqualTo("b.TXT");
  }

  @Test
  void whatIsNoTextIsRefused() throws IOException {
    Path latin = folder.resolve("latin.txt");
    Files.write(latin, new byte[] {'a', (byte) 0xFC, 'b'});
    try (DocumentReader reader = new DocumentReader(new ReadLimits(100, 50, 5, Duration.ofSeconds(60), 64L << 20))) {
      assertRefused(reader, latin, "not text in UTF-8");
      assertRefused(reader, file("null.txt", "a\0b"), "null characters");
      assertRefused(reader, file("empty.md", " \n"), "it has no text");
      assertRefused(reader, file("long.txt", "x".repeat(101)), "it has 101 bytes; at most 100 are read");
      assertRefused(reader, file("long.md", "x".repeat(51)), "more than 50 characters");
      assertRefused(reader, file("empty.txt", ""), "it is empty.");
      assertRefused(reader, folder.resolve("gone.txt"), "there is no such file");
    }
  }

  @Test
  void codeAndDataAreText() throws IOException {
    for (String name :
        List.of(
            "a.py", "b.JSON", "c.yaml", "d.ts", "e.cpp", "f.cs", "g.go", "h.php", "i.rb", "j.sh", "k.tex", "l.xml")) {
      assertThat(DocumentReader.reads(name)).as(name).isTrue();
      assertThat(read(file(name, "{\"a\":\n\t1}")).text()).as(name).isEqualTo("{\"a\":\n\t1}");
    }
  }

  /** Names need not say that a file is text. */
  @Test
  void filesOfUnknownKindsAreReadIfAllOfThemIsText() throws IOException {
    String text = "Größe\t1\r\n\f\ud83e\udd99";
    for (String name : List.of("LICENSE", "pdf", "x.zig", ".conf", "end.")) {
      Path file = file(name, text);
      assertThat(DocumentReader.reads(file)).as(name).isTrue();
      assertThat(read(file).text()).as(name).isEqualTo(text);
    }
    Path wide = Files.write(folder.resolve("wide"), "\uFEFFwide".getBytes(StandardCharsets.UTF_16LE));
    assertThat(DocumentReader.reads(wide)).isTrue();
    assertThat(read(wide).text()).isEqualTo("wide");

    String long2 = "x".repeat(20_000);
    try (DocumentReader reader = new DocumentReader()) {
      for (String binary :
          List.of("a\0b", long2 + "\u0001", "\u001b[1m", "%PDF-1.4\n", "%!PS-Adobe-3.0\n", "{\\rtf1 x}", "\u007f")) {
        Path file = file("setup.exe", binary);
        assertThat(DocumentReader.reads(file)).isFalse();
        assertRefused(
            reader, file, "it is not text, and files of that kind are not read, only PDF, HTML, Markdown and text.");
      }
      Path latin = Files.write(folder.resolve("latin"), (long2 + "\u00fc").getBytes(StandardCharsets.ISO_8859_1));
      assertThat(DocumentReader.reads(latin)).isFalse();
      assertRefused(reader, latin, "it is not text");
      assertThat(DocumentReader.reads(file("nothing", ""))).isFalse();
      assertThat(DocumentReader.reads(folder)).isFalse();
      assertThat(DocumentReader.reads(folder.resolve("gone"))).isFalse();
    }
  }
}
