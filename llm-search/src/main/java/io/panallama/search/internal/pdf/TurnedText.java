package io.panallama.search.internal.pdf;

import java.io.IOException;
import java.io.Writer;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.text.PDFTextStripper;
import org.apache.pdfbox.text.TextPosition;
import org.apache.pdfbox.util.Matrix;

/**
 * Reads the text of a page in the order of the file, since the lines of two columns would get mixed if it were sorted by its places.
 * PDFBox then makes lines and words by places in the page as it is shown, and two things would go wrong. Text at a right angle to the
 * page, such as a table across it, the name of an axis, or all of a page that was turned, is torn into letters; it is laid down first.
 * And what begins to the left of what was before it on the same line, as columns of a form that are drawn from the right, is glued to it;
 * it gets a line of its own. For one page.
 */
final class TurnedText extends PDFTextStripper {
  /** How far back text begins that is not the next letter of a script from right to left, in widths of a space. */
  private static final float BACK = 3;

  /** A width of a space, in sizes of the font, for fonts that don't tell. */
  private static final float NARROW = 0.2f;

  /** How far below the last line the next one is laid, in sizes of the font. */
  private static final float BELOW = 3;

  private boolean began;
  private float lastX;
  private float lastY;
  private float lastDirection;

  /** How much lower than its place text is laid. */
  private float shift;

  TurnedText() {
    setSortByPosition(false);
    setLineSeparator("\n");
  }

  @Override
  protected void processTextPosition(TextPosition text) {
    float x = text.getXDirAdj();
    float y = text.getYDirAdj();
    float size = Math.abs(text.getFontSizeInPt());
    float space = Math.max(text.getWidthOfSpace(), NARROW * size);
    boolean back = x + text.getWidthDirAdj() < lastX - BACK * space;
    if (began && (back || text.getDir() != lastDirection)) {
      shift = lastY + BELOW * size - y;
    }
    began = true;
    lastX = x;
    lastY = y + shift;
    lastDirection = text.getDir();
    super.processTextPosition(shift == 0 && text.getDir() == text.getRotation() ? text : laid(text, x, lastY));
  }

  private static TextPosition laid(TextPosition text, float x, float y) {
    float height = text.getPageHeight();
    return new TextPosition(
        0,
        text.getPageWidth(),
        height,
        new Matrix(text.getXScale(), 0, 0, text.getYScale(), x, height - y),
        x + text.getWidthDirAdj(),
        height - y,
        text.getHeightDir(),
        text.getIndividualWidths()[0],
        text.getWidthOfSpace(),
        text.getUnicode(),
        text.getCharacterCodes(),
        text.getFont(),
        text.getFontSize(),
        (int) text.getFontSizeInPt());
  }

  /** The text of one page. */
  void write(PDDocument document, int page, Writer out) throws IOException {
    setStartPage(page);
    setEndPage(page);
    writeText(document, out);
  }
}
