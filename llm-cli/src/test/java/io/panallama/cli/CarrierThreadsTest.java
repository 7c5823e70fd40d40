package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Properties;
import org.junit.jupiter.api.Test;

class CarrierThreadsTest {
  private static final String PARALLELISM = "jdk.virtualThreadScheduler.parallelism";

  private final Properties properties = new Properties();

  @Test
  void smallMachineHasOne() {
    CarrierThreads.fit(4, properties);
    assertThat(properties).containsEntry(PARALLELISM, "1");
  }

  @Test
  void largerMachineHasTheJdksNumber() {
    CarrierThreads.fit(5, properties);
    assertThat(properties).isEmpty();
  }

  @Test
  void whatTheUserSaysCounts() {
    properties.setProperty(PARALLELISM, "2");
    CarrierThreads.fit(2, properties);
    assertThat(properties).containsEntry(PARALLELISM, "2");
  }
}
