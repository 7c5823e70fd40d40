package io.panallama.search.internal.lucene;

import io.panallama.search.document.DocumentSummary;
import io.panallama.search.query.Passage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.DoublePoint;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.KnnFloatVectorField;
import org.apache.lucene.document.StoredField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.IndexableField;
import org.apache.lucene.index.VectorSimilarityFunction;

/** The fields of a passage in the index. */
final class PassageFields {
  static final String DOCUMENT = "document";

  /** Marks the first passage of a document, so that documents can be counted and listed. */
  static final String FIRST = "first";

  static final String YES = "1";
  static final String TITLE = "title";
  static final String HEADING = "heading";
  static final String TEXT = "text";
  static final String VECTOR = "vector";

  /** The metadata to be compared, by type. */
  static final String WORD = "word.";

  static final String FLAG = "flag.";
  static final String NUMBER = "number.";

  private static final String POSITION = "number";

  /** The first page. */
  private static final String PAGE = "page";

  /** Indexes that were written before there was this field lack it. */
  private static final String LAST_PAGE = "lastPage";

  private static final String START = "start";
  private static final String END = "end";

  /** The metadata as it comes back. The letter is the type: text, list, boolean, whole number, other number. */
  private static final String META = "meta.";

  private PassageFields() {}

  static Document of(NewPassage passage) {
    Document fields = new Document();
    fields.add(new StringField(DOCUMENT, passage.document().id(), Field.Store.YES));
    if (passage.number() == 0) {
      fields.add(new StringField(FIRST, YES, Field.Store.NO));
    }
    fields.add(new StoredField(POSITION, passage.number()));
    fields.add(new TextField(TITLE, passage.document().title(), Field.Store.YES));
    passage.headings().forEach(heading -> fields.add(new TextField(HEADING, heading, Field.Store.YES)));
    fields.add(new TextField(TEXT, passage.text(), Field.Store.YES));
    fields.add(new StoredField(PAGE, passage.firstPage()));
    fields.add(new StoredField(LAST_PAGE, passage.lastPage()));
    fields.add(new StoredField(START, passage.start()));
    fields.add(new StoredField(END, passage.end()));
    fields.add(new KnnFloatVectorField(VECTOR, passage.vector(), VectorSimilarityFunction.DOT_PRODUCT));
    passage.document().metadata().forEach((name, value) -> add(fields, name, value));
    return fields;
  }

  private static void add(Document fields, String name, Object value) {
    switch (value) {
      case String text -> {
        fields.add(new StringField(WORD + name, text, Field.Store.NO));
        fields.add(new StoredField(META + "t" + name, text));
      }
      case Boolean flag -> {
        fields.add(new StringField(FLAG + name, flag.toString(), Field.Store.NO));
        fields.add(new StoredField(META + "b" + name, flag.toString()));
      }
      case Long number -> {
        fields.add(new DoublePoint(NUMBER + name, number.doubleValue()));
        fields.add(new StoredField(META + "n" + name, number));
      }
      case Double number -> {
        fields.add(new DoublePoint(NUMBER + name, number));
        fields.add(new StoredField(META + "d" + name, number));
      }
      case List<?> list -> {
        for (Object entry : list) {
          fields.add(new StringField(WORD + name, entry.toString(), Field.Store.NO));
          fields.add(new StoredField(META + "l" + name, entry.toString()));
        }
      }
      default -> throw new IllegalArgumentException(name + " is a " + value.getClass());
    }
  }

  static Passage passage(Document fields) {
    return new Passage(
        fields.get(DOCUMENT),
        number(fields, POSITION),
        fields.get(TITLE),
        List.of(fields.getValues(HEADING)),
        number(fields, PAGE),
        fields.getField(LAST_PAGE) == null ? number(fields, PAGE) : number(fields, LAST_PAGE),
        fields.get(TEXT),
        number(fields, START),
        number(fields, END),
        metadata(fields),
        0,
        Passage.Ranks.NONE);
  }

  static DocumentSummary summary(Document fields) {
    return new DocumentSummary(fields.get(DOCUMENT), fields.get(TITLE), metadata(fields));
  }

  static boolean isOfSummary(String field) {
    return field.equals(DOCUMENT) || field.equals(TITLE) || field.startsWith(META);
  }

  private static int number(Document fields, String name) {
    return fields.getField(name).numericValue().intValue();
  }

  @SuppressWarnings("unchecked") // The lists are those that this method makes.
  private static Map<String, Object> metadata(Document fields) {
    Map<String, Object> metadata = new TreeMap<>();
    for (IndexableField field : fields.getFields()) {
      if (!field.name().startsWith(META)) {
        continue;
      }
      String name = field.name().substring(META.length() + 1);
      switch (field.name().charAt(META.length())) {
        case 'l' ->
            ((List<String>) metadata.computeIfAbsent(name, _ -> new ArrayList<String>())).add(field.stringValue());
        case 'b' -> metadata.put(name, Boolean.valueOf(field.stringValue()));
        case 'n' -> metadata.put(name, field.numericValue().longValue());
        case 'd' -> metadata.put(name, field.numericValue().doubleValue());
        default -> metadata.put(name, field.stringValue());
      }
    }
    metadata.replaceAll((_, value) -> value instanceof List<?> list ? List.copyOf(list) : value);
    return Map.copyOf(metadata);
  }
}
