package io.panallama.server.keys;

import io.panallama.request.Tenant;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The limits of one key, and what it has used of them.
 *
 * <p>Requests and tokens per minute are token buckets: after a pause, a minute's worth can be used at once. The tokens of a day begin anew
 * at midnight UTC. Tokens are charged when they are known, so a key may overdraw with the request that it is in; until the overdraft is
 * made up for, the next one is refused. Safe for any thread.
 */
public final class KeyAccount {
  private static final Duration MINUTE = Duration.ofMinutes(1);

  /** When to try again where only the end of another request makes room, which nobody knows. */
  private static final Duration SOON = Duration.ofSeconds(1);

  private final String id;
  private final LongSupplier nanoTime;
  private final InstantSource clock;

  private volatile Tenant tenant;
  private KeyLimits limits;
  private @Nullable TokenBucket requestBucket;
  private @Nullable TokenBucket tokenBucket;
  private LocalDate day;
  private long tokensOfDay;

  private long running;
  private long requests;
  private long limited;
  private long promptTokens;
  private long answerTokens;

  /**
   * An account of which nothing is used.
   *
   * @param nanoTime a clock that never jumps, for what flows by the minute
   * @param clock tells the day
   */
  KeyAccount(String id, KeyLimits limits, LongSupplier nanoTime, InstantSource clock) {
    this.id = id;
    this.nanoTime = nanoTime;
    this.clock = clock;
    this.limits = limits;
    this.tenant = Tenant.of(id);
    this.day = today();
    long now = nanoTime.getAsLong();
    requestBucket = bucket(null, limits.requestsPerMinute(), now);
    tokenBucket = bucket(null, limits.tokensPerMinute(), now);
  }

  private static @Nullable TokenBucket bucket(@Nullable TokenBucket before, long limit, long now) {
    if (limit == 0) {
      return null;
    }
    return before == null ? new TokenBucket(limit, MINUTE, now) : before.resized(limit, MINUTE, now);
  }

  /** Sets other limits. What has been used of the old ones is used of the new ones, too. */
  synchronized void limit(KeyLimits other) {
    if (!other.equals(limits)) {
      long now = nanoTime.getAsLong();
      limits = other;
      requestBucket = bucket(requestBucket, other.requestsPerMinute(), now);
      tokenBucket = bucket(tokenBucket, other.tokensPerMinute(), now);
    }
  }

  /** Sets another weight, for requests from now on. */
  void weight(double weight) {
    if (weight != tenant.weight()) {
      tenant = new Tenant(id, weight);
    }
  }

  /** Whether a request may begin. */
  public sealed interface Admission {
    /** What is left of each limit, after the request if it was admitted. */
    List<Quota> quotas();

    /** It may. */
    record Granted(Ticket ticket, List<Quota> quotas) implements Admission {}

    /**
     * It may not.
     *
     * @param by the limit that lasts longest
     * @param retryAfter when all limits let a request in again, if nothing else is used; a guess for {@link
     *     Quota.Kind#CONCURRENT_REQUESTS}
     */
    record Refused(Quota by, Duration retryAfter, List<Quota> quotas) implements Admission {}
  }

  private record Wait(Quota.Kind by, Duration time) {}

  /** Lets a request begin, if no limit is in its way. A request that is refused uses nothing. */
  public synchronized Admission admit() {
    long now = nanoTime.getAsLong();
    Optional<Wait> wait =
        waits(now).stream().filter(one -> one.time().isPositive()).max(Comparator.comparing(Wait::time));
    if (wait.isPresent()) {
      limited++;
      List<Quota> quotas = quotas(now);
      Quota by = quotas.stream().filter(quota -> quota.kind() == wait.get().by()).findFirst().orElseThrow();
      return new Admission.Refused(by, wait.get().time(), quotas);
    }
    if (requestBucket != null) {
      requestBucket.take(1, now);
    }
    requests++;
    running++;
    return new Admission.Granted(new Ticket(), quotas(now));
  }

