package io.panallama.server;

import io.panallama.TextClassifier;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.TextTooLongException;
import io.panallama.scoring.Classification;
import io.panallama.scoring.ClassifyOptions;
import io.panallama.scoring.LabelScore;
import io.panallama.server.registry.ServedModel;
import java.util.ArrayList;
import java.util.List;

/** A classifier that calls texts of more than three characters long. "far too long" is too long, and "odd" is refused. */
final class ScriptedClassifier implements TextClassifier {
  private volatile ClassifyOptions options = ClassifyOptions.defaults();
  private volatile Runnable during = () -> {};

  /** What a server tells of it: its name is lengths. */
  static ServedModel model() {
    return ServedModel.builder("lengths", 64).build();
  }

  /** From now on every call does this. */
  void during(Runnable action) {
    during = action;
  }

  /** The options of the last call. */
  ClassifyOptions options() {
    return options;
  }

  @Override
  public List<Classification> classify(List<String> texts, ClassifyOptions chosen) {
    options = chosen;
    during.run();
    List<Classification> all = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      String text = texts.get(i);
      if (text.equals("far too long")) {
        throw new TextTooLongException(i, 99, 64);
      }
      if (text.equals("odd")) {
        throw new InvalidRequestException("function", InvalidRequestException.name("function") + " is odd.");
      }
      LabelScore small = new LabelScore(0, "short", text.length() > 3 ? 0.25f : 0.75f);
      LabelScore large = new LabelScore(1, "long", text.length() > 3 ? 0.75f : 0.25f);
      all.add(new Classification(text.length() > 3 ? large : small, List.of(small, large), 5, text.isEmpty(), 1));
    }
    return all;
  }

  @Override
  public List<String> labels() {
    return List.of("short", "long");
  }

  @Override
  public int maxTokens() {
    return 64;
  }

  @Override
  public int countTokens(String text) {
    return text.length();
  }
}
