package io.panallama.grpc;

import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import io.panallama.server.registry.ModelUnavailableException;
import io.panallama.server.registry.Registry;
import java.time.Duration;

/**
 * Keeps the standard health service in step with {@code /ready}: {@code SERVING} while every model can compute. It looks several times
 * a second, on a virtual thread, until it is closed.
 */
final class HealthFollower implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofMillis(200);

  private final Registry registry;
  private final HealthStatusManager manager;
  private final Thread thread;

  private HealthFollower(Registry registry, HealthStatusManager manager) {
    this.registry = registry;
    this.manager = manager;
    this.thread = Thread.ofVirtual().name("panallama-grpc-health").unstarted(this::follow);
  }

  static HealthFollower start(Registry registry, HealthStatusManager manager) {
    HealthFollower follower = new HealthFollower(registry, manager);
    follower.look();
    follower.thread.start();
    return follower;
  }

  private void follow() {
    try {
      while (!Thread.currentThread().isInterrupted()) {
        Thread.sleep(PAUSE);
        look();
      }
    } catch (InterruptedException closed) {
      Thread.currentThread().interrupt();
    }
  }

  /** Tells the state of now, under the name of the whole server and that of the service. */
  private void look() {
    ServingStatus status;
    try {
      registry.checkReady();
      status = ServingStatus.SERVING;
    } catch (ModelUnavailableException notReady) {
      status = ServingStatus.NOT_SERVING;
    }
    manager.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, status);
    manager.setStatus(Inference.NAME, status);
  }

  /** Says that nothing is served any more, which no later look changes. */
  @Override
  public void close() {
    thread.interrupt();
    manager.enterTerminalState();
  }
}
