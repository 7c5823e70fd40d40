/** Search over your own documents: by meaning, by words, or both. */
module io.panallama.search {
  requires transitive io.panallama;
  requires io.panallama.platform;
  // What PDFBox logs with; its own jars are automatic modules, which can't say so.
  requires org.apache.commons.logging;
  requires org.apache.lucene.analysis.common;
  requires org.apache.lucene.core;
  // PDFBox's signatures; only the process that reads PDF files resolves it.
  requires static java.desktop;
  requires org.apache.pdfbox;
  requires org.apache.pdfbox.io;
  requires org.apache.fontbox;
  requires org.commonmark;
  requires org.jsoup;
  requires org.slf4j;
  requires static transitive org.jspecify;

  exports io.panallama.search;
  exports io.panallama.search.answer;
  exports io.panallama.search.document;
  exports io.panallama.search.error;
  exports io.panallama.search.ingest;
  exports io.panallama.search.query;
}
