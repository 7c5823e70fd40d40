package io.panallama.search.internal.lucene;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.search.document.Document;
import io.panallama.search.query.Passage;
import java.util.List;
import org.junit.jupiter.api.Test;

class PassageFieldsTest {
  private static org.apache.lucene.document.Document fields() {
    Document document = Document.of("d", "Some text.");
    return PassageFields.of(new NewPassage(document, 2, List.of("A"), 3, 4, 0, 10, new float[] {1, 0}));
  }

  @Test
  void aPassageComesBack() {
    Passage passage = PassageFields.passage(fields());
    assertThat(passage.document()).isEqualTo("d");
    assertThat(passage.number()).isEqualTo(2);
    assertThat(passage.headings()).containsExactly("A");
    assertThat(passage.firstPage()).isEqualTo(3);
    assertThat(passage.lastPage()).isEqualTo(4);
    assertThat(passage.text()).isEqualTo("Some text.");
    assertThat(passage.end()).isEqualTo(10);
  }

  /** As an index that was written before there was the field has it. */
  @Test
  void withoutALastPageItIsTheFirst() {
    org.apache.lucene.document.Document before = fields();
    before.removeField("lastPage");
    assertThat(PassageFields.passage(before).lastPage()).isEqualTo(3);
  }
}
