package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.TextEmbedder;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.TokenVectors;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.TextTooLongException;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.Failures;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The texts of a request for embeddings: a text, the token ids of one, or an array of several of these. */
public final class EmbeddingInput {
  private static final String FORMS = "a string, an array of token ids, or an array with one or more of those";

  /** No text, of which there are no embeddings. */
  public static final EmbeddingInput NOTHING = new EmbeddingInput(true, List.of());

  private static final Pattern TEXT = Pattern.compile("texts\\[(\\d+)](.*)");

  private static final Pattern INDEX = Pattern.compile("\\[\\d+]$");

  private final boolean array;
  private final List<Item> items;

  /**
   * A text.
   *
   * @param text empty if there are ids
   * @param ids null if there is a text
   */
  @SuppressWarnings("ArrayRecordComponent") // Nobody changes it.
  private record Item(String path, String text, int @Nullable [] ids) {}

  private EmbeddingInput(boolean array, List<Item> items) {
    this.array = array;
    this.items = items;
  }

  /**
   * Reads the field.
   *
   * @throws ApiException if it is missing or empty, or a part of it is wrong
   */
  public static EmbeddingInput read(JsonFields body, String field) {
    JsonNode input = body.any(field);
    if (input == null) {
      throw ApiException.invalid(field, field + " is missing.");
    }
    if (input.isArray() && input.isEmpty()) {
      throw ApiException.invalid(field, field + " is empty; give it one text at least.");
    }
    boolean ids = input.isArray() && input.get(0).isNumber();
    if (!input.isArray() || ids) {
      return new EmbeddingInput(false, List.of(item(input, field)));
    }
    List<Item> items = new ArrayList<>(input.size());
    for (int i = 0; i < input.size(); i++) {
      items.add(item(input.get(i), field + "[" + i + "]"));
    }
    return new EmbeddingInput(true, items);
  }

  /**
   * Refuses texts without a character, as OpenAI's API does.
   *
   * @throws ApiException with the place of the first one
   */
  public EmbeddingInput withoutEmptyTexts() {
    for (Item item : items) {
      if (item.ids() == null && item.text().isEmpty()) {
        throw ApiException.invalid(item.path(), item.path() + " is an empty text; it needs one character at least.");
      }
    }
    return this;
  }

  private static Item item(JsonNode value, String path) {
    if (value.isTextual()) {
      return new Item(path, JsonFields.string(value, path), null);
    }
    if (!value.isArray()) {
      throw JsonFields.wrongType(path, value, FORMS);
    }
    int[] ids = new int[value.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = TokenIds.read(value.get(i), path + "[" + i + "]");
    }
    return new Item(path, "", ids);
  }

  /** Whether the field is an array of texts; otherwise it is one. */
  public boolean isArray() {
    return array;
  }

  /**
   * One embedding for each text, in their order.
   *
   * @throws ApiException with this field's name, if a text is too long or a token unknown
   */
  public List<Embedding> compute(TextEmbedder embedder, EmbeddingOptions options) {
    return compute(texts -> embedder.embed(texts, options), tokens -> embedder.embedTokens(tokens, options));
  }

  /**
   * The vectors of each text's tokens, in the texts' order.
   *
   * @throws ApiException as {@link #compute}
   */
  public List<TokenVectors> tokenVectors(TextEmbedder embedder, EmbeddingOptions options) {
    return compute(texts -> embedder.tokenVectors(texts, options), tokens -> embedder.tokenVectorsOf(tokens, options));
  }

  /** The tokens of all texts, each as far as the embedder takes it; those around a text are left out. */
  public long countTokens(TextEmbedder embedder) {
    return items.stream()
        .mapToLong(item -> item.ids() == null ? embedder.countTokens(item.text()) : ids(item).length)
        .map(tokens -> Math.min(tokens, embedder.maxTokens()))
        .sum();
  }

  private <T> List<T> compute(Function<List<String>, List<T>> embedTexts, Function<List<int[]>, List<T>> embedTokens) {
    List<Item> texts = items.stream().filter(item -> item.ids() == null).toList();
    List<Item> tokens = items.stream().filter(item -> item.ids() != null).toList();
    List<T> ofTexts =
        texts.isEmpty() ? List.of() : computed(texts, () -> embedTexts.apply(texts.stream().map(Item::text).toList()));
    List<T> ofTokens =
        tokens.isEmpty()
            ? List.of()
            : computed(tokens, () -> embedTokens.apply(tokens.stream().map(EmbeddingInput::ids).toList()));
    if (texts.isEmpty()) {
      return ofTokens;
    }
    if (tokens.isEmpty()) {
      return ofTexts;
    }
    List<T> all = new ArrayList<>(items.size());
    int text = 0;
    int ids = 0;
    for (Item item : items) {
      all.add(item.ids() == null ? ofTexts.get(text++) : ofTokens.get(ids++));
    }
    return all;
  }

  /** Calls the embedder; what it says of a text is said of its place in the body. */
  private static <T> List<T> computed(List<Item> of, Supplier<List<T>> call) {
    try {
      return call.get();
    } catch (TextTooLongException tooLong) {
      throw Failures.tooLong(tooLong, of.get(tooLong.index()).path());
    } catch (InvalidRequestException refused) {
      UnaryOperator<String> places =
          name -> {
            Matcher text = TEXT.matcher(name);
            if (name.equals("texts")) {
              return INDEX.matcher(of.getFirst().path()).replaceFirst("");
            }
            return text.matches() ? of.get(Integer.parseInt(text.group(1))).path() + text.group(2) : name;
          };
      throw ApiException.invalid(places.apply(refused.parameter()), refused.message(places));
    }
  }

  private static int[] ids(Item item) {
    int[] ids = item.ids();
    return ids == null ? new int[0] : ids;
  }
}
