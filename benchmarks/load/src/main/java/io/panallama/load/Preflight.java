package io.panallama.load;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The facts about a server that are found out before the load: whether it answers, the name of its model, the options that it
 * accepts, and how many tokens its prompts have.
 *
 * @param server its {@code Server} header or the owner of its model; empty if it gives neither
 * @param dialect the fields to send
 * @param givesUsage whether it counts tokens
 * @param scale how many tokens words have
 * @param notes options that were refused, in sentences
 */
record Preflight(String server, LoadClient.Dialect dialect, boolean givesUsage, PromptScale scale, List<String> notes) {
  private static final int FEW_WORDS = 32;
  private static final int MORE_WORDS = 160;

  /**
   * Asks the server.
   *
   * @throws LoadException if the server cannot be measured
   */
  static Preflight of(LoadTarget target, LoadPlan plan) throws InterruptedException {
    List<String> notes = new ArrayList<>();
    LoadClient.Dialect dialect = new LoadClient.Dialect(target.model(), plan.ignoreEos(), true);
    String server;
    try (LoadClient client = new LoadClient(target, dialect, LoadClock.system())) {
      HttpResponse<byte[]> models = client.get("/v1/models");
      checkAuthorized(models.statusCode(), models.body(), target);
      JsonNode first = firstModel(models);
      server = models.headers().firstValue("server").orElse(first.path("owned_by").asText(""));
      if (target.model().isEmpty()) {
        dialect = new LoadClient.Dialect(first.path("id").asText(""), dialect.ignoreEos(), dialect.usage());
      }
    }
    while (true) {
      try (LoadClient client = new LoadClient(target, dialect, LoadClock.system())) {
        RequestRecord record = probe(client, plan, FEW_WORDS);
        if (record.isOk()) {
          return measured(client, plan, server, dialect, record, notes);
        }
        dialect = withoutWhatIsRefused(target, dialect, record, notes);
      }
    }
  }

  private static JsonNode firstModel(HttpResponse<byte[]> models) {
    try {
      return new ObjectMapper().readTree(models.body()).path("data").path(0);
    } catch (IOException noJson) {
      // Some servers do not have this route; the POST decides.
      return MissingNode.getInstance();
    }
  }

  private static RequestRecord probe(LoadClient client, LoadPlan plan, int words) throws InterruptedException {
    String text = Prompts.words(new SplittableRandom(plan.seed() + words), words);
    return client.send(Turn.user(text, 1), new Sender.Manner(0, "probe", 0));
  }

  private static Preflight measured(
      LoadClient client,
      LoadPlan plan,
      String server,
      LoadClient.Dialect dialect,
      RequestRecord few,
      List<String> notes)
      throws InterruptedException {
    boolean usage = few.promptTokens() >= 0;
    if (!usage) {
      notes.add("The server does not count tokens: tokens/s counts events, prompts are as long as a guess makes them.");
    }
    PromptScale scale = PromptScale.GUESSED;
    if (plan.scale().isPresent()) {
      scale = plan.scale().get();
    } else if (usage) {
      RequestRecord more = probe(client, plan, MORE_WORDS);
      if (more.isOk()) {
        scale = PromptScale.through(FEW_WORDS, few.promptTokens(), MORE_WORDS, more.promptTokens());
      } else {
        notes.add("A prompt of " + MORE_WORDS + " words failed (" + more.kind() + ": " + more.detail() + ").");
      }
    }
    return new Preflight(server, dialect, usage, scale, List.copyOf(notes));
  }

  /** The dialect without the option that the server refuses. */
  private static LoadClient.Dialect withoutWhatIsRefused(
      LoadTarget target, LoadClient.Dialect dialect, RequestRecord record, List<String> notes) {
    if (record.status() == 400 || record.status() == 422) {
      if (dialect.ignoreEos() && record.detail().contains("ignore_eos")) {
        notes.add("The server refuses ignore_eos: answers may be shorter than requested.");
        return new LoadClient.Dialect(dialect.model(), false, dialect.usage());
      }
      if (dialect.usage() && record.detail().contains("stream_options")) {
        notes.add("The server refuses stream_options.");
        return new LoadClient.Dialect(dialect.model(), dialect.ignoreEos(), false);
      }
    }
    checkAuthorized(record.status(), record.detail().getBytes(StandardCharsets.UTF_8), target);
    String route = "POST " + target.route() + ": ";
    String answer = record.kind() + (record.detail().isEmpty() ? "" : ", " + record.detail().replaceFirst("\\.$", ""));
    boolean ofTheModel = record.detail().toLowerCase(Locale.ROOT).contains("model");
    if ((record.status() == 404 || record.status() == 405) && !ofTheModel) {
      throw new LoadException(
          LoadException.Reason.NOT_FOUND, route + answer + ". The URL must be the address before /v1.");
    }
    throw switch (record.outcome()) {
      case STATUS, SSE_ERROR, DROPPED, OK -> new LoadException(LoadException.Reason.REFUSED, route + answer + ".");
      case INVALID, TRUNCATED ->
          new LoadException(
              LoadException.Reason.NOT_OPENAI, route + answer + ". This server does not stream as OpenAI's API does.");
      case TRANSPORT, TIMEOUT -> new LoadException(LoadException.Reason.UNREACHABLE, route + answer + ".");
    };
  }

  private static void checkAuthorized(int status, byte[] body, LoadTarget target) {
    if (status == 401 || status == 403) {
      throw new LoadException(
          LoadException.Reason.UNAUTHORIZED,
          target.base() + " answers " + status + " (" + ErrorBody.message(body) + "); is the API key right?");
    }
  }

  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("server", server);
    json.put("model", dialect.model());
    json.put("ignore_eos", dialect.ignoreEos());
    json.put("gives_usage", givesUsage);
    json.put("prompt_fixed_tokens", scale.fixed());
    json.put("tokens_per_word", scale.perWord());
    json.put("notes", notes);
    return json;
  }
}
