package io.panallama.server.accesslog;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.server.LogRecords;
import io.panallama.server.observe.Arrival;
import io.panallama.server.observe.RequestRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an access log does when it can't keep up, or not write at all. */
@Timeout(60)
class AccessLogQueueTest {
  @TempDir private Path folder;

  private static RequestRecord request(int number) {
    Arrival arrival =
        new Arrival("r" + number, "GET", "http", "1.1", "/a\"\\\n\u00e9", "", "localhost", "127.0.0.1", 1);
    RequestRecord record = new RequestRecord(arrival);
    record.end(200, false);
    return record;
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("It did not happen in time");
      }
      Thread.sleep(5);
    }
  }

  @Test
  void whatHasNoPlaceIsDroppedAndCounted() throws IOException {
    Path file = folder.resolve("log");
    AccessLog log = new AccessLog(new LogFile(Optional.of(file)), "log", 2);
    for (int i = 0; i < 5; i++) {
      // Nothing writes yet: this returns all the same.
      log.ended(request(i));
    }
    assertThat(log.dropped()).isEqualTo(3);
    try (LogRecords records = LogRecords.of(AccessLog.class)) {
      log.begin();
      log.close();
      assertThat(records.warnings())
          .singleElement()
          .isEqualTo("The access log log is too slow. 3 requests are missing in it.");
    }
    assertThat(Files.readAllLines(file)).hasSize(2);
    assertThat(Files.readString(file)).contains("\"path\":\"/a\\\"\\\\\\n\\u00E9\"");
  }

  @Test
  void aFileThatCannotBeWrittenCostsLinesOnly() throws Exception {
    Path place = folder.resolve("place");
    Files.createDirectory(place);
    Path file = place.resolve("log");
    AccessLog log = new AccessLog(new LogFile(Optional.of(file)), "log", 100);
    try (LogRecords records = LogRecords.of(AccessLog.class)) {
      log.begin();
      log.ended(request(1));
      await(() -> Files.exists(file));
      Files.delete(file);
      Files.delete(place);
      // Until it is noticed, lines go to the file that has no name any more.
      await(() -> {
        log.ended(request(2));
        return !records.warnings().isEmpty();
      });
      assertThat(log.dropped()).isPositive();
      assertThat(records.warnings()).singleElement().asString().contains("can't be written: there is no such file");
      Files.createDirectory(place);
      await(() -> {
        log.ended(request(3));
        return Files.exists(file);
      });
      log.close();
      assertThat(Files.readString(file)).contains("r3");
    }
  }
}
