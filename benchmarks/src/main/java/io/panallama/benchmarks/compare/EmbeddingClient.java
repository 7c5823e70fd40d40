package io.panallama.benchmarks.compare;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A client of {@code /v1/embeddings} with one connection. Answers are read in the measured time, and parsed after it. */
final class EmbeddingClient implements EmbeddingRounds.Driver, AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @Override
  public EmbeddingRounds.Sample run(URI server, List<List<String>> requests) throws InterruptedException {
    try {
      List<HttpRequest> prepared = new ArrayList<>();
      int texts = 0;
      for (List<String> request : requests) {
        prepared.add(
            HttpRequest.newBuilder(server.resolve("/v1/embeddings"))
                .timeout(Duration.ofMinutes(5))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofByteArray(JSON.writeValueAsBytes(Map.of("input", request))))
                .build());
        texts += request.size();
      }
      List<byte[]> answers = new ArrayList<>();
      long begin = System.nanoTime();
      for (HttpRequest request : prepared) {
        HttpResponse<byte[]> answer = client.send(request, BodyHandlers.ofByteArray());
        if (answer.statusCode() != 200) {
          throw new CompareException(server + " answered with status " + answer.statusCode());
        }
        answers.add(answer.body());
      }
      double seconds = (System.nanoTime() - begin) / 1e9;
      return sample(texts / seconds, answers);
    } catch (IOException e) {
      throw new CompareException("asking " + server + " failed: " + e, e);
    }
  }

  /**
   * @param answers the bodies
   */
  static EmbeddingRounds.Sample sample(double rate, List<byte[]> answers) throws IOException {
    long tokens = 0;
    List<float[]> vectors = new ArrayList<>();
    for (byte[] answer : answers) {
      JsonNode body = parsed(answer);
      tokens += body.path("usage").path("prompt_tokens").asLong();
      if (vectors.isEmpty()) {
        for (JsonNode one : body.path("data")) {
          JsonNode numbers = one.path("embedding");
          float[] vector = new float[numbers.size()];
          for (int i = 0; i < vector.length; i++) {
            vector[i] = numbers.get(i).floatValue();
          }
          vectors.add(vector);
        }
      }
    }
    return new EmbeddingRounds.Sample(rate, tokens, vectors);
  }

  private static JsonNode parsed(byte[] answer) throws IOException {
    try {
      return JSON.readTree(answer);
    } catch (JsonProcessingException e) {
      throw new CompareException("an answer is no JSON: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
