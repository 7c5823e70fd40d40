package io.panallama.grpc;

import io.grpc.BindableService;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.panallama.grpc.v1.PredictRequest;
import io.panallama.grpc.v1.PredictResponse;
import io.panallama.server.SharedServer;
import java.time.Duration;

/** The service {@code panallama.v1.Inference}: each call is answered on a virtual thread of its own. Safe for any thread. */
final class InferenceService implements BindableService {
  /** The name of the route in metrics. */
  static final String ROUTE = "/" + Inference.PREDICT.getFullMethodName();

  private final SharedServer shared;
  private final Duration patience;

  /**
   * The service.
   *
   * @param patience how long a client may leave its answer unread
   */
  InferenceService(SharedServer shared, Duration patience) {
    this.shared = shared;
    this.patience = patience;
  }

  @Override
  public ServerServiceDefinition bindService() {
    return ServerServiceDefinition.builder(Inference.SERVICE)
        .addMethod(Inference.PREDICT, ServerCalls.asyncServerStreamingCall(this::predict))
        .build();
  }

  private void predict(PredictRequest request, StreamObserver<PredictResponse> answer) {
    ServerCallStreamObserver<PredictResponse> out = (ServerCallStreamObserver<PredictResponse>) answer;
    PredictCall call = new PredictCall(shared.registry(), request, out, KeyInterceptor.ACCOUNT.get(), patience);
    // gRPC takes handlers only until this method returns.
    out.setOnCancelHandler(call::cancel);
    out.setOnReadyHandler(call::wake);
    call.start();
  }
}
