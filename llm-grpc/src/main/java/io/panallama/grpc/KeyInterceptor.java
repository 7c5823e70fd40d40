package io.panallama.grpc;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.panallama.server.SharedServer;
import io.panallama.server.keys.Account;
import io.panallama.server.keys.Role;
import java.util.Set;

/** Lets calls in whose key may use the server, and ends what they count as running. Safe for any thread. */
final class KeyInterceptor implements ServerInterceptor {
  /** Whom the tokens of the current call are charged to. */
  static final Context.Key<Account> ACCOUNT = Context.keyWithDefault("panallama-account", Account.NONE);

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private static final Metadata.Key<String> API_KEY = Metadata.Key.of("x-api-key", Metadata.ASCII_STRING_MARSHALLER);

  private final SharedServer shared;

  KeyInterceptor(SharedServer shared) {
    this.shared = shared;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Account account;
    try {
      account = shared.admit(headers.get(AUTHORIZATION), headers.get(API_KEY), Set.of(Role.USE));
    } catch (RuntimeException refused) {
      CallFailure failure = CallFailure.of(refused);
      shared.registry().meter().refused("", InferenceService.ROUTE, failure.code());
      call.close(failure.status(), failure.trailers());
      return new ServerCall.Listener<>() {};
    }
    ServerCall.Listener<Q> inner;
    try {
      inner = Contexts.interceptCall(Context.current().withValue(ACCOUNT, account), call, headers, next);
    } catch (RuntimeException failed) {
      account.done();
      throw failed;
    }
    return new SimpleForwardingServerCallListener<>(inner) {
      @Override
      public void onComplete() {
        account.done();
        super.onComplete();
      }

      @Override
      public void onCancel() {
        account.done();
        super.onCancel();
      }
    };
  }
}
