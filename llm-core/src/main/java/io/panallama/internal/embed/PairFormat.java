package io.panallama.internal.embed;

import io.panallama.error.InvalidRequestException;
import io.panallama.error.TextTooLongException;
import io.panallama.scoring.RerankOptions;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * How a query and a document become the tokens of one sequence, as llama-server does it ({@code format_prompt_rerank}). In
 * contrast to there, no text of a caller becomes a special token or a placeholder. Immutable; as thread-safe as the
 * functions that tokenize.
 */
public abstract sealed class PairFormat {
  /**
   * A query and a document.
   *
   * @param truncated whether the end of the document was left out
   */
  @SuppressWarnings("ArrayRecordComponent") // Nobody changes it.
  public record Pair(int[] tokens, boolean truncated) {}

  /** Tokenizes a prompt in which special tokens count, except between pairs of byte offsets. */
  @FunctionalInterface
  public interface PromptTokenizer {
    /** The tokens, without those that the vocabulary puts around a text. */
    int[] tokenize(byte[] prompt, int[] literals);
  }

  /** The format for one query. Not thread-safe. */
  public abstract static sealed class OfQuery {
    private int @Nullable [] around;

    /** The tokens with an empty document. */
    final int[] around() {
      int[] known = around;
      if (known == null) {
        known = with("");
        around = known;
      }
      return known;
    }

    /** The tokens with a document. */
    abstract int[] with(String document);

    /** How many of the last tokens stand behind the document. */
    abstract int behind(int[] tokens);

    /**
     * The tokens of the query and a document.
     *
     * @param index of the document, for messages
     * @param maxTokens how many the model takes
     * @param options whether the end of the document may be left out, and from where it is
     * @throws TextTooLongException if there are too many
     * @throws InvalidRequestException if there are none
     */
    public Pair pair(int index, String document, int maxTokens, RerankOptions options) {
      int[] tokens = with(document);
      if (tokens.length == 0) {
        String name = "documents[" + index + "]";
        throw new InvalidRequestException(
            name, InvalidRequestException.name(name) + " and the query have no tokens; they must have one at least.");
      }
      int wanted = options.maxDocumentTokens();
      if (tokens.length <= maxTokens && (wanted == RerankOptions.ALL || tokens.length <= wanted)) {
        return new Pair(tokens, false);
      }
      // The document must have one token at least, or nothing of it is left.
      int around = around().length;
      if (around >= maxTokens) {
        throw TextTooLongException.ofQuery(around, maxTokens);
      }
      int left = wanted == RerankOptions.ALL ? tokens.length : (int) Math.min(tokens.length, (long) around + wanted);
      if (left > maxTokens && !options.truncate()) {
        throw TextTooLongException.ofDocument(index, left, maxTokens);
      }
      left = Math.min(left, maxTokens);
      if (left == tokens.length) {
        return new Pair(tokens, false);
      }
      int behind = behind(tokens);
      int[] cut = Arrays.copyOf(tokens, left);
      System.arraycopy(tokens, tokens.length - behind, cut, left - behind, behind);
      return new Pair(cut, true);
    }
  }

  /** The format for a query. */
  public abstract OfQuery forQuery(String query);

  /**
   * The tokens in front of the query, between the two and behind the document, as the vocabulary has them.
   *
   * @param tokenizer of plain text, without the tokens that the vocabulary puts around it
   */
  public static PairFormat joined(int[] before, int[] between, int[] after, Function<String, int[]> tokenizer) {
    return new Joined(before, between, after, tokenizer);
  }

  /**
   * The model's own template.
   *
   * @param template a text with {@code {query}} and {@code {document}}
   */
  public static PairFormat template(String template, PromptTokenizer tokenizer) {
    return new Template(parts(template), tokenizer);
  }

  /** Whether a text has both placeholders, so that it is a template. */
  public static boolean isTemplate(String text) {
    List<String> parts = parts(text);
    return parts.contains(QUERY) && parts.contains(DOCUMENT);
  }

  private static final String QUERY = "{query}";
  private static final String DOCUMENT = "{document}";

  /** The placeholders of a template, and the texts between them. */
  private static List<String> parts(String template) {
    List<String> parts = new ArrayList<>();
    int begin = 0;
    for (int i = 0; i < template.length(); ) {
      String found = template.startsWith(QUERY, i) ? QUERY : template.startsWith(DOCUMENT, i) ? DOCUMENT : "";
      if (found.isEmpty()) {
        i++;
        continue;
      }
      if (i > begin) {
        parts.add(template.substring(begin, i));
      }
      parts.add(found);
      i += found.length();
      begin = i;
    }
    if (begin < template.length()) {
      parts.add(template.substring(begin));
    }
    return parts;
  }

  private static final class Joined extends PairFormat {
    private final int[] before;
    private final int[] between;
    private final int[] after;
    private final Function<String, int[]> tokenizer;

    Joined(int[] before, int[] between, int[] after, Function<String, int[]> tokenizer) {
      this.before = before;
      this.between = between;
      this.after = after;
      this.tokenizer = tokenizer;
    }

    @Override
    public OfQuery forQuery(String query) {
      return new JoinedQuery(together(before, tokenizer.apply(query), between), after, tokenizer);
    }
  }

  private static int[] together(int[]... parts) {
    return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
  }

  private static final class JoinedQuery extends OfQuery {
    private final int[] head;
    private final int[] after;
    private final Function<String, int[]> tokenizer;

    JoinedQuery(int[] head, int[] after, Function<String, int[]> tokenizer) {
      this.head = head;
      this.after = after;
      this.tokenizer = tokenizer;
    }

    @Override
    int[] with(String document) {
      return together(head, tokenizer.apply(document), after);
    }

    @Override
    int behind(int[] tokens) {
      return after.length;
    }
  }

  private static final class Template extends PairFormat {
    private final List<String> parts;
    private final PromptTokenizer tokenizer;

    Template(List<String> parts, PromptTokenizer tokenizer) {
      this.parts = parts;
      this.tokenizer = tokenizer;
    }

    @Override
    public OfQuery forQuery(String query) {
      return new TemplateQuery(parts, query, tokenizer);
    }
  }

  private static final class TemplateQuery extends OfQuery {
    private final List<String> parts;
    private final String query;
    private final PromptTokenizer tokenizer;

    TemplateQuery(List<String> parts, String query, PromptTokenizer tokenizer) {
      this.parts = parts;
      this.query = query;
      this.tokenizer = tokenizer;
    }

    @Override
    int[] with(String document) {
      List<byte[]> texts = new ArrayList<>();
      int[] literals = new int[2 * parts.size()];
      int count = 0;
      int length = 0;
      for (String part : parts) {
        boolean literal = part.equals(QUERY) || part.equals(DOCUMENT);
        String text = part.equals(QUERY) ? query : part.equals(DOCUMENT) ? document : part;
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (literal && bytes.length > 0) {
          literals[count++] = length;
          literals[count++] = length + bytes.length;
        }
        texts.add(bytes);
        length += bytes.length;
      }
      byte[] prompt = new byte[length];
      int at = 0;
      for (byte[] text : texts) {
        System.arraycopy(text, 0, prompt, at, text.length);
        at += text.length;
      }
      return tokenizer.tokenize(prompt, Arrays.copyOf(literals, count));
    }

    /** The tokens at the end that are there without a document, too. */
    @Override
    int behind(int[] tokens) {
      int[] without = around();
      int behind = 0;
      while (behind < without.length && without[without.length - 1 - behind] == tokens[tokens.length - 1 - behind]) {
        behind++;
      }
      return behind;
    }
  }
}
