package io.panallama.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.panallama.search.document.Document;
import io.panallama.search.document.Section;
import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import io.panallama.search.ingest.ReadLimits;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.pdfbox.cos.COSArray;
import org.apache.pdfbox.cos.COSName;
import org.apache.pdfbox.cos.COSString;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.PDPageContentStream;
import org.apache.pdfbox.pdmodel.common.PDRectangle;
import org.apache.pdfbox.pdmodel.common.PDStream;
import org.apache.pdfbox.pdmodel.encryption.AccessPermission;
import org.apache.pdfbox.pdmodel.encryption.StandardProtectionPolicy;
import org.apache.pdfbox.pdmodel.font.PDType1Font;
import org.apache.pdfbox.pdmodel.font.Standard14Fonts;
import org.apache.pdfbox.pdmodel.interactive.annotation.PDAnnotationWidget;
import org.apache.pdfbox.pdmodel.interactive.form.PDAcroForm;
import org.apache.pdfbox.pdmodel.interactive.form.PDCheckBox;
import org.apache.pdfbox.pdmodel.interactive.form.PDTerminalField;
import org.apache.pdfbox.pdmodel.interactive.form.PDTextField;
import org.apache.pdfbox.util.Matrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** PDF files. */
class PdfReaderTest {
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

  private Path pdf(String name, int pages) throws IOException {
    Path file = folder.resolve(name);
    try (PDDocument document = new PDDocument()) {
      document.getDocumentInformation().setTitle("A paper");
      for (int page = 1; page <= pages; page++) {
        add(document, "Text of page " + page + ".");
      }
      document.save(file.toFile());
    }
    return file;
  }

  private static void add(PDDocument document, String text) throws IOException {
    PDPage page = new PDPage();
    document.addPage(page);
    try (PDPageContentStream content = new PDPageContentStream(document, page)) {
      content.beginText();
      content.setFont(new PDType1Font(Standard14Fonts.FontName.HELVETICA), 12);
      content.newLineAtOffset(72, 700);
      content.showText(text);
      content.endText();
    }
  }

  @Test
  void pdfPagesAreSections() throws IOException {
    Document document = read(pdf("paper.pdf", 3));
    assertThat(document.title()).isEqualTo("A paper");
    assertThat(document.text().lines()).containsExactly("Text of page 1.", "Text of page 2.", "Text of page 3.");
    assertThat(document.sections()).extracting(Section::page).containsExactly(1, 2, 3);
    assertThat(document.text().substring(document.sections().get(1).start())).startsWith("Text of page 2.");
  }

  private static void line(PDPageContentStream content, float x, float y, String text) throws IOException {
    content.beginText();
    content.setFont(new PDType1Font(Standard14Fonts.FontName.HELVETICA), 12);
    content.newLineAtOffset(x, y);
    content.showText(text);
    content.endText();
  }

  @Test
  void columnsStayTogetherAndDividedWordsAreJoined() throws IOException {
    Path file = folder.resolve("columns.pdf");
    try (PDDocument document = new PDDocument()) {
      PDPage page = new PDPage();
      document.addPage(page);
      try (PDPageContentStream content = new PDPageContentStream(document, page)) {
        line(content, 72, 700, "The left column is about volca-");
        line(content, 72, 680, "noes and the Franco-");
        line(content, 72, 660, "Prussian war in 1870-");
        line(content, 72, 640, "71 all the way.");
        line(content, 330, 700, "The right column is about gla-");
        line(content, 330, 680, "ciers.");
      }
      document.save(file.toFile());
    }
    assertThat(read(file).text().lines())
        .containsExactly(
            "The left column is about volcanoes and the Franco-",
            "Prussian war in 1870-",
            "71 all the way.",
            "The right column is about glaciers.");
  }

  /** A table across the page, an axis, and a page that was turned in a viewer. */
  @Test
  void textAtARightAngleIsReadAsLines() throws IOException {
    Path file = folder.resolve("turned.pdf");
    try (PDDocument document = new PDDocument()) {
      for (int turned : new int[] {0, 90, 180, 270}) {
        PDPage page = new PDPage();
        page.setRotation(turned);
        document.addPage(page);
        try (PDPageContentStream content = new PDPageContentStream(document, page)) {
          line(content, 72, 700, "Upright ocelots");
          line(content, 72, 680, "and armadillos");
          for (int quarters = 1; quarters <= 3; quarters++) {
            turned(content, quarters, 0, "sideways " + quarters + " table");
            turned(content, quarters, 1, "second line of it");
          }
        }
      }
      document.save(file.toFile());
    }
    List<String> page =
        List.of(
            "Upright ocelots",
            "and armadillos",
            "sideways 1 table",
            "second line of it",
            "sideways 2 table",
            "second line of it",
            "sideways 3 table",
            "second line of it");
    assertThat(read(file).text().lines().map(String::strip).filter(line -> !line.isEmpty()))
        .containsExactlyElementsOf(Collections.nCopies(4, page).stream().flatMap(List::stream).toList());
  }

