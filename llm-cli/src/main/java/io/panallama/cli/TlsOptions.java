package io.panallama.cli;

import io.panallama.server.ServerConfig;
import io.panallama.server.TlsConfig;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Whether the server encrypts, and by which certificate. The names are llama-server's. */
final class TlsOptions {
  @Option(
      names = "--ssl-cert-file",
      paramLabel = "FILE",
      description =
          "Encrypt (HTTPS) by the certificate in this PEM file: the server's own first, then those that signed it. It"
              + " is read again when it changes. Default: none, and nothing is encrypted.")
  private @Nullable Path certificates;

  @Option(
      names = "--ssl-key-file",
      paramLabel = "FILE",
      description = "PEM file with the private key of --ssl-cert-file, without a passphrase. Default: none.")
  private @Nullable Path key;

  /**
   * Applies these options.
   *
   * @throws UsageException if one of them is given without the other: such a server would be taken for one that encrypts
   */
  void configure(ServerConfig.Builder server) {
    if (certificates != null && key != null) {
      server.tls(new TlsConfig(certificates, key));
    } else if (certificates != null) {
      throw new UsageException("--ssl-cert-file needs --ssl-key-file, the file with the certificate's private key.");
    } else if (key != null) {
      throw new UsageException("--ssl-key-file needs --ssl-cert-file, the file with the key's certificate.");
    }
  }
}
