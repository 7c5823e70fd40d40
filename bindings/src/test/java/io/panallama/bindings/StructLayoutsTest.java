package io.panallama.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.bindings.StructLayouts.Row;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StructLayoutsTest {
  private static final GroupLayout POINT =
      MemoryLayout.structLayout(
              ValueLayout.JAVA_INT.withName("kind"),
              MemoryLayout.paddingLayout(4),
              MemoryLayout.unionLayout(ValueLayout.JAVA_LONG.withName("number"), ValueLayout.JAVA_BYTE.withName("flag"))
                  .withName("$anon$1:1"),
              MemoryLayout.sequenceLayout(8, ValueLayout.JAVA_BYTE).withName("text"))
          .withName("point");
  private static final Map<String, GroupLayout> LAYOUTS = Map.of("point", POINT);
  private static final List<Row> TABLE =
      List.of(
          new Row("point", "", 0, 24),
          new Row("point", "kind", 0, 4),
          new Row("point", "number", 8, 8),
          new Row("point", "flag", 8, 1),
          new Row("point", "text", 16, 8));

  @Test
  void acceptsEqualLayouts() {
    assertThat(StructLayouts.difference(TABLE, LAYOUTS)).isEmpty();
  }

  @Test
  void namesTheFirstFieldThatMoved() {
    assertDifference(
        replaced(4, new Row("point", "text", 24, 8)),
        "point.text has offset 24 and 8 bytes in the libraries, offset 16 and 8 bytes in the bindings");
  }

  @Test
  void namesAStructOfAnotherSize() {
    assertDifference(
        replaced(0, new Row("point", "", 0, 32)),
        "struct point has 32 bytes in the libraries, 24 bytes in the bindings");
  }

  @Test
  void namesANewField() {
    assertDifference(
        replaced(4, new Row("point", "name", 16, 8)),
        "point.name has offset 16 and 8 bytes in the libraries, no such field in the bindings");
  }

  @Test
  void namesAFieldThatIsGone() {
    assertDifference(TABLE.subList(0, 4), "point.text is not in the libraries' table of layouts");
  }

  @Test
  void namesAnUnknownStruct() {
    assertDifference(List.of(new Row("circle", "", 0, 8)), "struct circle is not known to the bindings");
  }

  @Test
  void doesNotTakeAnEmptyTableForAgreement() {
    assertDifference(List.of(), "the libraries' table of layouts is empty");
  }

  @Test
  void coversEveryGeneratedStruct() {
    assertThat(StructLayouts.generated().keySet()).isEqualTo(IncludeList.read().structs());
  }

  private static List<Row> replaced(int index, Row row) {
    List<Row> rows = new ArrayList<>(TABLE);
    rows.set(index, row);
    return rows;
  }

  private static void assertDifference(List<Row> table, String difference) {
    assertThat(StructLayouts.difference(table, LAYOUTS)).contains(difference);
  }
}
