package io.panallama.server.keys;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The form of a key file. People edit it by hand to change limits, so an error names its place, and what is unknown is refused: a limit
 * with a misspelt name would be none.
 */
final class KeyFileJson {
  private static final int VERSION = 1;

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build();

  private KeyFileJson() {}

  /** What is wrong with a document; the message is a part of a sentence. */
  static final class Malformed extends Exception {
    private static final long serialVersionUID = 1L;

    private Malformed(String message) {
      super(message);
    }
  }

  static KeySet read(String text) throws Malformed {
    JsonNode root = tree(text);
    fields("it", root, Set.of("version", "keys"));
    if (root.path("version").asInt() != VERSION) {
      throw new Malformed("its version must be " + VERSION + "; a newer Panallama may have written it");
    }
    List<AccessKey> keys = new ArrayList<>();
    for (JsonNode key : array("keys", root.path("keys"))) {
      keys.add(key("keys[" + keys.size() + "]", key));
    }
    try {
      return new KeySet(keys);
    } catch (IllegalArgumentException twice) {
      throw new Malformed(sentence(twice));
    }
  }

  private static JsonNode tree(String text) throws Malformed {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException syntax) {
      // Jackson's message quotes the text; the place is enough.
      var place = syntax.getLocation();
      throw new Malformed(
          "it is no JSON document, or has a name twice (line "
              + (place == null ? 1 : place.getLineNr())
              + ", column "
              + (place == null ? 1 : place.getColumnNr())
              + ")");
    }
  }

  private static AccessKey key(String where, JsonNode key) throws Malformed {
    fields(where, key, Set.of("id", "note", "created", "expires", "revoked", "roles", "limits", "weight", "secrets"));
    List<KeySecret> secrets = new ArrayList<>();
    for (JsonNode secret : array(where + ".secrets", key.path("secrets"))) {
      secrets.add(secret(where + ".secrets[" + secrets.size() + "]", secret));
    }
    try {
      return new AccessKey(
          string(where + ".id", key.path("id")),
          key.has("note") ? string(where + ".note", key.path("note")) : "",
          instant(where + ".created", key.path("created")),
          orNull(where + ".expires", key.path("expires")),
          orNull(where + ".revoked", key.path("revoked")),
          roles(where + ".roles", key.path("roles")),
          limits(where + ".limits", key.path("limits")),
          weight(where + ".weight", key.path("weight")),
          secrets);
    } catch (IllegalArgumentException wrong) {
      throw new Malformed(where + "." + sentence(wrong));
    }
  }

  private static KeySecret secret(String where, JsonNode secret) throws Malformed {
    fields(where, secret, Set.of("sha256", "created", "expires"));
    try {
      return new KeySecret(
          string(where + ".sha256", secret.path("sha256")),
          instant(where + ".created", secret.path("created")),
          orNull(where + ".expires", secret.path("expires")));
    } catch (IllegalArgumentException wrong) {
      throw new Malformed(where + "." + sentence(wrong));
    }
  }

  private static Set<Role> roles(String where, JsonNode names) throws Malformed {
    Set<Role> roles = EnumSet.noneOf(Role.class);
    for (JsonNode name : array(where, names)) {
      roles.add(
          Role.of(name.asText())
              .orElseThrow(() -> new Malformed(where + " has an unknown role; there are use and operate")));
    }
    return roles;
  }

  private static double weight(String where, JsonNode weight) throws Malformed {
    if (weight.isMissingNode() || weight.isNull()) {
      return 1;
    }
    if (!weight.isNumber()) {
      throw new Malformed(where + " must be a number");
    }
    return weight.asDouble();
  }

  private static KeyLimits limits(String where, JsonNode limits) throws Malformed {
    if (limits.isMissingNode() || limits.isNull()) {
      return KeyLimits.NONE;
    }
    fields(where, limits, Set.of("requests_per_minute", "concurrent_requests", "tokens_per_minute", "tokens_per_day"));
    return new KeyLimits(
        limit(where, limits, "requests_per_minute"),
        limit(where, limits, "concurrent_requests"),
        limit(where, limits, "tokens_per_minute"),
        limit(where, limits, "tokens_per_day"));
  }

  private static long limit(String where, JsonNode limits, String name) throws Malformed {
    JsonNode value = limits.path(name);
    if (value.isMissingNode() || value.isNull()) {
      return 0;
    }
    if (!value.isIntegralNumber()
        || !value.canConvertToLong()
        || value.asLong() < 1
        || value.asLong() > KeyLimits.MOST) {
      throw new Malformed(
          where + "." + name + " must be a whole number from 1 to " + KeyLimits.MOST + ", or null for no limit");
    }
    return value.asLong();
  }

  private static void fields(String where, JsonNode object, Set<String> known) throws Malformed {
    if (!object.isObject()) {
      throw new Malformed(where + " must be an object");
    }
    for (var field : object.properties()) {
      if (!known.contains(field.getKey())) {
        throw new Malformed(
            where + " has a field that is unknown; allowed are " + String.join(", ", known.stream().sorted().toList()));
      }
    }
  }

  private static JsonNode array(String where, JsonNode array) throws Malformed {
    if (!array.isArray()) {
      throw new Malformed(where + " must be an array");
    }
    return array;
  }

  private static String string(String where, JsonNode text) throws Malformed {
    if (!text.isTextual()) {
      throw new Malformed(where + " must be a text");
    }
    return text.asText();
  }

  private static @Nullable Instant orNull(String where, JsonNode time) throws Malformed {
    return time.isMissingNode() || time.isNull() ? null : instant(where, time);
  }

  private static Instant instant(String where, JsonNode time) throws Malformed {
    try {
      return Instant.parse(string(where, time));
    } catch (DateTimeParseException wrong) {
      throw new Malformed(where + " must be a time in UTC, such as 2027-01-31T12:00:00Z");
    }
  }

  private static String sentence(IllegalArgumentException wrong) {
    return String.valueOf(wrong.getMessage()).replaceFirst("\\.$", "");
  }

  static String write(KeySet keys) {
    ObjectNode root = JSON.createObjectNode().put("version", VERSION);
    ArrayNode array = root.putArray("keys");
    for (AccessKey key : keys.keys()) {
      ObjectNode node = array.addObject();
      node.put("id", key.id()).put("note", key.note()).put("created", key.created().toString());
      node.put("expires", text(key.expires())).put("revoked", text(key.revoked()));
      ArrayNode roles = node.putArray("roles");
      EnumSet.copyOf(key.roles()).forEach(role -> roles.add(role.wireName()));
      ObjectNode limits = node.putObject("limits");
      put(limits, "requests_per_minute", key.limits().requestsPerMinute());
      put(limits, "concurrent_requests", key.limits().concurrentRequests());
      put(limits, "tokens_per_minute", key.limits().tokensPerMinute());
      put(limits, "tokens_per_day", key.limits().tokensPerDay());
      if (key.weight() != 1) {
        node.put("weight", key.weight());
      }
      ArrayNode secrets = node.putArray("secrets");
      for (KeySecret secret : key.secrets()) {
        secrets
            .addObject()
            .put("sha256", secret.sha256())
            .put("created", secret.created().toString())
            .put("expires", text(secret.expires()));
      }
    }
    return root.toPrettyString() + "\n";
  }

  private static void put(ObjectNode limits, String name, long value) {
    limits.put(name, value == 0 ? null : (Long) value);
  }

  private static @Nullable String text(@Nullable Instant time) {
    return time == null ? null : time.toString();
  }
}
