package io.panallama.cli.settings;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.composer.Composer;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.parser.ParserImpl;
import org.snakeyaml.engine.v2.scanner.StreamReader;

/**
 * A configuration file in YAML: keys are options without their dashes, and sections are commands.
 *
 * <pre>{@code
 * model: /models/some-model.gguf
 * serve:
 *   port: 9000
 *   alias: [first, second]
 * bench:
 *   serve:
 *     url: http://127.0.0.1:8080
 * }</pre>
 *
 * <p>Values are taken as they are written; the option's own converter reads them, as it would on the command line.
 */
final class ConfigFile {
  /** The depth of {@code bench: serve: header: NAME}. */
  private static final int DEEPEST = 4;

  private final Path path;
  private final List<Entry> entries;

  private ConfigFile(Path path, List<Entry> entries) {
    this.path = path;
    this.entries = entries;
  }

  /**
   * A key that has a value, or a section.
   *
   * @param section the keys around it; of none at the top
   * @param values of a list all, of a map each as {@code NAME=VALUE}; empty where nothing follows the key
   * @param children what is in a map
   */
  record Entry(List<String> section, String key, List<String> values, List<Entry> children, int line) {
    boolean isMap() {
      return !children.isEmpty();
    }
  }

  /**
   * Reads a file.
   *
   * @throws SettingsException if it can't be read, is not YAML, has a key twice, or nests deeper than commands do
   */
  static ConfigFile read(Path path) {
    try {
      String text = SmallFile.text(path);
      return new ConfigFile(path, isEmpty(text) ? List.of() : entries(path, text));
    } catch (SmallFile.Unreadable failure) {
      throw new SettingsException(
          "The configuration file " + path + " can't be read: " + failure.getMessage() + ".", failure);
    }
  }

  /** Whether there are only comments, for which the parser need not be loaded. */
  private static boolean isEmpty(String text) {
    return text.lines().allMatch(line -> line.isBlank() || line.startsWith("#"));
  }

  private static List<Entry> entries(Path path, String text) {
    LoadSettings settings = LoadSettings.builder().setLabel(path.toString()).setMaxAliasesForCollections(0).build();
    try {
      Composer composer = new Composer(settings, new ParserImpl(settings, new StreamReader(settings, text)));
      Optional<Node> root = composer.getSingleNode();
      return root.isEmpty() ? List.of() : new Parser(path).entries(List.of(), root.get());
    } catch (MarkedYamlEngineException malformed) {
      String where = malformed.getProblemMark().map(mark -> ", line " + (mark.getLine() + 1)).orElse("");
      throw new SettingsException(path + where + ": not YAML: " + malformed.getProblem() + ".", malformed);
    } catch (YamlEngineException malformed) {
      throw new SettingsException(path + ": not YAML: " + malformed.getMessage() + ".", malformed);
    }
  }

  Path path() {
    return path;
  }

  /** The entries at the top level. */
  List<Entry> entries() {
    return entries;
  }

  /** The entry with one of these keys in the section of a command, such as {@code "bench serve"}; empty for the top. */
  Optional<Entry> find(String command, List<String> keys) {
    List<Entry> here = entries;
    if (!command.isEmpty()) {
      for (String word : command.split(" ")) {
        here =
            here.stream().filter(entry -> entry.key().equals(word)).findFirst().map(Entry::children).orElse(List.of());
      }
    }
    return here.stream().filter(entry -> keys.contains(entry.key())).findFirst();
  }

  /** {@code config.yaml, line 3}. */
  String position(Entry entry) {
    return path + ", line " + entry.line();
  }

  private record Parser(Path path) {
    List<Entry> entries(List<String> section, Node node) {
      if (node.getTag().equals(Tag.NULL)) {
        return List.of();
      }
      if (!(node instanceof MappingNode mapping)) {
        throw refused(node, section.isEmpty() ? "the file must consist of KEY: VALUE lines" : "a section must");
      }
      Set<String> seen = new HashSet<>();
      List<Entry> entries = new ArrayList<>();
      for (NodeTuple tuple : mapping.getValue()) {
        String key = scalar(tuple.getKeyNode());
        if (!seen.add(key)) {
          throw refused(tuple.getKeyNode(), "'" + key + "' is there a second time");
        }
        entries.add(entry(section, key, tuple.getKeyNode(), tuple.getValueNode()));
      }
      return entries;
    }

    private Entry entry(List<String> section, String key, Node keyNode, Node value) {
      int line = line(keyNode);
      return switch (value) {
        case MappingNode _ -> {
          List<String> inner = new ArrayList<>(section);
          inner.add(key);
          if (inner.size() == DEEPEST) {
            throw refused(keyNode, "sections nest no deeper than commands");
          }
          List<Entry> children = entries(inner, value);
          List<String> pairs =
              children.stream()
                  .filter(child -> child.values().size() == 1)
                  .map(child -> child.key() + "=" + child.values().getFirst())
                  .toList();
          yield new Entry(section, key, pairs, children, line);
        }
        case SequenceNode sequence ->
            new Entry(section, key, sequence.getValue().stream().map(this::scalar).toList(), List.of(), line);
        default -> {
          List<String> values = value.getTag().equals(Tag.NULL) ? List.of() : List.of(scalar(value));
          yield new Entry(section, key, values, List.of(), line);
        }
      };
    }

    private String scalar(Node node) {
      if (node instanceof ScalarNode text) {
        return text.getValue();
      }
      throw refused(node, "a single value is expected here");
    }

    private SettingsException refused(Node node, String what) {
      return new SettingsException(path + ", line " + line(node) + ": " + what + ".", null);
    }

    private static int line(Node node) {
      return node.getStartMark().map(Mark::getLine).orElse(0) + 1;
    }
  }
}
