package io.panallama.server.dialect.llamacpp;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.TextGenerator;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.fields.ChatBody;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.JsonBody;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.dialect.fields.TokenIds;
import io.panallama.server.registry.Lease;
import io.panallama.server.registry.Registry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The routes that show texts as tokens, tokens as texts, and conversations as prompts. */
final class TokenRoutes {
  private TokenRoutes() {}

  /** The tokens of a text, or of an array of texts and token ids. */
  static Answer tokenize(ClientRequest request, Registry registry) {
    JsonFields body = JsonBody.read(request);
    JsonNode content = body.any("content");
    boolean addSpecial = body.bool("add_special");
    JsonNode parse = body.any("parse_special");
    if (parse != null && !parse.isBoolean()) {
      throw JsonFields.wrongType("parse_special", parse, "true or false");
    }
    boolean parseSpecial = parse == null || parse.booleanValue();
    boolean withPieces = body.bool("with_pieces");
    String model = body.string("model");
    body.ignoreUnknown();
    try (Lease lease = registry.lease(model)) {
      TextGenerator generator = lease.generator();
      int[] tokens = tokens(content, generator, addSpecial, parseSpecial);
      return Answer.json(Json.object(json -> write(json, tokens, withPieces ? generator : null)));
    }
  }

  private static int[] tokens(
      @Nullable JsonNode content, TextGenerator generator, boolean addSpecial, boolean parseSpecial) {
    if (content == null) {
      return new int[0];
    }
    if (content.isTextual()) {
      return generator.tokenize(JsonFields.string(content, "content"), addSpecial, parseSpecial);
    }
    if (!content.isArray()) {
      throw JsonFields.wrongType("content", content, "a string, or an array of strings and token ids");
    }
    List<int[]> parts = new ArrayList<>();
    for (int i = 0; i < content.size(); i++) {
      JsonNode part = content.get(i);
      String path = "content[" + i + "]";
      if (part.isTextual()) {
        parts.add(generator.tokenize(JsonFields.string(part, path), addSpecial && i == 0, parseSpecial));
      } else {
        int id = TokenIds.read(part, path);
        TokenIds.requireKnown(id, path, generator);
        parts.add(new int[] {id});
      }
    }
    return parts.stream().flatMapToInt(Arrays::stream).toArray();
  }

  private static void write(JsonGenerator json, int[] tokens, @Nullable TextGenerator pieces) throws IOException {
    json.writeArrayFieldStart("tokens");
    for (int token : tokens) {
      if (pieces == null) {
        json.writeNumber(token);
      } else {
        json.writeStartObject();
        json.writeNumberField("id", token);
        json.writeFieldName("piece");
        piece(json, pieces.tokenBytes(token), pieces, token);
        json.writeEndObject();
      }
    }
    json.writeEndArray();
  }

  /** A text, or bytes if they are no whole characters; a control token is written out. */
  private static void piece(JsonGenerator json, byte[] bytes, TextGenerator generator, int token) throws IOException {
    if (bytes.length == 0) {
      json.writeString(generator.detokenize(token));
      return;
    }
    try {
      json.writeString(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException notWhole) {
      json.writeStartArray();
      for (byte one : bytes) {
        json.writeNumber(Byte.toUnsignedInt(one));
      }
      json.writeEndArray();
    }
  }

  /** The text of token ids. */
  static Answer detokenize(ClientRequest request, Registry registry) {
    JsonFields body = JsonBody.read(request);
    JsonNode array = body.any("tokens");
    if (array != null && !array.isArray()) {
      throw JsonFields.wrongType("tokens", array, "an array of token ids");
    }
    int[] tokens =
        array == null
            ? new int[0]
            : IntStream.range(0, array.size()).map(i -> TokenIds.read(array.get(i), "tokens[" + i + "]")).toArray();
    String model = body.string("model");
    body.ignoreUnknown();
    try (Lease lease = registry.lease(model)) {
      String text = lease.generator().detokenize(tokens);
      return Answer.json(Json.object(json -> json.writeStringField("content", text)));
    }
  }

  /** The prompt that a chat request would be generated from. */
  static Answer applyTemplate(ClientRequest request, Registry registry) {
    JsonFields fields = JsonBody.read(request);
    // Without effect on the prompt.
    fields.accept("prompt_logprobs");
    ChatBody body = ChatBody.read(fields);
    try (Lease lease = registry.lease(body.common().model())) {
      String prompt = lease.generator().render(body.admitted(lease));
      return Answer.json(Json.object(json -> json.writeStringField("prompt", prompt)));
    }
  }
}
