package io.panallama.server.registry;

import io.panallama.TextGenerator;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.error.ModelFileChangedException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.request.Tenant;
import io.panallama.server.documents.PassageSearch;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The right to use a served engine until {@link #close}: while a lease is open its engine is not released, even if another
 * one took its place.
 *
 * <p>Safe for use by several threads, though usually the thread of one request holds it.
 */
public final class Lease implements AutoCloseable {
  private final Registry registry;
  private final Entry entry;

  /** Guarded by the registry's lock, as is {@link #open}. */
  private final List<Runnable> onRevoke = new ArrayList<>();

  private boolean open = true;

  /** Whether the server's time limit is that of its requests. */
  private volatile boolean timed;

  Lease(Registry registry, Entry entry) {
    this.registry = registry;
    this.entry = entry;
  }

  /** What the server tells clients about the model. */
  public ServedModel model() {
    return entry.model();
  }

  /**
   * Checks that a request is not too large for this server.
   *
   * @throws io.panallama.error.InvalidRequestException if it is; the message says what is too large
   */
  public void admit(GenerationRequest request) {
    registry.limits().check(request);
  }

  /**
   * The request with an end, and for a tenant: one that shifts its context could go on for ever and keep others from their turn, and
   * none may take longer than the server allows.
   */
  public GenerationRequest bounded(GenerationRequest request, Tenant tenant) {
    GenerationRequest ending = RequestLimits.bounded(request, model().contextSize());
    boolean limits = registry.limits().limitTime(ending.options());
    if (!limits && tenant.equals(ending.options().tenant())) {
      return ending;
    }
    GenerationOptions.Builder options = ending.options().toBuilder().tenant(tenant);
    if (limits) {
      timed = true;
      registry.limits().time().ifPresent(options::timeLimit);
    }
    return ending.with(options.build());
  }

  /** Whether a generation ended by the server's time limit before its answer began, so that there is no answer. */
  public boolean isOverdue(GenerationEvent.Finished end) {
    return timed && end.reason() == FinishReason.TIME_LIMIT && end.usage().completionTokens() == 0;
  }

  /** What searches vector stores for the model; empty if none are served. */
  public Optional<PassageSearch> passages() {
    return registry.passages();
  }

  /** What generates for the model. */
  public TextGenerator generator() {
    return entry.engine().generator();
  }

  /**
   * Runs {@code action} once if the registry is closed and its grace period is over before the lease is returned; at once if
   * that is so already. The action must end the work that holds the lease, and must not block.
   */
  public void onRevoke(Runnable action) {
    if (registry.addRevokeAction(onRevoke, action)) {
      action.run();
    }
  }

  /** Reports that a generation of this lease has ended, for the server's statistics. */
  public void finished(String route, GenerationEvent.Finished end) {
    registry.totals().add(end.usage(), end.timings());
    registry.meter().finished(model().id(), route, end);
  }

  /** Reports that a generation of this lease that had begun ended with an error. */
  public void failed(String route) {
    registry.meter().failed(model().id(), route);
  }

  /** Reports that a generation of this lease was cancelled before its end was read. */
  public void abandoned(String route) {
    registry.meter().abandoned(model().id(), route);
  }

  /**
   * Reports that the engine refused a request because it is closed. The first report about an engine is logged.
   *
   * @return what to tell the client
   */
  public ModelUnavailableException engineClosed(EngineClosedException refusal) {
    return entry.unavailable(Health.closed(String.valueOf(refusal.getMessage())), refusal);
  }

  /**
   * Reports that the engine refused a request because it has failed. The first report about an engine is logged.
   *
   * @return what to tell the client
   */
  public ModelUnavailableException engineFailed(EngineFailedException refusal) {
    String detail = String.valueOf(refusal.getMessage());
    boolean file = refusal.getCause() instanceof ModelFileChangedException;
    return entry.unavailable(file ? Health.fileChanged(detail) : Health.failed(detail), refusal);
  }

  /** Returns the lease. Repeating it is harmless. */
  @Override
  public void close() {
    registry.give(this);
  }

  Entry entry() {
    return entry;
  }

  /** Marks the lease as returned; false if it was already. Under the registry's lock. */
  boolean giveBack() {
    boolean first = open;
    open = false;
    return first;
  }

  /** What has to run because the lease is revoked. Under the registry's lock. */
  List<Runnable> revoke() {
    List<Runnable> actions = List.copyOf(onRevoke);
    onRevoke.clear();
    return actions;
  }
}
