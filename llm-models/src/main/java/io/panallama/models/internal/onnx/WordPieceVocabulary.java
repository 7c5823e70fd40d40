package io.panallama.models.internal.onnx;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The vocabulary of a {@code tokenizer.json} with a WordPiece model, as GGUF stores it: continuations without their
 * prefix, beginnings of words behind U+2581, special tokens as they are.
 *
 * @param tokens by id
 * @param special by id, whether it is a special token
 * @param unknown the id for words that can't be spelt
 * @param first the id before every text
 * @param last the id behind every text
 * @param padding the id that fills batches, if there is one
 * @param mask the id of a hidden word, if there is one
 * @param lowercase whether texts are converted to lower case
 * @param stripAccents whether accents are removed; empty for "as lowercase"
 */
record WordPieceVocabulary(
    List<String> tokens,
    List<Boolean> special,
    int unknown,
    int first,
    int last,
    Optional<Integer> padding,
    Optional<Integer> mask,
    boolean lowercase,
    Optional<Boolean> stripAccents) {

  /** What llama.cpp puts in front of the beginning of a word. */
  private static final String WORD_BEGIN = "\u2581";

  private static final String CONTINUATION = "##";

  /** The default of Hugging Face's tokenizers, which GGUF has no key for. */
  private static final int LONGEST_WORD = 100;

  private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  WordPieceVocabulary {
    tokens = List.copyOf(tokens);
    special = List.copyOf(special);
  }

  /**
   * Reads a {@code tokenizer.json}.
   *
   * @throws RefusedSourceException if it is not one, or has parts that GGUF can't express
   */
  static WordPieceVocabulary read(byte[] json) {
    JsonNode root;
    try {
      root = JSON.readTree(json);
    } catch (JsonProcessingException broken) {
      JsonLocation at = broken.getLocation();
      String where = at == null ? "" : ", at line " + at.getLineNr() + ", column " + at.getColumnNr();
      throw RefusedSourceException.malformed("not JSON, or with a name twice" + where, broken);
    } catch (IOException broken) {
      throw RefusedSourceException.malformed("not JSON: it is not text in UTF-8", broken);
    }
    if (!root.isObject()) {
      throw RefusedSourceException.malformed("not a tokenizer.json: it is no JSON object");
    }
    return new Reader(root).read();
  }

  /** Reads one file. */
  private static final class Reader {
    private final JsonNode root;
    private final List<@Nullable String> texts = new ArrayList<>();
    private final Set<Integer> special = new HashSet<>();

    Reader(JsonNode root) {
      this.root = root;
    }

    WordPieceVocabulary read() {
      JsonNode model = root.path("model");
      expect(model, "model.type", model.path("type").asText(), "WordPiece");
      expect(
          model,
          "model.continuing_subword_prefix",
          text(model, "continuing_subword_prefix", CONTINUATION),
          CONTINUATION);
      int longest = model.path("max_input_chars_per_word").asInt(LONGEST_WORD);
      if (longest != LONGEST_WORD) {
        throw RefusedSourceException.unsupported(
            "model.max_input_chars_per_word is " + longest + ", expected " + LONGEST_WORD);
      }
      JsonNode normalizer = root.path("normalizer");
      expect(normalizer, "normalizer.type", normalizer.path("type").asText(), "BertNormalizer");
      for (String always : List.of("clean_text", "handle_chinese_chars")) {
        if (!normalizer.path(always).asBoolean(true)) {
          throw RefusedSourceException.unsupported("normalizer." + always + " is false, expected true");
        }
      }
      expect(root, "pre_tokenizer.type", root.path("pre_tokenizer").path("type").asText(), "BertPreTokenizer");
      readTokens(model.path("vocab"));
      readAdded();
      int unknown = id("model.unk_token", model.path("unk_token").asText("[UNK]"));
      int[] around = around();
      JsonNode accents = normalizer.path("strip_accents");
      return new WordPieceVocabulary(
          spelt(),
          IntStream.range(0, texts.size()).mapToObj(special::contains).toList(),
          unknown,
          around[0],
          around[1],
          find("[PAD]"),
          find("[MASK]"),
          normalizer.path("lowercase").asBoolean(true),
          accents.isBoolean() ? Optional.of(accents.booleanValue()) : Optional.empty());
    }

    private static String text(JsonNode node, String field, String otherwise) {
      return node.path(field).asText(otherwise);
    }

    private static void expect(JsonNode parent, String path, String found, String expected) {
      if (!found.equals(expected)) {
        throw RefusedSourceException.unsupported(
            parent.isMissingNode() || parent.isNull() || found.isEmpty()
                ? path + " is missing, expected \"" + expected + "\""
                : path + " is \"" + found + "\", expected \"" + expected + "\"");
      }
    }

    private void readTokens(JsonNode vocabulary) {
      if (!vocabulary.isObject() || vocabulary.isEmpty()) {
        throw RefusedSourceException.malformed("model.vocab holds no tokens");
      }
      texts.addAll(Collections.nCopies(vocabulary.size(), null));
      for (Map.Entry<String, JsonNode> token : vocabulary.properties()) {
        JsonNode id = token.getValue();
        if (!id.isInt() || id.intValue() < 0 || id.intValue() >= texts.size() || texts.get(id.intValue()) != null) {
          throw RefusedSourceException.malformed(
              "model.vocab: \""
                  + token.getKey()
                  + "\" has the id "
                  + id
                  + "; ids must be 0 to "
                  + (texts.size() - 1)
                  + ", each once");
        }
        texts.set(id.intValue(), token.getKey());
      }
    }

    /** Tokens that are found in texts before anything else. GGUF knows only special ones. */
    private void readAdded() {
      for (JsonNode token : root.path("added_tokens")) {
        String content = token.path("content").asText();
        int id = token.path("id").asInt(-1);
        if (!token.path("special").asBoolean()) {
          throw RefusedSourceException.unsupported(
              "added_tokens: \"" + content + "\" is not special; only special ones can be imported");
        }
        if (id == texts.size()) {
          texts.add(content);
        } else if (id < 0 || id > texts.size() || !content.equals(texts.get(id))) {
          throw RefusedSourceException.malformed(
              "added_tokens: \"" + content + "\" has the id " + id + ", which the vocabulary does not give it");
        }
        special.add(id);
      }
    }

    /** The ids before and behind a text. */
    private int[] around() {
      JsonNode processor = root.path("post_processor");
      String type = processor.path("type").asText();
      if (type.equals("BertProcessing")) {
        return new int[] {
          id("post_processor.cls", processor.path("cls").path(0).asText()),
          id("post_processor.sep", processor.path("sep").path(0).asText())
        };
      }
      expect(processor, "post_processor.type", type, "TemplateProcessing");
      JsonNode single = processor.path("single");
      boolean fits =
          single.size() == 3
              && single.path(0).has("SpecialToken")
              && single.path(1).path("Sequence").path("id").asText().equals("A")
              && single.path(2).has("SpecialToken");
      if (!fits) {
        throw RefusedSourceException.unsupported(
            "post_processor.single does not put one special token before a text and one behind it");
      }
      return new int[] {
        id("post_processor.single", single.path(0).path("SpecialToken").path("id").asText()),
        id("post_processor.single", single.path(2).path("SpecialToken").path("id").asText())
      };
    }

    private int id(String where, String token) {
      return find(token)
          .orElseThrow(() ->
              RefusedSourceException.malformed(where + " names \"" + token + "\", which is not in the vocabulary"));
    }

    private Optional<Integer> find(String token) {
      int id = texts.indexOf(token);
      return id < 0 ? Optional.empty() : Optional.of(id);
    }

    /** The tokens as GGUF spells them. llama.cpp ends the process if two are spelt the same. */
    private List<String> spelt() {
      List<String> spelt = new ArrayList<>();
      Set<String> taken = new HashSet<>();
      for (int id = 0; id < texts.size(); id++) {
        String text = String.valueOf(texts.get(id));
        String token =
            special.contains(id)
                ? text
                : text.startsWith(CONTINUATION) ? text.substring(CONTINUATION.length()) : WORD_BEGIN + text;
        if (text.isEmpty() || token.isEmpty() || !isUnicode(token)) {
          throw RefusedSourceException.unsupported("token " + id + ", \"" + text + "\", is empty or not Unicode");
        }
        if (!taken.add(token)) {
          throw RefusedSourceException.unsupported(
              "token " + id + ", \"" + text + "\", is spelt like another one in a GGUF file");
        }
        spelt.add(token);
      }
      return spelt;
    }

    private static boolean isUnicode(String text) {
      try {
        ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
        return encoded.hasRemaining();
      } catch (CharacterCodingException loneSurrogate) {
        return false;
      }
    }
  }
}
