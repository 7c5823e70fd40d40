package io.panallama.benchmarks.compare;

import java.io.StringWriter;
import java.util.Locale;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/**
 * Writes HTML with drawings in SVG that is well-formed XML at the same time, so that a test can read it.
 *
 * <p>Not thread-safe. Attributes are given as names and values in turns.
 */
final class Markup {
  private final StringWriter out = new StringWriter();
  private final XMLStreamWriter xml;

  /** An empty document. */
  Markup() {
    try {
      xml = XMLOutputFactory.newFactory().createXMLStreamWriter(out);
    } catch (XMLStreamException e) {
      throw new IllegalStateException("this Java can't write XML", e);
    }
  }

  private interface Writing {
    void run() throws XMLStreamException;
  }

  private Markup write(Writing writing) {
    try {
      writing.run();
      return this;
    } catch (XMLStreamException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  /** Opens an element. */
  Markup start(String name, String... attributes) {
    return write(() -> {
      xml.writeStartElement(name);
      attributes(attributes);
    });
  }

  /** Closes the innermost open element, never as {@code <p/>}, which HTML does not know. */
  Markup end() {
    return write(() -> {
      xml.writeCharacters("");
      xml.writeEndElement();
    });
  }

  Markup text(String text) {
    return write(() -> xml.writeCharacters(allowed(text)));
  }

  /** An element that contains only text. */
  Markup element(String name, String text, String... attributes) {
    return start(name, attributes).text(text).end();
  }

  /** An element that never has contents, such as {@code <line/>}. */
  Markup empty(String name, String... attributes) {
    return write(() -> {
      xml.writeEmptyElement(name);
      attributes(attributes);
    });
  }

  /** The document; every element must be closed. */
  String finish() {
    write(xml::close);
    return out.toString();
  }

  private void attributes(String... attributes) throws XMLStreamException {
    for (int i = 0; i < attributes.length; i += 2) {
      xml.writeAttribute(attributes[i], allowed(attributes[i + 1]));
    }
  }

  /** XML has no place for most control characters, which logs of other programs may contain. */
  private static String allowed(String text) {
    return text.codePoints()
        .map(c ->
            c == '\n' || c == '\t' || c >= 0x20 && c != 0x7f && Character.isDefined(c) && !isSurrogate(c) ? c : 0xfffd)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  private static boolean isSurrogate(int codePoint) {
    return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
  }

  /** A length or place in a drawing, to a tenth of a pixel. */
  static String px(double value) {
    String text = String.format(Locale.ROOT, "%.1f", value);
    return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
  }
}
