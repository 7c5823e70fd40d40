package io.panallama.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.ReadOnlyFileSystemException;
import org.junit.jupiter.api.Test;

class FileTroubleTest {
  @Test
  void theUsualReasonsAreToldInOurWords() {
    assertThat(FileTrouble.reason(new IOException("No space left on device"))).isEqualTo("the disk is full");
    assertThat(FileTrouble.reason(new FileSystemException("/a/b", null, "No space left on device")))
        .isEqualTo("the disk is full");
    assertThat(FileTrouble.reason(new IOException("Disk quota exceeded"))).isEqualTo("the disk quota is used up");
    assertThat(FileTrouble.reason(new FileSystemException("/a/b", null, "Read-only file system")))
        .isEqualTo("the file system is read-only");
    assertThat(FileTrouble.reason(new ReadOnlyFileSystemException())).isEqualTo("the file system is read-only");
    assertThat(FileTrouble.reason(new AccessDeniedException("/a/b"))).isEqualTo("permission denied");
    assertThat(FileTrouble.reason(new FileNotFoundException("/a/b (Permission denied)")))
        .isEqualTo("permission denied");
    assertThat(FileTrouble.reason(new NoSuchFileException("/a/b"))).isEqualTo("there is no such file or folder");
    assertThat(FileTrouble.reason(new UncheckedIOException(new IOException("Too many open files"))))
        .isEqualTo("this process may not open more files (ulimit -n)");
  }

  @Test
  void othersKeepTheirOwnWordsWithoutTheirClass() {
    assertThat(FileTrouble.reason(new IOException("the lease is gone"))).isEqualTo("the lease is gone");
    assertThat(FileTrouble.reason(new IOException())).isEqualTo("the system gives no reason");
  }

  @Test
  void aDefectKeepsItsClass() {
    assertThat(FileTrouble.reason(new IllegalStateException("torn")))
        .isEqualTo("java.lang.IllegalStateException: torn");
  }
}
