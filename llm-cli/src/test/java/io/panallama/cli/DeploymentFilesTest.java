package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.observe.EngineStats;
import io.panallama.server.ChatServer;
import io.panallama.server.Endpoint;
import io.panallama.server.ScriptedGenerator;
import io.panallama.server.ServerConfig;
import io.panallama.server.TestServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import picocli.CommandLine;

/** What the files in {@code deploy} say of the program is true: options, routes, ports, metrics, users and folders. */
@Timeout(60)
class DeploymentFilesTest {
  private static final Path DEPLOY = Path.of("..", "deploy");
  private static final Path KUBERNETES = DEPLOY.resolve("kubernetes");
  private static final ObjectMapper JSON = new ObjectMapper();

  private static JsonNode manifest(String name) throws IOException {
    Object document =
        new Load(LoadSettings.builder().build()).loadFromString(Files.readString(KUBERNETES.resolve(name)));
    return JSON.valueToTree(document);
  }

  private static JsonNode container() throws IOException {
    return manifest("deployment.yaml").at("/spec/template/spec/containers/0");
  }

  private static String read(String file) throws IOException {
    return Files.readString(DEPLOY.resolve(file));
  }

  private static List<String> words(JsonNode array) {
    List<String> words = new ArrayList<>();
    array.forEach(word -> words.add(word.textValue()));
    return words;
  }

  /** The words of an instruction of the Dockerfile in its JSON form. */
  private static List<String> instruction(String name) throws IOException {
    MatchResult found =
        Pattern.compile("^(?:HEALTHCHECK .*)?" + name + " (\\[.*])$", Pattern.MULTILINE)
            .matcher(read("container/Dockerfile"))
            .results()
            .reduce((_, last) -> last)
            .orElseThrow();
    return words(JSON.readTree(found.group(1)));
  }

  /** Fails unless the program takes this command line. */
  private static void assertTaken(List<String> words) {
    CommandLine program = Main.outline(CliRun.context(new FakeInference()));
    CommandLine.ParseResult parsed = program.parseArgs(words.toArray(String[]::new));
    assertThat(parsed.subcommand().commandSpec().name()).isEqualTo(words.getFirst());
    assertThat(parsed.subcommand().unmatched()).isEmpty();
  }

  @Test
  void theProgramTakesTheCommandLines() throws Exception {
    assertTaken(words(container().path("args")));
    assertTaken(instruction("CMD"));
    String checked =
        Pattern.compile("^HEALTHCHECK .* CMD (\\[.*])$", Pattern.MULTILINE)
            .matcher(read("container/Dockerfile"))
            .results()
            .findFirst()
            .orElseThrow()
            .group(1);
    List<String> health = words(JSON.readTree(checked));
    assertThat(health.getFirst()).isEqualTo("/opt/panallama/bin/panallama");
    assertTaken(health.subList(1, health.size()));
    String start =
        Pattern.compile("^ExecStart=/opt/panallama/bin/panallama (.*)$", Pattern.MULTILINE)
            .matcher(read("systemd/panallama.service"))
            .results()
            .findFirst()
            .orElseThrow()
            .group(1);
    assertTaken(List.of(start.split(" ")));
  }

  @Test
  void theRoutesThatAreAskedExist() throws Exception {
    JsonNode container = container();
    List<String> paths =
        Stream.of("startupProbe", "livenessProbe", "readinessProbe")
            .map(probe -> container.at("/" + probe + "/httpGet/path").textValue())
            .toList();
    String metrics =
        manifest("deployment.yaml").at("/spec/template/metadata/annotations/prometheus.io~1path").textValue();
    ServerConfig config =
        ServerConfig.builder().port(0).shutdownGrace(Duration.ZERO).endpoints(Set.of(Endpoint.METRICS)).build();
    try (ChatServer server =
            ChatServer.start(config, TestServer.model(), ScriptedGenerator.answering("a"), DeploymentFilesTest::stats);
        HttpClient client = HttpClient.newHttpClient()) {
      for (String path : paths) {
        assertThat(get(client, server.uri().resolve(path)).statusCode()).as(path).isEqualTo(200);
      }
      String text = get(client, server.uri().resolve(metrics)).body();
      JsonNode rule = manifest("prometheus-adapter-rules.yaml").at("/rules/custom/0");
      String series = rule.path("seriesQuery").textValue().replaceFirst("\\{.*", "");
      assertThat(text.lines()).anyMatch(line -> line.startsWith(series + "{"));
      assertThat(manifest("horizontal-pod-autoscaler.yaml").at("/spec/metrics/0/pods/metric/name"))
          .isEqualTo(rule.at("/name/as"));
    }
  }

