package io.panallama.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.search.error.SearchException;
import io.panallama.server.LogRecords;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.Failures;
import io.panallama.server.documents.LibraryException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class FullDiskTest {
  @Test
  void aMinuteHasOneWarning() {
    AtomicLong clock = new AtomicLong(-5);
    FullDisk disk = new FullDisk(System.getLogger(FullDiskTest.class.getName()), clock::get);
    try (LogRecords log = LogRecords.of(FullDiskTest.class)) {
      disk.refused("req_1 (POST /v1/files)", "The disk is full.");
      clock.addAndGet(Duration.ofSeconds(59).toNanos());
      disk.refused("req_2 (POST /v1/files)", "The disk is full.");
      disk.refused("req_3 (POST /v1/files)", "The disk is full.");
      assertThat(log.warnings()).containsExactly("Request req_1 (POST /v1/files) was refused: The disk is full.");
      clock.addAndGet(Duration.ofSeconds(1).toNanos());
      disk.refused("req_4 (POST /v1/files)", "The disk is full.");
      clock.addAndGet(Duration.ofMinutes(2).toNanos());
      disk.refused("req_5 (POST /v1/files)", "The disk is full.");
      assertThat(log.warnings())
          .containsExactly(
              "Request req_1 (POST /v1/files) was refused: The disk is full.",
              "Request req_4 (POST /v1/files) was refused: The disk is full. So were 2 since the last warning.",
              "Request req_5 (POST /v1/files) was refused: The disk is full.");
      assertThat(log.errors()).isEmpty();
    }
  }

  @Test
  void aFullDiskIsNoFaultOfTheProgram() {
    for (Throwable full :
        new Throwable[] {
          new LibraryException(LibraryException.Reason.DISK_FULL, "The disk is full."),
          new SearchException(SearchException.Reason.DISK_FULL, "The disk is full.")
        }) {
      ApiException error = Failures.of(full, name -> name);
      assertThat(error.status()).isEqualTo(507);
      assertThat(error.code()).isEqualTo(Failures.DISK_FULL);
      assertThat(error.isFault()).isFalse();
    }
  }
}