  /** A page's head whose number comes first, a table that is drawn from the right, and a scan that lies askew. */
  @Test
  void whatIsDrawnFromTheRightIsNotGlued() throws IOException {
    Path file = folder.resolve("order.pdf");
    try (PDDocument document = new PDDocument()) {
      PDPage page = new PDPage();
      document.addPage(page);
      try (PDPageContentStream content = new PDPageContentStream(document, page)) {
        line(content, 330, 700, "pelicans");
        line(content, 72, 700, "Chapter wolverines");
        for (int row = 0; row < 2; row++) {
          for (int column = 2; column >= 0; column--) {
            line(content, 72 + 60 * column, 600 - 20 * row, "cell" + row + column);
          }
        }
        for (int row = 0; row < 3; row++) {
          content.beginText();
          content.setFont(new PDType1Font(Standard14Fonts.FontName.HELVETICA), 12);
          Matrix askew = Matrix.getTranslateInstance(72, 400);
          askew.rotate(Math.toRadians(3));
          askew.translate(0, -14 * row);
          content.setTextMatrix(askew);
          content.showText("armadillos walk over the page in row " + row);
          content.endText();
        }
      }
      document.save(file.toFile());
    }
    assertThat(read(file).text().lines())
        .containsExactly(
            "pelicans",
            "Chapter wolverines",
            "cell02",
            "cell01",
            "cell00",
            "cell12",
            "cell11",
            "cell10",
            "armadillos walk over the page in row 0",
            "armadillos walk over the page in row 1",
            "armadillos walk over the page in row 2");
  }

  private static void turned(PDPageContentStream content, int quarters, int line, String text) throws IOException {
    content.beginText();
    content.setFont(new PDType1Font(Standard14Fonts.FontName.HELVETICA), 12);
    Matrix place = Matrix.getTranslateInstance(300, 400);
    place.rotate(quarters * Math.PI / 2);
    place.translate(0, -20 * line);
    content.setTextMatrix(place);
    content.showText(text);
    content.endText();
  }

  private static void field(PDAcroForm form, PDPage page, PDTerminalField field, String name, String value)
      throws IOException {
    field.setPartialName(name);
    field.getCOSObject().setItem(COSName.V, new COSString(value));
    PDAnnotationWidget widget = field.getWidgets().getFirst();
    widget.setRectangle(new PDRectangle(72, 600, 200, 20));
    page.getAnnotations().add(widget);
    form.getFields().add(field);
  }

  @Test
  void whatIsFilledIntoAFormIsText() throws IOException {
    Path file = folder.resolve("form.pdf");
    try (PDDocument document = new PDDocument()) {
      add(document, "Application.");
      add(document, "Second page.");
      PDAcroForm form = new PDAcroForm(document);
      document.getDocumentCatalog().setAcroForm(form);
      PDPage first = document.getPage(0);
      PDPage second = document.getPage(1);
      field(form, first, new PDTextField(form), "name", "Quirinius Honeywell");
      PDTextField labelled = new PDTextField(form);
      labelled.setAlternateFieldName("Reason for the application");
      field(form, second, labelled, "field7", "First line\rSecond line");
      field(form, second, new PDTextField(form), "empty", "");
      PDTextField secret = new PDTextField(form);
      secret.setPassword(true);
      field(form, second, secret, "password", "hunter2");
      PDTextField hidden = new PDTextField(form);
      hidden.getWidgets().getFirst().setHidden(true);
      field(form, second, hidden, "hidden", "unseen");
      PDCheckBox checked = new PDCheckBox(form);
      field(form, second, checked, "member", "");
      checked.getCOSObject().setName(COSName.V, "Yes");
      PDCheckBox unchecked = new PDCheckBox(form);
      field(form, second, unchecked, "retired", "");
      unchecked.getCOSObject().setName(COSName.V, "Off");
      document.save(file.toFile());
    }
    Document document = read(file);
    assertThat(document.text().lines())
        .containsExactly(
            "Application.",
            "name: Quirinius Honeywell",
            "Second page.",
            "Reason for the application: First line",
            "Second line",
            "member: Yes");
    assertThat(document.sections().get(1).start()).isEqualTo(document.text().indexOf("Second page."));
  }

