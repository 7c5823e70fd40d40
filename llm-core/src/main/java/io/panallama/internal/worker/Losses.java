package io.panallama.internal.worker;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a worker had when it died.
 *
 * @param suspects what may be the reason, and how far it was
 * @param shapes what it had, without its text
 * @param requests the bytes of all that it had
 */
record Losses(Map<Suspect, Long> suspects, List<String> shapes, List<byte[]> requests) {
  static Losses none() {
    return new Losses(new LinkedHashMap<>(), new ArrayList<>(), new ArrayList<>());
  }
}
