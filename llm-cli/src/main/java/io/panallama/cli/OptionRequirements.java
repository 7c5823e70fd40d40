package io.panallama.cli;

import io.panallama.error.InvalidRequestException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/** Says what a value of an option must be, in the words of the check that refuses other values. */
final class OptionRequirements {
  private static final String REQUIREMENT = "; it must be ";

  private OptionRequirements() {}

  /**
   * What the number must be that an option did not get, such as {@code "; it must be 0 to 65535"}; empty if the option takes all
   * numbers. The command of the failure is of no use afterwards.
   */
  static String of(ParameterException failure) {
    if (!(failure.getArgSpec() instanceof OptionSpec option)
        || !(failure.getCommandLine().getCommand() instanceof CheckedOptions command)) {
      return "";
    }
    Object outside = outside(option.type());
    if (outside == null) {
      return "";
    }
    option.setValue(outside);
    try {
      command.checkOptions();
      return "";
    } catch (UsageException | InvalidRequestException refused) {
      return requirement(option, ExitCode.describe(refused));
    }
  }

  private static String requirement(OptionSpec option, String message) {
    int begin = message.indexOf(REQUIREMENT);
    boolean meant = Arrays.stream(option.names()).anyMatch(name -> message.startsWith(name + " is "));
    return meant && begin > 0 ? message.substring(begin).replaceFirst("\\.$", "") : "";
  }

  /** A number that is in no range; null for what is no number. */
  private static @Nullable Object outside(Class<?> type) {
    if (type == Integer.class || type == int.class) {
      return Integer.MIN_VALUE;
    }
    if (type == Long.class || type == long.class) {
      return Long.MIN_VALUE;
    }
    return type == Float.class || type == float.class ? Float.NaN : null;
  }
}