  /** An interrupt ends the process that reads, not only the wait for it. */
  @Test
  void anInterruptEndsTheReadingOfAPdfFile() throws Exception {
    Path many = pdf("many.pdf", 400);
    Set<ProcessHandle> before = ProcessHandle.current().children().collect(Collectors.toSet());
    try (DocumentReader reader = new DocumentReader()) {
      FutureTask<Document> reading = new FutureTask<>(() -> reader.read(many, "id"));
      Thread thread = Thread.ofPlatform().start(reading);
      Optional<ProcessHandle> process = Optional.empty();
      while (process.isEmpty()) {
        Thread.onSpinWait();
        process = ProcessHandle.current().children().filter(child -> !before.contains(child)).findAny();
      }
      thread.interrupt();
      assertThatExceptionOfType(ExecutionException.class)
          .isThrownBy(() -> reading.get(60, TimeUnit.SECONDS))
          .withMessageContaining("many.pdf: it was not read, because the thread was interrupted.");
      process.get().onExit().get(60, TimeUnit.SECONDS);
      assertThat(reader.read(many, "id").sections()).hasSize(400);
    }
  }

  /** What the process of PDF files does not survive fails by itself; the next file is read. */
  @Test
  void brokenPdfFilesAreRefusedOneByOne() throws IOException {
    Path good = pdf("good.pdf", 1);
    Path long2 = pdf("long.pdf", 12);
    byte[] whole = Files.readAllBytes(good);
    Path half = folder.resolve("half.pdf");
    Files.write(half, Arrays.copyOf(whole, whole.length / 3));
    try (DocumentReader reader =
        new DocumentReader(new ReadLimits(1 << 20, 40, 10, Duration.ofSeconds(120), 48L << 20))) {
      assertRefused(reader, bomb(), "takes more than 48 MiB of memory");
      assertThat(reader.read(good, "id").text()).contains("page 1");
      assertRefused(reader, file("no.pdf", "This is no PDF."), "it is no PDF file: it does not begin with %PDF-.");
      assertRefused(reader, file("nothing.pdf", ""), "it is empty.");
      assertRefused(
          reader,
          file("garbage.pdf", "%PDF-1.7\nxyz\n%%EOF\n"),
          "it is damaged: what it says of its pages can't be read.");
      assertRefused(reader, half, "it is incomplete: its end is missing, as after an interrupted transfer.");
      assertRefused(reader, encrypted(), "encrypted with a password");
      assertRefused(reader, long2, "it has 12 pages; at most 10 are read");
      assertRefused(reader, pdf("four.pdf", 4), "its text has more than 40 characters");
      assertThat(reader.read(good, "id").text()).contains("page 1");
    }
  }

  /** Objects one after the other, with all that readers repair a file from; {@code table} is what comes after them. */
  private static byte[] plainPdf(String table) {
    StringBuilder pdf = new StringBuilder("%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n");
    pdf.append("2 0 obj\n<< /Type /Pages /Kids [4 0 R 6 0 R 8 0 R] /Count 3 >>\nendobj\n");
    pdf.append("3 0 obj\n<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>\nendobj\n");
    for (int page = 1; page <= 3; page++) {
      int id = 2 + 2 * page;
      String text = "BT /F1 12 Tf 50 750 Td (Text of page " + page + ".) Tj ET";
      pdf.append(id + " 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents " + (id + 1));
      pdf.append(" 0 R /Resources << /Font << /F1 3 0 R >> >> >>\nendobj\n");
      pdf.append((id + 1) + " 0 obj\n<< /Length " + text.length() + " >>\nstream\n" + text + "\nendstream\nendobj\n");
    }
    return pdf.append(table).toString().getBytes(StandardCharsets.US_ASCII);
  }

