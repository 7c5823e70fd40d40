package io.panallama.benchmarks.compare;

import java.util.Locale;

/** Says for the reader of a report what a load is. */
final class Method {
  private Method() {}

  static String of(Plan plan, LoadCase.Kind kind) {
    Loads loads = plan.effort().loads();
    Loads.Chat chat = loads.chat();
    return switch (kind) {
      case CHAT -> chat(chat.prompt(), chat.answer());
      case LONGER_CHAT -> chat(loads.longerPrompt(), chat.answer());
      case QUEUE ->
          text(
              "The chat with twice as many clients as the servers have slots (%d): half of the requests wait for one,"
                  + " and TTFT contains that wait.",
              plan.setup().slots());
      case MIXED ->
          text(
              "%d requests arrive by a Poisson process at %s, whether or not the servers keep up: prompts of %d to %d"
                  + " tokens, answers of %d to %d, both log-uniform, so that short ones are common. Arrivals and"
                  + " lengths are the same for both and new in every round. Goodput is the answers per second that keep"
                  + " the SLO %s (tpot is a request's mean time per token after its first).",
              loads.mixed().requests(),
              loads.mixed().rate().isPresent()
                  ? text("%.2f per second", loads.mixed().rate().getAsDouble())
                  : text("%.0f %% of what the peer can answer in a closed loop", 100 * loads.mixed().share()),
              loads.mixed().mix().minPrompt(),
              loads.mixed().mix().maxPrompt(),
              loads.mixed().mix().minAnswer(),
              loads.mixed().mix().maxAnswer(),
              loads.mixed().slo());
      case TURNS ->
          text(
              "%d conversations of %d turns: each request repeats the conversation so far, with the server’s own"
                  + " answers of %d tokens, and adds a message of %d. Later turns are all but the first.",
              loads.turns().conversations(), loads.turns().turns(), loads.turns().answer(), loads.turns().message());
      case ANSWERS ->
          text(
              "Requests of the chat with n = %d: so many answers to one prompt, each in a slot of its own. A stream"
                  + " here is a client that waits for all answers; tokens are those of all answers.",
              loads.answers().each());
      case JSON ->
          text(
              "The chat with response_format: a JSON schema whose values are longer than an answer of %d tokens, so"
                  + " that answers have the same length on both sides and end in the middle of the JSON.",
              chat.answer());
      case SHARED ->
          text(
              "%d clients as in the chat, with one system prompt of %d tokens before messages of %d; answers have %d."
                  + " It is new in every round, so that no server has it cached when a round begins.",
              loads.shared().streams(), loads.shared().tokens(), chat.prompt() / 2, chat.answer() / 2);
      case INTRUSION ->
          text(
              "%d streams of %d tokens run; when each has 32, a prompt of %d tokens arrives. Gaps between events of the"
                  + " streams belong to its prefill if any part of them lies between its sending and its first token. A"
                  + " server can trade one for the other: ours holds the prompt back as far as its ITL target"
                  + " requires.",
              loads.intrusion().streams(), loads.intrusion().answer(), loads.intrusion().prompt());
    };
  }

  private static String chat(int prompt, int answer) {
    return text(
        "Every client sends a request as soon as its last answer is complete: prompts of %d tokens that have nothing in"
            + " common, answers of %d, streamed. Both servers stay loaded, one is asked at a time; prompts are the same"
            + " for both and new in every round.",
        prompt, answer);
  }

  @SuppressWarnings("AnnotateFormatMethod") // the annotation is no dependency here
  private static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
