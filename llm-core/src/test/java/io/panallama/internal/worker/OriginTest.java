package io.panallama.internal.worker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class OriginTest {
  private static final String SENT = "siginfo: si_signo: 11 (SIGSEGV), si_code: 0 (SI_USER), si_pid: 547, si_uid: 0";

  @Test
  void aSignalOfAnotherProcessIsForeign() {
    assertThat(Origin.isForeign(134, SENT, 99, false, 0)).isTrue();
    assertThat(Origin.isForeign(143, null, 99, false, 0)).isTrue();
  }

  @Test
  void aCrashOfItsOwnIsNot() {
    assertThat(Origin.isForeign(134, SENT, 547, false, 0)).isFalse();
    assertThat(
            Origin.isForeign(
                134, "siginfo: si_signo: 11 (SIGSEGV), si_code: 1 (SEGV_MAPERR), si_addr: 0x0", 99, false, 0))
        .isFalse();
    assertThat(Origin.isForeign(134, null, 99, false, 0)).isFalse();
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aKillIsForeignUnlessItWasTheSupervisorsOrMemoryRanOut() {
    long before = Origin.oomKills();
    assertThat(Origin.isForeign(137, null, 99, true, before)).isFalse();
    assertThat(Origin.isForeign(137, null, 99, false, before - 1)).isFalse();
    assertThat(Origin.isForeign(137, null, 99, false, -1)).isFalse();
    assertThat(Origin.isStopped(ProcessHandle.current().pid())).isFalse();
  }
}
