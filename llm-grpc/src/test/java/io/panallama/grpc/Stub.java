package io.panallama.grpc;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import io.panallama.grpc.v1.PredictRequest;
import io.panallama.grpc.v1.PredictResponse;
import java.util.Iterator;

/** The client's side of the service. */
record Stub(Channel channel, CallOptions options) {
  Iterator<PredictResponse> predict(PredictRequest request) {
    return ClientCalls.blockingServerStreamingCall(channel, Inference.PREDICT, options, request);
  }

  void predict(PredictRequest request, StreamObserver<PredictResponse> answer) {
    ClientCalls.asyncServerStreamingCall(channel.newCall(Inference.PREDICT, options), request, answer);
  }
}
