package io.panallama.models.internal.maven;

import eu.maveniverse.maven.mima.context.Context;
import eu.maveniverse.maven.mima.context.ContextOverrides;
import eu.maveniverse.maven.mima.context.ContextOverrides.ChecksumPolicy;
import eu.maveniverse.maven.mima.context.MavenUserHome;
import eu.maveniverse.maven.mima.runtime.standalonestatic.StandaloneStaticRuntime;
import io.panallama.models.internal.maven.ArtifactException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.maven.settings.Settings;
import org.apache.maven.settings.crypto.SettingsDecrypter;
import org.eclipse.aether.DefaultRepositorySystemSession;
import org.eclipse.aether.RepositorySystem;
import org.eclipse.aether.artifact.DefaultArtifact;
import org.eclipse.aether.repository.RemoteRepository;
import org.eclipse.aether.resolution.ArtifactRequest;
import org.eclipse.aether.resolution.ArtifactResolutionException;
import org.eclipse.aether.transfer.AbstractTransferListener;
import org.eclipse.aether.transfer.ArtifactNotFoundException;
import org.eclipse.aether.transfer.ChecksumFailureException;
import org.eclipse.aether.transfer.RepositoryOfflineException;
import org.eclipse.aether.transfer.TransferCancelledException;
import org.eclipse.aether.transfer.TransferEvent;
import org.jspecify.annotations.Nullable;

/**
 * Resolves artifacts with Maven's own resolver and the user's own settings: local repository, mirrors, proxies,
 * credentials, active profiles, offline mode. Without settings this is Maven Central, as Maven itself has it.
 */
public final class MavenArtifacts {
  private MavenArtifacts() {}

  /**
   * Returns the file of a jar in the local repository, after fetching it if it is not there.
   *
   * @param settings the settings to use instead of the user's
   * @param offline whether to ask no repository, whatever the settings say
   * @param pinned whether the caller checks the jar itself, so that the repository need not have a checksum
   * @throws ArtifactException if it can't be had
   */
  public static Path jar(
      String group,
      String artifact,
      String version,
      Optional<Path> settings,
      boolean offline,
      boolean pinned,
      ByteProgress progress)
      throws ArtifactException {
    DefaultArtifact jar = new DefaultArtifact(group, artifact, "jar", version);
    try {
      // Maven itself only warns of a wrong checksum.
      return jar(jar, settings, offline, ChecksumPolicy.FAIL, progress);
    } catch (ArtifactException failure) {
      if (pinned && failure.kind() == Kind.CHECKSUM && !failure.isContradicted()) {
        return jar(jar, settings, offline, ChecksumPolicy.IGNORE, progress);
      }
      throw failure;
    }
  }

  private static Path jar(
      DefaultArtifact jar, Optional<Path> settings, boolean offline, ChecksumPolicy policy, ByteProgress progress)
      throws ArtifactException {
    if (settings.isPresent() && Files.exists(settings.get()) && !Files.isRegularFile(settings.get())) {
      // The end of a pipe or a device may never come.
      throw new ArtifactException(
          Kind.SETTINGS, "Maven's settings can't be used: " + settings.get() + " is not a regular file", null);
    }
    ContextOverrides.Builder overrides =
        ContextOverrides.create()
            .withUserSettings(true)
            .checksumPolicy(policy)
            .transferListener(new Transfers(progress));
    settings.ifPresent(overrides::withUserSettingsXmlOverride);
    if (offline) {
      overrides.offline(true);
    }
    try (Context context = context(overrides.build())) {
      List<RemoteRepository> repositories = context.remoteRepositories();
      ArtifactRequest request = new ArtifactRequest(jar, repositories, "");
      try {
        return context
            .repositorySystem()
            .resolveArtifact(context.repositorySystemSession(), request)
            .getArtifact()
            .getFile()
            .toPath();
      } catch (ArtifactResolutionException failure) {
        throw explained(failure, repositories);
      }
    }
  }

  private static Context context(ContextOverrides overrides) throws ArtifactException {
    try {
      return new UserRuntime().create(overrides);
    } catch (RuntimeException unusable) {
      // The library documents no exception; what it throws here is about the settings.
      Throwable cause = unusable.getCause() == null ? unusable : unusable.getCause();
      throw new ArtifactException(
          Kind.SETTINGS, "Maven's settings can't be used: " + line(cause.getMessage()), unusable);
    }
  }

  private static ArtifactException explained(ArtifactResolutionException failure, List<RemoteRepository> repositories) {
    List<Throwable> causes = causes(failure);
    String asked = repositories.stream().map(RemoteRepository::getId).collect(Collectors.joining(", "));
    for (Throwable cause : causes) {
      switch (cause) {
        case TransferCancelledException _ -> {
          return new ArtifactException(Kind.CANCELLED, "the download was stopped", failure);
        }
        case ChecksumFailureException mismatch -> {
          boolean known = mismatch.getExpected() != null && !mismatch.getExpected().isEmpty();
          return known
              ? ArtifactException.contradicted("what came is damaged: " + line(cause.getMessage()), failure)
              : new ArtifactException(
                  Kind.CHECKSUM, "the repository has no checksum of its jar, so its SHA-512 must be given", failure);
        }
        case RepositoryOfflineException _ -> {
          return new ArtifactException(
              Kind.UNREACHABLE, "it is not in the local Maven repository, and Maven is offline", failure);
        }
        default -> {
          continue;
        }
      }
    }
    boolean absent = causes.stream().anyMatch(ArtifactNotFoundException.class::isInstance);
    boolean failed = causes.stream().anyMatch(cause -> cause instanceof IOException);
    if (absent && !failed) {
      return new ArtifactException(Kind.NOT_FOUND, "it is in none of the Maven repositories: " + asked, failure);
    }
    return new ArtifactException(
        Kind.UNREACHABLE, "it can't be fetched from " + asked + ": " + line(failure.getMessage()), failure);
  }

  /** Of all results: a failure per repository, each with its causes. */
  private static List<Throwable> causes(ArtifactResolutionException failure) {
    List<Throwable> all = new ArrayList<>();
    List<Throwable> heads = new ArrayList<>();
    failure.getResults().forEach(result -> heads.addAll(result.getExceptions()));
    for (Throwable head : heads) {
      for (Throwable at = head; at != null && !all.contains(at); at = at.getCause()) {
        all.add(at);
      }
    }
    return all;
  }

  private static String line(@Nullable String message) {
    return String.valueOf(message).strip().replaceAll("\\s*\\R\\s*", "; ");
  }

  /** Heeds {@code offline} of the settings, which the library leaves to its users. */
  private static final class UserRuntime extends StandaloneStaticRuntime {
    @Override
    protected DefaultRepositorySystemSession newRepositorySession(
        ContextOverrides overrides,
        MavenUserHome home,
        RepositorySystem system,
        Settings settings,
        SettingsDecrypter decrypter) {
      DefaultRepositorySystemSession session = super.newRepositorySession(overrides, home, system, settings, decrypter);
      session.setOffline(session.isOffline() || settings.isOffline());
      return session;
    }
  }

  private static final class Transfers extends AbstractTransferListener {
    private final ByteProgress progress;

    Transfers(ByteProgress progress) {
      this.progress = progress;
    }

    @Override
    public void transferProgressed(TransferEvent event) throws TransferCancelledException {
      long total = Math.max(0, event.getResource().getContentLength());
      if (!progress.bytes(event.getTransferredBytes(), total)) {
        throw new TransferCancelledException("stopped by the caller");
      }
    }
  }
}
