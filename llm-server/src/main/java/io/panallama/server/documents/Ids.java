package io.panallama.server.documents;

import java.security.SecureRandom;
import java.util.OptionalLong;

/**
 * The names that the library gives: a prefix, and 24 small letters and digits, so each is a file's name, too. The first of these are the
 * time when it was made, so that a list can go on behind something that has been deleted; the rest is random.
 */
final class Ids {
  static final String FILE = "file-";
  static final String STORE = "vs_";
  static final String BATCH = "vsfb_";
  static final String UPLOAD = "upload_";
  static final String PART = "part_";

  private static final SecureRandom RANDOM = new SecureRandom();
  private static final int RADIX = 36;
  private static final int LENGTH = 24;

  /** Enough for the microseconds of the next 4000 years. */
  private static final int TIME = 11;

  private Ids() {}

  /** Another id of something that was made at this time, in microseconds. */
  static String create(String prefix, long stamp) {
    StringBuilder id = new StringBuilder(prefix);
    String time = Long.toString(stamp, RADIX);
    id.repeat("0", Math.max(0, TIME - time.length())).append(time);
    RANDOM.ints(LENGTH - TIME, 0, RADIX).forEach(digit -> id.append(Character.forDigit(digit, RADIX)));
    return id.toString();
  }

  /** When the thing with this id was made; empty if it is no id of ours. */
  static OptionalLong stamp(String id) {
    for (String prefix : new String[] {FILE, STORE, BATCH, UPLOAD, PART}) {
      if (isOne(prefix, id)) {
        return OptionalLong.of(Long.parseLong(id.substring(prefix.length(), prefix.length() + TIME), RADIX));
      }
    }
    return OptionalLong.empty();
  }

  /** Whether a text is an id with this prefix. */
  static boolean isOne(String prefix, String text) {
    return text.startsWith(prefix)
        && text.length() == prefix.length() + LENGTH
        && text.substring(prefix.length()).chars().allMatch(c -> c >= '0' && c <= '9' || c >= 'a' && c <= 'z');
  }
}
