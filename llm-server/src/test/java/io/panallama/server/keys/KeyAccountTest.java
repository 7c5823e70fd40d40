package io.panallama.server.keys;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.server.keys.KeyAccount.Admission;
import io.panallama.server.keys.KeyAccount.Admission.Granted;
import io.panallama.server.keys.KeyAccount.Admission.Refused;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class KeyAccountTest {
  private final ManualClock clock = new ManualClock("2026-11-30T23:00:00Z");

  private KeyAccount account(long requests, long concurrent, long tokens, long tokensOfDay) {
    return new KeyAccount("k", new KeyLimits(requests, concurrent, tokens, tokensOfDay), clock, clock);
  }

  private static Granted granted(KeyAccount account) {
    Admission admission = account.admit();
    assertThat(admission).isInstanceOf(Granted.class);
    return (Granted) admission;
  }

  private static Refused refused(KeyAccount account) {
    Admission admission = account.admit();
    assertThat(admission).isInstanceOf(Refused.class);
    return (Refused) admission;
  }

  private static Quota quota(Admission admission, Quota.Kind kind) {
    return admission.quotas().stream().filter(quota -> quota.kind() == kind).findFirst().orElseThrow();
  }

  @Test
  void withoutLimitsAllIsGrantedAndCounted() {
    KeyAccount account = account(0, 0, 0, 0);
    for (int i = 0; i < 1000; i++) {
      Granted granted = granted(account);
      assertThat(granted.quotas()).isEmpty();
      granted.ticket().charge(7, 3);
      granted.ticket().close();
    }
    assertThat(account.usage()).isEqualTo(new KeyUsage("k", 1000, 0, 0, 7000, 3000));
  }

  @Test
  void aMinutesRequestsCanBeUsedAtOnceAndFlowBackEvenly() {
    KeyAccount account = account(3, 0, 0, 0);
    for (int left = 2; left >= 0; left--) {
      assertThat(quota(granted(account), Quota.Kind.REQUESTS_PER_MINUTE).remaining()).isEqualTo(left);
    }
    Refused refused = refused(account);
    assertThat(refused.by().kind()).isEqualTo(Quota.Kind.REQUESTS_PER_MINUTE);
    assertThat(refused.retryAfter()).isBetween(Duration.ofSeconds(20), Duration.ofSeconds(20).plusNanos(10));
    assertThat(refused.by().untilReset()).isBetween(Duration.ofSeconds(60), Duration.ofSeconds(60).plusNanos(10));
    clock.pass(Duration.ofSeconds(19));
    refused(account);
    clock.pass(Duration.ofSeconds(1).plusNanos(10));
    granted(account);
    refused(account);
    assertThat(account.usage().limited()).isEqualTo(3);
  }

  /** Whatever the rate is: after the time that was told, and not much sooner. */
  @Test
  void theTimeThatIsToldIsTrue() {
    for (long perMinute : new long[] {1, 7, 59, 60, 61, 997, 1_000_003, KeyLimits.MOST}) {
      KeyAccount account = account(0, 0, perMinute, 0);
      granted(account).ticket().charge(perMinute / 2, perMinute - perMinute / 2 + perMinute / 3);
      Duration wait = refused(account).retryAfter();
      clock.pass(wait.minus(wait.dividedBy(100)).minusNanos(3));
      if (perMinute < KeyLimits.MOST) {
        refused(account);
      }
      clock.pass(wait.dividedBy(100).plusNanos(3));
      granted(account);
    }
  }

  @Test
  void requestsAtATimeAreFreedByTheirEndAndTheEndOfWhatGoesOn() {
    KeyAccount account = account(0, 2, 0, 0);
    Granted first = granted(account);
    Granted second = granted(account);
    Refused refused = refused(account);
    assertThat(refused.by()).isEqualTo(new Quota(Quota.Kind.CONCURRENT_REQUESTS, 2, 0, Duration.ofSeconds(1)));
    first.ticket().close();
    first.ticket().close();
    granted(account);
    refused(account);
    Runnable background = second.ticket().hold();
    second.ticket().close();
    refused(account);
    background.run();
    background.run();
    granted(account);
    refused(account);
    assertThat(account.usage().running()).isEqualTo(2);
  }

  @Test
  void tokensAreChargedWhenTheyAreKnownAndAnOverdraftIsMadeUpFor() {
    KeyAccount account = account(0, 0, 60, 0);
    Granted large = granted(account);
    granted(account);
    large.ticket().charge(150, 30);
    Refused refused = refused(account);
    assertThat(refused.by())
        .extracting(Quota::kind, Quota::limit, Quota::remaining)
        .containsExactly(Quota.Kind.TOKENS_PER_MINUTE, 60L, 0L);
    assertThat(refused.retryAfter()).isBetween(Duration.ofSeconds(121), Duration.ofSeconds(121).plusNanos(10));
    clock.pass(Duration.ofSeconds(131));
    assertThat(quota(granted(account), Quota.Kind.TOKENS_PER_MINUTE).remaining()).isEqualTo(11);
  }

  @Test
  void aDaysTokensComeBackAtMidnightOfUtc() {
    KeyAccount account = account(0, 0, 0, 100);
    granted(account).ticket().charge(60, 30);
    assertThat(quota(granted(account), Quota.Kind.TOKENS_PER_DAY).remaining()).isEqualTo(10);
    granted(account).ticket().charge(0, 30);
    clock.pass(Duration.ofMinutes(10));
    Refused refused = refused(account);
    assertThat(refused.by()).isEqualTo(new Quota(Quota.Kind.TOKENS_PER_DAY, 100, 0, Duration.ofMinutes(50)));
    assertThat(refused.retryAfter()).isEqualTo(Duration.ofMinutes(50));
    clock.pass(Duration.ofMinutes(50).minusNanos(1));
    refused(account);
    clock.pass(Duration.ofNanos(1));
    assertThat(quota(granted(account), Quota.Kind.TOKENS_PER_DAY).remaining()).isEqualTo(100);
  }

  @Test
  void theLimitThatLastsLongestIsToldAndARefusalUsesNothing() {
    KeyAccount account = account(2, 0, 10, 50);
    granted(account).ticket().charge(60, 0);
    assertThat(refused(account).by().kind()).isEqualTo(Quota.Kind.TOKENS_PER_DAY);
    assertThat(quota(refused(account), Quota.Kind.REQUESTS_PER_MINUTE).remaining()).isEqualTo(1);
  }

  @Test
  void otherLimitsKeepWhatWasUsed() {
    KeyAccount account = account(10, 0, 0, 100);
    for (int i = 0; i < 4; i++) {
      granted(account).ticket().charge(10, 10);
    }
    account.limit(new KeyLimits(5, 0, 0, 200));
    assertThat(account.quotas()).extracting(Quota::remaining).containsExactly(1L, 120L);
    account.limit(KeyLimits.NONE);
    assertThat(account.quotas()).isEmpty();
    account.limit(new KeyLimits(0, 0, 0, 80));
    assertThat(refused(account).by().kind()).isEqualTo(Quota.Kind.TOKENS_PER_DAY);
  }

  @Test
  void eachKeyHasAnAccountOfItsOwn() {
    KeyAccounts accounts = new KeyAccounts(clock, clock);
    KeySecret secret = KeySecret.of("s", clock.instant());
    AccessKey key = TestKeys.key("b", secret).withLimits(new KeyLimits(1, 0, 0, 0)).build();
    granted(accounts.of(key));
    refused(accounts.of(key));
    granted(accounts.of(TestKeys.key("a", secret).build()));
    granted(accounts.fixed());
    assertThat(accounts.usage()).extracting(KeyUsage::id).containsExactly("--api-key", "a", "b");
    assertThat(accounts.usage()).extracting(KeyUsage::limited).containsExactly(0L, 0L, 1L);
  }
}
