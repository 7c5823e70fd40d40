package io.panallama.cli;

import io.panallama.server.keys.AccessKey;
import io.panallama.server.keys.KeyFile;
import io.panallama.server.keys.KeySet;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code panallama keys revoke}: ends keys at once and for good. */
@Command(
    name = "revoke",
    description = "End keys at once and for good. Requests that are being answered go on; the next ones get 401.")
final class KeysRevokeCommand implements Callable<Integer> {
  private final CommandContext context;

  @Mixin private KeyFileOption file = new KeyFileOption();

  @Parameters(arity = "1..*", paramLabel = "ID", description = "The keys, as keys list shows them.")
  private List<String> ids = List.of();

  KeysRevokeCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    KeyFile keyFile = file.file(context);
    keyFile.update(keys -> {
      KeySet changed = keys;
      for (String id : ids) {
        AccessKey key = KeysRotateCommand.find(changed, id, keyFile);
        // Of one that was revoked before, the first time stays.
        changed = key.revoked() == null ? changed.with(key.revoked(now)) : changed;
      }
      return changed;
    });
    ids.forEach(id -> context.err().println("panallama: key " + id + " is revoked."));
    return ExitCode.OK;
  }
}
