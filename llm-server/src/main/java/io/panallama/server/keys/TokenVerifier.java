package io.panallama.server.keys;

import java.util.Set;

/** Says whose an access token is. Safe for any thread. */
public interface TokenVerifier {
  /** The fewest characters of a signed token. */
  int SHORTEST = 32;

  /**
   * Whom a token is for.
   *
   * @param id the name of the subject in logs and accounts, of visible ASCII
   * @param roles what the subject may do; may be empty
   * @param limits how much
   */
  record Subject(String id, Set<Role> roles, KeyLimits limits) {
    /** The roles are copied. */
    public Subject {
      roles = Set.copyOf(roles);
    }
  }

  /**
   * Checks a token.
   *
   * @throws RefusedException if it is not good, or not any more
   * @throws UnavailableException if it can't be checked, because the issuer can't be asked for its keys
   */
  Subject verify(String token) throws RefusedException, UnavailableException;

  /** Whether a text has the form of a signed or unsigned token (JWT): three parts with dots between them, the first an object. */
  static boolean isToken(String text) {
    return text.length() >= SHORTEST && text.startsWith("eyJ") && text.chars().filter(c -> c == '.').count() == 2;
  }

  /** A token is not taken. */
  final class RefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String reason;

    /**
     * A refusal.
     *
     * @param reason as a sentence, without anything of the token
     */
    public RefusedException(String reason) {
      super(reason, null, false, false);
      this.reason = reason;
    }

    /** Why, as a sentence. */
    public String reason() {
      return reason;
    }
  }

  /** A token can't be checked now. */
  final class UnavailableException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What happened. */
    public UnavailableException(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
