package io.panallama.search.internal.pdf;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.File;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.encryption.InvalidPasswordException;
import org.apache.pdfbox.pdmodel.font.FontMappers;

/**
 * The program of the process that reads PDF files. It takes requests from standard input (path, most pages, most characters) and
 * answers on standard output: {@link #TEXT}, the title, the number of pages and the text of each; or {@link #REFUSED} and the
 * reason. It ends with its input.
 */
public final class PdfProgram {
  static final int TEXT = 1;
  static final int REFUSED = 2;

  private static final Duration PARENT_CHECK = Duration.ofMillis(200);

  /** The hyphen of a word that goes on in the next line, and the line end. */
  private static final Pattern DIVIDED_WORD = Pattern.compile("(?<=\\p{L})[-\u2010\u00AD][ \\t]*\\n[ \\t]*(?=\\p{Ll})");

  private PdfProgram() {}

  /** Thrown where a limit is passed. */
  private static final class TooMuchException extends IOException {
    private static final long serialVersionUID = 1L;

    TooMuchException(String message) {
      super(message);
    }
  }

  /** No arguments. */
  public static void main(String[] arguments) throws IOException {
    DataInputStream in = new DataInputStream(new BufferedInputStream(System.in));
    DataOutputStream out = new DataOutputStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)));
    // What a library prints must not get between the answers.
    System.setOut(System.err);
    FontMappers.set(new OneFont());
    outliveSignals(Thread.currentThread());
    while (true) {
      File file;
      try {
        file = new File(string(in));
      } catch (EOFException parentIsGone) {
        return;
      }
      answer(file, in.readInt(), in.readInt(), out);
      out.flush();
    }
  }

  /**
   * Makes signals wait until the input has ended, or the parent process. Ctrl-C and others send them to all processes of a
   * group, but how the file in progress ends is up to the parent.
   */
  private static void outliveSignals(Thread reading) {
    Optional<ProcessHandle> parent = ProcessHandle.current().parent();
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(() -> {
              try {
                boolean ended = false;
                // Requests are answered meanwhile.
                while (!ended && parent.isPresent() && parent.get().isAlive()) {
                  ended = reading.join(PARENT_CHECK);
                }
              } catch (InterruptedException ending) {
                Thread.currentThread().interrupt();
              }
            }));
  }

  private static void answer(File file, int maxPages, int maxCharacters, DataOutputStream out) throws IOException {
    String title;
    List<String> pages;
    try (PDDocument document = WholePdf.open(file)) {
      title = Optional.ofNullable(document.getDocumentInformation().getTitle()).orElse("");
      pages = pages(document, maxPages, maxCharacters);
    } catch (TooMuchException refused) {
      refuse(out, String.valueOf(refused.getMessage()));
      return;
    } catch (InvalidPasswordException encrypted) {
      refuse(out, "it is encrypted with a password");
      return;
    } catch (WholePdf.DamagedException damaged) {
      refuse(out, String.valueOf(damaged.getMessage()));
      return;
    } catch (IOException | RuntimeException | LinkageError | StackOverflowError broken) {
      // PDFBox's own words are about its parser and not about the file.
      refuse(out, "it is damaged: what it says of its pages can't be read");
      return;
    }
    out.writeByte(TEXT);
    write(out, title);
    out.writeInt(pages.size());
    for (String page : pages) {
      write(out, page);
    }
  }

  private static void refuse(DataOutputStream out, String why) throws IOException {
    out.writeByte(REFUSED);
    write(out, why);
  }

  private static List<String> pages(PDDocument document, int maxPages, int maxCharacters) throws IOException {
    int count = document.getNumberOfPages();
    if (count > maxPages) {
      throw new TooMuchException("it has " + count + " pages; at most " + maxPages + " are read");
    }
    List<String> pages = new ArrayList<>(count);
    FormValues form = FormValues.of(document);
    int left = maxCharacters;
    for (int page = 1; page <= count; page++) {
      LimitedText text = new LimitedText(left, maxCharacters);
      new TurnedText().write(document, page, text);
      text.write(form.of(page));
      pages.add(DIVIDED_WORD.matcher(text.toString()).replaceAll(""));
      left -= text.length();
    }
    return pages;
  }

  /** Text up to a length. */
  private static final class LimitedText extends Writer {
    private final StringBuilder text = new StringBuilder();
    private final int left;
    private final int most;

    LimitedText(int left, int most) {
      this.left = left;
      this.most = most;
    }

    @Override
    public void write(char[] buffer, int offset, int length) throws IOException {
      if (text.length() + length > left) {
        throw new TooMuchException("its text has more than " + most + " characters");
      }
      text.append(buffer, offset, length);
    }

    int length() {
      return text.length();
    }

    @Override
    public String toString() {
      return text.toString();
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  static void write(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  static String string(DataInputStream in) throws IOException {
    byte[] bytes = new byte[in.readInt()];
    in.readFully(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
