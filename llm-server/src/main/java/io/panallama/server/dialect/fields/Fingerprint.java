package io.panallama.server.dialect.fields;

/** The value of {@code system_fingerprint} and of llama-server's {@code build_info}: which build computes the answers. */
public final class Fingerprint {
  private static final String VALUE = "b" + version() + "-panallama";

  private Fingerprint() {}

  /** One word, which begins with a {@code b} as llama-server's does; the same for all answers of this version. */
  public static String value() {
    return VALUE;
  }

  private static String version() {
    String version = Fingerprint.class.getPackage().getImplementationVersion();
    return version == null ? "0" : version;
  }
}
