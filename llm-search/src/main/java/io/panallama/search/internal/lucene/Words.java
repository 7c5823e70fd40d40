package io.panallama.search.internal.lucene;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.LowerCaseFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.cjk.CJKBigramFilter;
import org.apache.lucene.analysis.cjk.CJKWidthFilter;
import org.apache.lucene.analysis.core.FlattenGraphFilter;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;
import org.apache.lucene.analysis.miscellaneous.WordDelimiterGraphFilter;
import org.apache.lucene.analysis.standard.StandardTokenizer;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.DisjunctionMaxQuery;
import org.apache.lucene.search.MatchNoDocsQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermQuery;

/**
 * How texts become words, in any language: at the borders of Unicode (UAX 29), in lower case, without accents; Chinese, Japanese
 * and Korean as pairs of characters. No stemming and no stop words, which depend on a language.
 */
final class Words extends Analyzer {
  /** What is left out of a longer query. Lucene allows 1,024 clauses, and each word has three. */
  private static final int MOST_WORDS = 256;

  private static final List<String> FIELDS = List.of(PassageFields.TEXT, PassageFields.TITLE, PassageFields.HEADING);

  /** How much the weaker fields add to the strongest one. */
  private static final float TIE = 0.1f;

  /** A name with dots or apostrophes in it stands for itself and for its parts. */
  private static final int PARTS =
      WordDelimiterGraphFilter.GENERATE_WORD_PARTS | WordDelimiterGraphFilter.PRESERVE_ORIGINAL;

  @Override
  protected TokenStreamComponents createComponents(String field) {
    StandardTokenizer tokenizer = new StandardTokenizer();
    TokenStream words = new CJKBigramFilter(new LowerCaseFilter(new CJKWidthFilter(tokenizer)));
    TokenStream parts = new FlattenGraphFilter(new WordDelimiterGraphFilter(words, PARTS, null));
    return new TokenStreamComponents(tokenizer, new ASCIIFoldingFilter(parts));
  }

  /** Passages with at least one of the words of a text, in their texts, titles or headings. */
  Query query(String text) {
    Set<String> words = words(text);
    if (words.isEmpty()) {
      return new MatchNoDocsQuery("no words");
    }
    BooleanQuery.Builder query = new BooleanQuery.Builder();
    for (String word : words) {
      List<Query> fields = FIELDS.stream().<Query>map(field -> new TermQuery(new Term(field, word))).toList();
      query.add(new DisjunctionMaxQuery(fields, TIE), Occur.SHOULD);
    }
    return query.build();
  }

  private Set<String> words(String text) {
    Set<String> words = new LinkedHashSet<>();
    try (TokenStream stream = tokenStream(PassageFields.TEXT, text)) {
      CharTermAttribute word = stream.getAttribute(CharTermAttribute.class);
      stream.reset();
      while (words.size() < MOST_WORDS && stream.incrementToken()) {
        words.add(word.toString());
      }
      if (words.size() < MOST_WORDS) {
        stream.end();
      }
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return words;
  }
}
