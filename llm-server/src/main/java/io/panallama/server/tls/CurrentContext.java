package io.panallama.server.tls;

import java.security.KeyManagementException;
import java.security.SecureRandom;
import java.util.function.Supplier;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLContextSpi;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocketFactory;
import javax.net.ssl.SSLSessionContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * A context that is always that of the certificate of now, for libraries that keep the one that they are given. It makes engines of the
 * server's side only. Safe for any thread.
 */
final class CurrentContext extends SSLContext {
  /**
   * A context.
   *
   * @param current the context of now
   * @param allowed what the server allows on a connection of now
   * @param engines makes the server's side of a connection
   */
  CurrentContext(Supplier<SSLContext> current, Supplier<SSLParameters> allowed, Supplier<SSLEngine> engines) {
    super(new Delegate(current, allowed, engines), current.get().getProvider(), current.get().getProtocol());
  }

  private static final class Delegate extends SSLContextSpi {
    private final Supplier<SSLContext> current;
    private final Supplier<SSLParameters> allowed;
    private final Supplier<SSLEngine> engines;

    Delegate(Supplier<SSLContext> current, Supplier<SSLParameters> allowed, Supplier<SSLEngine> engines) {
      this.current = current;
      this.allowed = allowed;
      this.engines = engines;
    }

    @Override
    protected void engineInit(
        KeyManager @Nullable [] keys, TrustManager @Nullable [] trusted, @Nullable SecureRandom random)
        throws KeyManagementException {
      throw new KeyManagementException("The server's certificate is read from its files.");
    }

    @Override
    protected SSLEngine engineCreateSSLEngine() {
      return engines.get();
    }

    @Override
    protected SSLEngine engineCreateSSLEngine(String host, int port) {
      return engines.get();
    }

    @Override
    protected SSLSocketFactory engineGetSocketFactory() {
      throw new UnsupportedOperationException("The server's certificate makes no connections.");
    }

    @Override
    protected SSLServerSocketFactory engineGetServerSocketFactory() {
      return current.get().getServerSocketFactory();
    }

    @Override
    protected SSLSessionContext engineGetServerSessionContext() {
      return current.get().getServerSessionContext();
    }

    @Override
    protected SSLSessionContext engineGetClientSessionContext() {
      return current.get().getClientSessionContext();
    }

    @Override
    protected SSLParameters engineGetDefaultSSLParameters() {
      return allowed.get();
    }

    @Override
    protected SSLParameters engineGetSupportedSSLParameters() {
      return allowed.get();
    }
  }
}