  private List<Wait> waits(long now) {
    List<Wait> waits = new ArrayList<>();
    if (limits.concurrentRequests() > 0 && running >= limits.concurrentRequests()) {
      waits.add(new Wait(Quota.Kind.CONCURRENT_REQUESTS, SOON));
    }
    if (requestBucket != null) {
      waits.add(new Wait(Quota.Kind.REQUESTS_PER_MINUTE, requestBucket.until(1, now)));
    }
    if (tokenBucket != null) {
      waits.add(new Wait(Quota.Kind.TOKENS_PER_MINUTE, tokenBucket.until(1, now)));
    }
    if (limits.tokensPerDay() > 0 && usedToday() >= limits.tokensPerDay()) {
      waits.add(new Wait(Quota.Kind.TOKENS_PER_DAY, untilTomorrow()));
    }
    return waits;
  }

  /** What is left of each limit that there is. */
  public synchronized List<Quota> quotas() {
    return quotas(nanoTime.getAsLong());
  }

  private List<Quota> quotas(long now) {
    List<Quota> quotas = new ArrayList<>();
    if (requestBucket != null) {
      quotas.add(quota(Quota.Kind.REQUESTS_PER_MINUTE, requestBucket, now));
    }
    if (limits.concurrentRequests() > 0) {
      long left = Math.max(0, limits.concurrentRequests() - running);
      quotas.add(new Quota(Quota.Kind.CONCURRENT_REQUESTS, limits.concurrentRequests(), left, SOON));
    }
    if (tokenBucket != null) {
      quotas.add(quota(Quota.Kind.TOKENS_PER_MINUTE, tokenBucket, now));
    }
    if (limits.tokensPerDay() > 0) {
      long left = Math.max(0, limits.tokensPerDay() - usedToday());
      quotas.add(new Quota(Quota.Kind.TOKENS_PER_DAY, limits.tokensPerDay(), left, untilTomorrow()));
    }
    return quotas;
  }

  private static Quota quota(Quota.Kind kind, TokenBucket bucket, long now) {
    long left = (long) Math.max(0, Math.floor(bucket.level(now)));
    return new Quota(kind, bucket.capacity(), left, bucket.until(bucket.capacity(), now));
  }

  private LocalDate today() {
    return LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
  }

  private long usedToday() {
    LocalDate now = today();
    if (!now.equals(day)) {
      day = now;
      tokensOfDay = 0;
    }
    return tokensOfDay;
  }

  private Duration untilTomorrow() {
    Instant midnight = today().plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant();
    return Duration.between(clock.instant(), midnight);
  }

  /** Whether a new account in its place would let in the same. */
  synchronized boolean isFresh() {
    long now = nanoTime.getAsLong();
    return running == 0
        && (requestBucket == null || requestBucket.level(now) >= requestBucket.capacity())
        && (tokenBucket == null || tokenBucket.level(now) >= tokenBucket.capacity())
        && (limits.tokensPerDay() == 0 || usedToday() == 0);
  }

  private synchronized void charge(long prompt, long answer) {
    promptTokens += prompt;
    answerTokens += answer;
    tokensOfDay = usedToday() + prompt + answer;
    if (tokenBucket != null) {
      tokenBucket.take((double) prompt + answer, nanoTime.getAsLong());
    }
  }

  private synchronized void addRunning(int more) {
    running += more;
  }

  /** What the key has done. */
  public synchronized KeyUsage usage() {
    return new KeyUsage(id, requests, limited, running, promptTokens, answerTokens);
  }

  /** A request that was admitted. It counts as running until it and all its {@linkplain #hold holds} are closed. */
  public final class Ticket implements Account, AutoCloseable {
    private final Runnable end = ending();

    private Ticket() {}

    private Runnable ending() {
      AtomicBoolean open = new AtomicBoolean(true);
      return () -> {
        if (open.compareAndSet(true, false)) {
          addRunning(-1);
        }
      };
    }

    @Override
    public Tenant tenant() {
      return tenant;
    }

    @Override
    public void charge(long prompt, long answer) {
      KeyAccount.this.charge(prompt, answer);
    }

    @Override
    public Runnable hold() {
      addRunning(1);
      return ending();
    }

    @Override
    public void done() {
      end.run();
    }

    /** The same as {@link #done}. */
    @Override
    public void close() {
      done();
    }
  }
}