  private static EngineStats stats() {
    return new EngineStats(1, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  }

  private static HttpResponse<String> get(HttpClient client, URI uri) throws IOException, InterruptedException {
    return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void namesAndPortsFitTogether() throws Exception {
    JsonNode deployment = manifest("deployment.yaml");
    JsonNode container = container();
    String port = container.at("/ports/0/containerPort").asText();
    assertThat(words(container.path("args"))).contains("--port=" + port, "--host=0.0.0.0", "--metrics");
    assertThat(deployment.at("/spec/template/metadata/annotations/prometheus.io~1port").textValue()).isEqualTo(port);
    assertThat(read("container/Dockerfile")).contains("EXPOSE " + port);
    JsonNode service = manifest("service.yaml");
    String portName = container.at("/ports/0/name").textValue();
    assertThat(service.at("/spec/ports/0/targetPort").textValue()).isEqualTo(portName);
    for (String probe : List.of("startupProbe", "livenessProbe", "readinessProbe")) {
      assertThat(container.at("/" + probe + "/httpGet/port").textValue()).isEqualTo(portName);
    }
    JsonNode labels = deployment.at("/spec/template/metadata/labels");
    assertThat(deployment.at("/spec/selector/matchLabels")).isEqualTo(labels);
    assertThat(service.at("/spec/selector")).isEqualTo(labels);
    assertThat(manifest("pod-disruption-budget.yaml").at("/spec/selector/matchLabels")).isEqualTo(labels);
    assertThat(manifest("horizontal-pod-autoscaler.yaml").at("/spec/scaleTargetRef/name"))
        .isEqualTo(deployment.at("/metadata/name"));
    assertThat(deployment.at("/spec/template/spec/volumes/0/persistentVolumeClaim/claimName"))
        .isEqualTo(manifest("persistent-volume-claim.yaml").at("/metadata/name"));
    for (String file : words(manifest("kustomization.yaml").path("resources"))) {
      assertThat(KUBERNETES.resolve(file)).exists();
    }
    // A service of that name sets PANALLAMA_PORT in every pod that does not refuse it, which is our option.
    assertThat(deployment.at("/spec/template/spec/enableServiceLinks").booleanValue()).isFalse();
    assertThat(deployment.at("/spec/template/spec/enableServiceLinks").isBoolean()).isTrue();
  }

  @Test
  void theGraceIsLongEnough() throws Exception {
    Duration end = ServerConfig.defaults().shutdownGrace().plusSeconds(4);
    JsonNode deployment = manifest("deployment.yaml");
    long before = container().at("/lifecycle/preStop/sleep/seconds").asLong();
    assertThat(before).isPositive();
    assertThat(Duration.ofSeconds(deployment.at("/spec/template/spec/terminationGracePeriodSeconds").asLong()))
        .isGreaterThan(end.plusSeconds(before));
    MatchResult stop =
        Pattern.compile("^TimeoutStopSec=(\\d+)$", Pattern.MULTILINE)
            .matcher(read("systemd/panallama.service"))
            .results()
            .findFirst()
            .orElseThrow();
    assertThat(Duration.ofSeconds(Long.parseLong(stop.group(1)))).isGreaterThan(end);
  }

  @Test
  void everywhereItIsTheSameUserWithTheSameFolders() throws Exception {
    String dockerfile = read("container/Dockerfile");
    String user =
        Pattern.compile("^USER (\\d+):\\1$", Pattern.MULTILINE)
            .matcher(dockerfile)
            .results()
            .findFirst()
            .orElseThrow()
            .group(1);
    assertThat(read("container/build-root")).contains("\nid=" + user + "\n");
    assertThat(read("container/run-root")).contains("chroot --userspec=" + user + ":" + user);
    JsonNode pod = manifest("deployment.yaml").at("/spec/template/spec");
    for (String field : List.of("runAsUser", "runAsGroup", "fsGroup")) {
      assertThat(pod.at("/securityContext/" + field).asText()).isEqualTo(user);
    }
    Map<String, Boolean> mounts = new HashMap<>();
    container()
        .path("volumeMounts")
        .forEach(mount -> mounts.put(mount.path("mountPath").textValue(), mount.path("readOnly").booleanValue()));
    assertThat(mounts)
        .isEqualTo(Map.of("/models", true, "/tmp", false, "/var/cache/panallama", false, "/var/lib/panallama", false));
    for (String folder : List.of("PANALLAMA_CACHE_DIR=/var/cache/panallama", "PANALLAMA_DATA_DIR=/var/lib/panallama")) {
      assertThat(dockerfile).contains(folder);
    }
    assertThat(container().at("/securityContext/readOnlyRootFilesystem").booleanValue()).isTrue();
    assertThat(container().at("/securityContext/allowPrivilegeEscalation").booleanValue()).isFalse();
  }

  /** The JVM writes code while it runs, and the kernel's out-of-memory killer is to end an engine's process only. */
  @Test
  void theServiceLetsTheProgramLive() throws Exception {
    assertThat(read("systemd/panallama.service").lines())
        .contains("MemoryDenyWriteExecute=no", "OOMPolicy=continue", "KillMode=mixed", "ProtectSystem=strict");
  }
}
