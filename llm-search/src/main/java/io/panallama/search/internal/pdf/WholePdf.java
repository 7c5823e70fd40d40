package io.panallama.search.internal.pdf;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.pdfbox.cos.COSArray;
import org.apache.pdfbox.cos.COSBase;
import org.apache.pdfbox.cos.COSDictionary;
import org.apache.pdfbox.cos.COSName;
import org.apache.pdfbox.cos.COSObject;
import org.apache.pdfbox.cos.COSStream;
import org.apache.pdfbox.io.IOUtils;
import org.apache.pdfbox.io.RandomAccessRead;
import org.apache.pdfbox.io.RandomAccessReadBufferedFile;
import org.apache.pdfbox.pdfparser.PDFParser;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.encryption.InvalidPasswordException;

/**
 * PDFBox's parser for files whose pages are all there. PDFBox itself repairs a file that is cut off or overwritten: it looks
 * for objects from the beginning to the end and leaves out, without a word, the pages that it does not find. A repaired file is
 * fine if nothing of its pages is missing.
 */
final class WholePdf extends PDFParser {
  private static final String NO_END = "it is incomplete: its end is missing, as after an interrupted transfer";

  /** Where readers look for a file's first line, and for its last ones before what fills it up. */
  private static final int HEAD = 1024;

  private static final int TAIL = 1 << 16;

  private static final Pattern OBJECT = Pattern.compile("\\b\\d+\\s+\\d+\\s+obj\\b");

  private final boolean isCut;

  /** Pages, and parts of the tree of pages. */
  private int missing;

  private int found;

  private WholePdf(RandomAccessRead source, boolean isCut) throws IOException {
    super(source, "", null, null, IOUtils.createTempFileOnlyStreamCache());
    this.isCut = isCut;
  }

  /** A file that is no PDF file, or not all of one. The message begins with "it". */
  static final class DamagedException extends IOException {
    private static final long serialVersionUID = 1L;

    DamagedException(String message) {
      super(message);
    }
  }

  /**
   * Opens a file; the caller closes the document.
   *
   * @throws DamagedException if pages or parts of them are missing
   * @throws IOException what PDFBox throws
   */
  static PDDocument open(File file) throws IOException {
    boolean isCut;
    try (RandomAccessFile bytes = new RandomAccessFile(file, "r")) {
      if (bytes.length() == 0) {
        throw new DamagedException("it is empty");
      }
      if (!text(bytes, 0, HEAD).contains("%PDF-")) {
        throw new DamagedException("it is no PDF file: it does not begin with %PDF-");
      }
      isCut = isCut(bytes);
      if (isCut && endsWithinObject(bytes)) {
        throw new DamagedException(NO_END);
      }
    }
    RandomAccessRead source = new RandomAccessReadBufferedFile(file);
    try {
      return new WholePdf(source, isCut).whole();
    } catch (InvalidPasswordException | DamagedException | Error refused) {
      IOUtils.closeQuietly(source);
      throw refused;
    } catch (IOException | RuntimeException broken) {
      IOUtils.closeQuietly(source);
      if (isCut) {
        throw new DamagedException(NO_END);
      }
      throw broken;
    }
  }

  private PDDocument whole() throws IOException {
    PDDocument document = parse();
    if (missing > 0) {
      IOUtils.closeQuietly(document);
      String left =
          found == 0 ? "none of its pages is" : "only " + found + " of its pages " + (found == 1 ? "is" : "are");
      throw new DamagedException((isCut ? NO_END : "it is damaged") + "; " + left + " complete");
    }
    return document;
  }

  /** Counts before PDFBox removes from the tree what is missing. */
  @Override
  protected void checkPages(COSDictionary root) throws IOException {
    Deque<COSDictionary> open = new ArrayDeque<>();
    Set<COSDictionary> seen = new HashSet<>();
    COSDictionary top = root.getCOSDictionary(COSName.PAGES);
    if (top != null) {
      open.add(top);
    }
    while (!open.isEmpty()) {
      COSDictionary node = open.remove();
      if (!seen.add(node)) {
        continue;
      }
      COSArray kids = node.getCOSArray(COSName.KIDS);
      if (kids == null) {
        count(node);
        continue;
      }
      for (int i = 0; i < kids.size(); i++) {
        if (kids.getObject(i) instanceof COSDictionary kid) {
          open.add(kid);
        } else {
          missing++;
        }
      }
    }
    super.checkPages(root);
  }

  private void count(COSDictionary page) {
    if (isCut && lacksContents(page)) {
      missing++;
    } else {
      found++;
    }
  }

  /** Whether something is gone that the page's text needs. In a file that is not cut, such a reference means nothing. */
  private static boolean lacksContents(COSDictionary page) {
    COSBase contents = page.getDictionaryObject(COSName.CONTENTS);
    if (contents instanceof COSArray parts) {
      for (int i = 0; i < parts.size(); i++) {
        if (!(parts.getObject(i) instanceof COSStream)) {
          return true;
        }
      }
    } else if (!(contents instanceof COSStream) && page.getItem(COSName.CONTENTS) != null) {
      return true;
    }
    return lacksFonts(page);
  }

  private static boolean lacksFonts(COSDictionary page) {
    COSDictionary node = page;
    for (int depth = 0; node != null && depth < 64; depth++) {
      COSBase named = node.getItem(COSName.RESOURCES);
      if (named != null) {
        COSDictionary resources = node.getCOSDictionary(COSName.RESOURCES);
        return resources == null || lacksFontsOf(resources);
      }
      node = node.getCOSDictionary(COSName.PARENT);
    }
    return false;
  }

  private static boolean lacksFontsOf(COSDictionary resources) {
    COSDictionary fonts = resources.getCOSDictionary(COSName.FONT);
    if (fonts == null) {
      return resources.getItem(COSName.FONT) instanceof COSObject;
    }
    return fonts.keySet().stream().anyMatch(name -> fonts.getCOSDictionary(name) == null);
  }

  private static boolean isCut(RandomAccessFile bytes) throws IOException {
    // Some programs fill files up with zeros and line ends.
    String tail = text(bytes, bytes.length() - TAIL, TAIL);
    int end = tail.length();
    while (end > 0 && tail.charAt(end - 1) <= ' ') {
      end--;
    }
    String last = tail.substring(Math.max(0, end - HEAD), end);
    return !last.contains("startxref") && !last.contains("%%EOF");
  }

  /** Whether the last object of a file has no end. */
  private static boolean endsWithinObject(RandomAccessFile bytes) throws IOException {
    String all = text(bytes, 0, (int) bytes.length());
    return OBJECT.matcher(all).find(Math.max(0, all.lastIndexOf("endobj")));
  }

  /** A part of a file, each byte as a character. */
  private static String text(RandomAccessFile file, long from, int most) throws IOException {
    long start = Math.max(0, from);
    byte[] part = new byte[(int) Math.min(most, file.length() - start)];
    file.seek(start);
    file.readFully(part);
    return new String(part, StandardCharsets.ISO_8859_1);
  }
}
