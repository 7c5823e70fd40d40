package io.panallama.search;

import io.panallama.search.document.Document;
import io.panallama.search.document.Section;
import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import io.panallama.search.ingest.ReadLimits;
import io.panallama.search.internal.pdf.PdfProcess;
import io.panallama.search.internal.text.FileNames;
import io.panallama.search.internal.text.HtmlText;
import io.panallama.search.internal.text.MarkdownText;
import io.panallama.search.internal.text.ParsedText;
import io.panallama.search.internal.text.PlainText;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Makes documents of files: Markdown, HTML, PDF and plain text, by the ending of the name. Source code and data formats are
 * plain text, and
 * so is a file without an ending, or with an unknown one, if all of it is text.
 *
 * <table>
 * <caption>What becomes the text</caption>
 * <tr><th>file</th><th>text</th><th>sections</th></tr>
 * <tr><td>plain text</td><td>the file</td><td>none</td></tr>
 * <tr><td>Markdown</td><td>the file, with its markup</td><td>its headings</td></tr>
 * <tr><td>HTML</td><td>what is visible</td><td>its headings</td></tr>
 * <tr><td>PDF</td><td>the pages, one after the other</td><td>one for each page</td></tr>
 * </table>
 *
 * <p>So for plain text and Markdown, the offsets of passages are those of the decoded file. PDF files are read in a process of
 * its own, whose memory and time are limited: a file that decompresses to gigabytes ends that process and not this one.
 *
 * <p>Thread-safe; PDF files are read one at a time. {@link #close} ends the process.
 */
public final class DocumentReader implements AutoCloseable {
  private static final Set<String> PLAIN =
      Set.of(
          ("txt text adoc asciidoc rst org log csv tsv tex bib json jsonl xml yaml yml toml ini properties sql proto"
               + " graphql c h cc cpp cxx hpp cs go java kt kts scala groovy clj js mjs cjs jsx ts tsx vue css scss php"
               + " py pyi rb rs swift m pl lua r jl hs ml ex exs erl dart sh bash zsh ps1 bat gradle tf")
              .split(" "));
  private static final Set<String> MARKDOWN = Set.of("md", "markdown");
  private static final Set<String> HTML = Set.of("html", "htm", "xhtml");
  private static final Set<String> PDF = Set.of("pdf");

  private final ReadLimits limits;
  private final PdfProcess pdf;

  /** A reader with {@link ReadLimits#DEFAULT}. */
  public DocumentReader() {
    this(ReadLimits.DEFAULT);
  }

  /** A reader with limits. */
  public DocumentReader(ReadLimits limits) {
    this.limits = limits;
    this.pdf = new PdfProcess(limits);
  }

  /** The endings of names that tell how a file is read, in small letters and without the dot. */
  public static Set<String> endings() {
    Set<String> all = new TreeSet<>(PLAIN);
    all.addAll(MARKDOWN);
    all.addAll(HTML);
    all.addAll(PDF);
    return all;
  }

  /**
   * Whether a file has one of the {@link #endings}, or another one or none and is text from its beginning to its end. Files of
   * the second kind are looked into; one that can't be looked into, or has no bytes, is none.
   */
  public static boolean reads(Path file) {
    if (reads(name(file))) {
      return true;
    }
    try {
      return Files.isRegularFile(file) && Files.size(file) > 0 && PlainText.isText(file);
    } catch (IOException unreadable) {
      return false;
    }
  }

  /** Whether the name of a file has one of the {@link #endings}. */
  public static boolean reads(String name) {
    return endings().contains(ending(name));
  }

  /** Changes with what is made of files of a kind, so that a {@link FolderIndex} reads them again. */
  static int version(Path file) {
    String ending = ending(name(file));
    if (PDF.contains(ending)) {
      return 3;
    }
    return HTML.contains(ending) || MARKDOWN.contains(ending) ? 2 : 1;
  }

  private static String name(Path file) {
    return FileNames.last(file);
  }

  private static String ending(String name) {
    int dot = name.lastIndexOf('.');
    return dot < 0 ? "" : name.substring(dot + 1).toLowerCase(Locale.ROOT);
  }

  /**
   * Reads a file. Its title is the one that it names, or its first heading of level 1, or its name.
   *
   * @param id the document's id
   * @return a document without metadata
   * @throws SearchException with {@link Reason#UNREADABLE_DOCUMENT}; the message names the file and the problem
   */
  public Document read(Path file, String id) {
    return read(file, name(file), FileNames.shown(file), id);
  }

  /**
   * Reads a file that is kept under another name than its own, which tells its kind; see {@link #read(Path, String)}.
   *
   * @param name what the file is called; any text
   * @throws SearchException with {@link Reason#UNREADABLE_DOCUMENT}; the message has the name, and nothing of the path
   */
  public Document read(Path file, String name, String id) {
    return read(file, name, name, id);
  }

  private Document read(Path file, String name, String shown, String id) {
    String ending = ending(name);
    try {
      ParsedText parsed = parse(file, ending);
      if (parsed.text().length() > limits.maxCharacters()) {
        throw new IOException("its text has more than " + limits.maxCharacters() + " characters");
      }
      if (parsed.text().isBlank()) {
        throw new IOException(PDF.contains(ending) ? "it has no text; its pages may be images" : "it has no text");
      }
      String title = parsed.title().isBlank() ? name : parsed.title().strip();
      title = title.substring(0, Math.min(title.length(), Document.MAX_TITLE));
      return new Document(id, title, parsed.text(), parsed.sections(), Map.of());
    } catch (NoSuchFileException gone) {
      throw unreadable(shown, "there is no such file", gone);
    } catch (AccessDeniedException denied) {
      throw unreadable(shown, "permission denied", denied);
    } catch (IOException broken) {
      throw unreadable(shown, String.valueOf(broken.getMessage()), broken);
    }
  }

  private static SearchException unreadable(String file, String why, IOException cause) {
    return new SearchException(Reason.UNREADABLE_DOCUMENT, file + ": " + why + ".", cause);
  }

  private byte[] bytes(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes((int) limits.maxBytes() + 1);
      // It may have grown meanwhile.
      requireSize(bytes.length);
      return bytes;
    }
  }

  private void requireSize(long size) throws IOException {
    if (size > limits.maxBytes()) {
      throw new IOException("it has " + size + " bytes; at most " + limits.maxBytes() + " are read");
    }
  }

  private ParsedText parse(Path file, String ending) throws IOException {
    long size = Files.size(file);
    // The end of a pipe or a device may never come.
    if (!Files.isRegularFile(file)) {
      throw new IOException(Files.isDirectory(file) ? "it is a directory" : "it is not a regular file");
    }
    requireSize(size);
    if (size == 0) {
      throw new IOException("it is empty");
    }
    if (PDF.contains(ending)) {
      return pages(pdf.read(file));
    }
    if (HTML.contains(ending)) {
      return HtmlText.parse(bytes(file));
    }
    if (MARKDOWN.contains(ending)) {
      return MarkdownText.parse(PlainText.decode(bytes(file)));
    }
    if (PLAIN.contains(ending) || PlainText.isText(file)) {
      return new ParsedText("", PlainText.decode(bytes(file)), List.of());
    }
    throw new IOException("it is not text, and files of that kind are not read, only PDF, HTML, Markdown and text");
  }

  private static ParsedText pages(PdfProcess.PdfText read) {
    StringBuilder text = new StringBuilder();
    List<Section> sections = new ArrayList<>();
    for (String page : read.pages()) {
      sections.add(new Section(text.length(), List.of(), sections.size() + 1));
      text.append(page);
    }
    return new ParsedText(read.title(), text.toString(), sections);
  }

  /** Ends the process that reads PDF files, if there is one. Repeating it is harmless. */
  @Override
  public void close() {
    pdf.close();
  }
}
