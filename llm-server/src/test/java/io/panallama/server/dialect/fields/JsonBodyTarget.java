package io.panallama.server.dialect.fields;

import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.Ignored;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A target of {@code .ci/fuzz-coverage}: the body of a request, each field of it read as every type and as a schema. */
public final class JsonBodyTarget {
  private JsonBodyTarget() {}

  /** Reads the input; anything but an {@link ApiException} with a status below 500 is a fault. */
  public static void fuzzerTestOneInput(byte[] input) {
    Ignored ignored = new Ignored(false);
    readable(() -> {
      JsonFields fields = JsonBody.read(new ClientRequest(input, "", Map.of(), Map.of(), ignored, () -> {}));
      List<String> names = new ArrayList<>();
      fields.forEach((name, _) -> names.add(name));
      for (String name : names) {
        readable(() -> fields.string(name));
        readable(() -> fields.bool(name));
        readable(() -> fields.number(name));
        readable(() -> fields.integer(name, IntegerRange.of(-5, 5)));
        readable(() -> fields.nearestInteger(name));
        readable(() -> fields.nearestLong(name));
        readable(() -> fields.objectOrEmpty(name).ignoreUnknown());
        readable(() -> SchemaFields.schema(fields.any(name), fields.path(name), false, ignored));
      }
      fields.ignoreUnknown();
    });
    String header = ignored.header();
    if (header.chars().anyMatch(c -> c < ' ' || c > '~')) {
      throw new AssertionError("not a header: " + header);
    }
  }

  private static void readable(Runnable read) {
    try {
      read.run();
    } catch (ApiException refused) {
      if (refused.status() >= 500) {
        throw refused;
      }
    }
  }
}
