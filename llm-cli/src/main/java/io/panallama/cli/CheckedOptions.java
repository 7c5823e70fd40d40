package io.panallama.cli;

/** A command whose options have ranges, which {@code panallama config} checks too. */
interface CheckedOptions {
  /**
   * Checks the values of all options.
   *
   * @throws UsageException if the command would refuse them
   */
  void checkOptions();
}
