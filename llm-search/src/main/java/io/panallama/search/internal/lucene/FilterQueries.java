package io.panallama.search.internal.lucene;

import io.panallama.search.query.Filter;
import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.document.DoublePoint;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.MatchAllDocsQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermInSetQuery;
import org.apache.lucene.search.TermRangeQuery;
import org.apache.lucene.util.BytesRef;

/** Filters as queries. */
final class FilterQueries {
  private FilterQueries() {}

  static Query of(Filter filter) {
    return switch (filter) {
      case Filter.In in -> in(in);
      case Filter.Range range ->
          DoublePoint.newRangeQuery(PassageFields.NUMBER + range.name(), range.low(), range.high());
      case Filter.Compared compared -> compared(compared);
      case Filter.Documents documents ->
          new TermInSetQuery(PassageFields.DOCUMENT, documents.ids().stream().map(BytesRef::new).toList());
      case Filter.All all -> joined(all.filters(), Occur.MUST);
      case Filter.Any any -> joined(any.filters(), Occur.SHOULD);
      case Filter.Not not ->
          new BooleanQuery.Builder()
              .add(MatchAllDocsQuery.INSTANCE, Occur.MUST)
              .add(of(not.filter()), Occur.MUST_NOT)
              .build();
    };
  }

  /** Terms are in the order of their UTF-8 bytes, which is that of code points. */
  private static Query compared(Filter.Compared compared) {
    String field = PassageFields.WORD + compared.name();
    String text = compared.text();
    return switch (compared.order()) {
      case BELOW -> TermRangeQuery.newStringRange(field, null, text, true, false);
      case AT_MOST -> TermRangeQuery.newStringRange(field, null, text, true, true);
      case AT_LEAST -> TermRangeQuery.newStringRange(field, text, null, true, true);
      case ABOVE -> TermRangeQuery.newStringRange(field, text, null, false, true);
    };
  }

  private static Query joined(List<Filter> filters, Occur occur) {
    BooleanQuery.Builder query = new BooleanQuery.Builder();
    filters.forEach(filter -> query.add(of(filter), occur));
    return query.build();
  }

  private static Query in(Filter.In in) {
    List<BytesRef> words = new ArrayList<>();
    List<BytesRef> flags = new ArrayList<>();
    List<Double> numbers = new ArrayList<>();
    for (Object value : in.values()) {
      switch (value) {
        case Number number -> numbers.add(number.doubleValue());
        case Boolean flag -> flags.add(new BytesRef(flag.toString()));
        default -> words.add(new BytesRef(value.toString()));
      }
    }
    BooleanQuery.Builder query = new BooleanQuery.Builder();
    if (!words.isEmpty()) {
      query.add(new TermInSetQuery(PassageFields.WORD + in.name(), words), Occur.SHOULD);
    }
    if (!flags.isEmpty()) {
      query.add(new TermInSetQuery(PassageFields.FLAG + in.name(), flags), Occur.SHOULD);
    }
    if (!numbers.isEmpty()) {
      query.add(DoublePoint.newSetQuery(PassageFields.NUMBER + in.name(), numbers), Occur.SHOULD);
    }
    return query.build();
  }
}
