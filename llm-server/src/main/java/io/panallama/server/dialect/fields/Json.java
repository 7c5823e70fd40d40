package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/** Writes small JSON documents. */
public final class Json {
  private static final JsonFactory FACTORY = new JsonFactory();
  private static final JsonStringEncoder ESCAPER = JsonStringEncoder.getInstance();

  /** About the length of a number in a vector, with its comma. */
  private static final int DIGITS = 14;

  private Json() {}

  /** Writes the fields of one object, or the elements of an array. */
  @FunctionalInterface
  public interface Fields {
    /**
     * Writes them.
     *
     * @throws IOException if {@code json} throws it
     */
    void writeTo(JsonGenerator json) throws IOException;
  }

  /** A JSON object as UTF-8, on one line. */
  public static byte[] object(Fields fields) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    try (JsonGenerator json = FACTORY.createGenerator(bytes)) {
      json.writeStartObject();
      fields.writeTo(json);
      json.writeEndObject();
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return bytes.toByteArray();
  }

  /** A JSON array as UTF-8, on one line; {@code elements} writes what is in it. */
  public static byte[] array(Fields elements) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    try (JsonGenerator json = FACTORY.createGenerator(bytes)) {
      json.writeStartArray();
      elements.writeTo(json);
      json.writeEndArray();
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return bytes.toByteArray();
  }

  /**
   * Writes an array of numbers, each with as many digits as tell it from its neighbours.
   *
   * @param numbers finite ones; JSON has no others
   * @throws IOException if {@code json} throws it
   */
  public static void numbers(JsonGenerator json, float[] numbers) throws IOException {
    // As one text: a vector has hundreds of them, and the generator would make a string of each.
    StringBuilder text = new StringBuilder(DIGITS * numbers.length + 2).append('[');
    for (int i = 0; i < numbers.length; i++) {
      if (i > 0) {
        text.append(',');
      }
      text.append(numbers[i]);
    }
    json.writeRawValue(text.append(']').toString());
  }

  /** A text as JSON has it between its quotes, as UTF-8. */
  public static byte[] escape(String text) {
    return ESCAPER.quoteAsUTF8(text);
  }
}
