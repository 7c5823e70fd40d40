package io.panallama.search.internal.pdf;

import java.io.IOException;
import java.io.Writer;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.text.PDFTextStripper;
import org.apache.pdfbox.text.TextPosition;
import org.apache.pdfbox.util.Matrix;

/**
 * Reads the text of a page in the order of the file, since the lines of two columns would get mixed if it were sorted by its places.
 * PDFBox then makes lines and words by places in the page as it is shown, and tears text apart that stands at a right angle to it: a
 * table across the page, the name of an axis, all of a page that was turned. Such text is laid down first.
 */
final class TurnedText extends PDFTextStripper {
  /** How far apart texts of two directions are laid, in heights of the page, so that they never share a line. */
  private static final float APART = 10;

  private static final int RIGHT_ANGLE = 90;

  TurnedText() {
    setSortByPosition(false);
    setLineSeparator("\n");
  }

  @Override
  protected void processTextPosition(TextPosition text) {
    super.processTextPosition(text.getDir() == text.getRotation() ? text : laidDown(text));
  }

  private static TextPosition laidDown(TextPosition text) {
    float height = text.getPageHeight();
    float x = text.getXDirAdj();
    float below = text.getYDirAdj() + APART * height * (1 + text.getDir() / RIGHT_ANGLE);
    return new TextPosition(
        0,
        text.getPageWidth(),
        height,
        new Matrix(text.getXScale(), 0, 0, text.getYScale(), x, height - below),
        x + text.getWidthDirAdj(),
        height - below,
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
