package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.TextGenerator;
import io.panallama.generation.GenerationGroup;
import io.panallama.request.Prompt;
import io.panallama.server.dialect.ApiException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * The field {@code prompt} of a completion, in all of OpenAI's and llama-server's forms: a text, token ids, a mixture of ids and
 * texts in one array, or an array of several of these.
 *
 * <p>Special tokens written in a text, such as {@code <|im_end|>}, become those tokens: with a raw prompt the client applies the
 * chat template itself, as with other servers.
 */
public final class PromptFields {
  private static final String FORMS = "a string, an array of token ids, or an array with one or more of those";

  private PromptFields() {}

  /** A prompt as it stands in a body. */
  public sealed interface Given {
    /** The prompt for a model. */
    Prompt of(TextGenerator generator);

    /**
     * Its text; ids as the texts of their tokens, without control tokens.
     *
     * @param tokenBytes gives the bytes of a token of the vocabulary
     */
    String text(IntFunction<byte[]> tokenBytes);
  }

  /** A text. */
  public record Text(String text) implements Given {
    @Override
    public Prompt of(TextGenerator generator) {
      return new Prompt.Text(text, true);
    }

    @Override
    public String text(IntFunction<byte[]> tokenBytes) {
      return text;
    }
  }

  /**
   * Token ids and texts, at least one part.
   *
   * @param path the path of their array from the body's root
   */
  public record Mixed(String path, List<Part> parts) implements Given {
    /** Copies the list. */
    public Mixed {
      parts = List.copyOf(parts);
    }

    @Override
    public Prompt of(TextGenerator generator) {
      IntStream tokens = IntStream.empty();
      for (int i = 0; i < parts.size(); i++) {
        // As in llama-server, only a text at the beginning gets what the vocabulary puts there.
        tokens = IntStream.concat(tokens, Arrays.stream(parts.get(i).tokens(generator, path, i == 0)));
      }
      return new Prompt.Tokens(tokens.toArray());
    }

    @Override
    public String text(IntFunction<byte[]> tokenBytes) {
      ByteArrayOutputStream text = new ByteArrayOutputStream();
      for (Part part : parts) {
        part.ids().forEach(token -> text.writeBytes(tokenBytes.apply(token)));
        text.writeBytes(part.text().getBytes(StandardCharsets.UTF_8));
      }
      return text.toString(StandardCharsets.UTF_8);
    }
  }

  /**
   * A part of a mixture.
   *
   * @param index where it begins in the array
   * @param ids token ids, if there is no text
   * @param text a text; empty if there are ids
   */
  public record Part(int index, List<Integer> ids, String text) {
    /** Copies the list. */
    public Part {
      ids = List.copyOf(ids);
    }

    private int[] tokens(TextGenerator generator, String path, boolean beginning) {
      if (ids.isEmpty()) {
        return generator.tokenize(text, beginning, true);
      }
      for (int i = 0; i < ids.size(); i++) {
        TokenIds.requireKnown(ids.get(i), path + "[" + (index + i) + "]", generator);
      }
      return ids.stream().mapToInt(Integer::intValue).toArray();
    }
  }

  /**
   * Reads the prompts of a body, at least one.
   *
   * @param name the field's name
   * @throws ApiException if the field is missing, or a part of it is wrong
   */
  public static List<Given> read(JsonFields body, String name) {
    JsonNode prompt = body.any(name);
    if (prompt == null) {
      throw ApiException.invalid(name, name + " is missing.");
    }
    if (!isBatch(prompt)) {
      return List.of(one(prompt, name));
    }
    if (prompt.size() > GenerationGroup.MAX_SIZE) {
      throw ApiException.invalid(
          name, name + " has " + prompt.size() + " prompts; at most " + GenerationGroup.MAX_SIZE + " are allowed.");
    }
    List<Given> prompts = new ArrayList<>();
    for (int i = 0; i < prompt.size(); i++) {
      prompts.add(one(prompt.get(i), name + "[" + i + "]"));
    }
    return prompts;
  }

  /** Several prompts: texts only, or an array or object among the elements. */
  private static boolean isBatch(JsonNode prompt) {
    if (!prompt.isArray() || prompt.isEmpty()) {
      return false;
    }
    boolean texts = true;
    for (JsonNode element : prompt) {
      if (element.isContainerNode()) {
        return true;
      }
      texts &= element.isTextual();
    }
    return texts;
  }

  private static Given one(JsonNode prompt, String path) {
    if (prompt.isTextual()) {
      return new Text(JsonFields.string(prompt, path));
    }
    // llama-server's form of a prompt that may have media.
    if (prompt.isObject() && prompt.path("prompt_string").isTextual()) {
      JsonNode media = prompt.path("multimodal_data");
      boolean none = media.isMissingNode() || media.isNull() || media.isContainerNode() && media.isEmpty();
      if (!none) {
        throw ApiException.unsupported(path + ".multimodal_data", "The field " + path + ".multimodal_data");
      }
      return new Text(JsonFields.string(prompt.path("prompt_string"), path + ".prompt_string"));
    }
    if (!prompt.isArray()) {
      throw JsonFields.wrongType(path, prompt, FORMS);
    }
    List<Part> parts = new ArrayList<>();
    List<Integer> ids = new ArrayList<>();
    for (int i = 0; i < prompt.size(); i++) {
      JsonNode element = prompt.get(i);
      String where = path + "[" + i + "]";
      if (element.isTextual()) {
        flush(ids, i, parts);
        parts.add(new Part(i, List.of(), JsonFields.string(element, where)));
      } else {
        ids.add(TokenIds.read(element, where));
      }
    }
    flush(ids, prompt.size(), parts);
    return new Mixed(path, parts);
  }

  /** Makes a part of the ids that end before {@code end}. */
  private static void flush(List<Integer> ids, int end, List<Part> parts) {
    if (!ids.isEmpty()) {
      parts.add(new Part(end - ids.size(), ids, ""));
      ids.clear();
    }
  }
}
