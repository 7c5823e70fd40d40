package io.panallama.server.dialect.fields;

import io.panallama.error.EmbeddingException;
import io.panallama.server.keys.Account;
import io.panallama.server.registry.Registry;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/** Has texts computed, and charges their tokens. */
public final class ChargedTexts {
  private static final System.Logger LOGGER = System.getLogger(ChargedTexts.class.getName());

  private ChargedTexts() {}

  /**
   * Does the work. If the client leaves meanwhile, all of its texts are charged: which of them were computed by then is not known.
   *
   * @param tokens those of the result
   * @param given counts those of the texts, for a request without a result
   */
  public static <T> T compute(
      Registry registry, Account account, Supplier<T> work, ToLongFunction<T> tokens, LongSupplier given) {
    return registry.running(() -> charged(account, work, tokens, given));
  }

  private static <T> T charged(Account account, Supplier<T> work, ToLongFunction<T> tokens, LongSupplier given) {
    try {
      T result = work.get();
      account.charge(tokens.applyAsLong(result), 0);
      return result;
    } catch (EmbeddingException ended) {
      if (ended.reason() == EmbeddingException.Reason.INTERRUPTED) {
        chargeGiven(account, given);
      }
      throw ended;
    }
  }

  private static void chargeGiven(Account account, LongSupplier given) {
    boolean interrupted = Thread.interrupted();
    try {
      account.charge(given.getAsLong(), 0);
    } catch (RuntimeException notCounted) {
      LOGGER.log(System.Logger.Level.DEBUG, "The texts of a client that left were not counted", notCounted);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
