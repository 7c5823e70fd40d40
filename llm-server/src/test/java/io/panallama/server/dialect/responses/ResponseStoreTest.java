package io.panallama.server.dialect.responses;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.server.dialect.responses.ResponseStore.Running;
import io.panallama.server.dialect.responses.ResponseStore.Stored;
import io.panallama.server.dialect.responses.ResponseStore.Turn;
import io.panallama.server.keys.KeyIdentity;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResponseStoreTest {
  private static final KeyIdentity ADA = new KeyIdentity("ada");
  private static final KeyIdentity BOB = new KeyIdentity("bob");

  private static Turn turn(String id, int size) {
    ObjectNode item = Items.message(id, "user", Items.COMPLETED, Items.array());
    return new Turn(List.of(item), size);
  }

  private static Stored response(String id, List<Turn> input, Turn output) {
    return new Stored(id, ADA, "12345", input, List.of(output), false, null);
  }

  @Test
  void theOldestLeaveWhenThereAreTooMany() {
    ResponseStore store = new ResponseStore(2, 1000);
    for (String id : List.of("a", "b", "c")) {
      store.put(response(id, List.of(turn("in-" + id, 10)), turn("out-" + id, 10)));
    }
    assertThat(store.find("a", ADA)).isEmpty();
    assertThat(store.item("in-a", ADA)).isEmpty();
    assertThat(store.item("out-a", ADA)).isEmpty();
    assertThat(store.find("b", ADA)).isPresent();
    assertThat(store.item("out-c", ADA)).isPresent();
    assertThat(store.bytes()).isEqualTo(50);
  }

  @Test
  void theOldestLeaveWhenTheyAreTooLarge() {
    ResponseStore store = new ResponseStore(10, 60);
    store.put(response("a", List.of(turn("in-a", 10)), turn("out-a", 10)));
    store.put(response("b", List.of(turn("in-b", 10)), turn("out-b", 10)));
    assertThat(store.find("a", ADA)).isPresent();
    store.put(response("c", List.of(turn("in-c", 1)), turn("out-c", 10)));
    assertThat(store.find("a", ADA)).isEmpty();
    assertThat(store.find("b", ADA)).isPresent();
    store.put(response("d", List.of(turn("in-d", 100)), turn("out-d", 10)));
    assertThat(store.find("d", ADA)).as("it alone is larger than the store").isEmpty();
    assertThat(store.bytes()).isZero();
  }

  @Test
  void theTurnsOfAConversationCountOnceAndStayAsLongAsAResponseNeedsThem() {
    ResponseStore store = new ResponseStore(10, 1000);
    Turn question = turn("q", 100);
    Turn answer = turn("a", 100);
    store.put(response("one", List.of(question), answer));
    store.put(response("two", List.of(question, answer, turn("q2", 10)), turn("a2", 10)));
    assertThat(store.bytes()).isEqualTo(230);
    assertThat(store.remove("one", ADA)).isPresent();
    assertThat(store.bytes()).isEqualTo(225);
    assertThat(store.item("a", ADA)).isPresent();
    assertThat(store.remove("two", ADA)).isPresent();
    assertThat(store.bytes()).isZero();
    assertThat(store.item("a", ADA)).isEmpty();
    assertThat(store.remove("two", ADA)).isEmpty();
  }

  @Test
  void aResponseIsReplacedOnceAndARunningOneIsEndedWhenItLeaves() {
    List<String> cancelled = new ArrayList<>();
    Running running =
        new Running() {
          @Override
          public void cancel() {
            cancelled.add("a");
          }

          @Override
          public String cancelled() {
            return "";
          }
        };
    ResponseStore store = new ResponseStore(1, 1000);
    Stored begun = new Stored("a", ADA, "begun", List.of(turn("q", 10)), List.of(), true, running);
    Stored ended = new Stored("a", ADA, "ended", begun.input(), List.of(turn("r", 10)), true, null);
    store.put(begun);
    assertThat(store.replace(begun, ended)).isTrue();
    assertThat(store.replace(begun, begun)).isFalse();
    assertThat(store.find("a", ADA)).hasValue(ended);
    assertThat(store.bytes()).isEqualTo(25);
    assertThat(cancelled).isEmpty();
    Stored other = new Stored("b", ADA, "begun", List.of(turn("q", 10)), List.of(), true, running);
    store.put(other);
    store.put(response("c", List.of(), turn("x", 1)));
    assertThat(cancelled).hasSize(1);
    assertThat(store.replace(other, ended)).isFalse();
  }

  @Test
  void whatOneKeyHasMadeIsNotThereForAnother() {
    ResponseStore store = new ResponseStore(10, 1000);
    store.put(response("a", List.of(turn("shared", 10)), turn("out-a", 10)));
    assertThat(store.find("a", BOB)).isEmpty();
    assertThat(store.item("out-a", BOB)).isEmpty();
    assertThat(store.remove("a", BOB)).isEmpty();
    // Bob's client chooses an id that Ada's has chosen.
    Turn bobs = turn("shared", 10);
    store.put(new Stored("b", BOB, "12345", List.of(bobs), List.of(), false, null));
    assertThat(store.item("shared", BOB).orElseThrow()).isSameAs(bobs.items().getFirst());
    assertThat(store.item("shared", ADA).orElseThrow()).isNotSameAs(bobs.items().getFirst());
    assertThat(store.remove("b", BOB)).isPresent();
    assertThat(store.item("shared", ADA)).isPresent();
    assertThat(store.find("a", ADA)).isPresent();
  }
}
