package io.panallama.grpc;

import io.grpc.CallOptions;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.panallama.grpc.v1.Conversation;
import io.panallama.grpc.v1.Message;
import io.panallama.grpc.v1.PredictRequest;
import io.panallama.grpc.v1.PredictResponse;
import io.panallama.grpc.v1.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A client of a server on loopback, as gRPC's own library makes it. */
final class Calls implements AutoCloseable {
  static final PredictRequest HELLO = PredictRequest.newBuilder().setPrompt("Hello").build();

  private final ManagedChannel channel;

  private Calls(ManagedChannel channel) {
    this.channel = channel;
  }

  static Calls to(int port) {
    return over(NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build());
  }

  static Calls over(ManagedChannel channel) {
    return new Calls(channel);
  }

  ManagedChannel channel() {
    return channel;
  }

  Stub blocking() {
    return new Stub(channel, CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS));
  }

  /** A client that sends a header. */
  Stub with(String name, String value) {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value);
    return new Stub(
        ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(headers)),
        blocking().options());
  }

  static PredictRequest chat(String content) {
    return PredictRequest.newBuilder()
        .setConversation(
            Conversation.newBuilder()
                .addMessages(Message.newBuilder().setRole(Role.ROLE_SYSTEM).setContent("Be brief."))
                .addMessages(Message.newBuilder().setRole(Role.ROLE_USER).setContent(content)))
        .build();
  }

  /** All of an answer. */
  static List<PredictResponse> all(Stub stub, PredictRequest request) {
    List<PredictResponse> answers = new ArrayList<>();
    stub.predict(request).forEachRemaining(answers::add);
    return answers;
  }

  static String text(List<PredictResponse> answers) {
    StringBuilder text = new StringBuilder();
    answers.forEach(answer -> text.append(answer.getText()));
    return text.toString();
  }

  /** How a call fails. */
  static StatusRuntimeException failure(Stub stub, PredictRequest request) {
    try {
      throw new AssertionError("It was answered: " + all(stub, request));
    } catch (StatusRuntimeException failed) {
      return failed;
    }
  }

  static Status.Code code(StatusRuntimeException failed) {
    return failed.getStatus().getCode();
  }

  /** A trailer of a failure; empty if it has none. */
  static String trailer(StatusRuntimeException failed, Metadata.Key<String> key) {
    Metadata trailers = failed.getTrailers();
    String value = trailers == null ? null : trailers.get(key);
    return value == null ? "" : value;
  }

  @Override
  public void close() {
    channel.shutdownNow();
    try {
      if (!channel.awaitTermination(20, TimeUnit.SECONDS)) {
        throw new AssertionError("The client's channel does not end");
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
