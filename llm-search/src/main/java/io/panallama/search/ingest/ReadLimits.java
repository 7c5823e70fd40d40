package io.panallama.search.ingest;

import io.panallama.search.document.Document;
import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import java.time.Duration;

/**
 * How much of a file is read. What is beyond a limit is refused with a message, never cut off.
 *
 * @param maxBytes the most bytes of a file
 * @param maxCharacters the most characters of its text
 * @param maxPages the most pages of a PDF file
 * @param pdfTime the longest time that a PDF file may take
 * @param pdfMemoryBytes the heap of the process that reads PDF files
 */
public record ReadLimits(long maxBytes, int maxCharacters, int maxPages, Duration pdfTime, long pdfMemoryBytes) {
  /** 64 MiB, 8 million characters, 5,000 pages, 60 seconds, 512 MiB. */
  public static final ReadLimits DEFAULT =
      new ReadLimits(64L << 20, 8_000_000, 5_000, Duration.ofSeconds(60), 512L << 20);

  /** The least value of {@code pdfMemoryBytes}. */
  public static final long MIN_PDF_MEMORY = 32L << 20;

  /**
   * Validates the limits.
   *
   * @throws SearchException with {@link Reason#INVALID_DOCUMENT} if a limit is not positive, {@code maxCharacters} more than
   *     {@link Document#MAX_TEXT}, or {@code pdfMemoryBytes} less than {@link #MIN_PDF_MEMORY}
   */
  public ReadLimits {
    require("maxBytes", maxBytes, 1, Integer.MAX_VALUE - 8);
    require("maxCharacters", maxCharacters, 1, Document.MAX_TEXT);
    require("maxPages", maxPages, 1, Integer.MAX_VALUE);
    require("pdfTime in milliseconds", pdfTime.toMillis(), 1, Integer.MAX_VALUE);
    require("pdfMemoryBytes", pdfMemoryBytes, MIN_PDF_MEMORY, Long.MAX_VALUE);
  }

  private static void require(String name, long value, long low, long high) {
    if (value < low || value > high) {
      throw new SearchException(
          Reason.INVALID_DOCUMENT, name + " is " + value + "; it must be " + low + " to " + high + ".");
    }
  }
}