  /** Wherever a file is cut, it is refused or has all of its text. */
  @Test
  void aCutPdfFileIsRefusedUnlessNothingOfItsPagesIsMissing() throws IOException {
    byte[] plain = plainPdf("trailer\n<< /Root 1 0 R /Size 10 >>\n");
    byte[] packed = Files.readAllBytes(pdf("packed.pdf", 3));
    Path cut = folder.resolve("cut.pdf");
    try (DocumentReader reader = new DocumentReader()) {
      for (byte[] whole : List.of(plain, packed)) {
        int read = 0;
        for (int length = 0; length < whole.length; length += whole.length - length > 80 ? 11 : 1) {
          Files.write(cut, Arrays.copyOf(whole, length));
          try {
            Document document = reader.read(cut, "id");
            assertThat(document.text().lines())
                .as("%d of %d bytes", length, whole.length)
                .containsExactly("Text of page 1.", "Text of page 2.", "Text of page 3.");
            read++;
          } catch (SearchException refused) {
            assertThat(refused).hasMessageMatching(".*cut.pdf: it is [^()]*\\.");
          }
        }
        // Only the end of the table of objects is missing.
        assertThat(read).isPositive();
      }
    }
  }

  @Test
  void aRepairedPdfFileIsReadIfAllItsPagesAreThere() throws IOException {
    Path file = folder.resolve("repaired.pdf");
    try (DocumentReader reader = new DocumentReader()) {
      Files.write(file, plainPdf("trailer\n<< /Root 1 0 R /Size 10 >>\nstartxref\n12345\n%%EOF\n"));
      assertThat(reader.read(file, "id").text().lines()).hasSize(3);
      // Bytes in the middle of the file were lost, with a page among them, but not its end.
      String holed =
          new String(Files.readAllBytes(file), StandardCharsets.US_ASCII).replaceFirst("(?s)6 0 obj.*?endobj\n", "");
      assertRefused(reader, Files.writeString(file, holed), "it is damaged; only 2 of its pages are complete.");
    }
  }

  @Test
  void aPdfFileThatTakesTooLongIsRefused() throws IOException {
    Path good = pdf("good.pdf", 1);
    Path many = pdf("many.pdf", 400);
    try (DocumentReader reader =
        new DocumentReader(new ReadLimits(64 << 20, 1 << 20, 1_000, Duration.ofMillis(1), 256L << 20))) {
      // The start of the process has time of its own.
      assertThat(reader.read(good, "id").text()).contains("page 1");
      assertRefused(reader, many, "takes longer than 0 seconds");
      assertThat(reader.read(good, "id").text()).contains("page 1");
    }
  }

  /** Ctrl-C reaches all processes of a terminal; the file that is being read is no broken one because of it. */
  @Test
  @DisabledOnOs(OS.WINDOWS)
  void signalsToTheProcessOfPdfFilesBreakNoFile() throws Exception {
    Path good = pdf("good.pdf", 1);
    Set<ProcessHandle> before = ProcessHandle.current().children().collect(Collectors.toSet());
    ProcessHandle process;
    try (DocumentReader reader = new DocumentReader()) {
      assertThat(reader.read(good, "id").text()).contains("page 1");
      process = ProcessHandle.current().children().filter(child -> !before.contains(child)).findAny().orElseThrow();
      assertThat(process.destroy()).isTrue();
      for (int i = 0; i < 50; i++) {
        assertThat(reader.read(good, "id").text()).contains("page 1");
      }
      assertThat(process.isAlive()).isTrue();
    }
    process.onExit().get(60, TimeUnit.SECONDS);
  }

  /** A page of 60 MB in a small file. PDFBox decodes all filters but the last into memory: here 120 MB. */
  private Path bomb() throws IOException {
    Path file = folder.resolve("bomb.pdf");
    try (PDDocument document = new PDDocument()) {
      PDPage page = new PDPage();
      document.addPage(page);
      PDStream stream = new PDStream(document);
      COSArray filters = new COSArray(List.of(COSName.FLATE_DECODE, COSName.ASCII_HEX_DECODE));
      try (OutputStream out = stream.getCOSObject().createOutputStream(filters)) {
        byte[] spaces = " ".repeat(1 << 20).getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < 60; i++) {
          out.write(spaces);
        }
      }
      page.setContents(stream);
      document.save(file.toFile());
    }
    assertThat(Files.size(file)).isLessThan(1 << 20);
    return file;
  }

  private Path encrypted() throws IOException {
    Path file = folder.resolve("secret.pdf");
    try (PDDocument document = new PDDocument()) {
      add(document, "secret");
      StandardProtectionPolicy policy = new StandardProtectionPolicy("owner", "user", new AccessPermission());
      policy.setEncryptionKeyLength(128);
      document.protect(policy);
      document.save(file.toFile());
    }
    return file;
  }
}
