/**
 * PDF files as text, in a process of their own: PDFBox decodes streams into memory, so a small file can take all of a heap, and
 * nothing stops it in the middle of its work.
 */
@NullMarked
package io.panallama.search.internal.pdf;

import org.jspecify.annotations.NullMarked;
