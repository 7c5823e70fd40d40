/** Search over your own documents: by meaning, by words, or both. */
module io.panallama.search {
  requires transitive io.panallama;
  requires org.apache.lucene.analysis.common;
  requires org.apache.lucene.core;
  // PDFBox's signatures; only the process that reads PDF files resolves it.
  requires static java.desktop;
  requires org.apache.pdfbox;
  requires org.apache.pdfbox.io;
  requires org.apache.fontbox;
  requires org.commonmark;
  requires org.jsoup;
  requires static transitive org.jspecify;

  exports io.panallama.search;
  exports io.panallama.search.document;
  exports io.panallama.search.error;
  exports io.panallama.search.ingest;
  exports io.panallama.search.query;
}
