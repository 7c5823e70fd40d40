package io.panallama.server.dialect.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.TokenLogprobs.TokenLogprob;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * Writes {@code logprobs} as {@code /v1/completions} has them: parallel arrays of tokens, log-probabilities,
 * alternatives and offsets in the text.
 *
 * <p>A token that does not decode to whole characters is written as OpenAI does, {@code bytes:\xe2\x80}. Offsets are
 * counted in Unicode characters from the beginning of the choice's {@code text}; a token in the middle of a character
 * has the offset of that character. One object per choice, because offsets go on from chunk to chunk.
 */
final class LegacyLogprobs {
  private final int top;
  private final IntFunction<byte[]> bytes;
  private final CharsetDecoder text =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);

  /** The bytes so far of a character that is not complete; at most three. */
  private byte[] begun = {};

  private int place;

  /** Where the first token of the answer stands; negative once the answer has begun. */
  private int answer;

  /**
   * @param top how many alternatives to give of those that are there
   * @param bytes the bytes of a token
   * @param answer where the first token of the answer stands, behind a prompt that is repeated
   */
  LegacyLogprobs(int top, IntFunction<byte[]> bytes, int answer) {
    this.top = top;
    this.bytes = bytes;
    this.answer = answer;
  }

  /**
   * Writes the next tokens.
   *
   * @param prompt those of the prompt, before any of the answer
   * @param tokens those of the answer
   */
  void write(JsonGenerator json, List<TokenLogprobs> prompt, List<TokenLogprobs> tokens) throws IOException {
    List<TokenLogprobs> all = new ArrayList<>(prompt);
    all.addAll(tokens);
    List<Integer> places = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      if (i == prompt.size()) {
        beginAnswer();
      }
      places.add(begin(bytes.apply(all.get(i).chosen().token())));
    }
    writeAll(json, all, places);
  }

  /** What the client wrote may have characters that no token shows, such as those of control tokens. */
  private void beginAnswer() {
    if (answer >= 0) {
      place = answer;
      begun = new byte[0];
      answer = -1;
    }
  }

  private void writeAll(JsonGenerator json, List<TokenLogprobs> tokens, List<Integer> places) throws IOException {
    json.writeObjectFieldStart("logprobs");
    json.writeArrayFieldStart("tokens");
    for (TokenLogprobs token : tokens) {
      json.writeString(shown(bytes.apply(token.chosen().token())));
    }
    json.writeEndArray();
    json.writeArrayFieldStart("token_logprobs");
    for (TokenLogprobs token : tokens) {
      if (isUnknown(token)) {
        json.writeNull();
      } else {
        json.writeNumber(token.chosen().logprob());
      }
    }
    json.writeEndArray();
    json.writeArrayFieldStart("top_logprobs");
    for (TokenLogprobs token : tokens) {
      if (isUnknown(token)) {
        json.writeNull();
        continue;
      }
      json.writeStartObject();
      for (Map.Entry<String, Float> one : alternatives(token).entrySet()) {
        json.writeNumberField(one.getKey(), one.getValue());
      }
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeArrayFieldStart("text_offset");
    for (int where : places) {
      json.writeNumber(where);
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  /** Nothing comes before the first token of a prompt, so it has no probability. */
  private static boolean isUnknown(TokenLogprobs token) {
    return Float.isNaN(token.chosen().logprob());
  }

  /** The likeliest tokens and always the chosen one; of tokens with the same text only the likeliest. */
  private Map<String, Float> alternatives(TokenLogprobs token) {
    Map<String, Float> alternatives = new LinkedHashMap<>();
    for (TokenLogprob one : token.top().subList(0, Math.min(top, token.top().size()))) {
      alternatives.putIfAbsent(shown(bytes.apply(one.token())), one.logprob());
    }
    alternatives.putIfAbsent(shown(bytes.apply(token.chosen().token())), token.chosen().logprob());
    return alternatives;
  }

  /** Advances by a token and returns where it begins. */
  private int begin(byte[] piece) {
    boolean goesOn = piece.length > 0 && (piece[0] & 0xC0) == 0x80;
    int begins = place + (begun.length > 0 && !goesOn ? 1 : 0);
    ByteBuffer in = ByteBuffer.allocate(begun.length + piece.length).put(begun).put(piece).flip();
    CharBuffer out = CharBuffer.allocate(in.remaining() + 1);
    text.reset();
    text.decode(in, out, false);
    out.flip();
    place += Character.codePointCount(out, 0, out.length());
    begun = new byte[in.remaining()];
    in.get(begun);
    return begins;
  }

  private static String shown(byte[] piece) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(piece)).toString();
    } catch (CharacterCodingException notWhole) {
      StringBuilder escaped = new StringBuilder("bytes:");
      for (byte one : piece) {
        escaped.append(String.format("\\x%02x", one));
      }
      return escaped.toString();
    }
  }
}
